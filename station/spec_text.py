"""Spec sheets as text: write one, put the approval in, take it out again for the next revision."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from loupebox.inspect.spec import SpecDraft, SpecError, load_draft, load_spec

APPROVAL = re.compile(r"^(?:approved_by|approved_on)\s*=.*\n", re.M)
REVISION = re.compile(r"^revision\s*=.*$", re.M)
FIRST_TABLE = re.compile(r"^\s*\[", re.M)


def approved_text(draft: str, name: str, approved_by: str, approved_on: date) -> str:
    """The draft word for word under two lines that say who approved it and when; it is an approved sheet."""
    text = f"approved_by = {_value(approved_by)}\napproved_on = {approved_on.isoformat()}\n{draft}"
    load_spec(text, name)
    return text


def next_draft(approved: str, name: str, revision: str) -> str:
    """An approved sheet as the draft of its next revision: comments are kept where that is surely right."""
    old = load_spec(approved, name)
    wanted = {**old.model_dump(by_alias=True, exclude_unset=True), "revision": revision}
    del wanted["approved_by"], wanted["approved_on"]
    new = SpecDraft.model_validate(wanted)
    first_table = FIRST_TABLE.search(approved)
    end = len(approved) if first_table is None else first_table.start()
    head = REVISION.sub(lambda _: f"revision = {_value(revision)}", APPROVAL.sub("", approved[:end]))
    edited = head + approved[end:]
    try:
        if load_draft(edited, name) == new:
            return edited
    except SpecError:
        pass  # a layout that these three patterns do not know; what it says is kept all the same
    return written(new)


def written(spec: SpecDraft, *comments: str) -> str:
    """A sheet as TOML, only what it says itself and no defaults, under these comments."""
    document = spec.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    return "\n".join([*(f"# {comment}" for comment in comments), *_tables(document)]) + "\n"


def _tables(document: Mapping[str, Any]) -> Iterator[str]:
    plain = {key: value for key, value in document.items() if not isinstance(value, dict | list | tuple)}
    yield from (f"{key} = {_value(value)}" for key, value in plain.items())
    for key, value in document.items():
        if key in plain:
            continue
        for table in [value] if isinstance(value, dict) else value:
            yield ""
            yield f"[{key}]" if isinstance(value, dict) else f"[[{key}]]"
            yield from (f"{inner} = {_value(it)}" for inner, it in table.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, str):
        # TOML's basic strings are those of JSON, but for one character that JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return value.isoformat() if isinstance(value, date) else json.dumps(value, allow_nan=False)
