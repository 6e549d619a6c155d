"""The application: pages for people, REST for programs, over the log of one station."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from loupebox.api import defects, documentation, frames, health, inspections, jobs, pieces, problem, rework
from loupebox.api.pages import STATIC
from loupebox.api.security import Guard
from loupebox.station.records.qc_log import QcLog
from loupebox.station.settings import Settings

DESCRIPTION = (
    "Inspections, decisions, rework orders and defect counts of one Loupebox station. Whatever is recorded stays: "
    "changes are new entries. Lists come newest first, with a cursor for the part that follows."
)


def create_app(settings: Settings) -> FastAPI:
    """An application on the records that the settings name; raises RecordsError when these cannot be used."""
    log = QcLog.open(settings.database_location, settings.frames_dir)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
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
    app.state.preview = frames.preview_maker(log)
    app.add_middleware(Guard)
    problem.install(app)
    for room in (pieces, inspections, rework, defects, jobs, frames, health, documentation):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
