"""Detection: how much a file's first bytes look like JSON, and how much like JSON with comments.

The second is all of the first and more, so one of them is always surer. What shows a comment or a
trailing comma is JSONC. So is a plain file that goes on beyond what is seen, for one may follow;
documents of ours have none unless somebody put it there.
"""

from __future__ import annotations

import re

from prefcore.interfaces import Likeness
from prefcore_json._comments import MARK, has_additions, without_additions

__all__ = ["looks_like_json", "looks_like_jsonc"]

#: So much of a file is seen; less is all of it.
_SEEN = 4096
_SPACE = r"[ \t\r\n]*"
_DOCUMENT = re.compile(rf'\{{{_SPACE}"prefcore"{_SPACE}:{_SPACE}\{{')
_QUOTED = re.compile(rf'\{{{_SPACE}["}}]')  # in other languages, names stand without quotes


def looks_like_json(head: bytes) -> Likeness:
    """Say how sure it is that this is the beginning of an object in JSON."""
    text = _text(head)
    if not text.startswith("{") or has_additions(text):
        return Likeness.NO
    if _DOCUMENT.match(text):
        return Likeness.CERTAIN
    return Likeness.LIKELY if len(head) < _SEEN and _QUOTED.match(text) else Likeness.POSSIBLE


def looks_like_jsonc(head: bytes) -> Likeness:
    """Say how sure it is that this is the beginning of an object in JSONC."""
    text = _text(head)
    if text.startswith(MARK):
        return Likeness.CERTAIN
    begun = without_additions(text).lstrip()
    if not begun.startswith(("{", "//", "/*")) and begun:
        return Likeness.NO
    shows_more = has_additions(text)
    if _DOCUMENT.match(begun):
        return Likeness.CERTAIN if shows_more else Likeness.POSSIBLE
    if shows_more or text.startswith(("//", "/*")) or len(head) >= _SEEN:
        return Likeness.LIKELY if not begun or _QUOTED.match(begun) else Likeness.POSSIBLE
    return Likeness.POSSIBLE if begun else Likeness.NO


def _text(head: bytes) -> str:
    # A byte order mark is refused when read, with a hint that "unknown format" could not give.
    return head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip(" \t\r\n")
