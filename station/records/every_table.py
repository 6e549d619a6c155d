"""Every table of the log, for whoever asks about all of them."""

from importlib import import_module
from pathlib import Path

from sqlalchemy import Table

from loupebox.station.records.columns import METADATA

# Importing every file of tables fills the metadata.
for file in sorted(Path(__file__).parent.glob("*_tables.py")):
    import_module(f"loupebox.station.records.{file.stem}")


def everything() -> tuple[Table, ...]:
    """Each after those that it refers to."""
    return tuple(METADATA.sorted_tables)


def evidence() -> tuple[Table, ...]:
    """Those that only grow."""
    return tuple(table for table in everything() if table.info.get("only_grows"))
