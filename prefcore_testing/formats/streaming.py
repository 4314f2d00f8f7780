"""Checks that a format which says so streams, and that another refuses what it cannot hold."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from prefcore.canonical import Tally
from prefcore.errors import DamagedDocument
from prefcore.interfaces import Capability, Limits
from prefcore.model import Document, Header, PreferenceSet, Record, Row, Trailer
from prefcore_testing.comparing import check_same
from prefcore_testing.documents import Contents, many_sets
from prefcore_testing.formats.base import FormatChecks
from prefcore_testing.formats.pipes import Sink, Source

__all__ = ["StreamingChecks"]

_HEADER = Header("app", "1.0.0")


def _with(one: PreferenceSet, *first: object) -> PreferenceSet:
    """Give a set whose first row begins otherwise."""
    row = one.rows[0]
    changed: Row = (*first, *row[len(first) :])  # type: ignore[assignment]  # as long as a row
    return PreferenceSet(one.scope, one.owner, (changed, *one.rows[1:]))


#: What may be expected of a set instead of what it is.
_EXPECTATIONS: dict[str, Callable[[PreferenceSet], PreferenceSet | None]] = {
    "nothing": lambda one: None,
    "the same": lambda one: one,
    "no rows": lambda one: PreferenceSet(one.scope, one.owner),
    "another text": lambda one: _with(one, one.rows[0][0], '"other"'),
    "another time": lambda one: _with(one, *one.rows[0][:2], one.rows[0][2] + 1),
    "another actor": lambda one: _with(one, *one.rows[0][:4], "nobody"),
    "a row less": lambda one: PreferenceSet(one.scope, one.owner, one.rows[:-1]),
    "a row more": lambda one: PreferenceSet(
        one.scope, one.owner, (*one.rows, ("zzz", "1", 0, "manual", "alice"))
    ),
    "another owner": lambda one: PreferenceSet(one.scope, "other", one.rows[1:]),
}


class StreamingChecks(FormatChecks, kit=True):
    """Sets flow one after the other."""

    #: Sets of 40 entries in the long document: about 5 kB each.
    long_document: ClassVar[int] = 400

    def test_draws_sets_then_records_then_the_trailer(self) -> None:
        drawn: list[str] = []
        contents = Contents(_HEADER, tuple(many_sets(3, keys=1)))
        tally = Tally(_HEADER)

        def sets() -> Iterator[PreferenceSet]:
            for one in tally.sets(contents.sets):
                drawn.append(one.owner)
                yield one

        def records() -> Iterator[Record]:
            drawn.append("records")
            yield from ()

        def trailer() -> Trailer:
            drawn.append("trailer")
            return tally.trailer()

        sink = Sink()
        self.format().write(Document(_HEADER, sets(), records(), trailer), sink)
        assert drawn == [one.owner for one in contents.sets] + ["records", "trailer"]
        check_same(self.read(sink.taken())[0], contents)

    def test_writes_as_sets_are_drawn_or_holds_them(self) -> None:
        sink = Sink()
        tally = Tally(_HEADER)
        held: list[tuple[int, int]] = []
        alive: weakref.WeakSet[PreferenceSet] = weakref.WeakSet()

        def sets() -> Iterator[PreferenceSet]:
            for one in many_sets(self.long_document):
                copy = _Weak(one.scope, one.owner, one.rows)
                alive.add(copy)
                yield copy
                del copy
                held.append((sink.passed, len(alive)))

        document = Document(_HEADER, tally.sets(sets()), (), tally.trailer)
        self.format().write(document, sink)
        total = len(sink.taken())
        if self.can(Capability.STREAMS):
            written, _ = held[-1]
            assert written >= total / 2, "most was written only when all sets were drawn"
            assert max(count for _, count in held) <= 16, "sets that were written are still held"

    def test_reads_as_sets_are_drawn_or_refuses_what_is_large(self) -> None:
        data = self.written(Contents(_HEADER, tuple(many_sets(self.long_document))))
        source = Source(data)
        limits = Limits(max_whole_bytes=len(data) // 2)
        if not self.can(Capability.STREAMS):
            error = self.outcome(data, limits)
            assert isinstance(error, DamagedDocument), "it holds more than max_whole_bytes"
            return
        document = self.format().read(source, limits)
        assert isinstance(document, Document)
        assert source.passed < len(data) / 2, "most was read before a set was asked for"
        sets = iter(document.sets)
        first = next(sets)
        assert first.owner == "user000000"
        assert source.passed < len(data) / 2, "most was read for the first set"
        assert sum(1 for _ in sets) == self.long_document - 1
        assert list(document.records) == []
        assert document.trailer() is not None

    @pytest.mark.parametrize("expectation", _EXPECTATIONS.values(), ids=list(_EXPECTATIONS))
    def test_what_is_expected_never_stands_for_what_is_there(
        self, expectation: Callable[[PreferenceSet], PreferenceSet | None]
    ) -> None:
        contents = Contents(_HEADER, tuple(many_sets(4, keys=3)))
        expected = {(one.scope, one.owner): expectation(one) for one in contents.sets}
        document = self.format().read(Source(self.written(contents)), Limits())
        assert isinstance(document, Document)
        document.expected = lambda scope, owner: expected.get((scope, owner))
        held, trailer = Contents.drawn_from(document)
        check_same(held, contents)
        assert trailer == contents.trailer()


class _Weak(PreferenceSet):
    """A set that can be watched."""

    __slots__ = ()
    __hash__ = object.__hash__
