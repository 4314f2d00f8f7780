"""Checks of renames: history and identity stay with a key, whatever its name."""

from __future__ import annotations

import pytest

from prefcore.errors import ConflictError
from prefcore.interfaces import Store
from prefcore.model import Change, Rename
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, begin, held, put, rows

__all__ = ["RenameChecks"]


def _uuids(store: Store) -> dict[str, str]:
    with store.snapshot() as view:
        return {key.name: key.uuid for key in view.keys(APP)}


def _rename(store: Store, *pairs: tuple[str, str]) -> None:
    with begin(store, "migrate") as transaction:
        for key, to in pairs:
            transaction.rename(key, to)


class RenameChecks(StoreChecks, kit=True):
    """Renames, names that are given up and come back."""

    def test_rename_is_for_all_owners_and_keeps_the_uuid(self, store: Store) -> None:
        put(store, {"a": 1, "z": 0})
        put(store, {"a": 2}, owner="bob")
        before = _uuids(store)
        _rename(store, ("a", "b"))
        assert held(store) == {
            ("user", "alice"): {"b": "1", "z": "0"},
            ("user", "bob"): {"b": "2"},
        }
        assert _uuids(store) == {"b": before["a"], "z": before["z"]}
        assert store.layers(APP, None, "a", [("user", "alice")]) == []
        assert [layer[2] for layer in store.layers(APP, None, "b", [("user", "bob")])] == ["2"]

    def test_rename_changes_no_entry(self, store: Store) -> None:
        put(store, {"a": 1})
        _rename(store, ("a", "b"))
        with store.snapshot() as view:
            changeset = next(view.changesets())
            assert (changeset.revision, changeset.changes) == (2, 0)
            assert list(view.changes(2)) == [Rename("a", "b")]
            assert list(view.edits_since(APP, 2)) == []

    def test_history_follows_the_key_under_the_names_of_its_times(self, store: Store) -> None:
        put(store, {"a": 1})
        _rename(store, ("a", "b"))
        put(store, {"b": 2})
        _rename(store, ("b", "c"))
        put(store, {"c": 3})
        with store.snapshot() as view:
            story = [
                (changeset.revision, change.key, change.before and change.before.key)
                for changeset, change in view.history(APP, "user", "alice", "c")
            ]
            assert list(view.history(APP, "user", "alice", "a")) == []
        assert story == [(5, "c", "c"), (3, "b", "b"), (1, "a", None)]

    def test_change_carries_the_name_after_its_changeset(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store, "migrate") as transaction:
            transaction.transform("a", lambda text: "2")
            transaction.rename("a", "b")
            transaction.rename("b", "c")
        with store.snapshot() as view:
            *renames, change = view.changes(2)
            (edit,) = view.edits_since(APP, 2)
            (kept,) = view.edits_since(APP, 2, ignoring=[2])
        assert renames == [Rename("a", "b"), Rename("b", "c")]
        assert isinstance(change, Change)
        assert change.before is not None
        assert change.after is not None
        assert (change.key, change.before.key, change.after.key) == ("c", "a", "c")
        assert (edit.key, edit.before and edit.before[0], edit.edit and edit.edit[0]) == (
            "c",
            "a",
            "c",
        )
        assert (kept.key, kept.edit, kept.edited_in) == ("a", None, None)

    @pytest.mark.parametrize(
        ("key", "to"), [("unknown", "new"), ("unknown", "a"), ("a", "a"), ("new", "new")]
    )
    def test_rename_of_nothing_or_to_itself_is_no_change(
        self, store: Store, key: str, to: str
    ) -> None:
        put(store, {"a": 1})
        with begin(store) as transaction:
            transaction.rename(key, to)
        assert transaction.result() is None
        assert list(_uuids(store)) == ["a"]

    def test_rename_onto_a_held_key_is_refused(self, store: Store) -> None:
        put(store, {"a": 1})
        put(store, {"b": 2}, owner="bob")
        with begin(store) as transaction:
            with pytest.raises(ConflictError):
                transaction.rename("a", "b")
            assert [key.name for key in transaction.keys(APP)] == ["a", "b"]
        assert transaction.result() is None
        assert held(store) == {("user", "alice"): {"a": "1"}, ("user", "bob"): {"b": "2"}}

    def test_key_that_holds_nothing_gives_its_name_up_and_gets_it_back(self, store: Store) -> None:
        put(store, {"a": 1, "b": 2})
        before = _uuids(store)
        with begin(store, "migrate") as transaction:
            transaction.remove("user", "alice", ["b"])
            transaction.rename("a", "b")
        assert _uuids(store) == {"b": before["a"]}
        assert held(store) == {("user", "alice"): {"b": "1"}}
        with store.snapshot() as view:
            assert [one.revision for one, _ in view.history(APP, "user", "alice", "b")] == [1]
            assert list(view.parked(APP, "b")) == []
        _rename(store, ("b", "a"))
        assert _uuids(store) == before
        with store.snapshot() as view:
            assert [row[0] for _, _, row in view.parked(APP, "b")] == ["b"]
        put(store, {"b": 2})
        with store.snapshot() as view:
            story = [one.revision for one, _ in view.history(APP, "user", "alice", "b")]
        assert story == [4, 2, 1]

    def test_names_given_up_come_back_in_turn(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1, "c": 1})
        before = _uuids(store)
        with begin(store) as transaction:
            transaction.remove("user", "alice", ["a", "b", "c"])
        _rename(store, ("a", "c"))
        _rename(store, ("b", "c"))
        assert _uuids(store) == {"c": before["b"]}
        _rename(store, ("c", "elsewhere"))
        assert _uuids(store) == {"c": before["a"], "elsewhere": before["b"]}
        _rename(store, ("c", "a"))
        assert _uuids(store) == {
            "a": before["a"],
            "c": before["c"],
            "elsewhere": before["b"],
        }

    def test_keys_can_swap_their_names_in_one_changeset(self, store: Store) -> None:
        put(store, {"a": 1, "b": 2})
        before = _uuids(store)
        _rename(store, ("a", "t"), ("b", "a"), ("t", "b"))
        assert held(store) == {("user", "alice"): {"a": "2", "b": "1"}}
        assert _uuids(store) == {"a": before["b"], "b": before["a"]}
        with store.snapshot() as view:
            assert len(list(view.changes(2))) == 3

    def test_of_two_changes_under_one_name_the_retired_key_is_first(self, store: Store) -> None:
        put(store, {"a": 1, "b": 2})
        with begin(store, "migrate") as transaction:
            transaction.remove("user", "alice", ["b"])
            transaction.rename("a", "b")
            transaction.write("user", "alice", rows({"b": 3, "a": 4}))
        with store.snapshot() as view:
            changes = [one for one in view.changes(2) if isinstance(one, Change)]
        sides = [
            (one.key, one.before and one.before.value, one.after and one.after.value)
            for one in changes
        ]
        assert sides == [("a", None, 4), ("b", 2, None), ("b", 1, 3)]

    def test_key_that_took_a_name_and_gave_it_up_is_told_under_its_old_one(
        self, store: Store
    ) -> None:
        put(store, {"a": 1, "b": 2, "c": 3})
        with begin(store, "migrate") as transaction:
            for key in ("b", "c"):
                transaction.remove("user", "alice", ["a"])
                transaction.rename(key, "a")
        with store.snapshot() as view:
            changes = [one for one in view.changes(2) if isinstance(one, Change)]
        assert [(one.key, one.before and one.before.value) for one in changes] == [
            ("a", 1),
            ("b", 2),
        ]

    def test_rename_there_and_back_is_told_as_it_was_made(self, store: Store) -> None:
        put(store, {"a": 1})
        _rename(store, ("a", "b"), ("b", "a"))
        with store.snapshot() as view:
            assert list(view.changes(2)) == [Rename("a", "b"), Rename("b", "a")]
        assert held(store) == {("user", "alice"): {"a": "1"}}

    def test_new_key_may_take_a_name_left_behind(self, store: Store) -> None:
        put(store, {"a": 1})
        before = _uuids(store)
        _rename(store, ("a", "b"))
        put(store, {"a": 5})
        after = _uuids(store)
        assert after["b"] == before["a"]
        assert after["a"] != before["a"]
        with store.snapshot() as view:
            assert [one.revision for one, _ in view.history(APP, "user", "alice", "a")] == [3]
            assert [one.revision for one, _ in view.history(APP, "user", "alice", "b")] == [1]

    def test_names_of_a_key_are_kept_with_the_revisions_that_gave_them(self, store: Store) -> None:
        put(store, {"a": 1, "b": 2})
        uuids = _uuids(store)
        _rename(store, ("a", "c"))
        with begin(store, "migrate") as transaction:
            transaction.remove("user", "alice", ["b"])
            transaction.rename("c", "b")
            assert transaction.names(APP)[uuids["a"]][-1] == (3, "b")
        put(store, {"a": 5})
        with store.snapshot() as view:
            assert view.names("another") == {}
            assert dict(view.names(APP)) == {
                uuids["a"]: ((1, "a"), (2, "c"), (3, "b")),
                uuids["b"]: ((1, "b"), (3, None)),
                _uuids(store)["a"]: ((4, "a"),),
            }
