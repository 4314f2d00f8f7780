"""Detection: how much the beginning of a file looks like TOML, by its first line of content."""

from __future__ import annotations

import re

from prefcore.interfaces import Likeness

__all__ = ["likeness"]

_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_NAMES = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*+[ \t]*"
_OURS = re.compile(r"\[[ \t]*prefcore[ \t]*\]")
_PAIR = re.compile(rf"{_NAMES}=")
_BEFORE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*+[ \t]*")
# A header with something after it: alone it could be an array of another language.
_TABLE = re.compile(
    rf"\[\[?[ \t]*{_NAMES}\]\]?[ \t]*(?:#[^\n]*)?\r?\n{_BEFORE.pattern}(?:\[|{_PAIR.pattern})"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def likeness(head: bytes) -> Likeness:
    """Say how sure the first bytes of a file make it that this is TOML."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if _CONTROL.search(text):
        return Likeness.NO
    begun = _BEFORE.match(text)
    at = begun.end() if begun else 0
    if _OURS.match(text, at):
        return Likeness.CERTAIN
    return Likeness.LIKELY if _PAIR.match(text, at) or _TABLE.match(text, at) else Likeness.NO
