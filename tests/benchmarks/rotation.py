"""Rotation: every secret of a store, and what stood there before, brought under a new key.

The command line does it, after ``keys rotate`` and after ``keys compromise``. The limit opens and
seals as many values of the same length with AES-GCM and puts them back with an UPDATE each;
``python -m tests.benchmarks.rotation DATABASE`` is that work.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import attrs
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.keys import Keys
from prefcore.model import Draft
from prefcore.security.places import STORE, Place
from prefcore.values import canonical_text
from tests.benchmarks.measuring import Finding
from tests.benchmarks.processes import Runs, Work, measured, prefcore, run_rounds

__all__ = ["main", "run"]

APP = "bench"
_NUMBER = "secrets"
_MB = 1 << 20
#: Keys of an owner.
_PER_OWNER = 40
#: Seconds that a value may take, starting the program included.
_GOAL = 1 / 50_000
_LIMIT = "raw AES-GCM open + seal + UPDATE"


@attrs.frozen
class _Folder:
    """A folder with a project, a key ring, a store of so many secrets, and the limit's store."""

    path: Path
    secrets: int

    @property
    def keys(self) -> Keys:
        return Keys(str(self.path / ".local/share/prefcore/keys"), environ={})

    @property
    def values(self) -> int:
        """How many sealed values there are: of now, and as many in the log."""
        return 2 * self.secrets

    def make(self) -> None:
        self.path.mkdir(parents=True)
        (self.path / "prefcore.toml").write_text(f'app = "{APP}"\nstore = "sqlite:prefs.db"\n')
        measured(self.prefcore("keys", "init"))
        self._seal()
        _make_limit(self.path / "raw.db", self.secrets)

    def prefcore(self, *arguments: str) -> Work:
        return Work(prefcore(*arguments), self.path)

    def reencrypt(self, *before: str) -> Work:
        return Work(
            prefcore("keys", "reencrypt"), self.path, lambda: measured(self.prefcore(*before))
        )

    def limit(self) -> Work:
        return Work(("tests.benchmarks.rotation", "raw.db"), self.path)

    def compromise(self) -> Work:
        """Give a work whose rotation is that the active key was compromised."""

        def compromised() -> None:
            ring = self.keys.ring
            assert ring is not None
            measured(self.prefcore("keys", "compromise", ring.active.id))

        return Work(prefcore("keys", "reencrypt"), self.path, compromised)

    def _seal(self) -> None:
        """Set each secret twice, so that the log holds one as well."""
        sealer = self.keys.needed("the benchmark")
        store = SqliteStore.open(f"sqlite:{self.path / 'prefs.db'}", create=True)
        for word in ("before", "now"):
            draft = Draft(APP, "bench", "set", datetime.now(UTC))
            with store.changeset(draft, version=None) as transaction:
                uuids = {f"key{n:02}": transaction.mint(f"key{n:02}") for n in range(_PER_OWNER)}
                for owner in _owners(self.secrets):
                    rows = [
                        (key, canonical_text(sealed), 0, "manual", "bench")
                        for key, uuid in uuids.items()
                        for place in [Place(STORE, APP, "user", owner, uuid)]
                        for sealed in [sealer.seal(f'"token {owner} {word}"', place)]
                    ]
                    transaction.write("user", owner, rows)
        store.close()

    def left_behind(self) -> int:
        """Give how many values are not under the active key."""
        ring = self.keys.ring
        assert ring is not None
        like = f'{{"$sealed":["{ring.active.id}",%'
        database = sqlite3.connect(self.path / "prefs.db")
        query = "SELECT count(*) FROM {} WHERE value IS NOT NULL AND value NOT LIKE ?"
        counts = [
            database.execute(query.format(table), (like,)).fetchone()[0]  # one of our two
            for table in ("entries", "changes")
        ]
        database.close()
        return sum(counts)


