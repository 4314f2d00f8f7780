"""Comparing: what differs between two states, set by set and key by key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prefcore.model import PlanItem, PreferenceSet, Row
from prefcore.values import UNSET, from_text, same_text

__all__ = ["differences", "set_differences"]


def differences(
    first: Iterable[PreferenceSet], second: Iterable[PreferenceSet]
) -> Iterator[PlanItem]:
    """Give what differs, by scope, owner and key; both come sorted, and are drawn once.

    Each is an act that leads there: add, change or remove. Values alone count, not when and by whom
    they were set; sealed ones go by their tags.
    """
    left, right = iter(first), iter(second)
    ours, theirs = next(left, None), next(right, None)
    while ours is not None or theirs is not None:
        here, there = _place(ours), _place(theirs)
        if there is None or (here is not None and here < there):
            yield from set_differences(ours, None)
            ours = next(left, None)
        elif here is None or there < here:
            yield from set_differences(None, theirs)
            theirs = next(right, None)
        else:
            yield from set_differences(ours, theirs)
            ours, theirs = next(left, None), next(right, None)


def set_differences(
    first: PreferenceSet | None, second: PreferenceSet | None
) -> Iterator[PlanItem]:
    """Give what differs between two sets, by key; the place is the first's, where there is one."""
    one = first or second
    if one is None:
        return
    held, after = _texts(first), _texts(second)
    for key in sorted(held.keys() | after.keys()):
        if not same_text(held.get(key), after.get(key)):
            act = "add" if key not in held else "change" if key in after else "remove"
            sides = _value(held.get(key)), _value(after.get(key))
            yield PlanItem(act, key, one.scope, one.owner, *sides)


def _place(one: PreferenceSet | None) -> tuple[str, str] | None:
    return None if one is None else (one.scope, one.owner)


def _texts(one: PreferenceSet | None) -> dict[str, str]:
    rows: tuple[Row, ...] = () if one is None else one.rows
    return {row[0]: row[1] for row in rows}


def _value(text: str | None) -> object:
    return UNSET if text is None else from_text(text)
