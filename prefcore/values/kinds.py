"""What a portable value may be: its types and limits, the sealed value, and no value at all."""

from __future__ import annotations

from datetime import date, datetime, time

__all__ = [
    "MAX_DEPTH",
    "MAX_INTEGER",
    "MIN_INTEGER",
    "UNSET",
    "Sealed",
    "Unset",
    "Value",
    "kind_of",
]

#: How deep arrays and objects may nest in a value: a scalar has 0 levels, a list of scalars 1.
MAX_DEPTH = 64
MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1

# A recursive alias would say more, but mypy --strict users then meet invariance at every list.
Value = object


class Unset:
    """The type of ``UNSET``: no value is held, which is neither null nor any value."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET = Unset()


class Sealed:
    """An encrypted value as everything below the facade sees it.

    ``key_id`` names the data key, ``data`` is the ciphertext, ``tag`` an equality tag: two sealed
    values are equal when their tags are. It stands only as a whole value, never inside one.
    """

    __slots__ = ("data", "key_id", "tag")

    def __init__(self, key_id: str, data: bytes, tag: bytes) -> None:
        self.key_id = key_id
        self.data = data
        self.tag = tag

    def __repr__(self) -> str:
        return f"Sealed({self.key_id!r}, …)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and self.tag == other.tag

    def __hash__(self) -> int:
        return hash(self.tag)


def kind_of(value: object) -> str:
    """Give the name of a value's type as messages and schemas use it, such as ``integer``."""
    kind = _KINDS.get(type(value))
    if kind is None:
        kind = next((name for t, name in _KINDS.items() if isinstance(value, t)), None)
    return kind or type(value).__name__


_KINDS: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    bytes: "bytes",
    datetime: "datetime",
    date: "date",
    time: "time",
    list: "array",
    tuple: "array",
    dict: "object",
    Sealed: "sealed",
}
