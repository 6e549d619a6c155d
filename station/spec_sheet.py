"""Spec sheets as files: the text that was approved, its checksum and what it says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from loupebox.inspect.spec import Spec, SpecError, load_spec

_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class SpecSheet:
    """One revision of one style's spec sheet, word for word."""

    spec: Spec
    text: str = field(repr=False)

    @property
    def sha256(self) -> str:
        """Checksum of the text in UTF-8, lower-case hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_spec_sheet(path: Path) -> SpecSheet:
    """Read an approved spec sheet from a file."""
    text = read_text(path)
    return SpecSheet(load_spec(text, str(path)), text)


def read_text(path: Path) -> str:
    """What a sheet or a bill of materials says, before anything is made of it."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise SpecError(f"spec sheet {path} cannot be read: {error.strerror}") from None
    if len(raw) > _MAX_BYTES:
        raise SpecError(f"spec sheet {path} is larger than {_MAX_BYTES // 1_000_000} MB")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SpecError(f"spec sheet {path} is not UTF-8 text: {error.reason} at byte {error.start}") from None


def find_spec_sheet(folder: Path, style: str) -> SpecSheet:
    """The sheet of a style, `<style>.toml` in the folder; the style comes from a capture and is not trusted."""
    there = {path.stem: path for path in sorted(folder.glob("*.toml"))}
    if style not in there:
        names = ", ".join(there) or "none"
        raise SpecError(f"there is no spec sheet for style {style!r} in {folder}; there are {names}")
    sheet = read_spec_sheet(there[style])
    if sheet.spec.style != style:
        raise SpecError(f"{there[style]}: style is '{sheet.spec.style}'; allowed is '{style}', as its file is named")
    return sheet
