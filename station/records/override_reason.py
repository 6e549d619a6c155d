"""Why a person decides otherwise than the verdict asks: out of lists of ours, since free text cannot be counted."""

from __future__ import annotations

from typing import Literal, get_args

from loupebox.inspect.verdict import Verdict
from loupebox.station.records.errors import NotAllowed
from loupebox.station.records.rework_tables import DispositionKind

OverrideReason = Literal[
    "dirt_or_reflection",
    "measured_by_hand",
    "like_boundary_sample",
    "accepted_under_loupe",
    "customer_agreed",
    "hidden_in_wear",
    "delivery_date",
    "cannot_be_mended",
    "costs_more_than_new",
    "metal_unsound",
    "seen_by_person",
    "failed_hand_check",
    "customer_complaint",
]
OVERRIDE_REASONS: tuple[OverrideReason, ...] = get_args(OverrideReason)

REASONS_FOR: dict[DispositionKind, tuple[OverrideReason, ...]] = {
    "accept": ("dirt_or_reflection", "measured_by_hand", "like_boundary_sample", "accepted_under_loupe"),
    "concession": ("customer_agreed", "hidden_in_wear", "delivery_date"),
    "scrap": ("cannot_be_mended", "costs_more_than_new", "metal_unsound"),
    "rework": ("seen_by_person", "failed_hand_check", "customer_complaint"),
}
"""Which reasons can be given for which decision."""


def is_override(kind: DispositionKind, verdict: str) -> bool:
    """Whether the decision goes against the verdict or is final, and so needs a reason and a signature.

    A REVIEW asks a person to decide, and a FAIL asks for rework: following them overrides nothing.
    """
    if kind == "accept":
        return verdict == Verdict.FAIL
    if kind == "rework":
        return verdict == Verdict.PASS
    return True


def check_reason(kind: DispositionKind, verdict: str, reason: str | None) -> None:
    """The reason is there where one is needed, and fits the decision."""
    allowed = ", ".join(REASONS_FOR[kind])
    if reason is None:
        if is_override(kind, verdict):
            raise NotAllowed(
                f"the decision '{kind}' on a piece with verdict {verdict} needs a reason; allowed: {allowed}"
            )
    elif reason not in REASONS_FOR[kind]:
        raise NotAllowed(f"'{reason}' is no reason for the decision '{kind}'; allowed: {allowed}")
