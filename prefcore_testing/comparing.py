"""Comparing large values: where two of them differ first, in a few words and in bounded time.

A test runner that shows the whole difference of what an ``assert`` compares, as pytest does where
``CI`` is set, can take hours over values of some thousand lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from reprlib import Repr
from typing import TypeAlias

import attrs

__all__ = ["check_same"]

#: Bytes or characters that are told from a difference on, and before it.
_TOLD, _BEFORE = 60, 20
#: A place, and what stands there on either side.
_Difference: TypeAlias = tuple[str, str, str]

_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = 4 * _TOLD
_MISSING = object()


def check_same(found: object, expected: object, about: str = "") -> None:
    """Compare two values by ``==``; raises AssertionError that tells where they differ first."""
    if found == expected:
        return
    where, one, other = _difference(found, expected)
    lead = f"{about}: " if about else ""
    place = f" at {where}" if where else ""
    raise AssertionError(f"{lead}found{place} {one}, expected {other}")


def _difference(found: object, expected: object) -> _Difference:
    if isinstance(found, bytes) and isinstance(expected, bytes):
        return _of_texts("byte", found, expected)
    if isinstance(found, str) and isinstance(expected, str):
        return _of_texts("character", found, expected)
    if isinstance(found, Mapping) and isinstance(expected, Mapping):
        return _of_mappings(found, expected)
    if isinstance(found, Sequence) and isinstance(expected, Sequence):
        return _of_sequences(found, expected)
    kind = type(found)
    if attrs.has(kind) and isinstance(expected, kind):
        names = [field.name for field in attrs.fields(kind) if field.eq]
        sides = [{name: getattr(one, name) for name in names} for one in (found, expected)]
        return _of_mappings(*sides)
    return "", _told(found), _told(expected)


def _of_texts(unit: str, found: Sequence[object], expected: Sequence[object]) -> _Difference:
    pairs = enumerate(zip(found, expected, strict=False))
    at = next((n for n, (one, other) in pairs if one != other), min(len(found), len(expected)))
    start = max(0, at - _BEFORE)
    sides = [f"{one[start : at + _TOLD]!r} (of {len(one):,})" for one in (found, expected)]
    return f"{unit} {at:,}", sides[0], sides[1]


def _of_mappings(found: Mapping[object, object], expected: Mapping[object, object]) -> _Difference:
    for key in sorted({*found, *expected}, key=repr):
        one, other = found.get(key, _MISSING), expected.get(key, _MISSING)
        if one != other:
            return _inside(repr(key), one, other)
    return "", _told(found), _told(expected)


def _of_sequences(found: Sequence[object], expected: Sequence[object]) -> _Difference:
    for at, (one, other) in enumerate(zip_longest(found, expected, fillvalue=_MISSING)):
        if one != other:
            return _inside(str(at), one, other)
    # A list and a tuple of the same.
    return "", _told(found), _told(expected)


def _inside(where: str, found: object, expected: object) -> _Difference:
    deeper, one, other = _difference(found, expected)
    return f"{where}, {deeper}" if deeper else where, one, other


def _told(value: object) -> str:
    return "nothing" if value is _MISSING else _SHORT.repr(value)
