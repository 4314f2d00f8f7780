"""Core's strategies pass the suite of merge strategies, and each of its checks finds a fault."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import pytest
from hypothesis import Phase, settings

from prefcore.builtin import hooks
from prefcore.interfaces import CONFLICT, MergeStrategyInfo, Sides
from prefcore.values import UNSET
from prefcore_testing.mutants import run_check
from prefcore_testing.strategies import MergeStrategySuite


def _suite_on(declared: MergeStrategyInfo, plugin: str = "prefcore") -> type[MergeStrategySuite]:
    class TestStrategy(MergeStrategySuite):
        info = declared
        module = plugin

        def trials(self) -> settings:
            return settings(super().trials(), phases=[Phase.generate])  # the first will do

    return TestStrategy


@pytest.mark.parametrize("info", hooks.prefcore_merge_strategies(), ids=lambda info: info.id)
@pytest.mark.parametrize("check", MergeStrategySuite.checks())
def test_core_passes(info: MergeStrategyInfo, check: str) -> None:
    run_check(_suite_on(info)(), check)


def union(sides: Sides) -> object:
    """Give what either list holds: a strategy as a third party writes it."""
    if not (isinstance(sides.ours, list) and isinstance(sides.theirs, list)):
        return CONFLICT
    return sides.ours + [item for item in sides.theirs if item not in sides.ours]


GOOD = MergeStrategyInfo(id="union", summary="lists: what either holds", resolve=union)


@pytest.mark.parametrize("check", MergeStrategySuite.checks())
def test_a_good_one_passes(check: str) -> None:
    run_check(_suite_on(GOOD)(), check)


def _extending(sides: Sides) -> object:
    if isinstance(sides.ours, list) and isinstance(sides.theirs, list):
        sides.ours.extend(sides.theirs)
        return sides.ours
    return CONFLICT


def _forgetful() -> Callable[[Sides], object]:
    calls = iter(range(10**9))
    return lambda sides: sides.ours if next(calls) % 2 else sides.theirs


def _later(sides: Sides) -> object:
    if sides.ours_at is None or sides.theirs_at is None:
        return CONFLICT
    return max((sides.ours_at, "ours"), (sides.theirs_at, "theirs"))[1]


FAULTS: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "no summary": ({"summary": " "}, ("declaration_is_complete",)),
    "an id of two words": ({"id": "two words"}, ("declaration_is_complete",)),
    "a set of items": (
        {"resolve": lambda sides: {1, 2}},
        ("gives_a_portable_value_or_nothing_or_a_conflict",),
    ),
    "an addition of anything": (
        {"resolve": lambda sides: sides.ours + sides.theirs},
        ("gives_a_portable_value_or_nothing_or_a_conflict",),
    ),
    "an object that is no value": (
        {"resolve": lambda sides: UNSET if sides.base is UNSET else object()},
        ("gives_a_portable_value_or_nothing_or_a_conflict",),
    ),
    "ours and theirs in turn": ({"resolve": _forgetful()}, ("decides_the_same_way_every_time",)),
    "ours made longer": ({"resolve": _extending}, ("changes_nothing_that_it_is_given",)),
    "times that nobody hears of": ({"resolve": _later}, ("goes_by_times_only_if_it_says_so",)),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(name: str) -> None:
    changes, checks = FAULTS[name]
    suite = _suite_on(attrs.evolve(GOOD, **changes))  # type: ignore[arg-type]  # wrong on purpose
    for check in checks:
        with pytest.raises((Exception, pytest.fail.Exception)):
            run_check(suite(), f"test_{check}")


def test_heavy_import_is_found() -> None:
    with pytest.raises(AssertionError, match="do it later"):
        _suite_on(GOOD, "hypothesis")().test_importing_the_plugin_is_light()


def test_every_check_finds_a_fault() -> None:
    found = {f"test_{check}" for _, checks in FAULTS.values() for check in checks}
    assert found | {"test_importing_the_plugin_is_light"} == set(MergeStrategySuite.checks())
