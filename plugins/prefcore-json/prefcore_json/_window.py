"""The window: the part of a source that is looked at, read in blocks as it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from prefcore.errors import DamagedDocument
from prefcore.interfaces import Limits

__all__ = ["Window"]

_BLOCK = 1 << 18


class Window:
    """Bytes of a source from ``at`` on, and the number of the line that begins there.

    ``mend`` turns what is taken as a whole into JSON whose lines and columns are the same.
    Everything raised here is a DamagedDocument that names line or byte.
    """

    def __init__(
        self, source: BinaryIO, limits: Limits, mend: Callable[[str], str] | None = None
    ) -> None:
        self.data = b""
        self.at = 0
        self.line = 1
        self.mend = mend
        self._limits = limits
        self._source = source
        self._taken = 0  # bytes before data
        self._ended = False

    def more(self) -> bool:
        """Read on, and drop what was taken; False at the end of the source."""
        if self._ended:
            return False
        self._taken += self.at
        rest = self.data[self.at :] if self.at else self.data
        # As much as is held already, so that a long set is copied a few times and not often.
        block = self._source.read(max(_BLOCK, len(rest)))
        self._ended = not block
        self.data, self.at = rest + block, 0
        if self._taken + len(self.data) > self._limits.max_bytes:
            raise self._too_large("the file", "max_bytes", self._limits.max_bytes)
        return not self._ended

    def starts(self, text: bytes, skip: int = 0) -> bool:
        """Say whether that stands next, or ``skip`` bytes further on."""
        while len(self.data) - self.at < skip + len(text) and self.more():
            pass
        return self.data.startswith(text, self.at + skip)

    def find(self, text: bytes, limit: int) -> int:
        """Give how many bytes there are up to the end of the next occurrence of a text.

        It is -1 where there is none within ``limit`` bytes, or a line before it is longer than a
        line may be.
        """
        searched = 0
        while (found := self.data.find(text, self.at + searched)) < 0:
            held = len(self.data) - self.at
            searched = max(0, held - len(text))
            if held > limit or self._has_long_line(len(self.data)) or not self.more():
                return -1
        if found - self.at > limit or self._has_long_line(found):
            return -1
        return found - self.at + len(text)

    def _has_long_line(self, end: int) -> bool:
        longest = self._limits.max_line_bytes
        if end - self.at <= longest:
            return False
        return max(map(len, self.data[self.at : end].split(b"\n"))) > longest

    def peek(self, size: int) -> str:
        """Give the text of the next bytes."""
        return self._text(self.data[self.at : self.at + size])

    def skip(self, size: int) -> None:
        """Go beyond the next bytes."""
        self.line += self.data.count(b"\n", self.at, self.at + size)
        self.at += size

    def rest(self) -> str:
        """Give everything that is left, at most ``max_whole_bytes`` of it."""
        most = self._limits.max_whole_bytes
        while len(self.data) - self.at <= most and self.more():
            pass
        if len(self.data) - self.at > most:
            raise self._too_large(
                "what follows is not laid out one entry a line, so it is held as a whole, which",
                "max_whole_bytes",
                most,
            )
        text = self._text(self.data[self.at :])
        self.at = len(self.data)
        return self.mend(text) if self.mend else text

    def _text(self, raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            line = self.line + raw.count(b"\n", 0, error.start)
            byte = self._taken + self.at + error.start
            raise DamagedDocument(
                f"line {line}, byte {byte}: the file is not valid UTF-8; save it as UTF-8",
                line=line,
                byte=byte,
            ) from error

    def _too_large(self, what: str, limit: str, most: int) -> DamagedDocument:
        return DamagedDocument(
            f"line {self.line}: {what} is larger than the limit of {most} bytes ({limit}); "
            "raise the limit if you trust the file",
            line=self.line,
            limit=limit,
        )
