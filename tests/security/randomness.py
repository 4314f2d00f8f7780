"""Randomness that is the same in every run, for golden files."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

__all__ = ["seeded"]


def seeded(seed: str) -> Callable[[int], bytes]:
    """Give a source of bytes that depend on the seed and on how often it was asked."""
    asked = 0

    def random(count: int) -> bytes:
        nonlocal asked
        asked += 1
        blocks = (sha256(f"{seed} {asked} {i}".encode()).digest() for i in range(count // 32 + 1))
        return b"".join(blocks)[:count]

    return random
