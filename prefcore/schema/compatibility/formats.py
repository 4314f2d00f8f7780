"""Formats of texts (``format`` of JSON Schema) whose meaning is known, to tell two of them apart.

prefcore never checks a format, so a change of it refuses no value; but what is held may mean
nothing in the new one. Known are those that need no library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from uuid import UUID

__all__ = ["KNOWN_FORMATS", "follows", "telling_text"]

_TEXTS = (
    "2026-01-31",
    "192.0.2.1",
    "2001:db8::1",
    "kim@example.org",
    "123e4567-e89b-12d3-a456-426614174000",
    "a",
)


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def follows(text: str) -> bool:
        try:
            read(text)
        except (ValueError, AddressValueError):
            return False
        return True

    return follows


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

KNOWN_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": lambda text: bool(_DAY.fullmatch(text)) and _reads(date.fromisoformat)(text),
    "email": lambda text: "@" in text[1:-1] and " " not in text,
    "ipv4": _reads(IPv4Address),
    "ipv6": _reads(IPv6Address),
    "uuid": lambda text: bool(_UUID.fullmatch(text)) and _reads(UUID)(text),
}


def follows(format: str | None, text: str) -> bool | None:
    """Say whether a text follows a format; None where the format is not known here."""
    if format is None:
        return True
    known = KNOWN_FORMATS.get(format)
    return None if known is None else known(text)


def telling_text(one: str | None, other: str | None) -> str | None:
    """Give a text that follows one format and not the other; None where none is known."""
    for text in _TEXTS:
        if follows(one, text) is True and follows(other, text) is False:
            return text
    return None
