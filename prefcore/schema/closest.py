"""Which known name a mistyped one was meant to be, for "did you mean".

``difflib`` does this too, but costs 2 ms at every start; this is an edit distance over few names.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["closest", "did_you_mean"]

# Beyond these an answer would be slow or a guess.
_MAX_LENGTH = 80
_MAX_NAMES = 5_000


def closest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that is at most a third of its letters away, or None."""
    if len(name) > _MAX_LENGTH:
        return None
    best, best_distance = None, len(name) // 3 + 1
    folded = name.lower()
    for number, candidate in enumerate(known):
        if number >= _MAX_NAMES:
            break
        if abs(len(candidate) - len(name)) < best_distance:
            distance = _distance(folded, candidate.lower(), best_distance)
            if distance < best_distance:
                best, best_distance = candidate, distance
    return best


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Give ``"; did you mean 'x'?"``, or nothing when no known name is close."""
    match = closest(name, known)
    return f"; did you mean '{match}'?" if match is not None else ""


def _distance(one: str, other: str, limit: int) -> int:
    # Optimal string alignment: insert, delete, replace, or swap two neighbours, each costs 1.
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, previous, row = row, before, [i]
        for j, sign in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != sign))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == sign:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
        if min(row) >= limit:
            return limit
    return row[-1]
