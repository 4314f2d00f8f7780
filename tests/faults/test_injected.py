"""What ``make test-faults`` needs is asked for by name; its judgement finds what is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults import injected, story
from tests.faults.judging import Prepared, faults_of
from tests.faults.stepping import Call, calls_of, was_cut
from tests.faults.story import State


def test_without_strace_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="needs strace on the PATH"):
        injected.main([])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """Give an act, which sets one value, with the stores before and after it."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "start").mkdir()
    story.prepare(folder / "start", owners=2)
    shutil.copytree(folder / "start", folder / "ended")
    with story.opened(folder / "ended") as prefs:
        prefs.set("key0", "new", user="user0000")
    start = folder / "start"
    return Prepared("sets", start, State(start), State(folder / "ended"))


def _judged(prepared: Prepared, store: Path, tmp_path: Path, code: int) -> list[str]:
    folder = shutil.copytree(store, tmp_path / "store")
    return list(faults_of(prepared, folder, code))


def test_a_success_that_left_the_old_state_is_found(prepared: Prepared, tmp_path: Path) -> None:
    found = _judged(prepared, prepared.folder, tmp_path, 0)
    assert "it ended well, and the state is the old one" in found


def test_the_new_state_is_right_however_it_ended(prepared: Prepared, tmp_path: Path) -> None:
    assert _judged(prepared, prepared.folder.parent / "ended", tmp_path, 0) == []


def test_a_third_state_and_files_left_behind_are_found(prepared: Prepared, tmp_path: Path) -> None:
    folder = shutil.copytree(prepared.folder, tmp_path / "other")
    with story.opened(folder) as prefs:
        prefs.set("key0", "neither", user="user0000")
    (folder / "prefs.db.part").touch()
    found = _judged(prepared, folder, tmp_path, 14)
    assert found == [
        "the state is neither the old nor the new one",
        "files are left behind: ['prefs.db.part']",
    ]


def test_a_backup_that_was_not_made_and_what_stays_of_one_are_found(tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.mkdir()
    story.prepare(start, owners=1)
    with story.opened(start) as prefs:
        prefs.back_up(target=story.target(start))
    backup = Prepared("backup", start, State(start), State(start))
    assert _judged(backup, start, tmp_path / "one", 0) == [
        "it ended with 0, and there are 1 whole backups"
    ]
    orphan = "01a21862-8618-75f1-8740-efaddda3061e.document.json"
    (start / "backups" / orphan).write_text("{}")
    assert _judged(backup, start, tmp_path / "two", 14) == [f"files are left behind: ['{orphan}']"]


LOG = """\
7  write(3</d/a>, ""..., 100)         = 100
7  --- SIGSTOP {si_signo=SIGSTOP, si_code=SI_KERNEL} ---
8  pwrite64(4</d/b>, ""..., 4096, 8192 <unfinished ...>
7  --- stopped by SIGSTOP ---
8  <... pwrite64 resumed>)             = 4096
7  write(3</d/a>, ""..., 50)          = 50
7  unlink("/d/b")                     = 0
7  +++ exited with 0 +++
"""


def test_a_log_tells_what_was_written_where_and_what_was_cut(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    log.write_text(LOG)
    assert calls_of(log) == [
        Call("7", "write", 100, 0),
        Call("8", "pwrite64", 4096, 8192),
        Call("7", "write", 50, 100),
        Call("7", "unlink"),
    ]
    assert not was_cut(log)
    log.write_text(LOG.replace("50)          = 50", "50)          = 25"))
    assert was_cut(log)
