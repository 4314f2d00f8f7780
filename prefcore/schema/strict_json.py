"""Reading JSON strictly: no duplicate keys, no NaN, no number that a portable value can't hold."""

from __future__ import annotations

import json
from math import isfinite

from prefcore.errors import InvalidValue
from prefcore.values import MAX_INTEGER, MIN_INTEGER, to_tagged

__all__ = ["NotJson", "read_json"]

# A whole document with a signature that UTF-8 does not need; Windows editors write it.
_MARK = b"\xef\xbb\xbf"


class NotJson(ValueError):
    """The text is not JSON at all, whereas other errors are JSON that is refused."""


def read_json(text: str | bytes) -> object:
    """Give the plain JSON value of a text (bytes are UTF-8).

    Raises ValueError (NotJson where the syntax is wrong, with line and column) with one clause that
    says what is wrong.
    """
    if isinstance(text, bytes):
        try:
            text = text.removeprefix(_MARK).decode()
        except UnicodeDecodeError as error:
            raise NotJson(f"byte {error.start} is not valid UTF-8") from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
        if "\\ud" in text.lower():  # only an escape can make a lone surrogate
            to_tagged(value)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise NotJson(f"it is not JSON at {place}: {error.msg.lower()}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except InvalidValue as error:
        raise ValueError(str(error)) from error
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"the key {key[:60]!r} stands twice in one object")
            seen.add(key)
    return made


def _integer(text: str) -> int:
    if len(text) > 20 or not MIN_INTEGER <= int(text) <= MAX_INTEGER:
        raise ValueError(f"the integer {text[:20]}… of {len(text)} digits does not fit in 64 bits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"the number {text[:20]} is beyond what a float can hold")
    return number


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")
