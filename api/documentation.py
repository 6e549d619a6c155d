"""The OpenAPI document as one plain page of our own: FastAPI's usual page would fetch its parts from the internet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response

from loupebox.api.access import Allowed
from loupebox.api.asked_again import HEADER, SAFE_METHODS
from loupebox.api.pages import render
from loupebox.station.records.one_change import KEY_LENGTHS

KEY_PARAMETER = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": KEY_LENGTHS[0], "maxLength": KEY_LENGTHS[1], "pattern": "^[ -~]+$"},
    "description": "a random key, such as a UUID: the same request with the same key is done once and answered alike",
}

router = APIRouter(include_in_schema=False, dependencies=[Depends(Allowed())])


@router.get("/docs")
def documentation(request: Request) -> Response:
    document = request.app.openapi()
    return render(request, "docs.html", info=document["info"], operations=operations(document))


def describe(app: FastAPI, openapi: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """FastAPI's document, with the header that every change may carry."""
    if app.openapi_schema is None:
        for path, methods in openapi()["paths"].items():
            for method, operation in methods.items():
                if path.startswith("/api/") and method.upper() not in SAFE_METHODS:
                    operation.setdefault("parameters", []).append(KEY_PARAMETER)
    return openapi()


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Each method of each path with its parameters, body and answers, references resolved one step."""
    found: list[dict[str, Any]] = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {})
            found.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "summary": operation.get("summary", ""),
                    "description": operation.get("description", ""),
                    "parameters": [
                        {
                            "name": p["name"],
                            "place": p["in"],
                            "required": p.get("required", False),
                            "type": type_name(p.get("schema", {})),
                            "description": p.get("description", ""),
                        }
                        for p in operation.get("parameters", ())
                    ],
                    "body": fields(document, next(iter(body.values()))["schema"]) if body else [],
                    "answers": [
                        {"status": status, "description": answer["description"], "type": answer_type(answer)}
                        for status, answer in operation["responses"].items()
                    ],
                }
            )
    return found


def fields(document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, Any]]:
    target = document["components"]["schemas"][name] if (name := reference(schema)) else schema
    required = target.get("required", ())
    return [
        {
            "name": key,
            "type": type_name(value),
            "required": key in required,
            "description": value.get("description", ""),
        }
        for key, value in target.get("properties", {}).items()
    ]


def answer_type(answer: dict[str, Any]) -> str:
    content = answer.get("content", {})
    media, details = next(iter(content.items()), ("", {}))
    name = type_name(details.get("schema", {})) if details else ""
    return f"{media} {name}".strip()


def type_name(schema: dict[str, Any]) -> str:
    """A schema in a few words: "integer", "list of Order", "text or null"."""
    if name := reference(schema):
        return name
    if "anyOf" in schema:
        return " or ".join(type_name(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(word) for word in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    return {"string": schema.get("format", "text")}.get(schema.get("type", ""), schema.get("type", "any"))


def reference(schema: dict[str, Any]) -> str:
    return schema.get("$ref", "").rpartition("/")[2]
