"""What becomes of a piece: reasons out of a list, concessions, marks, time and material, rechecks, returns."""

from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from alembic import op

from loupebox.station.records.migrations.only_grows import only_grows

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

VIEWS = ("face", "top", "oblique", "side", "shank")
LIGHTS = (
    *("backlight", "dome", "coaxial", "dark_n", "dark_e", "dark_s", "dark_w"),
    *(f"stripes_{axis}_{step}" for axis in "xy" for step in range(4)),
)
WHATS = ("finding", "prong", "characteristic")


def upgrade() -> None:
    """Widen decisions and orders, then create what hangs on them."""
    op.add_column("disposition", sa.Column("reason_code", sa.String()))
    op.add_column("disposition", sa.Column("melt_weight_g", sa.Float()))
    op.add_column("rework_order", sa.Column("loop", sa.Integer(), nullable=False, server_default="1"))
    _due_day_becomes_a_moment()
    _concession()
    _order_parts()
    _rechecks()
    only_grows(
        "concession_use", "rework_mark", "rework_change", "rework_message", "rework_work", "recheck", "piece_return"
    )


def _due_day_becomes_a_moment() -> None:
    """The end of the day that was named, in UTC whatever the server's own time zone is."""
    op.add_column("rework_order", sa.Column("due_at", sa.DateTime(timezone=True)))
    orders = sa.table(
        "rework_order", sa.column("id", sa.Integer), sa.column("due", sa.Date), sa.column("due_at", sa.DateTime(True))
    )
    connection = op.get_bind()
    days: list[date] = list(
        connection.execute(sa.select(orders.c.due).where(orders.c.due.is_not(None)).distinct()).scalars()
    )
    for day in days:
        end = datetime.combine(day, time(23, 59), UTC)
        connection.execute(sa.update(orders).where(orders.c.due == day).values(due_at=end))
    op.drop_column("rework_order", "due")


def _concession() -> None:
    op.create_table(
        "concession",
        _id(),
        _text("style"),
        _json("kinds"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("pieces", "used")),
        sa.Column("until", sa.Date(), nullable=False),
        *(_text(name) for name in ("granted_by", "reason_code", "note")),
        _moment("granted_at"),
        _key("concession"),
        _link("concession", "style", "style.code"),
        sa.CheckConstraint("used BETWEEN 0 AND pieces", name=op.f("ck_concession_used")),
    )
    _index("concession", "style")
    op.create_table(
        "concession_use",
        _id(),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("concession", "disposition", "piece")),
        sa.Column("place", sa.Integer()),
        _key("concession_use"),
        *(_link("concession_use", name, f"{name}.id") for name in ("concession", "disposition", "piece")),
        sa.UniqueConstraint("disposition", name="uq_concession_use_disposition"),
        sa.UniqueConstraint("concession", "place", name="uq_concession_use_concession_place"),
    )
    _index("concession_use", "piece")


def _order_parts() -> None:
    _part(
        "rework_mark",
        *(_text(name) for name in ("what", "name", "view", "light", "frame_sha256")),
        *(_json(name) for name in ("box_xywh_px", "polygon_xy_px")),
        _one_of("rework_mark", "what", WHATS),
        _one_of("rework_mark", "view", VIEWS),
        _one_of("rework_mark", "light", LIGHTS),
    )
    _part(
        "rework_change",
        *(_text(name) for name in ("what", "before", "after", "who", "note")),
        _moment("at"),
        _one_of("rework_change", "what", ("bench", "priority", "due_at")),
    )
    _part(
        "rework_message",
        *(_text(name) for name in ("kind", "who", "text")),
        _moment("at"),
        _one_of("rework_message", "kind", ("question", "answer")),
    )
    _part(
        "rework_work",
        _text("who"),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("minutes", "metal_added_g", "metal_removed_g")),
        sa.Column("stones", sa.Integer(), nullable=False),
        _moment("at"),
    )


def _rechecks() -> None:
    op.create_table(
        "recheck",
        _id(),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("inspection", "earlier")),
        *(_text(name) for name in ("what", "name", "outcome")),
        *(sa.Column(name, sa.Integer()) for name in ("finding_before", "finding_after")),
        _key("recheck"),
        *(_link("recheck", name, "inspection.id") for name in ("inspection", "earlier")),
        *(_link("recheck", name, "finding.id") for name in ("finding_before", "finding_after")),
        _one_of("recheck", "what", WHATS),
        _one_of("recheck", "outcome", ("gone", "still there", "new", "cannot tell")),
    )
    _index("recheck", "inspection")
    op.create_table(
        "piece_return",
        _id(),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("earlier", sa.Integer()),
        *(_text(name) for name in ("complaint", "words", "customer", "who")),
        _moment("at"),
        _key("piece_return"),
        *(_link("piece_return", name, "piece.id") for name in ("piece", "earlier")),
    )
    _index("piece_return", "piece")


def _part(table: str, *columns: sa.schema.SchemaItem) -> None:
    """A table whose rows belong to a rework order."""
    op.create_table(
        table,
        _id(),
        sa.Column("rework_order", sa.Integer(), nullable=False),
        *columns,
        _key(table),
        _link(table, "rework_order", "rework_order.id"),
    )
    _index(table, "rework_order")


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=f"pk_{table}")


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column])
