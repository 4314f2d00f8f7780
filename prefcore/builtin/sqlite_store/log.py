"""Reading the log of a store: changesets, what they did, how an entry went on, and the audit."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator
from operator import itemgetter
from typing import TypeVar

from prefcore.audit import Logged, refuse_older
from prefcore.builtin.sqlite_store.changesets import CHANGESET, LINK, changeset_of, link_of
from prefcore.builtin.sqlite_store.names import Cell, NamesView
from prefcore.builtin.sqlite_store.pruning import pruned_apps, refuse_pruned
from prefcore.builtin.sqlite_store.texts import as_text
from prefcore.builtin.sqlite_store.walking import walk
from prefcore.errors import NotFound
from prefcore.interfaces import Edit
from prefcore.model import (
    AuditRecord,
    Change,
    Changeset,
    PreferenceSet,
    Rename,
    Row,
    Selection,
)

__all__ = ["LogView", "among"]

_CHANGED_OWNERS = """
SELECT id, scope, name FROM owners WHERE id IN (SELECT owner_id FROM changes WHERE rev = ?)
ORDER BY scope, name
"""
_CHANGES = """
SELECT c.key_id, c.value, c.at, c.provenance_id, c.before_rev, e.rev, e.value, e.at, e.provenance_id
FROM changes c JOIN entries e ON e.owner_id = c.owner_id AND e.key_id = c.key_id
WHERE c.rev = ? AND c.owner_id = ?
"""
_EDITED = """
SELECT e.owner_id, e.key_id, e.rev, e.value, e.at, e.provenance_id,
       (SELECT uuid FROM keys WHERE id = e.key_id)
