"""Hold the audit against itself and the evidence against the audit: what was altered, removed, added or reordered."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, func, select

from loupebox.station.records import every_table
from loupebox.station.records.adoption import ADOPTED, adopted, rows_by_number
from loupebox.station.records.audit import BEGINNING, heads, link_hash
from loupebox.station.records.audit_tables import AUDIT
from loupebox.station.records.columns import METADATA
from loupebox.station.records.evidence import DIGEST_DIGITS, Evidence, digest
from loupebox.station.records.inspection_tables import INSPECTION
from loupebox.station.records.production_tables import PIECE

LINKS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong: "link 57 of bench 1" or "measurement 1031 of inspection 52", and in which way."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where} {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """How much was held against each other, and what is wrong with it."""

    links: int
    rows: int
    heads: Mapping[str, tuple[int, str]]
    faults: tuple[Fault, ...]


@dataclass(slots=True)
class _Seen:
    """What has been met so far."""

    chains: dict[str, tuple[int, str]] = field(default_factory=dict)
    keys: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    link: dict[str, str] = field(default_factory=dict)
    adopted: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def verify(
    connection: Connection,
    *,
    kept_heads: Mapping[str, tuple[int, str]] | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Verified:
    """Everything, in one look at the database. `kept_heads` are heads noted earlier, somewhere else.

    `progress` is told how many links are done, and of how many.
    """
    seen, faults = _Seen(), list[Fault]()
    of = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
    done = 0
    for links in _pages(connection):
        faults += _chains(connection, links, seen)
        faults += _evidence(connection, links, seen)
        faults += _pieces(connection, links)
        done += len(links)
        progress(done, of)
    faults += _ends(heads(connection), seen)
    faults += _kept(connection, kept_heads or {})
    faults += _unknown(connection, seen)
    return Verified(done, sum(seen.rows.values()), seen.chains, tuple(faults))


def _pages(connection: Connection) -> Iterator[list[Row[Any]]]:
    page: list[Row[Any]] = []
    for link in rows_by_number(connection, AUDIT):
        page.append(link)
        if len(page) == LINKS_AT_ONCE:
            yield page
            page = []
    if page:
        yield page


def _chains(connection: Connection, links: Sequence[Row[Any]], seen: _Seen) -> Iterator[Fault]:
    for link in links:
        number, before = seen.chains.get(link.chain, (0, BEGINNING))
        where = f"link {link.number} of {link.chain}"
        if link.number <= number:
            yield Fault(where, f"is out of order: it comes after link {number}")
        elif link.number > number + 1:
            missing = f"link {number + 1}" if link.number == number + 2 else f"links {number + 1} to {link.number - 1}"
            yield Fault(f"{missing} of {link.chain}", "missing")
        elif link.previous != before:
            yield Fault(where, f"does not continue link {number}: one of the two was altered")
        if link.hash != link_hash(dict(link._mapping)):
            yield Fault(where, f"was altered ({link.who}, {link.action}, {link.subject})")
        if link.number > number:
            seen.chains[link.chain] = (link.number, link.hash)
        for chain, (anchored, hashed) in _json(link.anchors, {}).items():
            if hashed != _hash(connection, chain, anchored):
                yield Fault(f"link {anchored} of {chain}", f"is not the one that {where} saw: altered or removed")


def _hash(connection: Connection, chain: str, number: int) -> str | None:
    query = select(AUDIT.c.hash).where(AUDIT.c.chain == chain, AUDIT.c.number == number)
    return connection.execute(query).scalar_one_or_none()


def _evidence(connection: Connection, links: Iterable[Row[Any]], seen: _Seen) -> Iterator[Fault]:
    entries = [Evidence(*entry) for link in links for entry in _json(link.evidence, [])]
    entries.sort(key=lambda entry: (entry.table, entry.by))
    for (name, by), group in groupby(entries, key=lambda entry: (entry.table, entry.by)):
        table, recorded = METADATA.tables.get(name), list(group)
        if table is None or (by not in table.c and by != ADOPTED):
            yield Fault(name, "is in the audit, and this version knows no such table or column")
        elif by == ADOPTED:
            yield from _adopted(connection, recorded, seen)
        else:
            seen.link[name] = by
            seen.keys[name].update(entry.key for entry in recorded)
            yield from _rows(connection, name, by, recorded, seen)


def _adopted(connection: Connection, recorded: Iterable[Evidence], seen: _Seen) -> Iterator[Fault]:
    for entry in recorded:
        seen.adopted[entry.table] = entry.key
        if adopted(connection, METADATA.tables[entry.table], entry.key).digests != entry.digests:
            yield Fault(
                f"{entry.table} 1 to {entry.key}, recorded before there was an audit,",
                "are not what they were when the audit began: altered, removed or added to",
            )


def _rows(connection: Connection, name: str, by: str, recorded: Sequence[Evidence], seen: _Seen) -> Iterator[Fault]:
    table = METADATA.tables[name]
    column = table.c[by]
    query = select(table).where(column.in_({entry.key for entry in recorded})).order_by(table.c.id)
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in connection.execute(query):
        found[row._mapping[by]].append((row.id, digest(table, dict(row._mapping))))
        seen.rows[name] += 1
    for entry in recorded:
        there = found[entry.key]
        if "".join(of_row for _, of_row in there) != entry.digests:
            yield from _differences(entry, there)


def _differences(entry: Evidence, there: Sequence[tuple[int, str]]) -> Iterator[Fault]:
    """Which rows differ. Those of a whole are told apart by their digests, whatever their numbers."""
    if entry.by == "id":
        yield Fault(f"{entry.table} {entry.key}", "was altered" if there else "missing")
        return
    whole = f" of {entry.by} {entry.key}"
    at = range(0, len(entry.digests), DIGEST_DIGITS)
    left = [entry.digests[k : k + DIGEST_DIGITS] for k in at]
    strange: list[int] = []
    for number, of_row in there:
        if of_row in left:
            left.remove(of_row)
        else:
            strange.append(number)
    altered, added = strange[: len(left)], strange[len(left) :]
    for number in altered:
        yield Fault(f"{entry.table} {number}{whole}", "was altered")
    for number in added:
        yield Fault(f"{entry.table} {number}{whole}", "was added afterwards")
    if gone := len(left) - len(altered):
        yield Fault(f"{gone} of {entry.rows} rows in {entry.table}{whole}", "missing")
    if not strange and not left:
        yield Fault(f"{entry.table}{whole}", "are in another order")


def _pieces(connection: Connection, links: Iterable[Row[Any]]) -> Iterator[Fault]:
    """Pieces are no evidence by themselves, but an inspection must stay with the one that it was of."""
    said = {link.subject: _json(link.details, {}) for link in links if link.action == "inspection.recorded"}
    numbers = [int(subject.removeprefix("inspection ")) for subject in said if subject.split()[-1].isdecimal()]
    query = select(INSPECTION.c.id, PIECE.c.serial, PIECE.c.job).join(PIECE, INSPECTION.c.piece == PIECE.c.id)
    for row in connection.execute(query.where(INSPECTION.c.id.in_(numbers))):
        of = said[f"inspection {row.id}"]
        was, now = (of.get("piece"), of.get("job")), (row.serial, row.job)
        if was != now:
            yield Fault(
                f"inspection {row.id}",
                f"is of piece {now[0]} in job {now[1]}; recorded was piece {was[0]} in job {was[1]}",
            )


def _ends(known: Mapping[str, tuple[int, str]], seen: _Seen) -> Iterator[Fault]:
    for chain in sorted(known.keys() | seen.chains.keys()):
        last, head = seen.chains.get(chain, (0, BEGINNING)), known.get(chain)
        if head is None:
            yield Fault(f"the head of {chain}", "missing")
        elif head[0] > last[0]:
            first = f"link {head[0]}" if head[0] == last[0] + 1 else f"links {last[0] + 1} to {head[0]}"
            yield Fault(f"{first} of {chain}", "missing: the chain was cut off")
        elif head != last:
            yield Fault(f"the head of {chain}", f"was altered: it is at {head[0]}, the last link is {last[0]}")


def _kept(connection: Connection, kept: Mapping[str, tuple[int, str]]) -> Iterator[Fault]:
    for chain, (number, hashed) in kept.items():
        if number and _hash(connection, chain, number) != hashed:
            yield Fault(f"link {number} of {chain}", "is not the one whose hash was kept: altered or removed since")


def _unknown(connection: Connection, seen: _Seen) -> Iterator[Fault]:
    """Evidence that nobody audited: more rows are there than the audit speaks of."""
    for table in every_table.evidence():
        if table is AUDIT:
            continue
        new = table.c.id > seen.adopted[table.name]
        if connection.execute(select(func.count()).where(new)).scalar_one() == seen.rows[table.name]:
            continue
        by = seen.link.get(table.name, "id")
        for number, key in connection.execute(select(table.c.id, table.c[by]).where(new).order_by(table.c.id)):
            if key not in seen.keys[table.name]:
                yield Fault(f"{table.name} {number}", "is not in the audit: added behind its back")


def _json(text: str, otherwise: Any) -> Any:
    """What a link says; a link that says nonsense was altered, and its hash tells."""
    try:
        found = json.loads(text)
    except ValueError:
        return otherwise
    return found if isinstance(found, type(otherwise)) else otherwise
