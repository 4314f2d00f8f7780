"""Checks of sets with many entries, which stores may read, write and log as a whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prefcore.interfaces import Store, Transaction
from prefcore.model import Change, Row, Selection
from prefcore.values import canonical_text
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, begin, held, put, row
from prefcore_testing.stores.readout import audit_faults

__all__ = ["WholeSetChecks"]

_KEYS = [f"k{n:02}" for n in range(30)]
_HERE = ("user", "alice")

#: Ways to look at a set before it is written to.
_LOOKS: dict[str, Callable[[Transaction], object]] = {
    "unread": lambda transaction: None,
    "read": lambda transaction: transaction.read_set(APP, *_HERE),
    "drawn": lambda transaction: list(transaction.sets(APP)),
    "drawn in part": lambda transaction: list(transaction.sets(APP, Selection.of_keys(_KEYS[:20]))),
    "another read after it": lambda transaction: [
        transaction.read_set(APP, "user", owner) for owner in ("alice", "bob")
    ],
}
_looking = pytest.mark.parametrize("look", _LOOKS.values(), ids=list(_LOOKS))


def _rows(value: object, *, at: int = 2) -> list[Row]:
    return [row(key, value, at=at, source="migration", actor="bob") for key in _KEYS]


def _told(store: Store, revision: int) -> dict[str, tuple[object, object]]:
    """Give by key what a changeset says stood before and after."""
    with store.snapshot() as view:
        changes = [one for one in view.changes(revision) if isinstance(one, Change)]
        assert list(audit_faults(view)) == []
    assert list(store.check()) == []
    return {
        one.key: (one.before and one.before.value, one.after and one.after.value) for one in changes
    }


class WholeSetChecks(StoreChecks, kit=True):
    """Sets that are rewritten whole, whatever was read of them before."""

    @_looking
    def test_set_rewritten_whole_is_logged_whole(
        self, store: Store, look: Callable[[Transaction], object]
    ) -> None:
        put(store, dict.fromkeys(_KEYS, 1))
        put(store, dict.fromkeys(_KEYS, 1), owner="bob")
        with begin(store) as transaction:
            look(transaction)
            assert transaction.write(*_HERE, _rows(2)) == 30
        assert _told(store, 3) == dict.fromkeys(_KEYS, (1, 2))
        with store.snapshot() as view:
            assert view.read_set(APP, *_HERE).rows == tuple(_rows(2))
            assert {one.rows[0][1] for one in view.sets(APP, at=2)} == {"1"}

    @_looking
    def test_entries_that_were_removed_come_back_among_others(
        self, store: Store, look: Callable[[Transaction], object]
    ) -> None:
        put(store, dict.fromkeys(_KEYS, 1))
        with begin(store) as transaction:
            look(transaction)
            transaction.remove(*_HERE, _KEYS[:5])
        with begin(store) as transaction:
            look(transaction)
            assert transaction.write(*_HERE, _rows(2)) == 30
        told = _told(store, 3)
        assert [told[key] for key in _KEYS] == [(None, 2)] * 5 + [(1, 2)] * 25
        assert list(_told(store, 2).values()) == [(1, None)] * 5

    @_looking
    def test_what_a_changeset_wrote_it_reads_and_writes_again(
        self, store: Store, look: Callable[[Transaction], object]
    ) -> None:
        put(store, dict.fromkeys(_KEYS, 1))
        with begin(store) as transaction:
            look(transaction)
            transaction.write(*_HERE, _rows(2))
            look(transaction)
            transaction.transform(_KEYS[0], lambda text: canonical_text(3))
            look(transaction)
            transaction.remove(*_HERE, _KEYS[1:3])
            look(transaction)
            transaction.write(*_HERE, [*_rows(4)[:2], row("new", 5)])
            look(transaction)
            transaction.write(*_HERE, [row(_KEYS[5], 1)])  # as it was before the changeset
        now = dict.fromkeys(_KEYS, "2") | {
            _KEYS[0]: "4",
            _KEYS[1]: "4",
            _KEYS[5]: "1",
            "new": "5",
        }
        del now[_KEYS[2]]
        assert held(store)[_HERE] == now
        told = _told(store, 2)
        assert (told[_KEYS[0]], told[_KEYS[1]], told[_KEYS[2]]) == ((1, 4), (1, 4), (1, None))
        assert (told["new"], told[_KEYS[3]], _KEYS[5] in told) == ((None, 5), (1, 2), False)

    @_looking
    def test_set_changed_by_a_rename_between_reading_and_writing(
        self, store: Store, look: Callable[[Transaction], object]
    ) -> None:
        put(store, dict.fromkeys(_KEYS, 1))
        with begin(store) as transaction:
            look(transaction)
            transaction.rename(_KEYS[0], "other")
            transaction.write(*_HERE, [*_rows(2)[1:], row("other", 2)])
        assert _told(store, 2) == dict.fromkeys([*_KEYS[1:], "other"], (1, 2))
