"""One difference of two shapes, and the two sides it is found between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from prefcore.schema.compatibility.places import Place
from prefcore.schema.shape import Shape

__all__ = ["Candidates", "Difference", "Sides"]

#: Values that may show a break; drawn once.
Candidates = Iterator[object]


@attrs.frozen(kw_only=True, eq=False)
class Difference:
    """What differs at one place: the rule, in words, and values that may show it.

    ``refused`` are whole values of the key that the older version may allow and the newer not,
    ``unknown`` the other way round; None where that side cannot break by this. ``steps`` lead to
    the keyword in the shape; ``local`` are the two shapes at the place.
    """

    rule: str
    what: str
    place: Place
    steps: tuple[str, ...]
    local: tuple[Shape, Shape]
    refused: Candidates | None = None
    unknown: Candidates | None = None


@attrs.frozen(eq=False)
class Sides:
    """Two shapes at one place, each with the definitions of its document."""

    older: Shape
    newer: Shape
    older_definitions: Mapping[str, Shape]
    newer_definitions: Mapping[str, Shape]
    place: Place

    @property
    def older_side(self) -> tuple[Shape, Mapping[str, Shape]]:
        """The older shape with its definitions."""
        return self.older, self.older_definitions

    @property
    def newer_side(self) -> tuple[Shape, Mapping[str, Shape]]:
        """The newer shape with its definitions."""
        return self.newer, self.newer_definitions

    def difference(
        self,
        rule: str,
        what: str,
        keyword: str,
        *,
        refused: Candidates | None = None,
        unknown: Candidates | None = None,
    ) -> Difference:
        """Give a difference at this place; the candidates are values at it."""
        place = self.place
        return Difference(
            rule=rule,
            what=what,
            place=place,
            steps=(*place.steps, keyword) if keyword else place.steps,
            local=(self.older, self.newer),
            refused=None if refused is None else map(place.older, refused),
            unknown=None if unknown is None else map(place.newer, unknown),
        )
