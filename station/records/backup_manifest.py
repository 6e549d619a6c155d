"""What a backup says of itself, so that it can be proven before anything is made of it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from loupebox.calibration.document import problems
from loupebox.station.records.errors import Damaged, NotRecorded, RecordsError

MANIFEST = "manifest.json"
DATABASE = "qc.sqlite"
FRAMES = "frames"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class NamedFrames(_Part):
    """The frames and pictures that the backed-up records name; each is proven by its own name."""

    count: Annotated[int, Field(ge=0)]
    names_sha256: Sha256 = Field(description="of the names, sorted, one a line")
    missing: tuple[str, ...] = Field(description="those that the store could not give, and why")


class Manifest(_Part):
    """One backup: a database with the numbers to check it by."""

    schema_: Annotated[Literal[1], Field(alias="schema")] = 1
    software: str
    made_at: AwareDatetime
    engine: Literal["sqlite", "postgresql"] = Field(description="of the log; the backup's own is always SQLite")
    database_sha256: Sha256
    rows: dict[str, Annotated[int, Field(ge=0)]]
    heads: dict[str, tuple[int, Sha256]] = Field(description="last link of each chain of the audit")
    frames: NamedFrames

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of the backup in a folder, its database proven to be the one that was backed up."""
        path = folder / MANIFEST
        try:
            manifest = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise NotRecorded(f"{folder} is no backup: it has no {MANIFEST}") from None
        except OSError as error:
            raise RecordsError(f"{path} cannot be read: {error.strerror}") from None
        except ValidationError as error:
            raise Damaged(problems(error, cls, str(path))[0]) from None
        if (found := file_sha256(folder / DATABASE)) != manifest.database_sha256:
            raise Damaged(f"{folder / DATABASE} is not what was backed up: its checksum is now {found}")
        return manifest


def file_sha256(path: Path) -> str:
    """Checksum of a file, read a piece at a time."""
    digest = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()
