"""Which index serves a query, and which stretch of its keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from bson import Regex

from storage.embedded.errors import BAD_VALUE, CommandError
from storage.embedded.matching import has_operators
from storage.embedded.ordering import ABOVE, encode, invert

Sort = Sequence[tuple[str, int]]  # field and 1 or -1

_LOWER = {"$gt", "$gte"}
_UPPER = {"$lt", "$lte"}
_MOST_STRETCHES = 10_000  # more alternatives than this are looked up no faster than by a scan


@dataclass(frozen=True)
class IndexSpec:
    """An index over `fields`. Its keys are the joined encodings of the fields' values; a missing field counts as null.

    A sparse one leaves out documents that have none of the fields.
    """

    name: str
    fields: tuple[tuple[str, int], ...]
    unique: bool = False
    sparse: bool = False

    def key(self, values: Sequence[Any]) -> bytes:
        return b"".join(
            encode(value) if direction > 0 else invert(encode(value))
            for value, (_, direction) in zip(values, self.fields, strict=True)
        )


@dataclass(frozen=True)
class Access:
    """Stretches `[low, high)` of the keys of `index` that hold every match, and perhaps others.

    `ordered`: reading the stretches in turn, backwards if `reverse`, gives the wanted order.
    """

    index: IndexSpec
    stretches: Sequence[tuple[bytes, bytes]]
    ordered: bool
    reverse: bool


def choose(filter_: Mapping[str, Any], sort: Sort, indexes: Sequence[IndexSpec]) -> Access | None:
    """The index that narrows the search most, or None when all documents must be looked at."""
    if "$or" in filter_ and (access := _alternatives(filter_["$or"], indexes)) is not None:
        return access
    bounds = _bounds(filter_)
    best: tuple[float, bool, Access] | None = None
    for index in indexes:
        if index.sparse:  # it lacks documents, and no query of ours needs it: it is there to hold a rule
            continue
        score, access = _access(index, bounds, sort)
        if score > 0 and (best is None or (score, access.ordered) > best[:2]):
            best = score, access.ordered, access
    return best[2] if best else None


def _alternatives(branches: Sequence[Mapping[str, Any]], indexes: Sequence[IndexSpec]) -> Access | None:
    """The stretches of all branches, when one index serves each of them."""
    found = [choose(branch, (), indexes) for branch in branches]
    accesses = [access for access in found if access is not None]
    if not accesses or len(accesses) < len(found) or any(a.index is not accesses[0].index for a in accesses):
        return None
    stretches: list[tuple[bytes, bytes]] = []
    for low, high in sorted(stretch for access in accesses for stretch in access.stretches):
        if stretches and low < stretches[-1][1]:
            # What two branches share must not be found twice.
            stretches[-1] = stretches[-1][0], max(high, stretches[-1][1])
        else:
            stretches.append((low, high))
    return Access(accesses[0].index, stretches, ordered=False, reverse=False)


def check_sort(sort: Mapping[str, Any]) -> Sort:
    for field, direction in sort.items():
        if direction not in (1, -1):
            raise CommandError(BAD_VALUE, f"the sort direction of {field!r} must be 1 or -1")
    return [(field, int(direction)) for field, direction in sort.items()]


def _bounds(filter_: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each field the conditions that every match fulfils: `$in` (equality is one of one), `$gt`… ."""
    found: dict[str, dict[str, Any]] = {}
    for key, condition in filter_.items():
        if key == "$and":
            for part in condition:
                for field, bounds in _bounds(part).items():
                    found.setdefault(field, {}).update(bounds)
        elif not key.startswith("$"):
            operators = condition if has_operators(condition) else {"$eq": condition}
            field_bounds = found.setdefault(key, {})
            for name, operand in operators.items():
                if name == "$eq" and _plain(operand):
                    field_bounds["$in"] = [operand]
                elif name == "$in" and all(map(_plain, operand)):
                    field_bounds["$in"] = operand
                elif name in _LOWER | _UPPER and operand is not None:
                    field_bounds[name] = operand
    return found


def _plain(operand: Any) -> bool:
    # Lists never are in an index, see `tables`; so whoever looks for one, or by a pattern, looks at all documents.
    return not isinstance(operand, list | Regex)


def _access(index: IndexSpec, bounds: dict[str, dict[str, Any]], sort: Sort) -> tuple[float, Access]:
    prefixes = [b""]
    equal = 0
    for field, direction in index.fields:
        values = bounds.get(field, {}).get("$in")
        if values is None or len(prefixes) * len(values) > _MOST_STRETCHES:
            break
        keys = {encode(value) if direction > 0 else invert(encode(value)) for value in values}
        prefixes = [before + key for before, key in product(prefixes, sorted(keys))]
        equal += 1
    score = float(equal)
    low, high = b"", ABOVE
    if equal < len(index.fields):
        field, direction = index.fields[equal]
        if stretch := _stretch(bounds.get(field, {}), direction):
            low, high = stretch
            score += 0.5
    matches, reverse = _order(index.fields[equal:], sort)
    stretches = [(prefix + low, prefix + high) for prefix in prefixes]
    return score, Access(index, stretches, matches and len(prefixes) == 1, reverse)


def _stretch(bounds: dict[str, Any], direction: int) -> tuple[bytes, bytes] | None:
    lower = [encode(operand) for name, operand in bounds.items() if name in _LOWER]
    upper = [encode(operand) for name, operand in bounds.items() if name in _UPPER]
    if not lower and not upper:
        return None
    kind = (lower or upper)[0][0]  # a range stays within one type
    low = max(lower, default=bytes([kind]))
    high = min(upper, default=bytes([kind]) + ABOVE)
    return (low, high + ABOVE) if direction > 0 else (invert(high), invert(low) + ABOVE)


def _order(fields: Sequence[tuple[str, int]], sort: Sort) -> tuple[bool, bool]:
    """Whether keys of `fields` come in the order of `sort`, and whether backwards."""
    if not sort or len(sort) > len(fields) or any(one[0] != other[0] for one, other in zip(sort, fields, strict=False)):
        return False, False
    turned = {one[1] != other[1] for one, other in zip(sort, fields, strict=False)}
    return len(turned) == 1, turned == {True}
