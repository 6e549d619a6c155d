"""Signed calibrations and start-up checks."""

import sqlalchemy as sa
from alembic import op

from loupebox.station.records.migrations.only_grows import only_grows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Words as they were at this revision; a later migration widens a list by itself.
KINDS = ("camera", "scale", "sensor", "sharpness", "backlight")
VIEWS = ("face", "top", "oblique", "side", "shank")


def upgrade() -> None:
    """Two tables that only grow."""
    op.create_table(
        "calibration_certificate",
        sa.Column("id", sa.Integer(), nullable=False),
        *(_text(name) for name in ("station", "view", "kind", "camera_serial", "artefact")),
        sa.Column("passed", sa.Boolean(), nullable=False),
        *(_moment(name) for name in ("made_at", "valid_until")),
        _text("signed_by"),
        _moment("signed_at"),
        *(_text(name) for name in ("document", "sha256")),
        sa.PrimaryKeyConstraint("id", name="pk_calibration_certificate"),
        _one_of("kind", KINDS),
        _one_of("view", VIEWS),
    )
    op.create_table(
        "start_up_check",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("station"),
        _moment("at"),
        _text("who"),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("took_s", sa.Float(), nullable=False),
        _text("document"),
        sa.PrimaryKeyConstraint("id", name="pk_start_up_check"),
    )
    only_grows("calibration_certificate", "start_up_check")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _one_of(column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_calibration_certificate_{column}"))
