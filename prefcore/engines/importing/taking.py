"""Sets on their way in: opened, migrated, checked, merged with what the store holds, written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from prefcore.conflicts import Settlement
from prefcore.engines.importing.checking import Checks
from prefcore.engines.importing.request import Base, ImportRequest, Passage
from prefcore.engines.importing.resolving import Resolvers
from prefcore.errors import DamagedDocument, PolicyRefused, WrongKey
from prefcore.interfaces import MergeStrategyInfo
from prefcore.merge import Decision, Side, aligned_sets, merge_rows
from prefcore.model import Conflict, PlanItem, PreferenceSet, Row, Scope, Selection, to_micros
from prefcore.model.sets import place, set_fault
from prefcore.planning import PlanBuilder
from prefcore.resolution import untrusted
from prefcore.schema import SchemaDocument
from prefcore.values import is_sealed_text, same_text
from prefcore.vault import SealingTransaction, holds_secrets

__all__ = ["import_sets"]


def import_sets(
    transaction: SealingTransaction,
    builder: PlanBuilder,
    sets: Iterable[PreferenceSet],
    request: ImportRequest,
    *,
    schema: SchemaDocument,
    passage: Passage | None,
    base: Base | None,
    strategies: Mapping[str, MergeStrategyInfo],
    at: datetime,
    actor: str,
    distrusted: frozenset[str] = frozenset(),
    unsaid: frozenset[str] = frozenset(),
) -> None:
    """Check and merge every selected set, writing what the merge takes and telling the builder.

    ``passage`` takes sets from the document's schema version to the store's. ``distrusted`` are
    keys that ask for trust beside those that the schema says do, ``unsaid`` those that the
    document's version knows nothing of: that it lacks them says nothing. Nothing here commits: the
    caller abandons the transaction where the builder says that something stands in the way.
    """
    walk = _Walk(transaction, builder, request, schema, strategies, at, actor, distrusted, unsaid)
    theirs = (walk.arriving(one, passage) for one in sets)
    if base is None:
        for one in theirs:
            walk.take(one, None)
        walk.finish()
        return
    started = (walk.started(one, base) for one in base.sets)
    for one, rows in aligned_sets(theirs, started):
        walk.take(one, rows, base.selections, held=rows if base.is_present else None)
    walk.finish()


class _Walk:
    """One import on its way through the sets of a document."""

    def __init__(
        self,
        transaction: SealingTransaction,
        builder: PlanBuilder,
        request: ImportRequest,
        schema: SchemaDocument,
        strategies: Mapping[str, MergeStrategyInfo],
        at: datetime,
        actor: str,
        distrusted: frozenset[str],
        unsaid: frozenset[str],
    ) -> None:
        self._transaction = transaction
        self._builder = builder
        self._request = request
        self._schema = schema
        self._at = to_micros(at)
        self._actor = actor
        self._checks = Checks(request, schema, builder, transaction.hides)
        self._resolvers = Resolvers(request, schema, strategies, at=self._at, actor=actor)
        self._unsaid = unsaid
        self._secrets: dict[tuple[str, str], set[str]] = {}  # of sets on their way, by scope, owner
        self._met = request.selection.is_everything
        self._settlement = Settlement(request.choices, request.take)
        # Nobody trusts the file with these.
        self._untrusted = distrusted | frozenset(
            key
            for key, preference in schema.preferences.items()
            if preference.trusted_only and not request.trust
        )

    def opened(self, one: PreferenceSet) -> PreferenceSet:
        """Give a document's set in clear; what its keys are not here for is left out, and told."""
        if not holds_secrets(one):
            return one
        self._transaction.open_ring(one.place)
        rows = []
        for row in one.rows:
            try:
                rows.append(self._transaction.from_document(one, row))
            except WrongKey as error:
                if self._request.selection.takes_key(row[0]):
                    self._builder.leave_out(f"{error.message}; it was left out")
        return PreferenceSet(one.scope, one.owner, rows)

    def arriving(self, one: PreferenceSet, passage: Passage | None) -> PreferenceSet:
        """Give a document's set in clear, at our schema version; which are secrets is kept."""
        secrets = _secrets_of(one)
        one = self.opened(one)
        if passage is not None:
            one = passage(one, secrets)
        if secrets:
            self._secrets[one.scope, one.owner] = secrets
        return one

    def started(self, one: PreferenceSet, base: Base) -> PreferenceSet:
        """Give a set of a base, at our schema version, its secrets sealed as ours are."""
        secrets = _secrets_of(one)
        if base.revision is None:
            one = self.opened(one)
        elif base.passage is not None:
            one = self._transaction.opened_at(one, base.revision)
        else:
            return one
        if base.passage is not None:
            one = base.passage(one, secrets)
        rows = self._transaction.sealed(one.scope, one.owner, one.rows, sealing=secrets)
        return PreferenceSet(one.scope, one.owner, rows)

    def take(
        self,
        one: PreferenceSet,
        base: tuple[Row, ...] | None,
        selections: tuple[Selection, ...] = (),
        *,
        held: tuple[Row, ...] | None = None,
    ) -> None:
        """Check one set, merge it into the store's, and write what changes.

        With a ``base``, a key that it holds and the set does not was removed on the other side,
        as far as the ``selections`` and portability say that the set could have held it. What the
        store holds of the set is read, unless it is given.
        """
        scope = Scope.named(one.scope)
        fault = set_fault(scope, one.owner)
        if fault:
            raise DamagedDocument(f"{self._request.name}: {fault}", file=self._request.name)
        selections = (self._request.selection, *selections)
        if not all(each.takes_set(scope, one.owner) for each in selections):
            return
        secrets = self._secrets.pop((one.scope, one.owner), _NONE)
        coming = rows = self._coming(one)
        if held is None:
            held = self._transaction.read_set(self._schema.app, scope, one.owner).rows
        self._met = self._met or bool(rows)
        if rows != held:
            passing = self._checks.passing(one, rows, held, secrets)
            rows = self._sealed(scope, one.owner, passing, secrets)
        # Before anything is compared: a plan must not tell what may not be written, or read.
        asked = [row[0] for row in coming]
        asked += [row[0] for row in base or () if self._travels(row, selections)]
        self._transaction.permit_changes(scope, one.owner, asked, rows=rows, held=held)
        if rows == held:  # whatever they started from
            self._builder.counts["unchanged"] += len(rows)
            return
        if not held and not base:
            self._builder.add_first_rows(scope, one.owner, rows)
            self._transaction.write(scope, one.owner, rows)
            return
        theirs = {row[0]: row for row in rows}
        ours = {row[0]: row for row in held}
        started = None if base is None else {
            row[0]: row for row in base if row[0] in theirs or self._travels(row, selections)
        }  # fmt: skip
        written, removed = [], []
        same = sum(1 for row in theirs.values() if same_text(ours.get(row[0], row)[1], row[1]))
        self._builder.counts["unchanged"] += same - len(theirs.keys() - ours.keys())
        for decision in merge_rows(ours, theirs, self._resolvers.resolve, base=started):
            if decision.act == "conflict":
                decision = self._settled(one, decision)
            if decision.act == "take" and decision.row is not None:
                written.append(decision.row)
            elif decision.act == "remove":
                removed.append(decision.side.key)
            self._tell_decision(one, decision)
        self._transaction.write(scope, one.owner, written)
        if removed:
            self._transaction.remove(scope, one.owner, removed)

    def finish(self) -> None:
        """Warn of what was asked for in vain; raises StalePlan for a choice that was.

        What was chosen is about a conflict, and what was selected is in the document.
        """
        if not self._met and not self._builder.refused:
            self._builder.warn(f"nothing in {self._request.name} matches the selection")
        for glob in self._settlement.unused():
            self._builder.warn(f"nothing that matches '{glob}' is in conflict; --take did nothing")

    def _settled(self, one: PreferenceSet, decision: Decision) -> Decision:
        """Give what was chosen for a conflict, or tell of it and give it back."""
        side = decision.side
        conflict = self._conflict(one, side)
        chosen = self._settlement.side(conflict)
        if chosen is None:
            self._builder.conflict(conflict)
            return decision
        row = {"ours": side.ours, "theirs": side.theirs, "base": side.base}[chosen]
        if chosen == "ours":
            return Decision("keep", side, row)
        return Decision("remove" if row is None else "take", side, row)

    def _conflict(self, one: PreferenceSet, side: Side) -> Conflict:
        shown = side.values()
        if side.theirs is not None and side.theirs[2] == self._at:
            shown["theirs_at"] = None  # a plain file tells no time; this one is ours
        return Conflict(
            one.scope,
            one.owner,
            **{name: shown[name] for name in _OF_CONFLICTS},  # type: ignore[arg-type]  # by name
            reason=_UNDECIDED,
            strategy=self._resolvers.strategy_of(side.key),
            sensitive=self._transaction.hides(side.key) or _is_secret(side),
        )

    def _sealed(
        self, scope: str, owner: str, rows: tuple[Row, ...], secrets: Collection[str]
    ) -> tuple[Row, ...]:
        """Seal secrets as the store holds them; without a key ring that is refused, and told.

        What was sealed in the document is a secret, whatever our schema calls its key.
        """
        try:
            return tuple(self._transaction.sealed(scope, owner, rows, sealing=secrets))
        except PolicyRefused as error:
            hidden = [row for row in rows if self._transaction.hides(row[0])]
            for row in hidden:
                item = PlanItem("refuse", row[0], scope, owner, reason=error.message)
                self._builder.refuse(item, error)
            return tuple(row for row in rows if not self._transaction.hides(row[0]))

    def _travels(self, row: Row, selections: tuple[Selection, ...]) -> bool:
        """Say whether the document would hold a key's value if its store did.

        Of a secret that is not sure: documents are made without, and read without their keys.
        """
        key, text = row[:2]
        if self._transaction.hides(key) or is_sealed_text(text):
            return False
        if key in self._untrusted or key in self._unsaid:
            return False
        preference = self._schema.preferences.get(key)
        portable = preference is None or preference.portable
        return portable and all(each.takes_key(key) for each in selections)

    def _coming(self, one: PreferenceSet) -> tuple[Row, ...]:
        """Give the rows of a set that are selected; those of keys that ask for trust are told."""
        selection, rows = self._request.selection, one.rows
        if selection.keys:
            rows = tuple(row for row in rows if selection.takes_key(row[0]))
        if self._untrusted:
            for row in rows:
                if row[0] in self._untrusted:
                    where = f"{self._request.name}: {place(one.scope, one.owner)}"
                    self._builder.leave_out(untrusted(row[0], where))
            rows = tuple(row for row in rows if row[0] not in self._untrusted)
        return rows

    def _tell_decision(self, one: PreferenceSet, decision: Decision) -> None:
        side = decision.side
        if decision.act == "take":
            self._tell("change" if side.ours else "add", one, side, decision.row)
        elif decision.act == "remove":
            self._tell("remove", one, side)
        elif decision.act == "keep" and side.theirs is not None:
            self._builder.counts["kept"] += 1

    def _tell(self, act: str, one: PreferenceSet, side: Side, row: Row | None = None) -> None:
        texts = (side.ours and side.ours[1], row and row[1])
        self._builder.add_rows(act, one.scope, one.owner, [(side.key, *texts)])


def _secrets_of(one: PreferenceSet) -> set[str]:
    return {row[0] for row in one.rows if is_sealed_text(row[1])} if holds_secrets(one) else set()


def _is_secret(side: Side) -> bool:
    rows = (side.base, side.ours, side.theirs)
    return any(row is not None and is_sealed_text(row[1]) for row in rows)


_NONE: frozenset[str] = frozenset()
_UNDECIDED = (
    "both sides hold different values; choose with --take or --merge, or write them out with "
    "--conflicts"
)
_OF_CONFLICTS = ("key", "base", "ours", "theirs", "ours_at", "theirs_at")
