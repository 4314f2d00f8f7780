"""Checks of pruning: what stood before is forgotten, what is held stays, and all is vouched for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

import pytest

from prefcore.audit import Pruning, is_pruned
from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import HistoryPruned, UsageError
from prefcore.interfaces import Snapshot, Store
from prefcore.model import Change, Rename
from prefcore_testing.comparing import check_same
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, begin, draft, held, put, row, rows
from prefcore_testing.stores.readout import Readout
from prefcore_testing.stores.whole_state import state_of

__all__ = ["PruningChecks"]


def _prune(store: Store, through: int, *, app: str = APP) -> Pruning | None:
    with begin(store, "prune", app=app) as transaction:
        return transaction.prune(through)


def _tell_a_story(store: Store) -> None:
    """Fill a store: revisions 1 to 6 of one application, but for 3, which is another's."""
    put(store, {"a": 1, "b": 1, "gone": 1})
    put(store, {"a": 2})
    put(store, {"x": 1}, app="other")
    with begin(store, "migrate") as transaction:
        transaction.remove("user", "alice", ["gone"])
        transaction.rename("a", "c")
    put(store, {"b": 2}, owner="bob")
    put(store, {"c": 3})


_REFUSED: dict[str, Callable[[Snapshot], object]] = {
    "what a pruned changeset did": lambda view: list(view.changes(2)),
    "what the last pruned one did": lambda view: list(view.changes(4)),
    "the sets before": lambda view: list(view.sets(APP, at=3)),
    "edits since then": lambda view: list(view.edits_since(APP, 4)),
    "edits since the beginning": lambda view: list(view.edits_since(APP, 0, ignoring=[4])),
}


