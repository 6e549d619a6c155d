"""Jobs come from the shop's own system, again and again."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from made_entries import BANGKOK, MISSING_PRONG, an_entry

from loupebox.station.records.errors import RecordsError
from loupebox.station.records.job import Job, parse_jobs
from loupebox.station.records.jobs import ImportedJobs
from loupebox.station.records.qc_log import QcLog

TEXT = """
schema = 1

[[job]]
id = "J-1"
style = "SOL6"
due = 2026-12-01
quantity = 12
caster = "Anders"
alloy = "18 k yellow"
flask = "F-7"
setter = "Mai"
polisher = "Lin"

[[job]]
id = "J-2"
style = "BAND"
"""


def test_a_file_of_jobs() -> None:
    first, second = parse_jobs(TEXT, "jobs.toml")
    assert first == Job(
        id="J-1", style="SOL6", due=date(2026, 12, 1), quantity=12,
        caster="Anders", alloy="18 k yellow", flask="F-7", setter="Mai", polisher="Lin",
    )  # fmt: skip
    assert second == Job(id="J-2", style="BAND")


def test_importing_again_changes_nothing(log: QcLog) -> None:
    jobs = parse_jobs(TEXT, "jobs.toml")
    assert log.import_jobs(jobs) == ImportedJobs(added=2, changed=0, unchanged=0)
    assert log.import_jobs(jobs) == ImportedJobs(added=0, changed=0, unchanged=2)
    assert log.jobs() == jobs
    assert log.job("J-1") == jobs[0]


def test_the_shop_may_change_a_job(log: QcLog) -> None:
    log.import_jobs(parse_jobs(TEXT, "jobs.toml"))
    changed = parse_jobs(TEXT.replace("Mai", "Ben"), "jobs.toml")
    assert log.import_jobs(changed) == ImportedJobs(added=0, changed=1, unchanged=1)
    assert log.job("J-1").setter == "Ben"


def test_a_job_that_a_capture_named_first_is_filled_in(log: QcLog) -> None:
    log.record(an_entry(MISSING_PRONG, job="J-1"))
    assert log.job("J-1") == Job(id="J-1", style="SOL6")
    assert log.import_jobs(parse_jobs(TEXT, "jobs.toml")) == ImportedJobs(added=1, changed=1, unchanged=0)
    assert [count.key for count in log.defect_counts("caster")] == ["Anders"]


def test_work_is_due_when_its_job_is(log: QcLog) -> None:
    log.import_jobs(parse_jobs(TEXT, "jobs.toml"))
    log.record(an_entry(MISSING_PRONG, job="J-1"))
    due = [order.due_at for order in log.rework.queue()]
    assert due == [datetime(2026, 12, 1, 23, 59, tzinfo=BANGKOK)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = ", "jobs.toml is not TOML: Invalid value"),
        ("schema = 2", "jobs.toml: key 'schema' is 2; allowed is 1"),
        ("[[job]]\nid = 'J-1'\nstyle = 'SOL6'", "jobs.toml: key 'schema' is missing"),
        (TEXT.replace("setter", "settre"), "jobs.toml: unknown key 'job[0].settre'; did you mean 'setter'?"),
        (TEXT.replace("12\n", "0\n"), "jobs.toml: key 'job[0].quantity' is 0; allowed is a number of 1 or more"),
        (TEXT.replace("J-2", "J-1"), "jobs.toml: job 'J-1' stands there twice; each job needs an id of its own"),
        (TEXT.replace('"J-2"', '""'), "jobs.toml: key 'job[1].id' is ''; allowed is text of at least 1 character(s)"),
    ],
)
def test_what_is_wrong_with_a_file(text: str, said: str) -> None:
    with pytest.raises(RecordsError) as refused:
        parse_jobs(text, "jobs.toml")
    assert str(refused.value).startswith(said)
