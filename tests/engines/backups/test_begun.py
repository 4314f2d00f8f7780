"""What a backup that was cut off left behind: removed by the next one, and nothing else ever is."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefcore_local._target import LocalTarget

from prefcore.engines.backups.begun import OLD, BegunBackups
from prefcore.errors import TargetUnreachable
from prefcore.facade.backups import Backups
from tests.engines.backups.world import PLUGINS, World, world

ID = "01a21862-8618-75f1-8740-efaddda3061e"
DOCUMENT = f"{ID}.document.json"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def _backups(here: World) -> Backups:
    return Backups(here.url, plugins=PLUGINS, begun=here.folder / "begun")


def _notes(here: World) -> list[str]:
    return sorted(path.name for path in (here.folder / "begun").glob("*"))


def _leave(here: World, text: str | None = None) -> Path:
    """Leave a document without a manifest, and a note of it that nobody holds."""
    here.target.mkdir(exist_ok=True)
    (here.target / DOCUMENT).write_text("{}")
    note = here.folder / "begun" / f"{ID}.begun.json"
    note.parent.mkdir(exist_ok=True)
    note.write_text(text or json.dumps({"target": here.url, "document": DOCUMENT}))
    return note


def test_a_backup_leaves_no_note(here: World) -> None:
    assert _backups(here).create(here.store).swept == ()
    assert _notes(here) == []
    assert (here.folder / "begun").stat().st_mode & 0o777 == 0o700


def test_the_rest_of_a_cut_off_backup_is_removed_even_if_nothing_changed(here: World) -> None:
    _backups(here).create(here.store)
    _leave(here)
    assert [one.state for one in _backups(here).list().backups] == ["ok", "incomplete"][::-1]
    taken = _backups(here).create(here.store)
    assert (taken.is_new, taken.swept) == (False, (ID,))
    assert [one.state for one in _backups(here).list().backups] == ["ok"]
    assert _notes(here) == []


def test_a_document_that_no_note_names_stays(here: World) -> None:
    _leave(here).unlink()
    assert _backups(here).create(here.store).swept == ()
    assert (here.target / DOCUMENT).exists()


def test_a_document_with_its_manifest_stays(here: World) -> None:
    whole = _backups(here).create(here.store).manifest
    note = here.folder / "begun" / f"{whole.id}.begun.json"
    note.write_text(json.dumps({"target": here.url, "document": whole.name}))
    assert _backups(here).create(here.store).swept == ()
    assert _backups(here).list().whole == (whole,)
    assert _notes(here) == []


@pytest.mark.parametrize(
    "name",
    ["photo.jpg", f"{ID}.manifest.json", "../prefs.db", f"sub/{DOCUMENT}", f"{ID}.document.json/x"],
)
def test_what_is_no_document_of_a_backup_is_never_removed(name: str, here: World) -> None:
    here.target.mkdir()
    inside = here.target / name
    if not inside.exists():
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_text("theirs")
    note = here.folder / "begun" / f"{ID}.begun.json"
    note.parent.mkdir()
    note.write_text(json.dumps({"target": here.url, "document": name}))
    assert _backups(here).create(here.store).swept == ()
    assert inside.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"target": 5}', "\xff", "[" * 60_000, " "])
def test_a_note_that_was_cut_off_itself_goes_and_takes_nothing_along(
    text: str, here: World
) -> None:
    _leave(here, text)
    assert _backups(here).create(here.store).swept == ()
    assert (here.target / DOCUMENT).exists()
    assert _notes(here) == []


def test_a_note_on_another_target_waits_for_a_backup_there(here: World) -> None:
    note = _leave(here, json.dumps({"target": "file:///elsewhere", "document": DOCUMENT}))
    assert _backups(here).create(here.store).swept == ()
    assert note.exists()
    assert (here.target / DOCUMENT).exists()


def test_where_notes_cannot_be_written_backups_are_made(here: World) -> None:
    (here.folder / "begun").write_text("a file in the folder's place")
    assert _backups(here).create(here.store).is_new


def test_links_in_a_note_s_place_are_left_alone(here: World) -> None:
    note = _leave(here)
    note.rename(here.folder / "elsewhere.json")
    note.symlink_to(here.folder / "elsewhere.json")
    assert _backups(here).create(here.store).swept == ()
    assert note.is_symlink()
    assert (here.target / DOCUMENT).exists()


class _Failing(LocalTarget):
    """A target of which one act fails, as a disk that is pulled out."""

    def delete(self, name: str) -> None:
        raise TargetUnreachable("gone")


def test_what_cannot_be_removed_after_an_error_is_noted_until_it_can_be(here: World) -> None:
    folder, now = here.folder / "begun", time.time()
    (here.target).mkdir()
    (here.target / DOCUMENT).write_text("{}")
    failing = BegunBackups(folder, here.url, _Failing(here.url))
    with pytest.raises(ZeroDivisionError), failing.noted(DOCUMENT):
        _ = 1 / 0
    assert failing.sweep(now) == []
    assert _notes(here) == [f"{ID}.begun.json"]
    assert BegunBackups(folder, here.url, LocalTarget(here.url)).sweep(now) == [ID]
    assert _notes(here) == []
    assert not (here.target / DOCUMENT).exists()


def test_without_locks_only_an_old_note_counts_as_one_of_the_dead(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _leave(here)
    monkeypatch.setattr("prefcore.engines.backups.begun.locked", lambda file: None)
    begun = BegunBackups(here.folder / "begun", here.url, LocalTarget(here.url))
    assert begun.sweep(time.time()) == []
    assert begun.sweep(time.time() + OLD + 60) == [ID]


PROGRAM = """
import sys
from pathlib import Path
from prefcore.engines.backups.begun import BegunBackups
from prefcore_local._target import LocalTarget

url, folder, name = sys.argv[1:]
target = LocalTarget(url)
with BegunBackups(Path(folder), url, target).noted(name):
    target.put(name, open("/dev/null", "rb"))
    print("put", flush=True)
    sys.stdin.read()
"""


def test_what_a_living_process_is_making_stays_and_goes_when_it_died(here: World) -> None:
    command = [sys.executable, "-c", PROGRAM, here.url, str(here.folder / "begun"), DOCUMENT]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:  # type: ignore[call-overload]  # as typeshed has it
        try:
            assert process.stdout.readline() == b"put\n"  # it ends, or says so
            assert _backups(here).create(here.store).swept == ()
            assert (here.target / DOCUMENT).exists()
        finally:
            process.kill()
        assert process.wait(30) == -signal.SIGKILL
    assert (here.target / DOCUMENT).exists()
    assert _backups(here).create(here.store).swept == (ID,)
    assert not (here.target / DOCUMENT).exists()
    assert _notes(here) == []
