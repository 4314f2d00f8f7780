"""Several processes at one store: nobody's change is lost, nobody waits for ever."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.model import Draft
from tests.faults import story
from tests.faults.children import start
from tests.faults.story import State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    story.prepare(tmp_path, owners=2)
    return tmp_path


def test_two_processes_that_set_at_once_both_have_all_their_changes(folder: Path) -> None:
    before = State(folder)
    children = [start(act, folder, times=200) for act in ("our sets", "their sets")]
    assert [child().what for child in children] == ["done", "done"]
    state = State(folder)
    assert state.is_whole(), state.problems
    assert state.follows(before, 400)
    for owner in ("ours", "theirs"):
        values = state.values["user", owner]
        assert values == {f"key{i}": f'"set {192 + i}"' for i in range(8)}


def test_a_lock_held_longer_than_the_wait_is_an_error_that_names_its_holder(folder: Path) -> None:
    before = State(folder)
    holder = sqlite3.connect(folder / "prefs.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    report = start("sets", folder)()
    assert (report.what, report.exit_code) == ("LockedError", 11)
    assert f"in use by process {os.getpid()}; waited 5 s" in report.message
    assert 4 < time.monotonic() - began < 30
    holder.execute("ROLLBACK")
    holder.close()
    assert State(folder).is_exactly(before)
    assert start("sets", folder)().what == "done"


def test_reading_goes_on_while_another_process_holds_the_lock(folder: Path) -> None:
    holder = sqlite3.connect(folder / "prefs.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    report = start("get", folder)()
    holder.close()
    assert report.what == "done", report.message


def _is_locked(folder: Path) -> bool:
    """Whether another process may not write."""
    return start("lock", folder)().what == "LockedError"


def _look(url: str) -> None:
    SqliteStore.open(url, read_only=True).close()


def _read(url: str) -> None:
    store = SqliteStore.open(url)
    assert store.declaration(story.APP, "tool")[0] == story.OLD
    with store.snapshot() as view:
        assert len(list(view.sets(story.APP))) == 2
    store.close()


def _check(url: str) -> None:
    store = SqliteStore.open(url)
    assert list(store.check()) == []
    store.close()


def _copy(url: str) -> None:
    store = SqliteStore.open(url)
    store.save_copy("beside")
    assert len(store.copies()) == 1
    store.close()


@pytest.mark.parametrize("look", [_look, _read, _check, _copy])
def test_looking_at_a_store_keeps_the_lock_that_this_process_holds_on_it(
    look: Callable[[str], None], folder: Path
) -> None:
    """POSIX drops all of a process's locks on a file when it closes any descriptor of it."""
    with story.opened(folder) as prefs:
        draft = Draft(story.APP, "tester", "set", datetime.now(UTC))
        with prefs.store.changeset(draft, version=story.OLD) as transaction:
            assert _is_locked(folder)
            look(prefs.store.url)
            assert _is_locked(folder)
            transaction.remove("user", "user0000", ["tool"])
        assert not _is_locked(folder)
    assert State(folder).is_whole()


@pytest.mark.parametrize("name", ["prefs.db", "prefs.db-shm"])
def test_the_loss_of_a_lock_would_be_noticed(name: str, folder: Path) -> None:
    with story.opened(folder) as prefs:
        draft = Draft(story.APP, "tester", "set", datetime.now(UTC))
        with prefs.store.changeset(draft, version=story.OLD):
            (folder / name).open("rb").close()
            assert not _is_locked(folder)
