"""The notary signs where a log stands, remembers it elsewhere, and signs none made anew."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.engines.auditing import KIND
from prefcore.errors import IntegrityError, PolicyRefused
from prefcore.facade.heads import head_of
from prefcore.facade.notary import EVERY, Notary
from prefcore.keys import Keys
from prefcore.model import Draft, from_micros
from prefcore.security.signing import is_genuine

AT = from_micros(1_769_860_800_000_000)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(str(tmp_path / "keys"), environ={})
    made.folder.create(AT, made.folder.new_root_file)
    return made


def _set(store: MemoryStore, value: int, app: str = "acme") -> None:
    with store.changeset(Draft(app, "alice", "set", AT), version=None) as transaction:
        transaction.write("user", "alice", [("size", str(value), 1, "api", "alice")])


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    _set(made, 1)
    return made


def _kinds(store: MemoryStore) -> list[str]:
    with store.snapshot() as view:
        return [one.kind for one in view.changesets()]


def test_a_checkpoint_is_in_the_log_and_one_of_the_head_elsewhere(
    store: MemoryStore, keys: Keys
) -> None:
    notary = Notary(store, keys, actor="alice", app="acme")
    assert notary.kept() is None
    made = notary.record()
    kept = notary.kept()
    assert made is not None
    assert kept is not None
    assert kept.checkpoint == made
    assert is_genuine(made)
    with store.snapshot() as view:
        head = head_of(view)
        newest = next(view.changesets())
    assert (made.lineage, made.revision, made.chain) == (head.lineage, head.revision, head.chain)
    assert (newest.kind, newest.changes, newest.app) == (KIND, 0, "acme")
    notary.record()  # nothing was added since
    assert _kinds(store) == [KIND, "set"]


def test_it_is_of_an_application_that_is_there(store: MemoryStore, keys: Keys) -> None:
    Notary(store, keys, actor="alice", app="another").record()
    with store.snapshot() as view:
        assert view.apps() == ["acme"]
    empty = MemoryStore("memory:empty")
    assert Notary(empty, keys, actor="alice").record() is None
    assert _kinds(empty) == []


def test_a_log_that_was_made_anew_is_not_signed(store: MemoryStore, keys: Keys) -> None:
    _set(store, 2)
    Notary(store, keys, actor="alice").record()
    other = MemoryStore(store.url)
    with store.snapshot() as view:
        lineage = head_of(view).lineage
    shorter = store._state
    other._state = type(shorter)(shorter.apps, shorter.log[:1], shorter.audit[:1])
    with other.snapshot() as view:
        assert head_of(view).lineage == lineage
    notary = Notary(other, keys, actor="alice")
    with pytest.raises(IntegrityError, match="is not the one that was signed at revision 3"):
        notary.record()
    assert _kinds(other) == ["set"]
    notary.branched()
    _set(other, 5)
    notary.record()
    assert _kinds(other) == [KIND, "set", KIND, "set"]


def test_another_store_at_the_same_place_begins_anew(store: MemoryStore, keys: Keys) -> None:
    Notary(store, keys, actor="alice").record()
    other = MemoryStore(store.url)
    _set(other, 1)
    made = Notary(other, keys, actor="alice").record()
    assert made is not None
    assert made.revision == 2


def test_without_a_ring_nothing_is_signed(store: MemoryStore, tmp_path: Path) -> None:
    notary = Notary(store, Keys(str(tmp_path / "none"), environ={}), actor="alice")
    assert not notary.is_able
    with pytest.raises(PolicyRefused, match="keys init"):
        notary.record()
    notary.branched()
    assert _kinds(store) == ["set"]


def test_in_passing_it_costs_nothing_where_the_ring_is_not_open(
    store: MemoryStore, keys: Keys
) -> None:
    notary = Notary(store, keys, actor="alice")
    notary.record_in_passing(EVERY)
    assert not keys.is_open, "the ring was opened for it"
    assert keys.ring is not None
    notary.record_in_passing(EVERY + 1)
    assert _kinds(store) == ["set"]
    notary.record_in_passing(2 * EVERY)
    assert _kinds(store) == [KIND, "set"]


def test_what_stands_in_the_way_in_passing_is_logged(
    store: MemoryStore, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    _set(store, 2)
    notary = Notary(store, keys, actor="alice")
    notary.record()
    state = store._state
    store._state = type(state)(state.apps, state.log[:1], state.audit[:1])
    with caplog.at_level(logging.WARNING, "prefcore"):
        notary.record_in_passing(EVERY)
    assert "no checkpoint of the audit chain was signed" in caplog.text


def test_a_store_that_can_only_be_read_is_signed_and_left_alone(
    store: MemoryStore, keys: Keys
) -> None:
    store.read_only = True
    made = Notary(store, keys, actor="alice").record()
    assert made is not None
    assert made.revision == 1
    assert _kinds(store) == ["set"]
