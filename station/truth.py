"""The truth beside a sample capture, and what an inspection made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from loupebox.calibration.document import problems
from loupebox.inspect.measurement import Measurement
from loupebox.inspect.verdict import Verdict
from loupebox.station.capture import CaptureError
from loupebox.station.inspection import Inspection

LARGEST_DIAMETER_UNCERTAINTY_MM = 0.02
IMPLIED = ("prong_count",)
"""Fails with every missing prong, and the truth names the prong."""


class Truth(BaseModel):
    """truth.json of a sample: what the piece really is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Annotated[Literal[1], Field(alias="schema")]
    verdict: Literal["PASS", "REVIEW", "FAIL", "REFUSED"]
    refusal: str | None
    failing: tuple[str, ...]
    values: dict[str, float | None]
    prongs: tuple[dict[str, Any], ...]
    defects: tuple[dict[str, Any], ...]
    how_made: Any
    licence: str


@dataclass(frozen=True, slots=True)
class TruthComparison:
    """An inspection held against the truth; `wrong` says in words what disagrees, and is empty when nothing does."""

    expected: str
    found: str
    diameter_error_mm: float | None
    diameter_expanded_uncertainty_mm: float | None
    wrong: tuple[str, ...]


def read_truth(folder: Path) -> Truth:
    """The truth of a sample capture."""
    path = folder / "truth.json"
    try:
        return Truth.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CaptureError(f"{path} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        raise CaptureError(problems(error, Truth, str(path))[0]) from None


def compare(inspection: Inspection, truth: Truth) -> TruthComparison:
    """Verdict, failing checks, and the inner diameter within its own stated uncertainty."""
    expected, found = _summary(truth.verdict, truth.refusal, truth.failing), _found(inspection)
    wrong = [] if expected == found else [f"expected {expected}, found {found}"]
    error_mm, expanded_mm = _diameter(inspection, truth)
    if error_mm is not None and expanded_mm is not None:
        if abs(error_mm) > expanded_mm:
            wrong.append(f"inner diameter is off by {error_mm * 1000:+.1f} um, U is {expanded_mm * 1000:.1f} um")
        if expanded_mm > LARGEST_DIAMETER_UNCERTAINTY_MM:
            wrong.append(f"U of the inner diameter is {expanded_mm * 1000:.1f} um")
    elif truth.verdict != "REFUSED":
        wrong.append("the inner diameter was not measured")
    return TruthComparison(expected, found, error_mm, expanded_mm, tuple(wrong))


def _summary(outcome: str, refusal: str | None, names: tuple[str, ...]) -> str:
    details = refusal or ", ".join(sorted(names))
    return f"{outcome} ({details})" if details else outcome


def _found(inspection: Inspection) -> str:
    """The checks that decided: those that failed, or in a REVIEW those that a person must look at."""
    judgement, refusal = inspection.judgement, inspection.refusal
    if judgement is None or judgement.verdict is Verdict.PASS:
        return _summary(inspection.outcome, refusal.code if refusal else None, ())
    names = tuple(c.name for c in judgement.checks if c.verdict is judgement.verdict and c.name not in IMPLIED)
    return _summary(inspection.outcome, None, names)


def _diameter(inspection: Inspection, truth: Truth) -> tuple[float | None, float | None]:
    true_mm = truth.values.get("inner_diameter_mm")
    for result in inspection.measurements:
        if result.name == "inner_diameter_mm" and isinstance(result, Measurement) and true_mm is not None:
            return result.estimate.value - true_mm, result.estimate.expanded_uncertainty
    return None, None
