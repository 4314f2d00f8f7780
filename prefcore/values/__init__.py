r"""Portable values: which values a preference may hold, their canonical text and their equality.

A portable value is None, bool, int (64-bit signed), float (finite), str (no lone surrogates),
bytes, datetime (aware), date, time (naive), list, or dict with str keys, at most
``MAX_DEPTH`` levels deep. Its *canonical text* is JSON: keys sorted by code point, no white space,
numbers as Python's ``repr`` (the shortest text that gives the same float back), and the types that
JSON lacks in a tagged form::

    b"\x00"                      {"$bytes":"AA=="}
    date(2026, 1, 31)            {"$date":"2026-01-31"}
    datetime(…, tzinfo=utc)      {"$datetime":"2026-01-31T12:00:00.000000+00:00"}
    time(12, 0)                  {"$time":"12:00:00.000000"}

Real data of that shape (an object with one key that is ``$``, then a reserved word) gets one more
``$`` in front of its key, and loses it on the way back; so every value has one text, and every
such text one value. Two values are equal when their texts are: 1 is not 1.0, True is not 1.
"""

from __future__ import annotations

from prefcore.values.kinds import (
    MAX_DEPTH,
    MAX_INTEGER,
    MIN_INTEGER,
    UNSET,
    Sealed,
    Unset,
    Value,
    kind_of,
)
from prefcore.values.tagged import from_tagged, to_tagged
from prefcore.values.texts import (
    canonical_text,
    digest,
    equal,
    from_text,
    from_texts,
    is_sealed_text,
    same_text,
    sealed_tag,
)

__all__ = [
    "MAX_DEPTH",
    "MAX_INTEGER",
    "MIN_INTEGER",
    "UNSET",
    "Sealed",
    "Unset",
    "Value",
    "canonical_text",
    "digest",
    "equal",
    "from_tagged",
    "from_text",
    "from_texts",
    "is_sealed_text",
    "kind_of",
    "same_text",
    "sealed_tag",
    "to_tagged",
]
