"""An act: what becomes one changeset, and one that was carried out and is not committed yet.

An act is planned and done by the same code in one transaction, so a plan cannot lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import attrs

from prefcore.errors import PartialSuccess, PrefcoreError, StalePlan, UsageError
from prefcore.interfaces import Store, Transaction
from prefcore.model import Changeset, Plan
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument
from prefcore.security import is_telling_name
from prefcore.vault import SealingTransaction

__all__ = ["Act", "Begun"]


@attrs.frozen(kw_only=True)
class Act:
    """Something that becomes one changeset: what it is called, and the code that does it.

    The same code makes the plan and does the act. ``to_version`` is the schema version in force
    afterwards, where it changes; ``careful`` keeps a safety copy of the store first, and
    ``secure`` what else keeps the state before, such as a backup: it says what it did, and where it
    raises, nothing is changed. ``action`` is what the access policy is asked for: ``write`` for
    every value that it touches. One that ``scrubs`` leaves nothing in the store's files of what is
    not held any more. ``schemas`` are those it works with: a key that one of them
    declares sensitive is sealed, and so is one in ``secrets``. ``given`` tells of which audited
    secrets how many values the functions of steps will see: that is recorded before they do.
    """

    kind: str
    summary: str
    run: Callable[[SealingTransaction, PlanBuilder], None]
    reason: str = ""
    details: Mapping[str, object] = attrs.field(factory=dict)
    to_version: str | None = None
    action: str = "write"
    careful: bool = False
    secure: Callable[[], str] | None = None
    scrubs: bool = False
    schemas: tuple[SchemaDocument, ...] = ()
    secrets: frozenset[str] = frozenset()
    given: Callable[[], Mapping[str, int]] = dict

    def hides(self, key: str) -> bool:
        """Say whether a key's values are sealed: declared so, or undeclared with a telling name."""
        declared = [one.preferences[key] for one in self.schemas if key in one.preferences]
        if key in self.secrets or any(one.sensitive for one in declared):
            return True
        return not declared and is_telling_name(key)


class Begun:
    """An act that was carried out in a transaction which is still open: nobody else sees it yet."""

    def __init__(
        self,
        plan: Plan,
        transaction: Transaction,
        ending: ExitStack,
        done: Callable[[Changeset | None], object],
        *,
        copied: Store | None,
        scrubbed: Store | None,
        secure: Callable[[], str] | None,
        is_rehearsal: bool,
    ) -> None:
        #: What it did; the act will not run again, so committing does exactly this.
        self.plan = plan
        self._transaction = transaction
        self._ending = ending
        self._copied = copied
        self._scrubbed = scrubbed
        self._secure = secure
        #: What kept the state before, in a sentence's part; empty where nothing did.
        self.secured = ""
        self._done = done
        self._is_rehearsal = is_rehearsal
        self._is_open = True

    def commit(self, *, expected: str | None = None) -> Changeset | None:
        """Make it durable; gives the changeset, None where nothing changed.

        Raises the plan's blocker, and StalePlan when its digest is not the ``expected`` one; then
        nothing was changed.
        """
        plan = self.plan
        if not self._is_open:
            raise UsageError(f"{plan.summary} has ended already; begin it again")
        if self._is_rehearsal:
            raise UsageError(f"{plan.summary} was only rehearsed; apply its plan, or begin it anew")
        if expected is not None and plan.digest != expected:
            raise StalePlan(
                f"{plan.summary}: the state moved since the plan was made, and it would now do "
                "something else; plan it again",
                expected=expected,
                found=plan.digest,
            )
        if plan.blocker is not None:
            raise plan.blocker
        if self._copied is not None:
            self._copied.save_copy(f"before {plan.summary}")
        if self._secure is not None:
            self.secured = self._secure()
        self._is_open = False
        self._ending.close()
        changeset = self._transaction.result()
        self._done(changeset)
        if self._scrubbed is not None:
            self._scrub(self._scrubbed)
        return changeset

    def _scrub(self, store: Store) -> None:
        """See that what was there is not only overwritten, but gone."""
        try:
            store.scrub()
        except PrefcoreError as error:
            raise PartialSuccess(
                f"{self.plan.summary}: done, but what it removed may still stand in the store's "
                f"files: {error.message}; once nothing stands in the way, prefcore history prune "
                "writes them anew, also where nothing is left to be pruned",
                **error.facts,
            ) from error

    def let_go(self) -> None:
        """Leave the store as it was, and free its write lock; nothing once it was committed."""
        if self._is_open:
            self._is_open = False
            self._transaction.abandon()
            self._ending.close()
