"""The budgets that `loupebox inspect --budget` prints."""

from __future__ import annotations

import math
import re

import pytest

from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.measurement import Measurement, Unmeasurable
from loupebox.station.budget_text import budget_text
from loupebox.station.cli import run
from loupebox.station.settings import SAMPLES_DIR


def test_each_contribution_has_a_line_with_its_share_of_the_variance_the_largest_first() -> None:
    budget = (Contribution("edge noise", 0.0003), Contribution("scale certificate", 0.0004, 8))
    text = budget_text([Measurement("inner_diameter_mm", Estimate(17.35, "mm", budget))])
    title, _, first, second, last = text.splitlines()
    # 8 / 0.64^2 = 19.53 effective degrees of freedom; Student's t for 95.45 % is 2.14.
    assert title == "inner diameter: 17.35000 ± 0.00107 mm (k = 2.14, 20 degrees of freedom)"
    assert first.split() == ["scale", "certificate", "0.00040", "64.0%", "8"]
    assert second.split() == ["edge", "noise", "0.00030", "36.0%", "∞"]
    assert last.split()[-1] == "0.00050"


def test_what_could_not_be_measured_says_why_and_nothing_at_all_is_said_too() -> None:
    text = budget_text([Unmeasurable("shank_width_mm", "no band is seen")])
    assert text == "shank width: cannot be measured because no band is seen"
    assert budget_text([]) == "nothing was measured, so there is no budget"


def test_the_command_prints_a_whole_budget_for_every_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    capture = SAMPLES_DIR / "captures" / "band-good-yellow"
    assert run(["inspect", str(capture), "--budget"]) == 0
    tables = capsys.readouterr().out.split("\n\n")[1:]
    assert any(t.startswith("inner diameter: 1") for t in tables)
    for table in tables:
        title, *lines = table.strip().splitlines()
        if lines:
            parts = [float(re.split(r" {2,}", line.strip())[1]) for line in lines[1:]]
            assert math.hypot(*parts[:-1]) == pytest.approx(parts[-1], abs=2e-5), title
