"""What is made: drafts and approvals of spec sheets, what happens to a bag, hand checks, sampling."""

import sqlalchemy as sa
from alembic import op

from loupebox.station.records.migrations.only_grows import only_grows

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Words as they were at this revision; a later migration widens a list by itself.
STAGES = ("wax", "casting", "setting", "polishing", "plating", "final", "returned")
SOURCES = ("caster", "alloy", "flask", "setter", "polisher", "tree", "mould", "machine")


def upgrade() -> None:
    """Create the tables, all of which only grow, and three more sources of a bag."""
    for name in ("tree", "mould", "machine"):
        op.add_column("job", sa.Column(name, sa.String(), nullable=True))
    _sheets()
    _bags()
    _sampling()


def _sheets() -> None:
    _evidence(
        "spec_draft",
        _text("style"),
        _text("revision"),
        _integer("version"),
        *(_text(name) for name in ("text", "sha256", "drafted_by")),
        _moment("drafted_at"),
        _link("spec_draft", "style", "style.code"),
        _unique("spec_draft", "style", "revision", "version"),
    )
    _evidence(
        "spec_approval",
        _integer("spec_revision"),
        _integer("spec_draft"),
        _text("approved_by"),
        _moment("approved_at"),
        _link("spec_approval", "spec_revision", "spec_revision.id"),
        _link("spec_approval", "spec_draft", "spec_draft.id"),
        _unique("spec_approval", "spec_revision"),
        index=("spec_draft",),
    )
    _evidence(
        "picture",
        *(_text(name) for name in ("sha256", "suffix")),
        *(_integer(name) for name in ("width_px", "height_px")),
        *(_text(name) for name in ("note", "uploaded_by")),
        _moment("uploaded_at"),
        _unique("picture", "sha256"),
    )
    _evidence(
        "spec_photograph",
        _integer("spec_revision"),
        _text("sha256"),
        _text("suffix"),
        _link("spec_photograph", "spec_revision", "spec_revision.id"),
        _unique("spec_photograph", "spec_revision", "sha256"),
        index=("sha256",),
    )


def _bags() -> None:
    _evidence(
        "piece_source",
        _integer("piece"),
        *(_text(name) for name in ("source", "name", "who")),
        _moment("at"),
        _link("piece_source", "piece", "piece.id"),
        _one_of("piece_source", "source", SOURCES),
        index=("piece",),
    )
    _evidence(
        "job_move",
        _text("job"),
        _integer("number"),
        _text("from_stage", nullable=True),
        _text("to_stage"),
        _integer("pieces"),
        *(_text(name) for name in ("who", "note")),
        _moment("at"),
        _link("job_move", "job", "job.id"),
        _unique("job_move", "job", "number"),
        _one_of("job_move", "from_stage", STAGES),
        _one_of("job_move", "to_stage", STAGES),
    )
    _evidence(
        "job_weighing",
        *(_text(name) for name in ("job", "stage", "direction")),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("weight_g", "added_g", "returned_g")),
        _integer("pieces"),
        _text("who"),
        _moment("at"),
        _link("job_weighing", "job", "job.id"),
        _one_of("job_weighing", "stage", STAGES),
        _one_of("job_weighing", "direction", ("in", "out")),
        index=("job",),
    )
    _evidence(
        "piece_exit",
        _integer("piece"),
        _text("kind"),
        _text("to_job", nullable=True),
        *(_text(name) for name in ("reason", "who")),
        _moment("at"),
        _link("piece_exit", "piece", "piece.id"),
        _link("piece_exit", "to_job", "job.id"),
        _unique("piece_exit", "piece"),
        _one_of("piece_exit", "kind", ("moved", "lost")),
        index=("to_job",),
    )
    _evidence(
        "job_closing",
        _text("job"),
        sa.Column("counts", sa.JSON(), nullable=False),
        _text("who"),
        _moment("at"),
        _link("job_closing", "job", "job.id"),
        _unique("job_closing", "job"),
    )
    _evidence(
        "hand_check",
        _integer("piece"),
        *(_text(name) for name in ("name", "outcome", "note", "who")),
        _moment("at"),
        _link("hand_check", "piece", "piece.id"),
        _one_of("hand_check", "outcome", ("ok", "not ok")),
        index=("piece", "name"),
    )


def _sampling() -> None:
    _evidence(
        "sampling_scheme",
        *(_text(name) for name in ("name", "level")),
        sa.Column("aql_percent", sa.Float(), nullable=False),
        _text("who"),
        _moment("at"),
        _unique("sampling_scheme", "name"),
        _one_of("sampling_scheme", "level", ("S-1", "S-2", "S-3", "S-4", "I", "II", "III")),
    )
    _evidence(
        "sampling_lot",
        *(_integer(name) for name in ("scheme", "number")),
        _text("job"),
        _integer("lot_size"),
        *(_text(name) for name in ("severity", "letter")),
        *(_integer(name) for name in ("sample_size", "accept")),
        _text("seed"),
        sa.Column("sample", sa.JSON(), nullable=False),
        _text("who"),
        _moment("at"),
        _link("sampling_lot", "scheme", "sampling_scheme.id"),
        _link("sampling_lot", "job", "job.id"),
        _unique("sampling_lot", "scheme", "number"),
        _unique("sampling_lot", "job"),
        _one_of("sampling_lot", "severity", ("normal", "tightened", "reduced")),
    )
    _evidence(
        "sampling_event",
        *(_integer(name) for name in ("scheme", "number")),
        _text("kind"),
        *(_integer(name, nullable=True) for name in ("lot", "nonconforming")),
        *(_text(name) for name in ("reason", "who")),
        _moment("at"),
        _link("sampling_event", "scheme", "sampling_scheme.id"),
        _link("sampling_event", "lot", "sampling_lot.id"),
        _unique("sampling_event", "scheme", "number"),
        _unique("sampling_event", "lot"),
        _one_of("sampling_event", "kind", ("judged", "withdrawn", "steady", "unsteady", "resumed")),
    )


def _evidence(table: str, *columns: sa.schema.SchemaItem, index: tuple[str, ...] = ()) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.Integer(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    for column in index:
        op.create_index(f"ix_{table}_{column}", table, [column])
    only_grows(table)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _link(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def _one_of(table: str, column: str, words: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))
