"""What became of frames: archived, thinned out, collected."""

import sqlalchemy as sa
from alembic import op

from loupebox.station.records.migrations.only_grows import only_grows

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables of evidence, and one that helps writers and the collector past each other."""
    op.create_table(
        "archived_frame",
        _integer("id"),
        _text("sha256"),
        _integer("original_bytes"),
        _text("suffix"),
        _text("archive_sha256"),
        _integer("archive_bytes"),
        _text("samples_sha256"),
        _moment("archived_at"),
        sa.PrimaryKeyConstraint("id", name="pk_archived_frame"),
        sa.UniqueConstraint("sha256", name="uq_archived_frame_sha256"),
    )
    op.create_table(
        "thinned",
        _integer("id"),
        _integer("inspection"),
        _text("rule"),
        _moment("thinned_at"),
        sa.PrimaryKeyConstraint("id", name="pk_thinned"),
        sa.UniqueConstraint("inspection", name="uq_thinned_inspection"),
        sa.ForeignKeyConstraint(["inspection"], ["inspection.id"], name="fk_thinned_inspection"),
    )
    op.create_table(
        "collected",
        _integer("id"),
        _text("sha256"),
        _text("suffix"),
        _moment("collected_at"),
        sa.PrimaryKeyConstraint("id", name="pk_collected"),
        sa.UniqueConstraint("sha256", "suffix", name="uq_collected_sha256_suffix"),
    )
    only_grows("archived_frame", "thinned")


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
