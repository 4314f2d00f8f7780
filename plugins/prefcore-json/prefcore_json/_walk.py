"""The walk: goes through JSON text token by token, to say where an offence or a path stands.

Slow and exact. It runs only when the fast decoders have refused a text, or when what was decoded
does not fit the layout, and gives positions where they gave none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError, TruncatedDocument
from prefcore.layout import Path
from prefcore_json._strict import Refused, loads

__all__ = ["Offence", "find", "find_offence"]


class Offence(NamedTuple):
    """What is wrong with a text: where it stands, the error it makes, and a sentence."""

    at: int
    path: Path
    kind: type[PrefcoreError]
    message: str


class _Step(NamedTuple):
    """One token: ``what`` is key, value, deep, or the tokens that were expected instead."""

    at: int
    path: Path
    what: str
    token: str


_SPACE = re.compile(r"[ \t\n\r]*+")
_TEXT = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+'
_TOKEN = re.compile(
    rf'{_TEXT}"|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+'
    r"|[\[\]{},:]|(?:true|false|null)(?![A-Za-z0-9_])"
)
_CUT_NUMBER = re.compile(r"-|\.|[eE][+-]?")
_OPEN_TEXT = re.compile(_TEXT)
_VALUE, _KEY, _COLON = "a value", "a key", "a colon"
_FIRST_VALUE, _FIRST_KEY = "a value or ]", "a key or }"
_NEXT_ITEM, _NEXT_KEY, _END = "a comma or ]", "a comma or }", "the end"
_STARTS = '"-0123456789tfn[{'
_ALLOWED = {
    _VALUE: _STARTS,
    _FIRST_VALUE: _STARTS + "]",
    _KEY: '"',
    _FIRST_KEY: '"}',
    _COLON: ":",
    _NEXT_ITEM: ",]",
    _NEXT_KEY: ",}",
    _END: "",
}


def _steps(text: str, depth: int) -> Iterator[_Step]:
    path: list[str | int] = []
    at, expected = 0, _VALUE
    while True:
        at = _SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        match = _TOKEN.match(text, at)
        token = match[0] if match else ""
        if not token or token[0] not in _ALLOWED[expected]:
            if expected is not _END or at < len(text):
                yield _Step(at, tuple(path), expected, token)
            return
        first = token[0]
        if first == '"' and expected in (_KEY, _FIRST_KEY):
            path[-1] = json.loads(token)
            yield _Step(at, tuple(path), "key", token)
            expected = _COLON
        elif first == ":":
            expected = _VALUE
        elif first == ",":
            expected = _VALUE if expected is _NEXT_ITEM else _KEY
            if expected is _VALUE:
                path[-1] += 1  # type: ignore[operator]  # an array's index
        elif first in "]}":
            path.pop()
            expected = _after(path)
        else:
            yield _Step(at, tuple(path), "value", token)
            if first in "[{":
                path.append(0 if first == "[" else "")
                if len(path) > depth:
                    yield _Step(at, tuple(path), "deep", token)
                    return
                expected = _FIRST_VALUE if first == "[" else _FIRST_KEY
            else:
                expected = _after(path)
        at += len(token)


def _after(path: list[str | int]) -> str:
    if not path:
        return _END
    return _NEXT_ITEM if isinstance(path[-1], int) else _NEXT_KEY


def find(text: str, path: Path) -> int | None:
    """Give the position at which the value (or, failing that, the key) of a path begins."""
    found = None
    for step in _steps(text, 1 << 20):
        if step.path == path:
            found = step.at
            if step.what == "value":
                break
    return found


def find_offence(text: str, depth: int) -> Offence | None:
    """Give the first thing for which a strict reader refuses the text."""
    seen: dict[Path, set[str | int]] = {}
    for at, path, what, token in _steps(text, depth):
        if what == "key":
            *parent, key = path
            keys = seen.setdefault(tuple(parent), set())
            if key in keys:
                message = f"the key {key!r} stands twice in one object; remove one"
                return Offence(at, path, DamagedDocument, message)
            keys.add(key)
        if what == "deep":
            return Offence(at, path[:4], InvalidValue, "the text is nested too deep")
        if what in ("key", "value"):
            offence = _scalar_offence(at, path, token)
        else:
            # Where a first key should stand, its place in the path is still empty.
            path = path[:-1] if what is _FIRST_KEY else path
            offence = _syntax_offence(text, at, path, what)
        if offence:
            return offence
    return None


def _scalar_offence(at: int, path: Path, token: str) -> Offence | None:
    if token[0] in "[{":
        return None
    try:
        loads(token)
    except UnicodeEncodeError:
        message = "the text holds a lone surrogate, which is not valid Unicode; remove it"
        return Offence(at, path, InvalidValue, message)
    except Refused as refused:
        return Offence(at, path, InvalidValue, f"{refused}; store it as text")
    return None


def _syntax_offence(text: str, at: int, path: Path, expected: str) -> Offence:
    begun = _OPEN_TEXT.match(text, at)
    if begun and expected in (_VALUE, _FIRST_VALUE, _KEY, _FIRST_KEY):
        at = begun.end()
        if at < len(text) and not (text[at] == "\\" and len(text) - at < 6):
            what = "unknown escape \\" if text[at] == "\\" else f"bare U+{ord(text[at]):04X}"
            message = f"{what} in a text; write it as \\u and four digits"
            return Offence(at, path, DamagedDocument, message)
        at = len(text)
    found = text[at : at + 12].split("\n")[0]
    if not text[at:] or (len(text) - at < 9 and _is_cut(found)):
        message = f"the text ends where {expected} should stand; it was cut off, get a whole copy"
        return Offence(at, path, TruncatedDocument, message)
    if found.startswith(("NaN", "Infinity", "-Infinity")):
        message = "NaN and Infinity are not JSON; write null or a number"
    elif found.startswith("/*") and "*/" not in text[at + 2 :]:
        message = "this comment has no end, */; write it, or get a whole copy"
        return Offence(at, path, TruncatedDocument, message)
    elif found.startswith(("//", "/*")):
        message = "comments are not JSON; remove them, or read the file as jsonc, which has them"
    elif found[0] == "#":
        message = "comments that begin with # are not JSON; remove them"
    elif found[0] in "]}" and expected in (_VALUE, _KEY):
        message = "the comma before this has nothing after it; remove it"
    elif expected is _END:
        message = "something stands after the end of the document; remove it"
    else:
        # One character: more could be of a secret.
        message = f"expected {expected}, found {found[0]!r}; mend the syntax"
    return Offence(at, path, DamagedDocument, message)


def _is_cut(rest: str) -> bool:
    words = ("true", "false", "null")
    return bool(_CUT_NUMBER.fullmatch(rest)) or any(word.startswith(rest) for word in words)
