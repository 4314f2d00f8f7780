"""Checks of bad input: whatever the bytes, a typed error or a document, and in bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from time import perf_counter

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given

from prefcore.errors import PrefcoreError
from prefcore.model import AppHeader, Header, PlainDocument, PreferenceSet, Record
from prefcore_testing.documents import AT, Contents, set_of
from prefcore_testing.formats.base import FormatChecks, Outcome
from prefcore_testing.values import VALUES

__all__ = ["HostileChecks"]

_DEEP = 100_000
_FOREIGN: dict[str, bytes] = {
    "nothing": b"",
    "one NUL": b"\0",
    "many NULs": bytes(1 << 20),
    "all bytes": bytes(range(256)) * 64,
    "noise": Random(0).randbytes(1 << 16),
    "prose": b"Dear user, this is no preferences file.\n" * 100,
    "a byte order mark": b"\xef\xbb\xbf",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "invalid UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-8 of a surrogate": b'{"a": "\xed\xa0\x80"}',
    "deep arrays": b"[" * _DEEP,
    "deep arrays, closed": b"[" * _DEEP + b"]" * _DEEP,
    "deep objects": b'{"a":' * _DEEP,
    "deep objects, closed": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "deep by indentation": b"".join(b" " * i + b"a:\n" for i in range(1_000)),
    "deep by dashes": b"- " * _DEEP + b"a",
    "deep by dots": b"a" + b".a" * 20_000 + b" = 1\n",
    "deep value under a key": b'{"a": ' + b"[" * _DEEP + b"]" * _DEEP + b"}",
    "deep MessagePack arrays": b"\x91" * _DEEP,
    "deep MessagePack maps": b"\x81\xa1a" * _DEEP,
    "huge length declared": b"\xdd\xff\xff\xff\xff",
    "an integer of many digits": b'{"a": ' + b"9" * 100_000 + b"}",
    "a key of a megabyte": b'{"' + b"k" * (1 << 20) + b'": 1}',
    "one quote and much after it": b'{"a": "' + b"\\" * (1 << 20),
    "open brackets in texts": b'{"a": "' + b"[{" * (1 << 19) + b'"',
    "aliases": b"a: &a [x]\n" + b"".join(b"k%d: &k%d [*a, *a]\n" % (i, i) for i in range(50)),
    "gzip": b"\x1f\x8b\x08\x00" + bytes(100),
}


class HostileChecks(FormatChecks, kit=True):
    """Damage is noticed, by the format or by the digest; only typed errors are raised."""

    @pytest.mark.parametrize("name", _FOREIGN)
    def test_refuses_foreign_bytes(self, name: str) -> None:
        self._timed(_FOREIGN[name])

    def test_refuses_any_bytes(self) -> None:
        @self.trials()
        @given(st.binary(max_size=200))
        def refuse(data: bytes) -> None:
            self._timed(data)

        refuse()

    def test_notices_where_it_is_cut(self) -> None:
        contents = self._contents()
        whole = self.written(contents)
        for end in range(len(whole)):
            self._assert_noticed(whole[:end], contents, f"cut after byte {end}")

    def test_notices_flipped_bits(self) -> None:
        contents = self._contents()
        whole = self.written(contents)
        for at in range(len(whole)):
            for flip in (1 << at % 8, 0x20, 0xFF):
                damaged = bytearray(whole)
                damaged[at] ^= flip
                self._assert_noticed(bytes(damaged), contents, f"byte {at} flipped by {flip}")

    def test_notices_missing_repeated_and_swapped_parts(self) -> None:
        contents = self._contents()
        whole = self.written(contents)
        for what, damaged in _rearranged(whole):
            self._assert_noticed(damaged, contents, what)

    def test_refuses_sets_out_of_order(self) -> None:
        one, other = set_of({"a": 1}), set_of({"a": 1}, owner="bob")
        project = set_of({"a": 1}, scope="project", owner="z")
        for sets in ((other, one), (one, one), (one, project), (one, other, one)):
            self._assert_refused(Contents(Header("app", None), sets))
        if self.full_state:
            a, b = (attrs.evolve(one, app=app) for app in "ab")
            apps = (AppHeader("a"), AppHeader("b"))
            for sets in ((b, a), (a, a), (a, b, a)):
                self._assert_refused(Contents(Header("", None, full_state=True, apps=apps), sets))

    def test_refuses_key_that_stands_twice(self) -> None:
        one = set_of({"a": 1})
        twice = PreferenceSet(one.scope, one.owner, one.rows * 2)
        self._assert_refused(Contents(Header("app", None), (twice,)))

    def test_refuses_what_follows_the_end(self) -> None:
        whole = self.written(self._contents())
        for tail in (b"x", b"\0", whole, b'{"a": 1}'):
            assert isinstance(self.outcome(whole + tail), PrefcoreError), f"followed by {tail!r}"

    def _contents(self) -> Contents:
        values = {key: VALUES[key] for key in ("one", "bytes", "text with quotes", "null", "date")}
        records = (Record("kind", {"a": [1]}),) if self.full_state else ()
        header = Header("app", "1.0.0", created_at=AT, full_state=self.full_state)
        return Contents(header, (set_of(values), set_of({"b": 2.5}, owner="bob")), records)

    def _assert_refused(self, contents: Contents) -> None:
        """Check that a document which breaks the rules is refused by the writer or the reader."""
        try:
            data = self.written(contents)
        except PrefcoreError:
            return
        assert isinstance(self._timed(data), PrefcoreError), "written and read, against the rules"

    def _timed(self, data: bytes) -> Outcome:
        start = perf_counter()
        outcome = self.outcome(data)
        assert perf_counter() - start <= self.patience, "it took too long"
        return outcome

    def _assert_noticed(self, data: bytes, written: Contents, what: str) -> None:
        """Check that damaged bytes give an error, another kind of file, or a wrong digest.

        Or the same document: some bytes do not matter to some formats.
        """
        outcome = self._timed(data)
        if isinstance(outcome, (PrefcoreError, PlainDocument)):
            return
        held, trailer = outcome
        same = (held.header.app, held.header.schema, held.sets, held.records) == (
            written.header.app,
            written.header.schema,
            written.sets,
            written.records,
        )
        assert same or trailer != held.trailer(), f"{what}, and nothing shows it"


def _rearranged(whole: bytes) -> Iterator[tuple[str, bytes]]:
    size = len(whole)
    for step in (size // 3, size // 7, 64, 16):
        for at in range(0, size - 2 * step, step):
            head, part, other = whole[:at], whole[at : at + step], whole[at + step : at + 2 * step]
            tail = whole[at + 2 * step :]
            yield f"without {step} bytes from {at}", head + other + tail
            yield f"with {step} bytes from {at} twice", head + part + part + other + tail
            yield f"with {step} bytes at {at} swapped", head + other + part + tail
    lines = whole.splitlines(keepends=True)
    for i in range(len(lines)):
        yield f"without line {i + 1}", b"".join(lines[:i] + lines[i + 1 :])
        yield f"with line {i + 1} twice", b"".join(lines[: i + 1] + lines[i:])
