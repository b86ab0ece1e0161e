"""The OpenAPI document: FastAPI's, with our errors and the authorization rule of each operation in it."""

import re
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from server.access import rules_of

TITLE = "Scriptorium"

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for a person."},
        "errors": {
            "type": "array",
            "description": "What is wrong with the request, with RFC 6901 pointers.",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("in", "pointer", "detail")},
            },
        },
    },
}

_ERROR = {
    "description": "Every error",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def _declare_placeholders(path: str, operation: dict[str, Any]) -> None:
    """What only the authorization rule reads of a path, FastAPI does not know of."""
    declared = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "path"}
    for name in re.findall(r"{(\w+)}", path):
        if name not in declared:
            parameter = {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            operation.setdefault("parameters", []).append(parameter)


def describe(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=TITLE, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    for route in app.routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            rule = next(rules_of(route)).description
            for method in route.methods or ():
                operation = document["paths"][route.path_format][method.lower()]
                operation["x-authorization"] = rule
                _declare_placeholders(route.path_format, operation)
                operation["security"] = [] if rule == "public" else [{"cookie": []}, {"bearer": []}]
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = _ERROR
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "scriptorium_<port>"},
    }
    return document
