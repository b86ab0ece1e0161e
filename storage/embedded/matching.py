"""Query filters: from MongoDB's notation to a predicate over decoded documents."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bson import Regex

from storage.embedded.errors import BAD_VALUE, CommandError, unsupported
from storage.embedded.ordering import encode

Matcher = Callable[[Mapping[str, Any]], bool]
_Test = Callable[[list[Any]], bool]  # over all values that a path reaches in one document


class _Missing:
    """What a path reaches where there is nothing."""


MISSING: Final = _Missing()


def compile_filter(conditions: Mapping[str, Any]) -> Matcher:
    """Raises `CommandError` for an operator that is unknown or misused."""
    clauses = [_clause(key, condition) for key, condition in conditions.items()]
    if len(clauses) == 1:
        return clauses[0]
    return lambda document: all(clause(document) for clause in clauses)


def reach(value: Any, path: list[str]) -> Iterator[Any]:
    """The values at `path`. A list on the way stands for each of its elements; `MISSING` where there is nothing."""
    if not path:
        yield value
    elif isinstance(value, dict):
        yield from reach(value.get(path[0], MISSING), path[1:])
    elif isinstance(value, list):
        nothing = True
        if path[0].isdigit() and int(path[0]) < len(value):
            nothing = False
            yield from reach(value[int(path[0])], path[1:])
        for item in value:
            if isinstance(item, dict):
                nothing = False
                yield from reach(item, path)
        if nothing:
            yield MISSING
    else:
        yield MISSING


def has_operators(condition: Any) -> bool:
    """Whether a field's condition is `{$operator: …}` rather than a value to equal. Mixing both raises."""
    if not isinstance(condition, dict) or not condition:
        return False
    operators = sum(1 for name in condition if name.startswith("$"))
    if 0 < operators < len(condition):
        raise CommandError(BAD_VALUE, f"operators and fields mixed in {sorted(condition)}")
    return operators > 0


def _clause(key: str, condition: Any) -> Matcher:
    if key in ("$and", "$or", "$nor"):
        if not isinstance(condition, list) or not condition or not all(isinstance(part, dict) for part in condition):
            raise CommandError(BAD_VALUE, f"{key} needs a list of filters")
        parts = [compile_filter(part) for part in condition]
        if key == "$and":
            return lambda document: all(part(document) for part in parts)
        if key == "$or":
            return lambda document: any(part(document) for part in parts)
        return lambda document: not any(part(document) for part in parts)
    if key == "$comment":
        return lambda document: True
    if key.startswith("$"):
        raise unsupported(f"the query operator {key}")
    path = key.split(".")
    test = _condition(condition)
    return lambda document: test(list(reach(document, path)))


def _condition(condition: Any) -> _Test:
    if not has_operators(condition):
        return _equal(condition)
    tests = [_operator(name, operand, condition) for name, operand in condition.items() if name != "$options"]
    return lambda values: all(test(values) for test in tests)


def _operator(name: str, operand: Any, condition: Mapping[str, Any]) -> _Test:
    if name == "$eq":
        return _equal(operand)
    if name == "$ne":
        return _negated(_equal(operand))
    if name in ("$gt", "$gte", "$lt", "$lte"):
        return _range(name, operand)
    if name in ("$in", "$nin", "$all"):
        if not isinstance(operand, list):
            raise CommandError(BAD_VALUE, f"{name} needs a list")
        if name == "$all":
            parts = [_equal(item) for item in operand]
            return lambda values: bool(parts) and all(part(values) for part in parts)
        return _one_of(operand) if name == "$in" else _negated(_one_of(operand))
    if name == "$exists":
        return lambda values: any(value is not MISSING for value in values) == bool(operand)
    if name == "$not":
        if not has_operators(operand) and not isinstance(operand, Regex | re.Pattern):
            raise CommandError(BAD_VALUE, "$not needs operators or a regular expression")
        return _negated(_condition(operand))
    if name == "$size":
        return lambda values: any(isinstance(value, list) and len(value) == operand for value in values)
    if name == "$elemMatch":
        return _element(operand)
    if name == "$regex":
        return _pattern(operand, condition.get("$options", ""))
    raise unsupported(f"the query operator {name}")


def _negated(test: _Test) -> _Test:
    return lambda values: not test(values)


def _with_elements(values: list[Any]) -> Iterator[Any]:
    """A list matches as a whole and by each of its elements."""
    for value in values:
        yield value
        if isinstance(value, list):
            yield from value


def _equal(wanted: Any) -> _Test:
    if wanted is None:
        return lambda values: any(value is None or value is MISSING for value in _with_elements(values))
    if isinstance(wanted, Regex | re.Pattern):
        return _pattern(wanted, "")
    if type(wanted) is str:
        return lambda values: any(type(value) is str and value == wanted for value in _with_elements(values))
    encoded = encode(wanted)
    return lambda values: any(value is not MISSING and encode(value) == encoded for value in _with_elements(values))


def _one_of(wanted: list[Any]) -> _Test:
    patterns = [_equal(item) for item in wanted if item is None or isinstance(item, Regex | re.Pattern)]
    encoded = {encode(item) for item in wanted if not isinstance(item, Regex | re.Pattern)}

    def test(values: list[Any]) -> bool:
        return any(value is not MISSING and encode(value) in encoded for value in _with_elements(values)) or any(
            pattern(values) for pattern in patterns
        )

    return test


def _range(name: str, bound: Any) -> _Test:
    limit = encode(bound)
    if bound is None:
        # Nothing is above or below null, and "or equal" means null or missing.
        return _equal(None) if name in ("$gte", "$lte") else lambda values: False
    compare: Callable[[bytes], bool] = {
        "$gt": lambda value: value > limit,
        "$gte": lambda value: value >= limit,
        "$lt": lambda value: value < limit,
        "$lte": lambda value: value <= limit,
    }[name]

    def test(values: list[Any]) -> bool:
        for value in _with_elements(values):
            if value is not MISSING:
                encoded = encode(value)
                if encoded[0] == limit[0] and compare(encoded):  # a range stays within one type
                    return True
        return False

    return test


def _element(condition: Any) -> _Test:
    if not isinstance(condition, dict):
        raise CommandError(BAD_VALUE, "$elemMatch needs an object")
    if has_operators(condition) and not {"$and", "$or", "$nor"} & condition.keys():
        scalar = _condition(condition)
        return lambda values: any(scalar([item]) for value in values if isinstance(value, list) for item in value)
    matches = compile_filter(condition)
    return lambda values: any(
        isinstance(item, dict) and matches(item) for value in values if isinstance(value, list) for item in value
    )


def _pattern(expression: Any, options: Any) -> _Test:
    if isinstance(expression, Regex):
        source, flags = str(expression.pattern), expression.flags
    elif isinstance(expression, re.Pattern):
        source, flags = expression.pattern, expression.flags
    elif isinstance(expression, str):
        source, flags = expression, 0
    else:
        raise CommandError(BAD_VALUE, "$regex needs a string or a regular expression")
    for letter in options:
        if letter not in "imsx":
            raise CommandError(BAD_VALUE, f"invalid $options: {options!r}")
        flags |= getattr(re, letter.upper())
    try:
        pattern = re.compile(source, flags)
    except re.error as error:
        raise CommandError(BAD_VALUE, f"invalid regular expression: {error}") from None
    return lambda values: any(
        isinstance(value, str) and bool(pattern.search(value)) for value in _with_elements(values)
    )
