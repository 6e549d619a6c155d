"""A warm piece is measured as it is at 20 °C, where its capture says how warm it was and of what it is."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pytest
from tiny_captures import write_capture

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.measurement import Measurement, Unmeasurable
from loupebox.station.capture import CaptureError, read_record
from loupebox.station.inspection import Inspection
from loupebox.station.part_state import PartState
from loupebox.station.reporting import report_of
from loupebox.station.settings import SAMPLES_DIR, Settings
from loupebox.station.workplace import Workplace

GOLD_AT_28 = {"material": "gold alloy", "temperature_c": 28.0, "temperature_half_width_c": 0.5}
SHRUNK = 1 - 15.7e-6 * 8


def lengths(inspection: Inspection) -> dict[str, Estimate]:
    return {m.name: m.estimate for m in inspection.measurements if isinstance(m, Measurement)}


def test_a_ring_at_28_degrees_is_smaller_at_20_and_its_budget_says_how_surely(tmp_path: Path) -> None:
    workplace = Workplace.open(Settings.load())
    folder = tmp_path / "warm"
    shutil.copytree(SAMPLES_DIR / "captures" / "band-good-yellow", folder)
    here = lengths(workplace.inspect(folder))
    document = json.loads((folder / "capture.json").read_text())
    (folder / "capture.json").write_text(json.dumps(document | {"part": GOLD_AT_28}))
    inspection = workplace.inspect(folder)
    there = lengths(inspection)
    for name in ("inner_diameter_mm", "outer_diameter_mm", "shank_thickness_mm", "shank_width_mm"):
        assert there[name].value == pytest.approx(here[name].value * SHRUNK, rel=1e-9), name
        assert there[name].standard_uncertainty > here[name].standard_uncertainty
    lines = {c.name: c.standard_uncertainty for c in there["inner_diameter_mm"].budget}
    diameter = here["inner_diameter_mm"].value
    assert lines["temperature of the part"] == pytest.approx(diameter * 15.7e-6 * 0.5 / math.sqrt(3), rel=1e-3)
    assert lines["expansion of the part"] == pytest.approx(diameter * 2e-6 / math.sqrt(3) * 8, rel=1e-3)
    assert inspection.replay.part == PartState.model_validate(GOLD_AT_28)
    assert json.loads(report_of(inspection).to_json())["replay"]["part"] == GOLD_AT_28


def test_angles_and_what_is_not_measured_stay_as_they_are() -> None:
    angle = Measurement("shank_thinnest_deg", Estimate(40.0, "deg", (Contribution("edge noise", 2.0),)))
    nothing = Unmeasurable("inner_diameter_mm", "no ring is seen")
    assert PartState.model_validate(GOLD_AT_28).at_reference([angle, nothing]) == [angle, nothing]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"material": "cheese"}, "part.material' is 'cheese'"),
        ({"temperature_c": 300.0}, "part.temperature_c' is 300"),
        ({"temperature_half_width_c": -1.0}, "part.temperature_half_width_c' is -1"),
        ({"temperature_f": 80.0}, "part.temperature_f"),
    ],
)
def test_a_state_that_cannot_be_is_refused_by_name(tmp_path: Path, change: dict[str, object], says: str) -> None:
    folder = write_capture(tmp_path / "capture", part=GOLD_AT_28 | change)
    with pytest.raises(CaptureError, match=says):
        read_record(folder)
