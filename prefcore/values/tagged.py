"""Portable values as plain JSON types: the tagged forms, both ways, and what is not portable."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import isfinite

from prefcore.errors import InvalidValue
from prefcore.values.kinds import MAX_DEPTH, MAX_INTEGER, MIN_INTEGER, Sealed

__all__ = ["are_ascii", "checked_text", "from_tagged", "to_tagged"]

# Reserved for good: also words no tag uses yet, so that a later tag cannot collide with data.
_TAG = re.compile(r"\$+(?:bytes|date|datetime|time|null|int|float|list|map|sealed)\Z")


def to_tagged(value: object, *, path: str = "", depth: int = 1) -> object:
    """Give a portable value as plain JSON types, with the tagged forms of this module.

    Raises InvalidValue, with the path of the offender, when the value is not portable.
    """
    kind = type(value)
    if kind is str:
        return checked_text(value, path)  # type: ignore[arg-type]  # kind says str
    if value is None or kind is bool:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return _checked_integer(int(value), path)
    if isinstance(value, float):
        if not isfinite(value):
            raise InvalidValue(
                f"{_at(path)}{value!r} is not a finite number; store null or leave the key unset",
                path=path,
            )
        return float(value)
    if isinstance(value, Mapping):
        return _tagged_object(value, path, depth)
    if isinstance(value, (list, tuple)):
        _check_depth(depth, path)
        if _are_small(value) or are_ascii(value):
            return list(value)
        return [
            to_tagged(item, path=f"{path}[{i}]", depth=depth + 1) for i, item in enumerate(value)
        ]
    return _tagged_scalar(value, path)


def _tagged_object(value: Mapping[object, object], path: str, depth: int) -> dict[str, object]:
    _check_depth(depth, path)
    tagged = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise InvalidValue(
                f"{_at(path)}the object's key {key!r} is not text; write it as a string", path=path
            )
        name = checked_text(key, path)
        tagged[name] = to_tagged(item, path=f"{path}.{key}" if path else key, depth=depth + 1)
    if len(tagged) == 1:
        (key,) = tagged
        if _TAG.match(key):
            return {"$" + key: tagged[key]}
    return tagged


def _tagged_scalar(value: object, path: str) -> object:
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": b64encode(value).decode("ascii")}
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise InvalidValue(
                f"{_at(path)}the time {value.isoformat()} has no zone; add one, such as +00:00",
                path=path,
            )
        offset = value.utcoffset() or timedelta(0)
        if offset % timedelta(minutes=1):
            raise InvalidValue(
                f"{_at(path)}the zone of {value.isoformat()} is not whole minutes", path=path
            )
        return {"$datetime": value.isoformat(timespec="microseconds")}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, time):
        if value.tzinfo is not None:
            raise InvalidValue(
                f"{_at(path)}a time of day has no zone; store a datetime, or drop the zone",
                path=path,
            )
        return {"$time": value.isoformat(timespec="microseconds")}
    if isinstance(value, str):  # a subclass, such as a StrEnum
        return checked_text(str.__str__(value), path)
    raise InvalidValue(
        f"{_at(path)}a {type(value).__name__} is not a portable value; "
        "use null, boolean, integer, float, text, bytes, date, time, list or object",
        path=path,
    )


def from_tagged(data: object, *, path: str = "") -> object:
    """Give the value of plain JSON types in which tagged forms may stand.

    Raises InvalidValue when a tagged form is malformed, naming its path.
    """
    if isinstance(data, dict):
        if len(data) == 1:
            ((key, item),) = data.items()
            if _TAG.match(key):
                if key.startswith("$$"):
                    return {key[1:]: from_tagged(item, path=path)}
                return _untag(key, item, path)
        return {
            key: from_tagged(item, path=f"{path}.{key}" if path else key)
            for key, item in data.items()
        }
    if isinstance(data, list):
        return [from_tagged(item, path=f"{path}[{i}]") for i, item in enumerate(data)]
    return data


def _untag(tag: str, item: object, path: str) -> object:
    try:
        if tag == "$sealed":
            if path:
                raise ValueError("a sealed value stands only as a whole value")
            if not isinstance(item, list) or [type(part) for part in item] != [str, str, str]:
                raise ValueError("a sealed value is three texts")
            key_id, data, equality = item
            return Sealed(key_id, *(b64decode(part, validate=True) for part in (data, equality)))
        if not isinstance(item, str):
            raise ValueError("it holds no text")
        if tag == "$bytes":
            return b64decode(item, validate=True)
        if tag == "$datetime":
            moment = datetime.fromisoformat(item)
            if moment.utcoffset() is None:
                raise ValueError("it has no zone; add one, such as +00:00")
            return moment
        if tag == "$date":
            return date.fromisoformat(item)
        if tag == "$time":
            return time.fromisoformat(item)
        raise ValueError("this version knows no such tag")
    except ValueError as error:
        raise InvalidValue(
            f'{_at(path)}the tagged form {{"{tag}": …}} is malformed: {error}; '
            f'for an object with that very key write "${tag}"',
            path=path,
        ) from error


def checked_text(value: str, path: str) -> str:
    """Give a text back; raises InvalidValue where it is no valid Unicode."""
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidValue(
                f"{_at(path)}the text holds a lone surrogate (U+{ord(value[error.start]):04X}) "
                f"at position {error.start}, which is not valid Unicode",
                path=path,
            ) from error
    return value


def _checked_integer(value: int, path: str) -> int:
    if MIN_INTEGER <= value <= MAX_INTEGER:
        return value
    raise InvalidValue(
        f"{_at(path)}the integer of {value.bit_length()} bits does not fit in 64; "
        "store it as text or as a float",
        path=path,
    )


def _check_depth(depth: int, path: str) -> None:
    if depth > MAX_DEPTH:
        raise InvalidValue(
            f"{_at(path[:80])}the value is nested deeper than {MAX_DEPTH} levels", path=path[:80]
        )


def _are_small(items: Sequence[object]) -> bool:
    """Say whether all items of a list are integers of 64 bits, as numbers of keys are."""
    if {*map(type, items)} != {int}:
        return False
    least, most = min(items), max(items)  # type: ignore[type-var]  # integers
    return least >= MIN_INTEGER and most <= MAX_INTEGER  # type: ignore[operator]  # integers


def are_ascii(items: Sequence[object]) -> bool:
    """Say whether all items of a list, which are often texts, are plain ones."""
    return {*map(type, items)} == {str} and "".join(items).isascii()  # type: ignore[arg-type]  # texts


def _at(path: str) -> str:
    return f"{path}: " if path else ""
