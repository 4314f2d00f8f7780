"""Restoring: a whole state into an empty store, or a selection of values into a living one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from prefcore.errors import InvalidValue, PolicyRefused, PrefcoreError
from prefcore.interfaces import Transaction
from prefcore.merge import aligned_sets
from prefcore.model import PlanItem, PreferenceSet, Row, Selection, to_micros
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument
from prefcore.values import from_text, is_sealed_text, same_text

__all__ = ["restore_sets"]


def restore_sets(
    transaction: Transaction,
    builder: PlanBuilder,
    sets: Iterable[PreferenceSet],
    selection: Selection,
    *,
    schema: SchemaDocument,
    passage: Callable[[PreferenceSet, set[str]], PreferenceSet] | None,
    at: datetime,
    actor: str,
    is_own: bool,
) -> None:
    """Make the values of a selection what they are in a backup, telling the builder.

    ``sets`` are those of the backup, of one application; ``passage`` takes them from their schema
    version to the one of the store. What the store holds of the selection and they do not is
    removed. A value that the schema refuses is told to the builder, and stands in the way. A
    sealed one comes back as it is, which only the store it was sealed for can open: ``is_own``
    says this is it.
    """
    walk = _Walk(transaction, builder, selection, schema, passage, at, actor, is_own=is_own)
    held = transaction.sets(schema.app, selection)
    for theirs, ours in aligned_sets(sets, held):
        walk.take(theirs, ours)


class _Walk:
    """One restore on its way through the sets of a backup."""

    def __init__(
        self,
        transaction: Transaction,
        builder: PlanBuilder,
        selection: Selection,
        schema: SchemaDocument,
        passage: Callable[[PreferenceSet, set[str]], PreferenceSet] | None,
        at: datetime,
        actor: str,
        *,
        is_own: bool,
    ) -> None:
        self._is_own = is_own
        self._transaction = transaction
        self._builder = builder
        self._selection = selection
        self._schema = schema
        self._passage = passage
        self._at = at
        self._actor = actor
        self._passed: set[tuple[str, str, str]] = set()

    def take(self, theirs: PreferenceSet, ours: tuple[Row, ...]) -> None:
        """Make one set what it is in the backup, as far as it is selected."""
        scope, owner = str(theirs.scope), theirs.owner
        if not self._selection.takes_set(scope, owner):
            return
        rows = [row for row in self._migrated(theirs) if self._selection.takes_key(row[0])]
        held = {row[0]: row[1] for row in ours}
        written = []
        told: dict[str, list[tuple[str, str | None, str | None]]] = {"add": [], "change": []}
        stamp = (to_micros(self._at), "restore", self._actor)
        wanted = set()
        for key, text, *_ in rows:
            wanted.add(key)
            if same_text(held.get(key), text):
                self._builder.counts["unchanged"] += 1
            elif self._passes(scope, owner, key, text):
                written.append((key, text, *stamp))
                act = "change" if key in held else "add"
                told[act].append((key, held.get(key), text))
        removed = [key for key in held if key not in wanted]
        for act, changed in told.items():
            self._builder.add_rows(act, scope, owner, changed)
        self._builder.add_rows("remove", scope, owner, [(key, held[key], None) for key in removed])
        self._transaction.write(scope, owner, written)
        self._transaction.remove(scope, owner, removed)

    def _migrated(self, one: PreferenceSet) -> Iterable[Row]:
        if self._passage is None:
            return one.rows
        sealed = [row for row in one.rows if is_sealed_text(row[1])]  # no step can read these
        if sealed:
            clear = [row for row in one.rows if not is_sealed_text(row[1])]
            one = PreferenceSet(one.scope, one.owner, clear)
        return [*self._passage(one, set()).rows, *sealed]

    def _passes(self, scope: str, owner: str, key: str, text: str) -> bool:
        """Check a value, the same text only once; tell the builder of a refusal."""
        seen = (scope, key, text)
        if seen in self._passed:
            return True
        fault = self._fault(scope, owner, key, text)
        if fault is not None:
            self._builder.refuse(PlanItem("refuse", key, scope, owner, reason=fault.message), fault)
            return False
        if len(self._passed) > 100_000:
            self._passed.clear()
        self._passed.add(seen)
        return True

    def _fault(self, scope: str, owner: str, key: str, text: str) -> PrefcoreError | None:
        where = place(scope, owner)
        if is_sealed_text(text):
            return self._fault_of_sealed(where, key)
        if key not in self._schema.preferences:
            self._builder.warn(
                f"{key}: schema {self._schema.version} declares no such key; what the backup holds "
                "of it is kept for a version that does"
            )
            return None
        try:
            self._schema.validate(key, from_text(text), scope=scope, place=where)
        except (InvalidValue, PolicyRefused) as error:
            return error
        return None

    def _fault_of_sealed(self, where: str, key: str) -> PrefcoreError | None:
        if self._is_own and self._passage is None:
            return None
        why = "at another schema version" if self._is_own else "of another store"
        return PolicyRefused(
            f"{where} {key} is encrypted, and the backup is {why}; leave it out with --key, or "
            "restore all of it --to a new store",
            key=key,
        )
