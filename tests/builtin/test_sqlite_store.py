"""The SQLite store passes the suite of all stores, so it agrees with the memory store."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.builtin.sqlite_store.writing import SqliteTransaction
from prefcore.interfaces import Store
from prefcore.model import Draft
from prefcore_testing.stores import StoreSuite
from prefcore_testing.stores.making import begin, put


class TestSqliteStore(StoreSuite):
    persistent = True

    def make(self, tmp_path: Path) -> Store:
        return SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True)

    def reopen(self, store: Store, *, read_only: bool = False) -> Store:
        store.close()
        return SqliteStore.open(store.url, read_only=read_only)


@pytest.mark.parametrize(("mode", "folder", "file"), [(0o600, 0o700, 0o600), (0o660, 0o770, 0o660)])
def test_copies_are_for_those_who_may_write_the_store(
    tmp_path: Path, mode: int, folder: int, file: int
) -> None:
    path = tmp_path / "prefs.db"
    store = SqliteStore.open(f"sqlite:{path}", create=True)
    path.chmod(mode)
    copy = store.save_copy("before it")
    store.close()
    copies = tmp_path / "prefs.db.copies"
    assert copies.stat().st_mode & 0o777 == folder
    kept = (copies / f"{copy.id}.db").stat()
    assert kept.st_mode & 0o777 == file
    assert kept.st_gid == path.stat().st_gid


_ANOTHER = """
import os
from prefcore.builtin.sqlite_store.copies import list_copies, save_copy
from prefcore.errors import NotPermitted
os.getuid() or os.setuid(65534)
for act in (lambda: save_copy("prefs.db", "x"), lambda: list_copies("prefs.db")):
    try:
        act()
    except NotPermitted as error:
        print(error.exit_code, error.message)
"""


def test_a_folder_of_copies_that_is_another_s_is_told_as_that(tmp_path: Path) -> None:
    """The folder lets nobody in, so it is so for whoever runs this; root becomes another first."""
    SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True).close()
    copies = tmp_path / "prefs.db.copies"
    copies.mkdir()
    tmp_path.chmod(0o777)
    (tmp_path / "prefs.db").chmod(0o666)
    copies.chmod(0)
    done = subprocess.run(
        [sys.executable, "-c", _ANOTHER], cwd=tmp_path, capture_output=True, check=True, text=True
    )
    copies.chmod(0o700)
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done
    for line in lines:
        assert line.startswith("4 you may not keep safety copies in ")
        assert "chmod -R ug+rwX prefs.db.copies" in line


def test_sets_that_bring_new_keys_do_not_make_all_names_be_read_again(tmp_path: Path) -> None:
    store = SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True)
    draft = Draft("acme", "ann", "set", datetime(2026, 1, 31, tzinfo=UTC))
    with store.changeset(draft, version=None) as transaction:
        transaction.write("user", "first", [("a", "1", 0, "api", "ann")])
    asked: list[str] = []
    with store.changeset(draft, version=None) as transaction:
        assert isinstance(transaction, SqliteTransaction)
        transaction.connection.set_trace_callback(asked.append)
        for number in range(50):
            transaction.write("user", f"u{number}", [(f"k{number}", "1", 0, "api", "ann")])
            held = transaction.read_set("acme", "user", f"u{number}")
            assert [row[0] for row in held.rows] == [f"k{number}"]
        transaction.rename("k7", "renamed")
        transaction.write("user", "u7", [("later", "2", 0, "api", "ann")])
        held = transaction.read_set("acme", "user", "u7")
        assert [row[0] for row in held.rows] == ["later", "renamed"]
        transaction.connection.set_trace_callback(None)
    assert sum(one.startswith("SELECT id, name FROM keys") for one in asked) == 2
    store.close()


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE keys SET displaced_id = NULL", "waits for nobody (1 times)"),
        (
            (
                "UPDATE keys SET displaced_id = (SELECT id FROM keys WHERE name = 'c') "
                "WHERE displaced_id IS NOT NULL"
            ),
            "a key that waits for a name and has one",
        ),
        ("UPDATE keys SET displaced_id = id WHERE name = 'b'", "waits for nobody"),
        (
            (
                "UPDATE keys SET displaced_id = (SELECT id FROM keys WHERE name IS NULL) "
                "WHERE name = 'c'"
            ),
            "a key that two others took a name of",
        ),
    ],
    ids=["taken away", "another", "itself", "twice"],
)
def test_which_key_waits_for_a_name_is_looked_at(tmp_path: Path, tampering: str, told: str) -> None:
    store = SqliteStore.open(f"sqlite:{tmp_path / 'p.db'}", create=True)
    put(store, {"a": 1, "c": 3, "b": 2})
    with begin(store) as transaction:
        transaction.remove("user", "alice", ["b"])
        transaction.rename("a", "b")
    assert list(store.check()) == []
    connection = sqlite3.connect(tmp_path / "p.db")
    connection.execute(tampering)
    connection.commit()
    connection.close()
    assert told in " ".join(one.what for one in store.check())
    store.close()
