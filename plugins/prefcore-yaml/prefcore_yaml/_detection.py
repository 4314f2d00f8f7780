"""Detection: how much the beginning of a file looks like YAML, by its first line of content."""

from __future__ import annotations

import re

from prefcore.interfaces import Likeness

__all__ = ["likeness"]

# A document of ours: its header comes first, and is a mapping.
_OURS = re.compile(r"prefcore:(?:[ \t]*\{|[ \t]*(?:#.*)?\r?\n[ \t]+[\w\"'])")
# A key and its colon. An equals sign or a quote before it is that of another format.
_KEY = re.compile(
    r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s\[\]{},#&*!|>%@`"'=-][^\n#"'=]*?)"""
    r"[ \t]*:(?:[ \t\r\n]|$)"
)
_OTHERS = re.compile(r"[{&!]|[-?][ \t\r\n]")
_BEFORE = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*\n|---(?=[ \t\r\n])[ \t]*)*+[ \t]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def likeness(head: bytes) -> Likeness:
    """Say how sure the first bytes of a file make it that this is YAML."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if _CONTROL.search(text):
        return Likeness.NO
    begun = _BEFORE.match(text)
    at = begun.end() if begun else 0
    if _OURS.match(text, at):
        return Likeness.CERTAIN
    if _KEY.match(text, at):
        return Likeness.LIKELY
    # What is in braces is more likely JSON, and has to be read as that where it can.
    return Likeness.POSSIBLE if _OTHERS.match(text, at) else Likeness.NO
