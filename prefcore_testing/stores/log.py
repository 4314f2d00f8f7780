"""Checks of the log: changesets, their changes, history, edits, parked values and the audit."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from prefcore.audit import faults
from prefcore.errors import NotFound
from prefcore.interfaces import Edit, Store
from prefcore.model import Change, Changeset, Draft, Entry, Rename
from prefcore.values import canonical_text
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, AT, begin, put, row, rows
from prefcore_testing.stores.readout import audit_faults

__all__ = ["LogChecks"]


def _remove(store: Store, *keys: str, owner: str = "alice", kind: str = "set") -> None:
    with begin(store, kind) as transaction:
        transaction.remove("user", owner, keys)


def _parked(store: Store, key: str) -> list[tuple[str, object]]:
    with store.snapshot() as view:
        return [(owner, row) for _, owner, row in view.parked(APP, key)]


def _in_bulk(store: Store) -> list[Changeset]:
    """Give the changesets of the log in bulk, each compared with what else tells of it."""
    with store.snapshot() as view:
        links = list(view.audit())
        told = []
        for one in view.log():
            revision = one.changeset.revision
            assert one.changeset == view.changeset(one.changeset.id)
            assert one.record == links[revision - 1]
            changes = list(view.changes(revision))
            assert list(one.renames) == [each for each in changes if isinstance(each, Rename)]
            assert list(one.changed) == [
                (str(each.scope), each.owner, each.key, _text(each.before), _text(each.after))
                for each in changes
                if isinstance(each, Change)
            ]
            told.append(one.changeset)
        assert told == list(view.changesets())[::-1]
    return told


def _text(entry: Entry | None) -> str | None:
    return None if entry is None else canonical_text(entry.value)


class LogChecks(StoreChecks, kit=True):
    """The log and what is read from it."""

    def test_changeset_tells_what_its_draft_said(self, store: Store) -> None:
        details = {"file": "settings.json", "day": date(2026, 1, 31), "counts": [1, 1.0, {}]}
        draft = Draft("café", "Ünal", "import", AT, "a reason\nof two lines", details)
        with store.changeset(draft, version=None) as transaction:
            transaction.write("user", "alice", rows({"a": 1, "b": 2}))
        changeset = transaction.result()
        assert changeset is not None
        assert changeset == Changeset(
            changeset.id, 1, "café", "Ünal", "import", AT, draft.reason, 2, None, None, details
        )
        assert changeset.at.tzinfo is UTC
        with store.snapshot() as view:
            assert list(view.changesets()) == [changeset]
            assert view.changeset(changeset.id) == changeset
            assert view.state("café").last_changeset == changeset.id

    def test_revisions_count_over_all_applications(self, store: Store) -> None:
        apps = [APP, "other", "other", APP]
        made = [put(store, {"a": n}, app=app) for n, app in enumerate(apps)]
        assert [one.revision for one in made] == [1, 2, 3, 4]
        assert len({one.id for one in made}) == 4
        with store.snapshot() as view:
            assert [one.revision for one in view.changesets()] == [4, 3, 2, 1]
            assert [one.revision for one in view.changesets("other")] == [3, 2]
            assert list(view.changesets("unknown")) == []
            assert view.state("other").last_changeset == made[2].id
            assert view.state(APP).last_changeset == made[3].id
            assert [one.revision for one in view.audit()] == [1, 2, 3, 4]

    def test_changeset_is_found_by_a_unique_beginning(self, store: Store) -> None:
        made = [put(store, {"a": n}) for n in range(20)]
        with store.snapshot() as view:
            for one in made:
                length = 1
                while sum(other.id.startswith(one.id[:length]) for other in made) > 1:
                    with pytest.raises(NotFound):
                        view.changeset(one.id[:length])
                    length += 1
                assert view.changeset(one.id[:length]) == one
            for unknown in ("", "%", "_" * len(made[0].id), made[0].id + "0", "unknown"):
                with pytest.raises(NotFound):
                    view.changeset(unknown)

    def test_changes_tell_before_and_after(self, store: Store) -> None:
        put(store, {"a": 1, "b": 2})
        put(store, {"a": 1}, scope="system", owner="")
        with begin(store) as transaction:
            transaction.write("user", "bob", [row("a", None)])
            transaction.remove("user", "alice", ["b"])
            transaction.write("user", "alice", [row("a", 3, at=3), row("c", 4, actor="bob")])
            transaction.write("system", "", [row("a", 5)])

        def entry(key: str, value: object, at: int = 1, actor: str = "alice") -> Entry:
            return Entry.from_row(row(key, value, at=at, actor=actor))

        with store.snapshot() as view:
            assert list(view.changes(3)) == [
                Change("system", "", "a", entry("a", 1), entry("a", 5)),
                Change("user", "alice", "a", entry("a", 1), entry("a", 3, at=3)),
                Change("user", "alice", "b", entry("b", 2), None),
                Change("user", "alice", "c", None, entry("c", 4, actor="bob")),
                Change("user", "bob", "a", None, entry("a", None)),
            ]
            assert list(view.changes(4)) == []
            assert list(view.changes(0)) == []

    def test_before_of_an_entry_written_twice_is_that_of_the_changeset(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store) as transaction:
            for value in (2, 3):
                transaction.write("user", "alice", rows({"a": value, "new": value}))
        with store.snapshot() as view:
            changes = [one for one in view.changes(2) if isinstance(one, Change)]
        assert [
            (one.before and one.before.value, one.after and one.after.value) for one in changes
        ] == [
            (1, 3),
            (None, 3),
        ]

    def test_history_is_of_one_entry_newest_first(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1})
        put(store, {"a": 2}, owner="bob")
        put(store, {"a": 2}, scope="project")
        put(store, {"a": 2}, app="other")
        _remove(store, "a")
        put(store, {"a": 3})
        with store.snapshot() as view:
            story = [
                (
                    one.revision,
                    change.before and change.before.value,
                    change.after and change.after.value,
                )
                for one, change in view.history(APP, "user", "alice", "a")
            ]
            assert list(view.history(APP, "user", "alice", "unknown")) == []
            assert list(view.history(APP, "user", "nobody", "a")) == []
        assert story == [(6, None, 3), (5, 1, None), (1, None, 1)]

    def test_edits_since_tell_before_and_the_last_edit(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1, "c": 1, "d": 1, "untouched": 1})
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", rows({"a": 2, "b": 2, "new": 2}))
            transaction.remove("user", "alice", ["c"])
        put(store, {"b": 3, "c": 3})
        _remove(store, "d")
        put(store, {"d": 5})
        put(store, {"a": 9}, app="other")

        def edit(key: str, before: object, after: object, revision: int | None) -> Edit:
            return Edit(
                "user",
                "alice",
                key,
                None if before is None else row(key, before),
                None if after is None else row(key, after),
                revision,
                key,
            )

        with store.snapshot() as view:
            assert list(view.edits_since(APP, 2)) == [
                edit("a", 1, 2, 2),
                edit("b", 1, 3, 3),
                edit("c", 1, 3, 3),
                edit("d", 1, 5, 5),
                edit("new", None, 2, 2),
            ]
            assert list(view.edits_since(APP, 2, ignoring=[2, 5])) == [
                edit("a", 1, None, None),
                edit("b", 1, 3, 3),
                edit("c", 1, 3, 3),
                edit("d", 1, None, 4),
                edit("new", None, None, None),
            ]
            assert list(view.edits_since(APP, 5)) == [edit("d", None, 5, 5)]
            assert list(view.edits_since(APP, 7)) == []
            assert len(list(view.edits_since(APP, 1))) == 6

    def test_entry_that_came_back_is_still_an_edit(self, store: Store) -> None:
        for value in (1, 2, 1):
            put(store, {"a": value})
        with store.snapshot() as view:
            (edit,) = view.edits_since(APP, 2)
        assert (edit.before, edit.edit, edit.edited_in) == (row("a", 1), row("a", 1), 3)

    def test_edits_come_by_scope_owner_and_key(self, store: Store) -> None:
        places = [("project", "p"), ("system", ""), ("user", "alice"), ("user", "bob")]
        for scope, owner in reversed(places):
            for key in ("é", "z", "Z"):
                put(store, {key: 1}, scope=scope, owner=owner)
        with store.snapshot() as view:
            order = [(one.scope, one.owner, one.key) for one in view.edits_since(APP, 1)]
        assert order == [(*where, key) for where in places for key in ("Z", "z", "é")]

    def test_migration_parks_what_it_removes(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1})
        put(store, {"a": 2}, owner="bob")
        put(store, {"a": 3}, owner="carol")
        put(store, {"a": 4}, owner="dave")
        _remove(store, "a", owner="alice", kind="migrate")
        _remove(store, "a", owner="bob", kind="set")
        with begin(store, "migrate") as transaction:
            transaction.transform("a", {"3": None, "4": "4"}.__getitem__)
        assert _parked(store, "a") == [("alice", row("a", 1)), ("carol", row("a", 3))]
        assert _parked(store, "b") == []
        assert _parked(store, "unknown") == []

    def test_value_is_parked_until_its_entry_changes_again(self, store: Store) -> None:
        put(store, {"a": 1})
        _remove(store, "a", kind="migrate")
        put(store, {"a": 2})
        assert _parked(store, "a") == []
        _remove(store, "a", kind="set")
        assert _parked(store, "a") == []

    def test_parked_row_has_the_present_name(self, store: Store) -> None:
        put(store, {"a": 1})
        _remove(store, "a", kind="migrate")
        with begin(store, "migrate") as transaction:
            transaction.rename("a", "b")
        assert _parked(store, "a") == []
        assert _parked(store, "b") == [("alice", row("b", 1))]

    def test_migration_in_the_making_parks_too(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1})
        _remove(store, "b", kind="migrate")
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", rows({"b": 2, "c": 2}))
            assert list(transaction.parked(APP, "b")) == []
            transaction.remove("user", "alice", ["a", "b", "c"])
            assert list(transaction.parked(APP, "a")) == [("user", "alice", row("a", 1))]
            assert list(transaction.parked(APP, "b")) == [("user", "alice", row("b", 1))]
            assert list(transaction.parked(APP, "c")) == []
        with begin(store, "set") as transaction:
            transaction.write("user", "alice", rows({"a": 3}))
            assert list(transaction.parked(APP, "a")) == []

    def test_audit_chain_is_that_of_the_log(self, store: Store) -> None:
        put(store, {"a": None, "é\n": "𝒳"})
        put(store, {"a": 1}, app="other")
        with begin(store, "migrate") as transaction:
            transaction.remove("user", "alice", ["a"])
            transaction.rename("é\n", "a")
            transaction.write("project", "p", rows({"z": 1, "Z": [1]}))
            transaction.register("1.0.0", "{}", declarations={})
            transaction.apply_version("1.0.0")
        with store.snapshot() as view:
            assert list(audit_faults(view)) == []
            assert len({link.chain for link in view.audit()}) == 3
            assert list(view.audit(since=2)) == list(view.audit())[1:]
            assert list(view.audit(since=4)) == []
        assert list(store.check()) == []

    def test_log_in_bulk_is_the_log(self, store: Store) -> None:
        assert _in_bulk(store) == []
        put(store, {"a": None, "b": 1, "é\n": "𝒳"})
        put(store, {"a": 1}, app="other")
        put(store, {"b": 2})
        with begin(store, "migrate") as transaction:
            transaction.remove("user", "alice", ["a"])
            transaction.rename("é\n", "a")
            transaction.write("project", "p", rows({"z": 1, "Z": [1]}))
        with begin(store, "migrate") as transaction:
            transaction.rename("a", "c")
        put(store, {"b": 1, "c": 3})
        assert len(_in_bulk(store)) == 6
        with store.snapshot() as view:
            assert list(faults(view.log(), {})) == []
