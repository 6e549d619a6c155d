"""What people say that an inspection missed, or found where nothing is."""

import sqlalchemy as sa
from alembic import op

from loupebox.station.records.migrations.only_grows import only_grows

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One table of evidence."""
    op.create_table(
        "label",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("inspection", sa.Integer(), nullable=False),
        *(_text(name) for name in ("kind", "name", "view", "light", "frame_sha256")),
        sa.Column("box_xywh_px", sa.JSON(), nullable=False),
        *(_text(name) for name in ("note", "who")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_label"),
        sa.ForeignKeyConstraint(["inspection"], ["inspection.id"], name="fk_label_inspection"),
        sa.CheckConstraint("kind IN ('missed', 'false alarm')", name=op.f("ck_label_kind")),
    )
    op.create_index("ix_label_inspection", "label", ["inspection"])
    only_grows("label")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)
