"""Scalars: what the texts in a YAML file mean, by the core schema of YAML 1.2 (section 10.3).

So ``yes``, ``on`` and ``12:30`` are text, and a date is text unless it is tagged. What readers of
different age understand differently and silently is refused.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from math import isinf

from prefcore.values import MAX_INTEGER, MIN_INTEGER

__all__ = ["Refused", "meaning_of", "tagged_meaning_of"]


class Refused(ValueError):
    """A scalar that means nothing portable, or not the same to all readers."""


_WORDS: dict[str, object] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAY_BE_NUMBER = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_OTHER_BASE = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?"
    r"(?:[ \t]*(Z|([-+])(\d\d?)(?::?(\d\d))?))?",
    re.ASCII,
)
_PREFIX = "tag:yaml.org,2002:"


def meaning_of(text: str) -> object:
    """Give what an untagged plain scalar means; raises Refused."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAY_BE_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        digits = text.lstrip("+-")
        if digits[0] == "0" and len(digits) > 1:
            raise Refused(
                "an integer with a leading zero is octal to some readers and decimal to others; "
                "write it without, as 0o and octal digits, or in quotes"
            )
        return _integer(text, 10)
    if _OTHER_BASE.fullmatch(text):
        return _integer(text, 0)
    if _FLOAT.fullmatch(text):
        return _float(text)
    if _NOT_FINITE.fullmatch(text):
        raise Refused("infinity and NaN are no values of a preference; write null or a number")
    return text


def tagged_meaning_of(text: str, tag: str) -> object:
    """Give what a scalar with that tag means; raises Refused."""
    if tag == "!":
        return text
    known = _TAGS.get(tag.removeprefix(_PREFIX)) if tag.startswith(_PREFIX) else None
    if known is None:
        raise unknown_tag(tag)
    return known(text)


def unknown_tag(tag: str) -> Refused:
    """Give the refusal of a tag."""
    shown = "!!" + tag.removeprefix(_PREFIX) if tag.startswith(_PREFIX) else tag
    return Refused(f"the tag {shown[:80]} is not known, and no tag makes objects; remove it")


def _integer(text: str, base: int) -> int:
    # Bounded before it is converted: long digits take quadratic time.
    if len(text) > 24 or not MIN_INTEGER <= (value := int(text, base)) <= MAX_INTEGER:
        raise Refused(f"the integer of {len(text)} characters does not fit in 64 bits; quote it")
    return value


def _float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise Refused("the number is beyond what a 64-bit float holds; store it as text")
    return value


def _as_integer(text: str) -> int:
    value = meaning_of(text) if text else None
    if type(value) is not int:
        raise Refused("what is tagged !!int is no integer")
    return value


def _as_float(text: str) -> float:
    if not (_FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text)):
        raise Refused("what is tagged !!float is no number")
    value = meaning_of(text)
    return _float(text) if isinstance(value, int) else value  # type: ignore[return-value]  # a float


def _as_word(kind: type, name: str) -> Callable[[str], object]:
    def take(text: str) -> object:
        value = _WORDS.get(text, text)
        if not isinstance(value, kind):
            raise Refused(f"what is tagged !!{name} is none")
        return value

    return take


def _as_bytes(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except ValueError as error:
        raise Refused(f"what is tagged !!binary is not base64: {error}") from error


def _as_moment(text: str) -> date | datetime:
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
        return _datetime(text)
    except (ValueError, OverflowError) as error:
        raise Refused(f"what is tagged !!timestamp is no date or time: {error}") from error


def _datetime(text: str) -> datetime:
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise ValueError("write it as 2026-01-31 or 2026-01-31T12:00:00Z")
    *day, fraction, zone, sign, hours, minutes = found.groups()
    if zone is None:
        raise ValueError("it has no zone; add one, such as Z")
    digits = (fraction or "").rstrip("0")
    if len(digits) > 6:
        raise ValueError("it has more than six digits of a second")
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    shift = timezone(-offset if sign == "-" else offset)
    return datetime(*map(int, day), int(digits.ljust(6, "0")), tzinfo=shift)  # type: ignore[misc, arg-type]  # six numbers


_TAGS: dict[str, Callable[[str], object]] = {
    "str": str,
    "null": _as_word(type(None), "null"),
    "bool": _as_word(bool, "bool"),
    "int": _as_integer,
    "float": _as_float,
    "binary": _as_bytes,
    "timestamp": _as_moment,
}
