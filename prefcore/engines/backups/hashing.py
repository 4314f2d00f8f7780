"""Hashing: the digest of bytes as they pass."""

from __future__ import annotations

import io
from hashlib import sha256
from typing import BinaryIO

__all__ = ["HashingSource"]


class HashingSource(io.RawIOBase):
    """A source that counts and hashes what is read from it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._hash = sha256()
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as BufferedReader calls it
        piece = self._source.read(len(buffer))
        buffer[: len(piece)] = piece
        self._hash.update(piece)
        self.size += len(piece)
        return len(piece)

    @property
    def digest(self) -> str:
        """The digest of what was read so far."""
        return "sha256:" + self._hash.hexdigest()
