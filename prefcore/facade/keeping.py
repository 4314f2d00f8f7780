"""Keeping: backups of the whole store, values brought back from one, and its log verified."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from prefcore.engines.backups import SHORT
from prefcore.errors import PrefcoreError
from prefcore.facade.act import Act, Begun
from prefcore.facade.acts import restore_act
from prefcore.facade.auditing import Audit
from prefcore.facade.backups import Backups, Taken, begun_folder, target_named
from prefcore.facade.performing import Performer, silent
from prefcore.model import Plan, Progress, Selection
from prefcore.schema.secret import Secret

__all__ = ["Keeper"]


class Keeper(Performer):
    """Backs a store up into its targets, restores from them, and verifies its log."""

    def backups(self, target: str | None = None) -> Backups:
        """Give the backups in a target, to list, verify and load.

        ``target`` is the name of a configured one, or a URL; by default the one called
        ``default``, or the only one. Raises UsageError, PluginMissing.
        """
        self.permit("backup")
        name, url = target_named(target, self._targets)
        return Backups(
            url,
            plugins=self.plugins,
            name=name,
            keys=self.keys,
            actor=self.actor,
            begun=begun_folder(self._environ),
        )

    def back_up(
        self,
        *,
        target: str | None = None,
        format: str | None = None,
        always: bool = False,
        encrypt: bool | None = None,
        passphrase: Secret[str] | None = None,
    ) -> Taken:
        """Back the whole store up, all its applications; see ``Backups.create``."""
        with self.backups(target) as backups:
            return backups.create(
                self._stored, format=format, always=always, encrypt=encrypt, passphrase=passphrase
            )

    @property
    def audit(self) -> Audit:
        """The log of the whole store, to be read, verified and signed; raises NotPermitted."""
        self.permit("history")
        return Audit(
            self._stored,
            app=self.app,
            actor=self.actor,
            keys=self.keys,
            plugins=self.plugins,
            targets=self._targets,
            permit=self.permit,
        )

    def plan_restore(
        self,
        id: str,
        *,
        target: str | None = None,
        selection: Selection = Selection(),
        back_up: bool = True,
        reason: str = "",
    ) -> Plan:
        """Say what making the selected values what they are in a backup would do.

        Values of this application alone, in one changeset that can be undone; what the backup does
        not hold of the selection is removed. A backup of the present state is taken first, unless
        not to ``back_up``. Raises NotFound, IntegrityError, AppMismatch, NewerFormat, MissingStep;
        values that the schema refuses are in the plan.
        """
        return self._plan(self._restoring(id, target, selection, reason, back_up=back_up))

    def begin_restore(
        self,
        id: str,
        *,
        target: str | None = None,
        selection: Selection = Selection(),
        back_up: bool = True,
        reason: str = "",
        rehearsed: bool = False,
        progress: Progress = silent,
    ) -> AbstractContextManager[Begun]:
        """Restore in a transaction that stays open, as ``begin_import`` imports.

        ``progress`` is told of the values read from the backup.
        """
        act = self._restoring(id, target, selection, reason, back_up=back_up)
        return self._begun(act, rehearsed=rehearsed, progress=progress)

    def _restoring(
        self, id: str, target: str | None, selection: Selection, reason: str, *, back_up: bool
    ) -> Act:
        with self.backups(target) as backups:
            manifest = backups.find(id, store=self._stored)
        return restore_act(
            self._workplace,
            lambda: self.backups(target),
            manifest,
            self._version,
            selection,
            reason=reason,
            secure=self._secure(target) if back_up else None,
        )

    def _secure(self, target: str | None) -> Callable[[], str]:
        """Give what takes a backup before an act, and says so; where it fails, so does the act."""

        def secure() -> str:
            try:
                with self.backups(target) as backups:
                    taken = backups.create(self._stored, in_act=True)
            except PrefcoreError as error:
                raise type(error)(
                    f"no backup of the present state could be taken, and nothing was changed: "
                    f"{error.message}; to go on without one, give --no-backup",
                    **error.facts,
                ) from error
            return f"backup {taken.manifest.id[:SHORT]} in {backups.name} holds the state before"

        return secure
