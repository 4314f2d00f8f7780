"""Inspecting: what is wrong with what is stored, or would be under another schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from prefcore.engines import migrating, refusing
from prefcore.engines.migrating import ChangedStep
from prefcore.errors import BrokenSeal, WrongKey
from prefcore.facade.browsing import Browser
from prefcore.facade.other_versions import OlderStore
from prefcore.interfaces import SafetyCopy, Snapshot, StoreProblem
from prefcore.migration import Step, find_path
from prefcore.model import PreferenceSet, Row, Selection
from prefcore.schema import SchemaDocument, Version
from prefcore.values import from_text, is_sealed_text

__all__ = ["Inspector", "audited_in"]


class Inspector(Browser):
    """Looks for faults of one application's values, of its steps, and of the store itself."""

    def problems(self) -> Iterator[StoreProblem]:
        """Give what is wrong with the store itself; nothing where all of it agrees."""
        self.permit("inspect")
        yield from self._store.check()

    def copies(self) -> list[SafetyCopy]:
        """Give the safety copies of the store, newest first."""
        self.permit("inspect")
        return self._store.copies()

    def changed_steps(self) -> list[ChangedStep]:
        """Give the applied steps that are not what they were when they were applied (rule M06).

        Raises what reading the steps raises.
        """
        self.permit("inspect")
        with self._store.snapshot() as view:
            return list(migrating.changed_steps(view, self.app, self._workplace.steps()))

    def faults(self, selection: Selection = Selection()) -> Iterator[tuple[str, str, str]]:
        """Give place, key and fault of every stored value that the schema in force refuses."""
        with self._recorded(), self._view() as view:
            self._check_selected(view, selection)
            document = self.schema
            for one in view.sets(self.app, selection):
                for row in one.rows:
                    fault = self._fault(document, view, one, row)
                    if fault:
                        yield one.place, row[0], fault

    def _fault(self, document: SchemaDocument, view: Snapshot, one: PreferenceSet, row: Row) -> str:
        key = row[0]
        if key not in document.preferences:
            return f"{one.place} {key}: the schema declares no such key"
        try:
            text = self._workplace.vault.opened(view, one.scope, one.owner, row)[1]
        except (WrongKey, BrokenSeal) as error:
            return error.message
        problem = document.check(key, from_text(text))
        if problem is None:
            return ""
        if is_sealed_text(row[1]) and not document.preferences[key].sensitive:
            return f"{one.place} {key}: the sealed value is refused by schema {document.version}"
        return document.refusal(key, from_text(text), problem, place=one.place).message

    def refusals(self, document: SchemaDocument) -> refusing.Refused:
        """Give, by key and scope, how many stored values another schema would refuse.

        The steps that lead there take the values along first, in memory; nothing is changed. A
        sensitive value is not in what is told. Sets that the actor may not read all of, or not
        open all secrets of, are not looked at, and counted. That secrets are read whose readings
        are recorded is recorded once. Raises what reading the steps raises, and ReadOnly.
        """
        self.permit("inspect")
        store, older = self._store, self.schema
        if isinstance(store, OlderStore):  # what our steps make of it is not what is stored
            held = store.held or self._workplace.first_version()
            store, older = store.behind, self._workplace.schema(held)
        steps = self._steps_between(older.version, document.version)
        with store.snapshot() as view:

            def opened(one: PreferenceSet) -> PreferenceSet:
                vault = self._workplace.vault
                return vault.in_clear(view, one, lambda key: None, without_key=True)

            judge = self._judge_of(view)

            def may_see(one: PreferenceSet) -> bool:
                return judge is None or all(
                    judge.sees(one.scope, one.owner, row) for row in one.rows
                )

            seen = (one for one in view.sets(self.app) if may_see(one))
            read = Counter(audited_in(seen, older))
        if read:  # before it is done, as for an export in clear
            reason = f"read for a check against schema {document.version}"
            self._record("read", {"keys": dict(read)}, reason=reason)
        with store.snapshot() as view:
            return refusing.refused_values(
                view, older, document, steps, opened=opened, may_see=may_see
            )

    def _steps_between(self, start: str, goal: str) -> list[Step]:
        """Give the steps of a path upwards; what is declared but not known yet counts as known."""
        if Version.parse(goal) <= Version.parse(start):
            return []
        steps = self._workplace.steps()
        known = {*self.versions(), start, goal}
        placed = [one for one in steps if {one.from_version, one.to_version} <= known]
        edges = find_path(known, placed, start, goal)
        return [edge.step for edge in edges if edge.step is not None]


def audited_in(sets: Iterable[PreferenceSet], document: SchemaDocument) -> Iterator[str]:
    """Give the key of each secret in the sets whose readings are recorded."""
    audited = {key for key, one in document.preferences.items() if one.audited}
    for one in sets if audited else ():
        yield from (row[0] for row in one.rows if row[0] in audited and is_sealed_text(row[1]))
