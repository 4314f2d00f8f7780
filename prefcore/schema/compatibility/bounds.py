"""Bounds: how the limits of two shapes differ (numbers, lengths, counts, patterns)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import chain

from prefcore.schema.compatibility.difference import Difference, Sides
from prefcore.schema.compatibility.places import required_members
from prefcore.schema.intervals import Interval
from prefcore.schema.shape import ANY, Shape
from prefcore.schema.witnesses import allowed, candidates
from prefcore.values import canonical_text

__all__ = ["bound_differences"]

_LONGEST = 5_000
_FILLS = ("x", "1", "A", "a", "-", "/", ".", " ", "_", "0")


def bound_differences(sides: Sides, common: set[str]) -> Iterator[Difference]:
    """Give the limits that differ, for values of the types that both allow."""
    if common & {"integer", "number"}:
        yield from _intervals(sides, "number" if "number" in common else "integer")
        yield from _steps(sides)
    if common & {"string", "bytes"}:
        yield from _sizes(sides, "length", "Length", "characters")
    if "string" in common:
        yield from _patterns(sides)
    if "array" in common:
        yield from _sizes(sides, "items", "Items", "items")
        yield from _uniqueness(sides)
    if "object" in common:
        yield from _sizes(sides, "properties", "Properties", "members")


def _intervals(sides: Sides, kind: str) -> Iterator[Difference]:
    older, newer = Interval.of((sides.older,), kind), Interval.of((sides.newer,), kind)
    pairs = (
        (
            "minimum",
            (older.low, older.low_open),
            (newer.low, newer.low_open),
            Interval(older.low, older.low_open).within(Interval(newer.low, newer.low_open)),
            Interval(newer.low, newer.low_open).within(Interval(older.low, older.low_open)),
        ),
        (
            "maximum",
            (older.high, older.high_open),
            (newer.high, newer.high_open),
            Interval(high=older.high, high_open=older.high_open).within(
                Interval(high=newer.high, high_open=newer.high_open)
            ),
            Interval(high=newer.high, high_open=newer.high_open).within(
                Interval(high=older.high, high_open=older.high_open)
            ),
        ),
    )
    for name, before, after, wider, narrower in pairs:
        if wider and narrower:
            continue
        what = _moved(name, _limit(*before), _limit(*after))
        if narrower:
            refused = _numbers(before[0], after[0], kind)
            yield sides.difference("N01", what, name, refused=refused)
        else:
            unknown = _numbers(before[0], after[0], kind)
            yield sides.difference("N02", what, name, unknown=unknown)


def _limit(bound: float, is_open: bool) -> str | None:  # a pair as Interval has it
    if bound in (float("inf"), float("-inf")):
        return None
    return f"{bound} (left out)" if is_open else str(bound)


def _moved(name: str, before: str | None, after: str | None) -> str:
    if before is None:
        return f"there is a {name} now: {after}"
    if after is None:
        return f"the {name} {before} is gone"
    return f"the {name} changed from {before} to {after}"


def _numbers(one: float, other: float, kind: str) -> Iterator[object]:
    ends = [end for end in (one, other) if abs(end) != float("inf")]
    for end in ends:
        for more in (0, 1, -1, 0.5, -0.5, 2, -2, 100, -100, 0.001, -0.001):
            number = end + more
            if float(number).is_integer():
                yield int(number)
            if kind == "number":
                yield float(number)


def _steps(sides: Sides) -> Iterator[Difference]:
    before, after = sides.older.multiple_of, sides.newer.multiple_of
    if before == after:
        return
    what = (
        f"numbers have to be multiples of {after}, not of {before}"
        if before and after
        else f"numbers have to be multiples of {after} now"
        if after
        else f"numbers need no longer be multiples of {before}"
    )
    narrower = after is not None and not (before and _divides(after, before))
    wider = before is not None and not (after and _divides(before, after))
    values = (
        value
        for step in (before or 1, after or 1, before or 0.5, after or 0.5)
        for n in range(-3, 13)
        for value in (n * step, float(n * step))
    )
    listed = list(values)
    if narrower:
        yield sides.difference("N01", what, "multipleOf", refused=iter(listed))
    if wider:
        yield sides.difference("N02", what, "multipleOf", unknown=iter(listed))


def _divides(step: float, other: float) -> bool:
    return Fraction(str(other)) % Fraction(str(step)) == 0


def _sizes(sides: Sides, name: str, word: str, unit: str) -> Iterator[Difference]:
    for side, sign in (("min", 1), ("max", -1)):
        before = getattr(sides.older, f"{side}_{name}")
        after = getattr(sides.newer, f"{side}_{name}")
        if side == "min":
            before, after = before or None, after or None
        if before == after:
            continue
        what = _moved(f"{side}imum of {unit}", _said(before), _said(after))
        tightened = before is None or (after is not None and (after - before) * sign > 0)
        near = {n + d for n in (before, after) if n is not None for d in (-1, 0, 1)}
        sizes = sorted(size for size in near if 0 <= size <= _LONGEST)
        if tightened:
            refused = _of_size(sides.older_side, name, sizes)
            yield sides.difference("N01", what, f"{side}{word}", refused=refused)
        else:
            unknown = _of_size(sides.newer_side, name, sizes)
            yield sides.difference("N02", what, f"{side}{word}", unknown=unknown)


def _said(size: int | None) -> str | None:
    return None if size is None else str(size)


def _of_size(
    side: tuple[Shape, Mapping[str, Shape]], name: str, sizes: list[int]
) -> Iterator[object]:
    shape, definitions = side
    if name == "length":
        texts = (fill * size for size in sizes for fill in _FILLS)
        return chain(texts, (bytes(size) for size in sizes), candidates(shape, definitions))
    if name == "items":
        return (made for size in sizes for made in _lists(shape, definitions, size))
    return (made for size in sizes for made in _mappings(shape, definitions, size))


def _lists(shape: Shape, definitions: Mapping[str, Shape], size: int) -> Iterator[object]:
    first = [next(allowed(one, definitions), None) for one in shape.prefix_items[:size]]
    given = allowed(shape.items or ANY, definitions)
    values = list({canonical_text(value): value for value in given}.values())
    rest = size - len(first)
    if len(values) >= rest:
        yield [*first, *values[:rest]]
    if values:
        yield [*first, *(values[i % len(values)] for i in range(rest))]
    if shape.items is None or "integer" in shape.items.kinds or not shape.items.kinds:
        yield [*first, *range(rest)]
    yield [*first, *(f"item {i}" for i in range(rest))]


def _mappings(shape: Shape, definitions: Mapping[str, Shape], size: int) -> Iterator[object]:
    made = required_members((shape, definitions))
    other = shape.additional if isinstance(shape.additional, Shape) else ANY
    for name, inner in shape.properties.items():
        if len(made) < size and name not in made:
            made[name] = next(allowed(inner, definitions), None)
    if shape.additional is not False:
        filler = next(allowed(other, definitions), None)
        for number in range(size - len(made)):
            made[f"member {number}"] = filler
    if len(made) == size:
        yield made


def _patterns(sides: Sides) -> Iterator[Difference]:
    before, after = sides.older.pattern, sides.newer.pattern
    if before == after:
        return
    what = (
        f"texts have to match {after} instead of {before}"
        if before is not None and after is not None
        else f"texts have to match {after} now"
        if after is not None
        else f"texts need no longer match {before}"
    )
    refused = candidates(*sides.older_side) if after is not None else None
    unknown = candidates(*sides.newer_side) if before is not None else None
    yield sides.difference("N03", what, "pattern", refused=refused, unknown=unknown)


def _uniqueness(sides: Sides) -> Iterator[Difference]:
    if sides.older.unique == sides.newer.unique:
        return
    tightened = sides.newer.unique
    shape, definitions = sides.older_side if tightened else sides.newer_side
    values = allowed(shape.items or ANY, definitions)
    twice: Iterator[object] = ([value] * max(2, shape.min_items or 0) for value in values)
    if tightened:
        yield sides.difference("N01", "items may not repeat now", "uniqueItems", refused=twice)
    else:
        yield sides.difference("N02", "items may repeat now", "uniqueItems", unknown=twice)
