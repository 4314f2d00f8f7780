"""Strict JSON: decodes what every JSON reader understands alike, and refuses the rest.

The standard library's decoder, closed where it is open: a key given twice, NaN and Infinity,
integers beyond 64 bits, floats beyond the finite and lone surrogates are refused. The refusals
name no place: ``prefcore_json._walk`` finds it, at a price that only bad files pay.
"""

from __future__ import annotations

import json
import re
from itertools import accumulate
from math import isinf

from prefcore.values import MAX_INTEGER, MIN_INTEGER

__all__ = ["Refused", "is_deeper", "loads"]


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
    raw = text.encode(errors="replace")
    if b"\\" in raw:  # an escaped quote ends no string
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    # Leave quotes and brackets, then drop the strings: first the empty ones, which are most.
    raw = raw.translate(None, _NOT_STRUCTURE).replace(b'""', b"")
    brackets = _STRING.sub(b"", raw)
    steps = memoryview(brackets.translate(_STEPS)).cast("b")
    level = 0
    for start in range(0, len(steps), 1 << 20):
        levels = list(accumulate(steps[start : start + (1 << 20)], initial=level))
        if max(levels) > depth:
            return True
        level = levels[-1]
    return False


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
_STRING = re.compile(rb'"[^"]*+"?+')
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'"[]{}'))
_STEPS = bytes(1 if byte in b"[{" else 255 for byte in range(256))
