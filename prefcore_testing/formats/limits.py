"""Checks that a reader keeps the limits it is given."""

from __future__ import annotations

import pytest

from prefcore.errors import PrefcoreError
from prefcore.interfaces import Capability, Limits
from prefcore.model import Header
from prefcore_testing.documents import Contents, set_of
from prefcore_testing.formats.base import FormatChecks
from prefcore_testing.formats.pipes import Sink
from prefcore_testing.values import nested

__all__ = ["LimitChecks"]

_LIMITS = {
    "max_bytes": Limits(max_bytes=400),
    "max_depth": Limits(max_depth=8),
    "max_key_length": Limits(max_key_length=20),
    "max_keys_per_set": Limits(max_keys_per_set=3),
}
_VALUES = {
    "a": nested(20),
    "k" * 30: 1,
    "long": "x" * 1_000,
    "n1": 1,
    "n2": 2,
}


class LimitChecks(FormatChecks, kit=True):
    """What is beyond a limit is refused, in documents and in plain files."""

    @pytest.mark.parametrize("limit", _LIMITS)
    def test_keeps_limit_in_documents(self, limit: str) -> None:
        data = self.written(Contents(Header("app", None), (set_of(_VALUES),)))
        assert isinstance(self.outcome(data, _LIMITS[limit]), PrefcoreError), f"beyond {limit}"
        assert not isinstance(self.outcome(data), PrefcoreError)

    @pytest.mark.parametrize("limit", _LIMITS)
    def test_keeps_limit_in_plain_files(self, limit: str) -> None:
        if self.can(Capability.PLAIN):
            sink = Sink()
            self.format().write_plain(_VALUES, sink)
            data = sink.taken()
            assert isinstance(self.outcome(data, _LIMITS[limit]), PrefcoreError), f"beyond {limit}"
            assert not isinstance(self.outcome(data), PrefcoreError)
