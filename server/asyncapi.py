"""The event socket for programs: an AsyncAPI 3.0 document, and the same for people (`docs/events.md`).

``python -m server.asyncapi > docs/events.md`` writes the latter anew.
"""

import re
from typing import Any

from pydantic.json_schema import models_json_schema

from server.event_types import EVENT_TYPES, EventType
from server.openapi import TITLE

_ADDRESS = "/api/workspaces/{workspace}/events"
_BEGINNING = """# Events

Whatever happens in a workspace is an event in its stream. `ws://…/api/workspaces/<ws>/events` sends each as one
message, a [CloudEvent](https://cloudevents.io) 1.0 in JSON whose `source` is `/api/workspaces/<ws>`; [how to follow
them](http.md#events) has an example. Numbered ones are kept for 7 days, and `?after=<id>` begins behind the last one
that you saw; the others are heard by who is there. A property with a question mark may be left out. New properties
and new types may come with any version: pass over what you do not know.

The same for programs, as [AsyncAPI](https://www.asyncapi.com) 3.0, is at `/api/asyncapi.json`. This page is made of
`server/event_types.py`.
"""


def describe(version: str) -> dict[str, Any]:
    """The AsyncAPI 3.0.0 document of the event socket."""
    schemas, definitions = models_json_schema(
        [(one.data, "serialization") for one in EVENT_TYPES], ref_template="#/components/schemas/{model}"
    )
    messages = {one.name: _message(one, schemas[one.data, "serialization"]) for one in EVENT_TYPES}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"{TITLE}: events of a workspace", "version": version},
        "defaultContentType": "application/json",
        "channels": {
            "events": {
                "address": _ADDRESS,
                "parameters": {"workspace": {"description": "Id of the workspace"}},
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "query": {
                            "type": "object",
                            "properties": {
                                "after": {
                                    "type": "integer",
                                    "minimum": 0,
                                    "description": "The id of the last event that you saw; 0 for all that are kept",
                                }
                            },
                        },
                    }
                },
            }
        },
        "operations": {"follow": {"action": "send", "channel": {"$ref": "#/channels/events"}}},
        "components": {"messages": messages, "schemas": definitions.get("$defs", {})},
    }


def _message(one: EventType, data: dict[str, Any]) -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "name": one.name,
        "summary": one.meaning,
        "payload": {
            "type": "object",
            "required": ["specversion", "id", "source", "type", "time", "datacontenttype", "data"],
            "properties": {
                "specversion": {"const": "1.0"},
                "id": {**text, "description": "A number" if one.kept else "No number: it cannot be resumed from"},
                "source": text,
                "type": _type(one.name),
                "time": {**text, "format": "date-time"},
                "datacontenttype": {"const": "application/json"},
                "data": data,
            },
        },
    }


def _type(name: str) -> dict[str, str]:
    return {"const": name} if not name.endswith(".*") else {"type": "string", "pattern": f"^{re.escape(name[:-1])}"}


def page() -> str:
    """`docs/events.md`."""
    document = describe("")
    schemas, messages = document["components"]["schemas"], document["components"]["messages"]
    rows = [_BEGINNING, "| type | numbered | what it tells | data |", "|---|---|---|---|"]
    named: list[str] = []
    for one in EVENT_TYPES:
        data = _name(messages[one.name]["payload"]["properties"]["data"])
        named.append(data)
        rows.append(f"| `{one.name}` | {'yes' if one.kept else 'no'} | {one.meaning} | [{data}](#{data.lower()}) |")
    rows += ["", "## Data", ""]
    done: set[str] = set()
    while named:
        name = named.pop(0)
        if name in done:
            continue
        done.add(name)
        schema = schemas[name]
        rows += [f"### {name}", ""]
        rows += ["| property | is |", "|---|---|"]
        for key, value in schema.get("properties", {}).items():
            optional = "" if key in schema.get("required", ()) else "?"
            rows.append(f"| `{key}{optional}` | {_told(value, named)} |")
        rows.append("")
    return "\n".join(rows)


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rsplit("/", 1)[-1]


def _told(schema: dict[str, Any], named: list[str]) -> str:
    """The type of a property; what it refers to is put among those `named`."""
    if "$ref" in schema:
        name = _name(schema)
        named.append(name)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_told(one, named) for one in schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        return " or ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if kind == "array":
        if "prefixItems" in schema:
            return "[" + ", ".join(_told(one, named) for one in schema["prefixItems"]) + "]"
        return f"list of {_told(schema['items'], named)}"
    if schema.get("format") == "date-time":
        return "RFC 3339 time"
    return {"string": "text", "integer": "integer", "number": "number", "boolean": "true or false", "null": "null"}.get(
        str(kind), str(kind or "anything")
    )


if __name__ == "__main__":
    print(page(), end="")