def _owners(secrets: int) -> Iterator[str]:
    return (f"user{number:07}" for number in range(-(-secrets // _PER_OWNER)))


def run(folder: Path, *, rounds: int, secrets: int) -> list[Finding]:
    """Measure rotations of so many secrets, and of a fifth for what memory they take."""
    large, small = _Folder(folder / "large", secrets), _Folder(folder / "small", secrets // 5)
    for one in (large, small):
        one.make()
    runs = run_rounds(
        {
            "rotated": large.reencrypt("keys", "rotate"),
            "limit": large.limit(),
            "compromised": large.compromise(),
            "small": small.reencrypt("keys", "rotate"),
        },
        rounds,
    )
    for one in (large, small):
        if left := one.left_behind():
            raise AssertionError(f"{left} values are under older keys")
    return [
        *(_speed(runs, name, large) for name in ("rotated", "compromised")),
        _against_limit(runs),
        _memory(runs, small),
    ]


def _speed(runs: Mapping[str, Runs], name: str, large: _Folder) -> Finding:
    wall, cpu = (median(took) / large.values for took in (runs[name].wall, runs[name].cpu))
    return Finding(
        number=_NUMBER,
        work=f"keys reencrypt, {name}, a value of {large.values:,}",
        against="50,000 a second",
        goal=1.0,
        ours=wall,
        other=_GOAL,
        ratio=wall / _GOAL,
        cpu=cpu / _GOAL,
        note=f"{1 / wall:,.0f} values a second, {1 / cpu:,.0f} of CPU",
    )


def _against_limit(runs: Mapping[str, Runs]) -> Finding:
    wall, cpu = runs["rotated"].ratio(runs["limit"])
    return Finding(
        number=_NUMBER,
        work="keys reencrypt",
        against=_LIMIT,
        goal=None,
        ours=median(runs["rotated"].wall),
        other=median(runs["limit"].wall),
        ratio=wall,
        cpu=cpu,
    )


def _memory(runs: Mapping[str, Runs], small: _Folder) -> Finding:
    ours, theirs = (max(runs[name].memory) / _MB for name in ("rotated", "small"))
    return Finding(
        number=_NUMBER,
        work="keys reencrypt: memory",
        against=f"{small.values:,} values",
        goal=1.1,
        ours=ours,
        other=theirs,
        ratio=ours / theirs,
        unit="MB",
    )


# ------------------------------------------------------------------------------------ the limit

_KEYS = [bytes([n]) * 32 for n in range(2)]
_BOUND = b"user%d key%d of the benchmark, in as many bytes as a place of ours is framed in"
_TEXT = '{{"$sealed":["k{}","{}","{}"]}}'
_TAG = b2a_base64(bytes(16), newline=False).decode()
_TABLES = ("entries", "changes")
_MAKE = """CREATE TABLE {}(owner_id INTEGER, key_id INTEGER, value TEXT,
PRIMARY KEY(owner_id, key_id)) WITHOUT ROWID"""
_PUT = "INSERT INTO {} VALUES (?, ?, ?)"
_LAST = "SELECT max(owner_id) FROM {}"
_READ = "SELECT owner_id, key_id, value FROM {} WHERE owner_id >= ? AND owner_id < ?"
_UPDATE = "UPDATE {} SET value = ? WHERE owner_id = ? AND key_id = ?"
#: Of 40 values each: what one transaction of ours takes.
_OWNERS_AT_ONCE = 500


def _make_limit(path: Path, secrets: int) -> None:
    cipher, filled = AESGCM(_KEYS[0]), b"token".ljust(32, b"\0")
    database = _opened(path)
    database.execute("BEGIN")
    for table in _TABLES:
        database.execute(_MAKE.format(table))
        for number in range(secrets):
            where = divmod(number, _PER_OWNER)
            nonce = os.urandom(12)
            data = nonce + cipher.encrypt(nonce, filled, _BOUND % where)
            text = _TEXT.format(0, b2a_base64(data, newline=False).decode(), _TAG)
            database.execute(_PUT.format(table), (*where, text))
    database.execute("COMMIT")
    database.close()


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database


def main() -> None:
    """Bring every value of the limit's database under the other key."""
    ciphers = {f"k{n}": AESGCM(key) for n, key in enumerate(_KEYS)}
    database = _opened(Path(sys.argv[1]))
    for table in _TABLES:
        last = database.execute(_LAST.format(table)).fetchone()[0]
        for begin, end in pairwise([*range(0, last + 1, _OWNERS_AT_ONCE), last + 1]):
            database.execute("BEGIN IMMEDIATE")
            rows = database.execute(_READ.format(table), (begin, end)).fetchall()
            anew = [(_resealed(ciphers, row), *row[:2]) for row in rows]
            database.executemany(_UPDATE.format(table), anew)
            database.execute("COMMIT")
    database.close()


def _resealed(ciphers: Mapping[str, AESGCM], row: tuple[int, int, str]) -> str:
    key_id, text, tag = json.loads(row[2])["$sealed"]
    data, bound = a2b_base64(text), _BOUND % row[:2]
    filled = ciphers[key_id].decrypt(data[:12], data[12:], bound)
    other, nonce = "1" if key_id == "k0" else "0", os.urandom(12)
    made = nonce + ciphers[f"k{other}"].encrypt(nonce, filled, bound)
    return _TEXT.format(other, b2a_base64(made, newline=False).decode(), tag)
