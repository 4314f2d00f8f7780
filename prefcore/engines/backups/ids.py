"""Ids: what backups are called, by the time they were made, and the names of their objects."""

from __future__ import annotations

import re
from datetime import datetime

from prefcore.model import to_micros

__all__ = ["SHORT", "document_name", "id_of", "manifest_name", "new_id"]

#: So many characters of an id are shown: those that tell the time, to the millisecond.
SHORT = 13

_NAME = re.compile(
    r"([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
    r"\.(manifest\.json|document(?:\.[a-z0-9]+)+)"
)


def new_id(at: datetime, random: bytes) -> str:
    """Give a UUID of version 7 (RFC 9562, 5.7), made of a time and ten random bytes.

    Ids sort by time, to the millisecond, in which 74 bits keep them apart.
    """
    milliseconds = to_micros(at) // 1000
    number = milliseconds << 80 | int.from_bytes(random[:10], "big")
    number = number & ~(0xF << 76) | 0x7 << 76  # the version
    number = number & ~(0x3 << 62) | 0x2 << 62  # the variant
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def manifest_name(id: str) -> str:
    """Give the name of a backup's manifest."""
    return f"{id}.manifest.json"


def document_name(id: str, suffix: str) -> str:
    """Give the name of a backup's document, which ends as its format's files do."""
    return f"{id}.document{suffix}"


def id_of(name: str) -> tuple[str, bool] | None:
    """Give the id in the name of an object and whether that is a manifest; None for others."""
    match = _NAME.fullmatch(name)
    return (match[1], match[2] == "manifest.json") if match else None
