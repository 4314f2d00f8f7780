"""The descent: what each entry of a set becomes on the way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

import attrs

from prefcore.engines.migrating.levels import Levels
from prefcore.engines.migrating.retracing import Retracing, Trace
from prefcore.engines.migrating.undoing import Undoing
from prefcore.engines.migrating.work import Migration, fault_of, is_lower
from prefcore.errors import BrokenSeal, PrefcoreError, StepFailed, WrongKey
from prefcore.interfaces import Edit
from prefcore.migration import Edge, Rename, Rows
from prefcore.migration.rows import Carried, Uncarried
from prefcore.model import Conflict, Row, to_micros
from prefcore.model.sets import place
from prefcore.schema import Version
from prefcore.values import UNSET, canonical_text, from_text, is_sealed_text, same_text
from prefcore.vault import HIDDEN, SealingTransaction

__all__ = ["Descent"]

_HIDDEN = canonical_text(HIDDEN)


class Descent:
    """The way down for one set after the other."""

    def __init__(
        self,
        transaction: SealingTransaction,
        migration: Migration,
        path: tuple[Edge, ...],
        undo: Undoing,
        standing: Mapping[str, str],
        retracing: Retracing,
    ) -> None:
        self._transaction = transaction
        self._migration = migration
        self._undo = undo
        self._standing = standing
        self._retracing = retracing
        self._levels = Levels(transaction, migration.app, undo)
        self._goal = undo.goal
        self._schema = migration.load(self._goal)
        versions = {version for edge in path for version in (edge.older, edge.newer)}
        self._elsewhere = {
            key for version in versions for key in migration.load(version).preferences
        } - set(self._schema.preferences)
        again = migration.find_path(undo.base, undo.goal) if undo.base != undo.goal else ()
        edges = (*path, *again)
        operations = [one for edge in edges if edge.step for one in edge.step.operations]
        #: What the steps work on, and which of it was found sealed: that stays so.
        self._concerned = {
            key for one in operations for key in (*one.older_keys, *one.newer_keys, *one.decides_by)
        }
        self._renames = [(one.key, one.to) for one in operations if isinstance(one, Rename)]
        self.hidden: set[str] = set()

    def of_set(
        self, scope: str, owner: str, touched: list[Edit]
    ) -> tuple[dict[str, Row], set[str], list[Conflict]]:
        """Give what entries of a set become, by key, what goes, and edits that cannot be carried.

        They are the touched ones, and others that stood otherwise at the goal. Each becomes what
        the log gives back, or the last edit that differs from what the migrations had made, carried
        down; where it is a conflict, what stands is the edit before it, or the log's.
        """
        touched = [self._opened_edit(edit) for edit in touched]
        names = {edit.now for edit in touched}
        held = self._transaction.read_set(self._migration.app, scope, owner).rows
        context = [self._opened(scope, owner, row) for row in held if row[0] not in names]
        before = [(self._standing.get(row[0], row[0]), *row[1:]) for row in context]
        before += [edit.before for edit in touched if edit.before is not None]
        began = {row[0]: row for row in before}
        parked = self._parked(scope, owner, touched)
        up = Trace(scope, owner, self._undo.base, dict(began), parked)
        self._walk(up, self._goal)
        wanted = up.rows
        gone = {edit.now for edit in touched if edit.now is not None}
        for row in context:
            now = wanted.get(row[0])
            if now is None:
                gone.add(row[0])
            elif same_text(now[1], row[1]):
                del wanted[row[0]]
        carried: dict[str, list[Row]] = {}
        refused: dict[str, tuple[Edit, PrefcoreError]] = {}
        made = Trace(scope, owner, self._undo.base, began, parked)
        edited = self._edited(touched)
        for newer, group in groupby(sorted(edited, key=self._order), key=self._version):
            self._walk(made, newer)
            edits = {edit.key: edit for edit in group if _differs(edit, made.rows.get(edit.key))}
            for edit in edits.values():
                refused.pop(edit.now or edit.key, None)  # a later one, at a higher version
            for edit, error in self._carry(made.rows, edits, newer, wanted, carried):
                refused[edit.now or edit.key] = (edit, error)
            made.rows = _overlaid(made.rows, edits)
        conflicts = self._settle(scope, owner, carried, wanted)
        for key, (edit, error) in refused.items():
            base = wanted.get(key)
            conflicts.append(self._conflict(scope, owner, edit.key, base, edit.edit, error))
        return wanted, gone - wanted.keys(), conflicts

    def _edited(self, touched: list[Edit]) -> list[Edit]:
        """Give the edits of a set, and what ways back in between made of edits of others."""
        if all(edit.edited_in is None for edit in touched):
            return []
        return [self._opened_edit(each) for edit in touched for each in self._levels.of(edit)]

    def _settle(
        self, scope: str, owner: str, carried: Mapping[str, list[Row]], wanted: dict[str, Row]
    ) -> list[Conflict]:
        """Put the last carried row of each key that the goal's schema takes into ``wanted``.

        Gives the conflicts of later ones.
        """
        conflicts = []
        for key, rows in carried.items():
            fault = None
            for row in rows:
                fault = self._fault(scope, owner, row)
                if fault is None:
                    wanted[key] = row
            if fault is not None:
                base = wanted.get(key)
                conflicts.append(self._conflict(scope, owner, key, base, rows[-1], fault))
        return conflicts

    def _carry(
        self,
        made: dict[str, Row],
        edits: dict[str, Edit],
        version: str,
        restored: dict[str, Row],
        carried: dict[str, list[Row]],
    ) -> list[tuple[Edit, PrefcoreError]]:
        """Take a version's edits down, among what the migration made, into ``carried``.

        What they take out leaves ``restored``. Gives the edits that cannot be carried, and why.
        """
        refused: list[tuple[Edit, PrefcoreError]] = []
        edits = dict(edits)
        while True:
            try:
                rows = self._carried(_overlaid(made, edits), edits, version)
                break
            except Uncarried as stop:  # what the migration had made stands for these
                refused += [(edits.pop(key), stop.error) for key in sorted(stop.edits)]
        for edit in edits.values():
            if edit.edit is None:  # the user took it out: it stays out
                restored.pop(edit.now or edit.key, None)
                carried.pop(edit.now or edit.key, None)
        after = {row[0]: row for row in rows}
        without: dict[str, Row] = {}
        if rows.derived:
            without = {row[0]: row for row in self._carried(made, (), version)}
        for key in sorted({*rows.edited, *rows.derived}):
            row = after.get(key)
            if key in rows.derived and same_text(_text(row), _text(without.get(key))):
                continue  # the edits make no difference to it: what the log gives back stands
            if row is None:
                restored.pop(key, None)
                carried.pop(key, None)
            elif key not in self._elsewhere:
                carried.setdefault(key, []).append(row)
        return refused

    def _carried(self, rows: Mapping[str, Row], edited: Iterable[str], version: str) -> Carried:
        at, actor = to_micros(self._migration.at), self._migration.actor
        carried = Carried(rows.values(), at=at, actor=actor, edited=edited)
        self._step_through(carried, version, self._goal)
        return carried

    def _fault(self, scope: str, owner: str, row: Row) -> PrefcoreError | None:
        """Say why the goal's schema refuses a row; None where it does not, or does not know it."""
        if row[0] not in self._schema.preferences:
            return None
        key, text = self._transaction.opened(scope, owner, row)[:2]
        hidden = key in self.hidden or self._transaction.hides(key)
        return fault_of(self._schema, key, text, scope, owner, hidden=hidden)

    def _opened(self, scope: str, owner: str, row: Row, uuid: str | None = None) -> Row:
        """Open a row that a step works on, and remember that it is a secret."""
        if row[0] not in self._concerned or not is_sealed_text(row[1]):
            return row
        self.hidden.update(self._names_of(row[0]))
        return self._transaction.opened(scope, owner, row, uuid=uuid)

    def _opened_edit(self, edit: Edit) -> Edit:
        before, after = (
            row and self._opened(edit.scope, edit.owner, row, edit.uuid)
            for row in (edit.before, edit.edit)
        )
        return attrs.evolve(edit, before=before, edit=after)

    def _names_of(self, key: str) -> set[str]:
        """Give a key with all names that the renames on the path connect with it."""
        names = {key}
        while True:
            more = {name for pair in self._renames if names & {*pair} for name in pair} - names
            if not more:
                return names
            names |= more

    def _conflict(
        self,
        scope: str,
        owner: str,
        key: str,
        before: Row | None,
        edit: Row | None,
        fault: PrefcoreError,
    ) -> Conflict:
        """Give the conflict of an edit that cannot be carried; a secret is not in it."""
        if key not in self.hidden and not self._transaction.hides(key):
            return _conflict(scope, owner, key, before, edit, fault)
        schema = self._schema.preferences.get(key)
        # What a step's function raised may tell the value, also of a key that stays sensitive.
        if schema is None or not schema.sensitive or isinstance(fault, StepFailed):
            fault = type(fault)(f"{key}: the sealed value cannot be taken along", key=key)
        before, edit = (row and (row[0], _HIDDEN, *row[2:]) for row in (before, edit))
        conflict = _conflict(scope, owner, key, before, edit, fault)
        return attrs.evolve(conflict, sensitive=True)

    def _order(self, edit: Edit) -> Version:
        return Version.parse(self._version(edit))

    def _version(self, edit: Edit) -> str:
        return self._undo.version_at(edit.edited_in or 0)

    def _parked(self, scope: str, owner: str, touched: list[Edit]) -> dict[str, Row]:
        """Give what was parked when what is undone began, in clear, by key."""
        if self._undo.base == self._goal and not any(edit.edited_in for edit in touched):
            return {}
        uuids = {edit.now: edit.uuid for edit in touched}
        parked = self._retracing.parked(scope, owner, touched)
        for key, row in parked.items():
            if is_sealed_text(row[1]):
                self.hidden.update(self._names_of(key))
                parked[key] = self._transaction.opened(scope, owner, row, uuid=uuids[key])
        return parked

    def _walk(self, trace: Trace, goal: str) -> None:
        """Take a set to another version by the steps alone, mostly up; errors name the set."""
        if is_lower(trace.version, goal):
            self._retracing.walk(trace, goal, self.hidden)
            return
        rows = self._migration.rows(trace.rows.values())
        try:
            self._step_through(rows, trace.version, goal)
        except PrefcoreError as error:
            told = self._told(error, place(trace.scope, trace.owner))
            raise told from (None if self.hidden else error)
        trace.rows, trace.version = {row[0]: row for row in rows}, goal

    def _told(self, error: PrefcoreError, where: str) -> PrefcoreError:
        """Give a step's error with its set; where secrets were opened, it may tell one."""
        message, facts = error.message, error.facts
        if self.hidden and not isinstance(error, (WrongKey, BrokenSeal)):
            message = str(facts.get("said", f"a step raised {type(error).__name__}"))
            facts = {name: fact for name, fact in facts.items() if name != "value"}
        return type(error)(f"{where}: {message}", **facts)

    def _step_through(self, rows: Rows, start: str, goal: str) -> None:
        upwards = is_lower(start, goal)
        for edge in self._migration.find_path(start, goal) if start != goal else ():
            if edge.step is not None and upwards:
                edge.step.up(rows)
            elif edge.step is not None:
                edge.step.down(rows)


def _differs(edit: Edit, made: Row | None) -> bool:
    """Say whether an edit left something else than the migration had made."""
    return not same_text(_text(edit.edit), _text(made))


def _overlaid(rows: Mapping[str, Row], edits: Mapping[str, Edit]) -> dict[str, Row]:
    """Give a set as it is with some edits in it."""
    overlaid = dict(rows)
    for key, edit in edits.items():
        if edit.edit is None:
            overlaid.pop(key, None)
        else:
            overlaid[key] = edit.edit
    return overlaid


def _text(row: Row | None) -> str | None:
    return None if row is None else row[1]


def _conflict(
    scope: str, owner: str, key: str, before: Row | None, edit: Row | None, fault: PrefcoreError
) -> Conflict:
    said = fault.message.removeprefix(f"{place(scope, owner)} {key}: ").partition("; did you")[0]
    return Conflict(
        scope,
        owner,
        key,
        base=UNSET if before is None else from_text(before[1]),
        ours=UNSET if edit is None else from_text(edit[1]),
        reason=f"it was edited since the upgrade, and {said}; change it, or take what stood "
        "before with --take before",
    )
