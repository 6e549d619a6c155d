"""A capture as one ZIP file: unpacked into a folder, or refused before anything of it is believed.

What the archive says of itself (sizes, names, kinds) is checked first; what comes out is counted all the same.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from loupebox.station.capture import CAPTURE_JSON, MAX_FRAMES, CaptureError

MAX_FILES = 2 * MAX_FRAMES
"""capture.json, the frames, and some that nobody asked for: a truth, a note, folders."""
MAX_RATIO = 200
"""Black PNG frames shrink to nothing, but not the rest of a capture: an archive that grows more than this is a bomb."""
SMALL_BYTES = 1_000_000
"""What no ratio makes dangerous."""
_CHUNK = 1 << 20
_KINDS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)


def unpack_capture(archive: BinaryIO, folder: Path, limit_bytes: int) -> Path:
    """Unpack into an empty folder; the folder that holds capture.json: this one, or the only one inside it."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked(opened.infolist(), limit_bytes)
            left = limit_bytes
            for member in members:
                left -= _unpack(opened, member, folder, left, limit_bytes)
    except CaptureError:
        raise
    except _DAMAGED as error:
        raise CaptureError(f"the archive is no sound ZIP file: {' '.join(str(error).split())[:200]}") from None
    places = [folder, *(path for path in sorted(folder.iterdir()) if path.is_dir())]
    for place in places:
        if (place / CAPTURE_JSON).is_file():
            return place
    raise CaptureError(f"the archive holds no {CAPTURE_JSON}, neither at its top nor in a folder there")


def _checked(members: list[zipfile.ZipInfo], limit_bytes: int) -> list[zipfile.ZipInfo]:
    """The files among them; a CaptureError names the first that is not what a capture has."""
    if len(members) > MAX_FILES:
        raise CaptureError(f"the archive has {len(members)} entries; allowed are at most {MAX_FILES}")
    files: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        name = member.filename
        _check_name(name)
        mode = member.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise CaptureError(f"entry {name!r} of the archive is a link or a device; allowed are files and folders")
        if member.is_dir():
            continue
        if member.flag_bits & 0x1:
            raise CaptureError(f"entry {name!r} of the archive is encrypted; it must not be")
        if member.compress_type not in _KINDS:
            raise CaptureError(
                f"entry {name!r} of the archive is packed by method {member.compress_type}; allowed are stored and "
                "deflate"
            )
        if member.file_size > max(SMALL_BYTES, MAX_RATIO * member.compress_size):
            raise CaptureError(
                f"entry {name!r} of the archive grows from {member.compress_size} to {member.file_size} "
                f"bytes; allowed is a factor of {MAX_RATIO}"
            )
        if name.casefold() in files:
            raise CaptureError(f"the archive has an entry {name!r} twice; each may stand there once")
        files[name.casefold()] = member
    if (total := sum(member.file_size for member in files.values())) > limit_bytes:
        raise CaptureError(f"the archive holds {total} bytes unpacked; allowed are {limit_bytes}")
    return list(files.values())


def _check_name(name: str) -> None:
    """Only plain relative names, at most one folder deep."""
    parts = PurePosixPath(name).parts
    plain = name.isprintable() and not set(name) & set('\\:*?"<>|') and not name.startswith("/")
    if not plain or not 1 <= len(parts) <= 2 or ".." in parts or any(len(part) > 255 for part in parts):
        raise CaptureError(f"entry {name[:300]!r} of the archive is not the plain path of a file in a capture folder")


def _unpack(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, left: int, limit_bytes: int) -> int:
    """One file; the number of bytes that came out, which its entry may have lied about."""
    path = folder / member.filename
    written = 0
    try:
        path.parent.mkdir(exist_ok=True)
        with opened.open(member) as packed, path.open("xb") as file:
            while chunk := packed.read(_CHUNK):
                written += len(chunk)
                if written > left:
                    raise CaptureError(f"the archive holds more than {limit_bytes} bytes unpacked, which is the limit")
                file.write(chunk)
    except (FileExistsError, NotADirectoryError) as error:
        raise CaptureError(f"entry {member.filename!r} of the archive is in the way of another") from error
    return written
