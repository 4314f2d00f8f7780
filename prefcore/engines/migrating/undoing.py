"""What a way back undoes, read from the log."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from prefcore.engines.migrating.work import is_lower
from prefcore.interfaces import Snapshot
from prefcore.model import Changeset

__all__ = ["Undoing", "in_force", "undoing", "undoing_last"]


@attrs.frozen
class Undoing:
    """What a way back undoes: every change from ``revision`` on but users' edits.

    ``base`` is the version in force before that revision, ``goal`` the one to end at,
    ``migrations`` the revisions of the migrations since, up and down, and ``versions`` what was in
    force from which revision on.
    """

    revision: int
    base: str
    goal: str
    migrations: frozenset[int]
    versions: tuple[tuple[int, str], ...]

    def version_at(self, revision: int) -> str:
        """Give the version in force when a revision was written."""
        earlier = [version for since, version in self.versions if since <= revision]
        return earlier[-1] if earlier else self.base


def undoing(view: Snapshot, app: str, target: str) -> Undoing:
    """Read the log for what stands between now and ``target``.

    Where the store began above ``target`` there is nothing to restore: all entries count as edits.
    """
    log = _moves(view, app)
    stack = _in_force(log)
    below = [one for one in stack if is_lower(target, one[2])]
    versions = tuple((one.revision, str(one.schema_after)) for one in log if one.schema_after)
    first = below[0] if below else None
    if first is None or is_lower(target, first[1]):
        revision, base = 0, target
    else:
        revision, base = first[0], first[1]
    migrations = frozenset(one.revision for one in log if one.schema_before is not None)
    return Undoing(revision, base, target, migrations, versions)


def in_force(view: Snapshot, app: str) -> list[tuple[int, str, str]]:
    """Give the migrations upwards that nothing took back: revision, version from and version to."""
    return _in_force(_moves(view, app))


def _moves(view: Snapshot, app: str) -> list[Changeset]:
    """Give the changesets that left another version in force, oldest first."""
    log = [one for one in view.changesets(app) if one.schema_before != one.schema_after]
    log.reverse()
    return log


def _in_force(log: Iterable[Changeset]) -> list[tuple[int, str, str]]:
    stack: list[tuple[int, str, str]] = []
    for one in log:
        before, after = one.schema_before, one.schema_after
        if before is None or after is None:
            continue
        if is_lower(before, after):
            stack.append((one.revision, before, after))
            continue
        while stack and not is_lower(stack[-1][1], after):
            stack.pop()
        if stack and after != stack[-1][2]:
            stack[-1] = (stack[-1][0], stack[-1][1], after)
    return stack


def undoing_last(view: Snapshot, changeset: Changeset) -> Undoing:
    """Give what taking back the newest migration alone undoes; it may have led down."""
    base = str(changeset.schema_before)
    log = view.changesets(changeset.app)
    versions = [(one.revision, str(one.schema_after)) for one in log if one.schema_after]
    return Undoing(
        changeset.revision,
        base,
        base,
        frozenset((changeset.revision,)),
        tuple(reversed(versions)),
    )
