"""Pruning: the part of the facade that forgets the history up to some point."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from prefcore.engines.pruning import Kept
from prefcore.errors import IntegrityError, UsageError, WrongKey
from prefcore.facade.act import Act, Begun
from prefcore.facade.acts import prune_act
from prefcore.facade.keeping import Keeper
from prefcore.facade.performing import silent
from prefcore.model import Plan, Progress

__all__ = ["Pruner"]


class Pruner(Keeper):
    """Forgets what stood before old changes, for good."""

    def plan_prune(
        self,
        *,
        before: datetime | None = None,
        older_than: timedelta | None = None,
        keep_last: int | None = None,
        back_up: bool = True,
        reason: str = "",
    ) -> Plan:
        """Say what forgetting the history up to some point would do.

        What stood before the changes of this application goes: those of acts before a moment, or
        ``older_than`` some time, or but for the newest ``keep_last`` that changed values; where
        several are given, what one of them keeps stays. What is held now stays, and so does who did
        what, when and why. Applying takes a backup first where targets are configured, unless not
        to ``back_up``; it cannot be undone. The plan's warnings say what is no longer possible.
        Raises UsageError where none is given, IntegrityError where the log does not verify, and
        PluginError where the store cannot prune.
        """
        kept = _kept(before, older_than, keep_last)
        return self._plan(self._pruning(kept, reason, back_up=back_up))

    def begin_prune(
        self,
        *,
        before: datetime | None = None,
        older_than: timedelta | None = None,
        keep_last: int | None = None,
        back_up: bool = True,
        reason: str = "",
        rehearsed: bool = False,
        progress: Progress = silent,
    ) -> AbstractContextManager[Begun]:
        """Prune in a transaction that stays open, as ``begin_import`` imports.

        When it is committed, nothing of what was forgotten is left in the store's files; where
        something stands in the way of that alone, PartialSuccess is raised, and doing it again
        removes the rest.
        """
        kept = _kept(before, older_than, keep_last)
        act = self._pruning(kept, reason, back_up=back_up)
        return self._begun(act, rehearsed=rehearsed, progress=progress)

    def _pruning(self, kept: Kept, reason: str, *, back_up: bool) -> Act:
        back = self._secure(None) if back_up and self._targets else None

        def secure() -> str:
            # The checkpoint that vouches for it is signed right after it: see now that it can be.
            try:
                _ = self.keys.ring
            except (WrongKey, IntegrityError) as error:
                raise type(error)(
                    "your key ring has to sign what pruning leaves, and nothing was changed: "
                    f"{error.message}",
                    **error.facts,
                ) from error
            return "" if back is None else back()

        return prune_act(self.app, kept, reason=reason, secure=secure)


def _kept(before: datetime | None, older_than: timedelta | None, keep_last: int | None) -> Kept:
    moments = [] if before is None else [before]
    if older_than is not None:
        try:
            moments.append(datetime.now(UTC) - older_than)
        except OverflowError as error:
            raise UsageError(f"there was no time as long ago as {older_than}") from error
    return Kept(since=min(moments, default=None), last=keep_last)
