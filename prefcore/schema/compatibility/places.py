"""Places: where inside a value a comparison stands, and how a value there becomes a whole one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from prefcore.schema.shape import ANY, Shape
from prefcore.schema.witnesses import allowed

__all__ = ["ROOT", "Place", "pointer"]

#: Puts a value of some place into a whole value of the key.
Wrap = Callable[[object], object]

_DEEPEST = 12


def pointer(*steps: str) -> str:
    """Give the JSON pointer (RFC 6901) of these steps."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)


def _itself(value: object) -> object:
    return value


@attrs.frozen
class Place:
    """A place: its path in values, its steps in the shape, and the values around it.

    ``older`` and ``newer`` make a whole value of each version around a value here. ``loose`` says
    that alternatives lie above, so that a problem may be told of another path.
    """

    path: str = ""
    steps: tuple[str, ...] = ()
    older: Wrap = _itself
    newer: Wrap = _itself
    depth: int = 0
    loose: bool = False

    @property
    def is_too_deep(self) -> bool:
        """Whether comparisons end here."""
        return self.depth > _DEEPEST

    def branch(self, field: str, number: int) -> Place:
        """Give the place of an alternative: of the same values."""
        return attrs.evolve(
            self, steps=(*self.steps, field, str(number)), depth=self.depth + 1, loose=True
        )

    def member(self, name: str, sides: Sequence[_Side], *, free: bool = False) -> Place:
        """Give the place of an object's member; ``free`` where it stands for any other name."""
        older, newer = (_around_member(side, name) for side in sides)
        step = "*" if free else name
        path = f"{self.path}.{step}" if self.path else step
        steps = ("additionalProperties",) if free else ("properties", name)
        return self._inner(path, steps, older, newer)

    def item(self, number: int | None, sides: Sequence[_Side]) -> Place:
        """Give the place of a list's item: the one at ``number``, or of any."""
        older, newer = (_around_item(side, number) for side in sides)
        path = f"{self.path}[{'' if number is None else number}]"
        steps = ("items",) if number is None else ("prefixItems", str(number))
        return self._inner(path, steps, older, newer)

    def _inner(self, path: str, steps: tuple[str, ...], older: Wrap, newer: Wrap) -> Place:
        around, above = self.older, self.newer
        return attrs.evolve(
            self,
            path=path,
            steps=(*self.steps, *steps),
            older=lambda value: around(older(value)),
            newer=lambda value: above(newer(value)),
            depth=self.depth + 1,
        )


_Side = tuple[Shape, Mapping[str, Shape]]

ROOT = Place()


def required_members(side: _Side) -> dict[str, object]:
    """Give the members that an object of a shape must have, each with a value it may have."""
    shape, definitions = side
    other = shape.additional if isinstance(shape.additional, Shape) else ANY
    return {
        name: next(allowed(shape.properties.get(name) or other, definitions), None)
        for name in shape.required
    }


def _around_member(side: _Side, name: str) -> Wrap:
    return lambda value: {**required_members(side), name: value}


def _around_item(side: _Side, place: int | None) -> Wrap:
    shape, definitions = side

    def wrap(value: object) -> object:
        first = shape.prefix_items if place is None else shape.prefix_items[:place]
        made = [next(allowed(one, definitions), None) for one in first]
        made.append(value)
        more: Iterator[object] = allowed(shape.items or ANY, definitions)
        while len(made) < min(shape.min_items or 0, 50):
            made.append(next(more, value))
        return made

    return wrap
