"""The people of the demo: one of each role. Only a demo lets them in, and only as long as it knows nobody else."""

from __future__ import annotations

from loupebox.station.records.qc_log import QcLog
from loupebox.station.records.roles import Role

DEMO_PIN = "271828"
"""Shown on the sign-in page of the demo, where acts are signed with it."""

DEMO_PEOPLE: tuple[tuple[str, Role], ...] = (
    ("Asha", "inspector"),
    ("Bela", "bench"),
    ("Chetan", "lead"),
    ("Devi", "engineer"),
    ("Esha", "admin"),
)


def add_demo_people(log: QcLog) -> None:
    """Make them where nobody is known yet."""
    if log.people.all(retired=True):
        return
    for name, role in DEMO_PEOPLE:
        log.people.add(name, [role], who="loupebox demo", pin=DEMO_PIN, demo=True)
