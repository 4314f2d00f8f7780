"""Fields: the data of one record, taken out with its types checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn, cast

from prefcore.errors import DamagedDocument, NewerFormat, PrefcoreError
from prefcore.model import Record
from prefcore.values import MAX_INTEGER, canonical_text, from_text

__all__ = ["UUID", "Fields", "is_canonical", "is_time"]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_FIRST = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z in µs since 1970
_LAST = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z


class Fields:
    """One record's data; every refusal names the record by its number and kind.

    Raises NewerFormat where a field is not among the ``names``, DamagedDocument where one of them
    is missing or of another type.
    """

    def __init__(self, record: Record, number: int, names: frozenset[str]) -> None:
        self.number = number
        self.kind = record.kind
        self._data: Mapping[str, object] = record.data
        if self._data.keys() != names:
            for name in sorted(self._data.keys() - names):
                raise NewerFormat(
                    f"record {number} ({self.kind}) has a field '{name[:80]}', which this prefcore "
                    "does not know; upgrade prefcore",
                    record=number,
                )
            self.fail(f"the field '{min(names - self._data.keys())}' is missing")

    def fail(self, what: str) -> NoReturn:
        """Raise DamagedDocument."""
        raise DamagedDocument(
            f"record {self.number} ({self.kind}): {what}; get a whole copy", record=self.number
        )

    def text(self, name: str) -> str:
        """Give a text."""
        value = self._data[name]
        if not isinstance(value, str):
            self.fail(f"'{name}' is no text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Give a text, or None."""
        return None if self._data[name] is None else self.text(name)

    def is_none(self, name: str) -> bool:
        """Say whether a field is None."""
        return self._data[name] is None

    def count(self, name: str) -> int:
        """Give an integer from 0."""
        value = self._data[name]
        if type(value) is not int or not 0 <= value <= MAX_INTEGER:
            self.fail(f"'{name}' is no whole number from 0")
        return value

    def time(self, name: str) -> int:
        """Give a time in µs since 1970 that a datetime can hold."""
        value = self._data[name]
        if not is_time(value):
            self.fail(f"'{name}' is no time in the years 1 to 9999")
        return cast(int, value)

    def texts(self, name: str) -> Mapping[str, str]:
        """Give an object of texts."""
        value = self._data[name]
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            self.fail(f"'{name}' is no object of texts")
        return cast(Mapping[str, str], value)

    def array(self, name: str) -> list[object]:
        """Give an array."""
        value = self._data[name]
        if not isinstance(value, (list, tuple)):
            self.fail(f"'{name}' is no array")
        return list(value)

    def pairs(self, name: str, *types: tuple[type, ...]) -> list[tuple[object, object]]:
        """Give an array of pairs, each of values of these types."""
        found = self.array(name)
        for item in found:
            if not isinstance(item, (list, tuple)) or len(item) != 2:
                self.fail(f"'{name}' is no array of pairs")
            if not all(type(one) in due for one, due in zip(item, types, strict=True)):
                self.fail(f"'{name}' has a pair of other types")
        return [tuple(item) for item in found]  # type: ignore[misc,arg-type]  # pairs, as checked

    def canonical(self, name: str) -> str:
        """Give the canonical text of an object."""
        text = self.text(name)
        if not is_canonical(text) or not isinstance(from_text(text), dict):
            self.fail(f"'{name}' is no canonical text of an object")
        return text


def is_canonical(text: str) -> bool:
    """Say whether that is the canonical text of a value."""
    try:
        return canonical_text(from_text(text)) == text
    except (PrefcoreError, ValueError, RecursionError):
        return False


def is_time(value: object) -> bool:
    """Say whether that is a time in µs since 1970 that a datetime can hold."""
    return type(value) is int and _FIRST <= value <= _LAST
