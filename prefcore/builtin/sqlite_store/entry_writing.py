"""Writing entries: what one changeset puts into sets, takes out, and what stood there before."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from operator import itemgetter, lt

from prefcore.audit import FIRST, ChangesetDigest
from prefcore.builtin.sqlite_store.cells import Cells
from prefcore.builtin.sqlite_store.ids import Ids
from prefcore.builtin.sqlite_store.reading import EVERYTHING, SqliteSnapshot
from prefcore.errors import DamagedStore
from prefcore.model import Draft, PreferenceSet, Row, Scope, to_micros
from prefcore.values import same_text

__all__ = ["EntryWriter", "PutCell", "Told"]

_LAST_LINK = "SELECT rev, chain FROM changesets ORDER BY rev DESC LIMIT 1"
_WRITE_ENTRY = """
INSERT INTO entries(owner_id, key_id, rev, at, provenance_id, value) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT(owner_id, key_id) DO UPDATE SET
  rev = excluded.rev, at = excluded.at, provenance_id = excluded.provenance_id,
  value = excluded.value
"""
_SAME_AGAIN = """
SELECT c.owner_id, c.key_id, c.before_rev, c.at, c.provenance_id, c.value
FROM changes c JOIN entries e ON e.owner_id = c.owner_id AND e.key_id = c.key_id
WHERE c.rev = ? AND (e.value IS c.value OR same_text(e.value, c.value))
"""
_ALL_OF = "SELECT key_id, rev, at, provenance_id, value FROM entries WHERE owner_id = ?"
#: From so many rows on, a set's entries are read at once instead of one by one.
_MANY = 8

#: Revision of the last change, time, provenance and text (None: removed) of an entry.
_Held = tuple[int, int | None, int | None, str | None]
_NOTHING: _Held = (0, None, None, None)
#: Key id, and the above.
_Cell = tuple[int, int, int | None, int | None, str | None]
_NOBODY: tuple[int, Sequence[_Cell]] = (0, ())
#: Key id, time, provenance and text (None: removed) to be, and what stood before.
PutCell = tuple[int, int, int, str | None, _Held]
#: Key, and the texts before and after.
Told = tuple[str, str | None, str | None]


class EntryWriter(SqliteSnapshot):
    """The entries of one changeset in the making; see ``prefcore.interfaces.Transaction``."""

    def __init__(self, connection: sqlite3.Connection, draft: Draft) -> None:
        super().__init__(connection)
        self._draft = draft
        self._at = to_micros(draft.at)
        self.kind_in_making = draft.kind
        app_id, self.version_before = self._app(draft.app)
        last = connection.execute(_LAST_LINK).fetchone() or (0, FIRST)
        self.revision, self._previous_link = last[0] + 1, last[1]
        self._ids = Ids(connection, draft.app, app_id, self.revision)
        # Hashes entries as they are written, while they come in order and each once; after
        # that the tables tell them in order at the end.
        self._hashed: ChangesetDigest | None = ChangesetDigest()
        self._last_hashed = ("", "", "")
        self._summed: ChangesetDigest | None = None  # what the tables told, until the next write
        self._count_hashed = 0
        self._cells = Cells(connection)
        # The owner last read, and what its entries hold and held, until anything is written.
        self._read = _NOBODY
        self._rewritten = False  # an entry was changed twice: it may be as before again

    def write(self, scope: str, owner: str, rows: Iterable[Row]) -> int:
        rows = tuple(rows)
        scope = Scope.named(scope).value
        owner_id = self._ids.owner(scope, owner)
        keys = [row[0] for row in rows]
        if self._ids.takes_new(owner_id) and all(map(lt, keys, islice(keys, 1, None))):
            return self._add(scope, owner, owner_id, rows)
        by = self._ids.provenances
        cells = [(key, at, by[source, actor], text) for key, text, at, source, actor in rows]
        return self._put(scope, owner, owner_id, cells)

    def remove(self, scope: str, owner: str, keys: Iterable[str]) -> int:
        owner_id = self._ids.find_owner(scope, owner)
        by = self._ids.provenances["api", self._draft.actor]
        cells = [(key, self._at, by, None) for key in dict.fromkeys(keys)]
        return self._put(scope, owner, owner_id, cells) if owner_id else 0

    def _add(self, scope: str, owner: str, owner_id: int, rows: Sequence[Row]) -> int:
        """Write the first entries of an owner; they come sorted by key, each once."""
        if not rows:
            return 0
        known, made, provenances = self._ids.keys, self._ids.key, self._ids.provenances
        flat: list[object] = []
        last, by = ("", ""), 0
        for key, text, at, source, actor in rows:
            if (source, actor) != last:  # mostly all of a set came alike
                last = (source, actor)
                by = provenances[last]
            flat += (known.get(key) or made(key), at, by, text)
        self._read = _NOBODY
        self._cells.add(owner_id, self.revision, flat)
        if self._hashed is not None and self._is_next(scope, owner, rows[0][0], rows[-1][0]):
            self._count_hashed += len(rows)
            self._hashed.of_new_set(scope, owner, rows)
        return len(rows)

    def _put(
        self,
        scope: str,
        owner: str,
        owner_id: int,
        cells: Sequence[tuple[str, int, int, str | None]],
    ) -> int:
        """Make entries hold (None: nothing) what the cells say, where they do not already."""
        revision, ids = self.revision, self._ids
        known, find, made = ids.keys, ids.find_key, ids.key
        held = self._held(owner_id, [cell[0] for cell in cells])
        self._read = _NOBODY
        all_held, is_rewritten = len(held), False
        put: list[PutCell] = []
        told: list[Told] = []
        for key, at, by, text in cells:
            key_id = known.get(key) or (find(key) if text is None else made(key))
            before = held.get(key_id, _NOTHING)
            old = before[3]
            if old == text or (old and old[0] == "{" and same_text(old, text)):  # if it is sealed
                continue
            if before[0] == revision:
                is_rewritten = True
            if old and type(old) is not str:
                raise DamagedStore(
                    f"the store holds a value of {key} that is no text: it was edited"
                )
            put.append((key_id, at, by, text, before))
            held[key_id] = (revision, at, by, text)
            told.append((key, old, text))
        self._rewritten = self._rewritten or is_rewritten
        is_all = len(put) == all_held == len(held) and not is_rewritten
        if is_all and all_held > _MANY and len({one[1:3] for one in put}) == 1:
            at, by = put[0][1:3]
            self._cells.replace(owner_id, revision, at, by, {one[0]: one[3] for one in put})
        elif put:
            self._cells.put(owner_id, revision, put)
        self._hash(scope, owner, told)
        return len(told)

    def _take_in(
        self, scope: str, owner: str, owner_id: int, put: list[PutCell], told: list[Told]
    ) -> None:
        """Put cells that this changeset did not touch before, of which each is a change."""
        self._read = _NOBODY
        self._cells.put(owner_id, self.revision, put)
        self._hash(scope, owner, told)

    def _hash(self, scope: str, owner: str, told: list[Told]) -> None:
        """Hash entries of one set, unless they, or the sets, are out of order."""
        self._summed = None
        if self._hashed is None or not told:
            return
        told.sort(key=itemgetter(0))
        if self._is_next(scope, owner, told[0][0], told[-1][0]):
            self._count_hashed += len(told)
            self._hashed.of_set(scope, owner, told)

    def _is_next(self, scope: str, owner: str, first: str, last: str) -> bool:
        """Say whether entries come after those hashed so far; where not, none are any more."""
        self._summed = None
        if self._rewritten or (scope, owner, first) <= self._last_hashed:
            self._hashed = None
            return False
        self._last_hashed = (scope, owner, last)
        return True

    def read_set(self, app: str, scope: str, owner: str) -> PreferenceSet:
        if app != self._draft.app:
            return super().read_set(app, scope, owner)
        owner_id = self._ids.find_owner(str(scope), owner)
        if not owner_id:
            return PreferenceSet(scope, owner)
        return PreferenceSet(
            scope, owner, self._rows(owner_id, self._names(self._ids.app(), EVERYTHING))
        )

    def transform(
        self, key: str, function: Callable[[str], str | None], *, source: str = "migration"
    ) -> int:
        key_id = self._ids.find_key(key)
        self._forget()
        results: dict[str, str | None] = {}
        raised: list[BaseException] = []

        def transformed(text: str) -> str | None:
            if text not in results:
                if len(results) > 10_000:
                    results.clear()
                try:
                    results[text] = function(text)
                except BaseException as error:
                    raised.append(error)
                    raise
            return results[text]

        self._db.create_function("transformed", 1, transformed, deterministic=True)
        changed = "key_id = ? AND value IS NOT NULL AND transformed(value) IS NOT value"
        by = self._ids.provenances[source, self._draft.actor]
        try:
            self._rewritten = self._rewritten or bool(
                self._db.execute(
                    "SELECT 1 FROM entries WHERE key_id = ? AND rev = ? LIMIT 1",
                    (key_id, self.revision),
                ).fetchone()
            )
            self._db.execute(
                "INSERT INTO changes SELECT ?, owner_id, key_id, rev, at, provenance_id, value "
                f"FROM entries WHERE {changed} AND rev <> ?",
                (self.revision, key_id, self.revision),
            )
            # In primary-key order; an index on key_id would make this four times slower.
            return self._db.execute(
                f"UPDATE entries SET value = transformed(value), rev = ?, at = ?, "
                f"provenance_id = ? WHERE {changed}",
                (self.revision, self._at, by, key_id),
            ).rowcount
        except sqlite3.OperationalError:
            if raised:
                raise raised[0] from None
            raise

    def _settle(self) -> None:
        """Forget changes of entries that are as before again, whose metadata is then as before."""
        if not self._rewritten:
            return
        self._rewritten = False
        self._forget()
        self._db.create_function("same_text", 2, same_text, deterministic=True)
        rows = self._db.execute(_SAME_AGAIN, (self.revision,)).fetchall()
        for owner_id, key_id, before_rev, at, by, value in rows:
            self._db.execute(
                "DELETE FROM changes WHERE rev = ? AND owner_id = ? AND key_id = ?",
                (self.revision, owner_id, key_id),
            )
            if before_rev:
                self._db.execute(
                    _WRITE_ENTRY, (owner_id, key_id, before_rev, at or 0, by or 0, value)
                )
            else:
                self._db.execute(
                    "DELETE FROM entries WHERE owner_id = ? AND key_id = ?", (owner_id, key_id)
                )

    def _forget(self) -> None:
        """Go by the tables again: entries changed in another way than one by one."""
        self._read = _NOBODY
        self._hashed = self._summed = None

    def _held_by(self, owner_id: int) -> Iterable[tuple[int, str, int, int]]:
        # What is read in a changeset is often written next, and that must know all of this.
        cells = self._all_of(owner_id)
        return [(id, text, at or 0, by or 0) for id, _, at, by, text in cells if text is not None]

    def _all_of(self, owner_id: int) -> Sequence[_Cell]:
        cells: Sequence[_Cell] = self._db.execute(_ALL_OF, (owner_id,)).fetchall()
        self._read = (owner_id, cells)
        return cells

    def _held(self, owner_id: int, keys: list[str]) -> dict[int, _Held]:
        """Give at least what these keys of an owner hold or held, by key id.

        Each with the revision of its last change, time, provenance and text (None: removed).
        """
        owner, cells = self._read
        if owner == owner_id or len(keys) > _MANY:
            cells = cells if owner == owner_id else self._all_of(owner_id)
            return {cell[0]: cell[1:] for cell in cells}
        held: dict[int, _Held] = {}
        for key in keys:
            key_id = self._ids.find_key(key)
            row = self._db.execute(
                "SELECT rev, at, provenance_id, value FROM entries "
                "WHERE owner_id = ? AND key_id = ?",
                (owner_id, key_id),
            ).fetchone()
            if row is not None:
                held[key_id] = row
        return held
