"""The log: styles, spec sheets, jobs, pieces, inspections with their parts, decisions, rework."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Words as they were at this revision; a later migration widens a list by itself.
VERDICTS = ("PASS", "REVIEW", "FAIL")
VIEWS = ("face", "top", "oblique", "side", "shank")
LIGHTS = (
    *("backlight", "dome", "coaxial", "dark_n", "dark_e", "dark_s", "dark_w"),
    *(f"stripes_{axis}_{step}" for axis in "xy" for step in range(4)),
)
ONLY_GROW = (
    "spec_revision", "inspection", "measurement", "finding", "prong", "defect", "frame", "disposition", "rework_event",
)  # fmt: skip


def upgrade() -> None:
    """Create every table, then forbid changing what is recorded."""
    _production()
    _inspection()
    _rework()
    if op.get_bind().dialect.name == "sqlite":
        for table in ONLY_GROW:
            for act in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, 'the record only grows: no {act} on {table}'); END"
                )


def _production() -> None:
    op.create_table(
        "style",
        _text("code"),
        _text("name", nullable=True),
        _text("family", nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_style"),
    )
    op.create_table(
        "spec_revision",
        _id(),
        _text("style"),
        *(_text(name) for name in ("revision", "name", "text", "sha256", "approved_by")),
        sa.Column("approved_on", sa.Date(), nullable=False),
        _key("spec_revision"),
        _link("spec_revision", "style", "style.code"),
        sa.UniqueConstraint("style", "revision", name="uq_spec_revision_style_revision"),
    )
    op.create_table(
        "job",
        _text("id"),
        _text("style"),
        sa.Column("due", sa.Date()),
        sa.Column("quantity", sa.Integer()),
        *(_text(name, nullable=True) for name in ("caster", "alloy", "flask", "setter", "polisher")),
        _key("job"),
        _link("job", "style", "style.code"),
    )
    _index("job", "style")
    op.create_table(
        "piece",
        _id(),
        _text("serial"),
        _text("job"),
        _key("piece"),
        _link("piece", "job", "job.id"),
        sa.UniqueConstraint("serial", "job", name="uq_piece_serial_job"),
    )
    _index("piece", "job")


def _inspection() -> None:
    op.create_table(
        "inspection",
        _id(),
        _integer("piece"),
        _text("style"),
        _integer("spec_revision", nullable=True),
        _text("station"),
        _moment("captured_at"),
        _integer("utc_offset_min"),
        _moment("recorded_at"),
        sa.Column("day", sa.Date(), nullable=False),
        _text("verdict", nullable=True),
        _text("refusal_code", nullable=True),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("reasons", "replay", "timings_ms")),
        _text("report"),
        _key("inspection"),
        _link("inspection", "piece", "piece.id"),
        _link("inspection", "style", "style.code"),
        _link("inspection", "spec_revision", "spec_revision.id"),
        _one_of("inspection", "verdict", VERDICTS),
        sa.CheckConstraint("(verdict IS NULL) <> (refusal_code IS NULL)", name=op.f("ck_inspection_judged_or_refused")),
    )
    for column in ("piece", "style", "spec_revision", "day", "verdict"):
        _index("inspection", column)
    _part(
        "measurement",
        _text("name"),
        _number("value", nullable=True),
        _number("expanded_uncertainty", nullable=True),
        _text("unit", nullable=True),
        *(_number(name, nullable=True) for name in ("lower", "nominal", "upper")),
        _text("verdict", nullable=True),
        _number("conformance", nullable=True),
        _text("reason"),
        _one_of("measurement", "verdict", VERDICTS),
    )
    _part(
        "finding",
        *(_text(name) for name in ("kind", "view", "light", "zone")),
        *(_number(name) for name in ("size_mm", "size_expanded_uncertainty_mm", "width_mm", "area_mm2", "score")),
        *(_number(name) for name in ("mm_per_px", "box_x_px", "box_y_px", "box_w_px", "box_h_px")),
        sa.Column("polygon_xy_px", sa.JSON(), nullable=False),
        _one_of("finding", "kind", ("gas_porosity", "shrinkage_porosity", "scratch", "orange_peel", "dull_patch")),
        _one_of("finding", "view", VIEWS),
        _one_of("finding", "light", LIGHTS),
        _one_of("finding", "zone", ("A", "B", "C")),
    )
    _part(
        "prong",
        _integer("place"),
        _number("angle_deg"),
        _text("state"),
        _text("reason"),
        *(_number(name, nullable=True) for name in ("length_mm", "bend_mm", "lift_mm")),
        _one_of("prong", "state", ("good", "missing", "bent", "short", "long", "lifted", "unsure")),
    )
    _part(
        "defect",
        *(_text(name) for name in ("kind", "check_name", "verdict", "reason")),
        _one_of("defect", "verdict", ("REVIEW", "FAIL")),
    )
    _index("defect", "kind")
    _part(
        "frame",
        *(_text(name) for name in ("view", "light", "sha256", "suffix")),
        _integer("width_px"),
        _integer("height_px"),
        _one_of("frame", "view", VIEWS),
        _one_of("frame", "light", LIGHTS),
    )
    _index("frame", "sha256")


def _rework() -> None:
    states = ("open", "taken", "done", "withdrawn")
    _part(
        "disposition",
        *(_text(name) for name in ("kind", "who", "reason")),
        _moment("decided_at"),
        _one_of("disposition", "kind", ("accept", "rework", "scrap", "concession")),
    )
    op.create_table(
        "rework_order",
        _id(),
        _integer("disposition"),
        _text("operation"),
        _text("bench"),
        _integer("priority"),
        sa.Column("due", sa.Date()),
        _text("state"),
        _key("rework_order"),
        _link("rework_order", "disposition", "disposition.id"),
        _one_of("rework_order", "state", states),
    )
    _index("rework_order", "disposition")
    _index("rework_order", "state", "bench")
    op.create_table(
        "rework_event",
        _id(),
        _integer("rework_order"),
        *(_text(name) for name in ("state", "who", "note")),
        _moment("at"),
        _key("rework_event"),
        _link("rework_event", "rework_order", "rework_order.id"),
        _one_of("rework_event", "state", states),
    )
    _index("rework_event", "rework_order")


def _part(table: str, *columns: sa.schema.SchemaItem) -> None:
    """A table whose rows belong to an inspection."""
    op.create_table(
        table,
        _id(),
        _integer("inspection"),
        *columns,
        _key(table),
        _link(table, "inspection", "inspection.id"),
    )
    _index(table, "inspection")


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer(), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[float]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=f"pk_{table}")


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
