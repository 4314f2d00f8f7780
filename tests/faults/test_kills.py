"""kill -9 inside sets, imports and migrations: the state is the one before or the one after.

200 processes die in the middle of a write. The moment is drawn over the measured length of the
act, and rounds go on until as many kills as promised have really hit between begin and end.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from tests.faults import story
from tests.faults.acts import ACTS
from tests.faults.children import kill, measure
from tests.faults.story import State

SETS, OTHERS = 80, 40
assert SETS + 3 * OTHERS == 200


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with one prepared folder for each act."""
    folder = tmp_path_factory.mktemp("prepared")
    for act in ACTS:
        (folder / act).mkdir()
        story.prepare(folder / act, owners=5 if act == "sets" else story.OWNERS)
    prefs = story.opened(folder / "down")
    prefs.apply(prefs.plan_migration(story.NEW))
    for number in range(3):
        prefs.set("wrap", False, user=f"user{number:04}")
    prefs.close()
    story.write_import(folder / "import")
    return folder


def _do(act: str, folder: Path) -> None:
    """Do one write of an act to its end, here."""
    with story.opened(folder) as prefs:
        next(ACTS[act](prefs, folder))()


def _leftovers(folder: Path) -> list[str]:
    """Give the files that no finished act leaves; the store must be closed."""
    known = {"prefs.db", "import.json"}
    found = (path for path in folder.iterdir() if path.is_file() and path.name not in known)
    copies = (folder / "prefs.db.copies").glob("*")
    return sorted(path.name for path in (*found, *copies) if path.suffix != ".db" or path in found)


def test_kills_inside_sets_keep_every_set_that_returned(prepared: Path, tmp_path: Path) -> None:
    random, hits, afterwards = Random(1), 0, 0
    before = State(prepared / "sets")
    rounds = 0
    while hits < SETS:
        rounds += 1
        assert rounds < 4 * SETS
        folder = shutil.copytree(prepared / "sets", tmp_path / f"{rounds}")
        fate = kill("sets", folder, after=random.uniform(0, 0.02))
        state = State(folder)
        assert state.is_whole(), state.problems
        done = len(state.log) - len(before.log)
        assert state.follows(before, done)
        assert done == fate.ended or (fate.is_inside and done == fate.ended + 1)
        expected = {owner: dict(held) for owner, held in before.values.items()}
        for number in range(len(before.log), len(state.log)):
            expected["user", f"user{number % 5:04}"][f"key{number % 8}"] = f'"set {number}"'
        assert state.values == expected
        _do("sets", folder)
        assert State(folder).follows(state, 1)
        assert _leftovers(folder) == []
        hits += fate.is_inside
        afterwards += fate.is_inside and done == fate.ended + 1
        shutil.rmtree(folder)
    print(f"sets: {rounds} killed, {hits} inside one; {afterwards} of them had it committed")


@pytest.mark.parametrize("act", ["import", "up", "down"])
def test_kills_inside_an_act_leave_the_state_before_or_after(
    act: str, prepared: Path, tmp_path: Path
) -> None:
    random = Random(act)
    before = State(prepared / act)
    finished = shutil.copytree(prepared / act, tmp_path / "finished")
    _do(act, finished)
    after = State(finished)
    assert after.is_whole()
    assert after.follows(before, 1)
    _do("sets", finished)
    and_one_set = State(finished)
    window = measure(act, shutil.copytree(prepared / act, tmp_path / "measured"))
    killed = hits = committed = 0
    while hits < OTHERS:
        assert killed < 5 * OTHERS, f"of {killed} kills only {hits} hit inside"
        folder = shutil.copytree(prepared / act, tmp_path / f"{killed}")
        fate = kill(act, folder, after=random.uniform(0, window))
        # So that one slow measurement does not send all kills behind the end, or before it.
        window *= 1.05 if fate.is_inside else 0.8
        state = State(folder)
        assert state.is_whole(), state.problems
        if state.is_exactly(before):
            assert fate.is_inside
            _do(act, folder)
        else:
            assert state.follows(before, 1)
            assert (state.version, state.values) == (after.version, after.values)
            committed += fate.is_inside
        _do("sets", folder)
        state = State(folder)
        assert state.is_whole(), state.problems
        assert state.follows(before, 2)
        assert (state.version, state.values) == (and_one_set.version, and_one_set.values)
        assert _leftovers(folder) == []
        shutil.rmtree(folder)
        killed, hits = killed + 1, hits + fate.is_inside
    print(f"{act}: {killed} killed, {hits} inside; {committed} of them had it committed")
