"""What may be agreed of a sample, and its plan."""

from __future__ import annotations

from typing import cast

from loupebox.inspect.sampling_plan import (
    AQLS_PERCENT,
    INSPECTION_LEVELS,
    SAMPLING_SEVERITIES,
    InspectionLevel,
    SamplingPlan,
    SamplingSeverity,
    lot_plan,
)
from loupebox.station.records.errors import NotAllowed

LARGEST_AQL_PERCENT = 10.0
"""Bad pieces are counted, not defects: only AQLs up to 10 mean that."""


def check_agreed(level: str, aql_percent: float) -> None:
    """Raise `NotAllowed` unless the tables have this level and this AQL."""
    if level not in INSPECTION_LEVELS:
        raise NotAllowed(f"'{level}' is no inspection level; allowed are {', '.join(INSPECTION_LEVELS)}")
    if aql_percent not in AQLS_PERCENT or aql_percent > LARGEST_AQL_PERCENT:
        allowed = ", ".join(f"{aql:g}" for aql in AQLS_PERCENT if aql <= LARGEST_AQL_PERCENT)
        raise NotAllowed(f"AQL is {aql_percent:g} %; allowed are {allowed}")


def agreed_plan(lot_size: int, level: str, aql_percent: float, severity: str) -> SamplingPlan:
    """The plan of the tables for a lot; nothing is recorded."""
    check_agreed(level, aql_percent)
    if severity not in SAMPLING_SEVERITIES:
        raise NotAllowed(f"'{severity}' is no severity; allowed are {', '.join(SAMPLING_SEVERITIES)}")
    return lot_plan(lot_size, cast(InspectionLevel, level), aql_percent, cast(SamplingSeverity, severity))
