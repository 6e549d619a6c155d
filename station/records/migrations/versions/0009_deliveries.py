"""What stations delivered, by the name that they gave it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one table; it is no evidence, but keeps evidence from being doubled."""
    op.create_table(
        "delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("inspection", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("origin", name="uq_delivery_origin"),
        sa.ForeignKeyConstraint(["inspection"], ["inspection.id"], name="fk_delivery_inspection"),
    )
    op.create_index("ix_delivery_inspection", "delivery", ["inspection"])
