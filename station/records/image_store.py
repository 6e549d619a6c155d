"""Frames kept by their content: one file under its checksum, written once, checked each time.

Plain files, since one station needs no more than one local folder: the operating system's rename is the whole trick.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from loupebox.station.records.errors import Damaged, NotRecorded, RecordsError

SHA256 = re.compile(r"[0-9a-f]{64}")
SUFFIX = re.compile(r"[a-z0-9]{1,8}")
LEFTOVER_AGE_S = 24 * 3600
"""A file still incoming after a day belongs to a process that was killed."""


class ImageStore:
    """A folder of `ab/cd/<sha256>.<suffix>`. Any number of processes may write to it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._incoming = root / "incoming"
        try:
            self._incoming.mkdir(parents=True, exist_ok=True)
            self._sweep()
        except OSError as error:
            raise RecordsError(f"cannot use {root} for images: {error.strerror}") from error

    def path_of(self, checksum: str, suffix: str = "png") -> Path:
        """Where the content with this checksum lies or would lie."""
        if not SHA256.fullmatch(checksum):
            raise NotRecorded(f"'{checksum}' is no checksum; allowed are 64 digits of lower-case hex")
        if not SUFFIX.fullmatch(suffix):
            raise RecordsError(f"an image cannot end in '.{suffix}'; allowed are 1 to 8 small letters and digits")
        return self.root / checksum[:2] / checksum[2:4] / f"{checksum}.{suffix}"

    def read(self, checksum: str, suffix: str = "png") -> bytes:
        """The stored bytes, proven to be what was written."""
        path = self.path_of(checksum, suffix)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise NotRecorded(f"no image {checksum}.{suffix} is stored in {self.root}") from error
        except OSError as error:
            raise RecordsError(f"cannot read image {path}: {error.strerror}") from error
        if (found := sha256(content).hexdigest()) != checksum:
            raise Damaged(f"image {path} has changed on disk: its checksum is now {found}")
        return content

    def write(self, content: bytes, checksum: str, suffix: str = "png") -> Path:
        """Keep the bytes; when this returns they survive a power cut. Writing the same again changes nothing."""
        path = self.path_of(checksum, suffix)
        if (found := sha256(content).hexdigest()) != checksum:
            raise Damaged(f"an image of {len(content)} bytes has the checksum {found}, not {checksum} as it says")
        try:
            if not _holds(path, content):
                self._place(content, path)
            _sync_folder(path.parent)
        except OSError as error:
            raise RecordsError(f"cannot store image {path}: {error.strerror}") from error
        return path

    def _place(self, content: bytes, path: Path) -> None:
        _make_folder(path.parent, self.root)
        handle, name = tempfile.mkstemp(dir=self._incoming)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise

    def _sweep(self) -> None:
        for left in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if left.stat().st_mtime < time.time() - LEFTOVER_AGE_S:
                    left.unlink()


def _holds(path: Path, content: bytes) -> bool:
    """Whether the file is there and right; one that a failing disk has changed is written anew."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _make_folder(folder: Path, root: Path) -> None:
    """Like mkdir with parents, each new name on disk before anything is put inside."""
    if folder.is_dir():
        return
    if folder != root:
        _make_folder(folder.parent, root)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """A rename is durable once its folder is; Windows has no such call and orders it by itself."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
