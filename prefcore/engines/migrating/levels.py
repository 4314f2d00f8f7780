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
from prefcore.model import Change, Changeset, Row
from prefcore.values import same_text

__all__ = ["Levels"]


@attrs.define
class _Level:
    """A version that the store came up to, or back to, and the last edit made there.

    ``left`` is what the entry held when the store went up from here.
    """

    version: str
    edit: Edit | None = None
    left: Row | None = None


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
        """Give the last edit of each level of one entry, the lowest level first.

        That of a level that a way back led to may be what it gave back: that is no edit, and what
        the steps make of what stood before tells so.
        """
        if edit.now is None or len(self._moves) < 2:
            return [] if edit.edited_in is None else [edit]
        levels: list[_Level] = []
        held = edit.before
        for revision, change in self._story(edit):
            before = held
            if change is not None:
                held = None if change.after is None else change.after.as_row()
            if revision in self._moves:
                self._move(levels, revision, edit, before, held)
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

    def _move(
        self, levels: list[_Level], revision: int, edit: Edit, before: Row | None, held: Row | None
    ) -> None:
        """Go up to another level, or back to one, with what the entry held before and after."""
        version = self._moves[revision]
        if levels and is_lower(levels[-1].version, version):
            levels[-1].left = before
        above = [one for one in levels if is_lower(version, one.version)]
        del levels[len(levels) - len(above) :]
        if not levels or levels[-1].version != version:
            levels.append(_Level(version))
            is_as_left = False
        else:
            is_as_left = _same(levels[-1].left, held)
        # What a way back carried down, or made of what it carried, counts as an edit from there on.
        if above and not is_as_left:
            levels[-1].edit = self._edit(edit, revision, held)

    def _edit(self, edit: Edit, revision: int, held: Row | None) -> Edit:
        key = self._name_at(edit, revision)
        row = None if held is None else (key, *held[1:])
        return attrs.evolve(edit, key=key, edit=row, edited_in=revision)

    def _name_at(self, edit: Edit, revision: int) -> str:
        self._names = self._names or self._view.names(self._app)
        names = self._names.get(edit.uuid, ())
        earlier = [name for since, name in names if since <= revision and name is not None]
        return earlier[-1] if earlier else edit.key


def _same(one: Row | None, other: Row | None) -> bool:
    return same_text(one and one[1], other and other[1])
