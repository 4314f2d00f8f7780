"""Checks of several threads at one target: whole objects only, whatever comes together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TypeVar

from prefcore.errors import NotFound
from prefcore.interfaces import StoredObject, Target
from prefcore_testing.comparing import check_same
from prefcore_testing.targets.base import TargetChecks, listed, put, read
from prefcore_testing.targets.sources import Source

__all__ = ["ThreadChecks"]

#: Longer than anything here takes, so that a target that hangs fails a check.
_PATIENCE = 60.0

_Result = TypeVar("_Result")


def _elsewhere(function: Callable[[], _Result]) -> _Result:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function).result(_PATIENCE)


class ThreadChecks(TargetChecks, kit=True):
    """Several threads."""

    def test_object_is_unseen_until_it_is_whole(self, target: Target) -> None:
        put(target, "f/old", b"old")
        seen: list[object] = []

        def look() -> None:
            seen.append((listed(target), read(target, "f/old")))
            with suppress(NotFound):
                seen.append(read(target, "f/new"))

        for name in ("f/new", "f/old"):
            source = Source([b"x" * (1 << 20)] * 3, between=lambda: _elsewhere(look))
            target.put(name, source.as_binary())
            if name == "f/new":
                assert seen == [(["f/old"], b"old")] * 4
                target.delete(name)
                seen.clear()
        assert seen == [(["f/old"], b"old")] * 4
        check_same(read(target, "f/old"), b"x" * (3 << 20))

    def test_puts_of_one_name_end_with_one_whole_object(self, target: Target) -> None:
        for _ in range(5):
            together = Barrier(2)

            def meet(together: Barrier = together) -> None:
                # A target that lets puts wait for each other is right too.
                with suppress(BrokenBarrierError):
                    together.wait(0.2)

            def write(letter: bytes, meet: Callable[[], None] = meet) -> StoredObject:
                return target.put("f/a", Source([letter * 50_000] * 4, meet).as_binary())

            with ThreadPoolExecutor(2) as threads:
                told = list(threads.map(write, [b"a", b"b"], timeout=_PATIENCE))
            assert {one.size for one in told} == {200_000}
            assert self.raw(target) in ({"f/a": b"a" * 200_000}, {"f/a": b"b" * 200_000})
            assert listed(target) == ["f/a"]

    def test_puts_of_different_names_lose_nothing(self, target: Target) -> None:
        def write(letter: str) -> None:
            for n in range(15):
                put(target, f"{letter}/{n}", f"{letter}{n}".encode())
                put(target, f"both/{letter}{n}", b"both")

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(write, "abc", timeout=_PATIENCE))
        expected = {f"{letter}/{n}": f"{letter}{n}".encode() for letter in "abc" for n in range(15)}
        expected |= {f"both/{letter}{n}": b"both" for letter in "abc" for n in range(15)}
        check_same(self.raw(target), expected)
        assert listed(target) == sorted(expected)

    def test_puts_and_deletes_of_one_name_do_not_fail(self, target: Target) -> None:
        def write() -> None:
            for _ in range(40):
                put(target, "f/g/a", b"bytes")

        def delete() -> None:
            for _ in range(200):
                target.delete("f/g/a")

        def look() -> None:
            for _ in range(100):
                assert listed(target) in ([], ["f/g/a"])
                with suppress(NotFound):
                    assert read(target, "f/g/a") == b"bytes"

        with ThreadPoolExecutor(3) as threads:
            for done in [threads.submit(act) for act in (write, delete, look)]:
                done.result(_PATIENCE)
        assert self.raw(target) in ({}, {"f/g/a": b"bytes"})
        put(target, "f/g/a", b"last")
        assert self.raw(target) == {"f/g/a": b"last"}
