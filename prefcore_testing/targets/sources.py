"""Sources: what checks put, with the least that a target may expect of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["Deliberate", "Source", "failing", "pieces"]

_BLOCK = 1 << 16


class Deliberate(Exception):
    """What a source raises in the middle."""


class Source(io.RawIOBase):
    """Gives pieces as they come, like a pipe; ``asked`` holds how many bytes were asked for.

    ``between`` is called before each piece and at the end.
    """

    def __init__(
        self, pieces: Iterable[bytes], between: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__()
        self.asked: list[int] = []
        self._pieces = iter(pieces)
        self._rest = b""
        self._between = between

    def as_binary(self) -> BinaryIO:
        """Give this source by the type that a target takes."""
        return cast(BinaryIO, self)

    def readable(self) -> bool:
        return True

    def readall(self) -> bytes:
        self.asked.append(-1)
        return super().readall()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        into = memoryview(buffer)
        self.asked.append(len(into))
        while not self._rest:
            self._between()
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return 0
        taken = self._rest[: len(into)]
        self._rest = self._rest[len(taken) :]
        into[: len(taken)] = taken
        return len(taken)


def failing(*before: bytes) -> BinaryIO:
    """Give a source that raises ``Deliberate`` after some bytes."""

    def pieces() -> Iterator[bytes]:
        yield from before
        raise Deliberate

    return Source(pieces()).as_binary()


def pieces(size: int) -> Iterator[bytes]:
    """Give so many bytes, no two blocks alike, in pieces of 64 KiB."""
    for start in range(0, size, _BLOCK):
        block = start.to_bytes(8, "big") * (_BLOCK // 8)
        yield block[: size - start]
