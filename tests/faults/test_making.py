"""A store whose making was cut off: it is made anew, or gets what it lacks; none is locked out."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import NotFound
from prefcore.model import Draft
from tests.faults import story


def _cut_off(folder: Path) -> Path:
    """Give a database file and its journal as a kill leaves them while its first tables are made.

    With hardly a cache, SQLite writes pages to the file before the transaction ends.
    """
    making = sqlite3.connect(folder / "making.db", isolation_level=None)
    making.execute("PRAGMA cache_size = 5")
    making.execute("BEGIN EXCLUSIVE")
    making.execute("CREATE TABLE entries(value)")
    for number in range(50):
        making.execute("INSERT INTO entries VALUES (?)", [f"{number}" * 2000])
    cut = folder / "cut.db"
    for suffix in ("", "-journal"):
        shutil.copy(folder / f"making.db{suffix}", folder / f"cut.db{suffix}")
    making.execute("ROLLBACK")
    making.close()
    assert cut.stat().st_size > 0
    return cut


def test_a_store_whose_making_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    cut = _cut_off(tmp_path)
    store = SqliteStore.open(f"sqlite:{cut}", create=True)
    with store.snapshot() as view:
        assert view.apps() == []
    assert list(store.check()) == []
    store.close()
    assert [path.name for path in tmp_path.glob("cut.db*")] == ["cut.db"]


@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_where_none_is_to_be_made_it_counts_as_none(tmp_path: Path, read_only: bool) -> None:
    cut = _cut_off(tmp_path)
    held = {path.name: path.read_bytes() for path in tmp_path.glob("cut.db*")}
    with pytest.raises(NotFound, match="there is no store at"):
        SqliteStore.open(f"sqlite:{cut}", create=read_only, read_only=read_only)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("cut.db*")} == held


def test_a_store_that_was_cut_off_before_it_had_its_log_gets_one(tmp_path: Path) -> None:
    story.prepare(tmp_path, owners=1)
    database = sqlite3.connect(tmp_path / "prefs.db")
    assert database.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    database.close()
    store = SqliteStore.open(f"sqlite:{tmp_path}/prefs.db")
    draft = Draft(story.APP, "tester", "set", datetime.now(UTC))
    with store.changeset(draft, version=story.OLD) as change:
        change.write("user", "bo", [("key1", '"x"', 1, "api", "tester")])
    store.close()
    database = sqlite3.connect(tmp_path / "prefs.db")
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
