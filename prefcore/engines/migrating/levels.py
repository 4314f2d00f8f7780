"""Levels: the edits of an entry by the versions that they were made at.

Between the run that is taken back and now there may be others, up and down. The newest edit may be
none, since it left what the last run had made, and then the one before that run counts. And what a
way back in between took away, or carried down, is as it left it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from prefcore.engines.migrating.undoing import Undoing
from prefcore.engines.migrating.work import is_lower
from prefcore.interfaces import Edit, Snapshot
from prefcore.model import Change, Changeset, Entry, Row

__all__ = ["Levels"]


@attrs.define
class _Level:
    """A version that the store came up to, or back to, and the last edit made there."""

    version: str
    edit: Edit | None = None


class Levels:
    """Gives the edits of entries since what is taken back, from one application's log."""

    def __init__(self, view: Snapshot, app: str, undo: Undoing) -> None:
        self._view = view
        self._app = app
        self._undo = undo
        self._moves: dict[int, str] = {}  # revisions that left another version in force
        last = None
        for revision, version in undo.versions:
            if revision >= undo.revision and version != last:
                self._moves[revision] = version
            last = version
        self._names: Mapping[str, tuple[tuple[int, str | None], ...]] = {}

    def of(self, edit: Edit) -> list[Edit]:
        """Give the last edit of each level of one that is edited, the lowest level first."""
        if edit.edited_in is None or edit.now is None or len(self._moves) < 2:
            return [edit]
        levels: list[_Level] = []
        held: Entry | None = None
        for revision, change in self._story(edit):
            if change is not None:
                held = change.after
            if revision in self._moves:
                self._move(levels, revision, edit, held)
            elif revision not in self._undo.migrations:
                if not levels:
                    levels.append(_Level(self._undo.version_at(revision)))
                levels[-1].edit = self._edit(edit, revision, held)
        return [level.edit for level in levels if level.edit is not None]

    def _story(self, edit: Edit) -> Iterator[tuple[int, Change | None]]:
        """Give what happened to an entry and to its version, oldest first."""
        changes: dict[int, Change | None] = dict.fromkeys(self._moves)
        for changeset, change in self._history(edit):
            if changeset.revision < self._undo.revision:
                break
            changes[changeset.revision] = change
        yield from sorted(changes.items(), key=lambda one: one[0])

    def _history(self, edit: Edit) -> Iterator[tuple[Changeset, Change]]:
        return self._view.history(self._app, edit.scope, edit.owner, str(edit.now))

    def _move(self, levels: list[_Level], revision: int, edit: Edit, held: Entry | None) -> None:
        version = self._moves[revision]
        left = [one for one in levels if is_lower(version, one.version)]
        del levels[len(levels) - len(left) :]
        if not levels or levels[-1].version != version:
            levels.append(_Level(version))
        if any(one.edit is not None for one in left):  # what the way back left counts as one
            levels[-1].edit = self._edit(edit, revision, held)

    def _edit(self, edit: Edit, revision: int, held: Entry | None) -> Edit:
        key = self._name_at(edit, revision)
        row: Row | None = None if held is None else held.as_row(key)
        return attrs.evolve(edit, key=key, edit=row, edited_in=revision)

    def _name_at(self, edit: Edit, revision: int) -> str:
        self._names = self._names or self._view.names(self._app)
        names = self._names.get(edit.uuid, ())
        earlier = [name for since, name in names if since <= revision and name is not None]
        return earlier[-1] if earlier else edit.key
