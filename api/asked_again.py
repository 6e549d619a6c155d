"""A change that a program asks for again, since it did not hear the answer, is done once: by its Idempotency-Key."""

from __future__ import annotations

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from loupebox.api.problem import Problem, domain_problem, respond
from loupebox.station.records.errors import NotAllowed, RecordsError
from loupebox.station.records.one_change import AskedBefore, OneChange, StoredAnswer, joined
from loupebox.station.records.person import Actor, Person
from loupebox.station.records.qc_log import QcLog

HEADER = "Idempotency-Key"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOT_KEPT = frozenset({401, 403, 429})
"""Who was not let in may be later; asking again is then another question."""
CHANGES_AT_ONCE = 8
"""Changes wait for each other in the database anyway. Were there as many as there are threads for routes, all of them
could wait for the one that needs a thread to get on."""


class AskedAgain(Exception):
    """The answer is known already."""

    def __init__(self, answer: StoredAnswer) -> None:
        super().__init__()
        self.answer = answer


class AnsweredOnce:
    """ASGI middleware: few changes at a time; what a keyed one writes and is answered is kept together or not."""

    def __init__(self, app: ASGIApp, log: QcLog, streamed: frozenset[str] = frozenset()) -> None:
        """`streamed` are the addresses whose bodies are too large to be held; they see to their keys themselves."""
        self.app = app
        self.streamed = streamed
        self.log = log
        self.changing = CapacityLimiter(CHANGES_AT_ONCE)
        self.finishing = CapacityLimiter(CHANGES_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS or scope["path"] in self.streamed:
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)  # first, so that whoever sends slowly keeps nobody waiting

        told = False

        async def heard() -> Message:
            nonlocal told
            if told:
                return await receive()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        key = Headers(scope=scope).get(HEADER)
        async with self.changing:
            if key is None:
                await self.app(scope, heard, send)
            else:
                await self._once(key, body, scope, heard, send)

    async def _once(self, key: str, body: bytes, scope: Scope, heard: Receive, send: Send) -> None:
        asked = b"\0".join((scope["method"].encode(), scope["raw_path"], scope["query_string"], body))
        try:
            change = self.log.one_change(key, asked)
        except NotAllowed as error:
            await respond(scope, Problem(422, "Not accepted", str(error)))(scope, heard, send)
            return
        scope.setdefault("state", {})["change"] = change
        said: list[Message] = []

        async def keep(message: Message) -> None:
            said.append(message)

        try:
            with joined(change):
                await self.app(scope, heard, keep)
            answer = _answer(said)
            secret = scope["state"].get("told_once", False)
            if answer.status >= 500:
                await run_sync(change.undo, limiter=self.finishing)
            else:
                kept = None if answer.status in NOT_KEPT else answer
                await run_sync(lambda: change.finish(kept, secret=secret), limiter=self.finishing)
        except RecordsError as error:
            change.undo()
            await domain_problem(Request(scope), error)(scope, heard, send)
            return
        except BaseException:
            change.undo()
            raise
        for message in said:
            await send(message)


async def count_from_here(request: Request, who: Actor) -> None:
    """Whoever asks may: from here on the request counts, and one that was answered before gets the same answer."""
    change: OneChange | None = getattr(request.state, "change", None)
    if change is None:
        return
    holder = f"{'person' if isinstance(who, Person) else 'token'} {who.id}"
    answer = await run_in_threadpool(change.arm, holder)
    if answer is not None:
        raise AskedAgain(answer)


def answered(request: Request, error: Exception) -> Response:
    """The answer that was given before; for a twin that came at the same time, the one that the first just got."""
    if isinstance(error, AskedBefore):
        change: OneChange = request.state.change
        answer = change.stored()
        assert answer is not None  # it was there a moment ago, and stays for a week
    else:
        assert isinstance(error, AskedAgain)
        answer = error.answer
    headers = {"Idempotent-Replayed": "true"} | ({"Location": answer.location} if answer.location else {})
    return Response(answer.body, answer.status, headers, media_type=answer.media_type)


def _answer(said: list[Message]) -> StoredAnswer:
    headers = Headers(raw=said[0]["headers"])
    body = b"".join(message.get("body", b"") for message in said[1:])
    return StoredAnswer(said[0]["status"], headers.get("content-type", ""), headers.get("location"), body)


async def _whole(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
