"""What is installed, what is missing, and why it matters."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from loupebox.station.examined import Examined, tried
from loupebox.station.settings import Settings

if TYPE_CHECKING:
    from loupebox.calibration.frame import View

SOON_DAYS = 14


def examine(
    settings: Settings, full: bool = False, progress: Callable[[str, int, int | None], None] = lambda *_: None
) -> tuple[Examined, ...]:
    """Look at everything that an inspection needs, at what is recorded, and at the optional extras.

    Of files and audit a sample is read, or with `full` all of it.
    """
    return (
        Examined("Python", "fine", f"{platform.python_version()} at {sys.executable}"),
        *_packages(),
        tried("image files", _images),
        tried("ONNX Runtime", _runtime),
        *_models(settings),
        *_calibration(settings),
        tried("spec sheets", lambda: _specs(settings)),
        *_records(settings, full, progress),
        *_extras(),
    )


def render(findings: tuple[Examined, ...]) -> str:
    """A line each, and a last one that sums up."""
    wide = max(len(finding.what) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.state:<7} {finding.what:<{wide}}  {finding.words}")
        if finding.advice:
            lines.append(f"{'':<7} {'':<{wide}}  next: {finding.advice}")
    wrong = [finding.what for finding in findings if finding.state == "wrong"]
    lines.append(f"\nNot ready: {', '.join(wrong)}." if wrong else "\nReady to inspect.")
    return "\n".join(lines)


def _packages() -> Iterator[Examined]:
    for requirement in requires("loupebox") or ():
        if "extra ==" in requirement:
            continue
        name = re.split(r"[\s\[<>=!~;(]", requirement)[0]
        try:
            yield Examined(name, "fine", version(name))
        except PackageNotFoundError:
            yield Examined(name, "wrong", f"is not installed; needed is {requirement}")


def _images() -> str:
    import cv2
    import numpy as np

    from loupebox.station.image_file import decode

    picture = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    for suffix in (".png", ".tiff"):
        done, encoded = cv2.imencode(suffix, picture)
        if not done or not np.array_equal(decode(encoded.tobytes(), "Mono16"), picture):
            raise RuntimeError(f"OpenCV {cv2.__version__} does not read back a 16-bit {suffix} that it wrote")
    return f"OpenCV {cv2.__version__} reads and writes 16-bit PNG and TIFF"


def _runtime() -> str:
    import onnxruntime

    return f"{onnxruntime.__version__} with {', '.join(onnxruntime.get_available_providers())}"


def _models(settings: Settings) -> Iterator[Examined]:
    from loupebox.models.runner import Model
    from loupebox.station.model_set import HEAD_FILE, SURFACE_FILE

    for name in (HEAD_FILE, SURFACE_FILE):

        def load(name: str = name) -> str:
            card = Model.load(settings.models_dir / name).card
            return f"{card.name} {card.version} agrees with its card ({len(card.classes)} classes)"

        yield tried(f"model {name}", load)


def _calibration(settings: Settings) -> Iterator[Examined]:
    from loupebox.calibration.frame import VIEWS

    now = datetime.now(UTC)
    for view in VIEWS:
        path = settings.calibration_dir / f"{view}.json"
        what = f"calibration {view}"
        if not path.exists():
            yield Examined(what, "absent", f"captures that need this view are refused: there is no {path}")
            continue

        yield tried(what, partial(_certificate, what, path, view, now))


def _certificate(what: str, path: Path, view: View, now: datetime) -> Examined:
    from loupebox.station.calibration_set import read_calibration

    certificate = read_calibration(path, view).certificate
    days = (min([certificate.valid_until, *(part.valid_until for part in certificate.parts)]) - now).days
    holds = f"holds for {days} more days" if days >= 0 else f"ended {-days} days ago: what rests on it becomes REVIEW"
    words = f"{certificate.certificate_id} of camera {certificate.camera_serial} {holds}"
    if days > SOON_DAYS:
        return Examined(what, "fine", words)
    return Examined(what, "look", words, "loupebox calibrate list tells which part ends; calibrate it, and sign it")


def _specs(settings: Settings) -> str:
    from loupebox.station.spec_sheet import read_spec_sheet

    paths = sorted(settings.specs_dir.glob("*.toml"))
    if not paths:
        raise FileNotFoundError(f"there is none in {settings.specs_dir}, so nothing can be inspected")
    sheets = [read_spec_sheet(path).spec for path in paths]
    return ", ".join(f"{spec.style} revision {spec.revision}" for spec in sheets)


def _records(settings: Settings, full: bool, progress: Callable[[str, int, int | None], None]) -> Iterator[Examined]:
    from loupebox.station.doctor_records import examine_outbox, examine_records, examine_room

    database = tried("QC database", lambda: _database(settings))
    yield database
    if database.state == "fine" and (settings.database or (settings.data_dir / "qc.sqlite").exists()):
        yield from examine_records(settings, full, progress)
    yield from examine_outbox(settings)
    yield examine_room(settings.data_dir)


def _database(settings: Settings) -> str:
    """Opened for writing when it is there; looking must not create one."""
    from loupebox.station.records.qc_log import QcLog
    from loupebox.station.station_log import open_store

    where = settings.database_location
    if not settings.database and not (settings.data_dir / "qc.sqlite").exists():
        _check_folder(settings)
        return f"not there yet; the first record creates {where}"
    QcLog.open(where, open_store(settings)).close()
    return f"{where} can be read and written"


def _check_folder(settings: Settings) -> None:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; the data folder {settings.data_dir} cannot be there")


def _extras() -> Iterator[Examined]:
    for module, words in (
        ("torch", "trains models"),
        ("mitsuba", "renders the samples and the training data"),
        ("playwright", "tests the screens in a browser"),
    ):
        there = find_spec(module) is not None
        yield Examined(module, "fine" if there else "absent", f"{words}; inspecting does not need it")
