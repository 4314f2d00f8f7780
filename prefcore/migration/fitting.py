"""Fitting: whether a step goes with the two schemas that it stands between, with witness values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from prefcore.errors import PrefcoreError
from prefcore.migration.conversions import Cast, Convert
from prefcore.migration.operations import Add, MapValues, Operation, Remove, Rename
from prefcore.migration.rows import Rows
from prefcore.migration.scripted import Python
from prefcore.migration.steps import Step
from prefcore.schema import SchemaDocument
from prefcore.schema.checks import kinds_of
from prefcore.schema.closest import did_you_mean
from prefcore.schema.problems import shown
from prefcore.schema.witnesses import witnesses
from prefcore.values import UNSET, canonical_text, from_text

__all__ = ["Misfit", "check_step"]


@attrs.frozen
class Misfit:
    """What does not go together: in which operation (empty: the step), for which key, and why.

    ``witness`` is a value of the older schema that shows it, or UNSET where none is needed.
    """

    operation: str
    key: str
    message: str
    witness: object = UNSET

    def __str__(self) -> str:
        at = f"{self.operation}: " if self.operation else ""
        return f"{at}{self.message}"


def check_step(step: Step, older: SchemaDocument, newer: SchemaDocument) -> list[Misfit]:
    """Give what in a step does not go with the schemas of the versions it stands between.

    Keys are looked up in both; some values that the older schema allows are taken through the
    step. Nothing found is no proof: it takes a few witnesses for all values.
    """
    found = [
        *_misplaced(step, older, newer),
        *_gone(step, older, newer),
        *_untold_casts(step, newer),
        *_unlisted(step, older),
    ]
    for key in _looked_at(step):
        if key in older.preferences:
            found += _witnessed(step, key, older, newer)
    return found


def _looked_at(step: Step) -> list[str]:
    """Give the keys of the older schema by which some operation decides."""
    return sorted({key for operation in step.operations for key in operation.older_keys})


def _misplaced(step: Step, older: SchemaDocument, newer: SchemaDocument) -> Iterator[Misfit]:
    """Walk the keys that there are through the operations."""
    there = set(older.preferences)
    for i, operation in enumerate(step.operations):
        for key in operation.older_keys:
            if key not in there:
                hint = did_you_mean(key, there)
                yield _misfit(operation, key, f"{older.version} declares no {key}{hint}")
        if isinstance(operation, Add) and operation.key in there:
            yield _misfit(
                operation, operation.key, f"{older.version} declares {operation.key} already"
            )
        if isinstance(operation, (Rename, Remove)):
            there.discard(operation.key)
        there.update(operation.newer_keys)
        later = {key for one in step.operations[i + 1 :] for key in one.older_keys}
        known = newer.preferences.keys() | later
        if isinstance(operation, Python):
            known = known | older.preferences.keys()  # it may take these out
        for key in operation.newer_keys:
            if key not in known:
                hint = did_you_mean(key, newer.preferences)
                yield _misfit(operation, key, f"{newer.version} declares no {key}{hint}")
        if isinstance(operation, Remove) and operation.key in newer.preferences:
            later = {key for one in step.operations[i + 1 :] for key in one.newer_keys}
            if operation.key not in later:
                message = f"{newer.version} still declares {operation.key}"
                yield _misfit(operation, operation.key, message)


def _gone(step: Step, older: SchemaDocument, newer: SchemaDocument) -> Iterator[Misfit]:
    told = {key for one in step.operations for key in (*one.older_keys, *one.newer_keys)}
    for key in older.preferences:
        if key not in newer.preferences and key not in told:
            message = f"{key} is gone in {newer.version}, and no operation says what becomes of it"
            yield Misfit("", key, message)


def _untold_casts(step: Step, newer: SchemaDocument) -> Iterator[Misfit]:
    for i, operation in enumerate(step.operations):
        if not (isinstance(operation, Convert) and isinstance(operation.way, Cast)):
            continue
        key = _name_after(step.operations[i + 1 :], operation.key)
        preference = newer.preferences.get(key or "")
        if preference is not None:
            kinds = kinds_of(preference.shape, newer.definitions)
            if operation.way.to not in kinds:
                listed = ", ".join(sorted(kinds)) or "nothing"
                message = f"{newer.version} takes {listed} for {key}, not {operation.way.to}"
                yield _misfit(operation, operation.key, message)


def _name_after(operations: Sequence[Operation], key: str) -> str | None:
    """Give the name of a key after renames; None where other operations change it once more."""
    for operation in operations:
        if isinstance(operation, Rename) and operation.key == key:
            key = operation.to
        elif key in (*operation.older_keys, *operation.newer_keys):
            return None
    return key


def _unlisted(step: Step, older: SchemaDocument) -> Iterator[Misfit]:
    """Look for old values of tables that the older schema does not allow."""
    changed: set[str] = set()
    for operation in step.operations:
        key = operation.older_keys[0] if isinstance(operation, MapValues) else ""
        if isinstance(operation, MapValues) and key in older.preferences and key not in changed:
            for text in operation.table:
                problem = older.check(key, from_text(text))
                if problem is not None:
                    message = f"{older.version} allows no such value of {key}: {problem.message}"
                    yield _misfit(operation, key, message, from_text(text))
        changed.update(operation.newer_keys)


def _witnessed(
    step: Step, key: str, older: SchemaDocument, newer: SchemaDocument
) -> Iterator[Misfit]:
    """Take values of a key through the step, alone; gives the first that goes wrong each way."""
    tables = [one.table for one in step.operations if isinstance(one, MapValues) and one.key == key]
    listed = [from_text(text) for table in tables for text in table]
    check = older.check_of(key)
    told: set[str] = set()
    for value in [*(one for one in listed if check(one) is None), *witnesses(older, key)]:
        for misfit in _taken_through(step, key, value, newer):
            if misfit.operation not in told:
                told.add(misfit.operation)
                yield misfit


def _taken_through(step: Step, key: str, value: object, newer: SchemaDocument) -> Iterator[Misfit]:
    rows = Rows([(key, canonical_text(value), 0, "api", "")], at=1, actor="")
    last: dict[str, Operation] = {}
    for operation in step.operations:
        before = {row[0]: row for row in rows}
        try:
            operation.up(rows)
        except Exception as error:  # noqa: BLE001  # an operation may be an application's own
            said = error.message if isinstance(error, PrefcoreError) else repr(error)
            yield _misfit(operation, key, f"with {key} = {shown(value)}: {said}", value)
            return
        last.update((row[0], operation) for row in rows if before.get(row[0]) != row)
    for made, text, *_ in rows:
        if made in newer.preferences:
            problem = newer.check(made, from_text(text))
            if problem is not None:
                message = (
                    f"with {key} = {shown(value)}, {newer.version} refuses {made}: "
                    f"{problem.message}"
                )
                yield Misfit(str(last.get(made, "")), made, message, value)


def _misfit(operation: Operation, key: str, message: str, witness: object = UNSET) -> Misfit:
    return Misfit(str(operation), key, message, witness)
