"""People, what they sign in with, their sessions, and the tokens of programs."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REFUSED = "people are never deleted, only retired"


def upgrade() -> None:
    """People are never deleted: the record knows them by their names."""
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "name_key")),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("demo", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("pin_hash", "badge_digest")),
        _moment("added_at"),
        _moment("retired_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("name_key", name="uq_person_name_key"),
        sa.UniqueConstraint("badge_digest", name="uq_person_badge_digest"),
    )
    _never_deleted()
    op.create_table(
        "badge_hash",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("passes", "memory_kib")),
        sa.PrimaryKeyConstraint("id", name="pk_badge_hash"),
    )
    op.create_table(
        "wrong_try",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        _moment("last_at"),
        _moment("locked_until", nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_wrong_try"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("person", sa.Integer(), nullable=False),
        *(_moment(name) for name in ("started_at", "seen_at")),
        _moment("ended_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("digest", name="uq_session_digest"),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_session_person"),
    )
    op.create_index("ix_session_person", "session", ["person"])
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "name_key", "digest")),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        *(_moment(name) for name in ("made_at", "expires_at")),
        *(_moment(name, nullable=True) for name in ("revoked_at", "last_used_at")),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        *(sa.UniqueConstraint(name, name=f"uq_api_token_{name}") for name in ("name_key", "digest")),
    )


def _never_deleted() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER person_no_delete BEFORE DELETE ON person BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION loupebox_no_person_deleted() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER person_no_delete BEFORE DELETE OR TRUNCATE ON person "
        "FOR EACH STATEMENT EXECUTE FUNCTION loupebox_no_person_deleted()"
    )


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
