"""How many pieces of a lot to inspect, and how many bad ones it may have: ISO 2859-1:1999, single sampling."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Literal, get_args

SamplingSeverity = Literal["normal", "tightened", "reduced"]
InspectionLevel = Literal["S-1", "S-2", "S-3", "S-4", "I", "II", "III"]

SAMPLING_SEVERITIES: tuple[SamplingSeverity, ...] = get_args(SamplingSeverity)
INSPECTION_LEVELS: tuple[InspectionLevel, ...] = get_args(InspectionLevel)

AQLS_PERCENT = (
    *(0.010, 0.015, 0.025, 0.040, 0.065, 0.10, 0.15, 0.25, 0.40, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5, 10.0),
    *(15.0, 25.0, 40.0, 65.0, 100.0, 150.0, 250.0, 400.0, 650.0, 1000.0),
)
"""The preferred AQLs; those above 10 are defects per hundred pieces, never per cent of bad pieces."""

LETTERS = "ABCDEFGHJKLMNPQRS"
_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000, 3150)
_REDUCED_SIZES = (2, 2, 2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800)

# Table 1: up to which lot size a row goes, and its letters in the order of the levels.
_LOT_SIZE_UP_TO = (8, 15, 25, 50, 90, 150, 280, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000)
_CODE_LETTERS = (
    *("AAAAAAB", "AAAAABC", "AABBBCD", "ABBCCDE", "BBCCCEF", "BBCDDFG", "BCDEEGH", "BCDEFHJ", "CCEFGJK"),
    *("CDEGHKL", "CDFGJLM", "CDFHKMN", "DEGJLNP", "DEGJMPQ", "DEHKNQR"),
)

# Tables 2-A, 2-B and 2-C run along diagonals: a plan's acceptance number depends only on the place of its letter plus
# the place of its AQL, since sample sizes and AQLs grow by the same factor. The first letters go two places further.
_NORMAL = {14: 0, 17: 1, 18: 2, 19: 3, 20: 5, 21: 7, 22: 10, 23: 14, 24: 21}
_TIGHTENED = {15: 0, 18: 1, 19: 2, 20: 3, 21: 5, 22: 8, 23: 12, 24: 18}
_REDUCED = {14: 0, 18: 1, 19: 2, 20: 3, 21: 5, 22: 6, 23: 8, 24: 10}
# Reduced samples are not smaller than 2, so that the first two letters have diagonals of their own.
_REDUCED_A = {14: 0, 17: 1, 18: 2, 19: 3, 20: 5, 21: 7, 22: 10, 23: 14, 24: 21, 25: 30}
_REDUCED_B = {14: 0, 18: 1, 19: 2, 20: 3, 21: 5, 22: 7, 23: 10, 24: 14, 25: 21, 26: 30}
_UP_TO_E: dict[SamplingSeverity, dict[int, int]] = {
    "normal": {25: 30, 26: 44},
    "tightened": {25: 27, 26: 41},
    "reduced": {25: 14, 26: 21},
}


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """A single sampling plan.

    Parameters
    ----------
    letter : str
        Code letter of the plan, after the table's arrows: it may differ from that of the lot.
    sample_size : int
        Pieces to inspect; of a lot that is not larger, all.
    accept : int
        The lot is accepted with at most so many nonconforming pieces in the sample, and not accepted with one more.
    """

    letter: str
    sample_size: int
    accept: int

    @property
    def reject(self) -> int:
        """Rejection number, one above the acceptance number in all three tables of the 1999 edition."""
        return self.accept + 1


def code_letter(lot_size: int, level: InspectionLevel) -> str:
    """Code letter of a lot (ISO 2859-1:1999, table 1).

    Parameters
    ----------
    lot_size : int
        Pieces in the lot, 2 or more.
    level : InspectionLevel
        Special S-1 to S-4, general I to III; II unless agreed otherwise.

    Examples
    --------
    >>> code_letter(1000, "II")
    'J'
    """
    if lot_size < 2:
        raise ValueError(f"a lot of {lot_size} cannot be sampled; allowed are 2 pieces or more")
    row = bisect.bisect_left(_LOT_SIZE_UP_TO, lot_size)
    return _CODE_LETTERS[row][INSPECTION_LEVELS.index(level)]


def sampling_plan(letter: str, aql_percent: float, severity: SamplingSeverity) -> SamplingPlan:
    """The plan of a code letter and an AQL (ISO 2859-1:1999, tables 2-A, 2-B and 2-C), arrows followed.

    Parameters
    ----------
    letter : str
        A to R without I and O.
    aql_percent : float
        One of `AQLS_PERCENT`.
    severity : SamplingSeverity

    Examples
    --------
    >>> sampling_plan("L", 1.0, "normal")
    SamplingPlan(letter='L', sample_size=200, accept=5)
    """
    if aql_percent not in AQLS_PERCENT:
        raise ValueError(f"AQL is {aql_percent:g}; allowed are {', '.join(f'{a:g}' for a in AQLS_PERCENT)}")
    if len(letter) != 1 or letter not in LETTERS[:-1]:
        raise ValueError(f"code letter is '{letter}'; allowed are {', '.join(LETTERS[:-1])}")
    place, column = LETTERS.index(letter), AQLS_PERCENT.index(aql_percent)
    for there in _searched(place, column):
        accept = _accept(there, column, severity)
        if accept is not None:
            sizes = _REDUCED_SIZES if severity == "reduced" else _SIZES
            return SamplingPlan(LETTERS[there], sizes[there], accept)
    raise AssertionError(f"no plan for letter {letter}, AQL {aql_percent:g}")  # every column of the tables has one


def lot_plan(lot_size: int, level: InspectionLevel, aql_percent: float, severity: SamplingSeverity) -> SamplingPlan:
    """The plan for a lot of this size; a sample as large as the lot means that every piece is inspected."""
    if lot_size == 1:
        return SamplingPlan("A", 1, 0)
    plan = sampling_plan(code_letter(lot_size, level), aql_percent, severity)
    return SamplingPlan(plan.letter, min(plan.sample_size, lot_size), plan.accept)


def _accept(place: int, column: int, severity: SamplingSeverity) -> int | None:
    """What stands in a cell of a master table: the acceptance number, or None for an arrow."""
    if LETTERS[place] == "S":
        # One plan only, which has no smaller neighbour to point to.
        return 1 if severity == "tightened" and column == 2 else None
    diagonals = {"normal": _NORMAL, "tightened": _TIGHTENED, "reduced": _REDUCED}[severity]
    if severity == "reduced" and place < 2:
        diagonals = (_REDUCED_A, _REDUCED_B)[place]
    elif place <= LETTERS.index("E"):
        diagonals = diagonals | _UP_TO_E[severity]
    return diagonals.get(place + column)


def _searched(place: int, column: int) -> list[int]:
    """Places of letters in the order in which an arrow leads; the other way when it leads nowhere."""
    up, down = list(range(place - 1, -1, -1)), list(range(place + 1, len(LETTERS)))
    diagonal = place + column
    leads_up = diagonal > 24 or diagonal == 15
    return [place, *up, *down] if leads_up else [place, *down, *up]
