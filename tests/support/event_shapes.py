"""Holds events against the catalogue (`server.event_types`)."""

from typing import Any

from pydantic import BaseModel, ValidationError

from server.event_types import EVENT_TYPES

_BY_NAME = {one.name: one for one in EVENT_TYPES}


def flaws(type: str, data: dict[str, Any], kept: bool) -> list[str]:
    """What is not as the catalogue says. Types that a test has made up are its own business."""
    if not type.startswith("scriptorium."):
        return []
    if (declared := _BY_NAME.get(type)) is None:
        return [f"{type} is not in the catalogue"]
    if declared.kept != kept:
        return [f"{type} is {'' if kept else 'not '}numbered"]
    try:
        model = declared.data.model_validate(data)
    except ValidationError as error:
        return [f"{type}: {error}"]
    return [f"{type} does not declare {place}" for place in _undeclared(model, data, "data")]


def _undeclared(model: Any, data: Any, place: str) -> list[str]:
    """Properties that the shape passes over."""
    if isinstance(model, BaseModel) and isinstance(data, dict):
        declared = type(model).model_fields
        return [
            found
            for key, value in data.items()
            for found in (
                _undeclared(getattr(model, key), value, f"{place}.{key}") if key in declared else [f"{place}.{key}"]
            )
        ]
    if isinstance(model, list) and isinstance(data, list):
        return [
            found for one, value in zip(model, data, strict=True) for found in _undeclared(one, value, f"{place}[]")
        ]
    return []
