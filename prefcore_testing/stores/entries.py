"""Checks of entries: what is written is what is read, in order, with its metadata."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from prefcore.errors import UsageError
from prefcore.interfaces import Store
from prefcore.model import Row, Selection
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import (
    APP,
    MICROS,
    Deliberate,
    begin,
    held,
    put,
    row,
    rows,
    texts,
)

__all__ = ["EntryChecks"]

# Real keys and owners hold nearly anything; sorted by code point, which UTF-16 order,
# case folding and locales get wrong.
_NAMES = [
    "%",
    "'; DROP TABLE entries; --",
    "Zoom",
    "[rust].editor-size",
    "_",
    "a",
    "a\nb",
    "a b",
    "a.b",
    "a_b",
    "editor@home/Wide",
    "zoom",
    "é",
    "\uffff",
    "𝒳",
]
_VALUES: list[object] = [
    None,
    False,
    True,
    0,
    1,
    1.0,
    -0.0,
    5e-324,
    2**63 - 1,
    -(2**63),
    "",
    "1",
    "null",
    "\x00\n\u2028 'quoted' \"twice\" 𝒳",
    b"\x00\xff",
    [],
    {},
    [[None], {"": {"a.b": [1, 1.0, True]}}],
    "long " * 20_000,
]


class EntryChecks(StoreChecks, kit=True):
    """Entries: write, remove, transform, and every way to read them."""

    def test_fresh_store_is_empty(self, store: Store) -> None:
        with store.snapshot() as view:
            state = view.state(APP)
            assert (state.version, state.last_changeset, state.sets, state.entries) == (
                None,
                None,
                0,
                0,
            )
            assert view.apps() == []
            assert list(view.sets(APP)) == []
            assert view.read_set(APP, "user", "alice").rows == ()
            assert (view.keys(APP), view.schema_versions(APP)) == ([], [])
            assert (list(view.changesets()), list(view.audit())) == ([], [])
        assert store.declaration(APP, "a") == (None, None)
        assert store.layers(APP, None, "a", [("user", "alice")]) == []
        assert list(store.check()) == []

    def test_every_value_comes_back_as_written(self, store: Store) -> None:
        wanted = [row(f"k{n:02}", value) for n, value in enumerate(_VALUES)]
        with begin(store) as transaction:
            assert transaction.write("user", "alice", wanted) == len(wanted)
        with store.snapshot() as view:
            assert view.read_set(APP, "user", "alice").rows == tuple(wanted)

    def test_metadata_comes_back_as_written(self, store: Store) -> None:
        old, new = -62_135_596_800_000_000, 253_402_300_799_999_999
        wanted = [
            row("a", 1, at=old, source="import", actor="Ünal 𝒳"),
            row("b", 1, at=new, source="restore", actor=""),
        ]
        with begin(store) as transaction:
            transaction.write("project", "p", wanted)
        with store.snapshot() as view:
            assert view.read_set(APP, "project", "p").rows == tuple(wanted)

    def test_any_name_serves_and_sorts_by_code_point(self, store: Store) -> None:
        with begin(store) as transaction:
            for owner in reversed(_NAMES):
                transaction.write("user", owner, [row(key, 1) for key in reversed(_NAMES)])
        with store.snapshot() as view:
            sets = list(view.sets(APP))
            assert [one.owner for one in sets] == _NAMES
            assert all([key for key, *_ in one.rows] == _NAMES for one in sets)
            assert [key.name for key in view.keys(APP)] == _NAMES
            assert [owner for _, owner, _ in view.held(APP, "é")] == _NAMES

    def test_sets_come_by_scope_and_owner(self, store: Store) -> None:
        places = [
            ("project", "p"),
            ("system", ""),
            ("template", "t"),
            ("user", "alice"),
            ("user", "bob"),
        ]
        with begin(store) as transaction:
            for scope, owner in reversed(places):
                transaction.write(scope, owner, [row("a", 1)])
        with store.snapshot() as view:
            assert [(one.scope, one.owner) for one in view.sets(APP)] == places
            assert [(scope, owner) for scope, owner, _ in view.held(APP, "a")] == places
            state = view.state(APP)
        assert (state.sets, state.entries) == (5, 5)

    def test_unknown_scope_is_refused(self, store: Store) -> None:
        with begin(store) as transaction, pytest.raises(UsageError):
            transaction.write("users", "alice", [row("a", 1)])
        assert held(store) == {}

    @pytest.mark.parametrize(
        ("selection", "wanted"),
        [
            (Selection(), {"alice": "abAB", "bob": "a", "p": "ab"}),
            (Selection(scopes=("user",)), {"alice": "abAB", "bob": "a"}),
            (Selection(scopes=("user",), owners=("bob", "p")), {"bob": "a"}),
            (Selection(owners=("p",)), {"p": "ab"}),
            (Selection(keys=("b",)), {"alice": "b", "p": "b"}),
            (Selection(keys=("[ab]",), owners=("alice",)), {"alice": "ab"}),
            (Selection(keys=("A", "?")), {"alice": "abAB", "bob": "a", "p": "ab"}),
            (Selection(keys=("[!a]",)), {"alice": "bAB", "p": "b"}),
            (Selection(keys=("c*",)), {}),
            (Selection(scopes=("system",)), {}),
        ],
        ids=str,
    )
    def test_selection_takes_scopes_owners_and_key_globs(
        self, store: Store, selection: Selection, wanted: dict[str, str]
    ) -> None:
        put(store, dict.fromkeys("abAB", 1))
        put(store, {"a": 1}, owner="bob")
        put(store, {"a": 1, "b": 2}, scope="project", owner="p")
        found = held(store, APP, selection)
        assert {owner: set(keys) for (_, owner), keys in found.items()} == {
            owner: set(keys) for owner, keys in wanted.items()
        }

    def test_applications_share_nothing(self, store: Store) -> None:
        put(store, {"a": 1})
        put(store, {"a": 2, "b": 3}, app="other")
        assert held(store) == {("user", "alice"): {"a": "1"}}
        with store.snapshot() as view:
            assert view.apps() == sorted([APP, "other"])
            assert [key.name for key in view.keys(APP)] == ["a"]
            uuids = {key.uuid for app in view.apps() for key in view.keys(app)}
            assert view.state("other").entries == 2
        assert len(uuids) == 3

    def test_same_text_is_no_change_and_keeps_metadata(self, store: Store) -> None:
        put(store, {"a": 1})
        again = [row("a", 1, at=9, source="api", actor="bob"), row("b", 2, at=9)]
        with begin(store) as transaction:
            assert transaction.write("user", "alice", again) == 1
        changeset = transaction.result()
        assert changeset is not None
        assert changeset.changes == 1
        with store.snapshot() as view:
            assert view.read_set(APP, "user", "alice").rows == (row("a", 1), again[1])

    def test_values_that_python_takes_for_equal_are_changes(self, store: Store) -> None:
        put(store, {"a": 1})
        for value in (1.0, True, "1", [1], 1):
            assert put(store, {"a": value}).changes == 1

    def test_entry_that_ends_as_it_was_is_no_change(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1, "c": 1})
        with begin(store) as transaction:
            transaction.write("user", "alice", [row("a", 2, at=5), row("b", 2, at=5)])
            transaction.write("user", "alice", [row("a", 1, at=6)])
            transaction.remove("user", "alice", ["c"])
            transaction.write("user", "alice", [row("c", 1, at=7), row("d", 1)])
            transaction.remove("user", "alice", ["d"])
        changeset = transaction.result()
        assert changeset is not None
        with store.snapshot() as view:
            changed = list(view.changes(changeset.revision))
            assert view.read_set(APP, "user", "alice").rows == (
                row("a", 1),
                row("b", 2, at=5),
                row("c", 1),
            )
            assert [key.name for key in view.keys(APP)] == ["a", "b", "c", "d"]
        assert (changeset.changes, len(changed)) == (1, 1)

    def test_last_row_of_a_key_wins_within_one_write(self, store: Store) -> None:
        with begin(store) as transaction:
            twice = [row("a", 1), row("b", 1), row("a", 2)]
            assert transaction.write("user", "alice", twice) == 3
        assert held(store) == {("user", "alice"): {"a": "2", "b": "1"}}

    def test_remove_says_how_many_were_there(self, store: Store) -> None:
        put(store, {"a": 1, "b": 2, "c": 3})
        put(store, {"d": 1}, owner="bob")
        with begin(store) as transaction:
            assert transaction.remove("user", "alice", ["a", "b", "a", "d", "unknown"]) == 2
            assert transaction.remove("user", "nobody", ["a"]) == 0
            assert transaction.remove("user", "alice", []) == 0
            assert transaction.remove("user", "alice", ["a"]) == 0
        assert held(store) == {("user", "alice"): {"c": "3"}, ("user", "bob"): {"d": "1"}}

    def test_set_without_entries_is_no_set_but_its_keys_stay(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store) as transaction:
            transaction.remove("user", "alice", ["a"])
        with store.snapshot() as view:
            assert list(view.sets(APP)) == []
            assert view.state(APP).sets == 0
            assert [(key.name, key.holders) for key in view.keys(APP)] == [("a", 0)]

    def test_keys_count_their_holders(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1})
        put(store, {"a": 1}, owner="bob")
        with store.snapshot() as view:
            keys = view.keys(APP)
        assert [(key.name, key.holders) for key in keys] == [("a", 2), ("b", 1)]

    def test_layers_come_in_the_order_asked_for(self, store: Store) -> None:
        put(store, {"a": 1})
        put(store, {"a": 2, "b": 3}, scope="system", owner="")
        asked = [("user", "alice"), ("project", "p"), ("system", "")]
        found = store.layers(APP, None, "a", asked)
        assert found == [
            ("user", "alice", "1", 1, "manual", "alice"),
            ("system", "", "2", 1, "manual", "alice"),
        ]
        assert store.layers(APP, None, "a", asked[::-1]) == found[::-1]
        assert store.layers(APP, None, "unknown", asked) == []

    def test_transform_changes_every_set_that_holds_the_key(self, store: Store) -> None:
        for owner, value in [("alice", 1), ("bob", 2), ("carol", 3), ("dave", 3)]:
            put(store, {"a": value, "b": 1}, owner=owner)
        answers = {"1": "10", "2": None, "3": "3"}
        with begin(store, "migrate") as transaction:
            assert transaction.transform("a", answers.__getitem__) == 2
            assert transaction.transform("unknown", answers.__getitem__) == 0
        with store.snapshot() as view:
            found = {owner: tuple(row) for _, owner, row in view.held(APP, "a")}
        assert found == {
            "alice": ("a", "10", MICROS, "migration", "alice"),
            "carol": row("a", 3),
            "dave": row("a", 3),
        }
        assert held(store)["user", "bob"] == {"b": "1"}

    def test_transform_tells_the_source_it_is_given(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store) as transaction:
            transaction.transform("a", lambda text: text + "0", source="restore")
            assert transaction.read_set(APP, "user", "alice").rows[0][3] == "restore"

    def test_transform_that_raises_has_changed_nothing(self, store: Store) -> None:
        for owner, value in [("alice", 1), ("bob", 2), ("carol", 3)]:
            put(store, {"a": value}, owner=owner)

        def raising(text: str) -> str:
            if text == "2":
                raise Deliberate
            return "0"

        with begin(store) as transaction:
            with pytest.raises(Deliberate):
                transaction.transform("a", raising)
            transaction.write("user", "alice", rows({"b": 1}))
        changeset = transaction.result()
        assert changeset is not None
        assert changeset.changes == 1
        assert [keys.get("a") for keys in held(store).values()] == ["1", "2", "3"]

    def test_write_of_rows_that_raise_has_changed_nothing(self, store: Store) -> None:
        put(store, {"a": 1})

        def raising() -> Iterator[Row]:
            yield row("a", 2)
            yield row("new", 2)
            raise Deliberate

        with begin(store) as transaction:
            with pytest.raises(Deliberate):
                transaction.write("user", "alice", raising())
            transaction.write("user", "alice", rows({"b": 1}))
        assert held(store) == {("user", "alice"): {"a": "1", "b": "1"}}
        with store.snapshot() as view:
            assert [key.name for key in view.keys(APP)] == ["a", "b"]

    def test_sets_may_be_written_while_they_are_drawn(self, store: Store) -> None:
        owners = [f"owner {n:03}" for n in range(300)]
        with begin(store) as transaction:
            for owner in owners:
                transaction.write("user", owner, rows({"a": 1, "b": 1}))
        with begin(store) as transaction:
            drawn = []
            for one in transaction.sets(APP):
                drawn.append(one.owner)
                transaction.write(one.scope, one.owner, rows({"a": 2, "c": 3}))
            assert drawn == owners
            drawn = []
            for scope, owner, _ in transaction.held(APP, "b"):
                drawn.append(owner)
                transaction.remove(scope, owner, ["a", "b"])
            assert drawn == owners
            assert texts(transaction, APP) == {("user", owner): {"c": "3"} for owner in owners}
            drawn = []
            for scope, owner, _ in transaction.held(APP, "c"):
                drawn.append(owner)
                transaction.remove(scope, owner, ["c"])
            assert drawn == owners
        assert held(store) == {}
