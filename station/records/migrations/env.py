"""What Alembic runs for every migration: always online, on the connection that `engine.py` hands over."""

from importlib import import_module
from pathlib import Path

from alembic import context

from loupebox.station.records.columns import METADATA

# Importing every file of tables fills the metadata, against which a new migration can be compared.
for file in sorted(Path(__file__).parent.parent.glob("*_tables.py")):
    import_module(f"loupebox.station.records.{file.stem}")

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite can, and a kill in the middle must leave the old schema whole
)
with context.begin_transaction():
    context.run_migrations()
