"""Signed calibrations and start-up checks, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from made_calibration import MADE_AT, a_draft, signature

from loupebox.calibration.draft import CalibrationDraft, DraftError
from loupebox.station.records.errors import Conflict, NotAllowed, NotRecorded
from loupebox.station.records.qc_log import QcLog


def test_a_signed_calibration_is_read_back_word_for_word(log: QcLog) -> None:
    draft = a_draft()
    signed = log.certificates.sign(draft, signature(draft))
    assert signed.draft == draft
    assert signed.draft.to_json() == draft.to_json()
    assert (signed.number, signed.signed_by) == (1, "Devi")
    assert log.certificates.one(1) == signed
    assert log.certificates.history() == (signed,)


def test_the_last_signed_of_each_kind_counts(log: QcLog) -> None:
    for draft in (a_draft(), a_draft("sensor"), a_draft(made_at=MADE_AT + timedelta(days=30)), a_draft(view="top")):
        log.certificates.sign(draft, signature(draft))
    latest = log.certificates.latest("station-1", "face")
    assert {kind: one.number for kind, one in latest.items()} == {"scale": 3, "sensor": 2}
    assert log.certificates.latest("station-2", "face") == {}
    assert [one.number for one in log.certificates.history("station-1", "face", "scale")] == [3, 1]
    assert [one.number for one in log.certificates.history(limit=2, cursor=4)] == [3, 2]


def test_a_failed_calibration_is_signed_too_and_says_so(log: QcLog) -> None:
    draft = a_draft(value=17.0, most=16.0)
    assert not draft.passed
    signed = log.certificates.sign(draft, signature(draft))
    assert signed.state(MADE_AT) == "failed"
    assert "scale is 17 um/px; allowed is 16 um/px or less" in signed.draft.troubles


def test_states_in_words(log: QcLog) -> None:
    signed = log.certificates.sign(a_draft(), signature(a_draft()))
    assert signed.state(MADE_AT) == "holds until 2027-05-01"
    assert signed.state(MADE_AT + timedelta(days=200)) == "ended on 2027-05-01"


def test_one_calibration_is_signed_once_and_by_a_signature_of_its_own(log: QcLog) -> None:
    draft = a_draft()
    for changes in ({"act": "spec.approve"}, {"subject": "face scale of station-2, 2026-11-02"}):
        with pytest.raises(NotAllowed, match=r"needed is calibration\.sign of face scale of station-1, 2026-11-02"):
            log.certificates.sign(draft, signature(draft, **changes))
    log.certificates.sign(draft, signature(draft))
    with pytest.raises(Conflict, match="signed already: certificate 1"):
        log.certificates.sign(draft, signature(draft))
    with pytest.raises(NotRecorded, match="no certificate 9 is recorded"):
        log.certificates.one(9)


def test_a_result_that_does_not_pass_cannot_be_hidden() -> None:
    text = a_draft(most=16.0).to_json().replace('"scale is 17 um/px; allowed is 16 um/px or less"', "")
    with pytest.raises(DraftError, match="a result does not pass and no trouble says so: scale is 17 um/px"):
        CalibrationDraft.parse(text, "d.json")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('"kind": "scale"', '"kind": "weight"', "key 'kind' is 'weight'; allowed is 'camera', "),
        ('"sets": {}', '"sets": {"bits": 8.0}', "sets names 'bits'; allowed are scale_um_per_px, "),
        ('"flat_file": null', '"flat_file": "a.png"', "flat_file and flat_sha256 belong together"),
        ('"schema": 1', '"schema": 2', "key 'schema' is 2; allowed is 1"),
        ("{", "", "Invalid JSON"),
    ],
)
def test_a_wrong_draft_is_told_in_a_sentence(before: str, after: str, says: str) -> None:
    with pytest.raises(DraftError) as caught:
        CalibrationDraft.parse(a_draft().to_json().replace(before, after, 1), "d.json")
    assert str(caught.value).startswith("d.json: ")
    assert says in str(caught.value)


def test_start_up_checks_are_kept_and_the_last_one_found(log: QcLog) -> None:
    assert log.start_ups.latest("station-1") is None
    first = log.start_ups.record("station-1", who="Asha", passed=False, took_s=30.5, document={"steps": [{"a": 1}]})
    second = log.start_ups.record("station-1", who="Asha", passed=True, took_s=20.0, document={"steps": []})
    other = log.start_ups.record("station-2", who="Asha", passed=True, took_s=20.0, document={"steps": []})
    assert log.start_ups.latest("station-1") == second
    assert log.start_ups.latest() == other
    assert log.start_ups.history("station-1") == (second, first)
    assert log.start_ups.history(cursor=2) == (first,)
