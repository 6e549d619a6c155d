"""One stream of server-sent events: what happens in the records, told to every open page.

Each event's number is that of the act in the audit, so a page that lost its line goes on where it was and misses
nothing; that acts of other stations and of the command line are in it too costs one small query each half second.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from loupebox.api.access import COOKIE, Allowed
from loupebox.api.dependencies import Log
from loupebox.station.records.happenings import Happening
from loupebox.station.records.qc_log import QcLog

router = APIRouter(include_in_schema=False)

EVENT_STREAM = "text/event-stream"
LOOK_EVERY_S = 0.5
STILL_SIGNED_IN_EVERY_S = 10.0
OVERLAP = 20
"""On a server of the records two acts may become visible in another order than that of their numbers; so many are
looked at twice."""


class Live:
    """The streams of one application; ended before it stops, since it waits for whatever is still answered."""

    def __init__(self, log: QcLog) -> None:
        self._log = log
        self._ended = asyncio.Event()

    def end(self) -> None:
        """No stream goes on."""
        self._ended.set()

    async def events(self, after: int, session: str | None) -> AsyncIterator[str]:
        """Everything after this number, then what comes; until the session is over or the station stops."""
        yield f"retry: 1000\nid: {after}\nevent: ready\ndata: {{}}\n\n"
        told: set[int] | None = None
        waited_s = 0.0
        while not self._ended.is_set():
            acts = await run_in_threadpool(self._log.happenings.after, max(0, after - OVERLAP))
            told = {act.number for act in acts if act.number <= after} if told is None else told
            for act in acts:
                if act.number not in told:
                    after = max(after, act.number)
                    yield _event(act, after)
            told = {number for number in told | {act.number for act in acts} if number > after - OVERLAP}
            if waited_s >= STILL_SIGNED_IN_EVERY_S:
                waited_s = 0.0
                if session is not None and await run_in_threadpool(self._log.sessions.is_over, session):
                    yield "event: over\ndata: {}\n\n"
                    return
                yield ": still here\n\n"
            try:
                await asyncio.wait_for(self._ended.wait(), LOOK_EVERY_S)
            except TimeoutError:
                waited_s += LOOK_EVERY_S


@router.get("/live", dependencies=[Depends(Allowed("inspection.read"))])
async def live(
    request: Request,
    log: Log,
    after: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    last_event_id: Annotated[str | None, Header(max_length=20, pattern=r"^\d+$")] = None,
    session: Annotated[str | None, Cookie(alias=COOKIE)] = None,
) -> Response:
    """The stream; only for who can read one."""
    if EVENT_STREAM not in request.headers.get("accept", ""):
        raise HTTPException(406, f"This is a stream of events; ask for it with 'Accept: {EVENT_STREAM}'.")
    number = int(last_event_id) if last_event_id is not None else after
    if number is None:
        number = await run_in_threadpool(log.happenings.last)
    stream: Live = request.app.state.live
    return StreamingResponse(
        stream.events(number, session), media_type=EVENT_STREAM, headers={"X-Accel-Buffering": "no"}
    )


def _event(one: Happening, number: int) -> str:
    body = json.dumps({"action": one.action, "subject": one.subject}, ensure_ascii=False)
    return f"id: {number}\nevent: happened\ndata: {body}\n\n"
