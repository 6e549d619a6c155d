"""A view whose calibration does not hold locks what rests on it, and nothing else."""

from __future__ import annotations

import dataclasses
import json
from types import MappingProxyType

import pytest

from loupebox.calibration.certificate import Certificate
from loupebox.calibration.frame import View
from loupebox.inspect.verdict import Verdict
from loupebox.station.capture import read_capture
from loupebox.station.inspection import Inspection, inspect_piece
from loupebox.station.settings import SAMPLES_DIR, Settings
from loupebox.station.spec_sheet import find_spec_sheet
from loupebox.station.stopwatch import Stopwatch
from loupebox.station.workplace import Workplace


@pytest.fixture(scope="module")
def workplace() -> Workplace:
    return Workplace.open(Settings.load())


def inspected(workplace: Workplace, *ended: View) -> Inspection:
    """The good solitaire, with these views' certificates ended before it was captured."""
    calibration = dict(workplace.calibration)
    for view in ended:
        one = calibration[view]
        document = json.loads(one.certificate.model_dump_json(by_alias=True))
        document |= {"issued_at": "2026-01-01T00:00:00+00:00", "valid_until": "2026-10-02T00:00:00+00:00"}
        calibration[view] = dataclasses.replace(one, certificate=Certificate.parse(json.dumps(document), "test"))
    capture = read_capture(SAMPLES_DIR / "captures" / "sol6-good-yellow")
    sheet = find_spec_sheet(SAMPLES_DIR / "specs", capture.record.style)
    return inspect_piece(capture, sheet, MappingProxyType(calibration), workplace.models, Stopwatch())


def open_checks(inspection: Inspection) -> dict[str, str]:
    assert inspection.judgement is not None, inspection.reasons
    return {c.name: c.reason for c in inspection.judgement.checks if c.verdict is Verdict.REVIEW}


def test_the_face_view_locks_the_ring_size_and_the_rest_is_judged(workplace: Workplace) -> None:
    found = inspected(workplace, "face")
    assert found.outcome == "REVIEW"
    locked = open_checks(found)
    assert locked["inner_diameter_mm"].startswith(
        "Inner diameter cannot be measured because the face view is locked: its certificate LB-2026-10-face ended on "
        "2026-10-02; who has the role engineer can unlock it"
    )
    assert found.prongs
    assert found.judgement is not None
    passed = [c.name for c in found.judgement.checks if c.verdict is Verdict.PASS]
    assert "shank_width_mm" in passed
    assert "prong_1" in passed


def test_a_head_view_locks_the_prongs(workplace: Workplace) -> None:
    found = inspected(workplace, "oblique")
    locked = open_checks(found)
    assert "The prongs cannot be judged because the oblique view is locked" in locked["prong_count"]
    assert "inner_diameter_mm" not in locked
    assert found.prongs == ()


def test_the_shank_view_locks_width_and_surface(workplace: Workplace) -> None:
    locked = open_checks(inspected(workplace, "shank"))
    assert "because the shank view is locked" in locked["shank_width_mm"]
    rules = [reason for name, reason in locked.items() if " zone " in name]
    assert rules
    assert all("was not inspected for" in r and "because the shank view is locked" in r for r in rules)
    assert "inner_diameter_mm" not in locked


def test_with_every_view_ended_the_capture_is_refused(workplace: Workplace) -> None:
    found = inspected(workplace, "face", "top", "oblique", "shank")
    assert found.refusal is not None
    assert found.refusal.code == "calibration_expired"