FROM entries e WHERE e.owner_id = ? AND e.rev >= ?
"""
_CHANGE = """
SELECT before_rev, value, at, provenance_id FROM changes
WHERE rev = ? AND owner_id = ? AND key_id = ?
"""
_PARKED = """
SELECT o.scope, o.name, c.value, c.at, c.provenance_id
FROM entries e CROSS JOIN owners o ON o.id = e.owner_id
JOIN changes c ON c.rev = e.rev AND c.owner_id = e.owner_id AND c.key_id = e.key_id
LEFT JOIN changesets s ON s.rev = e.rev
WHERE e.key_id = ? AND e.value IS NULL AND c.value IS NOT NULL AND coalesce(s.kind, ?) = 'migrate'
ORDER BY o.scope, o.name
"""
_ENTRIES = "SELECT key_id, rev, value, at, provenance_id FROM entries WHERE owner_id = ?"
_OWNERS = """
SELECT id, scope, name FROM owners
WHERE app_id = ? AND (scope, name) > (?, ?) {which} ORDER BY scope, name LIMIT 1000
"""

_Found = TypeVar("_Found")


class LogView(NamesView):
    """What a snapshot tells of the past; see ``prefcore.interfaces.Snapshot``."""

    #: Kind and revision of the changeset in the making, which the log does not hold yet.
    kind_in_making = ""
    revision = -1

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._pruned: dict[int, int] | None = None

    def changesets(self, app: str | None = None) -> Iterator[Changeset]:
        if app is None:
            rows = self._db.execute(CHANGESET + "ORDER BY c.rev DESC")
        else:
            rows = self._db.execute(
                CHANGESET + "WHERE c.app_id = ? ORDER BY c.rev DESC", (self._app(app)[0],)
            )
        return map(changeset_of, rows)

    def changeset(self, id: str) -> Changeset:
        pattern = id.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        rows = self._db.execute(
            CHANGESET + "WHERE c.id LIKE ? ESCAPE '!' LIMIT 2", (pattern,)
        ).fetchall()
        if not id or not rows:
            raise NotFound(f"there is no changeset '{id}'; `prefcore history` lists them", id=id)
        if len(rows) > 1:
            raise NotFound(f"several changesets begin with '{id}'; give more of it", id=id)
        return changeset_of(rows[0])

    def pruned(self, app: str) -> int:
        return self._pruned_apps().get(self._app(app)[0], 0)

    def _pruned_apps(self) -> dict[int, int]:
        if self._pruned is None:
            self._pruned = pruned_apps(self._db)
        return self._pruned

    def changes(self, revision: int) -> Iterator[Change | Rename]:
        refuse_pruned(self._db, self._pruned_apps(), revision)
        for before, after in self._db.execute(
            "SELECT before, after FROM renames WHERE rev = ? ORDER BY seq", (revision,)
        ):
            yield Rename(before, after)
        for scope, owner, key_id, key, before, after in self._changed(revision):
            earlier = self._name_at(key_id, revision - 1)
            yield Change(scope, owner, key, self._entry(earlier, before), self._entry(key, after))

    def _changed(self, revision: int) -> Iterator[tuple[str, str, int, str, Cell, Cell]]:
        """Give a changeset's entries by scope, owner and key: what stood before and after."""
        for scope, owner, found in self._changed_sets(revision):
            for key, _, key_id, before, after in found:
                yield scope, owner, key_id, key, before, after

    def _changed_sets(
        self, revision: int
    ) -> Iterator[tuple[str, str, list[tuple[str, bool, int, Cell, Cell]]]]:
        """Give a changeset's entries set by set: name and rank of each key, its id, the cells."""
        names = _Remembering(lambda key_id: self._name_and_rank(key_id, revision))
        for owner_id, scope, owner in self._db.execute(_CHANGED_OWNERS, (revision,)):
            _check_owner(scope, owner)
            found = []
            for row in self._db.execute(_CHANGES, (revision, owner_id)).fetchall():
                key_id, *before, _, last = row[:6]
                after = row[6:] if last == revision else self._after(revision, owner_id, key_id)
                found.append((*names[key_id], key_id, tuple(before), after))
            found.sort(key=itemgetter(0, 1))
            yield scope, owner, found

    def history(
        self, app: str, scope: str, owner: str, key: str
    ) -> Iterator[tuple[Changeset, Change]]:
        owner_id, key_id = self._owner(app, scope, owner), self._key(app, key)
        for revision, before, after in self._chain(owner_id, key_id):
            if revision == self.revision:
                continue
            row = self._db.execute(CHANGESET + "WHERE c.rev = ?", (revision,)).fetchone()
            name, earlier = (self._name_at(key_id, one) for one in (revision, revision - 1))
            yield (
                changeset_of(row),
                Change(scope, owner, name, self._entry(earlier, before), self._entry(name, after)),
            )

    def edits_since(
        self, app: str, revision: int, *, ignoring: Collection[int] = ()
    ) -> Iterator[Edit]:
        app_id, _ = self._app(app)
        self._refuse_pruned_since(app, revision)
        names = self._names(app_id, Selection())
        for owner_id, scope, owner in self._owners(app_id, Selection()):
            yield from self._edits_of((scope, owner, owner_id), revision, ignoring, names)

    def _refuse_pruned_since(self, app: str, revision: int) -> None:
        """Raise HistoryPruned where changes from a revision on are not known any more."""
        refuse_older(
            self.pruned(app), app, revision - 1, f"the changes from revision {revision} on"
        )

    def _edits_of(
        self,
        place: tuple[str, str, int],
        revision: int,
        ignoring: Collection[int],
        names: dict[int, str],
    ) -> list[Edit]:
        """Give the edits of one set, by key."""
        scope, owner, owner_id = place
        rows = self._db.execute(_EDITED, (owner_id, revision)).fetchall()
        edits = [self._edit((scope, owner, *row), revision, ignoring, names) for row in rows]
        return sorted(filter(None, edits), key=lambda one: (one.key, one.now == one.key, one.uuid))

    def _edit(
        self,
        row: tuple[str, str, int, int, int, str | None, int, int, str],
        revision: int,
        ignoring: Collection[int],
        names: dict[int, str],
    ) -> Edit | None:
        """Follow an entry's changes back to before a revision; None where the log has none."""
        scope, owner, owner_id, key_id, link = row[:5]
        edit: Cell | None = None
        edited_in: int | None = None
        before: Cell = row[5:8]
        first: int | None = None  # of its changes since
        while link >= revision:
            first = link if link != self.revision else first
            if edited_in is None and link not in ignoring and link != self.revision:
                edit, edited_in = before, link
            found = self._db.execute(_CHANGE, (link, owner_id, key_id)).fetchone()
            if found is None:
                break
            link, before = found[0], found[1:]
        if first is None:
            return None
        key_before = self._name_at(key_id, revision - 1, or_in=first)
        key = self._name_at(key_id, edited_in) if edited_in else key_before
        return Edit(
            scope,
            owner,
            key,
            self._maybe_row(key_before, before),
            self._maybe_row(key, edit) if edit else None,
            edited_in,
            names.get(key_id),
            row[8],
        )

    def _sets_at(self, app: str, selection: Selection, at: int) -> Iterator[PreferenceSet]:
        """Give the sets as they were after a revision, each entry followed back to there."""
        refuse_older(self.pruned(app), app, at, f"the values as they were after revision {at}")
        provenance = self._provenance
        names = _Remembering(lambda key_id: self._name_at(key_id, at))
        for owner_id, scope, owner in self._owners(self._app(app)[0], selection):
            rows: list[Row] = []
            for key_id, link, text, moment, by in self._db.execute(_ENTRIES, (owner_id,)):
                while link > at:
                    found = self._db.execute(_CHANGE, (link, owner_id, key_id)).fetchone()
                    link, text, moment, by = found or (0, None, 0, 0)
                if text is not None:
                    rows.append((names[key_id], text, moment, *provenance[by]))
            if selection.keys:
                rows = [row for row in rows if selection.takes_key(row[0])]
            if rows:
                yield PreferenceSet(scope, owner, sorted(rows))

    def _owners(self, app_id: int, selection: Selection) -> Iterator[tuple[int, str, str]]:
        """Give the owners of the selected sets by scope and name: id, scope, name.

        Page by page, so that they are not all held at once, and may become more meanwhile.
        """
        chosen = [("scope", selection.scopes), ("name", selection.owners)]
        # Both together name few owners. One alone only leaves some out on the way through the
        # index: with the plus SQLite does not sort all that are left for each page.
        plus = "" if all(names for _, names in chosen) else "+"
        which, wanted = "", list[object]()
        for column, names in chosen:
            if names:
                clause, arguments = among(plus + column, list(map(str, names)))
                which += clause
                wanted += arguments
        statement = _OWNERS.format(which=which)
        page: list[tuple[int, str, str]] = [(0, "", "")]
        while page:
            after = page[-1][1:]
            page = self._db.execute(statement, (app_id, *after, *wanted)).fetchall()
            for one in page:
                _check_owner(*one[1:])
            yield from page

    def parked(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        # Sorted before the first is given, so that those sets may be written meanwhile.
        rows = self._db.execute(_PARKED, (self._key(app, key), self.kind_in_making))
        for scope, owner, *cell in rows:
            _check_owner(scope, owner)
            yield scope, owner, self._row(key, *cell)

    def audit(self, *, since: int = 1) -> Iterator[AuditRecord]:
        rows = self._db.execute(LINK + "WHERE c.rev >= ? ORDER BY c.rev", (since,))
        yield from map(link_of, rows)

    def log(self) -> Iterator[Logged]:
        return walk(self._db, self._name_and_rank)

    # ------------------------------------------------------------------------------- inside

    def _chain(self, owner_id: int, key_id: int) -> Iterator[tuple[int, Cell, Cell]]:
        """Give an entry's changes, newest first: revision, what stood before and after."""
        row = self._db.execute(
            "SELECT rev, value, at, provenance_id FROM entries WHERE owner_id = ? AND key_id = ?",
            (owner_id, key_id),
        ).fetchone()
        while row is not None:
            revision, *cell = row
            row = self._db.execute(_CHANGE, (revision, owner_id, key_id)).fetchone()
            if row is not None:
                yield revision, (row[1], row[2], row[3]), (cell[0], cell[1], cell[2])

    def _after(self, revision: int, owner_id: int, key_id: int) -> Cell:
        for link, _, after in self._chain(owner_id, key_id):
            if link <= revision:
                return after
        return (None, 0, 0)


def among(column: str, values: Collection[object]) -> tuple[str, list[object]]:
    """Give the condition that a column holds one of the values, and its arguments."""
    if len(values) > 500:  # SQLite takes 999 arguments where it is old
        return f" AND {column} IN (SELECT value FROM json_each(?))", [json.dumps(list(values))]
    return f" AND {column} IN ({', '.join('?' * len(values))})", list(values)


class _Remembering(dict[int, _Found]):
    """Id of a key → what is found of it; there are few keys."""

    def __init__(self, find: Callable[[int], _Found]) -> None:
        self._find = find

    def __missing__(self, key_id: int) -> _Found:
        self[key_id] = found = self._find(key_id)
        return found


def _check_owner(scope: object, owner: object) -> None:
    """Raise DamagedStore where what names a set is no text."""
    as_text(scope, "a scope")
    as_text(owner, "the name of an owner")
