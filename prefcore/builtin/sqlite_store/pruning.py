"""Pruning: what stood before the changes of an application, taken out of the file for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from prefcore.audit import Pruning, pruned_refusal, pruning_through, prunings, through_of
from prefcore.builtin.sqlite_store import layout
from prefcore.builtin.sqlite_store.changesets import CHANGESET, changeset_of
from prefcore.model import Changeset, PreferenceSet, Rename

__all__ = ["last_changed", "mark", "prune", "pruned_apps", "refuse_pruned"]

_PRUNERS = CHANGESET + "WHERE c.kind = 'prune' ORDER BY c.rev"
_IN_THE_WAY = CHANGESET + "WHERE c.rev = ?"
_LAST = """
SELECT max(rev) FROM changesets WHERE app_id = ? AND rev <= ? AND changes > 0
"""
_PRUNED = CHANGESET + "WHERE c.app_id = ? AND c.rev <= ? AND c.changes > 0 ORDER BY c.rev"
_RENAMES = "SELECT before, after FROM renames WHERE rev = ? ORDER BY seq"
_FORGET = """
DELETE FROM changes WHERE rev <= :through AND rev > :before
AND rev IN (SELECT rev FROM changesets WHERE app_id = :app AND rev <= :through)
"""
# A removed entry stays only to hold on to its history.
_FORGET_REMOVED = """
DELETE FROM entries WHERE value IS NULL AND rev <= :through
AND owner_id IN (SELECT id FROM owners WHERE app_id = :app)
"""


def pruned_apps(database: sqlite3.Connection) -> dict[int, int]:
    """Give the revision up to which each application is pruned, by its id, where it is."""
    if database.execute("PRAGMA user_version").fetchone()[0] < layout.PRUNED:
        return {}
    told = prunings(map(changeset_of, database.execute(_PRUNERS)))
    ids = database.execute("SELECT name, id FROM apps").fetchall()
    return {id: through_of(told[app]) for app, id in ids if app in told}


def prune(
    database: sqlite3.Connection,
    app_id: int,
    through: int,
    before: int,
    sets: Iterable[PreferenceSet],
) -> Pruning | None:
    """Take out the changes up to ``through``, the last of a changeset that has any.

    ``before`` is how far the application was pruned; ``sets`` is what was held after ``through``.
    None, and nothing taken out, where nothing is left to be.
    """
    pruning = pruning_through(through, _changesets(database, app_id, through), sets, before=before)
    if pruning is None:
        return None
    # What is taken out is overwritten, also where the process dies before the file is rewritten.
    database.execute("PRAGMA secure_delete = ON")
    wanted = {"app": app_id, "through": through, "before": before}
    database.execute(_FORGET, wanted)
    database.execute(_FORGET_REMOVED, {"app": app_id, "through": through})
    mark(database)
    return pruning


def last_changed(database: sqlite3.Connection, app_id: int, through: int) -> int:
    """Give the last revision up to ``through`` in which an application's entries changed, or 0."""
    return int(database.execute(_LAST, (app_id, through)).fetchone()[0] or 0)


def mark(database: sqlite3.Connection) -> None:
    """Give the file the layout of a pruned store, which an older prefcore refuses as newer."""
    if database.execute("PRAGMA user_version").fetchone()[0] < layout.PRUNED:
        database.execute(layout.PRUNERS)
        database.execute(f"PRAGMA user_version = {layout.PRUNED:d}")


def refuse_pruned(database: sqlite3.Connection, pruned: dict[int, int], revision: int) -> None:
    """Raise HistoryPruned where the changeset of a revision lost its changes."""
    row = database.execute(
        "SELECT app_id FROM changesets WHERE rev = ? AND changes > 0", (revision,)
    ).fetchone()
    through = pruned.get(row[0], 0) if row else 0
    if row and revision <= through:
        one = changeset_of(database.execute(_IN_THE_WAY, (revision,)).fetchone())
        raise pruned_refusal(
            f"what changeset {one.id[:8]} changed is not known any more",
            one.app,
            revision=revision,
            through=through,
        )


def _changesets(
    database: sqlite3.Connection, app_id: int, through: int
) -> Iterator[tuple[Changeset, list[Rename]]]:
    for row in database.execute(_PRUNED, (app_id, through)):
        yield (
            changeset_of(row),
            [Rename(*names) for names in database.execute(_RENAMES, (row[0],))],
        )
