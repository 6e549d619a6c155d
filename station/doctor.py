"""What is installed, what is missing, and why it matters."""

from __future__ import annotations

import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from loupebox.station.settings import Settings

State = Literal["fine", "absent", "wrong"]


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing looked at; `absent` things are optional."""

    what: str
    state: State
    words: str


def examine(settings: Settings) -> tuple[Examined, ...]:
    """Look at everything that an inspection needs, and at the optional extras."""
    return (
        Examined("Python", "fine", f"{platform.python_version()} at {sys.executable}"),
        *_packages(),
        _tried("image files", _images),
        _tried("ONNX Runtime", _runtime),
        *_models(settings),
        *_calibration(settings),
        _tried("spec sheets", lambda: _specs(settings)),
        _tried("QC database", lambda: _database(settings)),
        *_extras(),
    )


def render(findings: tuple[Examined, ...]) -> str:
    """A line each, and a last one that sums up."""
    wide = max(len(finding.what) for finding in findings)
    lines = [f"{finding.state:<7} {finding.what:<{wide}}  {finding.words}" for finding in findings]
    wrong = [finding.what for finding in findings if finding.state == "wrong"]
    lines.append(f"\nNot ready: {', '.join(wrong)}." if wrong else "\nReady to inspect.")
    return "\n".join(lines)


def _tried(what: str, look: Callable[[], str]) -> Examined:
    try:
        return Examined(what, "fine", look())
    except Exception as error:  # whatever is broken here is exactly what the doctor is asked to tell
        return Examined(what, "wrong", " ".join(str(error).split()) or type(error).__name__)


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

        yield _tried(f"model {name}", load)


def _calibration(settings: Settings) -> Iterator[Examined]:
    from loupebox.calibration.frame import VIEWS, View
    from loupebox.station.calibration_set import read_calibration

    now = datetime.now(UTC)
    for view in VIEWS:
        path = settings.calibration_dir / f"{view}.json"
        what = f"calibration {view}"
        if not path.exists():
            yield Examined(what, "absent", f"captures that need this view are refused: there is no {path}")
            continue

        def read(path: Path = path, view: View = view) -> str:
            certificate = read_calibration(path, view).certificate
            days = (certificate.valid_until - now).days
            holds = (
                f"holds for {days} more days" if days >= 0 else f"ended {-days} days ago: newer captures are refused"
            )
            return f"{certificate.certificate_id} of camera {certificate.camera_serial} {holds}"

        yield _tried(what, read)


def _specs(settings: Settings) -> str:
    from loupebox.station.spec_sheet import read_spec_sheet

    paths = sorted(settings.specs_dir.glob("*.toml"))
    if not paths:
        raise FileNotFoundError(f"there is none in {settings.specs_dir}, so nothing can be inspected")
    sheets = [read_spec_sheet(path).spec for path in paths]
    return ", ".join(f"{spec.style} revision {spec.revision}" for spec in sheets)


def _database(settings: Settings) -> str:
    """Opened for writing when it is there; looking must not create one."""
    from loupebox.station.records.qc_log import QcLog
    from loupebox.station.station_log import open_store

    where = settings.database_location
    if not settings.database and not (settings.data_dir / "qc.sqlite").exists():
        free = _free_gb(settings)
        return f"not there yet; the first record creates {where} ({free:.0f} GB free)"
    QcLog.open(where, open_store(settings)).close()
    return f"{where} can be read and written ({_free_gb(settings):.0f} GB free)"


def _free_gb(settings: Settings) -> float:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file; the data folder {settings.data_dir} cannot be there")
    return shutil.disk_usage(folder).free / 1e9


def _extras() -> Iterator[Examined]:
    for module, words in (
        ("torch", "trains models"),
        ("mitsuba", "renders the samples and the training data"),
        ("playwright", "tests the screens in a browser"),
    ):
        there = find_spec(module) is not None
        yield Examined(module, "fine" if there else "absent", f"{words}; inspecting does not need it")
