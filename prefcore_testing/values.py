"""The catalogue of values: portable ones of every type and trap, refused ones, and strategies.

``VALUES`` and ``REFUSED`` go by names that tests use as ids; what stands in them stays portable, or
refused, for ever. The strategies are for hypothesis.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import hypothesis.strategies as st

from prefcore.values import MAX_DEPTH, MAX_INTEGER, MIN_INTEGER

__all__ = ["KEYS", "REFUSED", "VALUES", "keys", "names", "nested", "portable_values"]


def nested(depth: int, bottom: object = None) -> object:
    """Give a value of so many levels, arrays and objects in turn, around ``bottom``."""
    value = bottom
    for level in range(depth):
        value = [value] if level % 2 else {"in": value}
    return value


_SCALARS: dict[str, object] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "minus one": -1,
    "largest integer": MAX_INTEGER,
    "smallest integer": MIN_INTEGER,
    "integer beyond a float's precision": 2**53 + 1,
    "float zero": 0.0,
    "float minus zero": -0.0,
    "float one": 1.0,
    "float to the last bit": 0.1 + 0.2,
    "float with seventeen digits": 5.551115123125783e-17,
    "float like an integer beyond 64 bits": 1e22,
    "float with a positive exponent": 1e16,
    "float with a small exponent": 1e-05,
    "largest float": sys.float_info.max,
    "smallest normal float": sys.float_info.min,
    "smallest subnormal float": 5e-324,
    "float just below one": math.nextafter(1.0, 0.0),
}

_TEXTS: dict[str, object] = {
    "empty text": "",
    "text of spaces": "  ",
    "text with outer spaces and tabs": " \tx\t ",
    "text like null": "null",
    "text like a boolean": "yes",
    "text like an integer": "0123",
    "text like a float": "1e3",
    "text like not a number": ".NaN",
    "text like a sexagesimal number": "12:34:56",
    "text like a date": "2026-01-31",
    "text like a datetime": "2026-01-31T12:00:00Z",
    "text like markup": "<a href='x'>&amp;</a>",
    "text like a comment": "# no // comment /* at */ all",
    "text like a YAML alias": "*anchor",
    "text like a directive": "%YAML 1.2\n---\n...\n",
    "text like an interpolation": "${HOME} %(name)s {0} `id`",
    "text with quotes": "\"double\" 'single' \\back\\ \"\"\" '''",
    "text with a final backslash": "C:\\folder\\",
    "text with line ends": "one\ntwo\r\nthree\rfour\n\n",
    "text with NUL": "a\0b",
    "text with all control characters": "".join(map(chr, range(32))) + "\x7f\x80\x85\x9f",
    "text with line separators": "a\u2028b\u2029c",
    "text with a byte order mark": "\ufeffx",
    "text with noncharacters": "\ufffe\uffff\U0010ffff",
    "text composed": "é",
    "text decomposed": "e\u0301",
    "text with bidi controls": "\u202eabc\u202c \u2066def\u2069",
    "text beyond the basic plane": "🎛️👩‍🚀𝔘",
    "text from right to left": "שלום عليكم",
    "long text": "0123456789 äöü\n" * 5_000,
}

_OTHERS: dict[str, object] = {
    "no bytes": b"",
    "bytes": b"\x00\xff\xfe text \r\n",
    "all bytes": bytes(range(256)),
    "date": date(2026, 1, 31),
    "first date": date.min,
    "last date": date.max,
    "leap day": date(2024, 2, 29),
    "time": time(12, 30),
    "midnight": time(0, 0),
    "time with microseconds": time(23, 59, 59, 999_999),
    "time with one microsecond": time(0, 0, 0, 1),
    "datetime in UTC": datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
    "datetime with microseconds": datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC),
    "datetime with trailing zeros": datetime(2026, 1, 31, 12, 0, 0, 120_000, tzinfo=UTC),
    "datetime east": datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    "datetime west": datetime(2026, 1, 31, 12, tzinfo=timezone(-timedelta(hours=9, minutes=30))),
    "datetime far east": datetime(2026, 1, 31, tzinfo=timezone(timedelta(hours=23, minutes=59))),
    "first datetime": datetime.min.replace(tzinfo=UTC),
    "last datetime": datetime.max.replace(tzinfo=UTC),
    "datetime before 1970": datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    "datetime before year 1 in UTC": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
}

_CONTAINERS: dict[str, object] = {
    "empty array": [],
    "empty object": {},
    "empty ones inside": [[], {}, {"": []}, [[{}]]],
    "array of all types": [None, True, 1, 1.0, "", b"", date.min, time.min, [], {}],
    "array of one null": [None],
    "array of numbers alike": [1, 1.0, True, "1"],
    "array of objects": [{"a": 1, "b": 2}, {"b": 2}, {}],
    "object with an empty key": {"": 1},
    "object with odd keys": {'"': 1, "'": 2, " a b ": 3, "🎛️": 4, "a.b": 5, "\n": 6, "\0": 7},
    "object with keys like other types": {"1": 1, "null": 2, "true": 3, "2026-01-31": 4, "1.5": 5},
    "object with keys of a host language": {"__proto__": 1, "constructor": 2, "<<": 3, "=": 4},
    "object with keys equal but for case": {"Key": 1, "key": 2, "KEY": 3},
    "object with composed and decomposed keys": {"é": 1, "e\u0301": 2},
    "object with keys in another order": {"b": 1, "a": 2, "\U0001f600": 3, "\uffff": 4},
    "object of nulls": {"a": None, "b": [None, None]},
    "as deep as allowed": nested(MAX_DEPTH),
    "as deep as allowed, bytes at the bottom": nested(MAX_DEPTH, b"deep"),
    "wide object": {f"key{i:04}": i for i in range(1_000)},
    "long array": list(range(2_000)),
}

_LIKE_TAGS: dict[str, object] = {
    "like a tag of bytes": {"$bytes": "AA=="},
    "like a tag of a date": {"$date": "2026-01-31"},
    "like a malformed tag": {"$date": 5},
    "like a tag of a datetime": {"$datetime": "2026-01-31T12:00:00.000000+00:00"},
    "like a tag of a time": {"$time": "12:00:00.000000"},
    "like a tag no version knows yet": {"$map": [["a", 1]]},
    "like a sealed value": {"$sealed": ["key", "AA==", "AA=="]},
    "like a sealed value with company": {"$sealed": ["key", "AA==", "AA=="], "x": ["y", "AA=="]},
    "like an escaped tag": {"$$bytes": "AA=="},
    "like a tag escaped thrice": {"$$$$date": None},
    "like a tag around a real one": {"$bytes": b"\0"},
    "like tags inside tags": {"$date": {"$$date": {"$date": date(2026, 1, 31)}}},
    "like a tag with company": {"$bytes": "AA==", "other": 1},
    "key of a dollar": {"$": 1, "$$": 2},
    "key of a dollar alone": {"$": 1},
    "key with a dollar, no tag": {"$ref": "#/definitions/x"},
    "tags in an array": [{"$bytes": "AA=="}, b"\0", {"$$bytes": "AA=="}],
}

#: Portable values by name: each survives every format, canonical text and all.
VALUES: Mapping[str, object] = MappingProxyType(
    _SCALARS | _TEXTS | _OTHERS | _CONTAINERS | _LIKE_TAGS
)

#: Values that are not portable by name, each with a word of the reason that the error gives.
REFUSED: Mapping[str, tuple[object, str]] = MappingProxyType(
    {
        "not a number": (math.nan, "finite"),
        "infinity": (math.inf, "finite"),
        "minus infinity in an array": ([-math.inf], "finite"),
        "integer beyond 64 bits": (MAX_INTEGER + 1, "64"),
        "integer below 64 bits": ({"a": MIN_INTEGER - 1}, "64"),
        "lone surrogate": ("\ud800", "surrogate"),
        "lone surrogate in a key": ({"\udfff": 1}, "surrogate"),
        "key that is a number": ({1: "a"}, "not text"),
        "key that is null": ({None: "a"}, "not text"),
        "datetime without a zone": (datetime(2026, 1, 31), "zone"),  # noqa: DTZ001  # on purpose
        "zone of seconds": (
            datetime(1900, 1, 1, tzinfo=timezone(timedelta(seconds=1_050))),
            "whole minutes",
        ),
        "time with a zone": (time(12, tzinfo=UTC), "zone"),
        "one level too deep": (nested(MAX_DEPTH + 1), "deeper"),
        "set": ({1, 2}, "not a portable value"),
        "decimal": (Decimal("1.5"), "not a portable value"),
        "complex number": (1j, "not a portable value"),
        "object": (object(), "not a portable value"),
        "duration": (timedelta(seconds=1), "not a portable value"),
    }
)

#: Keys of preferences that real applications have, and some that they might; sorted.
KEYS: tuple[str, ...] = tuple(
    sorted(
        [
            "a",
            "editor.font_size",
            "[rust].editor.formatOnSave",
            "@scope/package.option",
            "with space.and tab\there",
            'with "quotes" and \\backslash',
            "with\nline end",
            "Größe.é",
            "Größe.e\u0301",
            "emoji.🎛️",
            "\U0001f600.beyond \uffff",
            "prefcore",
            "sets",
            "$date",
            "$$date",
            "1",
            "null",
            "__proto__",
        ]
    )
)

_text = st.text(max_size=20) | st.text(
    alphabet=st.sampled_from('"\\\n\r\t\0\x7f\x85\u2028\ufeff\u202e $#:-é\U0001f600'), max_size=8
)
_words = ("bytes", "date", "datetime", "time", "null", "int", "float", "list", "map", "sealed")
_like_tags = st.builds(
    lambda dollars, word: "$" * dollars + word, st.integers(0, 3), st.sampled_from(_words)
)
_zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def keys() -> st.SearchStrategy[str]:
    """Give keys: dotted names of any printable character."""
    segment = st.text(
        st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="."),
        min_size=1,
        max_size=8,
    )
    dotted = st.lists(segment, min_size=1, max_size=3).map(".".join)
    return st.sampled_from(KEYS) | dotted


def names() -> st.SearchStrategy[str]:
    """Give ids of owners and actors: any text."""
    return st.sampled_from(["alice", "bob", "Zoë", 'a"b\\c']) | st.text(min_size=1, max_size=12)


def portable_values(*, max_leaves: int = 12) -> st.SearchStrategy[object]:
    """Give portable values of every type, data that looks like tagged forms among them."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(MIN_INTEGER, MAX_INTEGER),
        st.floats(allow_nan=False, allow_infinity=False),
        _text,
        st.binary(max_size=20),
        st.dates(),
        st.times(),
        st.datetimes(timezones=_zones),
    )
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(_text | _like_tags, inner, max_size=4),
            st.dictionaries(_like_tags, inner, min_size=1, max_size=1),
        ),
        max_leaves=max_leaves,
    )
