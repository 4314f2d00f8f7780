"""Texts: how a value stands in a TOML file; its own types where they lose nothing, else tags."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

__all__ = ["key_text", "pairs", "table_name"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
# Of what JSON leaves bare in a text, TOML has this escaped.
_DELETE = re.compile("\x7f")
# What stands over several lines: no escapes, no quotes that could end it, no line of its own end.
_LINES = re.compile(r'(?:[^\x00-\x08\x0b-\x1f\x7f\\"\n]*+\n)+[^\x00-\x08\x0b-\x1f\x7f\\"\n]*+')
# In single quotes nothing is escaped: easier to read, where it would be.
_LITERAL = re.compile(r"(?=.*[\"\\])[^'\x00-\x1f\x7f]+")
_ZEROS = re.compile(r"\.0{6}(?=$|[+-])")
_NATIVE = ("$date", "$datetime", "$time")
#: Arrays and inline tables up to this width stand on one line.
_WIDTH = 72

_quoted = json.JSONEncoder(ensure_ascii=False).encode


def key_text(key: str) -> str:
    """Give a key, quoted if need be."""
    return key if _BARE.fullmatch(key) else _string(key)


def table_name(path: tuple[str, ...]) -> str:
    """Give a table's dotted name."""
    return ".".join(map(key_text, path))


def pairs(
    data: Mapping[str, object], path: tuple[str, ...], *, open: bool = False
) -> Iterator[str]:
    """Give the lines of a table's pairs, then the tables inside it; ``path`` is the table's.

    ``data`` is plain JSON types with tagged forms. With ``open``, each object in it is a table.
    """
    tables = []
    for key, item in data.items():
        if isinstance(item, Mapping) and item and not _is_tag(item):
            text = "" if open else _inline(item)
            if open or len(text) > _WIDTH:
                tables.append((key, item))
            else:
                yield f"{key_text(key)} = {text}\n"
        else:
            yield f"{key_text(key)} = {_value(item)}\n"
    for key, item in tables:
        inner = (*path, key)
        lines = list(pairs(item, inner))
        # A table that holds only tables is made by them.
        if not lines[0].startswith("\n"):
            yield f"\n[{table_name(inner)}]\n"
        yield from lines


def _value(data: object) -> str:
    if isinstance(data, str) and _LINES.fullmatch(data):
        return f'"""\n{data}"""'
    text = _inline(data)
    if isinstance(data, list) and len(text) > _WIDTH:
        return "[\n" + "".join(f"  {_inline(item)},\n" for item in data) + "]"
    return text


def _inline(data: object) -> str:
    if isinstance(data, str):
        return _string(data)
    if data is None:
        return '{ "$null" = true }'
    if isinstance(data, list):
        return f"[{', '.join(map(_inline, data))}]"
    if isinstance(data, Mapping):
        return _inline_table(data)
    return repr(data) if isinstance(data, float) else _quoted(data)


def _inline_table(data: Mapping[str, object]) -> str:
    if len(data) == 1:
        ((key, item),) = data.items()
        if key in _NATIVE:
            return _ZEROS.sub("", str(item)).replace("+00:00", "Z")
    inner = ", ".join(f"{key_text(key)} = {_inline(item)}" for key, item in data.items())
    return f"{{ {inner} }}" if inner else "{}"


def _is_tag(data: Mapping[str, object]) -> bool:
    """Say whether that looks like a tagged form, which stands on one line."""
    return len(data) == 1 and next(iter(data)).startswith("$")


def _string(text: str) -> str:
    if _LITERAL.fullmatch(text):
        return f"'{text}'"
    return _DELETE.sub(r"\\u007F", _quoted(text))
