"""API tokens: made, listed and revoked by people; a token's secret is told once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Cursor, Limit, Log, Name, Number
from loupebox.station.records.api_tokens import LONGEST_DAYS
from loupebox.station.records.person import Actor

router = APIRouter(prefix="/api/v1/tokens", tags=["people"])

Manager = Annotated[Actor, Depends(Allowed("token.manage"))]


class Token(BaseModel):
    """A token without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    scopes: tuple[str, ...]
    made_by: str
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class MadeToken(BaseModel):
    """A new token; the secret is told now and never again."""

    token: Token
    secret: str = Field(description="send it in the header 'Authorization: Bearer ...'")


class TokenPage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[Token, ...]
    next_cursor: int | None


class NewToken(BaseModel):
    """What the token may do, and for how long."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    scopes: tuple[Name, ...] = Field(min_length=1, max_length=50, description="permissions")
    days: int = Field(ge=1, le=LONGEST_DAYS)


@router.get("")
def tokens(who: Manager, log: Log, limit: Limit = 50, cursor: Cursor = None) -> TokenPage:
    """All tokens ever made, the newest first."""
    found = log.tokens.page(limit + 1, cursor)
    items = tuple(Token.model_validate(token) for token in found[:limit])
    return TokenPage(items=items, next_cursor=items[-1].id if len(found) > limit else None)


@router.post("", status_code=201)
def add(request: Request, who: Manager, body: NewToken, log: Log) -> MadeToken:
    """Make a token for a program."""
    request.state.told_once = True  # not even for the same Idempotency-Key is the secret kept
    token, secret = log.tokens.add(body.name, body.scopes, body.days, who=who.name)
    return MadeToken(token=Token.model_validate(token), secret=secret)


@router.post("/{number}/revoke")
def revoke(number: Number, who: Manager, log: Log) -> Token:
    """End a token now."""
    return Token.model_validate(log.tokens.revoke(number, who=who.name))
