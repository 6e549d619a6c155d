"""A document that someone wrote by hand or by machine, and what is wrong with it, in sentences."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

_ALLOWED = {
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of {ge:g} or more",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of {le:g} or less",
    "finite_number": "a finite number",
    "float_type": "a number",
    "float_parsing": "a number",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "string_too_short": "text of at least {min_length} character(s)",
    "string_too_long": "text of at most {max_length} characters",
    "string_pattern_mismatch": "text of the form {pattern}",
    "literal_error": "{expected}",
    "date_type": "a date such as 2026-11-01",
    "date_parsing": "a date such as 2026-11-01",
    "date_from_datetime_parsing": "a date such as 2026-11-01",
    "datetime_type": "a time such as 2026-11-01T08:00:00+00:00",
    "datetime_parsing": "a time such as 2026-11-01T08:00:00+00:00",
    "datetime_from_date_parsing": "a time such as 2026-11-01T08:00:00+00:00",
    "timezone_aware": "a time with its offset, such as 2026-11-01T08:00:00+00:00",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table of keys and values",
    "model_type": "a table of keys and values",
    "model_attributes_type": "a table of keys and values",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}
_LONGEST_VALUE = 60


def problems(error: ValidationError, model: type[BaseModel], source: str) -> tuple[str, ...]:
    """One sentence for each thing that is wrong with a document.

    Parameters
    ----------
    error : ValidationError
        What pydantic found when it read the document as `model`.
    model : type of BaseModel
        The model of the whole document; the keys that are allowed at each place are read from it.
    source : str
        What the document is called, usually its file.

    Returns
    -------
    tuple of str
        Each with the source, the key (dotted, list places from 0 in brackets), the value and what is allowed.
        A key that is missing because it was misspelt is told once, as the misspelling.
    """
    details = error.errors(include_url=False)
    misspelt = {
        (*d["loc"][:-1], suggestion)
        for d in details
        if d["type"] == "extra_forbidden" and (suggestion := _nearest(model, d["loc"])) is not None
    }
    # A list or table counts as bad when something inside it is; what is inside says it better.
    around = {d["loc"][:n] for d in details for n in range(len(d["loc"]))}
    return tuple(
        f"{source}: {_sentence(d, model)}"
        for d in details
        if not (d["type"] == "missing" and d["loc"] in misspelt)
        and not (d["type"] == "too_short" and d["loc"] in around)
    )


def _sentence(detail: Any, model: type[BaseModel]) -> str:
    loc: tuple[int | str, ...] = detail["loc"]
    kind: str = detail["type"]
    key = dotted(loc)
    if kind == "extra_forbidden":
        suggestion = _nearest(model, loc)
        if suggestion is not None:
            return f"unknown key '{key}'; did you mean '{suggestion}'?"
        return f"unknown key '{key}'; allowed are {', '.join(_keys(model, loc))}"
    if kind == "missing":
        inside = _model_at(model, loc[:-1])
        fields = {field.alias or name: field for name, field in inside.model_fields.items()} if inside else {}
        description = fields[str(loc[-1])].description if str(loc[-1]) in fields else None
        return f"key '{key}' is missing" + (f"; it holds {description}" if description else "")
    if kind == "value_error":
        return f"{key}: {detail['ctx']['error']}" if key else str(detail["ctx"]["error"])
    allowed = allowed_at(detail)
    value = repr(detail["input"])
    if len(value) > _LONGEST_VALUE:
        value = value[: _LONGEST_VALUE - 3] + "..."
    return f"key '{key}' is {value}; allowed is {allowed}" if key else f"the document is {value}; allowed is {allowed}"


def allowed_at(detail: Any) -> str:
    """What pydantic would have allowed at one place, of the details of its `ValidationError`, in words."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    template = _ALLOWED.get(kind)
    return template.format(**context) if template else f"what fits '{detail['msg']}'"


def dotted(loc: Sequence[int | str]) -> str:
    """A place in a document as people write it.

    >>> dotted(("characteristic", 0, "lower"))
    'characteristic[0].lower'
    """
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _keys(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    inside = _model_at(model, loc[:-1])
    return _names(inside) if inside else []


def _nearest(model: type[BaseModel], loc: tuple[int | str, ...]) -> str | None:
    close = difflib.get_close_matches(str(loc[-1]), _keys(model, loc), n=1, cutoff=0.6)
    return close[0] if close else None


def _model_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, int):
            continue
        fields = {(f.alias or n): f for n, f in here.model_fields.items()} if here else {}
        here = _inner_model(fields[part].annotation) if part in fields else None
    return here


def _inner_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((m for a in get_args(annotation) if (m := _inner_model(a)) is not None), None)
