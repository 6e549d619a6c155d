"""People and their roles, and the audit, as pages."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Line, Log, Name, Number
from loupebox.api.pages import render
from loupebox.api.people import Manager
from loupebox.station.records.audit_list import AuditFilter
from loupebox.station.records.roles import PERMISSIONS, ROLES, Role

router = APIRouter(include_in_schema=False)

READS_AUDIT = Depends(Allowed("audit.read"))
ACTS = 60
"""On one page of the audit."""
Secret = Annotated[str, Form(max_length=200)]


@router.get("/people")
def people(request: Request, log: Log, who: Manager, retired: bool = False) -> Response:
    """Everybody with their roles; what each role may."""
    table = [(permission, [role in roles for role in ROLES]) for permission, roles in PERMISSIONS.items()]
    everybody = log.people.all(retired=retired)
    return render(request, "people.html", people=everybody, roles=ROLES, table=table, retired=retired)


@router.post("/people")
def add(
    log: Log,
    who: Manager,
    name: Annotated[Name, Form()],
    roles: Annotated[list[Role], Form(min_length=1, max_length=len(get_args(Role)))],
    pin: Secret = "",
    badge: Secret = "",
) -> Response:
    person = log.people.add(name, roles, who=who.name, pin=pin or None, badge=badge or None)
    return _to(person.id)


@router.post("/people/{number}/roles")
def set_roles(
    number: Number,
    log: Log,
    who: Manager,
    roles: Annotated[list[Role], Form(min_length=1, max_length=len(get_args(Role)))],
) -> Response:
    log.people.set_roles(number, roles, who=who.name)
    return _to(number)


@router.post("/people/{number}/secrets")
def set_secrets(number: Number, log: Log, who: Manager, pin: Secret = "", badge: Secret = "") -> Response:
    log.people.set_secrets(number, who=who.name, pin=pin or None, badge=badge or None)
    return _to(number)


@router.post("/people/{number}/unlock")
def unlock(number: Number, log: Log, who: Manager) -> Response:
    log.people.unlock(number, who=who.name)
    return _to(number)


@router.post("/people/{number}/retire")
def retire(number: Number, log: Log, who: Manager) -> Response:
    log.people.retire(number, who=who.name)
    return RedirectResponse("/people?retired=true", status_code=303)


@router.get("/audit", dependencies=[READS_AUDIT])
def audit(
    request: Request,
    log: Log,
    by: Annotated[Line, Query()] = "",
    action: Annotated[Line, Query()] = "",
    subject: Annotated[Line, Query()] = "",
    cursor: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    verify: bool = False,
) -> Response:
    """Who did what, the latest first; held against the record when asked to."""
    wanted = AuditFilter(who=by or None, action=action or None, subject=subject or None)
    acts, following = log.audit.acts(wanted, ACTS, cursor)
    return render(
        request,
        "audit.html",
        acts=acts,
        following=following,
        by=by,
        action=action,
        subject=subject,
        verified=log.audit.verify() if verify else None,
        heads=log.audit.heads(),
    )


def _to(number: int) -> Response:
    return RedirectResponse(f"/people#person-{number}", status_code=303)
