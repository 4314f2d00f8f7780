"""The memory store passes the suite of all stores, and finds what was tampered with."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest
from hypothesis import settings

from prefcore.builtin.memory_store import INFO, MemoryStore
from prefcore.errors import NotFound, ReadOnly, UsageError
from prefcore.interfaces import Store
from prefcore.model import Draft
from prefcore_testing.stores import StoreSuite
from prefcore_testing.stores.making import APP, AT, begin, held, put, rows


class TestMemoryStore(StoreSuite):
    # It is compared with itself: what the stories find is shown where its copies are broken.
    stories = settings(StoreSuite.stories, max_examples=10)

    def make(self, tmp_path: Path) -> Store:
        store = MemoryStore()
        store.wait = 0.5
        return store


def test_two_stores_share_nothing() -> None:
    put(MemoryStore(), {"a": 1})
    assert held(MemoryStore()) == {}


def test_store_for_reading_refuses_to_write() -> None:
    store = MemoryStore(read_only=True)
    with pytest.raises(ReadOnly):
        put(store, {"a": 1})
    with pytest.raises(ReadOnly):
        store.save_copy("why")


def test_nothing_is_there_to_open_unless_it_is_created() -> None:
    with pytest.raises(NotFound):
        INFO.open("memory:", create=False)
    assert INFO.open("memory:", create=True, read_only=True).read_only


def test_details_that_were_read_are_the_readers_own() -> None:
    store = MemoryStore()
    draft = Draft("app", "alice", "set", AT, details={"files": ["a"]})
    with store.changeset(draft, version=None) as transaction:
        transaction.write("user", "alice", rows({"a": 1}))
    for _ in range(2):
        with store.snapshot() as view:
            (changeset,) = view.changesets()
        files = changeset.details["files"]
        assert files == ["a"]
        assert isinstance(files, list)
        files.append("b")


def test_write_after_the_end_is_refused() -> None:
    store = MemoryStore()
    with begin(store) as transaction:
        pass
    with pytest.raises(UsageError):
        transaction.write("user", "alice", rows({"a": 1}))
    assert held(store) == {}


def test_check_finds_an_entry_that_no_changeset_wrote() -> None:
    store = MemoryStore()
    put(store, {"a": 1, "b": 1})
    cells = store._state.app(APP).sets["user", "alice"]
    uuid = next(iter(cells))
    cells[uuid] = ("2", *cells[uuid][1:])
    (problem,) = store.check()
    assert problem.what == "the entry is not what the log left"
    assert "user/alice a" in problem.where


def test_check_finds_a_changed_log() -> None:
    store = MemoryStore()
    put(store, {"a": 1})
    put(store, {"a": 2})
    first, second = store._state.log
    reworded = attrs.evolve(first, bare=attrs.evolve(first.bare, reason="another"))
    store._state = attrs.evolve(store._state, log=(reworded, second))
    assert [problem.where for problem in store.check()] == ["revision 1"]


def test_check_finds_a_gap_in_the_log() -> None:
    store = MemoryStore()
    put(store, {"a": 1})
    put(store, {"a": 2})
    state = store._state
    (delta,) = state.log[1].deltas
    forged = attrs.evolve(state.log[1], deltas=(attrs.evolve(delta, before=None),))
    store._state = attrs.evolve(state, log=(state.log[0], forged))
    told = sorted(problem.what for problem in store.check())
    assert told[0] == "a change begins with another entry"
    assert "is not what its digest says" in told[1]
    assert len(told) == 2
