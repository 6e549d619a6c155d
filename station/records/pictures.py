"""Pictures that people upload: boundary photographs of a spec sheet, kept beside the frames under their checksum."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from PIL import Image, UnidentifiedImageError
from sqlalchemy import Engine, select

from loupebox.station.records.audit import append_audit
from loupebox.station.records.columns import add
from loupebox.station.records.engine import reading, writing
from loupebox.station.records.errors import NotAllowed, NotRecorded
from loupebox.station.records.image_store import ImageStore
from loupebox.station.records.spec_tables import PICTURE
from loupebox.station.records.stored_needs import keep_named

SUFFIX_OF = {"PNG": "png", "JPEG": "jpg", "TIFF": "tiff", "WEBP": "webp"}
LARGEST_BYTES = 16 * 1024 * 1024
LARGEST_PIXELS = 100_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """An uploaded picture, without its bytes."""

    sha256: str
    suffix: str
    width_px: int
    height_px: int
    note: str
    uploaded_by: str
    uploaded_at: datetime


class Pictures:
    """One call is one transaction."""

    def __init__(self, engine: Engine, store: ImageStore, clock: Callable[[], datetime]) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock

    def upload(self, content: bytes, note: str, who: str) -> Picture:
        """Keep a picture; the same one again is the one that is there."""
        if not who.strip():
            raise NotAllowed("nobody uploads the picture; say who")
        suffix, width, height = _looked_into(content)
        checksum = sha256(content).hexdigest()
        self._store.write(content, checksum, suffix)
        now = self._clock()
        with writing(self._engine) as connection:
            known = connection.execute(select(PICTURE).where(PICTURE.c.sha256 == checksum)).one_or_none()
            if known is None:
                values = {"sha256": checksum, "suffix": suffix, "width_px": width, "height_px": height, "note": note}
                add(connection, PICTURE, **values, uploaded_by=who, uploaded_at=now)
                append_audit(
                    connection,
                    who=who,
                    action="picture.uploaded",
                    subject=f"picture {checksum}",
                    details=values,
                    at=now,
                )
            keep_named(connection, self._store, [(checksum, suffix, content, None)])
        return self.one(checksum)

    def one(self, checksum: str) -> Picture:
        """What is recorded of an uploaded picture."""
        with reading(self._engine) as connection:
            row = connection.execute(select(PICTURE).where(PICTURE.c.sha256 == checksum)).one_or_none()
        if row is None:
            raise NotRecorded(f"no picture {checksum} was uploaded")
        return Picture(**{name: value for name, value in row._mapping.items() if name != "id"})

    def read(self, checksum: str) -> tuple[bytes, Picture]:
        """Its bytes, proven to be those that were uploaded."""
        found = self.one(checksum)
        return self._store.read(checksum, found.suffix), found


def _looked_into(content: bytes) -> tuple[str, int, int]:
    """Suffix, width and height, after decoding all of it: what screens cannot show is refused here."""
    if len(content) > LARGEST_BYTES:
        raise NotAllowed(f"the picture has {len(content)} bytes; allowed are {LARGEST_BYTES}")
    allowed = ", ".join(SUFFIX_OF)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a small file that unpacks to a huge picture is a warning of Pillow's
            with Image.open(io.BytesIO(content), formats=tuple(SUFFIX_OF)) as picture:
                width, height = picture.size
                if width * height > LARGEST_PIXELS:
                    raise NotAllowed(
                        f"the picture has {width} x {height} pixels; allowed are {LARGEST_PIXELS // 1_000_000} million"
                    )
                picture.load()
                return SUFFIX_OF[str(picture.format)], width, height
    except UnidentifiedImageError:
        raise NotAllowed(f"the upload of {len(content)} bytes is no picture; allowed are {allowed}") from None
    except (OSError, ValueError, SyntaxError, MemoryError, Warning, Image.DecompressionBombError) as error:
        raise NotAllowed(f"the picture cannot be decoded: {error}; allowed are {allowed}") from None
