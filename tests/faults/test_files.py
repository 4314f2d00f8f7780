"""Files that are not, or no longer, a store we can use: each is named, and none is touched."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import PrefcoreError
from tests.faults import story
from tests.faults.children import start
from tests.faults.story import State


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    story.prepare(tmp_path, owners=story.OWNERS)
    return tmp_path


def _contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give every file of a folder: its bytes and when it was written."""
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def _foreign_text(file: Path) -> None:
    file.write_text("my preferences: none\n" * 100)


def _foreign_short(file: Path) -> None:
    file.write_bytes(b"x")


def _foreign_database(file: Path) -> None:
    file.unlink()
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE preferences(key, value)")
    database.commit()
    database.close()


def _foreign_log(file: Path) -> None:
    """Another program's database whose newest content still stands in its write-ahead log."""
    file.unlink()
    other = file.with_name("other.db")
    database = sqlite3.connect(other, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE preferences(key, value)")
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{other}{suffix}", f"{file}{suffix}")
    database.close()
    other.unlink()


def _newer(file: Path) -> None:
    database = sqlite3.connect(file)
    database.execute("PRAGMA user_version = 99")
    database.close()


def _no_header(file: Path) -> None:
    with file.open("rb+") as out:
        out.write(b"\0" * 100)


def _truncated_in_the_header(file: Path) -> None:
    os.truncate(file, 60)


def _truncated(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2 // 4096 * 4096)


def _overwritten(file: Path) -> None:
    size = file.stat().st_size
    with file.open("rb+") as out:
        out.seek(4096)
        out.write(b"\xa5" * (size - 4096))


REFUSED = {
    "a text file": (_foreign_text, "ForeignFile", 13),
    "a file of one byte": (_foreign_short, "ForeignFile", 13),
    "a database of another program": (_foreign_database, "ForeignFile", 13),
    "another program's write-ahead log": (_foreign_log, "ForeignFile", 13),
    "a newer layout": (_newer, "NewerFormat", 16),
    "a header of zeros": (_no_header, "ForeignFile", 13),
    "a store cut within its header": (_truncated_in_the_header, "ForeignFile", 13),
}


def _raised(use: Callable[[], object]) -> PrefcoreError:
    with pytest.raises(PrefcoreError) as caught:
        use()
    return caught.value


@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
@pytest.mark.parametrize(("spoil", "kind", "exit_code"), REFUSED.values(), ids=list(REFUSED))
def test_opening_refuses_and_leaves_every_byte(
    spoil: Callable[[Path], None], kind: str, exit_code: int, read_only: bool, folder: Path
) -> None:
    spoil(folder / "prefs.db")
    held = _contents(folder)
    url = f"sqlite:{folder}/prefs.db"
    error = _raised(lambda: SqliteStore.open(url, create=not read_only, read_only=read_only))
    assert (type(error).__name__, error.exit_code) == (kind, exit_code)
    assert str(folder / "prefs.db") in error.message
    assert _contents(folder) == held


@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_a_newer_layout_that_only_the_log_tells_is_refused(read_only: bool, folder: Path) -> None:
    """A newer prefcore upgraded the store and was killed: the main file knows nothing of it."""
    file, copy = folder / "prefs.db", folder / "copy.db"
    shutil.copyfile(file, copy)
    database = sqlite3.connect(copy)
    database.execute("PRAGMA user_version = 99")
    shutil.copyfile(f"{copy}-wal", f"{file}-wal")
    database.close()
    copy.unlink()
    held = _contents(folder)
    error = _raised(lambda: SqliteStore.open(f"sqlite:{file}", read_only=read_only))
    assert (type(error).__name__, error.exit_code) == ("NewerFormat", 16)
    assert _contents(folder).items() >= held.items()


@pytest.mark.parametrize("spoil", [_truncated, _overwritten], ids=["truncated", "overwritten"])
@pytest.mark.parametrize(
    "act", ["sets", "import", "up", "get"], ids=["set", "import", "migrate", "get"]
)
def test_no_act_changes_a_damaged_store(
    act: str, spoil: Callable[[Path], None], folder: Path
) -> None:
    story.write_import(folder)
    spoil(folder / "prefs.db")
    held = (folder / "prefs.db").read_bytes()
    report = start(act, folder)()
    assert (report.what, report.exit_code) == ("DamagedStore", 13), report.message
    assert (folder / "prefs.db").read_bytes() == held


def _is_found_damaged(store: SqliteStore) -> bool:
    try:
        return any(True for _ in store.check())
    except PrefcoreError as error:
        return error.exit_code == 13


def test_bytes_overwritten_in_the_middle_are_found_by_check(folder: Path) -> None:
    file = folder / "prefs.db"
    found, whole = 0, file.read_bytes()
    for page in range(1, len(whole) // 4096):
        file.write_bytes(whole[: page * 4096] + b"\xa5" * 64 + whole[page * 4096 + 64 :])
        store = SqliteStore.open(f"sqlite:{file}", read_only=True)
        found += _is_found_damaged(store)
        store.close()
    assert found == len(whole) // 4096 - 1


def test_a_changed_value_is_found_by_check(folder: Path) -> None:
    file = folder / "prefs.db"
    whole = file.read_bytes()
    assert whole.count(b'"as prepared 7.3"') == 1
    file.write_bytes(whole.replace(b'"as prepared 7.3"', b'"as prepared 8.3"'))
    assert State(folder).problems
