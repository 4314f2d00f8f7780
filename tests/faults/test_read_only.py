"""What this user may only read: the newest values are told, or nothing; nothing is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import story
from tests.faults.children import measure, start


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that any user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="prefcore-read-only-"))
    folder.chmod(0o755)
    story.prepare(folder, owners=3)
    (folder / "prefs.db").chmod(0o644)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    ("of_file", "of_folder"),
    [(0o444, 0o555), (0o666, 0o555), (0o444, 0o777)],
    ids=["file and folder", "folder", "file"],
)
def test_a_read_only_store_is_read_and_not_written(
    of_file: int, of_folder: int, folder: Path
) -> None:
    (folder / "prefs.db").chmod(of_file)
    folder.chmod(of_folder)
    held = _contents(folder)
    report = start("get", folder, is_guest=True)()
    assert (report.what, report.message) == ("done", "1")
    for act in ("sets", "up"):
        report = start(act, folder, is_guest=True)()
        assert (report.what, report.exit_code) == ("ReadOnly", 19), report.message
        assert str(folder / "prefs.db") in report.message
    assert {**_contents(folder), **held} == _contents(folder)
    assert _contents(folder)["prefs.db"] == held["prefs.db"]


@pytest.mark.parametrize("mode", [0o555, 0o777], ids=["folder too", "file"])
def test_a_read_only_older_store_is_read_through_the_steps_and_planned_on(
    mode: int, folder: Path
) -> None:
    (folder / "prefs.db").chmod(0o444)
    folder.chmod(mode)
    held = (folder / "prefs.db").read_bytes()
    report = start("newest", folder, is_guest=True)()
    assert (report.what, report.message[:13]) == ("done", "(1, '2.0.0', ")
    assert (folder / "prefs.db").read_bytes() == held


def test_a_log_left_in_a_read_only_folder_is_never_overlooked(folder: Path) -> None:
    measure("sets", folder)  # which kills it in the next one
    assert (folder / "prefs.db-wal").stat().st_size > 0
    for file in folder.glob("prefs.db*"):
        file.chmod(0o444)
    folder.chmod(0o555)
    held = _contents(folder)
    report = start("key2", folder, is_guest=True)()
    assert (report.what, report.message) in (("done", "'set 2'"), ("ReadOnly", report.message))
    assert _contents(folder) == held


def test_no_store_is_made_in_a_read_only_folder(folder: Path) -> None:
    (folder / "prefs.db").unlink()
    folder.chmod(0o555)
    report = start("get", folder, is_guest=True)()
    assert (report.what, report.exit_code) == ("ReadOnly", 19), report.message
    assert not (folder / "prefs.db").exists()


def test_a_store_of_somebody_else_is_not_permitted(folder: Path) -> None:
    (folder / "prefs.db").chmod(0)
    report = start("get", folder, is_guest=True)()
    assert (report.what, report.exit_code) == ("NotPermitted", 4), report.message
    (folder / "prefs.db").chmod(0o644)


def test_a_store_in_a_folder_of_somebody_else_is_not_permitted(folder: Path) -> None:
    folder.chmod(0)
    report = start("get", folder, is_guest=True)()
    assert (report.what, report.exit_code) == ("NotPermitted", 4), report.message
