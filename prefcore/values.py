r"""Portable values: which values a preference may hold, their canonical text and their equality.

A portable value is None, bool, int (64-bit signed), float (finite), str (no lone surrogates),
bytes, datetime (aware), date, time (naive), list, or dict with str keys, at most
``MAX_DEPTH`` levels deep. Its *canonical text* is JSON: keys sorted by code point, no white space,
numbers as Python's ``repr`` (the shortest text that gives the same float back), and the types that
JSON lacks in a tagged form::

    b"\x00"                      {"$bytes":"AA=="}
    date(2026, 1, 31)            {"$date":"2026-01-31"}
    datetime(…, tzinfo=utc)      {"$datetime":"2026-01-31T12:00:00.000000+00:00"}
    time(12, 0)                  {"$time":"12:00:00.000000"}

Real data of that shape (an object with one key that is ``$``, then a reserved word) gets one more
``$`` in front of its key, and loses it on the way back; so every value has one text, and every
such text one value. Two values are equal when their texts are: 1 is not 1.0, True is not 1.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from math import isfinite

from prefcore.errors import DamagedValue, InvalidValue

__all__ = [
    "MAX_DEPTH",
    "MAX_INTEGER",
    "MIN_INTEGER",
    "UNSET",
    "Sealed",
    "Unset",
    "Value",
    "canonical_text",
    "digest",
    "equal",
    "from_tagged",
    "from_text",
    "from_texts",
    "is_sealed_text",
    "kind_of",
    "same_text",
    "sealed_tag",
    "to_tagged",
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

#: What the canonical text of a sealed value begins with. So does that of an object whose first key
#: is ``$sealed``, where it has others; only the shape tells.
_SEALED = '{"$sealed":['
_SEALED_SHAPE = re.compile(
    r'\{"\$sealed":\["[^"\\]*+(?:\\.[^"\\]*+)*+",'
    r'"[A-Za-z0-9+/]*+={0,2}+",("[A-Za-z0-9+/]*+={0,2}+")\]\}'
)
_AROUND_SEALED = ["{", ":[", ",", ",", "]}"]  # its quoted parts, of which the first is the tag

# Reserved for good: also words no tag uses yet, so that a later tag cannot collide with data.
_TAG = re.compile(r"\$+(?:bytes|date|datetime|time|null|int|float|list|map|sealed)\Z")
_quoted = json.encoder.encode_basestring
_encoder = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


# What json.loads comes to in the end, without the 3 µs before it: canonical texts are JSON without
# white space around them.
_scan = json.JSONDecoder().scan_once  # type: ignore[attr-defined]  # left out of its stub


def _pieces_of(encoder: json.JSONEncoder) -> Callable[[object, int], Iterable[str]] | None:
    """Give what an encoder's encode() makes anew in each call; None where this Python has none.

    It is no public part of the json module, so another Python may make it in another way.
    """
    try:
        made: Callable[[object, int], Iterable[str]] = json.encoder.c_make_encoder(  # type: ignore[attr-defined]  # left out of its stub
            None, encoder.default, _quoted, None, ":", ",", True, False, False
        )
    except (AttributeError, TypeError):
        return None
    return made


_pieces = _pieces_of(_encoder)


def _encode(data: object) -> str:
    """Give the JSON text of plain types."""
    return "".join(_pieces(data, 0)) if _pieces else _encoder.encode(data)


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


def canonical_text(value: object, *, path: str = "") -> str:
    """Give a portable value's canonical text.

    ``path`` is where the value stands, for the error. Raises InvalidValue, naming the place
    inside the value, when it is not portable.
    """
    kind = type(value)
    if kind is str:
        return _quoted(_checked_text(value, path))  # type: ignore[arg-type]  # kind says str
    if value is None or kind is bool:
        return "null" if value is None else "true" if value else "false"
    if kind is int and MIN_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]  # an int
        return repr(value)
    if kind is float and isfinite(value):  # type: ignore[arg-type]  # kind says float
        return repr(value)  # as JSON has it, too
    if kind is list and _are_ascii(value):  # type: ignore[arg-type]  # kind says list
        return _encode(value)
    if isinstance(value, Sealed):
        data, tag = (
            b2a_base64(value.data, newline=False).decode(),
            b2a_base64(value.tag, newline=False).decode(),
        )
        return f'{{"$sealed":[{_quoted(value.key_id)},"{data}","{tag}"]}}'
    return _encode(to_tagged(value, path=path))


def _are_small(items: Sequence[object]) -> bool:
    """Say whether all items of a list are integers of 64 bits, as numbers of keys are."""
    if {*map(type, items)} != {int}:
        return False
    least, most = min(items), max(items)  # type: ignore[type-var]  # integers
    return least >= MIN_INTEGER and most <= MAX_INTEGER  # type: ignore[operator]  # integers


def _are_ascii(items: Sequence[object]) -> bool:
    """Say whether all items of a list, which are often texts, are plain ones."""
    return {*map(type, items)} == {str} and "".join(items).isascii()  # type: ignore[arg-type]  # texts


def to_tagged(value: object, *, path: str = "", depth: int = 1) -> object:
    """Give a portable value as plain JSON types, with the tagged forms of this module.

    Raises InvalidValue, with the path of the offender, when the value is not portable.
    """
    kind = type(value)
    if kind is str:
        return _checked_text(value, path)  # type: ignore[arg-type]  # kind says str
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
        if _are_small(value) or _are_ascii(value):
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
        name = _checked_text(key, path)
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
        return _checked_text(str.__str__(value), path)
    raise InvalidValue(
        f"{_at(path)}a {type(value).__name__} is not a portable value; "
        "use null, boolean, integer, float, text, bytes, date, time, list or object",
        path=path,
    )


def from_text(text: str) -> object:
    """Give the value of a canonical text (as ``canonical_text`` made it).

    Raises DamagedValue, which is a ValueError too, for what cannot be one.
    """
    try:
        is_like_sealed = text.startswith(_SEALED)
    except (AttributeError, TypeError) as error:
        raise _no_text() from error
    if is_like_sealed and "\\" not in text:  # no other value is read so often
        parts = text.split('"')
        if parts[::2] == _AROUND_SEALED:
            try:
                data = a2b_base64(parts[5], strict_mode=True)
                return Sealed(parts[3], data, a2b_base64(parts[7], strict_mode=True))
            except ValueError:
                pass  # what is wrong is said below
    try:
        value, end = _scan(text, 0)
    except (StopIteration, ValueError) as error:
        raise DamagedValue("a stored value is damaged: it is no canonical text") from error
    if end != len(text):
        raise DamagedValue(f"a stored value is damaged: it goes on after position {end}")
    if '"$' not in text:
        return value
    try:
        return from_tagged(value)
    except InvalidValue as error:  # nobody sets such a thing: it was edited where it is stored
        raise DamagedValue(f"a stored value is damaged: {error.message}") from error


def from_texts(texts: Iterable[str]) -> list[object]:
    """Give the values of canonical texts; decoding many together takes a third of the time.

    Raises DamagedValue as ``from_text`` does.
    """
    texts = list(texts)
    joined = ",".join(texts)
    if '"$' not in joined:  # a tagged form may stand only where it stands in its own text
        values = from_text(f"[{joined}]")
        if isinstance(values, list) and len(values) == len(texts):
            return values
    return [from_text(text) for text in texts]  # it says which of them is damaged


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


def digest(value: object) -> str:
    """Give the SHA-256 of a portable value's canonical text (UTF-8), as ``sha256:`` and hex."""
    from hashlib import sha256  # late: 2 ms, and `prefcore get` needs none

    return "sha256:" + sha256(canonical_text(value).encode()).hexdigest()


