"""Names: applications, owners, keys and provenance by name and by id, as one view has them."""

from __future__ import annotations

import sqlite3

from prefcore.builtin.sqlite_store.texts import as_text
from prefcore.errors import DamagedStore
from prefcore.model import Entry, Row, Selection

__all__ = ["Cell", "NamesView"]

_NAME_AT = """
SELECT name, to_rev FROM names WHERE key_id = ? AND from_rev <= ? ORDER BY from_rev DESC LIMIT 1
"""
_UUID = "SELECT uuid FROM keys WHERE app_id = ? AND name = ?"
_UUID_AT = """
SELECT k.uuid FROM keys k JOIN names n ON n.key_id = k.id
WHERE k.app_id = ? AND n.name = ? AND n.from_rev <= ? AND (n.to_rev IS NULL OR n.to_rev > ?)
"""
_FIRST_NAME = "SELECT name, to_rev FROM names WHERE key_id = ? ORDER BY from_rev LIMIT 1"
_PROVENANCE = "SELECT source, actor FROM provenance WHERE id = ?"

#: An entry as the tables hold it: canonical text (None: removed), time, provenance id.
Cell = tuple[str | None, int, int]


class NamesView:
    """What a snapshot finds by name; the other parts of it stand on that."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = self._db = connection
        self._provenance = _Provenance(connection)
        self._names_read: tuple[tuple[int, int], dict[int, str]] = ((-1, -1), {})

    def _app(self, app: str) -> tuple[int, str | None]:
        row = self._db.execute(
            "SELECT a.id, v.version FROM apps a LEFT JOIN versions v ON v.id = a.version_id "
            "WHERE a.name = ?",
            (app,),
        ).fetchone()
        if row is None:
            return 0, None
        return row[0], None if row[1] is None else as_text(row[1], "a schema version")

    def _owner(self, app: str, scope: str, owner: str) -> int:
        row = self._db.execute(
            "SELECT id FROM owners WHERE app_id = ? AND scope = ? AND name = ?",
            (self._app(app)[0], str(scope), owner),
        ).fetchone()
        return int(row[0]) if row else 0

    def _key(self, app: str, key: str) -> int:
        row = self._db.execute(
            "SELECT id FROM keys WHERE app_id = ? AND name = ?", (self._app(app)[0], key)
        ).fetchone()
        return int(row[0]) if row else 0

    def uuid(self, app: str, key: str, *, at: int | None = None) -> str | None:
        app_id = self._app(app)[0]
        row = (
            self._db.execute(_UUID, (app_id, key))
            if at is None
            else self._db.execute(_UUID_AT, (app_id, key, at, at))
        ).fetchone()
        return str(row[0]) if row else None

    def _names(self, app_id: int, selection: Selection) -> dict[int, str]:
        """Give the keys that have a name today, by id, as far as they are selected."""
        known = (app_id, self._names_known)
        if self._names_read[0] != known:
            rows = self._db.execute(
                "SELECT id, name FROM keys WHERE app_id = ? AND name IS NOT NULL", (app_id,)
            )
            named = _Names(rows.fetchall())
            if not {*map(type, named.values())} <= {str}:
                raise DamagedStore("the store holds a key whose name is no text: it was edited")
            self._names_read = (known, named)
        names = self._names_read[1]
        if not selection.keys:
            return names
        return _Names((id, name) for id, name in names.items() if selection.takes_key(name))

    @property
    def _names_known(self) -> int:
        """A number that moves when names may have moved."""
        return 0

    def _name_at(self, key_id: int, revision: int, *, or_in: int | None = None) -> str:
        return self._name_and_rank(key_id, revision, or_in)[0]

    def _name_and_rank(
        self, key_id: int, revision: int, or_in: int | None = None
    ) -> tuple[str, bool]:
        """Give the name a key had after a revision, or its last if it gave that up.

        Where it had none yet, its first; with ``or_in``, where it had none then, the one it had
        after that later revision. And whether it has it still: of two keys that bear one name,
        the retired one sorts first.
        """
        found = self._db.execute(_NAME_AT, (key_id, revision)).fetchone()
        retired = found is not None and found[1] is not None and found[1] <= revision
        if or_in is not None and (found is None or retired):
            found = self._db.execute(_NAME_AT, (key_id, or_in)).fetchone()
        found = found or self._db.execute(_FIRST_NAME, (key_id,)).fetchone()
        if found is None:
            raise DamagedStore(f"the store has lost the name of a key (number {key_id})")
        name, until = found
        return str(name), until is None or until > revision

    def _row(self, key: str, text: str, at: int, by: int) -> Row:
        return (key, text, at, *self._provenance[by])

    def _maybe_row(self, key: str, cell: Cell) -> Row | None:
        text, at, by = cell
        return None if text is None else self._row(key, text, at, by)

    def _entry(self, key: str, cell: Cell) -> Entry | None:
        row = self._maybe_row(key, cell)
        return None if row is None else Entry.from_row(row)


class _Provenance(dict[int, tuple[str, str]]):
    """Id of a source and actor → the two."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def __missing__(self, id: int) -> tuple[str, str]:
        found = self._db.execute(_PROVENANCE, (id,)).fetchone()
        if found is None:
            raise DamagedStore(f"the store has lost where an entry came from (number {id})")
        source, actor = (as_text(one, "where an entry came from") for one in found)
        if len(self) >= 4096:
            self.clear()
        self[id] = (source, actor)
        return self[id]


class _Names(dict[int, str]):
    """Id of a key → its name; an entry of another one was put there by somebody else."""

    def __missing__(self, id: int) -> str:
        raise DamagedStore(f"the store holds an entry of a key that it does not have (number {id})")
