"""Random stories told to the author's target and to a dict alike, compared after each act."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from prefcore.errors import NotFound
from prefcore.interfaces import Target
from prefcore_testing.comparing import check_same
from prefcore_testing.targets.base import TargetChecks, put, read
from prefcore_testing.targets.sources import Deliberate, failing

__all__ = ["StoryChecks"]

# Few, so that acts meet on the same objects and folders.
_NAMES = st.sampled_from(["a", "a-b", "f/a", "f/b", "f/g/a", "f/g/h/b", "f.g", "é x/y"])
_BYTES = st.binary(max_size=20) | st.just(b"0123456789abcdef" * ((1 << 16) + 1))
_PREFIXES = st.sampled_from(["", "a", "f", "f/", "f/g", "f/g/", "f/a", "é", "z"])


class _Story(RuleBasedStateMachine):
    """The author's target and ``held``, what it should hold."""

    suite: TargetChecks
    folders: Iterator[Path]

    @initialize()
    def begin(self) -> None:
        folder = next(self.folders)
        folder.mkdir()
        self.target: Target = self.suite.make(folder)
        self.held: dict[str, bytes] = {}

    def teardown(self) -> None:
        if hasattr(self, "target"):
            self.target.close()

    @rule(name=_NAMES, data=_BYTES)
    def put(self, name: str, data: bytes) -> None:
        stored = put(self.target, name, data)
        assert (stored.name, stored.size) == (name, len(data))
        self.held[name] = data

    @rule(name=_NAMES, data=_BYTES)
    def put_from_a_source_that_fails(self, name: str, data: bytes) -> None:
        with pytest.raises(Deliberate):
            self.target.put(name, failing(data))

    @rule(name=_NAMES)
    def get(self, name: str) -> None:
        try:
            found: bytes | None = read(self.target, name)
        except NotFound:
            found = None
        check_same(found, self.held.get(name))

    @rule(name=_NAMES)
    def delete(self, name: str) -> None:
        self.target.delete(name)
        self.held.pop(name, None)

    @rule(prefix=_PREFIXES)
    def list(self, prefix: str) -> None:
        expected = [(name, len(self.held[name])) for name in sorted(self.held)]
        assert [(one.name, one.size) for one in self.target.list(prefix)] == [
            one for one in expected if one[0].startswith(prefix)
        ]

    @precondition(lambda self: self.suite.persistent)
    @rule()
    def reopen(self) -> None:
        self.target = self.suite.reopen(self.target)

    @invariant()
    def what_lies_there_is_what_should(self) -> None:
        check_same(self.suite.raw(self.target), self.held)


class StoryChecks(TargetChecks, kit=True):
    """Random stories."""

    def test_random_stories_leave_what_they_leave_in_a_dict(self, tmp_path: Path) -> None:
        class Story(_Story):
            suite = self
            folders = (tmp_path / f"story {n}" for n in count(1))

        run_state_machine_as_test(Story, settings=self.stories)
