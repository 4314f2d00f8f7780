"""The limits of bulk work: raw sqlite3 and the codec, nothing of ours, as fast as we know how.

``python -m tests.benchmarks.bulk_limits WORK ARGUMENT…`` does one work as a process. The database
has owners, keys and entries in tables of their own, and what stood before a change; no audit, no
digest, no merge, no plan.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec

from tests.benchmarks.population import KINDS, RENAMED, SCALED, changed

__all__ = [
    "WORKS",
    "back_up",
    "export",
    "import_",
    "import_again",
    "main",
    "migrate",
    "restore",
    "run_function",
    "verify",
]

_TABLES = """
CREATE TABLE owners(id INTEGER PRIMARY KEY, scope TEXT, name TEXT, UNIQUE(scope, name));
CREATE TABLE keys(id INTEGER PRIMARY KEY, name TEXT UNIQUE);
CREATE TABLE entries(owner_id INTEGER, key_id INTEGER, at TEXT, source TEXT, actor TEXT,
  value TEXT, PRIMARY KEY(owner_id, key_id)) WITHOUT ROWID;
CREATE TABLE changes(owner_id INTEGER, key_id INTEGER, value TEXT,
  PRIMARY KEY(owner_id, key_id)) WITHOUT ROWID;
"""
_ROWS = 40
_INSERT = "INSERT INTO entries VALUES " + ",".join(["(?,?,?,?,?,?)"] * _ROWS)
_OF_OWNER = {
    table: f"SELECT * FROM {table} WHERE owner_id = ?"  # one of our two
    for table in ("entries", "changes")
}
_PUT = {
    "keys": "INSERT INTO keys VALUES (?, ?)",
    "entries": "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
    "changes": "INSERT INTO changes VALUES (?, ?, ?)",
}
_LINE = '"{}": {{"value": {}, "updated_at": "{}", "source": "{}", "actor": "{}"}}'


class _Entry(msgspec.Struct, gc=False):
    value: msgspec.Raw
    updated_at: str
    source: str
    actor: str


class _Set(msgspec.Struct, gc=False):
    scope: str
    owner: str
    entries: dict[str, _Entry]


_decode_set = msgspec.json.Decoder(_Set).decode
_decode = msgspec.json.Decoder().decode


def _read(document: str) -> Iterator[_Set]:
    """Give the sets of a document as the codec decodes them."""
    with Path(document).open("rb") as source:
        source.readline()
        source.readline()
        lines: list[bytes] = []
        for line in source:
            lines.append(line)
            if line.startswith(b"}}"):
                yield _decode_set(b"".join(lines).rstrip(b",\n"))
                lines.clear()
                if not line.endswith(b",\n"):
                    return


def _opened(database: str) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def import_(document: str, database: str) -> None:
    """P3: a document into an empty database, the type of each value checked."""
    connection = _opened(database)
    connection.executescript(_TABLES)
    connection.execute("BEGIN IMMEDIATE")
    ids: dict[str, int] = {}
    kinds: dict[str, tuple[type, ...]] = {}
    for one in _read(document):
        owner = connection.execute(
            "INSERT INTO owners(scope, name) VALUES (?, ?)", (one.scope, one.owner)
        ).lastrowid
        cells: list[object] = []
        for key, entry in one.entries.items():
            if key not in ids:
                made = connection.execute("INSERT INTO keys(name) VALUES (?)", (key,))
                ids[key] = made.lastrowid or 0
                kinds[key] = KINDS[int(key[-3:]) % len(KINDS)]
            if type(_decode(entry.value)) not in kinds[key]:
                raise ValueError(key)
            text = str(entry.value, "utf-8")
            cells += (owner, ids[key], entry.updated_at, entry.source, entry.actor, text)
        connection.execute(_INSERT, cells)
    connection.execute("COMMIT")
    connection.close()


def import_again(document: str, database: str) -> None:
    """P4: a document compared with what the database holds, which is the same."""
    connection = _opened(database)
    names = dict(connection.execute("SELECT id, name FROM keys").fetchall())
    for one in _read(document):
        held = connection.execute(
            "SELECT key_id, value FROM owners JOIN entries ON owner_id = id "
            "WHERE scope = ? AND name = ?",
            (one.scope, one.owner),
        )
        ours = {names[key]: value for key, value in held}
        if ours != {key: str(entry.value, "utf-8") for key, entry in one.entries.items()}:
            raise ValueError(one.owner)
    connection.close()


def export(database: str, document: str) -> None:
    """P2: all sets, entries by key, the texts spliced."""
    connection = _opened(database)
    names = dict(connection.execute("SELECT id, name FROM keys").fetchall())
    line = _LINE.format
    with Path(document).open("w", encoding="utf-8", buffering=1 << 20) as out:
        out.write('{"sets": [\n')
        before = ""
        for owner, scope, name in connection.execute(
            "SELECT id, scope, name FROM owners ORDER BY scope, name"
        ):
            held = connection.execute(
                "SELECT key_id, value, at, source, actor FROM entries WHERE owner_id = ?", (owner,)
            )
            lines = sorted([line(names[key], *cells) for key, *cells in held])
            out.write(f'{before}{{"scope": "{scope}", "owner": "{name}", "entries": {{\n')
            out.write(",\n".join(lines) + "\n}}")
            before = ",\n"
        out.write("\n]}\n")
    connection.close()


def migrate(database: str) -> None:
    """P5: a key renamed, and one multiplied by ten, with what stood before."""
    connection = _opened(database)
    connection.create_function(
        "changed", 1, lambda text: json.dumps(json.loads(text) * 10), deterministic=True
    )
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE keys SET name = ?2 WHERE name = ?1", RENAMED)
    (key,) = connection.execute("SELECT id FROM keys WHERE name = ?", (SCALED,)).fetchone()
    for statement in (
        "INSERT INTO changes SELECT owner_id, key_id, value FROM entries WHERE key_id = ?",
        "UPDATE entries SET value = changed(value) WHERE key_id = ?",
    ):
        connection.execute(statement, (key,))
    connection.execute("COMMIT")
    connection.close()


def run_function(database: str) -> None:
    """P6: a Python function over every entry, with what stood before."""
    connection = _opened(database)
    connection.create_function(
        "changed",
        1,
        lambda text: msgspec.json.encode(changed(_decode(text))).decode(),
        deterministic=True,
    )
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO changes SELECT owner_id, key_id, value FROM entries")
    connection.execute("UPDATE entries SET value = changed(value)")
    connection.execute("COMMIT")
    connection.close()


def back_up(database: str, backup: str) -> None:
    """P7: the whole state as a document on the disk, hashed, and read back."""
    connection = _opened(database)
    pack = msgspec.msgpack.Encoder().encode
    with Path(backup).open("wb") as out:
        keys = connection.execute("SELECT * FROM keys").fetchall()
        _write(out, pack(("keys", None, keys)))
        owners = connection.execute("SELECT * FROM owners ORDER BY scope, name")
        for owner in owners:
            for table in ("entries", "changes"):
                held = connection.execute(_OF_OWNER[table], owner[:1]).fetchall()
                if held:
                    _write(out, pack((table, owner, held)))
        out.flush()
        os.fsync(out.fileno())
    connection.close()
    verify(backup)


def _write(out: BinaryIO, block: bytes) -> None:
    out.write(len(block).to_bytes(4, "big") + sha256(block).digest() + block)


def _blocks(backup: str) -> Iterator[tuple[str, tuple[object, ...] | None, list[list[object]]]]:
    unpack = msgspec.msgpack.Decoder(tuple[str, tuple[object, ...] | None, list[list[object]]])
    with Path(backup).open("rb") as source:
        while size := source.read(4):
            digest, block = source.read(32), source.read(int.from_bytes(size, "big"))
            if sha256(block).digest() != digest:
                raise ValueError(backup)
            yield unpack.decode(block)


def verify(backup: str) -> None:
    """P7: a backup read and decoded, its digests compared."""
    for _ in _blocks(backup):
        pass


def restore(backup: str, database: str) -> None:
    """P7: a backup read into an empty database."""
    connection = _opened(database)
    connection.executescript(_TABLES)
    connection.execute("BEGIN IMMEDIATE")
    last = None
    for table, owner, rows in _blocks(backup):
        if owner is not None and owner != last:
            connection.execute("INSERT INTO owners VALUES (?, ?, ?)", owner)
            last = owner
        connection.executemany(_PUT[table], rows)
    connection.execute("COMMIT")
    connection.close()


WORKS: Mapping[str, Callable[..., None]] = {
    "import": import_,
    "import-again": import_again,
    "export": export,
    "migrate": migrate,
    "function": run_function,
    "back-up": back_up,
    "verify": verify,
    "restore": restore,
}


def main() -> None:
    """Do the work that the command line names."""
    WORKS[sys.argv[1]](*sys.argv[2:])
