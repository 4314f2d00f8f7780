"""The suite that every merge strategy passes: it decides, purely, and only among portable values.

::

    from prefcore_testing.strategies import MergeStrategySuite

    from my_strategy import prefcore_merge_strategies

    class TestMyStrategy(MergeStrategySuite):
        (info,) = prefcore_merge_strategies()
"""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import attrs
import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from prefcore.interfaces import CONFLICT, MergeStrategyInfo, Sides
from prefcore.values import UNSET, canonical_text, equal
from prefcore_testing.guard import Suite
from prefcore_testing.imports import IMPORT_BUDGET, assert_light, package_of
from prefcore_testing.values import keys, portable_values

__all__ = ["MergeStrategySuite"]

_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
_values = portable_values(max_leaves=6)
# Lists and objects of the same few things: where strategies that combine have something to do.
_lists = st.lists(st.sampled_from(["a", "b", 1, None]), max_size=4)
_objects = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 2), max_size=2)
_times = st.none() | st.integers(-3, 3).map(lambda hours: _AT + timedelta(hours=hours))
_nothing = st.just(UNSET)
# What the sides hold, and the base, of one kind. Made once: that costs more than drawing from it.
_kinds = st.sampled_from(
    [(kind | kind | _nothing, _nothing | kind) for kind in (_values, _lists, _objects)]
)
_keys = keys()


@st.composite
def _sides(draw: st.DrawFn) -> Sides:
    """Give sides that differ from each other, as a strategy is asked about."""
    held, before = draw(_kinds)
    ours = draw(held)
    theirs = draw(held.filter(lambda value: not equal(value, ours)))
    base = draw(before)
    key = draw(_keys)
    return Sides(
        key,
        base,
        ours,
        theirs,
        None if ours is UNSET else draw(_times),
        None if theirs is UNSET else draw(_times),
    )


class MergeStrategySuite(Suite, kit=True):
    """Checks of ``prefcore.interfaces.MergeStrategyInfo``: subclass it and give ``info``.

    ``module`` names the plugin module where it is not the package that ``info.resolve`` is of.
    """

    required = ("info",)
    #: The strategy as the plugin declares it.
    info: ClassVar[MergeStrategyInfo]
    #: The plugin module; by default the package in which ``info.resolve`` is defined.
    module: ClassVar[str] = ""
    #: The most milliseconds that importing the plugin module may add to prefcore's own.
    import_budget: ClassVar[float] = IMPORT_BUDGET
    #: How many random decisions are asked for.
    examples: ClassVar[int] = 100

    def for_sides(self, law: Callable[[Sides], None]) -> None:
        """Check a law on random sides."""

        def told(sides: Sides) -> None:
            law(sides)

        self.trials()(given(_sides())(told))()

    def trials(self) -> settings:
        """Give how hypothesis tries random sides."""
        return settings(
            max_examples=self.examples, deadline=None, suppress_health_check=list(HealthCheck)
        )

    def test_declaration_is_complete(self) -> None:
        info = self.info
        assert isinstance(info, MergeStrategyInfo)
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", info.id), "the id is typed by people"
        assert info.summary.strip(), "the summary is empty"
        assert "\n" not in info.summary, "the summary is one line"
        assert isinstance(info.needs_times, bool)

    def test_gives_a_portable_value_or_nothing_or_a_conflict(self) -> None:
        def law(sides: Sides) -> None:
            given = self.info.resolve(sides)
            if given is not CONFLICT and given is not UNSET:
                canonical_text(given)

        self.for_sides(law)

    def test_decides_the_same_way_every_time(self) -> None:
        def law(sides: Sides) -> None:
            first, again = self.info.resolve(sides), self.info.resolve(_copied(sides))
            assert _same(first, again), f"{first!r}, then {again!r}, of {sides!r}"

        self.for_sides(law)

    def test_changes_nothing_that_it_is_given(self) -> None:
        def law(sides: Sides) -> None:
            before = _texts(sides)
            self.info.resolve(sides)
            assert _texts(sides) == before, "it changed what it was given"

        self.for_sides(law)

    def test_goes_by_times_only_if_it_says_so(self) -> None:
        if self.info.needs_times:
            return

        def law(sides: Sides) -> None:
            untold = attrs.evolve(sides, ours_at=None, theirs_at=None)
            later = attrs.evolve(sides, ours_at=_AT, theirs_at=_AT + timedelta(1))
            earlier = attrs.evolve(sides, ours_at=_AT, theirs_at=_AT - timedelta(1))
            given = [self.info.resolve(one) for one in (untold, later, earlier)]
            told = "it goes by times; declare needs_times"
            assert all(_same(given[0], other) for other in given[1:]), told

        self.for_sides(law)

    def test_importing_the_plugin_is_light(self) -> None:
        assert_light(self.module or package_of(self.info.resolve), self.import_budget)


def _copied(sides: Sides) -> Sides:
    """Give the same sides as other objects; UNSET stays the one it is."""
    base, ours, theirs = (
        one if one is UNSET else deepcopy(one) for one in (sides.base, sides.ours, sides.theirs)
    )
    return attrs.evolve(sides, base=base, ours=ours, theirs=theirs)


def _text(value: object) -> str:
    return repr(value) if value is UNSET or value is CONFLICT else canonical_text(value)


def _texts(sides: Sides) -> list[str]:
    return [_text(one) for one in (sides.base, sides.ours, sides.theirs)]


def _same(one: object, other: object) -> bool:
    return _text(one) == _text(other)
