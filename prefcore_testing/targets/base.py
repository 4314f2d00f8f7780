"""What every part of the target suite stands on: the author's target, fresh for each check."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, settings

from prefcore.interfaces import StoredObject, Target
from prefcore_testing.guard import Suite
from prefcore_testing.imports import IMPORT_BUDGET, assert_light, package_of

__all__ = ["TargetChecks", "listed", "put", "read"]


class TargetChecks(Suite, kit=True):
    """The author's side of the suite; see ``TargetSuite``."""

    required = ("make", "raw")
    #: Whether a target that was closed can be opened again with what it held.
    persistent: ClassVar[bool] = False
    #: The plugin module; by default the package in which the target's class is defined.
    module: ClassVar[str] = ""
    #: The most milliseconds that importing the plugin module may add to prefcore's own.
    import_budget: ClassVar[float] = IMPORT_BUDGET
    #: Bytes of the object that has to be streamed.
    large: ClassVar[int] = 32 << 20
    #: How many objects the longest listing has; more than a page, where a target has pages.
    many: ClassVar[int] = 250
    #: How many random stories are played, and of how many acts.
    stories: ClassVar[settings] = settings(
        max_examples=20,
        stateful_step_count=20,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )

    def make(self, tmp_path: Path) -> Target:
        """Make a fresh, empty target; files go below ``tmp_path``, which exists."""
        raise NotImplementedError("a target suite needs a `make` that gives a fresh target")

    def raw(self, target: Target) -> Mapping[str, bytes]:
        """Give the bytes of all that lies in a target, by name, without the target's own code.

        What a put left behind counts: temporaries, parts of uploads.
        """
        raise NotImplementedError("a target suite needs a `raw` that looks beside the target")

    def reopen(self, target: Target) -> Target:
        """Close a target and open it again; only for targets that persist."""
        raise NotImplementedError("a target that declares `persistent` needs a `reopen`")

    @pytest.fixture
    def target(self, tmp_path: Path) -> Iterator[Target]:
        """Give the check its target, and close it."""
        target = self.make(tmp_path)
        yield target
        target.close()

    def test_importing_the_plugin_is_light(self, target: Target) -> None:
        assert_light(self.module or package_of(type(target)), self.import_budget)


def put(target: Target, name: str, data: bytes = b"some bytes") -> StoredObject:
    """Put bytes."""
    return target.put(name, io.BytesIO(data))


def read(target: Target, name: str) -> bytes:
    """Give an object's bytes."""
    with target.get(name) as source:
        return source.read()


def listed(target: Target, prefix: str = "") -> list[str]:
    """Give the names that a target lists."""
    return [one.name for one in target.list(prefix)]
