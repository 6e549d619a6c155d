"""The language that a person chooses, kept in this browser."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from loupebox.api.access import Open
from loupebox.api.language import COOKIE
from loupebox.api.sign_in import HOME, local_path

router = APIRouter(include_in_schema=False, dependencies=[Depends(Open())])

YEAR_S = 365 * 24 * 3600


@router.post("/language")
def choose(
    request: Request,
    language: Annotated[Literal["en", "hi"], Form()],
    next: Annotated[str, Form(max_length=2000)] = HOME,
) -> Response:
    """Keep the choice and show the same page again."""
    answer = RedirectResponse(local_path(next), status_code=303)
    answer.set_cookie(
        COOKIE, language, max_age=YEAR_S, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer
