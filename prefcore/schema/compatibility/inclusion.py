"""Inclusion: a proof that every value which one shape allows is allowed by another.

A proof is certain; where there is none, nothing is said. What is left out is not proven: patterns
that differ, alternatives of which several may fit at once (``oneOf``), and what takes too long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

import attrs

from prefcore.schema.checks import Check, compile_check, kinds_of
from prefcore.schema.compatibility.insides import is_nothing, item_of, member_of, others_of
from prefcore.schema.intervals import Interval
from prefcore.schema.shape import ANY, KINDS, NOTHING, Shape
from prefcore.values import kind_of

__all__ = ["Inclusion"]

#: Shapes looked at in one proof, and cases that alternatives multiply to.
_MAX_STEPS = 20_000
_MAX_CASES = 200
#: Ranges of so many integers are tried one by one.
_FEW = 64

#: Shapes that all hold for one value.
_All = tuple[Shape, ...]
#: Pairs whose inclusion is assumed, by the identities of their shapes: they stand around the value.
_Trail = frozenset[tuple[tuple[int, ...], int]]


class _TooMuch(Exception):  # no error: it ends a proof that takes too long
    pass


class Inclusion:
    """Proves inclusions of shapes of one document (``left``) in shapes of another (``right``).

    Both are given by their definitions.
    """

    def __init__(self, left: Mapping[str, Shape], right: Mapping[str, Shape]) -> None:
        self._left, self._right = left, right
        self._same_names = _same_definitions(left, right)
        self._checks: dict[int, tuple[Shape, Check]] = {}
        self._steps = 0

    def proves(self, left: Shape, right: Shape) -> bool:
        """Say whether it is proven that ``right`` allows every value that ``left`` allows."""
        self._steps = _MAX_STEPS
        try:
            return self._within((left,), right, frozenset())
        except (_TooMuch, RecursionError):
            return False

    def is_empty(self, left: Shape) -> bool:
        """Say whether it is proven that ``left`` allows no value at all."""
        return self.proves(left, NOTHING)

    def same(self, left: Shape, right: Shape) -> bool:
        """Say whether two shapes have the same rules, with all that they refer to."""
        if not left.same_rules(right):
            return False
        return left.references() <= self._same_names

    # ------------------------------------------------------------------ one value, split into cases

    def _within(self, left: _All, right: Shape, trail: _Trail) -> bool:
        """Prove the inclusion of what all of ``left`` allow; called once for each inner value."""
        self._spend()
        left = tuple({id(one): one for one in left}.values())
        if any(self.same(one, right) for one in left):
            return True
        pair = (tuple(sorted(map(id, left))), id(right))
        if pair in trail:
            # Assumed while the values around are looked at: sound, as values are finite.
            return True
        trail |= {pair}
        for number, case in enumerate(self._cases((), list(left), frozenset())):
            if number >= _MAX_CASES:
                raise _TooMuch
            if not all(self._kind_within(case, kind, right, trail) for kind in _kinds(case)):
                return False
        return True

    def _spend(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise _TooMuch

    def _cases(self, done: _All, waiting: list[Shape], followed: frozenset[str]) -> Iterator[_All]:
        """Give shapes without references and alternatives; a value that fits fits one case."""
        waiting = list(waiting)
        while waiting:
            self._spend()
            one = waiting.pop(0)
            if one.ref is not None:
                if one.ref not in followed:
                    waiting.append(self._left.get(one.ref, ANY))
                    followed |= {one.ref}
                one = attrs.evolve(one, ref=None)
            if one.all_of:
                waiting += one.all_of
                one = attrs.evolve(one, all_of=())
            branches = one.any_of or one.one_of
            if branches:
                rest = attrs.evolve(one, any_of=()) if one.any_of else attrs.evolve(one, one_of=())
                for branch in branches:
                    yield from self._cases(done, [rest, branch, *waiting], followed)
                return
            done = (*done, one)
        yield done

    def _kind_within(self, case: _All, kind: str, right: Shape, trail: _Trail) -> bool:
        values = self._listed(case, kind)
        if values is not None:
            check = self._check(right)
            return all(check(value) is None for value in values)
        if self._is_empty(case, kind, trail):
            return True
        return self._rules_within(case, kind, right, trail, frozenset())

    def _listed(self, case: _All, kind: str) -> list[object] | None:
        """Give all the values of a kind that a case allows, where they are few."""
        values: list[object]
        listed = next((one.enum for one in case if one.enum is not None), None)
        if listed is not None:
            values = [value for value in listed if kind_of(value) == kind]
        elif kind == "null":
            values = [None]
        elif kind == "boolean":
            values = [True, False]
        else:
            found = Interval.of(case, kind)
            if kind != "integer" or not found.high - found.low < _FEW:
                return None
            values = list(range(int(found.low), int(found.high) + 1))
        checks = [compile_check(one, self._left) for one in case]
        return [value for value in values if all(check(value) is None for check in checks)]

    def _check(self, right: Shape) -> Check:
        if id(right) not in self._checks:  # the shape is kept, so that its identity stays its own
            self._checks[id(right)] = (right, compile_check(right, self._right))
        return self._checks[id(right)][1]

    # ------------------------------------------------------------------------- rules of one kind

    def _rules_within(
        self, case: _All, kind: str, right: Shape, trail: _Trail, followed: frozenset[str]
    ) -> bool:
        self._spend()
        if any(self.same(one, right) for one in case):
            return True
        if right.ref is not None:
            if right.ref in followed:
                return False
            referred = self._right.get(right.ref, ANY)
            inner = followed | {right.ref}
            if not self._rules_within(case, kind, referred, trail, inner):
                return False
        if right.enum is not None or not _takes(right, kind):
            return False
        rules = _RULES.get(kind)
        if rules is not None and not rules(self, case, right, trail):
            return False
        return (
            all(self._rules_within(case, kind, one, trail, followed) for one in right.all_of)
            and self._one_branch(case, kind, right.any_of, trail, followed)
            and self._only_branch(case, kind, right.one_of, trail, followed)
        )

    def _one_branch(
        self, case: _All, kind: str, branches: _All, trail: _Trail, followed: frozenset[str]
    ) -> bool:
        return not branches or any(
            self._rules_within(case, kind, one, trail, followed) for one in branches
        )

    def _only_branch(
        self, case: _All, kind: str, branches: _All, trail: _Trail, followed: frozenset[str]
    ) -> bool:
        """Prove that one branch takes all, where no other one takes values of the kind."""
        taking = tuple(one for one in branches if kind in kinds_of(one, self._right))
        if not branches:
            return True
        return len(taking) == 1 and self._one_branch(case, kind, taking, trail, followed)

    def _integers(self, case: _All, right: Shape, trail: _Trail) -> bool:
        return Interval.of(case, "integer").within(Interval.of((right,), "integer")) and _multiples(
            case, right, whole=True
        )

    def _floats(self, case: _All, right: Shape, trail: _Trail) -> bool:
        return Interval.of(case).within(Interval.of((right,))) and _multiples(
            case, right, whole=False
        )

    def _texts(self, case: _All, right: Shape, trail: _Trail) -> bool:
        if right.pattern is not None and right.pattern not in [one.pattern for one in case]:
            return False
        return _sizes_within(case, right, "length")

    def _bytes(self, case: _All, right: Shape, trail: _Trail) -> bool:
        return _sizes_within(case, right, "length")

    def _arrays(self, case: _All, right: Shape, trail: _Trail) -> bool:
        _, most = _items_counts(case)
        if not _between(_items_counts(case), (right.min_items or 0, right.max_items)):
            return False
        if right.unique and not any(one.unique for one in case) and (most is None or most > 1):
            return False
        positions = max(len(one.prefix_items) for one in (*case, right))
        for i in range(positions + 1):  # the last one stands for all that follow
            if most is not None and i >= most:
                break
            inner = tuple(item_of(one, i) for one in case)
            if not self._within(inner, item_of(right, i), trail):
                return False
        return True

    def _objects(self, case: _All, right: Shape, trail: _Trail) -> bool:
        counts = _members_counts(case)
        if not _between(counts, (right.min_properties or 0, right.max_properties)):
            return False
        if not set(right.required) <= {name for one in case for name in one.required}:
            return False
        if counts[1] == 0:  # no object but the empty one
            return True
        names = {name for one in (*case, right) for name in one.properties}
        for name in sorted(names):
            inner = tuple(member_of(one, name) for one in case)
            if not self._within(inner, member_of(right, name), trail):
                return False
        return self._within(tuple(map(others_of, case)), others_of(right), trail)

    # -------------------------------------------------------------------------------- emptiness

    def _is_empty(self, case: _All, kind: str, trail: _Trail) -> bool:
        if kind in ("integer", "number"):
            return Interval.of(case, kind).is_empty
        if kind in ("string", "bytes"):
            least, most = _counts(case, "length")
            return most is not None and least > most
        if kind == "array":
            least, most = _items_counts(case)
            if most is not None and least > most:
                return True
            needed = (tuple(item_of(one, i) for one in case) for i in range(min(least, 20)))
            return any(self._within(inner, NOTHING, trail) for inner in needed)
        if kind == "object":
            least, most = _members_counts(case)
            if most is not None and least > most:
                return True
            names = sorted({name for one in case for name in one.required})
            members = (tuple(member_of(one, name) for one in case) for name in names)
            return any(self._within(inner, NOTHING, trail) for inner in members)
        return False


_RULES: Mapping[str, Callable[[Inclusion, _All, Shape, _Trail], bool]] = {
    "integer": Inclusion._integers,
    "number": Inclusion._floats,
    "string": Inclusion._texts,
    "bytes": Inclusion._bytes,
    "array": Inclusion._arrays,
    "object": Inclusion._objects,
}


def _same_definitions(left: Mapping[str, Shape], right: Mapping[str, Shape]) -> frozenset[str]:
    """Give the names that mean the same in both, with all that they refer to."""
    same = {name for name, shape in left.items() if name in right and shape.same_rules(right[name])}
    while True:
        broken = {name for name in same if not left[name].references() <= same}
        if not broken:
            return frozenset(same)
        same -= broken


def _kinds(case: _All) -> list[str]:
    found = [kind for kind in KINDS if all(_takes(one, kind) for one in case)]
    listed = next((one.enum for one in case if one.enum is not None), None)
    if listed is not None:
        present = set(map(kind_of, listed))
        found = [kind for kind in found if kind in present]
    return found


def _takes(shape: Shape, kind: str) -> bool:
    kinds = shape.kinds
    return not kinds or kind in kinds or (kind == "integer" and "number" in kinds)


def _multiples(case: _All, right: Shape, *, whole: bool) -> bool:
    if right.multiple_of is None:
        return True
    steps = [one.multiple_of for one in case if one.multiple_of is not None]
    steps += [1] if whole else []
    step = Fraction(str(right.multiple_of))
    return any(Fraction(str(one)) % step == 0 for one in steps)


def _counts(case: _All, name: str) -> tuple[int, int | None]:
    least = max((getattr(one, f"min_{name}") or 0 for one in case), default=0)
    mosts = [most for one in case if (most := getattr(one, f"max_{name}")) is not None]
    return least, min(mosts, default=None)


def _items_counts(case: _All) -> tuple[int, int | None]:
    least, most = _counts(case, "items")
    ends = [
        len(one.prefix_items) for one in case if one.items is not None and is_nothing(one.items)
    ]
    return least, min(ends if most is None else [*ends, most], default=None)


def _members_counts(case: _All) -> tuple[int, int | None]:
    least, most = _counts(case, "properties")
    ends = [len(one.properties) for one in case if one.additional is False]
    needed = {name for one in case for name in one.required}
    return max(least, len(needed)), min(ends if most is None else [*ends, most], default=None)


def _sizes_within(case: _All, right: Shape, name: str) -> bool:
    least, most = _counts((right,), name)
    return _between(_counts(case, name), (least, most))


def _between(inner: tuple[int, int | None], outer: tuple[int, int | None]) -> bool:
    (least, most), (low, high) = inner, outer
    return least >= low and (high is None or (most is not None and most <= high))
