"""What people say that an inspection missed, or found where nothing is: kept as said, refused where nowhere."""

from __future__ import annotations

import pytest
from made_entries import POROUS, an_entry, frame

from loupebox.station.records.errors import NotAllowed, NotRecorded
from loupebox.station.records.qc_log import QcLog


@pytest.fixture
def number(log: QcLog) -> int:
    return log.record(an_entry(POROUS, frames=(frame(b"the shank", "shank", "coaxial"),)))


def test_a_miss_is_kept_with_its_place_and_who_saw_it(log: QcLog, number: int) -> None:
    label = log.labels.missed(number, "scratch", "shank", "coaxial", (-4.0, 2.0, 10.0, 5.0), "Ina", "by the hallmark")
    assert log.labels.of_inspection(number) == (label,)
    assert label.box_xywh_px == (0.0, 2.0, 6.0, 5.0)  # the part that lies in the frame
    assert (label.kind, label.name, label.who, label.note) == ("missed", "scratch", "Ina", "by the hallmark")
    assert label.frame_sha256 == log.inspection(number).frames[0].sha256


def test_a_false_alarm_is_its_finding(log: QcLog, number: int) -> None:
    (finding,) = log.inspection(number).findings
    label = log.labels.false_alarm(number, 1, "Ina")
    assert (label.kind, label.name, label.box_xywh_px) == ("false alarm", finding.kind, finding.box_xywh_px)
    assert log.inspection(number).summary.outcome == "FAIL"


def test_the_last_label_comes_first_and_parts_follow(log: QcLog, number: int) -> None:
    labels = [log.labels.false_alarm(number, 1, who) for who in ("Ina", "Lea", "Eng")]
    assert log.labels.all(2) == (labels[2], labels[1])
    assert log.labels.all(2, labels[1].id) == (labels[0],)


def test_what_is_nowhere_is_refused(log: QcLog, number: int) -> None:
    with pytest.raises(NotAllowed, match="'hole' is no kind of defect; allowed are"):
        log.labels.missed(number, "hole", "shank", "coaxial", (0.0, 0.0, 5.0, 5.0), "Ina")
    with pytest.raises(NotAllowed, match=r"outside the frame shank/coaxial or too small"):
        log.labels.missed(number, "scratch", "shank", "coaxial", (-9.0, 0.0, 5.0, 5.0), "Ina")
    with pytest.raises(NotRecorded, match=f"inspection {number} has no frame top/dome"):
        log.labels.missed(number, "scratch", "top", "dome", (0.0, 0.0, 5.0, 5.0), "Ina")
    with pytest.raises(NotRecorded, match=f"inspection {number} has no finding 2; it has 1"):
        log.labels.false_alarm(number, 2, "Ina")
    with pytest.raises(NotRecorded, match="no inspection 99 is recorded"):
        log.labels.false_alarm(99, 1, "Ina")
    assert log.labels.of_inspection(number) == ()
