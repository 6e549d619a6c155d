"""Scale from a certified artefact: every line of its budget, and coverage against simulated truth."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import pytest

from loupebox.calibration.artefact import Artefact, ArtefactError
from loupebox.calibration.estimate import Estimate
from loupebox.calibration.propagation import Input
from loupebox.calibration.scale_study import Placement, estimate_um, scale_from_artefact
from loupebox.calibration.thermal import EXPANSION, Temperature, at_reference

DAY = date(2026, 11, 25)
RING: dict[str, Any] = {
    "schema": 1,
    "artefact_id": "RG-18",
    "kind": "ring gauge",
    "laboratory": "a laboratory",
    "certificate": "C-1",
    "calibrated_on": "2025-11-25",
    "valid_until": "2027-11-25",
    "length_mm": 18.0003,
    "expanded_uncertainty_um": 0.8,
    "coverage_factor": 2.0,
    "drift_um_per_year": 0.3,
    "material": "steel",
}


def toml(**changes: Any) -> str:
    document = {key: value for key, value in {**RING, **changes}.items() if value is not None}
    dates = ("calibrated_on", "valid_until")
    return "\n".join(
        f"{k} = {v}" if k in dates or not isinstance(v, str) else f'{k} = "{v}"' for k, v in document.items()
    )


def ring(**changes: Any) -> Artefact:
    return Artefact.parse(toml(**changes), "ring.toml")


def placements(*lengths: float, u: float = 0.002) -> list[Placement]:
    return [Placement(f"{i}.png", length, u) for i, length in enumerate(lengths)]


def test_each_line_of_the_budget_is_what_the_formula_says() -> None:
    study = scale_from_artefact(
        ring(degrees_of_freedom=50),
        placements(1058.82, 1058.83, 1058.81, 1058.82),
        Temperature(23.0, 1.0),
        DAY,
        [Input("backlight", -0.0004, 0.0002)],
    )
    k = study.scale.mm_per_px
    grown = 18.0003 * (1 + 11.5e-6 * 3)
    assert k.value == pytest.approx((grown - 0.0004) / 1058.82, rel=1e-9)
    by_name = {c.name: c.standard_uncertainty * 1058.82 * 1000 for c in k.budget}  # um of the artefact's length
    assert by_name["certificate of the artefact"] == pytest.approx(0.4, rel=1e-3)
    assert by_name["drift of the artefact"] == pytest.approx(0.3 * 365 / 365.25 / math.sqrt(3), rel=1e-3)
    assert by_name["expansion of the artefact"] == pytest.approx(18000.3 * 3 * 1e-6 / math.sqrt(3), rel=1e-3)
    assert by_name["temperature of the artefact"] == pytest.approx(18000.3 * 11.5e-6 / math.sqrt(3), rel=1e-3)
    assert by_name["backlight"] == pytest.approx(0.2, rel=1e-3)
    repeats = np.std([1058.82, 1058.83, 1058.81, 1058.82], ddof=1) / 2
    assert by_name["repeated placements"] == pytest.approx(repeats * k.value * 1e3, rel=1e-3)
    freedom = {c.name: c.degrees_of_freedom for c in k.budget}
    assert freedom["repeated placements"] == 3
    assert freedom["certificate of the artefact"] == 50
    assert estimate_um(study.scale).value == pytest.approx(1000 * k.value)
    assert k.coverage_factor > 2


def test_the_pictures_noise_stays_where_repeats_happen_to_agree() -> None:
    study = scale_from_artefact(ring(), placements(1000.0, 1000.0, 1000.0, u=0.03), Temperature(20, 0.5), DAY)
    by_name = {c.name: c.standard_uncertainty for c in study.scale.mm_per_px.budget}
    assert by_name["repeated placements"] == 0
    assert by_name["edges in the pictures"] * 1000 / 0.0180003 == pytest.approx(0.03 / math.sqrt(3), rel=1e-3)


def test_the_stated_interval_holds_the_truth_about_95_times_in_100() -> None:
    rng = np.random.default_rng(2)
    artefact, inside, runs = ring(), 0, 1500
    for _ in range(runs):
        true = 18.0003 + rng.normal(0, 0.0004) + rng.uniform(-0.0003, 0.0003)
        warmth = rng.uniform(-0.5, 0.5) + 2.0
        true *= 1 + (11.5e-6 + rng.uniform(-1e-6, 1e-6)) * warmth
        read = true / 0.017 + rng.normal(0, 0.03, 5)
        found = scale_from_artefact(artefact, placements(*read, u=0.001), Temperature(22.0, 0.5), DAY).scale.mm_per_px
        inside += found.interval[0] <= 0.017 <= found.interval[1]
    assert abs(inside / runs - 0.9545) < 0.02


def test_an_outlier_is_named_and_stays_in() -> None:
    study = scale_from_artefact(ring(), placements(1000.0, 1000.01, 999.99, 1000.02, 1000.5), Temperature(20, 1), DAY)
    assert study.outliers == ("4.png",)
    assert study.mean_px == pytest.approx(1000.104)


def test_too_few_placements_and_an_overdue_artefact_are_refused() -> None:
    with pytest.raises(ArtefactError, match="there are 2 placements of RG-18; needed are 3 or more"):
        scale_from_artefact(ring(), placements(1.0, 1.0), Temperature(20, 1), DAY)
    with pytest.raises(ArtefactError, match=r"RG-18 may be used from 2025-11-25 to 2027-11-25; the day is 2027-11-26"):
        scale_from_artefact(ring(), placements(1.0, 1.0, 1.0), Temperature(20, 1), date(2027, 11, 26))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"material": "cheese"}, "key 'material' is 'cheese'; allowed is 'steel', "),
        ({"length_mm": -1.0}, "key 'length_mm' is -1.0; allowed is a number above 0"),
        ({"length_mm": None}, "key 'length_mm' is missing"),
        ({"lenght_mm": 18.0, "length_mm": None}, "unknown key 'lenght_mm'; did you mean 'length_mm'?"),
        ({"expanded_uncertainty_um": 200.0}, "expanded_uncertainty_um is 200 of 18.0003 mm; allowed is at most 1 %"),
        ({"valid_until": "2025-01-01"}, "valid_until 2025-01-01 is not after calibrated_on 2025-11-25"),
        ({"squares": [9, 6]}, "squares belong to boards; this is a ring gauge"),
        ({"kind": "chessboard", "squares": [2, 6]}, "squares are 2 x 6; allowed are 3 to 100 each way"),
        ({"kind": "charuco board", "squares": [9, 6]}, "marker_mm and dictionary belong to ChArUco boards"),
    ],
)
def test_a_wrong_artefact_file_is_told_in_a_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ArtefactError) as caught:
        ring(**changes)
    assert str(caught.value).startswith("ring.toml: ")
    assert says in str(caught.value)


def test_a_part_is_taken_back_to_20_degrees() -> None:
    warm = Estimate(17.35 * (1 + 15.7e-6 * 6), "mm")
    found = at_reference(warm, "gold alloy", Temperature(26.0, 1.0))
    assert found.value == pytest.approx(17.35, abs=1e-5)
    assert found.standard_uncertainty == pytest.approx(17.35e-6 * math.hypot(15.7, 6 * 2.0) / math.sqrt(3), rel=0.01)


def test_every_material_has_a_coefficient_with_limits() -> None:
    assert all(0 < e.half_width < e.per_k_1e6 < 25 for e in EXPANSION.values())


@pytest.mark.parametrize(("celsius", "half_width"), [(90.0, 1.0), (20.0, -1.0)])
def test_a_temperature_that_no_workshop_has_is_refused(celsius: float, half_width: float) -> None:
    with pytest.raises(ValueError, match=r"temperature is .* °C; allowed are -10 to 60 °C"):
        Temperature(celsius, half_width)
