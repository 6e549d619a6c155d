"""Frames kept by their content: one object under its checksum, written once, checked each time.

In a local folder, or in an S3 bucket that several stations share; the names are the same in both, so that one can be
copied into the other.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from loupebox.station.records.errors import Damaged, NotRecorded, OutOfReach, RecordsError

if TYPE_CHECKING:
    from obstore.store import S3Config

SHA256 = re.compile(r"[0-9a-f]{64}")
SUFFIX = re.compile(r"[a-z0-9]{1,8}")
NAME = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{60})\.([a-z0-9]{1,8})")
LEFTOVER_AGE_S = 24 * 3600
"""A file still unfinished after a day belongs to a process that was killed."""
TRIES_TO_WRITE = 5
S3 = "s3://"
NO_CONFIG: S3Config = {}
PATIENCE = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=60)}
TRIES: Any = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One object of the store, as its listing tells."""

    checksum: str
    suffix: str
    size_bytes: int
    modified: datetime


class ImageStore:
    """Objects `ab/cd/<sha256>.<suffix>`. Any number of processes and stations may write at once.

    `where` is a folder, or `s3://bucket/prefix` with a config of obstore's (endpoint, region); its credentials come
    from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY) or from the machine's role.
    """

    def __init__(self, where: Path | str, config: S3Config = NO_CONFIG) -> None:
        self.where = str(where)
        self.root: Path | None = None
        if self.where.startswith(S3):
            try:
                self._store: Any = S3Store.from_url(
                    self.where, config=config, client_options=_client(config), retry_config=TRIES
                )
            except (BaseError, ValueError) as error:
                raise RecordsError(f"cannot use {where} for images: {_words(error)}") from error
            return
        self.root = Path(where)
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not os.access(self.root, os.W_OK):
                raise PermissionError(None, "Permission denied")
            self._store = LocalStore(self.root)
        except OSError as error:
            raise RecordsError(f"cannot use {where} for images: {error.strerror}") from error

    def name_of(self, checksum: str, suffix: str = "png") -> str:
        """What the content with this checksum is or would be called."""
        if not SHA256.fullmatch(checksum):
            raise NotRecorded(f"'{checksum}' is no checksum; allowed are 64 digits of lower-case hex")
        if not SUFFIX.fullmatch(suffix):
            raise RecordsError(f"an image cannot end in '.{suffix}'; allowed are 1 to 8 small letters and digits")
        return f"{checksum[:2]}/{checksum[2:4]}/{checksum}.{suffix}"

    def read(self, checksum: str, suffix: str = "png", proof: str | None = None) -> bytes:
        """The stored bytes, proven to be what was written: by the name, or by `proof` where that is another's."""
        try:
            content = bytes(obstore.get(self._store, self.name_of(checksum, suffix)).bytes())
        except (NotFoundError, FileNotFoundError, NotADirectoryError) as error:
            self._check_bucket(error, "read")
            raise NotRecorded(f"no image {checksum}.{suffix} is stored in {self.where}") from error
        except (BaseError, OSError) as error:
            raise self._failed("read", checksum, suffix, error) from error
        if (found := sha256(content).hexdigest()) != (proof or checksum):
            raise Damaged(f"image {self._shown(checksum, suffix)} has changed on disk: its checksum is now {found}")
        return content

    def write(self, content: bytes, checksum: str, suffix: str = "png", proof: str | None = None) -> None:
        """Keep the bytes; when this returns they survive a power cut. Writing the same again changes nothing.

        What a failing disk has changed is replaced.
        """
        name, said = self.name_of(checksum, suffix), proof or checksum
        if (found := sha256(content).hexdigest()) != said:
            raise Damaged(f"an image of {len(content)} bytes has the checksum {found}, not {said} as it says")
        try:
            for again in range(TRIES_TO_WRITE, -1, -1):
                try:
                    self._put(name, content)
                    return
                except (NotFoundError, FileNotFoundError):
                    if not again:  # whoever tidies up may take it from under our hands, but not each time
                        raise
        except (BaseError, OSError) as error:
            self._check_bucket(error, "store")
            raise self._failed("store", checksum, suffix, error) from error

    def _put(self, name: str, content: bytes) -> None:
        try:
            obstore.put(self._store, name, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            if bytes(obstore.get(self._store, name).bytes()) != content:
                obstore.put(self._store, name, content, mode="overwrite", use_multipart=False)
        if self.root is not None:
            _sync(self.root, name)

    def delete(self, checksum: str, suffix: str) -> None:
        """Let go of an object; that it is not there any more is fine."""
        try:
            obstore.delete(self._store, self.name_of(checksum, suffix))
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise self._failed("delete", checksum, suffix, error) from error

    def holds(self, checksum: str, suffix: str) -> bool:
        """Whether an object of this name is there; not whether it is sound."""
        try:
            obstore.head(self._store, self.name_of(checksum, suffix))
        except (NotFoundError, FileNotFoundError, NotADirectoryError):
            return False
        except (BaseError, OSError) as error:
            raise self._failed("look for", checksum, suffix, error) from error
        return True

    def stored(self) -> Iterator[StoredImage]:
        """Every object, in no order; what is not an image of ours is passed over."""
        try:
            for batch in obstore.list(self._store, chunk_size=1000):
                for found in batch:
                    if match := NAME.fullmatch(found["path"]):
                        yield StoredImage(match[3], match[4], found["size"], found["last_modified"])
        except (BaseError, OSError) as error:
            raise OutOfReach(f"cannot list the images in {self.where}: {_words(error)}") from error

    def leftovers(self) -> Iterator[Path]:
        """Files that killed processes left half written in a local folder, older than a day."""
        for path in self.root.rglob("*") if self.root is not None else ():
            unfinished = "#" in path.name or path.parent.name == "incoming"  # obstore's, and those of older stores
            with contextlib.suppress(FileNotFoundError):  # finished meanwhile
                if unfinished and path.is_file() and path.stat().st_mtime < time.time() - LEFTOVER_AGE_S:
                    yield path

    def _shown(self, checksum: str, suffix: str) -> str:
        return f"{self.where.rstrip('/')}/{self.name_of(checksum, suffix)}"

    def _failed(self, act: str, checksum: str, suffix: str, error: Exception) -> RecordsError:
        return OutOfReach(f"cannot {act} image {self._shown(checksum, suffix)}: {_words(error)}")

    def _check_bucket(self, error: Exception, act: str) -> None:
        if "NoSuchBucket" in str(error):
            raise OutOfReach(f"cannot {act} images in {self.where}: there is no such bucket; make it first") from error


def _client(config: S3Config) -> Any:
    plain = str(config.get("endpoint", "")).startswith("http://")
    return {**PATIENCE, "allow_http": plain}


def _words(error: BaseException) -> str:
    """The store's reason without its internals."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).split("\n\nDebug source")[0]
    if said := re.search(r"<Message>([^<]+)</Message>", text):
        return said[1]
    if code := re.search(r"\(os error (\d+)\)", text):
        return os.strerror(int(code[1]))
    return " ".join(text.split())[:300]


def _sync(root: Path, name: str) -> None:
    """Down to the disk: the file, then each folder that names it. obstore writes whole files, but syncs none."""
    path = root / name
    with path.open("rb") as file:
        os.fsync(file.fileno())
    if os.name != "posix":  # Windows has no such call for folders and orders them by itself
        return
    for folder in (path.parent, path.parent.parent, root):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
