"""Checks of transactions: all or nothing, seen by nobody too early, and safety copies."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prefcore.audit import ChangesetDigest
from prefcore.errors import LockedError, NotFound, ReadOnly, StoreMoved
from prefcore.interfaces import Store, Summary, Transaction
from prefcore.model import Change, Rename
from prefcore.values import canonical_text
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import (
    APP,
    Deliberate,
    begin,
    draft,
    held,
    put,
    row,
    rows,
    texts,
)
from prefcore_testing.stores.readout import Readout

__all__ = ["TransactionChecks"]


def _everything(store: Store, readout: Readout) -> dict[str, object]:
    with store.snapshot() as view:
        return readout.everything(view)


def _upheaval(transaction: Transaction) -> None:
    """Change everything there is: entries, keys, names and schema."""
    transaction.write("user", "alice", rows({"a": "other", "new": 1}))
    transaction.remove("user", "alice", ["b"])
    transaction.rename("a", "b")
    transaction.transform("c", lambda text: None)
    transaction.rename("new", "c")
    transaction.write("project", "new", rows({"b": 1}))
    transaction.register("1.0.0", "{}", declarations={"a": "x"})
    transaction.apply_version("1.0.0")


def _failing(
    store: Store,
    act: Callable[[Transaction], object],
    failure: type[BaseException] = Deliberate,
    *,
    app: str = APP,
) -> Transaction:
    """Do something in a changeset that then fails; give its transaction."""
    caught = None
    try:
        with begin(store, "migrate", app=app) as transaction:
            act(transaction)
            raise failure
    except failure as error:
        caught = error
    assert caught is not None, "the changeset swallowed an exception"
    return transaction


def _begun(store: Store) -> None:
    put(store, {"a": 1, "b": 2, "c": 3})
    put(store, {"a": 1, "d": 2}, app="other")


class TransactionChecks(StoreChecks, kit=True):
    """Transactions, safety copies, and what outlives the process."""

    @pytest.mark.parametrize("failure", [Deliberate, KeyboardInterrupt, SystemExit])
    def test_failed_changeset_leaves_all_as_it_was(
        self, store: Store, failure: type[BaseException]
    ) -> None:
        _begun(store)
        readout = Readout()
        before = _everything(store, readout)
        transaction = _failing(store, _upheaval, failure)
        assert transaction.result() is None
        assert _everything(store, readout) == before
        assert store.declaration(APP, "a") == (None, None)
        assert list(store.check()) == []
        assert put(store, {"a": 2}).revision == 3

    def test_abandoned_changeset_leaves_all_as_it_was(self, store: Store) -> None:
        _begun(store)
        readout = Readout()
        before = _everything(store, readout)
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", rows({"a": 2}))
            transaction.abandon()
            _upheaval(transaction)
            assert transaction.state(APP).version == "1.0.0"
        assert transaction.result() is None
        assert _everything(store, readout) == before
        assert put(store, {"a": 2}).revision == 3

    def test_past_within_a_transaction_is_without_its_own_writes(self, store: Store) -> None:
        put(store, {"a": 1, "b": 1})
        put(store, {"a": 2})
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", rows({"a": 3, "new": 1}))
            transaction.remove("user", "alice", ["b"])
            transaction.write("user", "new", rows({"new": 1}))
            past = {
                (one.owner, row[0]): row[1]
                for one in transaction.sets(APP, at=1)
                for row in one.rows
            }
            assert past == {("alice", "a"): "1", ("alice", "b"): "1"}

    def test_rehearsal_shows_the_changeset_and_keeps_nothing(self, store: Store) -> None:
        _begun(store)
        readout = Readout()
        before = _everything(store, readout)
        with store.rehearse(draft("migrate"), version=None) as rehearsal:
            _upheaval(rehearsal)
            assert rehearsal.version(APP) == "1.0.0"
            shown = texts(rehearsal, APP), list(rehearsal.pending()), rehearsal.revision
            assert _everything(store, readout) == before
        assert rehearsal.result() is None
        assert _everything(store, readout) == before
        assert store.declaration(APP, "a") == (None, None)
        with begin(store, "migrate") as transaction:
            _upheaval(transaction)
            same = texts(transaction, APP), list(transaction.pending()), transaction.revision
        assert same == shown

    def test_rehearsal_may_fail(self, store: Store) -> None:
        _begun(store)
        caught = False
        try:
            with store.rehearse(draft(), version=None) as rehearsal:
                rehearsal.write("user", "alice", rows({"a": 2}))
                raise Deliberate
        except Deliberate:
            caught = True
        assert caught, "the rehearsal swallowed an exception"
        assert held(store)["user", "alice"]["a"] == "1"

    def test_rehearsal_is_of_the_version_in_force(self, store: Store) -> None:
        _begun(store)
        with pytest.raises(StoreMoved), store.rehearse(draft(), version="1.0.0"):
            pass

    def test_rehearsal_within_a_changeset_is_of_the_state_before(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store) as transaction:
            transaction.write("user", "alice", rows({"a": 2}))
            with (
                store.rehearse(draft(), version=None) as one,
                store.rehearse(draft(), version=None) as other,
            ):
                other.write("user", "alice", rows({"a": 3}))
                assert texts(one, APP) == {("user", "alice"): {"a": "1"}}
        assert held(store) == {("user", "alice"): {"a": "2"}}

    @pytest.mark.parametrize(
        "act",
        [
            lambda transaction: None,
            lambda transaction: transaction.write("user", "alice", []),
            lambda transaction: transaction.write("user", "alice", rows({"a": 1})),
            lambda transaction: transaction.remove("user", "alice", ["unknown"]),
            lambda transaction: transaction.transform("a", lambda text: text),
            lambda transaction: (
                transaction.write("user", "bob", rows({"new": 1})),
                transaction.remove("user", "bob", ["new"]),
            ),
        ],
        ids=["nothing", "no rows", "same", "unknown", "transformed to itself", "there and back"],
    )
    def test_what_changes_nothing_leaves_no_trace(
        self, store: Store, act: Callable[[Transaction], object]
    ) -> None:
        _begun(store)
        readout = Readout()
        before = _everything(store, readout)
        with begin(store) as transaction:
            act(transaction)
        assert transaction.result() is None
        assert _everything(store, readout) == before
        assert put(store, {"a": 2}).revision == 3

    def test_transaction_of_an_unknown_application_leaves_no_trace(self, store: Store) -> None:
        with begin(store, app="new"):
            pass
        _failing(store, lambda one: one.write("user", "alice", rows({"a": 1})), app="new")
        with store.snapshot() as view:
            assert view.apps() == []

    def test_result_comes_with_the_end(self, store: Store) -> None:
        with begin(store) as transaction:
            transaction.write("user", "alice", rows({"a": 1}))
            assert transaction.result() is None
            assert transaction.revision == 1
        changeset = transaction.result()
        assert changeset is not None
        assert changeset.revision == 1

    def test_transaction_sees_its_own_writes_as_though_it_ended_here(self, store: Store) -> None:
        _begun(store)
        readout = Readout()
        with begin(store, "migrate") as transaction:
            _upheaval(transaction)
            within = readout.names(transaction, APP) | readout.entries(transaction, APP)
            row_within = transaction.read_set(APP, "project", "new").rows
        with store.snapshot() as view:
            assert readout.names(view, APP) | readout.entries(view, APP) == within
            assert view.read_set(APP, "project", "new").rows == row_within == (row("b", 1),)

    def test_log_within_a_transaction_ends_before_it(self, store: Store) -> None:
        _begun(store)
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", rows({"a": 5}))
            assert [one.revision for one in transaction.changesets()] == [2, 1]
            assert [one.revision for one in transaction.audit()] == [1, 2]
            assert list(transaction.changes(transaction.revision)) == []
            assert list(transaction.edits_since(APP, transaction.revision)) == []
            story = list(transaction.history(APP, "user", "alice", "a"))
            assert [one.revision for one, _ in story] == [1]
            last = transaction.state(APP).last_changeset
            assert last == next(transaction.changesets(APP)).id

    def test_what_is_pending_and_its_summary_are_what_the_log_then_holds(
        self, store: Store
    ) -> None:
        _begun(store)
        with begin(store, "migrate") as transaction:
            _upheaval(transaction)
            pending, summary = list(transaction.pending()), transaction.summary()
            transaction.write("project", "new", rows({"b": 2}))
            assert transaction.summary().digest != summary.digest
            transaction.write("project", "new", rows({"b": 1}))
            assert transaction.summary() == summary
        with store.snapshot() as view:
            assert list(view.changes(transaction.revision)) == pending
        digest = ChangesetDigest()
        entries = [one for one in pending if isinstance(one, Change)]
        for one in entries:
            sides = (one.before, one.after)
            texts = (None if side is None else canonical_text(side.value) for side in sides)
            digest.entry(one.scope, one.owner, one.key, *texts)
        for rename in pending:
            if isinstance(rename, Rename):
                digest.rename(rename.before, rename.after)
        added = sum(1 for one in entries if one.before is None)
        removed = sum(1 for one in entries if one.after is None)
        changed = len(entries) - added - removed
        assert min(added, changed, removed) > 0
        assert summary == Summary(added, changed, removed, digest.hexdigest())

    def test_nothing_is_seen_outside_before_the_end(self, store: Store) -> None:
        _begun(store)
        readout = Readout()
        before = _everything(store, readout)
        with store.snapshot() as early:
            with begin(store, "migrate") as transaction:
                _upheaval(transaction)
                assert readout.everything(early) == before
            assert readout.everything(early) == before
        assert _everything(store, readout) != before

    def test_changeset_within_a_changeset_is_refused(self, store: Store) -> None:
        with begin(store) as transaction:
            transaction.write("user", "alice", rows({"a": 1}))
            with pytest.raises(LockedError), begin(store) as inner:
                inner.write("user", "alice", rows({"a": 2}))
            transaction.write("user", "alice", rows({"b": 1}))
        assert held(store) == {("user", "alice"): {"a": "1", "b": "1"}}

    def test_large_changeset_is_whole(self, store: Store) -> None:
        with begin(store, "import") as transaction:
            for n in range(100):
                values = {f"key.{n:03}": n for n in range(100)}
                transaction.write("user", f"{n:03}", rows(values))
        changeset = transaction.result()
        assert changeset is not None
        assert changeset.changes == 10_000
        with begin(store, "migrate") as transaction:
            assert transaction.transform("key.050", lambda text: text + "0") == 100
        with store.snapshot() as view:
            assert len(list(view.changes(1))) == 10_000
            assert view.state(APP).entries == 10_000
        assert list(store.check()) == []

    def test_safety_copy_brings_the_whole_state_back(self, store: Store) -> None:
        _begun(store)
        readout = Readout()
        before = _everything(store, readout)
        copy = store.save_copy("before the upheaval")
        assert copy.reason == "before the upheaval"
        assert copy.size > 0
        assert store.copies() == [copy]
        with begin(store, "migrate") as transaction:
            _upheaval(transaction)
        assert _everything(store, readout) != before
        store.restore_copy(copy.id)
        assert _everything(store, readout) == before
        assert store.declaration(APP, "a") == (None, None)
        assert store.layers(APP, None, "b", [("user", "alice")])[0][2] == "2"
        assert put(store, {"a": 2}).revision == 3
        assert list(store.check()) == []
        undone, *others = store.copies()
        assert others == [copy]
        store.restore_copy(undone.id)
        assert store.declaration(APP, "a") == ("1.0.0", "x")

    def test_last_three_copies_are_kept(self, store: Store) -> None:
        copies = []
        for n in range(5):
            put(store, {"a": n})
            copies.append(store.save_copy(f"copy {n}"))
        assert store.copies() == copies[:1:-1]
        for unknown in (copies[0].id, copies[1].id, "unknown", ""):
            with pytest.raises(NotFound):
                store.restore_copy(unknown)
        assert store.copies() == copies[:1:-1]
        # Restoring the oldest pushes it out: the present state is kept first.
        store.restore_copy(copies[2].id)
        assert held(store) == {("user", "alice"): {"a": "2"}}
        assert store.copies()[1:] == [copies[4], copies[3]]

    def test_copy_within_a_changeset_is_of_the_state_before(self, store: Store) -> None:
        put(store, {"a": 1})
        with begin(store, "migrate") as transaction:
            transaction.write("user", "alice", rows({"a": 2}))
            copy = store.save_copy("before")
            transaction.write("user", "alice", rows({"b": 2}))
            with pytest.raises(LockedError):
                store.restore_copy(copy.id)
        assert held(store) == {("user", "alice"): {"a": "2", "b": "2"}}
        store.restore_copy(copy.id)
        assert held(store) == {("user", "alice"): {"a": "1"}}

    def test_store_can_be_closed_twice(self, store: Store) -> None:
        put(store, {"a": 1})
        store.close()
        store.close()

    def test_everything_is_there_after_reopening(self, store: Store) -> None:
        if not self.persistent:
            assert type(self).reopen is StoreChecks.reopen, "declare `persistent`, or no `reopen`"
            return
        _begun(store)
        with begin(store, "migrate") as transaction:
            _upheaval(transaction)
        copy = store.save_copy("kept")
        readout = Readout()
        before = _everything(store, readout)
        again = self.reopen(store)
        try:
            assert _everything(again, readout) == before
            assert again.copies() == [copy]
            assert again.declaration(APP, "a") == ("1.0.0", "x")
            assert list(again.check()) == []
            with begin(again, version="1.0.0") as transaction:
                transaction.write("user", "alice", rows({"b": "again"}))
            assert transaction.revision == 4
        finally:
            again.close()

    def test_store_opened_for_reading_refuses_writes(self, store: Store) -> None:
        assert store.read_only is False
        if not self.persistent:
            return
        _begun(store)
        copy = store.save_copy("kept")
        readout = Readout()
        before = _everything(store, readout)
        again = self.reopen(store, read_only=True)
        try:
            assert again.read_only
            with pytest.raises(ReadOnly), begin(again):
                pass
            with pytest.raises(ReadOnly):
                again.restore_copy(copy.id)
            with pytest.raises(ReadOnly):
                again.save_copy("another")
            with pytest.raises(ReadOnly):
                again.load([], [])
            assert _everything(again, readout) == before
            with again.rehearse(draft("migrate"), version=None) as rehearsal:
                _upheaval(rehearsal)
            assert _everything(again, readout) == before
            assert again.layers(APP, None, "a", [("user", "alice")])[0][2] == "1"
        finally:
            again.close()
