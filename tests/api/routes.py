"""Every route of the application, what it needs, and a request for it that changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from loupebox.api.access import Allowed, Open

NOT_OURS = {"/openapi.json", "/static"}
"""Served by the framework: the description of the interface, and the stylesheet; open to everybody."""
BEYOND = "2147483647"
"""A number that nothing has."""


@dataclass(frozen=True)
class Route:
    """A method of a path with the requirements that it declares."""

    method: str
    path: str
    needs: tuple[Allowed | Open, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def permissions(self) -> set[str]:
        return {need.permission for need in self.needs if isinstance(need, Allowed) and need.permission is not None}

    @property
    def is_open(self) -> bool:
        return bool(self.needs) and all(isinstance(need, Open) for need in self.needs)

    @property
    def address(self) -> str:
        """A path of this form where nothing is: numbers that no record has, names that nobody gave."""
        numbered = re.sub(r"\{(number|\w*id|\w*number)\}", BEYOND, self.path)
        hashed = re.sub(r"\{(checksum|sha256)\}", "0" * 64, numbered)
        return re.sub(r"\{[^}]*\}", "no-such-thing", hashed)


def routes(app: FastAPI) -> list[Route]:
    """Each method of each path, those that no document describes too."""
    found: list[Route] = []
    for context in iter_route_contexts(app.routes):
        dependant = getattr(context, "dependant", None)
        path = context.path or getattr(context.original_route, "path", "")
        if dependant is None:
            assert path in NOT_OURS, f"{path} is no route with dependencies: say in tests/api/routes.py who may use it"
            continue
        needs = tuple(_needs(dependant))
        found += [Route(method, path, needs) for method in sorted(context.methods or ())]
    return found


def _needs(dependant: Any) -> Iterator[Allowed | Open]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Allowed | Open):
            yield inner.call
        yield from _needs(inner)
