"""Checks of the whole state: records that tell all, and a store that is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import attrs
import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import DamagedDocument, LockedError, PrefcoreError, UsageError
from prefcore.interfaces import Store
from prefcore.model import PreferenceSet, Record
from prefcore_testing.comparing import check_same
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, Deliberate, begin, held, put, row, rows
from prefcore_testing.stores.readout import Readout

__all__ = ["WholeStateChecks", "state_of"]

_State = tuple[list[PreferenceSet], list[Record]]


def state_of(store: Store) -> _State:
    """Give all that a store holds, as a document would carry it."""
    with store.snapshot() as view:
        sets = [
            attrs.evolve(one, app=app, scope=str(one.scope))
            for app in view.apps()
            for one in view.sets(app)
        ]
        return sets, list(view.records())


#: Keys of one set: more than a record of changes or a page of a reader holds, which is 1000. No
#: more: the history of each is asked for in every set, and it may be looked for in all changes.
_MANY = 1010


def _tell_a_story(store: Store) -> None:
    """Fill a store with whatever a state may hold: two applications, renames, parked values."""
    put(store, {"a": 1, "b": 2, "gone": None})
    put(store, {"a": 'q"\\', "é": b"\0"}, owner="bob")
    put(store, {"a": 1}, scope="system", owner="")
    put(store, {"x": 1.5}, app="other", scope="template", owner="t")
    with begin(store, "migrate") as transaction:
        transaction.remove("user", "alice", ["b"])
        transaction.rename("a", "b")
        transaction.register("1.0.0", '{"a":1}', declarations={"b": '{"default":1}'})
        transaction.register("2.0.0", "{}", declarations={})
        transaction.apply_version("1.0.0")
        transaction.note_version("2.0.0", {"name": "next", "data": b"\0"})
    with begin(store, version="1.0.0") as transaction:
        transaction.remove("user", "alice", ["gone"])
        transaction.write("user", "alice", [row("b", "x", at=7, source="import", actor="carol")])
        transaction.write("project", "p", rows({f"many.{n}": n for n in range(_MANY)}))
    with begin(store, version="1.0.0") as transaction:
        transaction.transform("many.7", lambda text: f"[{text}]")
        transaction.rename("b", "a")


def _without(kind: str) -> Callable[[_State], _State]:
    return lambda state: (state[0], [one for one in state[1] if one.kind != kind])


def _swap_records(state: _State) -> _State:
    sets, records = state
    return sets, [*records[:-2], records[-1], records[-2]]


def _add_entry(state: _State) -> _State:
    sets, records = state
    one = attrs.evolve(sets[0], rows=[*sets[0].rows, row("zzz", 1)])
    return [one, *sets[1:]], records


def _add_set(state: _State) -> _State:
    sets = [*state[0], PreferenceSet("user", "zoë", [row("a", 1)], APP)]
    return sorted(sets, key=lambda one: (one.app, one.scope, one.owner)), state[1]


def _before_nothing(state: _State) -> _State:
    """Let the first change of an entry tell of one before it."""
    sets, records = state
    at = next(i for i, one in enumerate(records) if one.kind == "changes")
    data = dict(records[at].data)
    added = data["added"]
    assert isinstance(added, list)
    data |= {"added": added[1:], "before": [[added[0], "1", 0, "manual", "alice"]]}
    return sets, [*records[:at], Record("changes", data), *records[at + 1 :]]


_BROKEN: dict[str, Callable[[_State], _State]] = {
    "no applications": _without("app"),
    "no schemas": _without("schema"),
    "no keys": _without("key"),
    "no changesets": _without("changeset"),
    "no changes": _without("changes"),
    "records out of order": _swap_records,
    "sets out of order": lambda state: (state[0][::-1], state[1]),
    "a set twice": lambda state: ([state[0][0], *state[0]], state[1]),
    "fewer changes than told": lambda state: (state[0], state[1][:-1]),
    "an entry of an unknown key": _add_entry,
    "an entry that was never written": _add_set,
    "sets of no application": lambda state: ([attrs.evolve(state[0][0], app="")], state[1]),
    "a first change that was none": _before_nothing,
}


class WholeStateChecks(StoreChecks, kit=True):
    """What ``records`` gives, and what ``load`` takes."""

    def test_loaded_store_shows_what_the_other_showed(self, store: Store, tmp_path: Path) -> None:
        _tell_a_story(store)
        other = self._another(tmp_path)
        other.load(*state_of(store))
        self._assert_same(other, store)
        other.close()

    def test_state_is_the_same_in_every_store(self, store: Store, tmp_path: Path) -> None:
        _tell_a_story(store)
        memory = MemoryStore()
        memory.load(*state_of(store))
        self._assert_same(store, memory)
        check_same(state_of(memory), state_of(store), "the records are not those of other stores")
        other = self._another(tmp_path)
        other.load(*state_of(memory))
        check_same(state_of(other), state_of(store))
        other.close()

    def test_loaded_store_goes_on(self, store: Store, tmp_path: Path) -> None:
        _tell_a_story(store)
        other = self._another(tmp_path)
        other.load(*state_of(store))
        memory = MemoryStore()
        memory.load(*state_of(store))
        for one in (other, memory):
            with begin(one, "migrate", version="1.0.0") as transaction:
                transaction.write("user", "bob", rows({"a": 9, "new": 1}))
                transaction.write("user", "dave", rows({"a": 9}))
                transaction.remove("project", "p", ["many.7"])
                transaction.rename("é", "e")
                transaction.apply_version("2.0.0")
        shown = []
        for one in (other, memory):
            with one.snapshot() as view:
                shown.append(Readout().everything(view))
                assert view.state(APP).version == "2.0.0"
            assert list(one.check()) == []
        check_same(shown[0], shown[1])
        assert other.layers(APP, "2.0.0", "a", [("user", "dave")]) != []
        assert other.declaration("other", "x") == (None, None)
        other.close()

    def test_state_of_nothing_is_nothing(self, store: Store, tmp_path: Path) -> None:
        assert state_of(store) == ([], [])
        store.load([], [])
        assert state_of(store) == ([], [])
        put(store, {"a": 1})
        with store.snapshot() as view:
            assert [one.revision for one in view.changesets()] == [1]

    def test_store_in_use_loads_nothing(self, store: Store, tmp_path: Path) -> None:
        other = self._another(tmp_path)
        put(other, {"a": 1}, app="other")
        put(store, {"a": 2})
        with pytest.raises(UsageError):
            store.load(*state_of(other))
        assert held(store) == {("user", "alice"): {"a": "2"}}
        with begin(store) as transaction, pytest.raises(LockedError):
            store.load([], [])
        assert transaction.result() is None
        other.close()

    @pytest.mark.parametrize("name", _BROKEN)
    def test_broken_state_loads_nothing(self, store: Store, tmp_path: Path, name: str) -> None:
        _tell_a_story(store)
        other = self._another(tmp_path)
        with pytest.raises(DamagedDocument):
            other.load(*_BROKEN[name](state_of(store)))
        assert state_of(other) == ([], [])
        other.load(*state_of(store))
        other.close()

    def test_name_that_moved_without_a_rename_is_refused_or_found(
        self, store: Store, tmp_path: Path
    ) -> None:
        put(store, {"a": 1, "b": 2})
        with begin(store) as transaction:
            transaction.remove("user", "alice", ["b"])
        sets, records = state_of(store)
        records = [
            Record("key", {**one.data, "names": [[1, "b"], [2, None]]})
            if one.data.get("names") == [[1, "b"]]
            else one
            for one in records
        ]
        assert records != state_of(store)[1]
        other = self._another(tmp_path)
        with suppress(DamagedDocument):
            other.load(sets, records)
            assert list(other.check()) != []
        other.close()

    @pytest.mark.parametrize("part", [0, 1], ids=["sets", "records"])
    def test_what_drawing_raises_loads_nothing(
        self, store: Store, tmp_path: Path, part: int
    ) -> None:
        _tell_a_story(store)
        other = self._another(tmp_path)
        state: list[Sequence[object]] = list(state_of(store))
        drawn: list[object] = list(state)
        drawn[part] = _raising(state[part])
        with pytest.raises(Deliberate):
            other.load(*drawn)  # type: ignore[arg-type]  # sets and records
        with other.snapshot() as view:
            assert view.apps() == []
        put(other, {"a": 1})
        other.close()

    def test_transaction_is_no_whole_state(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store) as transaction:
            transaction.write("user", "alice", rows({"a": 2}))
            with pytest.raises(PrefcoreError):
                list(transaction.records())

    def _another(self, tmp_path: Path) -> Store:
        return self.make(Path(mkdtemp(dir=tmp_path)))

    def _assert_same(self, store: Store, other: Store) -> None:
        readout = Readout()
        shown = []
        for one in (store, other):
            with one.snapshot() as view:
                shown.append(readout.everything(view))
                shown[-1]["ids"] = [changeset.id for changeset in view.changesets()]
                shown[-1]["chain"] = list(view.audit())
            assert list(one.check()) == []
        check_same(shown[0], shown[1])
        assert shown[0]["audit faults"] == []


def _raising(items: Sequence[object]) -> Iterator[object]:
    yield from items
    raise Deliberate
