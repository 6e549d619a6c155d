"""Append to the audit: who did what to which thing, chained by hashes so that no change stays unseen.

Every station continues a chain of its own, so that several can commit to one server at the same time. A chain cannot
know by itself that its last links were cut off: `audit_head` remembers them, the evidence that they recorded is left
without them, and the other chains anchor it: every `ANCHOR_EVERY` links a chain notes how far the others were.
Whoever can rewrite the whole database can still rewrite all of that; against it only a copy of the heads helps that
is kept elsewhere (`loupebox audit heads`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, select, update

from loupebox.station.records.audit_tables import AUDIT, AUDIT_HEAD
from loupebox.station.records.columns import ensure
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.evidence import Evidence, canonical, evidence_of

ANCHOR_EVERY = 16
BEGINNING = "0" * 64
"""What the first link of a chain continues."""

_THIS_CHAIN = AUDIT_HEAD.c.chain == bindparam("chain_")
_HEAD = select(AUDIT_HEAD.c.number, AUDIT_HEAD.c.hash).where(_THIS_CHAIN).with_for_update()
_MOVE_HEAD = update(AUDIT_HEAD).where(_THIS_CHAIN)
_ADD_LINKS = insert(AUDIT)

JSON = None | bool | int | float | str | list["JSON"] | Mapping[str, "JSON"]


@dataclass(frozen=True, slots=True)
class Act:
    """A change that waits for its link; `details` and `evidence` as the JSON that is kept."""

    at: datetime
    who: str
    action: str
    subject: str
    details: str
    evidence: str


def append_audit(
    connection: Connection, *, who: str, action: str, subject: str, details: Mapping[str, JSON], at: datetime
) -> None:
    """Say who did what ("rework.taken") to which thing ("rework order 7"), inside the transaction that does it.

    Evidence added before it in the same transaction is its evidence. The link is made last of all, just before the
    commit: until then no other writer of the chain has to wait.
    """
    for name, value in (("who", who), ("action", action), ("subject", subject)):
        if not value.strip():
            raise NotAllowed(f"an entry of the audit has an empty {name} ({action} {subject}); it needs one")
    options = connection.get_execution_options()
    if "acts" not in options:
        raise RuntimeError(f"{action} {subject} is audited outside of a transaction of the log")
    try:
        written = canonical(dict(details))
    except (TypeError, ValueError) as error:
        raise NotAllowed(f"the details of {action} {subject} are not JSON: {error}") from error
    options["acts"].append(Act(at.astimezone(UTC), who, action, subject, written, _evidence(options["evidence"])))


def seal(connection: Connection) -> None:
    """Make the links for all that this transaction did; nothing may be written after it."""
    options = connection.get_execution_options()
    acts: list[Act] = options["acts"]
    if options["evidence"]:
        raise RuntimeError(f"evidence was added to {options['evidence'][0][0]} and no audit says by whom")
    if not acts:
        return
    chain: str = options["chain"]
    number, previous = _head(connection, chain)
    rows: list[dict[str, Any]] = []
    for act in acts:
        number += 1
        anchors = _anchors(connection, chain) if number % ANCHOR_EVERY == 1 else "{}"
        row = {"chain": chain, "number": number, **asdict(act), "anchors": anchors, "previous": previous}
        previous = link_hash(row)
        rows.append({**row, "hash": previous})
    connection.execute(_ADD_LINKS, rows)
    connection.execute(_MOVE_HEAD, {"chain_": chain, "number": number, "hash": previous})
    acts.clear()


def link_hash(row: Mapping[str, Any]) -> str:
    """SHA-256 over everything that a link says, and over the link before it."""
    said = [
        row["chain"],
        row["number"],
        row["at"].astimezone(UTC).isoformat(timespec="microseconds"),
        *(row[name] for name in ("who", "action", "subject", "details", "evidence", "anchors", "previous")),
    ]
    return sha256(canonical(said).encode()).hexdigest()


def heads(connection: Connection) -> dict[str, tuple[int, str]]:
    """Number and hash of each chain's last link."""
    return {row.chain: (row.number, row.hash) for row in connection.execute(select(AUDIT_HEAD))}


def _head(connection: Connection, chain: str) -> tuple[int, str]:
    """The link to continue, held against other writers of this chain until the commit."""
    found = connection.execute(_HEAD, {"chain_": chain}).one_or_none()
    if found is None:
        ensure(connection, AUDIT_HEAD, chain=chain, number=0, hash=BEGINNING)
        found = connection.execute(_HEAD, {"chain_": chain}).one()
    return found.number, found.hash


def _anchors(connection: Connection, chain: str) -> str:
    return canonical({name: list(head) for name, head in heads(connection).items() if name != chain and head[0]})


def _evidence(noted: list[Evidence | tuple[Table, str, int, Sequence[Mapping[str, Any]]]]) -> str:
    """Digests of what was added since the last act, as JSON: table, column, key, digests in order."""
    found = [added if isinstance(added, Evidence) else evidence_of(*added) for added in noted]
    noted.clear()
    return canonical([[e.table, e.by, e.key, e.digests] for e in found])
