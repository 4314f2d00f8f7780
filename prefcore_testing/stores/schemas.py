"""Checks of schema versions: registered once, put in force, and guarded against stale writers."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest

from prefcore.errors import InvalidSchema, InvalidValue, NotFound, StoreMoved
from prefcore.interfaces import Store
from prefcore.model import SchemaVersion
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, AT, begin, draft, held, put, row, rows

__all__ = ["SchemaChecks"]


def _apply(store: Store, version: str, *, now: str | None, minutes: int = 0) -> None:
    late = draft("migrate", actor="bob", minutes=minutes)
    with store.changeset(late, version=now) as transaction:
        transaction.register(version, f'"{version}"', declarations={"a": version})
        transaction.apply_version(version)


class SchemaChecks(StoreChecks, kit=True):
    """Schema versions."""

    def test_registered_versions_come_in_the_order_registered(self, store: Store) -> None:
        with begin(store) as transaction:
            transaction.register("2.0.0", '{"é":1}', declarations={})
        with begin(store) as transaction:
            transaction.register("1.0.0", "{}", declarations={})
        with begin(store, app="other") as transaction:
            transaction.register("1.0.0", '{"other":1}', declarations={})
        with store.snapshot() as view:
            versions = view.schema_versions(APP)
            texts = [view.schema(APP, one) for one in ("1.0.0", "2.0.0", "3.0.0")]
            assert view.state(APP).version is view.version(APP) is None
        assert texts == ["{}", '{"é":1}', None]
        assert versions == [
            SchemaVersion(
                version,
                "sha256:" + sha256(text.encode()).hexdigest(),
                registered_at=AT,
                registered_by="alice",
            )
            for version, text in [("2.0.0", '{"é":1}'), ("1.0.0", "{}")]
        ]

    def test_registering_and_applying_are_changes(self, store: Store) -> None:
        with begin(store) as transaction:
            transaction.register("1.0.0", "{}", declarations={})
        registered = transaction.result()
        with begin(store) as transaction:
            transaction.apply_version("1.0.0")
        applied = transaction.result()
        assert registered is not None
        assert applied is not None
        assert (registered.schema_before, registered.schema_after) == (None, None)
        assert (applied.schema_before, applied.schema_after) == (None, "1.0.0")
        assert (applied.revision, applied.changes) == (2, 0)
        with store.snapshot() as view:
            (version,) = view.schema_versions(APP)
            assert view.state(APP).version == view.version(APP) == "1.0.0"
        assert (version.applied_at, version.applied_by) == (AT, "alice")

    def test_doing_either_again_is_no_change(self, store: Store) -> None:
        _apply(store, "1.0.0", now=None)
        with store.changeset(draft(minutes=5), version="1.0.0") as transaction:
            transaction.register("1.0.0", '"1.0.0"', declarations={"other": "x"})
            transaction.apply_version("1.0.0")
        assert transaction.result() is None
        with store.snapshot() as view:
            assert [one.applied_at for one in view.schema_versions(APP)] == [AT]
        assert store.declaration(APP, "a") == ("1.0.0", "1.0.0")
        assert store.declaration(APP, "other") == ("1.0.0", None)

    def test_what_is_said_of_a_version_is_kept_and_replaced(self, store: Store) -> None:
        with begin(store) as transaction:
            transaction.register("1.0.0", "{}", declarations={})
            transaction.register("2.0.0", "[]", declarations={})
        with begin(store) as transaction:
            transaction.note_version("1.0.0", {"name": "Ärger", "at": AT, "n": [1, None]})
            seen = {one.version: one.facts for one in transaction.schema_versions(APP)}
        noted = transaction.result()
        assert noted is not None
        assert (noted.revision, noted.changes) == (2, 0)
        assert seen == {"1.0.0": {"name": "Ärger", "at": AT, "n": [1, None]}, "2.0.0": {}}
        with begin(store) as transaction:
            transaction.note_version("1.0.0", {"n": [1, None], "at": AT, "name": "Ärger"})
        assert transaction.result() is None
        with begin(store) as transaction:
            transaction.note_version("1.0.0", {"name": "other"})
        with store.snapshot() as view:
            facts = [one.facts for one in view.schema_versions(APP)]
        assert facts == [{"name": "other"}, {}]

    def test_what_is_said_of_no_version_or_is_not_portable_is_refused(self, store: Store) -> None:
        with begin(store, app="other") as transaction:
            transaction.register("1.0.0", "{}", declarations={})
        with begin(store) as transaction:
            with pytest.raises(NotFound):
                transaction.note_version("1.0.0", {"name": "x"})
            transaction.register("1.0.0", "{}", declarations={})
            with pytest.raises(InvalidValue):
                transaction.note_version("1.0.0", {"name": object()})
        with store.snapshot() as view:
            assert [one.facts for one in view.schema_versions(APP)] == [{}]
            assert [one.facts for one in view.schema_versions("other")] == [{}]

    def test_another_text_for_a_version_is_refused(self, store: Store) -> None:
        with begin(store) as transaction:
            transaction.register("1.0.0", "{}", declarations={"a": "old"})
            with pytest.raises(InvalidSchema):
                transaction.register("1.0.0", '{"a":1}', declarations={"a": "new"})
            transaction.apply_version("1.0.0")
        with begin(store, version="1.0.0") as transaction, pytest.raises(InvalidSchema):
            transaction.register("1.0.0", '{"a":1}', declarations={})
        assert transaction.result() is None
        assert store.declaration(APP, "a") == ("1.0.0", "old")

    def test_version_that_is_not_registered_is_refused(self, store: Store) -> None:
        with begin(store, app="other") as transaction:
            transaction.register("1.0.0", "{}", declarations={})
        with begin(store) as transaction, pytest.raises(NotFound):
            transaction.apply_version("1.0.0")
        assert transaction.result() is None
        with store.snapshot() as view:
            assert view.state(APP).version is None

    def test_declaration_is_that_of_the_version_in_force(self, store: Store) -> None:
        for now, version in [(None, "1.0.0"), ("1.0.0", "2.0.0")]:
            _apply(store, version, now=now)
            assert store.declaration(APP, "a") == (version, version)
        assert store.declaration(APP, "unknown") == ("2.0.0", None)
        assert store.declaration("other", "a") == (None, None)
        _apply(store, "1.0.0", now="2.0.0", minutes=7)
        assert store.declaration(APP, "a") == ("1.0.0", "1.0.0")
        with store.snapshot() as view:
            applied = [one.applied_at for one in view.schema_versions(APP)]
        assert applied == [AT + timedelta(minutes=7), AT]

    def test_transaction_sees_the_version_it_applies(self, store: Store) -> None:
        with begin(store) as transaction:
            transaction.register("1.0.0", "{}", declarations={"a": "x"})
            assert transaction.schema(APP, "1.0.0") == "{}"
            assert [one.version for one in transaction.schema_versions(APP)] == ["1.0.0"]
            transaction.apply_version("1.0.0")
            assert transaction.state(APP).version == transaction.version(APP) == "1.0.0"
            assert store.declaration("other", "a") == (None, None)

    @pytest.mark.parametrize("stale", [None, "0.9.0", "2.0.0"])
    def test_stale_version_is_refused(self, store: Store, stale: str | None) -> None:
        put(store, {"a": 1})
        _apply(store, "1.0.0", now=None)
        with pytest.raises(StoreMoved), begin(store, version=stale) as transaction:
            transaction.write("user", "alice", rows({"a": 2}))
        with pytest.raises(StoreMoved):
            store.layers(APP, stale, "a", [("user", "alice")])
        assert held(store) == {("user", "alice"): {"a": "1"}}
        found = store.layers(APP, "1.0.0", "a", [("user", "alice")])
        assert found == [("user", "alice", *row("a", 1)[1:])]

    def test_version_is_of_one_application(self, store: Store) -> None:
        _apply(store, "1.0.0", now=None)
        put(store, {"a": 1}, app="other")
        with pytest.raises(StoreMoved):
            store.layers("other", "1.0.0", "a", [])
        with pytest.raises(StoreMoved), begin(store, app="other", version="1.0.0"):
            pass
