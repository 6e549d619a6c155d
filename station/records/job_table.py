"""A table of jobs from the shop's own system: bytes in some encoding, rows, and every row that cannot be used."""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from loupebox.calibration.document import allowed_at
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.job import SOURCES, Source

LARGEST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 20_000
LONGEST_FIELD = 200
ENCODINGS = ("UTF-8", "UTF-16", "cp1252")
DELIMITERS = ",;\t"
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")
FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a spreadsheet takes for a formula when a text begins with it, and the sign that says that it is none."""


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("printable characters on one line")
    return text


def _iso_day(value: Any) -> Any:
    """Pydantic would take "86400" for a day as well."""
    if isinstance(value, str) and not ISO_DAY.fullmatch(value):
        raise ValueError("a date such as 2026-11-01")
    return value


Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_FIELD),
    AfterValidator(_one_line),
]
_MARKS = (
    (codecs.BOM_UTF8, "UTF-8"),
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_OTHER_FILES = (
    (b"PK\x03\x04", "a ZIP archive (a workbook?)"),
    (b"\xd0\xcf\x11\xe0", "an old workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF"),
)


class JobRow(BaseModel):
    """One row: a job, or, with a serial, one piece of it with its own sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    job: Word
    style: Annotated[Word, Field(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")]
    due: Annotated[date | None, BeforeValidator(_iso_day)] = None
    quantity: int | None = Field(default=None, ge=1, le=100_000)
    serial: Word | None = None
    caster: Word | None = None
    alloy: Word | None = None
    flask: Word | None = None
    setter: Word | None = None
    polisher: Word | None = None
    tree: Word | None = None
    mould: Word | None = None
    machine: Word | None = None

    @property
    def sources(self) -> dict[Source, str]:
        """Those that the row names."""
        return {source: name for source in SOURCES if (name := getattr(self, source)) is not None}


COLUMNS = tuple(JobRow.model_fields)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One thing that is wrong with a row; `line` counts from 1 with the header (in JSON: rows from 1)."""

    line: int
    field: str
    value: str
    allowed: str

    @property
    def sentence(self) -> str:
        """In words."""
        return f"line {self.line}: {self.field} is {self.value!r}; allowed is {self.allowed}"


@dataclass(frozen=True, slots=True)
class JobTable:
    """The rows that can be used with their lines, and all that cannot."""

    rows: tuple[tuple[int, JobRow], ...]
    refused: tuple[RefusedRow, ...]
    encoding: str | None = None
    """None when it did not come as a file."""


def read_csv(content: bytes, name: str, encoding: str | None = None) -> JobTable:
    """Rows of a CSV file; its encoding is told by its first bytes, or guessed, or given."""
    if len(content) > LARGEST_BYTES:
        raise NotAllowed(f"{name} has {len(content)} bytes; allowed are {LARGEST_BYTES}")
    text, found = _decoded(content, name, encoding)
    lines = io.StringIO(text, newline="")
    header = lines.readline()
    if not header.strip():
        raise NotAllowed(f"{name} is empty; its first line names the columns: {', '.join(COLUMNS)}")
    delimiter = max(DELIMITERS, key=header.count)
    columns = _columns(next(csv.reader([header], delimiter=delimiter)), name)
    return _table(_records(csv.reader(lines, delimiter=delimiter, strict=True), columns, name), found)


def read_rows(rows: Sequence[Mapping[str, Any]]) -> JobTable:
    """Rows that came as JSON."""
    if len(rows) > MOST_ROWS:
        raise NotAllowed(f"the table has {len(rows)} rows; allowed are {MOST_ROWS}")
    return _table(enumerate(rows, 1), None)


def neutral(text: str) -> str:
    """A text for a CSV file that a spreadsheet opens: never a formula.

    >>> neutral("=1+1"), neutral("Anil")
    ("'=1+1", 'Anil')
    """
    return f"'{text}" if text.startswith(FORMULA) else text


def unneutral(text: str) -> str:
    """What `neutral` was given.

    >>> unneutral("'=1+1"), unneutral("'t Hooft")
    ('=1+1', "'t Hooft")
    """
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _decoded(content: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    for magic, what in _OTHER_FILES:
        if content.startswith(magic):
            raise NotAllowed(f"{name} is {what}; save the table as CSV")
    if encoding is not None and encoding.upper() not in (known.upper() for known in ENCODINGS):
        raise NotAllowed(f"encoding is '{encoding}'; allowed are {', '.join(ENCODINGS)}")
    marked = next((known for mark, known in _MARKS if content.startswith(mark)), None)
    if marked == "UTF-32":
        raise NotAllowed(f"{name} is in UTF-32; allowed are {', '.join(ENCODINGS)}")
    where = ""
    for candidate in [encoding] if encoding else [marked] if marked else _guesses(content):
        try:
            codec = "utf-8-sig" if candidate.upper() == "UTF-8" else candidate
            text = content.decode(codec)
        except UnicodeError as error:
            where = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
            continue
        if "\0" in text:
            raise NotAllowed(f"{name} has characters of value 0 in {candidate}; it is no text")
        return text, candidate
    raise NotAllowed(f"{name} is not text in {encoding or marked or 'UTF-8 or cp1252'}{where}; say its encoding")


def _guesses(content: bytes) -> list[str]:
    """Without a mark: every second byte of UTF-16 with Latin letters is 0, and only UTF-8 is valid UTF-8."""
    start = content[:4000]
    if len(content) % 2 == 0 and start.count(0) * 3 > len(start):
        return ["UTF-16-LE" if start[1::2].count(0) > start[::2].count(0) else "UTF-16-BE"]
    return ["UTF-8", "cp1252"]


def _columns(header: Sequence[str], name: str) -> list[str]:
    columns = [column.strip().lower() for column in header]
    for column in columns:
        if column not in COLUMNS:
            close = difflib.get_close_matches(column, COLUMNS, n=1)
            advice = f"did you mean '{close[0]}'?" if close else f"allowed are {', '.join(COLUMNS)}"
            raise NotAllowed(f"{name}: unknown column {column!r}; {advice}")
        if columns.count(column) > 1:
            raise NotAllowed(f"{name}: column '{column}' stands there twice; allowed is once")
    for needed in ("job", "style"):
        if needed not in columns:
            raise NotAllowed(f"{name}: column '{needed}' is missing; every row needs it")
    return columns


def _records(reader: Iterator[list[str]], columns: Sequence[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line and fields of each row; an empty field is none, an overlong row keeps what is too much under ''."""
    line = 1
    try:
        for count, fields in enumerate(reader, 1):
            if count > MOST_ROWS:
                raise NotAllowed(f"{name} has more than {MOST_ROWS} rows; divide it")
            began, line = line + 1, 1 + int(getattr(reader, "line_num"))  # noqa: B009
            if not any(field.strip() for field in fields):
                continue
            record: dict[str, Any] = {
                c: unneutral(f.strip()) for c, f in zip(columns, fields, strict=False) if f.strip()
            }
            if len(fields) > len(columns):
                record[""] = ", ".join(fields[len(columns) :])
            yield began, record
    except csv.Error as error:
        raise NotAllowed(f"{name}: line {line + 1}: not CSV: {error}") from None


def _table(records: Iterable[tuple[int, Mapping[str, Any]]], encoding: str | None) -> JobTable:
    rows: list[tuple[int, JobRow]] = []
    refused: list[RefusedRow] = []
    for line, record in records:
        try:
            rows.append((line, JobRow.model_validate(record)))
        except ValidationError as error:
            refused += [_refused(line, detail) for detail in error.errors(include_url=False)]
    refused += _contradictions(rows)
    return JobTable(tuple(rows), tuple(sorted(refused, key=lambda r: (r.line, r.field))), encoding)


def _refused(line: int, detail: Any) -> RefusedRow:
    field = str(detail["loc"][0]) if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        return RefusedRow(line, field or "(beyond the last column)", str(detail["input"])[:LONGEST_FIELD], "nothing")
    value = "" if detail["type"] == "missing" else str(detail["input"])[:LONGEST_FIELD]
    return RefusedRow(line, field, value, allowed_at(detail))


def _contradictions(rows: Sequence[tuple[int, JobRow]]) -> Iterator[RefusedRow]:
    """Rows of one job agree on what the job is; a serial, and the job itself, stands there once."""
    first: dict[tuple[str, str], tuple[int, Any]] = {}
    seen: dict[tuple[str, str | None], int] = {}
    for line, row in rows:
        for field in ("style", "due", "quantity"):
            value = getattr(row, field)
            if value is None:
                continue
            before, said = first.setdefault((row.job, field), (line, value))
            if said != value:
                yield RefusedRow(line, field, str(value), f"{said}, as line {before} says of job {row.job}")
        before = seen.setdefault((row.job, row.serial), line)
        if before != line:
            what = f"piece {row.serial} of " if row.serial else ""
            yield RefusedRow(line, "serial" if row.serial else "job", row.serial or row.job,
                             f"{what}job {row.job} once; line {before} has it")  # fmt: skip
