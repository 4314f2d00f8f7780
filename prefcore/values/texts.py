"""Canonical texts: a portable value's one text, what it says, and which texts are equal."""

from __future__ import annotations

import json
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Iterable
from math import isfinite

from prefcore.errors import DamagedValue, InvalidValue
from prefcore.values.kinds import MAX_INTEGER, MIN_INTEGER, UNSET, Sealed
from prefcore.values.tagged import are_ascii, checked_text, from_tagged, to_tagged

__all__ = [
    "canonical_text",
    "digest",
    "equal",
    "from_text",
    "from_texts",
    "is_sealed_text",
    "same_text",
    "sealed_tag",
]

#: What the canonical text of a sealed value begins with. So does that of an object whose first key
#: is ``$sealed``, where it has others; only the shape tells.
_SEALED = '{"$sealed":['
_SEALED_SHAPE = re.compile(
    r'\{"\$sealed":\["[^"\\]*+(?:\\.[^"\\]*+)*+",'
    r'"[A-Za-z0-9+/]*+={0,2}+",("[A-Za-z0-9+/]*+={0,2}+")\]\}'
)
_AROUND_SEALED = ["{", ":[", ",", ",", "]}"]  # its quoted parts, of which the first is the tag

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


def canonical_text(value: object, *, path: str = "") -> str:
    """Give a portable value's canonical text.

    ``path`` is where the value stands, for the error. Raises InvalidValue, naming the place
    inside the value, when it is not portable.
    """
    kind = type(value)
    if kind is str:
        return _quoted(checked_text(value, path))  # type: ignore[arg-type]  # kind says str
    if value is None or kind is bool:
        return "null" if value is None else "true" if value else "false"
    if kind is int and MIN_INTEGER <= value <= MAX_INTEGER:  # type: ignore[operator]  # an int
        return repr(value)
    if kind is float and isfinite(value):  # type: ignore[arg-type]  # kind says float
        return repr(value)  # as JSON has it, too
    if kind is list and are_ascii(value):  # type: ignore[arg-type]  # kind says list
        return _encode(value)
    if isinstance(value, Sealed):
        data, tag = (
            b2a_base64(value.data, newline=False).decode(),
            b2a_base64(value.tag, newline=False).decode(),
        )
        return f'{{"$sealed":[{_quoted(value.key_id)},"{data}","{tag}"]}}'
    return _encode(to_tagged(value, path=path))


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
