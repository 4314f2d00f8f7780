"""Checks of taking changesets back: what a store puts back by itself, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Collection

from prefcore.interfaces import Edit, Store
from prefcore.model import PreferenceSet, Row
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, begin, held, put, row
from prefcore_testing.stores.readout import audit_faults
from prefcore_testing.stores.sealed import sealed

__all__ = ["TakingBackChecks"]

_KEYS = [f"k{n:02}" for n in range(12)]


def _written(values: dict[str, object], *, at: int = 1) -> list[Row]:
    return [row(key, value, at=at) for key, value in values.items()]


def _migrated(store: Store) -> None:
    """Let a migration change, add and remove in three sets, one of which somebody edits then."""
    for owner in ("alice", "bob", "carol"):
        put(store, dict.fromkeys(_KEYS, 1), owner=owner)
    put(store, {"other": 1}, owner="dave")
    with begin(store, "migrate") as transaction:
        for owner in ("alice", "bob", "carol"):
            transaction.write("user", owner, _written(dict.fromkeys(_KEYS[:9], 2), at=2))
            transaction.write("user", owner, _written({"new": 2}, at=2))
            transaction.remove("user", owner, _KEYS[9:11])
    put(store, {_KEYS[0]: 3}, owner="bob")


class TakingBackChecks(StoreChecks, kit=True):
    """``Transaction.take_back``: every set is either as before, or given and left as it is."""

    def test_set_is_put_back_or_given_with_its_edits(self, store: Store) -> None:
        _migrated(store)
        given = self._take_back(store, 5, [5])
        assert "bob" in given
        assert "dave" not in given

    def test_what_several_migrations_changed_goes_back_to_before_the_first(
        self, store: Store
    ) -> None:
        _migrated(store)
        with begin(store, "migrate") as transaction:
            transaction.transform(_KEYS[1], lambda text: "7")
            transaction.write("user", "alice", _written({_KEYS[9]: 8}))
        assert "bob" in self._take_back(store, 5, [5, 7])

    def test_set_whose_key_bears_another_name_is_given(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1})
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", _written({"a": 2, "b": 2}))
            transaction.rename("a", "c")
        assert "alice" in self._take_back(store, 2, [2])

    def test_set_with_a_sealed_value_is_given(self, store: Store) -> None:
        put(store, {"was": sealed("one"), "is": 1}, owner="alice")
        put(store, {"is": 1, "other": 1}, owner="bob")
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", _written({"was": 2}))
            transaction.write("user", "bob", _written({"is": sealed("two")}))
        assert {"alice", "bob"} <= self._take_back(store, 3, [3])

    def test_what_a_migration_left_as_it_was_keeps_its_metadata(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1})
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", _written({"a": 2, "b": 2}))
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", _written({"a": 1}, at=9))
        self._take_back(store, 2, [2, 3])
        with store.snapshot() as view:
            assert view.read_set(APP, "user", "alice").rows[0] == row("a", 1, at=9)

    def _take_back(self, store: Store, revision: int, ignoring: Collection[int]) -> set[str]:
        """Take back, and see that each set is as before, or given and as now; give the latter."""
        with store.snapshot() as view:
            now = {one.owner: one for one in view.sets(APP)}
            before = {one.owner: one for one in view.sets(APP, at=revision - 1)}
            edits = list(view.edits_since(APP, revision, ignoring=ignoring))
        with begin(store, "undo") as transaction:
            given: list[Edit] = list(transaction.take_back(revision, ignoring=ignoring))
        owners = {one.owner for one in given}
        assert given == [one for one in edits if one.owner in owners]
        with store.snapshot() as view:
            then = {one.owner: one for one in view.sets(APP)}
            assert list(audit_faults(view)) == []
        assert list(store.check()) == []
        for owner in now.keys() | before.keys():
            untouched = all(one.owner != owner for one in edits)
            expected = now if owner in owners or untouched else before
            assert _texts(then.get(owner)) == _texts(expected.get(owner))
            if expected is before and owner in then:
                kept = {one for one in before[owner].rows if one not in then[owner].rows}
                assert all(one[1] == dict(_texts(now[owner])).get(one[0]) for one in kept)
        assert held(store)
        return owners


def _texts(one: PreferenceSet | None) -> list[tuple[str, str]]:
    return [] if one is None else [row[:2] for row in one.rows]
