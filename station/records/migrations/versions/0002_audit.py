"""The audit; on PostgreSQL the tables of 0001 get their triggers, which 0001 made on SQLite only."""

import sqlalchemy as sa
from alembic import op

from loupebox.station.records.migrations.only_grows import only_grows

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GREW_ON_SQLITE_ALONE = (
    "spec_revision", "inspection", "measurement", "finding", "prong", "defect", "frame", "disposition", "rework_event",
)  # fmt: skip


def upgrade() -> None:
    """Create the chains and their heads."""
    words = ("who", "action", "subject", "details", "evidence", "anchors", "previous", "hash")
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sa.UniqueConstraint("chain", "number", name="uq_audit_chain_number"),
    )
    for column in ("who", "action", "subject"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    op.create_table(
        "audit_head",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_audit_head"),
    )
    only_grows("audit")
    if op.get_bind().dialect.name == "postgresql":
        only_grows(*GREW_ON_SQLITE_ALONE)
