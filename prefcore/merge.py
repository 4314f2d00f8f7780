"""Merging two sets of preferences, three ways where a common base is known, two ways where not.

Per key, with base b, ours o and theirs t (a row, or nothing): o = t → o; o = b → t; t = b → o;
otherwise the key's strategy decides, or there is a conflict. Without a base: what only one side
holds is taken, equal values stay, the strategy decides on the rest. Inputs are never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import attrs

from prefcore.model import PreferenceSet, Row, from_micros
from prefcore.values import UNSET, from_text, same_text

__all__ = ["Decision", "LastDrawn", "Side", "aligned_sets", "merge_rows"]


@attrs.frozen
class Side:
    """What a strategy is shown of one key; values or UNSET, times where known."""

    key: str
    base: Row | None
    ours: Row | None
    theirs: Row | None

    def values(self) -> dict[str, object]:
        """Give the three values and two times by the names of ``interfaces.Sides``."""
        return {
            "key": self.key,
            "base": _value(self.base),
            "ours": _value(self.ours),
            "theirs": _value(self.theirs),
            "ours_at": None if self.ours is None else from_micros(self.ours[2]),
            "theirs_at": None if self.theirs is None else from_micros(self.theirs[2]),
        }


@attrs.frozen
class Decision:
    """What a merge decided for one key.

    ``act`` is ``keep`` (ours stays), ``take`` (theirs, or ``row`` if merged), ``remove`` or
    ``conflict``.
    """

    act: str
    side: Side
    row: Row | None = None


#: Decides one key: gives a Row to hold, None to hold nothing, or raises ``Undecided``.
Resolver = Callable[[Side], Row | None]


class Undecided(Exception):
    """A strategy cannot decide; the key becomes a conflict."""


class LastDrawn:
    """Sets on their way, of which the one drawn last can be seen again."""

    def __init__(self, sets: Iterable[PreferenceSet]) -> None:
        self._sets = sets
        self._last: PreferenceSet | None = None

    def __iter__(self) -> Iterator[PreferenceSet]:
        for one in self._sets:
            self._last = one
            yield one

    def of(self, scope: str, owner: str) -> PreferenceSet | None:
        """Give the set drawn last, where it is that one.

        While ``aligned_sets`` draws the next set of the one side, this is the other side's next.
        """
        last = self._last
        return last if last is not None and (last.scope, last.owner) == (scope, owner) else None


def aligned_sets(
    sets: Iterable[PreferenceSet], others: Iterable[PreferenceSet]
) -> Iterator[tuple[PreferenceSet, tuple[Row, ...]]]:
    """Give each set with the rows of the other side's set of the same owner; both come sorted.

    Where only the other side has one, an empty set stands for it.
    """
    waiting = iter(others)
    other = next(waiting, None)
    for one in sets:
        here = (one.scope, one.owner)
        while other is not None and (other.scope, other.owner) < here:
            yield PreferenceSet(other.scope, other.owner), other.rows
            other = next(waiting, None)
        if other is not None and (other.scope, other.owner) == here:
            yield one, other.rows
            other = next(waiting, None)
        else:
            yield one, ()
    while other is not None:
        yield PreferenceSet(other.scope, other.owner), other.rows
        other = next(waiting, None)


def merge_rows(
    ours: Mapping[str, Row],
    theirs: Mapping[str, Row],
    resolve: Resolver,
    *,
    base: Mapping[str, Row] | None = None,
) -> Iterator[Decision]:
    """Give a decision for every key on which the two sides differ; sorted by key."""
    for key in sorted(key for key in {*ours, *theirs} if not _same(ours.get(key), theirs.get(key))):
        side = Side(key, base.get(key) if base else None, ours.get(key), theirs.get(key))
        yield _decide(side, resolve, has_base=base is not None)


def _decide(side: Side, resolve: Resolver, *, has_base: bool) -> Decision:
    base, ours, theirs = side.base, side.ours, side.theirs
    if has_base:
        if _same(ours, base):
            return Decision("take" if theirs else "remove", side, theirs)
        if _same(theirs, base):
            return Decision("keep", side, ours)
    elif theirs is None:
        return Decision("keep", side, ours)
    elif ours is None:
        return Decision("take", side, theirs)
    try:
        row = resolve(side)
    except Undecided:
        return Decision("conflict", side)
    if _same(row, ours):
        return Decision("keep", side, ours)
    return Decision("take" if row else "remove", side, row)


def _same(one: Row | None, other: Row | None) -> bool:
    if one is None or other is None:
        return one is other
    return same_text(one[1], other[1])


def _value(row: Row | None) -> object:
    return UNSET if row is None else from_text(row[1])
