"""People, for programs and for the page of those who manage them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Log, Name, Number
from loupebox.station.records.person import Actor
from loupebox.station.records.roles import PERMISSIONS, Role

router = APIRouter(prefix="/api/v1", tags=["people"])

Manager = Annotated[Actor, Depends(Allowed("people.manage"))]


class PersonOut(BaseModel):
    """A person; badge and PIN are never told."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    roles: tuple[Role, ...]
    demo: bool = Field(description="made for the demo; a real station never lets such a person in")
    has_badge: bool
    has_pin: bool
    retired_at: datetime | None


class PersonPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[PersonOut, ...]
    next_cursor: int | None


class Secrets(BaseModel):
    """A PIN of 6 to 12 digits, the code on a badge, or both."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    pin: str | None = Field(default=None, max_length=64)
    badge: str | None = Field(default=None, max_length=200)


class NewPerson(Secrets):
    """Somebody new, with a PIN, a badge, or both."""

    name: Name
    roles: tuple[Role, ...] = Field(min_length=1, max_length=10)


class Roles(BaseModel):
    """All the roles that the person has from now on."""

    model_config = ConfigDict(extra="forbid")

    roles: tuple[Role, ...] = Field(min_length=1, max_length=10)


class PermissionOut(BaseModel):
    """A permission and the roles that have it."""

    permission: str
    roles: tuple[Role, ...]


@router.get("/permissions", dependencies=[Depends(Allowed())])
def permissions() -> list[PermissionOut]:
    """Every permission with the roles that have it: the whole table."""
    return [PermissionOut(permission=permission, roles=roles) for permission, roles in PERMISSIONS.items()]


@router.get("/people")
def people(
    who: Manager,
    log: Log,
    limit: Limit = 50,
    cursor: Cursor = None,
    retired: Annotated[bool, Query(description="those who retired too")] = False,
) -> PersonPage:
    """Everybody, the last added first."""
    found = log.people.page(limit + 1, cursor, retired=retired)
    items = tuple(PersonOut.model_validate(person) for person in found[:limit])
    return PersonPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.post("/people", status_code=201)
def add(who: Manager, body: NewPerson, log: Log) -> PersonOut:
    """Add a person; 409 when there is or was one of that name."""
    person = log.people.add(body.name, body.roles, who=who.name, pin=body.pin, badge=body.badge)
    return PersonOut.model_validate(person)


@router.get("/people/{number}")
def person(number: Number, who: Manager, log: Log) -> PersonOut:
    """One person, retired or not."""
    return PersonOut.model_validate(log.people.one(number))


@router.put("/people/{number}/roles")
def set_roles(number: Number, who: Manager, body: Roles, log: Log) -> PersonOut:
    """Give a person these roles and no others, from the next request on."""
    return PersonOut.model_validate(log.people.set_roles(number, body.roles, who=who.name))


@router.put("/people/{number}/secrets")
def set_secrets(number: Number, who: Manager, body: Secrets, log: Log) -> PersonOut:
    """Give a person another PIN or badge; the person's sessions end."""
    return PersonOut.model_validate(log.people.set_secrets(number, who=who.name, pin=body.pin, badge=body.badge))


@router.post("/people/{number}/retire")
def retire(number: Number, who: Manager, log: Log) -> PersonOut:
    """No longer let a person in; nothing that the person did is forgotten."""
    return PersonOut.model_validate(log.people.retire(number, who=who.name))


@router.post("/people/{number}/unlock")
def unlock(number: Number, who: Manager, log: Log) -> PersonOut:
    """Lift the lock that wrong tries brought, of the person and of every place."""
    return PersonOut.model_validate(log.people.unlock(number, who=who.name))
