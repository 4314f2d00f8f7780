"""Pruning that is killed, held up or starved: the history before or after, and then nothing of it.

The value that is to be forgotten is looked for in the bytes of the store's files.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import NoSpace, PartialSuccess
from tests.faults import story
from tests.faults.acts import ACTS
from tests.faults.children import kill, measure, start
from tests.faults.story import State

KILLS = 12


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prepared")
    story.prepare(folder, owners=story.OWNERS)
    story.forget(folder)
    return folder


def _prune(folder: Path) -> None:
    with story.opened(folder) as prefs:
        next(ACTS["prune"](prefs, folder))()


def test_nothing_of_what_was_forgotten_is_left_and_the_file_is_smaller(
    prepared: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(prepared, tmp_path / "store")
    with story.opened(folder) as prefs:
        for number in range(60):
            prefs.set("key1", f"{number} " * 1000, user="user0001")
    size = (folder / "prefs.db").stat().st_size
    assert story.holds_forgotten(folder) != []
    _prune(folder)
    assert story.holds_forgotten(folder) == []
    assert (folder / "prefs.db").stat().st_size < size / 2
    assert State(folder).is_whole()


def test_kills_inside_a_pruning_leave_the_history_before_or_after(
    prepared: Path, tmp_path: Path
) -> None:
    random, before = Random("prune"), State(prepared)
    finished = shutil.copytree(prepared, tmp_path / "finished")
    _prune(finished)
    after = State(finished)
    assert after.follows(before, 1)
    assert after.values == before.values
    window = measure("prune", shutil.copytree(prepared, tmp_path / "measured"))
    killed = hits = 0
    while hits < KILLS:
        assert killed < 5 * KILLS, f"of {killed} kills only {hits} hit inside"
        folder = shutil.copytree(prepared, tmp_path / f"{killed}")
        fate = kill("prune", folder, after=random.uniform(0, window))
        window *= 1.05 if fate.is_inside else 0.8
        state = State(folder)
        assert state.is_whole(), state.problems
        assert state.values == before.values
        assert state.is_exactly(before) or state.follows(before, 1)
        _prune(folder)
        state = State(folder)
        assert state.is_whole(), state.problems
        assert state.follows(before, 1)
        assert story.holds_forgotten(folder) == []
        shutil.rmtree(folder)
        killed, hits = killed + 1, hits + fate.is_inside


def test_reader_that_holds_the_log_up_is_told_and_the_next_run_removes_the_rest(
    prepared: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(prepared, tmp_path / "store")
    other = SqliteStore.open(f"sqlite:{folder}/prefs.db")
    with other.snapshot() as view:
        list(view.changesets())
        with pytest.raises(PartialSuccess, match=r"is being read.*history prune"):
            _prune(folder)
        assert view.pruned(story.APP) == 0
    other.close()
    state = State(folder)
    assert state.is_whole()
    assert state.log[-1].kind == "prune"
    _prune(folder)
    assert story.holds_forgotten(folder) == []
    assert State(folder).is_exactly(state)


def test_disk_that_is_full_leaves_the_history(prepared: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(prepared, tmp_path / "store")
    before = State(folder)
    told = start("prune", folder, file_bytes=20_000)()
    assert told.what in (NoSpace.__name__, PartialSuccess.__name__)
    state = State(folder)
    assert state.is_whole()
    assert state.is_exactly(before) or state.follows(before, 1)
    _prune(folder)
    assert State(folder).follows(before, 1)
    assert story.holds_forgotten(folder) == []
