"""Witnesses: a few values that a shape allows, at its bounds and of each of its types.

They stand for all values where a step is checked against two schemas, and show which value a change
breaks; the conformance suite draws many more (``prefcore_testing.shapes``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import islice

from prefcore.errors import InvalidValue
from prefcore.schema.checks import compile_check
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.shape import Shape
from prefcore.values import UNSET, canonical_text

__all__ = ["affordable", "allowed", "candidates", "witnesses"]

_MOST = 60
_DEEPEST = 3
#: Shapes looked at while values are tried.
_WORK = 500_000
_TEXTS: tuple[str, ...] = (
    "",
    "a",
    "A b",
    "true",
    "15",
    "1.5",
    "a1",
    "a-b_c.d",
    "/x",
    "~",
    "é",
    "#336699",
)
_TEXTS += ("1h30m", "https://example.org/", "x@example.org", "C:\\x", " ", "\n", "AAA", "007")
_PLAIN: Mapping[str, tuple[object, ...]] = {
    "null": (None,),
    "boolean": (True, False),
    "bytes": (b"", b"\x00"),
    "datetime": (datetime(2026, 1, 31, 12, tzinfo=UTC),),
    "date": (date(2026, 1, 31),),
    "time": (time(12),),
}


def witnesses(schema: SchemaDocument, key: str) -> list[object]:
    """Give up to 60 different values that a schema allows for a key; some keys have none."""
    preference = schema.preference(key)
    check = schema.check_of(key)
    found: dict[str, object] = {}
    given = () if preference.default is UNSET else (preference.default,)
    shape, definitions = preference.shape, schema.definitions
    for value in (*given, *preference.examples, *islice(candidates(shape, definitions), 500)):
        try:
            text = canonical_text(value)
        except InvalidValue:
            continue
        if text not in found and check(value) is None:
            found[text] = value
        if len(found) == _MOST:
            break
    return list(found.values())


def allowed(shape: Shape, definitions: Mapping[str, Shape]) -> Iterator[object]:
    """Give values that a shape allows, simple ones first; of some shapes none is found."""
    check = compile_check(shape, definitions)
    for value in islice(candidates(shape, definitions), affordable(shape)):
        try:
            canonical_text(value)
        except InvalidValue:
            continue
        if check(value) is None:
            yield value


def affordable(*shapes: Shape, most: int = 500) -> int:
    """Give how many values may be tried against shapes: fewer where they are very large."""
    size = sum(1 + len(one.enum or ()) for shape in shapes for _, one in shape.walk())
    return max(5, min(most, _WORK // size))


def candidates(shape: Shape, definitions: Mapping[str, Shape]) -> Iterator[object]:
    """Give values that a shape may allow: drawn from its rules one by one, not checked by all."""
    return _candidates(shape, definitions, 0)


def _candidates(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Iterator[object]:
    if shape.default is not UNSET:
        yield shape.default
    yield from shape.examples
    if shape.enum is not None:
        yield from shape.enum
        return
    if depth > _DEEPEST:
        return
    for part in (*shape.any_of, *shape.one_of, *shape.all_of):
        yield from _candidates(part, definitions, depth)
    if shape.ref is not None and shape.ref in definitions:
        yield from _candidates(definitions[shape.ref], definitions, depth + 1)
    for kind in shape.kinds or (*_PLAIN, "integer", "number", "string", "array", "object"):
        if kind in _PLAIN:
            yield from _PLAIN[kind]
        elif kind in ("integer", "number"):
            yield from _numbers(shape, kind)
        elif kind == "string":
            yield from _TEXTS
            yield "x" * min(shape.min_length or 1, 1000)
            yield "x" * min(shape.max_length or 40, 1000)
        elif kind == "array":
            yield from _arrays(shape, definitions, depth)
        elif kind == "object":
            yield from _objects(shape, definitions, depth)


def _numbers(shape: Shape, kind: str) -> Iterator[int | float]:
    bounds = (shape.minimum, shape.maximum, shape.exclusive_minimum, shape.exclusive_maximum)
    step = shape.multiple_of or 1
    near = [0, *(bound for bound in bounds if bound is not None)]
    if shape.multiple_of:
        near += [bound // step * step for bound in bounds if bound is not None]
    for number in (value + more for value in near for more in (0, step, -step, 2 * step)):
        yield int(number) if kind == "integer" and float(number).is_integer() else number
    if kind == "number":
        yield from (0.5, 1.0, -2.25)
        yield from (float(value) + 0.5 for value in near)


def _arrays(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Iterator[object]:
    first = [next(_candidates(one, definitions, depth + 1), None) for one in shape.prefix_items]
    yield first
    items = list(islice(_candidates(shape.items or Shape(), definitions, depth + 1), 6))
    for item in items:
        yield [*first, item]
    least = max((shape.min_items or 0) - len(first), 2)
    yield [*first, *items[:least]]
    if items and least <= 100:
        yield [*first, *([items[0]] * least)]


def _objects(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Iterator[object]:
    members: dict[str, object] = {}
    for name in (*shape.properties, *shape.required):
        inner = shape.properties.get(name, Shape())
        members[name] = next(_candidates(inner, definitions, depth + 1), None)
    yield {name: members[name] for name in shape.required}
    yield members
    for name, inner in shape.properties.items():
        for value in islice(_candidates(inner, definitions, depth + 1), 4):
            yield {**{known: members[known] for known in shape.required}, name: value}
    if shape.additional is not False:
        other = shape.additional if isinstance(shape.additional, Shape) else Shape()
        for value in islice(_candidates(other, definitions, depth + 1), 3):
            yield {**{known: members[known] for known in shape.required}, "another": value}
