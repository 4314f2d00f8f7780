"""A store that a kill left in the middle of a checkpoint is whole: file and log together."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.model import Draft

#: Sizes in the write-ahead log: https://www.sqlite.org/walformat.html
_HEADER, _FRAME, _PAGE = 32, 24, 4096


def _cut_off(folder: Path) -> Path:
    """Give a store as a kill leaves it when its log was moved into the file page by page.

    The file's first page is already the newest, which tells of more pages than there are yet.
    """
    store = SqliteStore.open(f"sqlite:{folder}/busy.db", create=True)
    reader = sqlite3.connect(folder / "busy.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM apps").fetchone()  # keeps the log from being emptied
    draft = Draft("app", "tester", "set", datetime.now(UTC))
    with store.changeset(draft, version=None) as transaction:
        transaction.write("user", "alice", [("k", f'"{"x" * 500_000}"', 1, "api", "tester")])
    cut = folder / "cut.db"
    for suffix in ("", "-wal"):
        shutil.copy(folder / f"busy.db{suffix}", folder / f"cut.db{suffix}")
    reader.close()
    store.close()
    log = (folder / "cut.db-wal").read_bytes()
    frames = [log[at : at + _FRAME + _PAGE] for at in range(_HEADER, len(log), _FRAME + _PAGE)]
    newest = [one[_FRAME:] for one in frames if int.from_bytes(one[:4]) == 1][-1]
    with cut.open("r+b") as file:
        file.write(newest)
    return cut


def test_the_file_alone_would_look_damaged(tmp_path: Path) -> None:
    cut = _cut_off(tmp_path)
    alone = sqlite3.connect(f"file:{cut}?mode=ro&immutable=1", uri=True)
    with pytest.raises(sqlite3.DatabaseError, match="malformed"):
        alone.execute("PRAGMA application_id").fetchone()
    alone.close()


@pytest.mark.parametrize("read_only", [False, True], ids=["to write", "to read"])
def test_a_store_cut_off_in_a_checkpoint_opens_with_all_it_held(
    tmp_path: Path, read_only: bool
) -> None:
    cut = _cut_off(tmp_path)
    store = SqliteStore.open(f"sqlite:{cut}", read_only=read_only)
    with store.snapshot() as view:
        assert view.state("app").entries == 1
    assert list(store.check()) == []
    store.close()
