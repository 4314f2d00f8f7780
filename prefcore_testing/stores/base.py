"""What every part of the store suite stands on: the author's store, fresh for each check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings

from prefcore.interfaces import Store
from prefcore_testing.guard import Suite
from prefcore_testing.imports import IMPORT_BUDGET, assert_light, package_of

__all__ = ["StoreChecks"]


class StoreChecks(Suite, kit=True):
    """The author's side of the suite; see ``StoreSuite``."""

    required = ("make",)
    #: Whether a store that was closed can be opened again with what it held.
    persistent: ClassVar[bool] = False
    #: The plugin module; by default the package in which the store's class is defined.
    module: ClassVar[str] = ""
    #: The most milliseconds that importing the plugin module may add to prefcore's own.
    import_budget: ClassVar[float] = IMPORT_BUDGET
    #: The most seconds that a store made by ``make`` waits for another changeset to end.
    longest_wait: ClassVar[float] = 10.0
    #: How many random stories the comparison with the memory store plays, and of how many acts.
    #: What is shown of a failure is made small for up to five minutes; `Phase.shrink` left out
    #: of `phases` shows it as it was found.
    stories: ClassVar[settings] = settings(
        max_examples=30,
        stateful_step_count=20,
        deadline=None,
        report_multiple_bugs=False,
        # Shrinking a story of a store on disk takes minutes; --hypothesis-seed repeats it.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )

    def make(self, tmp_path: Path) -> Store:
        """Make a fresh, empty, writable store; files go below ``tmp_path``, which exists."""
        raise NotImplementedError("a store suite needs a `make` that gives a fresh store")

    def reopen(self, store: Store, *, read_only: bool = False) -> Store:
        """Close a store and open it again; only for stores that persist."""
        raise NotImplementedError("a store that declares `persistent` needs a `reopen`")

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        """Give the check its store, and close it."""
        store = self.make(tmp_path)
        yield store
        store.close()

    def test_importing_the_plugin_is_light(self, store: Store) -> None:
        assert_light(self.module or package_of(type(store)), self.import_budget)
