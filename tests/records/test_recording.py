"""What goes into the log comes out of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_entries import (
    DIAMETER,
    MISSING_PRONG,
    PORE,
    SPEC,
    a_refusal,
    an_entry,
    estimate,
    frame,
)

from loupebox.calibration.frame import LIGHTS, VIEWS
from loupebox.inspect.finding import FINDING_KINDS, ZONES, Finding
from loupebox.inspect.measurement import Measurement, Unmeasurable
from loupebox.inspect.prong import PRONG_STATES, Prong
from loupebox.inspect.verdict import Check, Judgement, Limits, Verdict
from loupebox.station.records.entry import InspectionEntry
from loupebox.station.records.errors import Conflict, Damaged, NotAllowed, NotRecorded, RecordsError
from loupebox.station.records.inspection_record import InspectionRecord
from loupebox.station.records.qc_log import QcLog

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30).filter(
    str.strip
)
numbers = st.floats(-1e6, 1e6)
positive = st.floats(0, 1e3)
estimates = st.builds(estimate, numbers, st.just("mm"), positive)
limits = st.tuples(numbers, numbers).map(sorted).map(lambda ends: Limits(ends[0], ends[1]))
checks = st.builds(
    Check,
    name=st.sampled_from(["inner_diameter_mm", "prong_1", "porosity zone A", "stone_offset_mm"]),
    verdict=st.sampled_from(list(Verdict)),
    reason=words,
    estimate=st.none() | estimates,
    limits=st.none() | limits,
    conformance_probability=st.none() | st.floats(0, 1),
)
findings = st.builds(
    Finding,
    kind=st.sampled_from(FINDING_KINDS),
    view=st.sampled_from(VIEWS),
    light=st.sampled_from(LIGHTS),
    polygon_xy_px=st.lists(st.tuples(numbers, numbers), min_size=3, max_size=6).map(tuple),
    mm_per_px=positive,
    size_mm=estimates,
    width_mm=positive,
    area_mm2=positive,
    zone=st.sampled_from(ZONES),
    score=st.floats(0, 1),
)
prongs = st.builds(
    Prong,
    index=st.integers(1, 24),
    angle_deg=st.floats(0, 360),
    state=st.sampled_from(PRONG_STATES),
    reason=words,
    length_mm=st.none() | estimates,
    bend_mm=st.none() | estimates,
    lift_mm=st.none() | estimates,
)
offsets = st.integers(-12 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
entries = st.builds(
    an_entry,
    piece=words,
    job=words,
    style=words,
    captured_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=offsets),
    judgement=st.lists(checks, max_size=6).map(tuple).map(Judgement),
    measurements=st.lists(
        st.builds(Measurement, st.sampled_from(["inner_diameter_mm", "stone_offset_mm"]), estimates)
        | st.builds(Unmeasurable, words, words),
        max_size=4,
    ).map(tuple),
    findings=st.lists(findings, max_size=4).map(tuple),
    prongs=st.lists(prongs, max_size=6).map(tuple),
    frames=st.lists(st.binary(max_size=50).map(frame), max_size=3).map(tuple),
    report=st.dictionaries(words, numbers | words | st.none(), max_size=4),
)


@pytest.fixture(scope="module")
def shared_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QcLog]:
    folder = tmp_path_factory.mktemp("shared")
    log = QcLog.open(folder / "qc.sqlite", folder / "frames")
    yield log
    log.close()


@settings(max_examples=40, deadline=None)
@given(entry=entries)
def test_everything_comes_back_as_it_went_in(shared_log: QcLog, entry: InspectionEntry) -> None:
    record = shared_log.inspection(shared_log.record(entry))
    assert_same(record, entry)
    assert [shared_log.frame(f.sha256) for f in entry.frames] == [(f.content, "png") for f in entry.frames]


def assert_same(record: InspectionRecord, entry: InspectionEntry) -> None:
    summary = record.summary
    assert (summary.piece, summary.job, summary.style, summary.station) == (
        entry.piece, entry.job, entry.style, entry.station
    )  # fmt: skip
    assert summary.captured_at == entry.captured_at
    assert summary.captured_at.utcoffset() == entry.captured_at.utcoffset()
    assert summary.day == entry.captured_at.date()
    assert (summary.verdict, summary.reasons) == (entry.verdict, entry.reasons)
    assert (record.replay, record.timings_ms, record.report) == (entry.replay, entry.timings_ms, entry.report)
    assert [
        (m.name, m.value, m.expanded_uncertainty) if m.value is not None else (m.name, m.reason)
        for m in record.measurements
    ] == [
        (m.name, m.estimate.value, m.estimate.expanded_uncertainty)
        if isinstance(m, Measurement)
        else (m.name, m.reason)
        for m in entry.measurements
    ]
    assert [
        (f.kind, f.view, f.light, f.zone, f.size_mm, f.size_expanded_uncertainty_mm, f.score, f.box_xywh_px)
        for f in record.findings
    ] == [
        (f.kind, f.view, f.light, f.zone, f.size_mm.value, f.size_mm.expanded_uncertainty, f.score, f.box_xywh_px)
        for f in entry.findings
    ]
    assert [f.polygon_xy_px for f in record.findings] == [f.polygon_xy_px for f in entry.findings]
    assert [(p.index, p.angle_deg, p.state, p.reason) for p in record.prongs] == [
        (p.index, p.angle_deg, p.state, p.reason) for p in entry.prongs
    ]
    assert [p.lift_mm for p in record.prongs] == [p.lift_mm.value if p.lift_mm else None for p in entry.prongs]
    assert [(f.view, f.light, f.sha256) for f in record.frames] == [(f.view, f.light, f.sha256) for f in entry.frames]
    assert [(d.check_name, d.verdict) for d in record.defects] == [
        (c.name, c.verdict) for c in entry.judgement.checks if c.verdict is not Verdict.PASS
    ]  # fmt: skip


def test_a_measurement_keeps_the_limits_that_judged_it(log: QcLog) -> None:
    entry = an_entry(DIAMETER, measurements=(Measurement("inner_diameter_mm", estimate(17.35)),))
    (measured,) = log.inspection(log.record(entry)).measurements
    assert (measured.lower, measured.nominal, measured.upper) == (17.25, 17.35, 17.45)
    assert (measured.verdict, measured.conformance, measured.reason) == ("PASS", 0.99, "17.35 mm is inside")


def test_what_could_not_be_measured_says_why(log: QcLog) -> None:
    entry = an_entry(measurements=(Unmeasurable("stone_diameter_mm", "the stone is not in the picture"),))
    (measured,) = log.inspection(log.record(entry)).measurements
    assert (measured.value, measured.unit, measured.reason) == (None, None, "the stone is not in the picture")


def test_a_refusal_is_recorded_without_a_verdict_and_orders_nothing(log: QcLog) -> None:
    record = log.inspection(log.record(a_refusal()))
    assert (record.summary.outcome, record.summary.refusal_code) == ("REFUSED", "blurred")
    assert record.summary.reasons == ("retake, because the top view is blurred",)
    assert record.dispositions == ()
    assert log.rework.queue() == ()


def test_each_inspection_names_its_exact_spec_sheet(log: QcLog) -> None:
    first = log.record(an_entry())
    second = log.record(an_entry(spec=replace(SPEC, revision="B", text="schema = 1\n# tighter\n")))
    assert [log.inspection(n).spec.revision for n in (first, second)] == ["A", "B"]
    assert log.inspection(first).spec.text == SPEC.text
    assert log.inspection(first).spec.sha256 == SPEC.sha256


def test_a_spec_revision_never_changes(log: QcLog) -> None:
    log.record(an_entry())
    with pytest.raises(Conflict, match=r"spec sheet SOL6 revision A is already recorded with another text .* new rev"):
        log.record(an_entry(spec=replace(SPEC, text="schema = 1\n# quietly wider\n")))
    assert len(log.recent().items) == 1


def test_a_refused_record_leaves_nothing_of_it(log: QcLog) -> None:
    """The frame check of the database refuses the last part; the parts before it go as well."""
    with pytest.raises(RecordsError, match="ck_frame_view"):
        log.record(an_entry(MISSING_PRONG, frames=(frame(b"x"), frame(b"y", view="behind"))))
    assert log.recent().items == ()
    assert log.jobs() == ()
    assert log.rework.queue() == ()


def test_bytes_that_are_not_what_their_checksum_says_are_not_recorded(log: QcLog) -> None:
    with pytest.raises(Damaged, match=r"an image of 3 bytes has the checksum [0-9a-f]{64}, not 00+ as it says"):
        log.record(an_entry(frames=(replace(frame(b"abc"), sha256="0" * 64),)))
    assert log.recent().items == ()


def test_text_that_is_no_text_is_refused(log: QcLog) -> None:
    with pytest.raises(RecordsError, match="is no valid text"):
        log.record(an_entry(piece="\ud800"))


def test_a_number_that_json_does_not_know_is_refused(log: QcLog) -> None:
    with pytest.raises(RecordsError, match="the report on piece 'P-1' is not JSON"):
        log.record(an_entry(report={"value": float("nan")}))
    assert log.recent().items == ()


@pytest.mark.parametrize("field", ["station", "piece", "job", "style"])
def test_an_entry_needs_its_names(field: str) -> None:
    with pytest.raises(ValueError, match=f"inspection has an empty {field}"):
        an_entry(**{field: " "})


def test_an_entry_needs_the_offset_of_its_time() -> None:
    with pytest.raises(ValueError, match=r"piece 'P-1' was captured at 2026-11-20 .*, without an offset"):
        an_entry(captured_at=datetime(2026, 11, 20, 8, 30))


@pytest.mark.parametrize("entry", [an_entry, a_refusal])
def test_an_entry_is_judged_or_refused(entry) -> None:
    made = entry()
    with pytest.raises(ValueError, match="needs either a judgement or a refusal, and not both"):
        replace(made, judgement=Judgement((DIAMETER,)), refusal=a_refusal().refusal)
    with pytest.raises(ValueError, match="needs either a judgement or a refusal"):
        replace(made, judgement=None, refusal=None)


def test_hostile_text_is_only_text(log: QcLog) -> None:
    name = "'); DROP TABLE inspection; -- <script>alert(1)</script> \u202e"
    number = log.record(an_entry(piece=name, job=name, style=name, spec=None))
    assert log.inspection(number).summary.piece == name
    assert [line.id for line in log.recent().items] == [number]


def test_the_character_nul_is_refused(log: QcLog) -> None:
    """PostgreSQL has no room for it, so neither database takes it."""
    for changes in ({"piece": "P\0"}, {"job": "J\0"}, {"judgement": Judgement((replace(DIAMETER, reason="a\0b"),))}):
        with pytest.raises(RecordsError, match=r"NUL|0x00"):
            log.record(an_entry(**changes))
    assert log.recent().items == ()
    assert log.jobs() == ()


def test_what_is_no_number_is_refused(log: QcLog) -> None:
    with pytest.raises(NotAllowed, match="finding cannot record the width_mm nan: it is no finite number"):
        log.record(an_entry(findings=(replace(PORE, width_mm=math.nan),)))
    assert log.recent().items == ()


def test_the_same_pictures_are_kept_once(log: QcLog, folder: Path) -> None:
    log.record(an_entry())
    log.record(an_entry())
    kept = [path for path in (folder / "frames").rglob("*") if path.is_file()]
    assert len(kept) == 2


def test_nothing_is_found_under_a_number_that_is_not_there(log: QcLog) -> None:
    with pytest.raises(NotRecorded, match="no inspection 7 is recorded"):
        log.inspection(7)
    with pytest.raises(NotRecorded, match=r"no frame 00+ is recorded"):
        log.frame("0" * 64)
    with pytest.raises(NotRecorded, match="no rework order 7 is recorded"):
        log.rework.one(7)
    with pytest.raises(NotRecorded, match="no job 'J-9' is recorded"):
        log.job("J-9")
