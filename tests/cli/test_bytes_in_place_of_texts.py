"""Bytes that SQL put where the store keeps a text are damage (13), whichever verb meets them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.cli.shell import Shell, acme

VERBS: tuple[tuple[str, ...], ...] = (
    ("get", "size", "--user", "bo"),
    ("list", "--user", "bo"),
    ("explain", "size", "--user", "bo"),
    ("set", "size=20", "--user", "bo"),
    ("unset", "size", "--user", "bo"),
    ("import", "mine.json", "--user", "bo", "--merge", "theirs"),
    ("export", "all.json"),
    ("template", "list"),
    ("validate",),
    ("undo",),
    ("history",),
    ("schema", "list"),
    ("audit", "list"),
    ("audit", "verify"),
)
COLUMNS = (
    *("apps.name", "versions.version", "versions.digest", "owners.name"),
    *("provenance.actor", "entries.value", "changesets.actor", "names.name"),
)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, bytes]:
    shell = acme(tmp_path_factory.mktemp("bytes") / "work")
    shell.run("set", "size=13", "theme=dark", "--user", "bo")
    shell.run("set", "size=14", "--user", "bo")
    shell.run("template", "save", "night", "--user", "bo")
    shell.write("mine.json", '{"size": 30}')
    return shell, shell.db.read_bytes()


def _put(path: Path, data: bytes, column: str) -> bytes:
    """Put bytes in the place of a column's texts; gives the file."""
    path.write_bytes(data)
    table, _, name = column.partition(".")
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE {table} SET {name} = CAST({name} AS BLOB)")  # ours
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("column", COLUMNS)
def test_bytes_where_a_text_belongs_are_damage(held: tuple[Shell, bytes], column: str) -> None:
    shell, data = held
    edited = _put(shell.db, data, column)
    for words in VERBS:
        shell.db.write_bytes(edited)
        ran = shell.ran(*words)
        assert ran.code in (0, 1, 10, 13), (words, ran)
        assert "bug in prefcore" not in ran.err
    assert ran.code == 13, "audit verify, the last, finds it"
