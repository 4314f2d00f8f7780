"""Casts: a value as another type, only where nothing of it is lost; and exact scales.

Each raises ValueError, saying what is asked of a value, where it cannot be had. Null is "no value"
in every type and stays null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import gcd, isfinite
from types import MappingProxyType

import attrs

from prefcore.values import MAX_INTEGER, MIN_INTEGER, canonical_text

__all__ = ["CASTS", "ROUNDINGS", "Ratio", "read_ratio"]

_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,400})(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,4})?")
_RATIO = re.compile(r"(-?[0-9]{1,100})(?:/([0-9]{1,100})|\.([0-9]{1,100}))?")


def _integer(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer() and _fits(value):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value) and _fits(int(value)):
        return int(value)
    raise ValueError("an integer of 64 bits in plain digits, such as -15, is needed")


def _number(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value) and _fits(int(value)):
        return int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value) and not _is_whole(value):
        number = float(value)
        if isfinite(number):
            return number
    raise ValueError("a number as JSON writes it, such as 1.5, is needed")


def _string(value: object) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return canonical_text(value)
    raise ValueError("text, a number or a boolean is needed")


def _boolean(value: object) -> object:
    if isinstance(value, bool):
        return value
    if isinstance(value, int) and value in (0, 1):
        return bool(value)
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    raise ValueError('true, false, "true", "false", 1 or 0 is needed')


def _fits(number: float) -> bool:
    return MIN_INTEGER <= number <= MAX_INTEGER


def _is_whole(text: str) -> bool:
    return not {".", "e", "E"} & set(text)


#: Casts by the type they give.
CASTS: Mapping[str, Callable[[object], object]] = MappingProxyType(
    {"integer": _integer, "number": _number, "string": _string, "boolean": _boolean}
)


def _half_even(numerator: int, denominator: int) -> int:
    whole, rest = divmod(numerator, denominator)
    return whole + (2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1))


#: Rules by which a fraction (its denominator positive) becomes an integer.
ROUNDINGS: Mapping[str, Callable[[int, int], int]] = MappingProxyType(
    {
        "half_even": _half_even,
        "floor": lambda numerator, denominator: numerator // denominator,
        "ceiling": lambda numerator, denominator: -(-numerator // denominator),
    }
)


@attrs.frozen
class Ratio:
    """An exact factor; ``denominator`` is positive, and neither is zero."""

    numerator: int
    denominator: int

    @property
    def inverse(self) -> Ratio:
        """The factor that takes it back."""
        sign = 1 if self.numerator > 0 else -1
        return Ratio(sign * self.denominator, abs(self.numerator))

    def times(self, value: object, rounding: str | None) -> object:
        """Give a number times the factor; what is no number has no unit and stays.

        An integer stays one where the result is exact, else the nearest float is given; a float
        gives the nearest float. With ``rounding`` (of ``ROUNDINGS``) all numbers give integers.
        """
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return value
        top, bottom = value.as_integer_ratio()
        top, bottom = top * self.numerator, bottom * self.denominator
        if rounding is not None:
            return ROUNDINGS[rounding](top, bottom)
        if isinstance(value, int) and top % bottom == 0:
            return top // bottom
        try:
            return top / bottom if top else value  # / of integers rounds once; zero has a sign
        except OverflowError:
            raise ValueError("a number that fits in 64 bits afterwards is needed") from None

    def __str__(self) -> str:
        return f"{self.numerator}" + ("" if self.denominator == 1 else f"/{self.denominator}")


def read_ratio(given: object) -> Ratio:
    """Give the factor of "1000", "1/60", "0.001", an integer, a Fraction, or a pair of integers.

    Raises ValueError, saying why, for anything else: a float is refused, as 0.1 is not a tenth.
    """
    if isinstance(given, str):
        found = _RATIO.fullmatch(given)
        if found is None:
            raise ValueError(f"{given!r} is no ratio; write '1000', '1/60' or '0.001'")
        whole, below, places = found.groups()
        top = int(whole + (places or ""))
        bottom = int(below) if below else 10 ** len(places or "")
    elif isinstance(given, float):
        raise ValueError(f"{given!r} is a float, which is not exact; write it as text, '{given!r}'")
    else:
        pair = given
        if not isinstance(given, (tuple, bool)):
            pair = (getattr(given, "numerator", None), getattr(given, "denominator", None))
        if not (isinstance(pair, tuple) and [type(part) for part in pair] == [int, int]):
            raise ValueError(f"{given!r} is no ratio; give text, a Fraction or a pair of integers")
        top, bottom = pair
    if top == 0 or bottom == 0:
        raise ValueError(f"{given!r} has no inverse")
    if bottom < 0:
        top, bottom = -top, -bottom
    common = gcd(top, bottom)
    return Ratio(top // common, bottom // common)
