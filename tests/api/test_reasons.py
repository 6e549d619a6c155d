"""Why a piece got its verdict, said in Hindi: whatever the judge writes."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from served import Station

from loupebox.api.language import spoken_in
from loupebox.api.reasons import reason, told
from loupebox.calibration.estimate import Contribution, Estimate
from loupebox.inspect.judge import judge
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.prong import Prong
from loupebox.inspect.spec import Spec, load_spec

SPECS = Path(__file__).parents[2] / "sample_images" / "specs"
ENGLISH = re.compile(r"[A-Za-z]{3,}")


@pytest.fixture(scope="module")
def sheet() -> Spec:
    (path,) = SPECS.glob("SOL6*.toml")
    return load_spec(path.read_text(encoding="utf-8"), path.name)


def test_every_dimension_is_said_wherever_it_lies(sheet: Spec) -> None:
    said: list[str] = []
    for shift in (0.0, 1.0):
        for c in sheet.characteristic:
            for limit in (c.lower, c.upper, c.nominal):
                for sign in (-1, 1):
                    value = (limit or 0.0) + sign * shift
                    found = Measurement(c.name, Estimate(value, "mm", (Contribution("made", 0.01),)))
                    said += [check.reason for check in judge(sheet, [found], None, None).checks if check.name == c.name]
    said += [
        check.reason
        for check in judge(sheet, [], None, None).checks
        if check.name in {c.name for c in sheet.characteristic}
    ]
    assert len({re.sub(r"[\d.]+", "#", text) for text in said}) > 20
    with spoken_in("hi"):
        assert [text for text in said if ENGLISH.search(told(text))] == []


def test_every_prong_is_said(sheet: Spec) -> None:
    because = {
        "lifted": "lifted by 0.48 ± 0.13 mm, at most 0.25 mm allowed",
        "short": "reaching over the stone by 0.20 ± 0.07 mm, 0.40 to 1.00 mm allowed",
        "bent": "bent sideways by 0.48 ± 0.07 mm, at most 0.25 mm allowed",
        "missing": "no prong is seen at 150 degrees",
        "good": "",
    }
    prongs = [
        Prong(index=i, angle_deg=60.0 * i, state=state, reason=why, length_mm=None, bend_mm=None, lift_mm=None,
              tip_xy_px=None, tip_oblique_xy_px=None)  # pyright: ignore[reportArgumentType]
        for i, (state, why) in enumerate(because.items(), start=1)
    ]  # fmt: skip
    said = [check.reason for check in judge(sheet, [], prongs, None).checks if check.name.startswith("prong")]
    assert len(said) == 6
    with spoken_in("hi"):
        assert [text for text in said if ENGLISH.search(told(text))] == []


@pytest.mark.parametrize(
    ("english", "hindi"),
    [
        (
            "3 pores, the largest 0.316 ± 0.027 mm; allowed in zone A: 1 pore of up to 0.10 mm.",
            "3 छेद, सबसे बड़ा 0.316 ± 0.027 मि॰मी॰; ज़ोन A में मंज़ूर: 1 छेद, 0.10 मि॰मी॰ तक।",
        ),
        (
            "No scratch of 0.30 mm or more (allowed in zone A: none).",
            "0.30 मि॰मी॰ या उससे बड़ा कोई खरोंच नहीं (ज़ोन A में एक भी मंज़ूर नहीं)।",
        ),
        (
            "Inner diameter 17.937 ± 0.002 mm is below the lower limit 18.040 mm (US 7¾ instead of 8).",
            "अंदर का व्यास 17.937 ± 0.002 मि॰मी॰: नीचे की सीमा 18.040 मि॰मी॰ से कम है (US 8 की जगह 7¾)।",
        ),
    ],
)
def test_numbers_stay_in_their_places(english: str, hindi: str) -> None:
    assert told(english) == english
    with spoken_in("hi"):
        assert told(english) == hindi


def test_what_has_no_form_is_shown_as_it_is_kept_and_marked() -> None:
    text = "a sentence <b>nobody</b> thought of"
    assert reason(text) == "a sentence &lt;b&gt;nobody&lt;/b&gt; thought of"
    with spoken_in("hi"):
        assert reason(text) == '<span lang="en">a sentence &lt;b&gt;nobody&lt;/b&gt; thought of</span>'
        long = "Prong 1 at " * 40
        assert told(long) == long


def test_a_page_says_them(station: Station, http: httpx.Client) -> None:
    page = http.get("/rework?bench=", headers={"Accept": "text/html", "Accept-Language": "hi"}).text
    reasons = [defect.reason for order in station.log.rework.queue() for defect in order.defects]
    assert reasons
    with spoken_in("hi"):
        assert all(str(reason(text)) in page for text in reasons)
