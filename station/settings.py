"""What one station is set to: one small typed file, passed in and never imported as a global."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

import loupebox.models
import loupebox.sample_images
from loupebox.calibration.document import problems
from loupebox.station.records.hashing import Hashing
from loupebox.station.records.sign_in_rules import SignInRules

FILE_NAME = "loupebox.toml"
SAMPLES_DIR = Path(loupebox.sample_images.__file__).parent
MODELS_DIR = Path(loupebox.models.__file__).parent


class SettingsError(ValueError):
    """A settings file that cannot be used: the message names file, key, value and what is allowed."""


class Settings(BaseModel):
    """Where things lie and where the station listens; relative paths count from the folder of the settings file."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    data_dir: Path = Field(default=Path("loupebox-data"), description="folder of the QC database and stored frames")
    database: str = Field(default="", description="URL or file of the QC database; empty for qc.sqlite in data_dir")
    frames: str = Field(default="", description="s3://bucket/prefix of the frames; empty for frames in data_dir")
    frames_endpoint: str = Field(default="", description="address of the S3 server, when it is not Amazon's")
    frames_region: str = Field(default="us-east-1", description="region of the bucket")
    keep_pass_frames_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=0, description="days after which most frames of good pieces may go; 0 keeps them all for ever"
    )
    keep_one_pass_in: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=20, description="of so many good pieces one keeps its frames for ever"
    )
    archive_after_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=30, description="days after which frames are put into the archive format"
    )
    collect_after_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        default=168, description="hours that a stored file which no record needs is left alone"
    )
    upload_limit_mb: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=256, description="largest archive of a capture that is taken in over REST, also when unpacked"
    )
    specs_dir: Path = Field(default=SAMPLES_DIR / "specs", description="folder of spec sheets, <STYLE>.toml")
    calibration_dir: Path = Field(default=SAMPLES_DIR / "calibration", description="folder of certificates")
    captures_dir: Path = Field(default=SAMPLES_DIR / "captures", description="captures that the demo inspects")
    tray_dir: Path | None = Field(
        default=None, description="captures that lie under folder cameras in place of pieces; the demo's tray"
    )
    models_dir: Path = Field(default=MODELS_DIR, description="folder of models and their cards")
    jobs_file: Path = Field(default=SAMPLES_DIR / "jobs.toml", description="production jobs")
    pin_passes: Annotated[int, Field(ge=1, le=20)] = Field(default=3, description="passes of argon2 over a PIN")
    pin_memory_kib: Annotated[int, Field(ge=8, le=1024 * 1024)] = Field(
        default=64 * 1024, description="memory that argon2 takes for a PIN"
    )
    session_idle_min: Annotated[int, Field(ge=1, le=24 * 60)] = Field(
        default=30, description="minutes left alone after which a session ends"
    )
    session_longest_h: Annotated[int, Field(ge=1, le=24)] = Field(
        default=12, description="hours after which a session ends in any case"
    )
    startup_file: Path = Field(default=SAMPLES_DIR / "startup.toml", description="plan of the start-up check")
    startup_longest_h: Annotated[float, Field(gt=0, le=24 * 31)] = Field(
        default=24.0, description="hours for which a passed start-up check is good"
    )
    host: str = Field(default="127.0.0.1", description="address on which the station listens")
    port: Annotated[int, Field(ge=0, le=65535)] = Field(default=8000, description="port on which it listens")

    @field_validator("frames")
    @classmethod
    def _in_a_bucket(cls, where: str) -> str:
        if where and not where.startswith("s3://"):
            raise ValueError("allowed are an address like s3://bucket/prefix, or nothing for the data folder")
        return where

    @field_validator(
        "data_dir",
        "specs_dir",
        "calibration_dir",
        "captures_dir",
        "tray_dir",
        "models_dir",
        "jobs_file",
        "startup_file",
    )
    @classmethod
    def _from_base(cls, path: Path | None, info: ValidationInfo) -> Path | None:
        base = (info.context or {}).get("base", Path())
        return None if path is None else (base / path.expanduser()).absolute()

    @property
    def database_location(self) -> str | Path:
        """URL or file of the QC database."""
        return self.database or self.data_dir / "qc.sqlite"

    @property
    def frames_dir(self) -> Path:
        """Where the image store keeps frames by content."""
        return self.data_dir / "frames"

    @property
    def sign_in_rules(self) -> SignInRules:
        """What signing in costs and how long it lasts."""
        return SignInRules(
            Hashing(self.pin_passes, self.pin_memory_kib),
            timedelta(minutes=self.session_idle_min),
            timedelta(hours=self.session_longest_h),
        )

    @classmethod
    def load(cls, path: Path | None = None, **overrides: object) -> Self:
        """Settings of a file, or the defaults without one; `overrides` that are not None win."""
        document: dict[str, object] = {}
        if path is not None:
            try:
                document = tomllib.loads(path.read_text(encoding="utf-8"))
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"settings file {path} cannot be read: {error}") from None
            except tomllib.TOMLDecodeError as error:
                raise SettingsError(f"{path}: not TOML: {error}") from None
        source = str(path or "settings")
        base = path.absolute().parent if path is not None else Path.cwd()
        try:
            in_file = cls.model_validate(document, context={"base": base})
            given = {key: value for key, value in overrides.items() if value is not None}
            return cls.model_validate({**in_file.model_dump(), **given}, context={"base": Path.cwd()})
        except ValidationError as error:
            raise SettingsError(problems(error, cls, source)[0]) from None
