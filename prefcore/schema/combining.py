"""Combining: one shape for a shape and all that it refers to and is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from prefcore.schema.shape import ANY, Shape

__all__ = ["both", "whole"]


def whole(shape: Shape, definitions: Mapping[str, Shape]) -> Shape:
    """Give one shape without ``ref`` and ``all_of`` for a shape; alternatives stay.

    Roughly: where two parts have a rule that one shape can't say (two patterns), the later stands.
    """
    seen: set[str] = set()
    while shape.all_of or shape.ref is not None:
        parts = list(shape.all_of)
        if shape.ref is not None and shape.ref not in seen:
            seen.add(shape.ref)
            parts.append(definitions.get(shape.ref, ANY))
        shape = attrs.evolve(shape, all_of=(), ref=None)
        for part in parts:
            shape = both(shape, part)
    return shape


def both(one: Shape, other: Shape) -> Shape:
    """Give roughly the shape of values that both allow; whoever draws from it filters."""
    changes: dict[str, object] = {}
    for field in attrs.fields(Shape):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if theirs != getattr(ANY, field.name):
            changes[field.name] = theirs
            if mine != getattr(ANY, field.name):
                changes[field.name] = _COMBINED.get(field.name, _later)(mine, theirs)
    return attrs.evolve(one, **changes)  # type: ignore[arg-type]  # by the fields' names


def _common_kinds(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    wider = {*other, *(("integer",) if "number" in other else ())}
    common = tuple(kind for kind in one if kind in wider)
    return common or tuple(kind for kind in other if kind == "integer" and "number" in one) or other


def _later(one: object, other: object) -> object:
    return other


_COMBINED: Mapping[str, Callable[..., object]] = {
    "kinds": _common_kinds,
    "minimum": max,
    "maximum": min,
    "exclusive_minimum": max,
    "exclusive_maximum": min,
    "min_length": max,
    "max_length": min,
    "min_items": max,
    "max_items": min,
    "min_properties": max,
    "max_properties": min,
    "properties": lambda one, other: {
        **one, **other, **{name: both(one[name], other[name]) for name in {*one} & {*other}}
    },
    "required": lambda one, other: (*one, *other),
    "all_of": lambda one, other: (*one, *other),
    "additional": lambda one, other: other if one is True else one,
}  # fmt: skip