class PruningChecks(StoreChecks, kit=True):
    """What ``prune`` forgets, and what it does not."""

    def test_pruning_forgets_what_stood_before_and_nothing_else(self, store: Store) -> None:
        _tell_a_story(store)
        before, links = held(store), self._links(store)
        with store.snapshot() as view:
            names = view.names(APP)
        pruning = _prune(store, 4)
        assert pruning is not None
        assert (pruning.through, pruning.changesets, pruning.changes) == (4, 3, 5)
        assert held(store) == before
        with store.snapshot() as view:
            assert view.pruned(APP) == 4
            assert view.pruned("other") == view.pruned("unknown") == 0
            made = next(view.changesets())
            assert (made.kind, made.changes, made.revision) == ("prune", 0, 7)
            assert Pruning.told_by(made) == pruning
            assert [one.revision for one in view.changesets(APP) if is_pruned(one, 4)] == [4, 2, 1]
            assert [one.key for one in view.changes(6) if isinstance(one, Change)] == ["c"]
            assert len(list(view.changes(3))) == 1, "another application's history was pruned too"
            assert list(view.parked(APP, "gone")) == []
            assert view.names(APP) == names, "rules on keys hold by their earlier names"
        assert self._links(store)[:6] == links
        assert list(store.check()) == []

    @pytest.mark.parametrize("name", _REFUSED)
    def test_what_takes_pruned_changes_is_refused(self, store: Store, name: str) -> None:
        _tell_a_story(store)
        with store.snapshot() as view:
            _REFUSED[name](view)
        _prune(store, 4)
        with store.snapshot() as view, pytest.raises(HistoryPruned) as caught:
            _REFUSED[name](view)
        assert caught.value.facts["through"] == 4

    def test_taking_back_what_was_pruned_is_refused(self, store: Store) -> None:
        _tell_a_story(store)
        before = held(store)
        _prune(store, 4)
        with begin(store, "migrate") as transaction, pytest.raises(HistoryPruned):
            list(transaction.take_back(4, ignoring=[4]))
        assert held(store) == before

    def test_what_came_after_is_told_as_before(self, store: Store) -> None:
        _tell_a_story(store)
        put(store, {"c": 4, "gone": 5})

        def told(view: Snapshot) -> list[object]:
            return [
                *(
                    [(str(one.scope), one.owner, one.rows) for one in view.sets(APP, at=at)]
                    for at in (4, 5, 6, 7)
                ),
                *(list(view.edits_since(APP, since, ignoring=[6])) for since in (5, 6, 7)),
                *(list(view.changes(revision)) for revision in (5, 6, 7)),
            ]

        with store.snapshot() as view:
            expected = told(view)
        _prune(store, 4)
        with store.snapshot() as view:
            assert told(view) == expected

    def test_history_ends_where_it_was_pruned(self, store: Store) -> None:
        _tell_a_story(store)
        _prune(store, 4)
        with store.snapshot() as view:
            (found,) = view.history(APP, "user", "alice", "c")
            assert found[0].revision == 6
            assert found[1].before is not None
            assert found[1].before.value == 2
            assert list(view.history(APP, "user", "alice", "b")) == []
            assert view.uuid(APP, "a", at=2) == view.uuid(APP, "c")

    def test_changeset_without_changes_keeps_its_renames(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store, "migrate") as transaction:
            transaction.rename("a", "b")
        put(store, {"b": 2})
        _prune(store, 3)
        with store.snapshot() as view:
            assert list(view.changes(2)) == [Rename("a", "b")]
            assert list(view.audit())[1].changes == 0
        assert list(store.check()) == []

    def test_nothing_left_to_prune_is_no_change(self, store: Store) -> None:
        for through in (0, 1, 99):
            assert _prune(store, through) is None
        put(store, {"a": 1})
        put(store, {"a": 2})
        assert _prune(store, 0) is None
        assert _prune(store, 1) is not None
        assert _prune(store, 1) is None
        again = _prune(store, 99)
        assert again is not None
        assert (again.through, again.changesets, again.changes) == (2, 1, 1)
        assert _prune(store, 99) is None
        with store.snapshot() as view:
            assert [one.kind for one in view.changesets()] == ["prune", "prune", "set", "set"]
            assert view.pruned(APP) == 2
        assert list(store.check()) == []

    def test_only_a_changeset_of_its_kind_prunes(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store, "set") as transaction, pytest.raises(UsageError):
            transaction.prune(1)
        with store.snapshot() as view:
            assert view.pruned(APP) == 0

    def test_pruning_in_vain_leaves_the_history(self, store: Store) -> None:
        _tell_a_story(store)
        with begin(store, "prune") as transaction:
            assert transaction.prune(99) is not None
            assert transaction.pruned(APP) == 6
            transaction.abandon()
        with store.rehearse(draft("prune"), version=None) as rehearsed:
            assert rehearsed.prune(99) is not None
            with pytest.raises(HistoryPruned):
                list(rehearsed.changes(6))
        with store.snapshot() as view:
            assert view.pruned(APP) == 0
            assert len(list(view.changes(1))) == 3
        assert list(store.check()) == []

    def test_pruned_store_goes_on(self, store: Store) -> None:
        _tell_a_story(store)
        _prune(store, 6)
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", [*rows({"b": 2, "gone": 7}), row("c", 3, at=5)])
            transaction.remove("user", "bob", ["b"])
            transaction.rename("c", "d")
        with store.snapshot() as view:
            changes = [one for one in view.changes(8) if isinstance(one, Change)]
            assert [(one.owner, one.key) for one in changes] == [
                ("alice", "b"),
                ("alice", "gone"),
                ("bob", "b"),
            ]
            assert [one.before and one.before.value for one in changes] == [1, None, 2]
            assert list(view.parked(APP, "b")) == [("user", "bob", row("b", 2))]
        assert list(store.check()) == []

    def _links(self, store: Store) -> list[str]:
        with store.snapshot() as view:
            return [one.chain for one in view.audit()]

    def test_pruned_state_is_the_same_in_every_store(self, store: Store, tmp_path: Path) -> None:
        _tell_a_story(store)
        _prune(store, 4)
        put(store, {"b": 9, "new": 1}, owner="bob")
        memory, other = MemoryStore(), self.make(Path(mkdtemp(dir=tmp_path)))
        memory.load(*state_of(store))
        other.load(*state_of(memory))
        check_same(state_of(memory), state_of(store), "the records are not those of other stores")
        check_same(state_of(other), state_of(store))
        for one in (store, other, memory):
            assert _prune(one, 7) is not None
        shown = []
        for one in (store, other, memory):
            put(one, {"b": 10, "c": 1})
            with one.snapshot() as view:
                assert view.pruned(APP) == 6
                shown.append(Readout().everything(view))
            assert list(one.check()) == []
        for found in shown[:2]:
            check_same(found, shown[2])
        other.close()
