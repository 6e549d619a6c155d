"""One look-up for the failed pieces of a day, also among a million inspections."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The new index serves whoever asks for a day alone as well."""
    op.create_index("ix_inspection_day_verdict", "inspection", ["day", "verdict"])
    op.drop_index("ix_inspection_day", "inspection")
