"""Answers to requests that carried an Idempotency-Key, kept for a week."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Not evidence: rows go when they are old."""
    op.create_table(
        "answer",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("holder", "key_digest", "fingerprint")),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("holder", "key_digest", name="pk_answer"),
    )
    op.create_index("ix_answer_at", "answer", ["at"])
