"""Checks of sealed values: equal by their tags, bound to keys' UUIDs, sealed anew in place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from prefcore.audit import SEALED_DIGESTS, digest_of
from prefcore.interfaces import SealedCell, Store
from prefcore.model import Change
from prefcore.values import Sealed, canonical_text, from_text
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, begin, held, put

__all__ = ["SealedChecks"]


def sealed(value: str, key_id: str = "k1") -> Sealed:
    """Give something sealed: values are equal where the first argument is."""
    return Sealed(key_id, f"{key_id}:{value}".encode(), value.encode().ljust(16, b"."))


def _anew(cells: Sequence[SealedCell]) -> list[str]:
    """Seal values' texts under another key."""
    values = [from_text(cell[4]) for cell in cells]
    return [
        canonical_text(Sealed("k2", b"k2:" + value.data[3:], value.tag))
        for value in values
        if isinstance(value, Sealed)  # where one is not, a text is missing
    ]


def _reseal(store: Store, app: str = APP) -> None:
    with begin(store, "keys", app=app) as transaction:
        assert transaction.reseal(_anew) is None


class SealedChecks(StoreChecks, kit=True):
    """Sealed values, and the identity of keys that they are bound to."""

    def test_sealed_values_of_one_tag_are_one_value(self, store: Store) -> None:
        put(store, {"token": sealed("one")})
        with begin(store) as transaction:
            again = ("token", canonical_text(sealed("one", "k2")), 9, "manual", "bob")
            assert transaction.write("user", "alice", [again]) == 0
        assert transaction.result() is None
        assert held(store)["user", "alice"]["token"] == canonical_text(sealed("one"))
        assert put(store, {"token": sealed("two")}).changes == 1

    def test_entry_that_ends_with_the_tag_it_had_is_unchanged(self, store: Store) -> None:
        put(store, {"token": sealed("one")})
        with begin(store) as transaction:
            for value in (sealed("two"), sealed("one", "k2")):
                row = ("token", canonical_text(value), 9, "manual", "bob")
                transaction.write("user", "alice", [row])
        assert transaction.result() is None
        assert held(store)["user", "alice"]["token"] == canonical_text(sealed("one"))

    def test_uuid_names_a_key_through_its_renames(self, store: Store) -> None:
        put(store, {"a": 1, "z": 1})
        with store.snapshot() as view:
            uuids = {key.name: key.uuid for key in view.keys(APP)}
            assert {name: view.uuid(APP, name) for name in uuids} == uuids
        with begin(store, "migrate") as transaction:
            transaction.rename("a", "b")
            assert (transaction.uuid(APP, "a"), transaction.uuid(APP, "b")) == (None, uuids["a"])
        put(store, {"a": 2})
        with store.snapshot() as view:
            assert view.uuid(APP, "b") == view.uuid(APP, "a", at=1) == uuids["a"]
            assert view.uuid(APP, "a") not in (None, *uuids.values())
            assert view.uuid(APP, "b", at=1) is None
            assert view.uuid(APP, "nothing") is None
            assert view.uuid("another.application", "z") is None
            edited = {edit.now: edit.uuid for edit in view.edits_since(APP, 1)}
            assert edited == {name: view.uuid(APP, name) for name in ("a", "b", "z")}

    def test_minted_key_has_its_uuid_before_its_first_entry(self, store: Store) -> None:
        put(store, {"z": 1})
        with begin(store) as transaction:
            transaction.mint("alone")
        assert transaction.result() is None
        with begin(store) as transaction:
            uuid = transaction.mint("token")
            assert transaction.mint("token") == transaction.uuid(APP, "token") == uuid
            row = ("token", canonical_text(sealed("one")), 1, "manual", "alice")
            transaction.write("user", "alice", [row])
        with store.snapshot() as view:
            assert view.uuid(APP, "token") == uuid != view.uuid(APP, "z")

    def test_sealing_anew_reaches_entries_and_all_of_the_log(self, store: Store) -> None:
        put(store, {"token": sealed("one"), "plain": 1})
        put(store, {"token": sealed("two")})
        put(store, {"token": sealed("other")}, owner="bob")
        put(store, {"token": sealed("elsewhere")}, app="another.application")
        with begin(store) as transaction:
            transaction.remove("user", "bob", ["token"])
        with store.snapshot() as view:
            log = list(view.changesets())
            chain = list(view.audit())
        _reseal(store)
        with store.snapshot() as view:
            assert list(view.changesets()) == log
            assert list(view.audit()) == chain
            values = [
                entry.value
                for revision in range(1, len(log) + 1)
                for change in view.changes(revision)
                if isinstance(change, Change)
                for entry in (change.before, change.after)
                if entry is not None and isinstance(entry.value, Sealed)
            ]
        keys = sorted((value.tag[:4], value.key_id) for value in values)
        assert keys == [
            (b"else", "k1"),
            (b"one.", "k2"),
            (b"one.", "k2"),
            (b"othe", "k2"),
            (b"othe", "k2"),
            (b"two.", "k2"),
        ]
        assert held(store)["user", "alice"] == {
            "plain": "1",
            "token": canonical_text(sealed("two", "k2")),
        }
        assert list(store.check()) == []

    def test_sealing_anew_goes_on_where_it_ended(self, store: Store) -> None:
        for number in range(3):
            put(store, {f"key{number}": sealed(f"old {number}")}, owner=f"user{number}")
            put(store, {f"key{number}": sealed(f"new {number}")}, owner=f"user{number}")
        seen: list[SealedCell] = []

        def look(cells: Sequence[SealedCell]) -> list[str]:
            seen.extend(cells)
            return [cell[4] for cell in cells]

        after: object = None
        for _ in range(10):
            with begin(store, "keys") as transaction:
                after = transaction.reseal(look, after=after, most=2)
            if after is None:
                break
        assert after is None, "it never came to an end"
        with store.snapshot() as view:
            uuids = {key.name: key.uuid for key in view.keys(APP)}
        assert {(scope, owner, uuid, name) for scope, owner, uuid, name, _ in seen} == {
            ("user", f"user{number}", uuids[f"key{number}"], f"key{number}") for number in range(3)
        }
        assert {cell[4] for cell in seen} == {
            canonical_text(sealed(f"{age} {number}"))
            for age in ("old", "new")
            for number in range(3)
        }

    def test_sealing_anew_that_raises_has_changed_nothing(self, store: Store) -> None:
        for word in ("one", "two"):
            put(store, {"token": sealed(word)})
        before = held(store)

        def refuse(cells: Sequence[SealedCell]) -> list[str]:
            if any(from_text(cell[4]) == sealed("one") for cell in cells):
                raise ArithmeticError
            return _anew(cells)

        with begin(store, "keys") as transaction:
            with pytest.raises(ArithmeticError):
                transaction.reseal(refuse)
            transaction.note()
        assert held(store) == before

    def test_keys_can_be_sealed_that_never_were(self, store: Store) -> None:
        put(store, {"token": "one", "plain": "two"})
        put(store, {"token": "three"})
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", [("token", '"four"', 2, "manual", "alice")])
            transaction.reseal(
                lambda cells: [canonical_text(sealed(cell[4])) for cell in cells],
                uuids=[transaction.mint("token")],
            )
            log = {one.revision: one for one in transaction.changesets(APP)}
            digests = {
                str(revision): digest_of(one, transaction.changes(revision))
                for revision, one in log.items()
            }
            transaction.note({SEALED_DIGESTS: digests})
        assert held(store)["user", "alice"] == {
            "plain": '"two"',
            "token": canonical_text(sealed('"four"')),
        }
        with store.snapshot() as view:
            before = [
                change.before and change.before.value
                for _, change in view.history(APP, "user", "alice", "token")
            ]
        assert before == [sealed('"three"'), sealed('"one"'), None]
        assert list(store.check()) == []

    def test_noted_changeset_stays_without_a_change(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store, "denied") as transaction:
            transaction.note({"act": "set", "some": {"a": 1}})
            transaction.note({"act": "unset", "some": {"b": 2}})
        noted = transaction.result()
        assert noted is not None
        assert noted.details == {"act": "unset", "some": {"a": 1, "b": 2}}
        assert (noted.kind, noted.changes, noted.revision) == ("denied", 0, 2)
        with store.snapshot() as view:
            assert [record.kind for record in view.audit()] == ["set", "denied"]
        assert list(store.check()) == []

    def test_scrubbing_changes_nothing_that_is_held(self, store: Store) -> None:
        put(store, {"a": 1})
        put(store, {"a": 2})
        before = held(store)
        store.scrub()
        assert held(store) == before
        assert list(store.check()) == []
