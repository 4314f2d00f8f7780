"""Guarding: what each call of the facade is asked by, and what the history says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from prefcore.access.judging import Judge
from prefcore.access.policy import Access
from prefcore.errors import NotPermitted, PrefcoreError
from prefcore.facade.other_versions import OtherVersion
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Snapshot
from prefcore.lookup import Lookup
from prefcore.model import Selection
from prefcore.model.sets import place
from prefcore.values import is_sealed_text

__all__ = ["Guard", "warn"]

#: So much of a fact is recorded; keys and owners are shorter.
_LONGEST = 600
#: What the record of a denial says, of the error's facts.
_OF_DENIALS = ("actor", "action", "scope", "owner", "key", "rule")


class Guard(Lookup):
    """Reads single values, and records who was denied what, and who opened which secret."""

    def __init__(self, workplace: Workplace) -> None:
        super().__init__(workplace.store, workplace.app, access=workplace.in_force.now)
        self._workplace = workplace
        self._denied: set[tuple[object, ...]] = set()

    def may(self, action: str, scope: str = "", owner: str = "", key: str = "") -> bool:
        """Say whether the actor may do that; nothing is recorded."""
        return self._judge is None or not self._judge.refusal(action, scope, owner, key)

    @property
    def access(self) -> Access | None:
        """What the actor may do by the access policies; None where there is none."""
        return self._access

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Record a denial that is raised inside, once whatever is open inside was closed.

        The same denial is recorded once, so that a program which tries again and again does not
        fill the history. Where the store takes no record, the error alone is left.
        """
        try:
            yield
        except NotPermitted as error:
            # A watcher may have put anything there.
            told = {name: error.facts.get(name) for name in _OF_DENIALS}
            facts = {
                name: one[:_LONGEST] for name, one in told.items() if isinstance(one, str) and one
            }
            asked = tuple(facts.items())
            if "rule" in facts and asked not in self._denied:
                self._denied.add(asked)
                self._record_denial(facts, error)
            raise

    def _record_denial(self, facts: Mapping[str, object], error: NotPermitted) -> None:
        try:
            self._record("denied", facts, reason=str(error.facts["what"])[:_LONGEST])
        except PrefcoreError as failed:
            warn(f"a denial could not be recorded: {failed.message}")

    def _judge_of(self, view: Snapshot, app: str | None = None) -> Judge | None:
        """Give what judges the keys of a view; None where nothing is asked."""
        access = self._access
        return None if access is None else Judge.of(access, view, app or self.app)

    def _permit_sources(self, action: str, sets: Iterable[tuple[str, str]]) -> None:
        """Raise NotPermitted where the steps make values of something that may not be read.

        An older store is read through migration steps, which are whoever runs the program's own:
        they may give any value of a set any name. So all of a set is asked for where some rule is
        of certain keys. To reveal takes that of all its secrets. What is read at once, the store
        itself asks for; here is what goes by the log, and by opening.
        """
        store, access = self._store, self._access
        if isinstance(store, OtherVersion) and access is not None and access.tells_keys_apart:
            for scope, owner in sets:
                for row in store.sources(scope, owner):
                    if action == "read" or is_sealed_text(row[1]):
                        self.permit(action, scope, owner, row[0])

    def _check_selected(
        self, view: Snapshot, selection: Selection, *, at: int | None = None
    ) -> None:
        """Raise NotPermitted where something selected may not be read, before any is given."""
        judge = self._judge_of(view)
        if judge is not None:
            for one in view.sets(self.app, selection, at=at):
                judge.check_rows(one.scope, one.owner, one.rows, revision=at)

    def _record_reading(self, scope: str, owner: str, key: str) -> None:
        """Record that a secret is read, where its declaration asks for that; raises ReadOnly.

        Before it is opened: what cannot be recorded is not read.
        """
        store = self._store
        asked = isinstance(store, OtherVersion) and store.is_audited(key)
        if asked or self.declared(key).audited:
            details = {"scope": scope, "owner": owner, "key": key}
            self._record("read", details, reason=f"read {place(scope, owner)} {key}")

    def _record(self, kind: str, details: Mapping[str, object], *, reason: str = "") -> None:
        """Put an act that changes nothing into the history; raises ReadOnly."""
        draft = self._workplace.draft(kind, reason, details)
        with self._store.changeset(draft, version=self._version) as transaction:
            transaction.note()


def warn(sentence: str) -> None:
    """Tell the library's log."""
    import logging  # late: 5 ms, and mostly there is nothing to warn of

    logging.getLogger("prefcore").warning("%s", sentence)
