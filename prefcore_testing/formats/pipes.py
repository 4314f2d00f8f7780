"""Pipes: the least that a format may expect of what it writes to and reads from."""

from __future__ import annotations

import io

__all__ = ["Sink", "Source"]


class _Pipe(io.BytesIO):
    """A stream that cannot seek."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0, /) -> int:
        raise io.UnsupportedOperation("a pipe cannot seek")

    def tell(self) -> int:
        raise io.UnsupportedOperation("a pipe has no position")

    @property
    def passed(self) -> int:
        """Bytes that went through so far."""
        return super().tell()


class Sink(_Pipe):
    """Takes what is written."""

    def readable(self) -> bool:
        return False

    def taken(self) -> bytes:
        """Give what was written."""
        assert not self.closed, "the writer closed what it was given to write to"
        return self.getvalue()


class Source(_Pipe):
    """Gives bytes, at times fewer than asked for, as pipes and sockets do."""

    def writable(self) -> bool:
        return False

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return super().read()
        return super().read(size - size // 3)
