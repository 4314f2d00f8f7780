"""Names: which ones objects may have, and which folder a URL names; nothing touches a disk."""

from __future__ import annotations

import os
import sys
import unicodedata
from urllib.parse import unquote_to_bytes

from prefcore.errors import UsageError

__all__ = ["DEEPEST", "folded", "is_name", "is_segment", "path_of", "segments_of"]

#: UTF-8 bytes of one segment (NAME_MAX of Linux and macOS) and of a whole name (S3's limit).
_LONGEST_SEGMENT = 255
_LONGEST_NAME = 1024
#: Segments of a name; nothing deeper is looked at either.
DEEPEST = 32
#: What mkfs leaves in the root of an ext file system, closed to all but root.
_OF_THE_SYSTEM = "lost+found"


def path_of(url: str) -> str:
    """Give the absolute path that ``file:///path`` names, percent-decoded.

    Raises UsageError for a host, a relative path, ``.`` and ``..``, a query and a fragment.
    """
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if scheme.lower() != "file" or not slash:
        raise _bad_url(url, "a folder is named as file:///path/to/folder, from the root down")
    if host:
        raise _bad_url(url, f"'{host}' stands where a host would; write three slashes, file:///")
    for mark, code in (("?", "%3F"), ("#", "%23")):
        if mark in path:
            raise _bad_url(url, f"a {mark} in a path is written {code}")
    segments = [_decoded(url, part) for part in path.split("/") if part]
    if any(segment in (".", "..") for segment in segments):
        raise _bad_url(url, "a path from the root down has no . or .. in it")
    if not segments:
        raise _bad_url(url, "it names the root of the whole system; give it a folder of its own")
    return "/" + "/".join(segments)


def _decoded(url: str, part: str) -> str:
    for code in part.split("%")[1:]:
        if len(code) < 2 or not set(code[:2]) <= set("0123456789abcdefABCDEF"):
            raise _bad_url(url, "a percent sign is written %25")
    try:
        text = unquote_to_bytes(part).decode("utf-8")
    except UnicodeError:
        raise _bad_url(url, "the path is not UTF-8") from None
    if "\0" in text or "/" in text:
        raise _bad_url(url, "neither %00 nor %2F can be part of a folder's name")
    return text


def _bad_url(url: str, why: str) -> UsageError:
    shown = url.encode("utf-8", "backslashreplace").decode("utf-8")
    return UsageError(f"{shown} is no URL of a folder: {why}", url=url)


def segments_of(name: str) -> tuple[str, ...]:
    """Give the parts of an object's name; raises UsageError for one that is not allowed."""
    fault = _fault(name)
    if fault:
        shown = ascii(name if len(name) <= 80 else f"{name[:80]}…")
        raise UsageError(f"{shown} cannot name an object: {fault}", name=name)
    return tuple(name.split("/"))


def is_name(name: str) -> bool:
    """Say whether an object may have this name."""
    return not _fault(name)


def is_segment(segment: str) -> bool:
    """Say whether this may be a part of a name."""
    return not _segment_fault(segment)


def _fault(name: str) -> str:
    if not name:
        return "it is empty"
    if name.startswith("/"):
        return "it is absolute; names are relative to the target"
    segments = name.split("/")
    fault = next(filter(None, map(_segment_fault, segments)), "")
    if not fault and len(name.encode("utf-8")) > _LONGEST_NAME:
        return f"it is longer than {_LONGEST_NAME} bytes"
    if not fault and len(segments) > DEEPEST:
        return f"it has more than {DEEPEST} parts"
    return fault


def _segment_fault(segment: str) -> str:
    if not segment:
        return "a part of it is empty"
    if segment.startswith("."):
        return "a part of it begins with a dot, as .. and other programs' hidden files do"
    if "\\" in segment:
        return "it holds a backslash"
    if not segment.isprintable():
        return "it holds a character that cannot be printed"
    if segment == _OF_THE_SYSTEM:
        return f"{_OF_THE_SYSTEM} belongs to the file system"
    try:
        length = len(os.fsencode(segment))
    except UnicodeError:
        return f"file names are in {sys.getfilesystemencoding()} here; set LC_ALL=C.UTF-8"
    if length > _LONGEST_SEGMENT:
        return f"a part of it is longer than {_LONGEST_SEGMENT} bytes"
    return ""


def folded(segment: str) -> str:
    """Give a text that is the same for names which some file system takes for one.

    By Unicode's canonical caseless matching (The Unicode Standard, D145).
    """
    plain = unicodedata.normalize("NFD", segment).casefold()
    return unicodedata.normalize("NFD", plain)
