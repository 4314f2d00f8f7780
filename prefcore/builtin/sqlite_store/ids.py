"""Ids in one transaction: the small integers for applications, owners, keys and provenance."""

from __future__ import annotations

import sqlite3
from uuid import uuid4

__all__ = ["Ids"]

_OWNER = "SELECT id FROM owners WHERE app_id = ? AND scope = ? AND name = ?"
_KEY = "SELECT id FROM keys WHERE app_id = ? AND name = ?"
_PROVENANCE = "SELECT id FROM provenance WHERE source = ? AND actor = ?"


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
        self._keys: dict[str, int] = {}
        self._provenance: dict[tuple[str, str], int] = {}
        self._new_owners: set[int] = set()
        #: How many keys were made: what knows their names must look again.
        self.made_keys = 0

    def app(self) -> int:
        """Give the application's id, making its row where it is new."""
        if not self._app_id:
            self._app_id = self._insert("INSERT INTO apps(name) VALUES (?)", self._app_name)
        return self._app_id

    def find_owner(self, scope: str, owner: str) -> int:
        """Give an owner's id; 0, which no row has, where there is none."""
        found = self._owners.get((scope, owner))
        if found is None:
            found = self._select(_OWNER, self._app_id, scope, owner)
            if found:
                self._owners[scope, owner] = found
        return found

    def owner(self, scope: str, owner: str) -> int:
        """Give an owner's id, making its row where it is new."""
        found = self.find_owner(scope, owner)
        if not found:
            found = self._owners[scope, owner] = self._insert(
                "INSERT INTO owners(app_id, scope, name) VALUES (?, ?, ?)", self.app(), scope, owner
            )
            self._new_owners.add(found)
        return found

    @property
    def made_any(self) -> bool:
        """Whether an owner or key was made."""
        return bool(self.made_keys or self._new_owners)

    def is_new(self, owner_id: int) -> bool:
        """Say whether an owner's row was made in this transaction."""
        return owner_id in self._new_owners

    def find_key(self, key: str) -> int:
        """Give a key's id by its present name; 0, which no row has, where there is none."""
        found = self._keys.get(key)
        if found is None:
            found = self._select(_KEY, self._app_id, key)
            if found:
                self._keys[key] = found
        return found

    def key(self, key: str) -> int:
        """Give a key's id by its present name, making it, with its UUID, where it is new."""
        found = self.find_key(key)
        if not found:
            found = self._keys[key] = self._insert(
                "INSERT INTO keys(app_id, uuid, name) VALUES (?, ?, ?)",
                self.app(),
                str(uuid4()),
                key,
            )
            self.made_keys += 1
            self._insert("INSERT INTO names VALUES (?, ?, NULL, ?)", found, self._revision, key)
        return found

    def forget_keys(self) -> None:
        """Look keys up again: names have moved."""
        self._keys.clear()

    def provenance(self, source: str, actor: str) -> int:
        """Give the id of a source and actor, making its row where it is new."""
        found = self._provenance.get((source, actor))
        if found is None:
            found = self._select(_PROVENANCE, source, actor) or self._insert(
                "INSERT INTO provenance(source, actor) VALUES (?, ?)", source, actor
            )
            self._provenance[source, actor] = found
        return found

    def _select(self, statement: str, *arguments: object) -> int:
        row = self._db.execute(statement, arguments).fetchone()
        return int(row[0]) if row else 0

    def _insert(self, statement: str, *arguments: object) -> int:
        return self._db.execute(statement, arguments).lastrowid or 0
