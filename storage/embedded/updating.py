"""Update documents: what MongoDB's update operators do to one decoded document."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from bson import ObjectId

from storage.embedded.errors import (
    BAD_VALUE,
    CONFLICTING_UPDATE,
    IMMUTABLE_FIELD,
    PATH_NOT_VIABLE,
    TYPE_MISMATCH,
    CommandError,
    unsupported,
)
from storage.embedded.matching import MISSING, compile_filter, has_operators
from storage.embedded.ordering import encode

Document = dict[str, Any]
_Change = Callable[[Any, Any], Any]  # (present value or MISSING, operand) → new value or MISSING

_LONGEST_LIST = 1_500_000  # MongoDB's bound for filling a list up to an index


def apply(document: Document, update: Document, *, inserting: bool = False) -> Document:
    """The document after `update`; the one given is not touched.

    `update` is either operators or a whole replacement, which keeps the `_id`. `$setOnInsert` counts only when
    `inserting`. Raises `CommandError`.
    """
    if not any(name.startswith("$") for name in update):
        return _replaced(document, update)
    result = copy.deepcopy(document)
    paths: list[list[str]] = []
    for name, changes in update.items():
        change = _CHANGES.get(name)
        if change is None:
            raise unsupported(f"the update operator {name}")
        if not isinstance(changes, dict):
            raise CommandError(BAD_VALUE, f"{name} needs an object")
        for path, operand in changes.items():
            names = path.split(".")
            if any(_overlap(names, other) for other in paths):
                raise CommandError(CONFLICTING_UPDATE, f"updating {path!r} would conflict with another change")
            paths.append(names)
            if name != "$setOnInsert" or inserting:
                _change_at(result, names, change, operand)
    if "_id" in document and encode(result.get("_id")) != encode(document["_id"]):
        raise CommandError(IMMUTABLE_FIELD, "the field '_id' cannot be changed")
    return result


def upserted(conditions: Document, update: Document) -> Document:
    """The document to insert where nothing matched `conditions`: their equalities, then the update."""
    document: Document = {}
    _collect_equalities(conditions, document)
    document = apply(document, update, inserting=True)
    return document if "_id" in document else {"_id": ObjectId(), **document}


def _replaced(document: Document, replacement: Document) -> Document:
    if "_id" not in document:
        return replacement
    if "_id" in replacement and encode(replacement["_id"]) != encode(document["_id"]):
        raise CommandError(IMMUTABLE_FIELD, "the field '_id' cannot be changed")
    return {"_id": document["_id"], **replacement}


def _collect_equalities(conditions: Document, document: Document) -> None:
    for key, condition in conditions.items():
        if key == "$and":
            for part in condition:
                _collect_equalities(part, document)
        elif key.startswith("$"):
            continue
        elif not has_operators(condition):
            _change_at(document, key.split("."), _set, condition)
        elif "$eq" in condition:
            _change_at(document, key.split("."), _set, condition["$eq"])


def _overlap(one: list[str], other: list[str]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _change_at(document: Document, path: list[str], change: _Change, operand: Any) -> None:
    """Changes the value at `path`, making the objects on the way only when there is something to put there."""
    container: Any = document
    for depth, name in enumerate(path[:-1]):
        inner = _get(container, name)
        if inner is MISSING:
            value = change(MISSING, operand)
            if value is not MISSING:
                for outer in reversed(path[depth + 1 :]):
                    value = {outer: value}
                _put(container, name, value)
            return
        if not isinstance(inner, dict | list):
            if change in (_unset, _pull):
                return
            raise CommandError(PATH_NOT_VIABLE, f"cannot create field {path[depth + 1]!r} in {name!r}")
        container = inner
    present = _get(container, path[-1])
    value = change(present, operand)
    if value is not MISSING:
        _put(container, path[-1], value)
    elif isinstance(container, dict):
        container.pop(path[-1], None)
    elif present is not MISSING:
        container[int(path[-1])] = None  # positions of the others stay


def _get(container: Any, name: str) -> Any:
    if isinstance(container, dict):
        return container.get(name, MISSING)
    if name.isdigit():
        return container[int(name)] if int(name) < len(container) else MISSING
    return MISSING


def _put(container: Any, name: str, value: Any) -> None:
    if isinstance(container, dict):
        container[name] = value
        return
    if not name.isdigit() or int(name) > _LONGEST_LIST:
        raise CommandError(PATH_NOT_VIABLE, f"cannot create field {name!r} in a list")
    container.extend([None] * (int(name) + 1 - len(container)))
    container[int(name)] = value


def _set(present: Any, value: Any) -> Any:
    return value


def _unset(present: Any, operand: Any) -> Any:
    return MISSING


def _arithmetic(name: str, combine: Callable[[Any, Any], Any], start: Callable[[Any], Any]) -> _Change:
    def change(present: Any, operand: Any) -> Any:
        for value in (operand, present):
            if value is not MISSING and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise CommandError(TYPE_MISMATCH, f"{name} needs numbers, not {type(value).__name__}")
        return start(operand) if present is MISSING else combine(present, operand)

    return change


def _lower(present: Any, value: Any) -> Any:
    return value if present is MISSING or encode(value) < encode(present) else present


def _higher(present: Any, value: Any) -> Any:
    return value if present is MISSING or encode(value) > encode(present) else present


def _list_of(name: str, present: Any) -> list[Any]:
    if present is MISSING:
        return []
    if not isinstance(present, list):
        raise CommandError(BAD_VALUE, f"{name} needs a list, not {type(present).__name__}")
    return present


def _modifiers(name: str, operand: Any, known: set[str]) -> tuple[list[Any], Document]:
    if not isinstance(operand, dict) or "$each" not in operand:
        return [operand], {}
    if unknown := operand.keys() - known:
        raise unsupported(f"{name} with {sorted(unknown)[0]}")
    if not isinstance(operand["$each"], list):
        raise CommandError(BAD_VALUE, "$each needs a list")
    return operand["$each"], operand


def _push(present: Any, operand: Any) -> Any:
    items, modifiers = _modifiers("$push", operand, {"$each", "$slice"})
    result = [*_list_of("$push", present), *items]
    keep = modifiers.get("$slice")
    if keep is None:
        return result
    return result[:keep] if keep >= 0 else result[keep:]


def _add_to_set(present: Any, operand: Any) -> Any:
    items, _ = _modifiers("$addToSet", operand, {"$each"})
    result = list(_list_of("$addToSet", present))
    known = {encode(item) for item in result}
    for item in items:
        if (encoded := encode(item)) not in known:
            known.add(encoded)
            result.append(item)
    return result


def _pull(present: Any, condition: Any) -> Any:
    if present is MISSING:
        return MISSING
    if isinstance(condition, dict) and not has_operators(condition):
        matches = compile_filter(condition)
        return [item for item in _list_of("$pull", present) if not (isinstance(item, dict) and matches(item))]
    matches = compile_filter({"item": condition})
    return [item for item in _list_of("$pull", present) if not matches({"item": item})]


_CHANGES: dict[str, _Change] = {
    "$set": _set,
    "$setOnInsert": _set,
    "$unset": _unset,
    "$inc": _arithmetic("$inc", lambda present, by: present + by, lambda by: by),
    "$mul": _arithmetic("$mul", lambda present, by: present * by, lambda by: by * 0),
    "$min": _lower,
    "$max": _higher,
    "$push": _push,
    "$addToSet": _add_to_set,
    "$pull": _pull,
}
