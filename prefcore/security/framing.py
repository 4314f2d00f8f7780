"""Framing: several texts or bytes as one, so that no two different lists give the same."""

from __future__ import annotations

__all__ = ["framed", "framed_bytes"]


def framed(*parts: str | bytes) -> bytes:
    """Give the parts one after the other, each after its length in four bytes, big end first."""
    encoded = [part.encode() if isinstance(part, str) else part for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def framed_bytes(part: bytes) -> bytes:
    """Give what ``framed`` gives of one part, for where that is done for each value."""
    return len(part).to_bytes(4, "big") + part
