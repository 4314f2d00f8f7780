"""Migrating: steps walk up over the store in one transaction; the log takes them back down.

Down is not the inverse of up: it is the log read backwards. An entry that nobody edited since the
migrations being undone gets back exactly what stood before them, with its metadata. An edit made
since is carried down through the steps; where the older schema refuses it, it is a conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import groupby, takewhile
from typing import NoReturn

import attrs

from prefcore.errors import (
    InvalidValue,
    MissingStep,
    PolicyRefused,
    PrefcoreError,
    StepFailed,
)
from prefcore.interfaces import Edit, Snapshot, Transaction
from prefcore.migration import Add, Edge, Operation, Rename, Rows
from prefcore.migration.operations import TextChange
from prefcore.migration.rows import Carried, Uncarried
from prefcore.model import Change, Changeset, Conflict, PlanItem, Row, Selection, place, to_micros
from prefcore.model import Rename as Renamed
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument, Version
from prefcore.values import UNSET, from_text

__all__ = ["Migration", "Undoing", "migrate_back", "migrate_up", "undoing", "undoing_last"]

#: Gives the schema of a version.
Load = Callable[[str], SchemaDocument]
#: Gives the edges between two versions, in walking order.
FindPath = Callable[[str, str], tuple[Edge, ...]]


@attrs.frozen(kw_only=True)
class Migration:
    """What a migration works with: the application, who migrates and when, schemas and paths."""

    app: str
    actor: str
    at: datetime
    load: Load
    find_path: FindPath

    def rows(self, rows: Iterable[Row]) -> Rows:
        """Give rows that a step can work on, stamped with this migration."""
        return Rows(rows, at=to_micros(self.at), actor=self.actor)


# ---------------------------------------------------------------------------------------- up


def migrate_up(
    transaction: Transaction, builder: PlanBuilder, migration: Migration, path: tuple[Edge, ...]
) -> None:
    """Walk the edges upwards over everything stored, and apply the last version.

    Raises MissingStep, InvalidValue or ConflictError, naming the edge, the set and the key, when
    a value would be lost or is refused on the way, and StepFailed when a step raises.
    """
    for edge in path:
        older, newer = migration.load(edge.older), migration.load(edge.newer)
        operations = edge.step.operations if edge.step is not None else ()
        for operation in operations:
            if isinstance(operation, Add):  # a value that the user had comes before the step's
                _return_parked(transaction, migration.app, newer, (operation.key,))
            _up(transaction, migration, edge, operation)
        decided = {key for operation in operations for key in operation.decides_on}
        added, removed, changed = older.changed_keys(newer)
        _refuse_lost_keys(transaction, edge, migration.app, removed)
        _return_parked(transaction, migration.app, newer, {*added} - decided)
        _check_held(transaction, edge, newer, {*added, *changed})
    _tell_changes(transaction, builder)


def _up(transaction: Transaction, migration: Migration, edge: Edge, operation: Operation) -> None:
    """Run one operation over the store: in bulk where it works on one key alone."""
    in_bulk = operation.in_bulk()
    if in_bulk is not None:
        _up_in_bulk(transaction, migration, edge, operation, *in_bulk)
    elif isinstance(operation, Rename) and not _holds(transaction, migration, operation.to):
        transaction.rename(operation.key, operation.to)
    else:
        _up_by_set(transaction, migration, edge, operation)


def _holds(transaction: Transaction, migration: Migration, key: str) -> bool:
    return next(transaction.held(migration.app, key), None) is not None


def _up_in_bulk(
    transaction: Transaction,
    migration: Migration,
    edge: Edge,
    operation: Operation,
    key: str,
    change: TextChange,
) -> None:
    try:
        transaction.transform(key, change)
    except Exception as error:  # noqa: BLE001  # a step's function may raise anything
        where, cause = _culprit(transaction, migration, key, change) or ("", error)
        _raise_named(migration, edge, operation, where, cause)


def _culprit(
    transaction: Transaction, migration: Migration, key: str, change: TextChange
) -> tuple[str, Exception] | None:
    """Give the first set on whose value a change raises, and what it raises."""
    for scope, owner, row in transaction.held(migration.app, key):
        try:
            change(row[1])
        except Exception as error:  # noqa: BLE001  # a step's function may raise anything
            return place(scope, owner), error
    return None


def _up_by_set(
    transaction: Transaction, migration: Migration, edge: Edge, operation: Operation
) -> None:
    """Run an operation set by set, over those that hold a key it decides by."""
    concerned = Selection.of_keys(operation.decides_by)
    for one in transaction.sets(migration.app, concerned):
        rows = migration.rows(one.rows)
        try:
            operation.up(rows)
        except Exception as error:  # noqa: BLE001  # a step's function may raise anything
            _raise_named(migration, edge, operation, one.place, error)
        held, after = set(one.rows), list(rows)
        transaction.write(one.scope, one.owner, [row for row in after if row not in held])
        kept = {row[0] for row in after}
        transaction.remove(one.scope, one.owner, [r[0] for r in one.rows if r[0] not in kept])


def _raise_named(
    migration: Migration, edge: Edge, operation: Operation, where: str, error: Exception
) -> NoReturn:
    """Raise an operation's error with its edge and set; a sensitive value is not in it."""
    schema = migration.load(edge.older)
    declared = (schema.preferences.get(key) for key in operation.older_keys)
    hidden = any(one is not None and one.sensitive for one in declared)
    kind: type[PrefcoreError] = StepFailed
    facts: dict[str, object] = {}
    message = f"{operation} raised {type(error).__name__}"
    if isinstance(error, PrefcoreError):
        kind, facts = type(error), error.facts
        message = str(facts.get("said", message)) if hidden else error.message
    elif not hidden:
        message += f": {error}"
    if hidden:
        facts = {name: fact for name, fact in facts.items() if name != "value"}
    if kind is StepFailed:
        message += "; nothing was changed"
    at = f"{where} " if message.startswith(f"{facts.get('key')}: ") else f"{where}: "
    told = kind(f"{edge.older} → {edge.newer}: {at if where else ''}{message}", **facts)
    raise told from (None if hidden else error)


