"""Strict JSON: decodes what every JSON reader understands alike, and refuses the rest.

The standard library's decoder, closed where it is open: a key given twice, NaN and Infinity,
integers beyond 64 bits, floats beyond the finite and lone surrogates are refused. The refusals
name no place: ``prefcore_json._walk`` finds it, at a price that only bad files pay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate
from math import isinf

from prefcore.values import MAX_INTEGER, MIN_INTEGER

__all__ = ["Refused", "has_more_values", "is_deeper", "loads"]


class Refused(ValueError):
    """Text that is JSON to some readers, but not to all alike."""


def loads(text: str) -> object:
    """Give the data of a JSON text; raises ValueError.

    The caller has made sure that it is not deep: the decoder recurses.
    """
    data = _decode(text)
    if _SURROGATE.search(text):
        json.dumps(data, ensure_ascii=False).encode()  # raises UnicodeEncodeError, a ValueError
    return data


def is_deeper(text: str, depth: int) -> bool:
    """Say whether arrays and objects nest deeper than that; never raises, in linear time.

    For text that is not JSON the answer may be either, but a decoder that recurses is safe
    after a no.
    """
    if text.count("[") + text.count("{") <= depth:
        return False
    level = 0
    for brackets in _outside_texts(text, b"[]{}"):
        steps = memoryview(brackets.translate(_STEPS)).cast("b")
        levels = list(accumulate(steps, initial=level))
        if max(levels) > depth:
            return True
        level = levels[-1]
    return False


def has_more_values(text: str, most: int) -> bool:
    """Say whether a text holds more values, of whatever depth; in linear time."""
    marks = b",[{"  # before every value but the first stands one of them
    if sum(map(text.count, marks.decode())) < most:
        return False
    return any(count >= most for count in accumulate(map(len, _outside_texts(text, marks))))


def _outside_texts(text: str, wanted: bytes) -> Iterator[bytes]:
    """Give those characters of a JSON text that stand outside its strings, stretch by stretch."""
    unwanted = bytes(set(range(256)) - set(wanted + b'"'))
    at = inside = 0
    while at < len(text):
        end = min(at + _STRETCH, len(text))
        if text[end - 1] == "\\":  # an escape stays in one stretch
            end = _BACKSLASHES.match(text, end).end() + 1  # type: ignore[union-attr]  # or none
        raw = text[at:end].encode(errors="replace")
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")  # an escaped quote ends no string
        parts = raw.translate(None, unwanted).split(b'"')
        yield b"".join(parts[inside::2])
        inside = (inside + len(parts) - 1) % 2
        at = end


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    data = dict(pairs)
    if len(data) != len(pairs):
        raise Refused(f"a key stands twice in the object of {', '.join(map(repr, data))[:80]}")
    return data


def _integer(text: str) -> int:
    if len(text) > 20 or not MIN_INTEGER <= (value := int(text)) <= MAX_INTEGER:
        raise Refused(f"the integer of {len(text)} characters does not fit in 64 bits")
    return value


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise Refused("the number is beyond what a 64-bit float holds")
    return value


def _constant(text: str) -> object:
    raise Refused(f"{text} is not JSON")


_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
).decode
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_BACKSLASHES = re.compile(r"\\*+")
_STRETCH = 1 << 18
_STEPS = bytes(1 if byte in b"[{" else 255 for byte in range(256))
