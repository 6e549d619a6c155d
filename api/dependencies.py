"""What routes ask for: the log, and fields whose limits are the same everywhere."""

from __future__ import annotations

import unicodedata
from itertools import groupby
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator, StringConstraints

from loupebox.station.records.qc_log import LONGEST_PAGE, QcLog


def _log(request: Request) -> QcLog:
    return request.app.state.log


MOST_MARKS = 30
"""On one letter: what Unicode's stream-safe text has at most (UAX 15), and more than any language needs."""


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("allowed are printable characters on one line")
    if any(mark and len(list(marks)) > MOST_MARKS for mark, marks in groupby(text, key=_is_mark)):
        raise ValueError(f"allowed are at most {MOST_MARKS} marks on one letter")
    return text


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0


Log = Annotated[QcLog, Depends(_log)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="number given by the record")]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE, description="at most so many items")]
Cursor = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="the `next_cursor` of the part before")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300), AfterValidator(_one_line)]
"""A short text, which may be empty."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(_one_line)]
"""Who or where; never empty."""
Key = Annotated[str, Path(max_length=120), AfterValidator(_one_line)]
"""A name in an address: a job, a style, a serial."""
Wanted = Annotated[Annotated[str, AfterValidator(_one_line)] | None, Query(max_length=120)]
"""Only those with this name."""
TextCursor = Annotated[
    Annotated[str, AfterValidator(_one_line)] | None,
    Query(max_length=200, description="the `next_cursor` of the part before"),
]