def _refuse_lost_keys(
    transaction: Transaction, edge: Edge, app: str, removed: Iterable[str]
) -> None:
    for key in sorted(removed):
        holder = next(transaction.held(app, key), None)
        if holder is not None:
            raise MissingStep(
                f"{edge.older} → {edge.newer}: {key} is gone in {edge.newer} and "
                f"{place(*holder[:2])} holds it; write a step that says what becomes of it, "
                f"such as remove({key!r}) or rename({key!r}, …)",
                key=key,
                older=edge.older,
                newer=edge.newer,
            )


def _return_parked(
    transaction: Transaction, app: str, newer: SchemaDocument, added: Iterable[str]
) -> None:
    """Give keys that are declared again the values an earlier migration took, where valid."""
    for key in sorted(added):
        for scope, owner, row in list(transaction.parked(app, key)):
            if _fault(newer, key, row[1], scope, owner) is None:
                transaction.write(scope, owner, [row])


def _check_held(
    transaction: Transaction, edge: Edge, newer: SchemaDocument, keys: set[str]
) -> None:
    if not keys:
        return
    verdicts: dict[tuple[str, str, str], PrefcoreError | None] = {}
    for one in transaction.sets(newer.app, Selection.of_keys(keys)):
        for key, text, *_ in one.rows:
            seen = (one.scope, key, text)
            if seen not in verdicts:
                verdicts[seen] = _fault(newer, key, text, one.scope, one.owner)
            fault = verdicts[seen]
            if fault is not None:
                raise type(fault)(
                    f"{edge.older} → {edge.newer}: {fault.message}; write a step for it, "
                    f"such as map_values({key!r}, …)",
                    **fault.facts,
                )


def _fault(
    schema: SchemaDocument, key: str, text: str, scope: str, owner: str
) -> PrefcoreError | None:
    try:
        schema.validate(key, from_text(text), scope=scope, place=place(scope, owner))
    except (InvalidValue, PolicyRefused) as error:
        return error
    return None


# -------------------------------------------------------------------------------------- down


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
    log = [one for one in view.changesets(app) if one.schema_before != one.schema_after]
    log.reverse()
    stack: list[tuple[int, str, str]] = []  # revision, from, to: migrations in force
    for one in log:
        before, after = one.schema_before, one.schema_after
        if before is None or after is None:
            continue
        if _lower(before, after):
            stack.append((one.revision, before, after))
            continue
        while stack and not _lower(stack[-1][1], after):
            stack.pop()
        if stack and after != stack[-1][2]:
            stack[-1] = (stack[-1][0], stack[-1][1], after)
    below = [one for one in stack if _lower(target, one[2])]
    versions = tuple((one.revision, str(one.schema_after)) for one in log if one.schema_after)
    first = below[0] if below else None
    if first is None or _lower(target, first[1]):
        revision, base = 0, target
    else:
        revision, base = first[0], first[1]
    migrations = frozenset(one.revision for one in log if one.schema_before is not None)
    return Undoing(revision, base, target, migrations, versions)


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


