"""Comments and trailing commas: put out of a text, so that what is left is JSON in the same places.

What JSONC adds to JSON is what editors' settings files hold: ``//`` to the end of the line,
``/* */``, and a comma after the last member or item. Spaces take their place and line ends stay,
so every line and column that a strict reader names is that of the file. Time and memory are linear
in the text, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prefcore.errors import DamagedDocument

__all__ = ["MARK", "has_additions", "without_additions", "without_comments"]

#: The line that JSONC begins with when we write it, which tells it from JSON.
MARK = "// Preferences, in JSON with comments.\n"

# Texts are taken whole, so that what stands in them is left alone. Their escapes are hidden before.
_COMMENT = re.compile(rb'"[^"]*+"?|//[^\n]*+|/\*')
# A comma that follows an opening sign stands for nothing; a strict reader refuses it.
_COMMA = re.compile(rb'"[^"]*+"?|[\[{:][ \t\r\n]*+,|,(?=[ \t\r\n]*+[\]}])')
_COMMA_LIKE = re.compile(r",[ \t\r\n]*+[\]}]")
# People write fewer; so many cost a second.
_MOST = 500_000
# Of signs: a text is held several times over while they are taken out, a second and 150 MB here.
_MOST_SIGNS = 8 << 20
# One byte of each sign becomes a space, so that columns, which count signs, stay.
_GONE = 0xFF  # in no UTF-8
_SPACES = bytes(
    sign if sign in b"\t\r\n" else _GONE if 0x80 <= sign < 0xC0 else 0x20 for sign in range(256)
)


def without_additions(text: str) -> str:
    """Give the text with spaces for comments and trailing commas.

    A comment without an end stays, as does a comma before which nothing stands (``[,]``): a
    strict reader refuses both, with their places. Raises DamagedDocument for too many comments, or
    too long a text with any.
    """
    has_comments = "//" in text or "/*" in text
    if not has_comments and not _COMMA_LIKE.search(text):
        return text
    if len(text) > _MOST_SIGNS:
        raise DamagedDocument(
            f"the file has comments or trailing commas, and more than {_MOST_SIGNS >> 20} million "
            "signs; take them out, or split the file"
        )
    raw = bytearray(text.encode())
    hidden = raw.replace(b"\\\\", b"..").replace(b'\\"', b"..")
    if has_comments:
        _put_out_comments(raw, hidden)
    for found in _COMMA.finditer(hidden):
        if found[0] == b",":
            raw[found.start()] = 0x20
    return raw.translate(None, bytes([_GONE])).decode()


def without_comments(text: str) -> str:
    """Give the text with spaces for comments alone."""
    raw = bytearray(text.encode())
    _put_out_comments(raw, raw.replace(b"\\\\", b"..").replace(b'\\"', b".."))
    return raw.translate(None, bytes([_GONE])).decode()


def has_additions(text: str) -> bool:
    """Say whether a text, or the beginning of one, shows a comment or a trailing comma."""
    return without_additions(text) != text


def _put_out_comments(raw: bytearray, hidden: bytearray) -> None:
    """Blank the comments in a text, and in its copy whose escapes are hidden."""
    for count, (start, end) in enumerate(_comments(bytes(hidden))):
        if count == _MOST:
            raise DamagedDocument(f"there are more than {_MOST} comments; split the file")
        blank = raw[start:end].translate(_SPACES)
        raw[start:end] = blank
        hidden[start:end] = blank.replace(b"\xff", b" ")


def _comments(text: bytes) -> Iterator[tuple[int, int]]:
    """Give start and end of each comment; one without an end is none."""
    at = 0
    while found := _COMMENT.search(text, at):
        start, at = found.span()
        if text.startswith(b"/*", start):
            at = text.find(b"*/", at) + 2
            if at < 2:
                return
        if text[start] != 0x22:  # a quote
            yield start, at
