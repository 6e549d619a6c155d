"""An inspection on its way to the log, as text: what the outbox keeps of it until it is delivered."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from loupebox.station.records.entry import FileEntry, FrameEntry, InspectionEntry
from loupebox.station.records.image_store import ImageStore

_ENTRY = TypeAdapter(InspectionEntry)


class UnreadableEntry(ValueError):
    """A kept entry that this program cannot read."""


def to_text(entry: InspectionEntry) -> str:
    """Everything but the pixels, exactly: numbers come back to the last bit."""
    document = to_jsonable_python(replace(entry, frames=(), files=()))
    document["frames"] = [
        {"view": f.view, "light": f.light, "sha256": f.sha256, "width_px": f.width_px, "height_px": f.height_px,
         "suffix": f.suffix}
        for f in entry.frames
    ]  # fmt: skip
    document["files"] = [{"sha256": f.sha256, "suffix": f.suffix} for f in entry.files]
    return json.dumps(document, ensure_ascii=False)


def from_text(text: str, pixels: ImageStore) -> InspectionEntry:
    """The entry with its frames from a store; raises UnreadableEntry, or what the store raises."""
    try:
        document: dict[str, Any] = json.loads(text)
        frames, files = document.pop("frames"), document.pop("files", [])
        entry = _ENTRY.validate_python(document)
        return replace(
            entry,
            frames=tuple(FrameEntry(content=pixels.read(f["sha256"], f["suffix"]), **f) for f in frames),
            files=tuple(FileEntry(content=pixels.read(f["sha256"], f["suffix"]), **f) for f in files),
        )
    except (ValueError, ValidationError, KeyError, TypeError) as error:
        raise UnreadableEntry(f"the kept inspection cannot be read: {error}") from error


def frames_of(text: str) -> list[tuple[str, str]]:
    """Checksum and suffix of each frame that an entry names."""
    return [(f["sha256"], f["suffix"]) for f in json.loads(text)["frames"]]
