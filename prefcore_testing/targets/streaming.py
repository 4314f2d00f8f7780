"""Checks that objects flow: drawn in pieces, read in pieces, in memory that does not grow."""

from __future__ import annotations

import hashlib
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from prefcore.interfaces import Target
from prefcore_testing.comparing import check_same
from prefcore_testing.targets.base import TargetChecks, put
from prefcore_testing.targets.sources import Source, pieces

__all__ = ["StreamingChecks"]


class StreamingChecks(TargetChecks, kit=True):
    """Large objects and slow sources."""

    #: The most bytes that may be asked of a source at once, or held on the way.
    largest_piece: ClassVar[int] = 16 << 20

    def test_large_object_is_put_and_got_in_little_memory(self, target: Target) -> None:
        source = Source(pieces(self.large))
        with _memory_below(self.largest_piece):
            stored = target.put("large", source.as_binary())
        assert stored.size == self.large
        assert min(source.asked) > 0, "everything was asked for at once"
        assert max(source.asked) <= self.largest_piece
        expected, found, size = hashlib.sha256(), hashlib.sha256(), 0
        for piece in pieces(self.large):
            expected.update(piece)
        with _memory_below(self.largest_piece), target.get("large") as reader:
            while piece := reader.read(1 << 16):
                found.update(piece)
                size += len(piece)
        assert (size, found.digest()) == (self.large, expected.digest())

    def test_source_may_give_less_than_is_asked_for(self, target: Target) -> None:
        data = [bytes([n]) * (n % 7 + 1) for n in range(200)]
        source = Source(data)
        assert target.put("a", source.as_binary()).size == sum(map(len, data))
        check_same(self.raw(target), {"a": b"".join(data)})

    def test_source_is_left_open_and_at_its_end(self, target: Target) -> None:
        source = Source([b"bytes"])
        target.put("a", source.as_binary())
        assert not source.closed
        assert source.read(1) == b""
        put(target, "b")


@contextmanager
def _memory_below(limit: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak <= limit, f"{peak:,} bytes were held at once"
