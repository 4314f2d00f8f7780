"""Upgrading: the store brought to another schema version, and changesets taken back."""

from __future__ import annotations

from contextlib import AbstractContextManager

from prefcore.errors import NotFound, PolicyRefused, UsageError
from prefcore.facade.act import Act, Begun
from prefcore.facade.acts import migration_act, undo_act, undo_migration_act
from prefcore.facade.keeping import Keeper
from prefcore.facade.performing import silent
from prefcore.model import Changeset, Plan, Progress

__all__ = ["Upgrader"]


class Upgrader(Keeper):
    """Migrates up and down, and undoes; what may lose something is backed up first."""

    def plan_migration(
        self, to: str | None = None, *, take_before: bool = False, reason: str = ""
    ) -> Plan:
        """Say what migrating to a version (the newest, if none is named) would do, up or down.

        On the way down, an edit that the older schema refuses is a conflict; with
        ``take_before`` what stood before the upgrade takes its place. Raises MissingStep,
        InvalidValue or ConflictError where a value would be lost on the way.
        """
        return self._plan(self._migrating(to, take_before=take_before, reason=reason))

    def begin_migration(
        self,
        to: str | None = None,
        *,
        take_before: bool = False,
        reason: str = "",
        rehearsed: bool = False,
        progress: Progress = silent,
    ) -> AbstractContextManager[Begun]:
        """Migrate in a transaction that stays open, as ``begin_import`` imports."""
        act = self._migrating(to, take_before=take_before, reason=reason)
        return self._begun(act, rehearsed=rehearsed, progress=progress)

    def _migrating(self, to: str | None, *, take_before: bool, reason: str) -> Act:
        start = self._version
        if start is None:
            raise NotFound(
                f"the store holds nothing of {self.app} yet; there is nothing to migrate"
            )
        goal = to or self._workplace.known.newest or start
        return migration_act(
            self._workplace,
            start,
            goal,
            take_before=take_before,
            reason=reason,
            secure=self._secure(None) if self._targets else None,
        )

    def plan_undo(self, id: str | None = None, *, skip: bool = False, reason: str = "") -> Plan:
        """Say what undoing a changeset (the newest, if none is named) would do.

        Undoing a migration is migrating back. With ``skip``, entries that changed again since
        are left alone instead of being conflicts. Raises NotFound, and PolicyRefused while a later
        migration stands on the changeset, or where it changed no value.
        """
        return self._plan(self._undoing(id, skip=skip, reason=reason))

    def begin_undo(
        self,
        id: str | None = None,
        *,
        skip: bool = False,
        reason: str = "",
        rehearsed: bool = False,
    ) -> AbstractContextManager[Begun]:
        """Undo a changeset in a transaction that stays open, as ``begin_import`` imports."""
        return self._begun(self._undoing(id, skip=skip, reason=reason), rehearsed=rehearsed)

    def _newest_to_undo(self) -> Changeset | None:
        """Give the newest changeset that changed values or the version; acts on keys did not."""
        for one in self.log():
            if one.changes or one.schema_before not in (None, one.schema_after):
                return one
        return None

    def _undoing(self, id: str | None, *, skip: bool, reason: str) -> Act:
        if not isinstance(id, str | None):
            raise UsageError(f"a changeset is named by its id, a text, not by {id!r:.40}")
        changeset = self.changeset(id) if id is not None else self._newest_to_undo()
        if changeset is None:
            raise NotFound("there is nothing to undo: the history holds no change")
        if changeset.app != self.app:
            raise NotFound(f"changeset {changeset.id[:8]} is of {changeset.app}, not {self.app}")
        before, after = changeset.schema_before, changeset.schema_after
        if not changeset.changes and before in (None, after):
            raise _nothing_to_undo(changeset)
        if before == after or before is None:
            self._refuse_if_newer()
            return undo_act(changeset, self.schema, skip=skip, reason=reason)
        if after != self._version:
            raise PolicyRefused(
                f"changeset {changeset.id[:8]} migrated {before} → {after}, and later "
                "migrations stand on it; undo those first",
                changeset=changeset.id,
            )
        return undo_migration_act(
            self._workplace,
            changeset,
            reason=reason,
            secure=self._secure(None) if self._targets else None,
        )


#: How acts that change no value are taken back, by the kind of their changeset.
_OTHER_WAYS = {
    "note": "say it anew with: prefcore schema note",
    "deprecate": "take it back with: prefcore schema deprecate VERSION --undo",
    "verdict": "take it back with: prefcore schema verdict OLDER NEWER computed",
    "prune": "what was pruned is gone; a backup made before may hold it: prefcore backup list",
    "register": "a registered version may stay: nothing is at it until a migration leads there",
}


def _nothing_to_undo(changeset: Changeset) -> PolicyRefused:
    way = _OTHER_WAYS.get(changeset.kind, "it is told in the history, and stays there")
    return PolicyRefused(
        f"changeset {changeset.id[:8]} ({changeset.kind}) changed no value, so there is nothing to "
        f"undo; {way}",
        changeset=changeset.id,
        kind=changeset.kind,
    )
