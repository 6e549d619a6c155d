"""Sheets, bags and lots made by hand."""

from __future__ import annotations

from datetime import date

from made_entries import MISSING_PRONG, SPEC, an_entry

from loupebox.inspect.verdict import Check, Verdict
from loupebox.station.records.entry import SpecEntry
from loupebox.station.records.job import Job
from loupebox.station.records.qc_log import QcLog

DRAFT = """schema = 1
style = "SOL6"
revision = "A"
name = "Six-prong solitaire"
family = "band"
stage = "final"

[[characteristic]]
name = "inner_diameter_mm"
lower = 17.25
upper = 17.45
severity = "critical"

[weight_g]
lower = 3.0

[[metal_loss]]
stage = "polishing"
at_most_percent = 3.0

[[hand_check]]
name = "loose_stones"
how = "Tap the piece at your ear: no stone may rattle."
"""
APPROVED = 'approved_by = "Ines"\napproved_on = 2026-11-20\n' + DRAFT
TAPPED = SpecEntry("SOL6", "T", "Six-prong solitaire", "band", APPROVED, "Ines", date(2026, 11, 20))
"""A sheet that wants a hand check."""
DOUBTFUL = Check("out_of_round_mm", Verdict.REVIEW, "too close to its limit to decide")


def a_bag(log: QcLog, job: str = "J-1", quantity: int = 3, style: str = "SOL6") -> None:
    log.import_jobs([Job(id=job, style=style, quantity=quantity)])


def looked_at(log: QcLog, *checks: Check, piece: str = "P-1", job: str = "J-1", tapped: bool = False) -> int:
    return log.record(an_entry(*checks, piece=piece, job=job, spec=TAPPED if tapped else SPEC))


def fill(log: QcLog) -> None:
    """At least one row in each table of what is made."""
    picture = log.pictures.upload(PICTURE, "an edge of porosity that is still OK", "Marta")
    shown = f'\n[[photograph]]\nzone = "A"\nkind = "porosity"\nshows = "OK"\nsha256 = "{picture.sha256}"\n'
    log.specs.draft(DRAFT.replace('"A"', '"B"', 1) + shown, "Marta")
    log.specs.approve("SOL6", "B", 1, "Ines")
    for job in ("F-1", "F-2"):
        a_bag(log, job, quantity=2)
    log.bags.move("F-1", "casting", "Jonas", pieces=2)
    log.bags.move("F-1", "setting", "Jonas", pieces=1, from_stage="casting")
    log.bags.weigh("F-1", "casting", "in", 8.5, "Jonas", pieces=2)
    looked_at(log, piece="P-1", job="F-1", tapped=True)
    log.bags.hand_check("F-1", "P-1", "loose_stones", "ok", "Marta")
    log.bags.take_out("F-1", "P-2", "Marta", to_job="F-2")
    log.bags.say_source("F-1", "P-1", "setter", "Anil", "Marta")
    log.bags.close("F-1", "Marta")
    log.sampling.begin("castings", "II", 1.0, "Ines")
    log.import_jobs([Job(id="F-3", style="SOL6", quantity=1)])
    looked_at(log, MISSING_PRONG, piece="P-9", job="F-3")
    log.sampling.draw("castings", "F-3", "Ines")
    log.sampling.judge("castings", 1, "Ines")


PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU\x00\x00\x00\nIDAT"
    b"x\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)
"""A PNG of one black pixel."""