def equal(one: object, other: object) -> bool:
    """Say whether two values are the same portable value; sealed ones go by their tags."""
    if one is UNSET or other is UNSET or isinstance(one, Sealed) or isinstance(other, Sealed):
        return one == other
    return canonical_text(one) == canonical_text(other)


def is_sealed_text(text: str) -> bool:
    """Say whether a canonical text is that of a sealed value.

    Raises DamagedValue for what is no text, as a store's file may hold that was edited.
    """
    try:
        return text.startswith(_SEALED) and _SEALED_SHAPE.fullmatch(text) is not None
    except (AttributeError, TypeError) as error:
        raise _no_text() from error


def _no_text() -> DamagedValue:
    return DamagedValue("a stored value is damaged: it is no text")


def sealed_tag(text: str) -> str | None:
    """Give the equality tag of a sealed value's text, in base64 and quotes; None of another's."""
    found = _SEALED_SHAPE.fullmatch(text)
    return None if found is None else found[1]


def same_text(one: str | None, other: str | None) -> bool:
    """Say whether two canonical texts hold the same value; sealed ones go by their tags.

    None stands for no entry, and equals itself alone. Raises DamagedValue for what is no text.
    """
    if one == other:
        return True
    if one is None or other is None:
        return False
    try:
        if not one.startswith(_SEALED):
            return False
    except (AttributeError, TypeError) as error:
        raise _no_text() from error
    return is_sealed_text(one) and is_sealed_text(other) and from_text(one) == from_text(other)


def _checked_text(value: str, path: str) -> str:
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


def _at(path: str) -> str:
    return f"{path}: " if path else ""
