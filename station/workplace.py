"""A station ready to inspect: its certificates, models and spec sheets, read once from its settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loupebox.inspect.spec import load_spec
from loupebox.station.calibration_set import CalibrationSet, read_calibration_set
from loupebox.station.capture import read_capture
from loupebox.station.inspection import Inspection, inspect_piece
from loupebox.station.model_set import ModelSet, load_model_set
from loupebox.station.settings import Settings
from loupebox.station.spec_sheet import SpecSheet, find_spec_sheet
from loupebox.station.stopwatch import Stopwatch


class ApprovedSheet(Protocol):
    """A sheet word for word, and what errors call it."""

    @property
    def text(self) -> str: ...
    @property
    def name(self) -> str: ...


class ApprovedSheets(Protocol):
    """Where the sheets are that were approved in the records."""

    def approved_here(self, style: str) -> ApprovedSheet | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Workplace:
    """Everything that does not change from piece to piece."""

    calibration: CalibrationSet
    models: ModelSet
    specs_dir: Path

    @classmethod
    def open(cls, settings: Settings) -> Workplace:
        return cls(
            calibration=read_calibration_set(settings.calibration_dir),
            models=load_model_set(settings.models_dir),
            specs_dir=settings.specs_dir,
        )

    def inspect(self, folder: Path, sheet: SpecSheet | None = None, specs: ApprovedSheets | None = None) -> Inspection:
        """Inspect the capture in a folder against this sheet, or against the one of its style.

        A revision that was approved in the records, when these are given, goes before the sheet in a file.
        """
        watch = Stopwatch()
        with watch.step("read"):
            capture = read_capture(folder)
            sheet = sheet or sheet_in_force(self.specs_dir, capture.record.style, specs)
        return inspect_piece(capture, sheet, self.calibration, self.models, watch)


def sheet_in_force(specs_dir: Path, style: str, specs: ApprovedSheets | None) -> SpecSheet:
    """The sheet that pieces of a style are held against now."""
    sheet = None if specs is None else specs.approved_here(style)
    return (
        find_spec_sheet(specs_dir, style) if sheet is None else SpecSheet(load_spec(sheet.text, sheet.name), sheet.text)
    )
