"""What measurements rest on, for people: calibrations over time, and the models with what they miss."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response

from loupebox.api.access import Allowed
from loupebox.api.dependencies import Log
from loupebox.api.history_chart import Chart, Reading, chart
from loupebox.api.model_figures import HEIGHT, WIDTH, Curve, Share, figures
from loupebox.api.pages import render
from loupebox.models.card import Card, read_card
from loupebox.station.records.certificates import SignedCalibration

router = APIRouter(include_in_schema=False)

SOON = timedelta(days=30)
"""So long before its end a calibration is said to end soon: time enough to plan the next."""


@dataclass(frozen=True, slots=True)
class Held:
    """The last calibration of one kind of one view, and how each of its results went over time."""

    last: SignedCalibration
    state: str
    charts: tuple[tuple[str, str, Chart], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A model with what was measured of it, by what it was measured on, and of what."""

    card: Card
    parts: tuple[tuple[str, tuple[Share, ...]], ...]
    curves: tuple[Curve, ...]


@router.get("/calibration", dependencies=[Depends(Allowed("calibration.read"))])
def calibration(request: Request, log: Log) -> Response:
    """What holds until when, the soonest to end first; each with its history."""
    groups: dict[tuple[str, str, str], list[SignedCalibration]] = {}
    for one in reversed(log.certificates.history()):
        groups.setdefault((one.draft.station, one.draft.view, one.draft.kind), []).append(one)
    held = [_held(found) for found in groups.values()]
    held.sort(key=lambda h: (h.last.draft.passed, h.last.draft.valid_until))
    return render(request, "calibration.html", held=held, trouble=sum(h.state in ("ended", "failed") for h in held))


@router.get("/models", dependencies=[Depends(Allowed("inspection.read"))])
def models(request: Request) -> Response:
    """The models that this station runs, from their cards."""
    folder: Path = request.app.state.settings.models_dir
    shown = [_model(read_card(path)) for path in sorted(folder.glob("*.onnx"))]
    return render(request, "models.html", models=shown, width=WIDTH, height=HEIGHT)


def _held(found: list[SignedCalibration]) -> Held:
    last, now = found[-1], datetime.now(UTC)
    if not last.draft.passed:
        state = "failed"
    elif now > last.draft.valid_until:
        state = "ended"
    else:
        state = "ends soon" if now > last.draft.valid_until - SOON else "holds"
    charts: list[tuple[str, str, Chart]] = []
    for result in last.draft.results:
        readings = [
            Reading(one.draft.made_at, r.value, r.expanded_uncertainty or 0.0, r.least, r.most)
            for one in found
            for r in one.draft.results
            if r.name == result.name and r.unit == result.unit
        ]
        charts.append((result.name, result.unit, chart(readings)))
    return Held(last, state, tuple(charts))


def _model(card: Card) -> Model:
    shares, curves = figures(card.measured)
    parts: dict[str, list[Share]] = {}
    for share in shares:
        parts.setdefault(", ".join(share.name[:2]), []).append(share)
    return Model(card, tuple((name, tuple(found)) for name, found in parts.items()), curves)
