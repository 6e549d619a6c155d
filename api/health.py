"""Whether the station can serve, for a monitor."""

from __future__ import annotations

from datetime import date
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from loupebox.api.access import Open
from loupebox.api.dependencies import Log

router = APIRouter(tags=["station"], dependencies=[Depends(Open())])


class Health(BaseModel):
    """The record can be read; otherwise the answer is a problem with status 503."""

    status: Literal["ok"] = "ok"
    version: str
    latest_day: date | None


@router.get("/health")
def health(log: Log) -> Health:
    """Reads the record once."""
    return Health(version=version("loupebox"), latest_day=log.latest_day())
