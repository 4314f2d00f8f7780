"""Refusing: which stored values another schema would refuse, counted by key and scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import attrs

from prefcore.errors import PrefcoreError
from prefcore.interfaces import Snapshot
from prefcore.migration import Rows, Step
from prefcore.model import PreferenceSet, Selection, to_micros
from prefcore.model.sets import place
from prefcore.schema import SchemaDocument
from prefcore.values import from_text

__all__ = ["Refusals", "Refused", "refused_values"]


@attrs.frozen
class Refusals:
    """How many values of one key in one scope a schema refuses, with one of them told.

    ``sample`` says in words where one stands and why it is refused; no sensitive value is in it.
    """

    scope: str
    key: str
    count: int
    sample: str

    def as_document(self) -> dict[str, object]:
        """Give it as a portable object."""
        return attrs.asdict(self)


@attrs.frozen
class Refused:
    """What a schema refuses, by key and scope, of the sets that whoever asks may read.

    ``unseen`` sets were not looked at. How many of their values a schema refuses would tell what
    they hold: anybody can write a schema that refuses all but one value.
    """

    found: tuple[Refusals, ...] = ()
    unseen: int = 0


def refused_values(
    view: Snapshot,
    older: SchemaDocument,
    newer: SchemaDocument,
    steps: Iterable[Step],
    *,
    opened: Callable[[PreferenceSet], PreferenceSet],
    may_see: Callable[[PreferenceSet], bool] = lambda one: True,
) -> Refused:
    """Give the stored values that a newer schema would refuse, once the steps took them along.

    ``older`` is the schema in force, ``opened`` gives a set with its secrets in clear. ``may_see``
    says whether all that a set holds may be read, and opened; not less, for the steps may have
    taken any of it anywhere. Nothing is changed: the steps work on one set at a time, in memory.
    Sorted by key and scope.
    """
    steps = list(steps)
    found: dict[tuple[str, str], Refusals] = {}
    unseen = 0
    for one in view.sets(older.app, Selection()):
        if not may_see(one):
            unseen += 1
            continue
        for key, said in _refused(opened(one), older, newer, steps):
            known = found.get((key, one.scope)) or Refusals(one.scope, key, 0, said)
            found[key, one.scope] = attrs.evolve(known, count=known.count + 1)
    return Refused(tuple(found[place] for place in sorted(found)), unseen)


def _refused(
    one: PreferenceSet, older: SchemaDocument, newer: SchemaDocument, steps: Iterable[Step]
) -> Iterator[tuple[str, str]]:
    rows = Rows(one.rows, at=to_micros(datetime.now(UTC)), actor="")
    for step in steps:
        try:
            step.up(rows)
        except Exception as error:  # noqa: BLE001  # a step's function may raise anything
            key = error.facts.get("key") if isinstance(error, PrefcoreError) else None
            said = error.facts.get("said") if isinstance(error, PrefcoreError) else None
            yield str(key or ""), f"{one.place}: step {step.id}: {said or type(error).__name__}"
            return
    for key, text, *_ in rows:
        if key not in newer.preferences:
            hidden = key not in older.preferences
            yield (
                key,
                f"{one.place} {key}: "
                + ("no schema declares it" if hidden else f"{newer.version} declares no such key"),
            )
            continue
        try:
            newer.validate(key, from_text(text), scope=one.scope, place=place(one.scope, one.owner))
        except PrefcoreError as error:
            yield key, _redacted(key, error, older, newer, one)


def _redacted(
    key: str,
    error: PrefcoreError,
    older: SchemaDocument,
    newer: SchemaDocument,
    one: PreferenceSet,
) -> str:
    """Say why, without a value that either schema calls sensitive."""
    was = older.preferences.get(key)
    if was is not None and was.sensitive and not newer.preferences[key].sensitive:
        return f"{one.place} {key}: the value does not fit ({error.facts.get('rule', 'scope')})"
    return error.message
