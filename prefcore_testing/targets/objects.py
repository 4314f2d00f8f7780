"""Checks of single objects: what is put is what is got, until it is replaced or deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prefcore.errors import NotFound
from prefcore.interfaces import StoredObject, Target
from prefcore_testing.comparing import check_same
from prefcore_testing.targets.base import TargetChecks, listed, put, read
from prefcore_testing.targets.sources import Deliberate, failing

__all__ = ["ObjectChecks"]

_CONTENTS = {
    "nothing": b"",
    "one zero": b"\0",
    "line ends": b"\r\n\n\r\x1a\x04",
    "every byte": bytes(range(256)),
    "a byte more than a piece": b"x" * ((1 << 20) + 1),
}


class ObjectChecks(TargetChecks, kit=True):
    """One object, and its neighbours."""

    def test_fresh_target_is_empty(self, target: Target) -> None:
        assert list(target.list()) == []
        assert self.raw(target) == {}

    @pytest.mark.parametrize("content", _CONTENTS)
    def test_object_comes_back_as_it_was_put(self, target: Target, content: str) -> None:
        data = _CONTENTS[content]
        stored = put(target, "backups/one.json", data)
        assert (stored.name, stored.size) == ("backups/one.json", len(data))
        check_same(read(target, "backups/one.json"), data)
        check_same(self.raw(target), {"backups/one.json": data})

    def test_put_tells_what_a_listing_tells(self, target: Target) -> None:
        told = [put(target, name, name.encode()) for name in ("a", "b/c", "d" * 50)]
        assert list(target.list()) == told
        for one in told:
            assert isinstance(one, StoredObject)
            assert one.modified_at.utcoffset() == timedelta(0), "times are in UTC"
            assert abs(datetime.now(UTC) - one.modified_at) < timedelta(days=1)

    @pytest.mark.parametrize(
        ("old", "new"), [(b"long" * 9, b"s"), (b"s", b"long" * 9), (b"x", b""), (b"x", b"x")]
    )
    def test_put_replaces_what_is_there(self, target: Target, old: bytes, new: bytes) -> None:
        put(target, "f/a", old)
        put(target, "f/b", b"neighbour")
        stored = put(target, "f/a", new)
        assert stored.size == len(new)
        assert list(target.list("f/a")) == [stored]
        check_same(read(target, "f/a"), new)
        check_same(self.raw(target), {"f/a": new, "f/b": b"neighbour"})

    def test_what_is_not_there_is_not_found(self, target: Target) -> None:
        put(target, "f/a")
        for name in ("b", "f", "f/b", "f/a/b", "f/a1", "g/a"):
            with pytest.raises(NotFound) as caught:
                target.get(name)
            assert name in caught.value.message
            assert "\n" not in caught.value.message

    def test_deleted_object_is_gone_and_its_neighbours_are_not(self, target: Target) -> None:
        for name in ("f/a", "f/ab", "f/b", "fa"):
            put(target, name, name.encode())
        target.delete("f/a")
        assert self.raw(target) == {"f/ab": b"f/ab", "f/b": b"f/b", "fa": b"fa"}
        assert listed(target) == ["f/ab", "f/b", "fa"]
        with pytest.raises(NotFound):
            target.get("f/a")
        put(target, "f/a", b"new")
        assert read(target, "f/a") == b"new"

    def test_deleting_what_is_not_there_is_no_error(self, target: Target) -> None:
        target.delete("f/a")
        put(target, "f/a", b"bytes")
        for name in ("a", "f", "f/a/b", "f/b", "g/h/i"):
            target.delete(name)
        assert self.raw(target) == {"f/a": b"bytes"}
        target.delete("f/a")
        target.delete("f/a")
        assert self.raw(target) == {}

    def test_readers_read_by_pieces_and_apart(self, target: Target) -> None:
        put(target, "a", b"0123456789")
        with target.get("a") as one, target.get("a") as other:
            assert one.read(3) == b"012"
            assert other.read(5) == b"01234"
            assert one.read() == b"3456789"
            assert one.read(1) == b""
            assert other.read(100) == b"56789"

    def test_reader_reads_one_object_though_it_is_replaced(self, target: Target) -> None:
        old, new = b"old" * 100_000, b"new" * 100_000
        put(target, "a", old)
        with target.get("a") as source:
            start = source.read(3)
            put(target, "a", new)
            rest = source.read()
        assert start + rest in (old, new), "a mixture of two objects was read"
        check_same(read(target, "a"), new)

    @pytest.mark.parametrize("before", [b"", b"a few bytes", b"x" * (3 << 20)], ids=len)
    def test_source_that_fails_leaves_the_old_object(self, target: Target, before: bytes) -> None:
        with pytest.raises(Deliberate):
            target.put("f/new", failing(before))
        assert self.raw(target) == {}
        put(target, "f/a", b"old")
        with pytest.raises(Deliberate):
            target.put("f/a", failing(before))
        assert self.raw(target) == {"f/a": b"old"}
        assert (listed(target), read(target, "f/a")) == (["f/a"], b"old")
        put(target, "f/a", b"new")
        assert self.raw(target) == {"f/a": b"new"}

    def test_closing_twice_is_no_error(self, tmp_path: Path) -> None:
        target = self.make(tmp_path)
        put(target, "a")
        target.close()
        target.close()

    def test_what_was_put_is_there_when_opened_again(self, tmp_path: Path) -> None:
        target = self.make(tmp_path)
        if self.persistent:
            told = [put(target, name, name.encode()) for name in ("a", "f/é")]
            target = self.reopen(target)
            assert list(target.list()) == told
            assert read(target, "f/é") == "f/é".encode()
        target.close()
