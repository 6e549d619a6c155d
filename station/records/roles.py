"""Who may do what: one table from permissions to the roles that have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

Role = Literal["inspector", "bench", "lead", "engineer", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

PERMISSIONS: dict[str, tuple[Role, ...]] = {
    # What everybody on the floor sees.
    "inspection.read": ROLES,
    "frame.read": ROLES,
    "job.read": ROLES,
    "spec.read": ROLES,
    "rework.read": ROLES,
    "defect.read": ROLES,
    # What becomes of a piece.
    "inspection.record": ("inspector", "lead", "engineer"),
    "inspection.decide": ("inspector", "lead"),
    "label.add": ("inspector", "lead", "engineer"),
    "concession.grant": ("lead",),
    "rework.take": ("bench", "lead"),
    "rework.assign": ("lead",),
    "rework.again": ("lead",),
    "piece.receive": ("inspector", "lead"),
    # What pieces are made to, and from.
    "spec.draft": ("engineer",),
    "spec.approve": ("lead", "engineer"),
    "job.import": ("lead", "admin"),
    "picture.upload": ("lead", "engineer"),
    "job.move": ("inspector", "bench", "lead"),
    "job.weigh": ("inspector", "bench", "lead"),
    "job.close": ("inspector", "lead"),
    "piece.take_out": ("inspector", "lead"),
    "piece.say_source": ("inspector", "bench", "lead"),
    "hand_check.record": ("inspector", "lead"),
    "sampling.read": ROLES,
    "sampling.draw": ("inspector", "lead"),
    "sampling.manage": ("lead", "engineer"),
    # What the measurements rest on.
    "calibration.read": ROLES,
    "calibration.sign": ("engineer",),
    "startup.record": ("inspector", "lead", "engineer"),
    # The station itself.
    "audit.read": ("lead", "admin"),
    "people.manage": ("admin",),
    "token.manage": ("admin",),
    "event.manage": ("engineer", "admin"),
    "sync.read": ROLES,
    "sync.manage": ("lead", "engineer", "admin"),
}
"""A new permission is a new line here. A person with several roles has the permissions of all of them."""

PERSONS_ONLY = frozenset({"calibration.sign", "concession.grant", "spec.approve", "people.manage", "token.manage"})
"""What a program with a token can never be allowed: these acts are signed, or decide who may sign."""


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything that any of these roles may do."""
    held = set(roles)
    return frozenset(permission for permission, allowed in PERMISSIONS.items() if held.intersection(allowed))


def words_for(permission: str) -> str:
    """The roles that have a permission, as a sentence names them: "lead or admin"."""
    *first, last = PERMISSIONS[permission]
    return f"{', '.join(first)} or {last}" if first else last
