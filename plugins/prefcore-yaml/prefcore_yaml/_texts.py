"""Texts: how a value stands in a YAML file, in block style, alike to every reader.

What a reader of YAML 1.1 or 1.2 might take for something else stands in quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

__all__ = ["block", "key_text"]

# Words that begin like this are text to every reader, unless they are one of those below.
_PLAIN = re.compile(r"[^\W\d][\w./+-]*(?: [\w./+(-][\w./+()-]*)*|\$\w+")
_AMBIGUOUS = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null"])
# In double quotes JSON's escapes mean the same, but YAML folds or refuses more characters.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
# Lines that stand as they are in a literal block: printable, not empty at either end of the text,
# and no line indented, as that could be taken for the block's own indent.
_ODD = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
_LINE = rf"[^\s{_ODD}][^{_ODD}]*+"
_LITERAL = re.compile(rf"{_LINE}(?:\n+{_LINE})+\n?")
# In single quotes nothing is escaped: easier to read, where it would be.
_SINGLE = re.compile(rf"(?=.*[\"\\])[^'{_ODD}]+")
#: A sequence of scalars up to this width stands on one line.
_WIDTH = 72
# A key beyond stands after a question mark: readers look for its colon within 1,024 characters.
_SIMPLE_KEY = 1_000

_quoted = json.JSONEncoder(ensure_ascii=False).encode


def key_text(key: str) -> str:
    """Give a key with its colon."""
    text = _text(key)
    return f"{text}:" if len(text) <= _SIMPLE_KEY else f"? {text}\n:"


def block(data: object, indent: str = "") -> Iterator[str]:
    """Give what follows a key or a dash, beginning with the space: one line or several.

    ``data`` is plain JSON types; ``indent`` that of the key.
    """
    if isinstance(data, str) and _LITERAL.fullmatch(data):
        yield from _literal(data, indent + "  ")
    elif isinstance(data, Mapping) and data and not _is_tag(data):
        yield from _mapping(data, indent + "  ")
    elif isinstance(data, list) and data and not _is_short(data):
        yield from _sequence(data, indent)
    else:
        yield f" {_flow(data)}\n"


def _mapping(data: Mapping[str, object], indent: str) -> Iterator[str]:
    yield "\n"
    for key in sorted(data):
        yield _indented(key_text(key), indent)
        yield from block(data[key], indent)


def _sequence(data: list[object], indent: str) -> Iterator[str]:
    yield "\n"
    for item in data:
        yield f"{indent}-"
        if isinstance(item, list) and item and not _is_short(item):
            yield from _sequence(item, indent + "  ")
        elif isinstance(item, Mapping) and item and not _is_tag(item):
            lines = _mapping(item, indent + "  ")
            next(lines)
            # The first key stands beside the dash.
            yield next(lines).replace(indent + "  ", " ", 1)
            yield from lines
        else:
            yield from block(item, indent)


def _literal(text: str, indent: str) -> Iterator[str]:
    yield " |\n" if text.endswith("\n") else " |-\n"
    for line in text.removesuffix("\n").split("\n"):
        yield f"{indent}{line}\n" if line else "\n"


def _indented(text: str, indent: str) -> str:
    return indent + text.replace("\n", f"\n{indent}")


def _is_tag(data: Mapping[str, object]) -> bool:
    """Say whether that looks like a tagged form, which stands on one line."""
    if len(data) != 1:
        return False
    ((key, item),) = data.items()
    return key.startswith("$") and not _is_deep(item)


def _is_short(data: list[object]) -> bool:
    if len(data) > _WIDTH or any(isinstance(one, (list, dict)) and one for one in data):
        return False
    return len(_flow(data)) <= _WIDTH


def _is_deep(data: object) -> bool:
    """Say whether that holds more than texts: what a tagged form holds is one, or a few."""
    if isinstance(data, list):
        return not all(isinstance(one, str) for one in data)
    return isinstance(data, Mapping) and bool(data)


def _flow(data: object) -> str:
    if isinstance(data, Mapping):
        return "{" + ", ".join(f"{_text(key)}: {_flow(data[key])}" for key in data) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(map(_flow, data)) + "]"
    if isinstance(data, str):
        return _text(data)
    if isinstance(data, float):
        text = repr(data)
        # YAML 1.1 knows no float without a point.
        return text if "." in text else text.replace("e", ".0e")
    return _quoted(data)  # null, booleans and integers are those of JSON


def _text(text: str) -> str:
    if len(text) < _WIDTH and _PLAIN.fullmatch(text) and text.lower() not in _AMBIGUOUS:
        return text
    if _SINGLE.fullmatch(text):
        return f"'{text}'"
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", _quoted(text))
