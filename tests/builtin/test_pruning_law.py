"""The law of pruning: all that was told of after the pruned part is told as before, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from prefcore.audit import is_pruned
from prefcore.builtin.memory_store import MemoryStore
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import ConflictError, HistoryPruned
from prefcore.interfaces import Snapshot, Store
from prefcore_testing.stores.making import APP, begin, row
from prefcore_testing.stores.whole_state import state_of

_KEYS = st.sampled_from("abc")
_OWNERS = st.sampled_from(["alice", "bob"])
_ACTS = st.one_of(
    st.tuples(st.just("write"), _OWNERS, _KEYS, st.integers(0, 3)),
    st.tuples(st.just("write"), _OWNERS, _KEYS, st.integers(0, 3)),
    st.tuples(st.just("remove"), _OWNERS, _KEYS, st.none()),
    st.tuples(st.just("rename"), st.none(), _KEYS, _KEYS),
)
_LOGS = st.lists(st.lists(_ACTS, min_size=1, max_size=4), min_size=1, max_size=8)


def _tell(store: Store, log: Sequence[Sequence[tuple[Any, ...]]]) -> None:
    for number, acts in enumerate(log):
        with begin(store, "migrate" if number % 3 == 2 else "set") as transaction:
            for act, owner, key, more in acts:
                if act == "write":
                    transaction.write("user", owner, [row(key, more, at=number)])
                elif act == "remove":
                    transaction.remove("user", owner, [key])
                else:
                    with suppress(ConflictError):  # it holds entries: nothing was changed
                        transaction.rename(key, more)


def _told(view: Snapshot, after: int, last: int) -> Iterator[object]:
    """Give what is told of everything after a revision, up to another."""
    yield [one.rows for one in view.sets(APP)]
    yield [one.chain for one in view.audit()][:last]
    for revision in range(after, last + 1):
        yield [(one.owner, one.rows) for one in view.sets(APP, at=revision)]
    for revision in range(after + 1, last + 1):
        yield list(view.changes(revision))
        yield list(view.edits_since(APP, revision))
        yield list(view.edits_since(APP, revision, ignoring=[revision]))
    for key in view.keys(APP):
        for owner in ("alice", "bob"):
            history = view.history(APP, "user", owner, key.name)
            yield [(one.revision, change) for one, change in history if one.revision > after]


#: A name that two keys bore, both of them edited.
_ONE_NAME_TWICE: list[list[tuple[Any, ...]]] = [
    [("write", "alice", "a", 0), ("rename", None, "a", "c"), ("write", "alice", "a", 0)],
    [("remove", "alice", "a", None), ("remove", "alice", "c", None), ("rename", None, "a", "c")],
]


def _sqlite(folder: Path) -> Store:
    return SqliteStore.open(f"sqlite:{folder}/p.db", create=True)


@pytest.mark.parametrize("make", [lambda folder: MemoryStore(), _sqlite], ids=["memory", "sqlite"])
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(log=_LOGS, share=st.floats(0, 1))
@example(log=_ONE_NAME_TWICE, share=0.0)
def test_what_came_after_what_was_pruned_is_told_as_before(
    make: Any, log: list[list[tuple[Any, ...]]], share: float
) -> None:
    with TemporaryDirectory() as folder:
        store = make(Path(folder))
        _tell(store, log)
        with store.snapshot() as view:
            last = sum(1 for _ in view.changesets())
        with begin(store, "prune") as transaction:
            whole = MemoryStore()
            whole.load(*state_of(store))
            pruning = transaction.prune(round(share * last))
        through = 0 if pruning is None else pruning.through
        assert list(store.check()) == []
        with store.snapshot() as view, whole.snapshot() as before:
            assert view.pruned(APP) == through
            assert list(_told(view, through, last)) == list(_told(before, through, last))
            for one in view.changesets():
                if is_pruned(one, through):
                    with pytest.raises(HistoryPruned):
                        list(view.changes(one.revision))
                elif one.revision <= last:
                    assert list(view.changes(one.revision)) == list(before.changes(one.revision))
        store.close()
