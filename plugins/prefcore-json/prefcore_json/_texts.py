"""Texts of values: from JSON text as it stands in a file to canonical text, in bulk.

Values, times and the ends of lines repeat, so each table remembers what it has worked out, up to a
bound. What is not in strict and canonical form already is worked out slowly; what is not strict
JSON raises ValueError or InvalidValue, without a place.
"""

from __future__ import annotations

import re

import msgspec

from prefcore.canonical import iso_time, micros_of
from prefcore.values import canonical_text, from_tagged
from prefcore_json._strict import Refused, is_deeper, loads

__all__ = ["Micros", "Texts", "record_data"]

# Results kept: a table is emptied when it holds so many.
_KEPT = 1 << 13
# Longer texts rarely repeat.
_SHORT = 80

# Integers, and lists of integers and texts, as most are: canonical as they stand.
_ITEM = r'(?:"[^"\\\x00-\x1f]*+"|0|-?[1-9][0-9]{0,17}+)'
_SIMPLE = re.compile(rf"{_ITEM}|\[(?:{_ITEM}(?:,{_ITEM})*+)?\]")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
# msgspec writes some floats otherwise than Python, and lets integers beyond 64 bits pass.
_NUMBER_TO_CHECK = re.compile(r"[0-9][.eE]|[0-9]{19}")
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*+"')
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(order="sorted").encode


class Texts(dict[str, str]):
    """JSON text of a value → its canonical text."""

    def __init__(self, depth: int) -> None:
        # One level more than a value: a tagged form at the bottom is an object itself.
        self._depth = depth + 1

    def __missing__(self, text: str) -> str:
        canonical = self._canonical(text)
        if len(text) <= _SHORT:
            if len(self) >= _KEPT:
                self.clear()
            self[text] = canonical
        return canonical

    def _canonical(self, text: str) -> str:
        if _SIMPLE.fullmatch(text):
            return text
        if _FLOAT.fullmatch(text):
            return canonical_text(loads(text))
        if is_deeper(text, self._depth):
            raise Refused("the value is nested too deep")
        if '"$' not in text and not _NUMBER_TO_CHECK.search(text) and _is_as_written(text):
            return text
        return canonical_text(from_tagged(loads(text)))


class Micros(dict[str, int]):
    """Time as we write it, ``2026-01-31T12:00:00.000000Z`` → microseconds since 1970.

    A time in another form, or that there is not, raises ValueError.
    """

    def __init__(self) -> None:
        # What repeats of times that do not: reading one from the whole text takes 5 µs.
        self._hours = _Parts("", "00:00.000000Z")
        self._seconds = _Parts("1970-01-01T00:", "000000Z")

    def __missing__(self, text: str) -> int:
        fraction = text[20:26]
        if len(text) != 27 or text[26] != "Z" or not (fraction.isdecimal() and text.isascii()):
            raise ValueError(f"{text!r} is not as we write times")
        micros = self._hours[text[:14]] + self._seconds[text[14:20]] + int(fraction)
        if len(self) >= _KEPT:
            self.clear()
        self[text] = micros
        return micros


class _Parts(dict[str, int]):
    """Part of a time, which stands between two texts → microseconds since 1970."""

    def __init__(self, before: str, after: str) -> None:
        self._before = before
        self._after = after

    def __missing__(self, part: str) -> int:
        text = self._before + part + self._after
        micros = micros_of(text)
        if iso_time(micros) != text:
            raise ValueError(f"{text!r} is not as we write times")
        if len(self) >= _KEPT:
            self.clear()
        self[part] = micros
        return micros


def record_data(text: str, depth: int) -> tuple[object, str]:
    """Give a record's data, tagged forms decoded, and its canonical text."""
    if is_deeper(text, depth + 1):
        raise Refused("the record is nested too deep")
    suspect = '"$' in text or (
        _NUMBER_TO_CHECK.search(text) and _NUMBER_TO_CHECK.search(_TEXT.sub("", text))
    )
    if not suspect and _is_as_written(text):
        return _decode(text), text
    data = from_tagged(loads(text))
    return data, canonical_text(data)


def _is_as_written(text: str) -> bool:
    """Say whether the fast encoder writes the text just so: then no key was lost in decoding."""
    try:
        return _encode(_decode(text)) == text.encode()
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False
