"""Texts of values in a file: checked to be canonical, once each where they repeat."""

from __future__ import annotations

import re
from collections.abc import Iterable

from prefcore.errors import InvalidValue
from prefcore.values import canonical_text, from_text

__all__ = ["CheckedTexts", "Refused"]

# Canonical at sight.
_PLAIN = re.compile(r'"[^"\\\x00-\x1f]*+"|true|false|null|0|-?[1-9][0-9]{0,17}')
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
# Texts kept: the table is emptied when it holds so many. Longer texts rarely repeat.
_KEPT = 1 << 13
_SHORT = 80


class Refused(ValueError):
    """Text that is no canonical text of a value within the limits."""


class CheckedTexts:
    """Sees that texts are canonical, and values not too deep and not made of too many."""

    def __init__(self, *, max_depth: int, max_values: int) -> None:
        self._max_depth = max_depth
        self._max_values = max_values
        self._known: set[str] = set()

    def check(self, texts: Iterable[str]) -> None:
        """Raise Refused, or InvalidValue, at the first text that is not canonical."""
        if self._known.issuperset(texts):
            return
        for text in texts:
            if text not in self._known:
                if not _PLAIN.fullmatch(text):
                    self.value(text)
                if len(text) <= _SHORT:
                    if len(self._known) >= _KEPT:
                        self._known.clear()
                    self._known.add(text)

    def value(self, text: str) -> object:
        """Give the value of a text; raises Refused, or InvalidValue where it is not portable."""
        self._refuse_many(text)
        try:
            value = from_text(text)
            canonical = canonical_text(value)
        except RecursionError as error:
            raise InvalidValue("a value is nested too deep") from error
        except InvalidValue:
            raise
        except ValueError as error:
            # A store would be damaged. In a document it is what somebody wrote, and can mend.
            if isinstance(error.__cause__, InvalidValue):
                raise error.__cause__ from None
            raise Refused("a value is no JSON text") from error
        if canonical != text:
            raise Refused("a value is not written in its canonical form")
        if _brackets(text) > self._max_depth and _is_deeper(value, self._max_depth):
            raise InvalidValue(f"a value is nested deeper than {self._max_depth} levels")
        return value

    def _refuse_many(self, text: str) -> None:
        """Refuse what would take far more memory than its text: an empty array takes 50 times."""
        most = self._max_values
        if text.count(",") + _brackets(text) > most:
            outside = _STRING.sub("", text)
            if outside.count(",") + _brackets(outside) > most:
                raise Refused(f"a value is made of more than {most} others")


def _brackets(text: str) -> int:
    return text.count("[") + text.count("{")


def _is_deeper(value: object, depth: int) -> bool:
    level = _containers([value])
    for _ in range(depth):
        level = _containers(
            item for one in level for item in (one.values() if isinstance(one, dict) else one)
        )
    return bool(level)


def _containers(values: Iterable[object]) -> list[dict[str, object] | list[object]]:
    return [one for one in values if isinstance(one, dict | list)]
