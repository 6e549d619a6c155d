"""Styles, for programs."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Key, Limit, Log, TextCursor, Wanted

router = APIRouter(prefix="/api/v1/styles", tags=["specs"], dependencies=[Depends(Allowed("spec.read"))])


class StyleOut(BaseModel):
    """A design that pieces are made to."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str | None = Field(description="null until it has a sheet")
    family: str | None
    jobs: int = Field(description="bags of it that are known")
    revisions: tuple[str, ...] = Field(description="of its approved sheets, the first first; /api/v1/specs has them")


class StylePage(BaseModel):
    """A part of the list; `next_cursor` asks for the part that follows, null is the end."""

    items: tuple[StyleOut, ...]
    next_cursor: str | None


@router.get("")
def styles(log: Log, family: Wanted = None, limit: Limit = 50, cursor: TextCursor = None) -> StylePage:
    """Styles by code."""
    found = log.styles.page(limit + 1, cursor, family)
    items = tuple(StyleOut.model_validate(style) for style in found[:limit])
    return StylePage(items=items, next_cursor=items[-1].code if len(found) > limit else None)


@router.get("/{style:path}")
def style(style: Key, log: Log) -> StyleOut:
    """One style."""
    return StyleOut.model_validate(log.styles.one(style))
