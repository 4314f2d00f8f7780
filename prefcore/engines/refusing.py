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

__all__ = ["Refusals", "refused_values"]


@attrs.frozen
class Refusals:
    """How many values of one key in one scope a schema refuses, with one of them told.

    ``sample`` says in words where one stands and why it is refused; no sensitive value is in it,
    and none that whoever asks may not read: ``unseen`` counts those.
    """

    scope: str
    key: str
    count: int
    sample: str
    unseen: int = 0

    def as_document(self) -> dict[str, object]:
        """Give it as a portable object."""
        return attrs.asdict(self)


def refused_values(
    view: Snapshot,
    older: SchemaDocument,
    newer: SchemaDocument,
    steps: Iterable[Step],
    *,
    opened: Callable[[PreferenceSet], PreferenceSet],
    may_see: Callable[[PreferenceSet], bool] = lambda one: True,
) -> list[Refusals]:
    """Give the stored values that a newer schema would refuse, once the steps took them along.

    ``older`` is the schema in force, ``opened`` gives a set with its secrets in clear. ``may_see``
    says whether all that a set holds may be shown; not less, for the steps may have taken any of
    it anywhere. Nothing is changed: the steps work on one set at a time, in memory. Sorted by key
    and scope.
    """
    steps = list(steps)
    found: dict[tuple[str, str], Refusals] = {}
    for one in view.sets(older.app, Selection()):
        seen = may_see(one)
        for key, said in _refused(opened(one), older, newer, steps):
            if not seen and key not in newer.preferences and key not in older.preferences:
                key = ""  # a step may have put a value into the name
            known = found.get((key, one.scope)) or Refusals(one.scope, key, 0, "")
            found[key, one.scope] = attrs.evolve(
                known,
                count=known.count + 1,
                sample=known.sample or (said if seen else ""),
                unseen=known.unseen + (not seen),
            )
    return [_told(found[place]) for place in sorted(found)]


def _told(one: Refusals) -> Refusals:
    """Say in the sample how many there are that may not be read."""
    if not one.unseen:
        return one
    unseen = f"{one.unseen} where you may not read all values"
    return attrs.evolve(one, sample=f"{one.sample}; {unseen}" if one.sample else unseen)


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
