"""What Alembic runs for every migration: always online, on the connection that `engine.py` hands over."""

from alembic import context

from loupebox.station.records.every_table import METADATA

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite can, and a kill in the middle must leave the old schema whole
)
with context.begin_transaction():
    context.run_migrations()