def migrate_back(
    transaction: Transaction,
    builder: PlanBuilder,
    migration: Migration,
    path: tuple[Edge, ...],
    undo: Undoing,
    *,
    take_before: bool = False,
) -> None:
    """Take everything stored back to a version it was at, along ``path``.

    Edits made since that the schema there refuses become conflicts of the plan; with
    ``take_before`` they give way to what stood before, and stay in the history.
    """
    standing = _rename_back(transaction, migration, path, undo)
    descent = _Descent(transaction, migration, path, undo, standing)
    edits = transaction.edits_since(migration.app, undo.revision, ignoring=undo.migrations)
    for (scope, owner), group in groupby(edits, key=lambda edit: (edit.scope, edit.owner)):
        touched = list(group)
        restored, carried, conflicts = descent.of_set(scope, owner, touched)
        wanted = dict(restored)
        for key, row in carried.items():
            fault = descent.fault(scope, owner, row)
            if fault is None:
                wanted[key] = row
            else:
                conflicts.append(_conflict(scope, owner, key, restored.get(key), row, fault))
        for conflict in () if take_before else conflicts:
            builder.conflict(conflict)
        gone = {edit.now for edit in touched if edit.now is not None} - set(wanted)
        transaction.remove(scope, owner, gone)
        transaction.write(scope, owner, wanted.values())
    _tell_changes(transaction, builder)


def _rename_back(
    transaction: Transaction, migration: Migration, path: tuple[Edge, ...], undo: Undoing
) -> dict[str, str]:
    """Give every key, with all its entries, the name it has at the end of the path.

    Returns, for keys that a part of the run that stands had renamed, the name before by that after.
    """
    logged = [
        change
        for revision in sorted(undo.migrations)
        if revision >= undo.revision
        for change in takewhile(_is_rename, transaction.changes(revision))
        if isinstance(change, Renamed)
    ]
    for change in reversed(logged):
        transaction.rename(change.after, change.before)
    again: tuple[Edge, ...] = ()
    if undo.base != undo.goal:  # the goal lies within a run: its first part stands
        again = migration.find_path(undo.base, undo.goal)
    standing: dict[str, str] = {}
    for edge in again:
        for operation in edge.step.operations if edge.step else ():
            if isinstance(operation, Rename) and operation.as_change() in logged:
                transaction.rename(operation.key, operation.to)
                standing[operation.to] = standing.pop(operation.key, operation.key)
    if undo.revision:
        return standing
    for edge in path:  # from before the log began: nothing tells how it was, the step does
        for operation in reversed(edge.step.operations if edge.step else ()):
            if isinstance(operation, Rename) and operation.as_change() not in logged:
                transaction.rename(operation.to, operation.key)
    return standing


def _is_rename(change: Change | Renamed) -> bool:
    return isinstance(change, Renamed)


