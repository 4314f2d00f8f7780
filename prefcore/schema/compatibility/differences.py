"""Differences: where two shapes differ, rule by rule, with values that may show it.

Nothing is proven here: a difference names the rule, the place and candidates for a witness. Whether
one side breaks is decided by those who check the candidates, and by ``Inclusion``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import attrs

from prefcore.schema.checks import compile_check, kinds_of
from prefcore.schema.combining import whole
from prefcore.schema.compatibility.bounds import bound_differences
from prefcore.schema.compatibility.difference import Difference, Sides
from prefcore.schema.compatibility.insides import is_nothing, item_of, member_of, others_of
from prefcore.schema.compatibility.members import closing_difference, needed_differences
from prefcore.schema.compatibility.places import ROOT, Place
from prefcore.schema.problems import shown
from prefcore.schema.shape import ANY, NOTHING, Shape
from prefcore.schema.witnesses import candidates
from prefcore.values import canonical_text, kind_of

__all__ = ["differences"]

#: More alternatives than these are not paired.
_MOST_PAIRS = 10_000

#: Tells shapes apart by their rules alone.
Same = Callable[[Shape, Shape], bool]


def differences(
    older: Shape,
    newer: Shape,
    definitions: tuple[Mapping[str, Shape], Mapping[str, Shape]],
    same: Same,
) -> Iterator[Difference]:
    """Give the differences of two shapes of one key, those inside after those outside.

    ``definitions`` are the older's and the newer's; ``same`` says whether two shapes have the same
    rules with all that they refer to.
    """
    walk = _Walk(definitions[0], definitions[1], same)
    yield from walk.all(older, newer, ROOT, frozenset())


class _Walk:
    """Walks through two shapes side by side."""

    def __init__(self, older: Mapping[str, Shape], newer: Mapping[str, Shape], same: Same) -> None:
        self._older, self._newer, self._same = older, newer, same

    def all(
        self, older: Shape, newer: Shape, place: Place, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Difference]:
        """Give the differences at a place and inside it."""
        if place.is_too_deep or self._same(older, newer):
            return
        if older.ref is not None and newer.ref is not None:
            pair = (older.ref, newer.ref)
            if pair in seen:
                return
            seen |= {pair}
        sides = Sides(
            whole(older, self._older), whole(newer, self._newer), self._older, self._newer, place
        )
        listed = self._listed(sides)
        if listed is not None:
            yield from listed
            return
        common, found = self._types(sides)
        yield from found
        if not common - {"null"}:
            return
        yield from bound_differences(sides, common)
        yield from _formats(sides)
        yield from self._alternatives(sides, seen)
        if "array" in common:
            yield from self._items(sides, seen)
        if "object" in common:
            yield from self._members(sides, seen)

    # ------------------------------------------------------------------------------- enumerations

    def _listed(self, sides: Sides) -> Iterator[Difference] | None:
        """Give what differs where one of the two lists its values; None where neither does."""
        older = listed_values(sides.older, self._older)
        newer = listed_values(sides.newer, self._newer)
        if not (_says_enum(sides.older, older) or _says_enum(sides.newer, newer)):
            return None
        if older is None or newer is None:
            return self._half_listed(sides, older, newer)
        return self._both_listed(sides, older, newer)

    def _half_listed(
        self, sides: Sides, older: list[object] | None, newer: list[object] | None
    ) -> Iterator[Difference]:
        common, found = self._types(sides)
        yield from found
        if not common:
            return
        if newer is not None:
            what = f"only {_choice(newer)} are allowed now, where any such value was"
            yield sides.difference("E02", what, "enum", refused=candidates(*sides.older_side))
        else:
            assert older is not None  # one of them lists its values
            what = f"any such value is allowed now, where only {_choice(older)} were"
            refused = iter(older)
            yield sides.difference(
                "E01", what, "enum", refused=refused, unknown=candidates(*sides.newer_side)
            )

    def _both_listed(
        self, sides: Sides, older: list[object], newer: list[object]
    ) -> Iterator[Difference]:
        before = {canonical_text(value): value for value in older}
        after = {canonical_text(value): value for value in newer}
        removed = [value for text, value in before.items() if text not in after]
        added = [value for text, value in after.items() if text not in before]
        yield from _null(sides, None in removed, None in added)
        removed, added = ([v for v in values if v is not None] for values in (removed, added))
        old_kinds = {kind_of(v) for v in older if v is not None}
        new_kinds = {kind_of(v) for v in newer if v is not None}
        if old_kinds and new_kinds and old_kinds.isdisjoint(new_kinds):
            yield _type_changed(sides, old_kinds, new_kinds)
            return
        if removed:
            what = f"{_choice(removed)} {_is(removed)} no longer allowed"
            yield sides.difference("E02", what, "enum", refused=iter(removed))
        if added:
            what = f"{_choice(added)} {_is(added)} allowed now"
            yield sides.difference("E01", what, "enum", unknown=iter(added))
        kept_before = [text for text in before if text in after]
        kept_after = [text for text in after if text in before]
        if kept_before != kept_after:
            yield sides.difference("E04", "the allowed values stand in another order", "enum")

    # -------------------------------------------------------------------------------------- types

    def _types(self, sides: Sides) -> tuple[set[str], list[Difference]]:
        """Give the types that both allow, and what differs in types."""
        older = set(kinds_of(*sides.older_side))
        newer = set(kinds_of(*sides.newer_side))
        common = older & newer
        found = list(_null(sides, "null" in older - newer, "null" in newer - older))
        lost, gained = older - newer - {"null"}, newer - older - {"null"}
        told_as_alternatives = bool(_branches(sides.older) and _branches(sides.newer))
        if lost and gained:
            found.append(_type_changed(sides, older - {"null"}, newer - {"null"}))
        elif lost and not told_as_alternatives:
            what = f"{_listed_kinds(lost)} is no longer allowed"
            found.append(
                sides.difference("T02", what, "type", refused=_of(sides, lost, older=True))
            )
        elif gained and not told_as_alternatives:
            what = f"{_listed_kinds(gained)} is allowed too"
            found.append(
                sides.difference("T01", what, "type", unknown=_of(sides, gained, older=False))
            )
        return common, found

    # --------------------------------------------------------------------------------- alternatives

    def _alternatives(self, sides: Sides, seen: frozenset[tuple[str, str]]) -> Iterator[Difference]:
        before, after = _branches(sides.older), _branches(sides.newer)
        if not before and not after:
            return
        if len(before) * len(after) > _MOST_PAIRS:  # undecided, if no proof helps
            return
        field = "oneOf" if sides.newer.one_of or sides.older.one_of else "anyOf"
        are_unions = bool(before and after)
        gone = list(enumerate(before or (sides.older,)))
        new = list(enumerate(after or (sides.newer,)))
        for match in (self._same, self._like):
            for i, one in list(gone):
                twin = next((pair for pair in new if match(one, pair[1])), None)
                if twin is None:
                    continue
                gone.remove((i, one))
                new.remove(twin)
                if match is not self._same:
                    where = sides.place.branch(field, twin[0])
                    yield from self.all(one, twin[1], where, seen)
        if not are_unions:
            return
        for i, one in gone:
            kinds = _listed_kinds(kinds_of(one, self._older) or {"value"})
            inner = attrs.evolve(sides, place=sides.place.branch(field, i))
            what = f"the alternative {i + 1} ({kinds}) is gone"
            yield inner.difference("O04", what, "", refused=candidates(one, self._older))
        for i, one in new:
            kinds = _listed_kinds(kinds_of(one, self._newer) or {"value"})
            inner = attrs.evolve(sides, place=sides.place.branch(field, i))
            what = f"the alternative {i + 1} ({kinds}) is new"
            yield inner.difference("O04", what, "", unknown=candidates(one, self._newer))

    def _like(self, one: Shape, other: Shape) -> bool:
        """Say whether two alternatives hold values of the same types, so one became the other."""
        return bool(kinds_of(one, self._older) & kinds_of(other, self._newer))

    # ------------------------------------------------------------------------- items and members

    def _items(self, sides: Sides, seen: frozenset[tuple[str, str]]) -> Iterator[Difference]:
        older, newer = sides.older, sides.newer
        count = max(len(older.prefix_items), len(newer.prefix_items))
        for i in (*range(count), None):
            before, after = (item_of(one, i) for one in (older, newer))
            if not self._same(before, after):
                inner = sides.place.item(i, (sides.older_side, sides.newer_side))
                yield from self._inside(before, after, inner, seen)

    def _members(self, sides: Sides, seen: frozenset[tuple[str, str]]) -> Iterator[Difference]:
        older, newer = sides.older, sides.newer
        around = (sides.older_side, sides.newer_side)
        yield from needed_differences(sides)
        if (older.additional is False) != (newer.additional is False):
            yield closing_difference(sides)
        elif not self._same(others_of(older), others_of(newer)):
            place = sides.place.member("another", around, free=True)
            yield from self._inside(others_of(older), others_of(newer), place, seen)
        for name in sorted({*older.properties, *newer.properties}):
            before, after = (member_of(one, name) for one in (older, newer))
            is_own = name in older.properties and name in newer.properties
            if self._same(before, after) or (
                not is_own
                and NOTHING in (before, after)
                and (older.additional is False) != (newer.additional is False)
            ):
                continue
            yield from self._inside(before, after, sides.place.member(name, around), seen)

    def _inside(
        self, before: Shape, after: Shape, place: Place, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Difference]:
        """Give what differs inside: a member or item that came or went is one change."""
        sides = Sides(before, after, self._older, self._newer, place)
        if is_nothing(before) or is_nothing(after):
            came = is_nothing(before)
            what = "it may stand here now" if came else "it may no longer stand here"
            values = candidates(after, self._newer) if came else candidates(before, self._older)
            refused, unknown = (None, values) if came else (values, None)
            yield sides.difference("O02", what, "", refused=refused, unknown=unknown)
        elif before == ANY or after == ANY:
            declared = before == ANY
            what = "it is declared now" if declared else "it is no longer declared"
            refused = candidates(before, self._older) if declared else None
            unknown = None if declared else candidates(after, self._newer)
            yield sides.difference("O02", what, "", refused=refused, unknown=unknown)
        else:
            yield from self.all(before, after, place, seen)


# ------------------------------------------------------------------------------- single rules


def listed_values(shape: Shape, definitions: Mapping[str, Shape]) -> list[object] | None:
    """Give all the values that a shape allows, where it lists them; else None."""
    shape = whole(shape, definitions)
    if shape.enum is not None:
        check = compile_check(shape, definitions)
        return [value for value in shape.enum if check(value) is None]
    branches = _branches(shape)
    if branches:
        parts = [listed_values(one, definitions) for one in branches]
        if all(part is not None for part in parts):
            values = [value for part in parts for value in part or ()]
            return list({canonical_text(value): value for value in values}.values())
        return None
    if shape.kinds and set(shape.kinds) <= {"null", "boolean"}:
        null: list[object] = [None] if "null" in shape.kinds else []
        return [*null, *((False, True) if "boolean" in shape.kinds else ())]
    return None


def _says_enum(shape: Shape, listed: list[object] | None) -> bool:
    return listed is not None and (
        shape.enum is not None
        or any(inner.enum is not None for _, inner in shape.walk())
        or bool(_branches(shape) and shape.references())
    )


def _null(sides: Sides, lost: bool, gained: bool) -> Iterator[Difference]:  # pair
    if lost:
        yield sides.difference("T05", "null is no longer allowed", "type", refused=iter([None]))
    if gained:
        yield sides.difference("T05", "null is allowed now", "type", unknown=iter([None]))


def _type_changed(sides: Sides, older: set[str], newer: set[str]) -> Difference:
    before, after = _listed_kinds(older), _listed_kinds(newer)
    wraps = (older == {"array"}) != (newer == {"array"}) and older.isdisjoint(newer)
    return sides.difference(
        "T04" if wraps else "T03",
        f"the type changed from {before} to {after}",
        "type",
        refused=_of(sides, older - newer, older=True),
        unknown=_of(sides, newer - older, older=False),
    )


def _of(sides: Sides, kinds: set[str], *, older: bool) -> Iterator[object]:
    side = sides.older_side if older else sides.newer_side
    return (value for value in candidates(*side) if kind_of(value) in kinds)


def _formats(sides: Sides) -> Iterator[Difference]:
    before, after = sides.older.format, sides.newer.format
    if before != after:
        what = (
            f"the format changed from {before} to {after}"
            if before and after
            else f"the format {after} is asked for now"
            if after
            else f"the format {before} is no longer asked for"
        )
        yield sides.difference("T06", what, "format")


def _branches(shape: Shape) -> tuple[Shape, ...]:
    return shape.any_of or shape.one_of


def _is(values: list[object]) -> str:
    return "is" if len(values) == 1 else "are"


def _choice(values: list[object]) -> str:
    names = [shown(value) for value in values[:6]]
    return ", ".join(names) + (f" … ({len(values) - 6} more)" if len(values) > 6 else "")


def _listed_kinds(kinds: set[str] | frozenset[str]) -> str:
    named = sorted(kinds - {"integer"} if "number" in kinds else kinds)
    if len(named) > 5:
        return "any type"
    return " or ".join(named)
