"""The application: pages for people, REST for programs, over the log of one station."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from importlib.metadata import version

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from loupebox.api import (
    admin_pages,
    audit,
    bench,
    board,
    calibration,
    captures,
    concessions,
    defects,
    documentation,
    engineer_pages,
    exports,
    frames,
    hand_checks,
    health,
    inspections,
    jobs,
    labels,
    language_choice,
    live,
    people,
    pictures,
    piece_history,
    pieces,
    problem,
    returns,
    rework,
    rework_changes,
    sampling,
    sheet_pages,
    sign_in,
    specs,
    startup,
    station,
    styles,
    subscribers,
    sync,
    tiles,
    tokens,
)
from loupebox.api.access import signed_in
from loupebox.api.asked_again import AnsweredOnce, AskedAgain, answered
from loupebox.api.documentation import describe
from loupebox.api.language import Spoken
from loupebox.api.pages import STATIC
from loupebox.api.security import Guard
from loupebox.station.event_delivery import delivering
from loupebox.station.forwarding import StandingForwarder
from loupebox.station.records.one_change import AskedBefore
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings
from loupebox.station.stand import Stand
from loupebox.station.station_desk import has_server, outbox_of
from loupebox.station.station_log import open_store

DESCRIPTION = (
    "Inspections, decisions, rework orders and defect counts of one Loupebox station. Whatever is recorded stays: "
    "changes are new entries. Lists come newest first, with a cursor for the part that follows."
)


def create_app(settings: Settings, *, demo: bool = False) -> FastAPI:
    """An application on the records that the settings name; raises RecordsError when these cannot be used.

    A demo lets the people in who were made for it.
    """
    rules = replace(settings.sign_in_rules, demo=demo)
    log = QcLog.open(settings.database_location, open_store(settings), rules)

    forwarder = StandingForwarder(outbox_of(settings), log) if has_server(settings) else None

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with delivering(log.subscribers, time.time), forwarder.running() if forwarder else nullcontext():
            yield
        log.close()

    app = FastAPI(
        title="Loupebox",
        description=DESCRIPTION,
        version=version("loupebox"),
        lifespan=lifespan,
        default_response_class=JSONResponse,
        responses=problem.ANSWERS,
        docs_url=None,
        redoc_url=None,
    )
    app.state.log = log
    app.state.forwarder = forwarder
    app.state.startup_longest_h = settings.startup_longest_h
    app.state.outbox = sync.outbox_of_server(settings)
    app.state.preview = frames.preview_maker(log)
    app.state.whole_frame = tiles.whole_frames(log)
    app.state.settings = settings
    app.state.intake = captures.Intake(settings, log)
    app.state.stand = Stand(settings, log, app.state.intake.workplace)
    app.state.live = live.Live(log)
    app.add_middleware(AnsweredOnce, log=log, streamed=frozenset({captures.PATH, station.PLACING}))
    app.add_middleware(Guard, larger_bytes={captures.PATH: app.state.intake.limit_bytes})
    app.add_middleware(Spoken)
    for known in (AskedAgain, AskedBefore):
        app.add_exception_handler(known, answered)
    problem.install(app)
    working = (rework, rework_changes, concessions, returns, piece_history, exports)
    making = (captures, styles, specs, pictures, jobs, hand_checks, sampling, calibration, startup)
    screens = (station, live, labels, pieces, bench, board, sheet_pages, engineer_pages, admin_pages, defects)
    telling = (frames, tiles, documentation, audit, sync)
    for room in (*screens, inspections, *working, *making, *telling, people, tokens, subscribers):
        # A route names its permission; one that forgot to still answers nobody who is not signed in.
        app.include_router(room.router, dependencies=[Depends(signed_in)])
    for room in (sign_in, language_choice, health):
        app.include_router(room.router)
    app.openapi = partial(describe, app, app.openapi)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
