"""Reads the readings of a gauge study from a CSV file, and says by line what is wrong with it."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import numpy as np

from loupebox.calibration.attribute_agreement import AttributeStudy
from loupebox.calibration.gauge_crossed import PART, CrossedStudy
from loupebox.calibration.gauge_error import GaugeStudyError
from loupebox.calibration.gauge_factors import FactorStudy, check_factors
from loupebox.calibration.gauge_linearity import ReferencePart

T = TypeVar("T")
LARGEST_FILE = 20_000_000
TOLD = 5  # so many of a kind of trouble are named one by one


class GaugeFileError(GaugeStudyError):
    """A file that holds no such study: the message names file, line, column, value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading as it stands in the file, with the number of its line."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GaugeTable:
    """A CSV file with a header: names of columns in small letters, cells stripped of blanks."""

    name: str
    sha256: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    @classmethod
    def read(cls, path: Path) -> GaugeTable:
        """Read a file in UTF-8, separated by commas, semicolons or tabs."""
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise GaugeFileError(f"{path}: larger than {LARGEST_FILE / 1e6:g} MB; that is no gauge study")
            content = path.read_bytes()
        except OSError as error:
            raise GaugeFileError(f"{path}: cannot be read: {error.strerror}") from None
        return cls.parse(content, str(path))

    @classmethod
    def parse(cls, content: bytes, name: str) -> GaugeTable:
        """Read what a file holds."""
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise GaugeFileError(f"{name}: line {line} is not UTF-8; save the table as CSV in UTF-8") from None
        header = text.partition("\n")[0]
        delimiter = max(",;\t", key=header.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows: list[Row] = []
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    rows.append(Row(reader.line_num, tuple(cell.strip() for cell in cells)))
        except csv.Error as error:
            raise GaugeFileError(f"{name}: line {reader.line_num} is no CSV: {error}") from None
        if len(rows) < 2:
            raise GaugeFileError(f"{name}: needs a line of column names and a line for each reading")
        columns = tuple(cell.lower() for cell in rows[0].cells)
        twice = sorted({c for c in columns if columns.count(c) > 1})
        if twice:
            raise GaugeFileError(f"{name}: column '{twice[0]}' stands there twice")
        for row in rows[1:]:
            if len(row.cells) != len(columns):
                raise GaugeFileError(
                    f"{name}: line {row.line} has {len(row.cells)} cells; the header names {len(columns)}"
                )
        return cls(name, hashlib.sha256(content).hexdigest(), columns, tuple(rows[1:]))

    def texts(self, column: str) -> tuple[str, ...]:
        """The cells of a column, none of them empty."""
        if column not in self.columns:
            raise GaugeFileError(f"{self.name}: column '{column}' is missing; columns are {', '.join(self.columns)}")
        i = self.columns.index(column)
        for row in self.rows:
            if not row.cells[i]:
                raise GaugeFileError(f"{self.name}: line {row.line}: {column} is empty")
        return tuple(row.cells[i] for row in self.rows)

    def numbers(self, column: str) -> tuple[float, ...]:
        """The cells of a column, each a finite number."""
        return tuple(
            self._number(row.line, column, text) for row, text in zip(self.rows, self.texts(column), strict=True)
        )

    def _number(self, line: int, column: str, text: str) -> float:
        try:
            value = float(text) if "_" not in text else math.nan
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            hint = " (with a decimal point)" if "," in text else ""
            raise GaugeFileError(f"{self.name}: line {line}: {column} is '{text}'; allowed is a finite number{hint}")
        return value

    def factor(self, wanted: str | None, taken: Sequence[str]) -> str:
        """The column that says who or what read: the one asked for, or the only one left."""
        left = [c for c in self.columns if c not in taken]
        if wanted is not None:
            if wanted.lower() not in left:
                raise GaugeFileError(
                    f"{self.name}: column '{wanted}' cannot be the factor; it can be {', '.join(left) or 'none here'}"
                )
            return wanted.lower()
        if "appraiser" in left or len(left) == 1:
            return "appraiser" if "appraiser" in left else left[0]
        if not left:
            raise GaugeFileError(f"{self.name}: column 'appraiser' is missing, or another factor such as load or day")
        raise GaugeFileError(f"{self.name}: the factor may be {', '.join(left)}; choose one with --factor")

    def ignored(self, used: Sequence[str]) -> tuple[str, ...]:
        """Columns that a study does not look at."""
        return tuple(c for c in self.columns if c not in used)

    def cells(self, factor: str, values: Sequence[T]) -> tuple[list[str], list[str], dict[tuple[str, str], list[T]]]:
        """Values by part and factor, in the order of the trials; refused unless every cell has equally many.

        Without a column trial the readings of a cell are counted in the order of the file.
        """
        parts, levels = self.texts("part"), self.texts(factor)
        trials = self.texts("trial") if "trial" in self.columns else None
        found: dict[tuple[str, str], dict[str, tuple[int, T]]] = {}
        for i, row in enumerate(self.rows):
            cell = found.setdefault((parts[i], levels[i]), {})
            trial = trials[i] if trials else str(len(cell) + 1)
            if trial in cell:
                raise GaugeFileError(
                    f"{self.name}: lines {cell[trial][0]} and {row.line} both hold part {parts[i]}, {factor} "
                    f"{levels[i]}, trial {trial}"
                )
            cell[trial] = (row.line, values[i])
        order = list(dict.fromkeys(trials or (t for cell in found.values() for t in cell)))
        part_names, level_names = list(dict.fromkeys(parts)), list(dict.fromkeys(levels))
        self._check_balance(factor, found, part_names, level_names, order)
        return part_names, level_names, {k: [cell[t][1] for t in order] for k, cell in found.items()}

    def _check_balance(
        self,
        factor: str,
        found: dict[tuple[str, str], dict[str, tuple[int, T]]],
        parts: list[str],
        levels: list[str],
        order: list[str],
    ) -> None:
        lacking = [
            f"part {p}, {factor} {v} lacks trial {', '.join(missing)}"
            for p in parts
            for v in levels
            if (missing := [t for t in order if t not in found.get((p, v), {})])
        ]
        if lacking:
            more = f"; and {len(lacking) - TOLD} more" if len(lacking) > TOLD else ""
            raise GaugeFileError(f"{self.name}: not balanced: {'; '.join(lacking[:TOLD])}{more}")


def crossed_study(table: GaugeTable, factor: str | None) -> CrossedStudy:
    """Columns part, factor, value and, if it likes, trial."""
    name = table.factor(factor, ("part", "trial", "value"))
    parts, levels, cells = table.cells(name, table.numbers("value"))
    readings = np.array([[cells[p, v] for v in levels] for p in parts], dtype=np.float64)
    return _named(table, lambda: CrossedStudy(readings, tuple(parts), tuple(levels), name))


def factor_study(table: GaugeTable, wanted: Sequence[str], nested: Mapping[str, tuple[str, ...]]) -> FactorStudy:
    """Columns part, value, a column a factor and, if it likes, trial; every combination equally often.

    Levels of a nested factor are counted within its parents, in the order of the file: whether each part's loads are
    called 1 and 2 again or 17 and 18 makes no difference.
    """
    names = tuple(w.lower() for w in wanted) or tuple(c for c in table.columns if c not in (PART, "trial", "value"))
    factors = (PART, *(n for n in names if n != PART))
    values = table.numbers("value")
    texts = {name: table.texts(name) for name in factors}

    _named(table, lambda: check_factors(factors, nested))
    outline = FactorOutline(factors, nested)
    places = [outline.place({name: texts[name][i] for name in factors}) for i in range(len(values))]
    cells: dict[tuple[int, ...], list[float]] = {}
    for place, value in zip(places, values, strict=True):
        cells.setdefault(place, []).append(value)
    shape = tuple(max(p[k] for p in cells) + 1 for k in range(len(factors)))
    repeats = {len(v) for v in cells.values()}
    if len(cells) != int(np.prod(shape)) or len(repeats) != 1:
        raise GaugeFileError(
            f"{table.name}: not balanced: {len(values)} readings fill {len(cells)} of "
            f"{' x '.join(f'{n} {f}s' for n, f in zip(shape, factors, strict=True))} with {min(repeats)} to "
            f"{max(repeats)} readings; needed is the same number in every one"
        )
    readings = np.array([cells[p] for p in np.ndindex(*shape)], np.float64).reshape(*shape, repeats.pop())
    return _named(table, lambda: FactorStudy(readings, factors, outline.levels(), nested))


class FactorOutline:
    """Counts the levels of factors as they turn up; a nested one's within its parents."""

    def __init__(self, factors: Sequence[str], nested: Mapping[str, tuple[str, ...]]) -> None:
        self._factors = factors
        self._nested = nested
        self._seen: dict[str, dict[tuple[str, ...], dict[str, int]]] = {name: {} for name in factors}

    def place(self, names: Mapping[str, str]) -> tuple[int, ...]:
        """Where a reading with these levels stands along each axis."""
        place: list[int] = []
        for factor in self._factors:
            within = self._seen[factor].setdefault(tuple(names[p] for p in self._nested.get(factor, ())), {})
            place.append(within.setdefault(names[factor], len(within)))
        return tuple(place)

    def levels(self) -> tuple[tuple[str, ...], ...]:
        """Names along each axis; numbers for a nested factor."""
        found: list[tuple[str, ...]] = []
        for factor in self._factors:
            groups = self._seen[factor].values()
            most = max(groups, key=len)
            found.append(tuple(most) if factor not in self._nested else tuple(str(i + 1) for i in range(len(most))))
        return tuple(found)


def attribute_study(table: GaugeTable, factor: str | None, accept: str) -> AttributeStudy:
    """Columns part, factor, call and, if it likes, trial and reference."""
    name = table.factor(factor, ("part", "trial", "call", "reference"))
    parts, levels, cells = table.cells(name, table.texts("call"))
    reference = None
    if "reference" in table.columns:
        truth = _one_per_part(table, table.texts("reference"))
        reference = tuple(truth[p] for p in parts)
    calls = tuple(tuple(tuple(cells[p, v]) for v in levels) for p in parts)
    return _named(table, lambda: AttributeStudy(calls, tuple(parts), tuple(levels), accept, reference, name))


def reference_parts(table: GaugeTable) -> tuple[ReferencePart, ...]:
    """Columns part, reference and value, for a linearity study."""
    truth = _one_per_part(table, table.numbers("reference"))
    parts, values = table.texts("part"), table.numbers("value")
    return tuple(
        ReferencePart(p, reference, tuple(v for q, v in zip(parts, values, strict=True) if q == p))
        for p, reference in truth.items()
    )


def one_part_readings(table: GaugeTable) -> tuple[float, ...]:
    """Column value, in the order of the file; a column part may stand beside it and must name one part."""
    if "part" in table.columns and len(names := dict.fromkeys(table.texts("part"))) > 1:
        raise GaugeFileError(f"{table.name}: this study needs one part; there are {', '.join(list(names)[:TOLD])}")
    return table.numbers("value")


def times(table: GaugeTable) -> tuple[tuple[float, ...] | None, str]:
    """Column time in numbers, or column when in dates (days since the first); else the readings are counted."""
    if "when" in table.columns:
        moments = [_moment(table, row.line, t) for row, t in zip(table.rows, table.texts("when"), strict=True)]
        if len({m.tzinfo is None for m in moments}) > 1:
            raise GaugeFileError(f"{table.name}: some times have an offset from UTC and some have none")
        return tuple((m - moments[0]).total_seconds() / 86400 for m in moments), "day"
    if "time" in table.columns:
        return table.numbers("time"), "unit of time"
    return None, "reading"


def _moment(table: GaugeTable, line: int, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise GaugeFileError(
            f"{table.name}: line {line}: when is '{text}'; allowed is a date or time such as 2026-11-01T08:00+00:00"
        ) from None


def _one_per_part(table: GaugeTable, values: Sequence[T]) -> dict[str, T]:
    truth: dict[str, T] = {}
    for row, part, value in zip(table.rows, table.texts("part"), values, strict=True):
        if truth.setdefault(part, value) != value:
            raise GaugeFileError(
                f"{table.name}: line {row.line}: reference of part {part} is {value}, further up it is {truth[part]}"
            )
    return truth


def _named(table: GaugeTable, make: Callable[[], T]) -> T:
    """What is wrong with a study, with the file in front."""
    try:
        return make()
    except GaugeFileError:
        raise
    except GaugeStudyError as error:
        raise GaugeFileError(f"{table.name}: {error}") from None
