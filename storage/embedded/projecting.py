"""Projections: which fields of a document a reader wants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from storage.embedded.errors import BAD_VALUE, CommandError, unsupported


def project(document: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Only the named fields (and `_id` unless it is switched off), or all but those. Raises `CommandError`."""
    wanted = {name: bool(flag) for name, flag in fields.items() if name != "_id"}
    if any(not isinstance(flag, bool | int | float) for flag in fields.values()):
        raise unsupported("a projection by an expression")
    if len(set(wanted.values())) > 1:
        raise CommandError(BAD_VALUE, "a projection cannot both include and exclude")
    including = any(wanted.values()) or (not wanted and bool(fields.get("_id")))
    paths = [name.split(".") for name in wanted]
    if bool(fields.get("_id", True)) == including:
        paths.append(["_id"])
    return _include(document, paths) if including else _exclude(document, paths)


def _include(document: Mapping[str, Any], paths: list[list[str]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in document.items():
        below = [path[1:] for path in paths if path[0] == name]
        if [] in below:
            result[name] = value
        elif below and isinstance(value, dict):
            result[name] = _include(value, below)
        elif below and isinstance(value, list):
            result[name] = [_include(item, below) for item in value if isinstance(item, dict)]
    return result


def _exclude(document: Mapping[str, Any], paths: list[list[str]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in document.items():
        below = [path[1:] for path in paths if path[0] == name]
        if [] in below:
            continue
        if below and isinstance(value, dict):
            value = _exclude(value, below)
        elif below and isinstance(value, list):
            value = [_exclude(item, below) if isinstance(item, dict) else item for item in value]
        result[name] = value
    return result
