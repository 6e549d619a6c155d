"""Options that several commands have, and the settings that they make."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from loupebox.station.settings import Settings

SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Settings; ./loupebox.toml when it is there.")
]
DataDir = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="Folder of the database and the frames.")]
Database = Annotated[
    str | None, typer.Option("--database", metavar="URL", help="postgresql://user:password@host/name, or a file.")
]


def chosen_settings(file: Path | None, **flags: object) -> Settings:
    """Settings of the file, or of the one in this folder; flags that are given win."""
    from loupebox.station.settings import FILE_NAME, Settings

    if file is None and Path(FILE_NAME).is_file():
        file = Path(FILE_NAME)
    return Settings.load(file, **flags)