class _Descent:
    """The way down for one set after the other."""

    def __init__(
        self,
        transaction: Transaction,
        migration: Migration,
        path: tuple[Edge, ...],
        undo: Undoing,
        standing: Mapping[str, str],
    ) -> None:
        self._transaction = transaction
        self._migration = migration
        self._undo = undo
        self._standing = standing
        self._goal = undo.goal
        self._schema = migration.load(self._goal)
        versions = {version for edge in path for version in (edge.older, edge.newer)}
        self._elsewhere = {
            key for version in versions for key in migration.load(version).preferences
        } - set(self._schema.preferences)

    def of_set(
        self, scope: str, owner: str, touched: list[Edit]
    ) -> tuple[dict[str, Row], dict[str, Row], list[Conflict]]:
        """Give what the touched entries of a set become, by key.

        First those restored from the log, then the edits, carried down, that differ from what
        the migration itself had made; and the edits that an operation cannot carry.
        """
        names = {edit.now for edit in touched}
        held = self._transaction.read_set(self._migration.app, scope, owner).rows
        context = [row for row in held if row[0] not in names]
        before = [(self._standing.get(row[0], row[0]), *row[1:]) for row in context]
        before += [edit.before for edit in touched if edit.before is not None]
        where = place(scope, owner)
        restored = self._walk(before, self._undo.base, self._goal, where)
        for row in context:
            restored.pop(row[0], None)
        carried: dict[str, Row] = {}
        conflicts: list[Conflict] = []
        made, version = {row[0]: row for row in before}, self._undo.base
        edited = [edit for edit in touched if edit.edited_in is not None]
        for newer, group in groupby(sorted(edited, key=self._order), key=self._version):
            made, version = self._walk(made.values(), version, newer, where), newer
            edits = {edit.key: edit for edit in group if _differs(edit, made.get(edit.key))}
            for edit, error in self._carry(made, edits, version, restored, carried):
                base = restored.get(edit.now or edit.key)
                conflicts.append(_conflict(scope, owner, edit.key, base, edit.edit, error))
            made = _overlaid(made, edits)
        return restored, carried, conflicts

    def _carry(
        self,
        made: dict[str, Row],
        edits: dict[str, Edit],
        version: str,
        restored: dict[str, Row],
        carried: dict[str, Row],
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
            if edit.edit is None:
                restored.pop(edit.now or edit.key, None)  # the user took it out: it stays out
        after = {row[0]: row for row in rows}
        without: dict[str, Row] = {}
        if rows.derived:
            without = {row[0]: row for row in self._carried(made, (), version)}
        for key in sorted({*rows.edited, *rows.derived}):
            row = after.get(key)
            if key in rows.derived and _text(row) == _text(without.get(key)):
                continue  # the edits make no difference to it: what the log gives back stands
            if row is None:
                restored.pop(key, None)
                carried.pop(key, None)
            elif key not in self._elsewhere:
                carried[key] = row
        return refused

    def _carried(self, rows: Mapping[str, Row], edited: Iterable[str], version: str) -> Carried:
        at, actor = to_micros(self._migration.at), self._migration.actor
        carried = Carried(rows.values(), at=at, actor=actor, edited=edited)
        self._step_through(carried, version, self._goal)
        return carried

    def fault(self, scope: str, owner: str, row: Row) -> PrefcoreError | None:
        """Say why the goal's schema refuses a row; None where it does not, or does not know it."""
        if row[0] not in self._schema.preferences:
            return None
        return _fault(self._schema, row[0], row[1], scope, owner)

    def _order(self, edit: Edit) -> Version:
        return Version.parse(self._version(edit))

    def _version(self, edit: Edit) -> str:
        return self._undo.version_at(edit.edited_in or 0)

    def _walk(self, rows: Iterable[Row], start: str, goal: str, where: str) -> dict[str, Row]:
        """Take rows of one set from one version up to another by the steps alone."""
        in_flight = self._migration.rows(rows)
        try:
            self._step_through(in_flight, start, goal)
        except PrefcoreError as error:
            raise type(error)(f"{where}: {error.message}", **error.facts) from error
        return {row[0]: row for row in in_flight}

    def _step_through(self, rows: Rows, start: str, goal: str) -> None:
        upwards = _lower(start, goal)
        for edge in self._migration.find_path(start, goal) if start != goal else ():
            if edge.step is not None and upwards:
                edge.step.up(rows)
            elif edge.step is not None:
                edge.step.down(rows)


def _differs(edit: Edit, made: Row | None) -> bool:
    """Say whether an edit left something else than the migration had made."""
    return _text(edit.edit) != _text(made) or edit.edit is None


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


# ----------------------------------------------------------------------------------- telling


def _tell_changes(transaction: Transaction, builder: PlanBuilder) -> None:
    """Tell the builder what the transaction changed so far."""
    for change in transaction.pending():
        if isinstance(change, Renamed):
            builder.add(PlanItem("rename", change.before, after=change.after))
        else:
            builder.add(_item(change))


def _item(change: Change) -> PlanItem:
    before = UNSET if change.before is None else change.before.value
    after = UNSET if change.after is None else change.after.value
    act = "add" if before is UNSET else "remove" if after is UNSET else "change"
    return PlanItem(act, change.key, change.scope, change.owner, before, after)


def _lower(one: str, other: str) -> bool:
    return Version.parse(one) < Version.parse(other)
