"""Ids in one transaction: the small integers for applications, owners, keys and provenance."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

__all__ = ["Ids"]

_OWNER = "SELECT id FROM owners WHERE app_id = ? AND scope = ? AND name = ?"
_KEY = "SELECT id FROM keys WHERE app_id = ? AND name = ?"
#: So many owners, and so many provenances, are remembered.
_KEPT = 4096

_PROVENANCE = "SELECT id FROM provenance WHERE source = ? AND actor = ?"
_NEW_PROVENANCE = "INSERT INTO provenance(source, actor) VALUES (?, ?)"


class Ids:
    """Finds ids by name, and makes the rows for names that are new.

    What it remembers holds for this transaction only: another may be rolled back.
    """

    def __init__(
        self, connection: sqlite3.Connection, app: str, app_id: int, revision: int
    ) -> None:
        self._db = connection
        self._app_name = app
        self._app_id = app_id
        self._revision = revision
        self._owners: dict[tuple[str, str], int] = {}
        #: The keys looked up so far, by present name: for reading, where a call for each is dear.
        self.keys: dict[str, int] = {}
        #: Ids of sources and actors; looking one up makes its row where it is new.
        self.provenances = _Provenances(connection)
        self._untouched = 0  # the owner made last, until it is written to
        self._missing = ("", "")  # the owner last looked for in vain; no owner has no scope
        #: Names of the keys that were made, by id, until who keeps names has taken them in.
        self.new_names: dict[int, str] = {}
        self._made_keys = 0
        self._made_owners = 0

    def app(self) -> int:
        """Give the application's id, making its row where it is new."""
        if not self._app_id:
            self._app_id = self._insert("INSERT INTO apps(name) VALUES (?)", self._app_name)
        return self._app_id

    def find_owner(self, scope: str, owner: str) -> int:
        """Give an owner's id; 0, which no row has, where there is none."""
        found = self._owners.get((scope, owner))
        if found is None:
            if (scope, owner) == self._missing:  # it is read first, and then written
                return 0
            found = self._select(_OWNER, self._app_id, scope, owner)
            if found:
                self._remember(scope, owner, found)
            else:
                self._missing = (scope, owner)
        return found

    def owner(self, scope: str, owner: str) -> int:
        """Give an owner's id, making its row where it is new."""
        found = self.find_owner(scope, owner)
        if not found:
            found = self._insert(
                "INSERT INTO owners(app_id, scope, name) VALUES (?, ?, ?)", self.app(), scope, owner
            )
            self._remember(scope, owner, found)
            self._missing = ("", "")
            self._untouched = found
            self._made_owners += 1
        return found

    def _remember(self, scope: str, owner: str, id: int) -> None:
        if len(self._owners) >= _KEPT:  # an import sees each owner once, and there may be many
            self._owners.clear()
        self._owners[scope, owner] = id

    def takes_new(self, owner_id: int) -> bool:
        """Say, once, whether an owner was just made, so that it holds and held nothing."""
        is_new = owner_id == self._untouched
        self._untouched = 0
        return is_new

    @property
    def made_any(self) -> bool:
        """Whether an owner or key was made."""
        return bool(self._made_keys or self._made_owners)

    def find_key(self, key: str) -> int:
        """Give a key's id by its present name; 0, which no row has, where there is none."""
        found = self.keys.get(key)
        if found is None:
            found = self._select(_KEY, self._app_id, key)
            if found:
                self.keys[key] = found
        return found

    def key(self, key: str) -> int:
        """Give a key's id by its present name, making it, with its UUID, where it is new."""
        found = self.find_key(key)
        if not found:
            found = self.keys[key] = self._insert(
                "INSERT INTO keys(app_id, uuid, name) VALUES (?, ?, ?)",
                self.app(),
                str(uuid4()),
                key,
            )
            self.new_names[found] = key
            self._made_keys += 1
            self._insert("INSERT INTO names VALUES (?, ?, NULL, ?)", found, self._revision, key)
        return found

    def uuid(self, key: str) -> str:
        """Give a key's UUID, making the key where it is new."""
        key_id = self.key(key)
        (uuid,) = self._db.execute("SELECT uuid FROM keys WHERE id = ?", (key_id,)).fetchone()
        return str(uuid)

    def forget_keys(self) -> None:
        """Look keys up again: names have moved."""
        self.keys.clear()

    def _select(self, statement: str, *arguments: object) -> int:
        row = self._db.execute(statement, arguments).fetchone()
        return int(row[0]) if row else 0

    def _insert(self, statement: str, *arguments: object) -> int:
        return self._db.execute(statement, arguments).lastrowid or 0


class _Provenances(dict[tuple[str, str], int]):
    """Source and actor → the id of their row, which is made where it is new."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def __missing__(self, provenance: tuple[str, str]) -> int:
        row = self._db.execute(_PROVENANCE, provenance).fetchone()
        id = int(row[0] if row else self._db.execute(_NEW_PROVENANCE, provenance).lastrowid or 0)
        if len(self) >= _KEPT:
            self.clear()
        self[provenance] = id
        return id
