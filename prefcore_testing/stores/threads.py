"""Checks of threads: several use one store at once, and each sees whole states only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

import pytest

from prefcore.errors import LockedError, StoreMoved
from prefcore.interfaces import Store
from prefcore_testing.comparing import check_same
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, begin, draft, held, put, rows, texts
from prefcore_testing.stores.readout import Readout, audit_faults

__all__ = ["ThreadChecks"]

#: Longer than anything here takes, so that a store that hangs fails a check.
_PATIENCE = 60.0

_Result = TypeVar("_Result")


def _elsewhere(function: Callable[[], _Result]) -> _Result:
    """Give the result of a function that another thread called."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(function).result(_PATIENCE)


class ThreadChecks(StoreChecks, kit=True):
    """Several threads."""

    def test_threads_write_different_owners_without_loss(self, store: Store) -> None:
        def write(owner: str) -> list[int]:
            return [put(store, {"a": n, f"k{n}": n}, owner=owner).revision for n in range(25)]

        with ThreadPoolExecutor(2) as threads:
            revisions = list(threads.map(write, ["alice", "bob"], timeout=_PATIENCE))
        assert all(one == sorted(one) for one in revisions)
        assert sorted(one for made in revisions for one in made) == list(range(1, 51))
        expected = {"a": "24"} | {f"k{n}": str(n) for n in range(25)}
        assert held(store) == {("user", "alice"): expected, ("user", "bob"): expected}
        with store.snapshot() as view:
            assert list(audit_faults(view)) == []
        assert list(store.check()) == []

    def test_long_snapshot_stays_as_it_was_while_another_thread_writes(self, store: Store) -> None:
        for n in range(50):
            put(store, {"a": n}, owner=f"{n:02}")

        def write() -> None:
            with begin(store, "migrate") as transaction:
                transaction.transform("a", lambda text: text + "0")
                transaction.rename("a", "b")
                transaction.write("user", "new", rows({"c": 1}))
            put(store, {"c": 1}, owner="00")

        readout = Readout()
        with store.snapshot() as view:
            before = readout.everything(view)
            drawing = view.sets(APP)
            drawn = [next(drawing)]
            _elsewhere(write)
            drawn.extend(drawing)
            assert [(one.owner, one.rows[0][:2]) for one in drawn] == [
                (f"{n:02}", ("a", str(n))) for n in range(50)
            ]
            check_same(readout.everything(view), before)
        assert "new" in [owner for _, owner in held(store)]

    def test_reader_neither_waits_for_a_writer_nor_sees_it(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store) as transaction:
            transaction.write("user", "alice", rows({"a": 2, "b": 2}))
            assert _elsewhere(lambda: held(store)) == {("user", "alice"): {"a": "1"}}
            layers = _elsewhere(lambda: store.layers(APP, None, "a", [("user", "alice")]))
            assert [layer[2] for layer in layers] == ["1"]
        assert _elsewhere(lambda: held(store)) == {("user", "alice"): {"a": "2", "b": "2"}}

    def test_second_writer_waits_and_sees_what_the_first_wrote(self, store: Store) -> None:
        began, waiting = Event(), Event()

        def second() -> dict[str, str]:
            assert began.wait(_PATIENCE)
            waiting.set()
            with begin(store) as transaction:
                seen = {
                    key: text for key, text, *_ in transaction.read_set(APP, "user", "alice").rows
                }
                transaction.write("user", "alice", rows({"b": 2}))
            return seen

        with ThreadPoolExecutor(1) as thread:
            found: Future[dict[str, str]] = thread.submit(second)
            with begin(store) as transaction:
                began.set()
                assert waiting.wait(_PATIENCE)
                transaction.write("user", "alice", rows({"a": 1}))
            assert found.result(_PATIENCE) == {"a": "1"}
        assert held(store) == {("user", "alice"): {"a": "1", "b": "2"}}

    def test_writer_gives_up_when_another_holds_the_store_too_long(self, store: Store) -> None:
        def second() -> None:
            put(store, {"a": 2})

        # The changeset ends before the pool, which would otherwise wait for a thread that waits.
        with ThreadPoolExecutor(1) as thread, begin(store) as transaction:
            transaction.write("user", "alice", rows({"a": 1}))
            with pytest.raises(LockedError):
                thread.submit(second).result(self.longest_wait)
        assert held(store) == {("user", "alice"): {"a": "1"}}
        _elsewhere(second)
        assert held(store) == {("user", "alice"): {"a": "2"}}

    def test_writer_that_fails_lets_the_next_one_in(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError), begin(store):
            _ = 1 / 0
        with pytest.raises(StoreMoved), begin(store, version="1.0.0"):
            pass
        assert _elsewhere(lambda: put(store, {"a": 1}).revision) == 1

    def test_rehearsal_holds_nobody_up(self, store: Store) -> None:
        put(store, {"a": 1})
        with store.rehearse(draft(), version=None) as rehearsal:
            rehearsal.write("user", "alice", rows({"b": 2}))
            assert _elsewhere(lambda: put(store, {"a": 3}).revision) == 2
            assert texts(rehearsal, APP) == {("user", "alice"): {"a": "1", "b": "2"}}
        assert held(store) == {("user", "alice"): {"a": "3"}}

    def test_migration_elsewhere_is_noticed(self, store: Store) -> None:
        put(store, {"a": 1})

        def migrate() -> None:
            with begin(store, "migrate") as transaction:
                transaction.register("1.0.0", "{}", declarations={})
                transaction.apply_version("1.0.0")
                transaction.rename("a", "b")

        assert store.layers(APP, None, "a", [("user", "alice")])
        _elsewhere(migrate)
        with pytest.raises(StoreMoved):
            store.layers(APP, None, "a", [("user", "alice")])
        with pytest.raises(StoreMoved), begin(store):
            pass
        assert store.layers(APP, "1.0.0", "b", [("user", "alice")])[0][2] == "1"
