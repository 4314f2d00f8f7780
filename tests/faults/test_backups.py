"""Backups that are cut off: kill -9 and full disks leave a backup or none, a store or none."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore_testing.stores.whole_state import state_of
from tests.faults import story
from tests.faults.acts import ACTS
from tests.faults.children import kill, measure, start
from tests.faults.story import State

KILLS = 12


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was migrated and edited, and a backup of it."""
    folder = tmp_path_factory.mktemp("prepared")
    story.prepare(folder, owners=60)
    with story.opened(folder) as prefs:
        prefs.apply(prefs.plan_migration(story.NEW))
        prefs.set("wrap", False, user="user0001")
        prefs.back_up(target=story.target(folder))
    return folder


def _whole(folder: Path) -> int:
    """Give how many whole backups are told of; each has to hold what it says."""
    with story.opened(folder) as prefs, prefs.backups(story.target(folder)) as backups:
        found = backups.list()
        assert {one.state for one in found.backups} <= {"ok", "incomplete"}
        assert found.foreign == ()
        for one in found.whole:
            backups.verify(one)
        return len(found.whole)


def _temporaries(folder: Path) -> list[Path]:
    return list((folder / "backups").glob(".*"))


def test_kills_inside_a_backup_leave_a_whole_one_or_none(prepared: Path, tmp_path: Path) -> None:
    random, before = Random(1), State(prepared)
    window = measure("backup", shutil.copytree(prepared, tmp_path / "measured"))
    killed = hits = swept = 0
    while hits < KILLS:
        assert killed < 6 * KILLS, f"of {killed} kills only {hits} hit inside"
        folder = shutil.copytree(prepared, tmp_path / f"{killed}")
        fate = kill("backup", folder, after=random.uniform(0, window))
        window *= 1.05 if fate.is_inside else 0.8
        assert State(folder).is_exactly(before)
        found = _whole(folder)
        assert found in ((1, 2) if fate.is_inside else (2,))
        swept += len(_temporaries(folder))
        with story.opened(folder) as prefs:
            next(ACTS["backup"](prefs, folder))()
        assert _temporaries(folder) == [], "the next backup sweeps what the dead one left"
        assert _whole(folder) == found + 1
        assert len(list((folder / "backups").iterdir())) == 2 * (found + 1)
        shutil.rmtree(folder)
        killed, hits = killed + 1, hits + fate.is_inside
    print(f"backup: {killed} killed, {hits} inside, {swept} temporaries swept")


def test_kills_inside_a_restore_leave_a_whole_store_or_an_empty_one(
    prepared: Path, tmp_path: Path
) -> None:
    random = Random(2)
    with story.opened(prepared) as prefs:
        whole = state_of(prefs.store)
    window = measure("load", shutil.copytree(prepared, tmp_path / "measured"))
    killed = hits = empty = 0
    while hits < KILLS:
        assert killed < 6 * KILLS, f"of {killed} kills only {hits} hit inside"
        folder = shutil.copytree(prepared, tmp_path / f"{killed}")
        fate = kill("load", folder, after=random.uniform(0, window))
        window *= 1.05 if fate.is_inside else 0.8
        store = SqliteStore.open(f"sqlite:{folder}/new.db")
        found = state_of(store)
        assert found in (([], []), whole)
        if found != whole:
            assert fate.is_inside
            empty += 1
            with story.opened(folder) as prefs:
                next(ACTS["load"](prefs, folder))()
        assert state_of(store) == whole
        assert list(store.check()) == []
        store.close()
        shutil.rmtree(folder)
        killed, hits = killed + 1, hits + fate.is_inside
    print(f"load: {killed} killed, {hits} inside, {empty} left the store empty")


def test_backup_onto_a_full_disk_leaves_none_and_says_so(prepared: Path, tmp_path: Path) -> None:
    refused, size = 0, 1
    while refused < 200:
        folder = shutil.copytree(prepared, tmp_path / str(size))
        report = start("backup", folder, file_bytes=size)()
        if report.what == "done":
            assert _whole(folder) == 2
            break
        assert (report.what, report.exit_code) == ("NoSpace", 14), report.message
        assert _whole(folder) == 1
        assert len(list((folder / "backups").iterdir())) == 2, "no leftovers"
        refused, size = refused + 1, size + 2048 + size // 2
    assert refused >= 3
