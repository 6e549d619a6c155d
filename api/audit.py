"""Who did what, and whether the record is still what was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from threading import Lock
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Log, Wanted
from loupebox.station.records.audit_list import AuditFilter
from loupebox.station.records.errors import Conflict

router = APIRouter(prefix="/api/v1/audit", tags=["audit"], dependencies=[Depends(Allowed("audit.read"))])

MOST_FAULTS = 1000
_VERIFYING = Lock()
"""It reads everything: one at a time."""
Since = Annotated[AwareDatetime | None, Query(description="not before this moment")]
Until = Annotated[AwareDatetime | None, Query(description="before this moment")]


class ActOut(BaseModel):
    """One act, with its place in its station's chain."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    who: str
    action: str = Field(description='noun.verb, "rework.taken"')
    subject: str
    details: Mapping[str, Any]
    chain: str
    number: int = Field(description="in its chain")
    hash: str = Field(description="SHA-256 over this link and the one before it")


class ActPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[ActOut, ...]
    next_cursor: int | None


class HeadOut(BaseModel):
    """The last link of a chain; kept on another machine it proves later that nothing was cut off or written anew."""

    chain: str
    number: int
    hash: str


class FaultOut(BaseModel):
    """What was altered, removed, added or reordered."""

    model_config = ConfigDict(from_attributes=True)

    where: str
    what: str


class VerifiedOut(BaseModel):
    """How much was held against each other, and what is wrong with it."""

    links: int
    rows: int = Field(description="of evidence")
    heads: tuple[HeadOut, ...]
    faults: tuple[FaultOut, ...] = Field(description=f"the first {MOST_FAULTS}")
    faults_in_all: int


@router.get("")
def acts(
    log: Log,
    who: Wanted = None,
    action: Annotated[Wanted, Query(description='"rework.taken"; "rework." is all of that kind')] = None,
    subject: Wanted = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ActPage:
    """Who did what, the latest first."""
    found, following = log.audit.acts(AuditFilter(who, action, subject, since, until), limit, cursor)
    return ActPage(items=tuple(ActOut.model_validate(act) for act in found), next_cursor=following)


@router.get("/heads")
def heads(log: Log) -> tuple[HeadOut, ...]:
    """The last link of each chain, by chain."""
    return tuple(_heads(log.audit.heads()))


@router.get("/verification")
def verification(log: Log) -> VerifiedOut:
    """Hold everything against each other: every altered, missing, added or reordered row is named.

    Of a large record that takes minutes; `loupebox audit verify` shows how far it is.
    """
    if not _VERIFYING.acquire(blocking=False):
        raise Conflict("the record is being verified just now; ask again when that is done")
    try:
        found = log.audit.verify()
    finally:
        _VERIFYING.release()
    return VerifiedOut(
        links=found.links,
        rows=found.rows,
        heads=tuple(_heads(found.heads)),
        faults=tuple(FaultOut.model_validate(fault) for fault in found.faults[:MOST_FAULTS]),
        faults_in_all=len(found.faults),
    )


def _heads(heads: Mapping[str, tuple[int, str]]) -> list[HeadOut]:
    return [HeadOut(chain=chain, number=number, hash=hashed) for chain, (number, hashed) in sorted(heads.items())]
