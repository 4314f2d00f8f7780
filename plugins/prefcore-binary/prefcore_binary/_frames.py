"""Frames in a source: taken one after the other, each checked before it is decoded."""

from __future__ import annotations

from typing import BinaryIO, TypeVar
from zlib import crc32

import msgspec

from prefcore.errors import DamagedDocument, NewerFormat, PrefcoreError, TruncatedDocument
from prefcore.interfaces import Limits
from prefcore_binary._layout import LAYOUT, MAGIC, Frame

__all__ = ["Frames"]

_Kind = TypeVar("_Kind", bound=PrefcoreError)


class Frames:
    """The frames of a source, with the byte at which the last one taken begins.

    Everything it raises names that byte. The checksum of a frame goes on from the one before, so
    a frame that is missing, moved or repeated does not match either.
    """

    def __init__(self, source: BinaryIO, limits: Limits) -> None:
        self._source = source
        self._max_bytes = limits.max_bytes
        self._max_frame = limits.max_line_bytes
        self._decode = msgspec.msgpack.Decoder(Frame).decode
        self.at = self._next = 0
        self.size = 0
        self._take_preamble()

    def _take_preamble(self) -> None:
        head = self._read(len(MAGIC) + 1)
        if not MAGIC.startswith(head[: len(MAGIC)]):
            raise self.error(DamagedDocument, "this is no document of the binary format")
        if len(head) <= len(MAGIC):
            raise self._cut("in its first bytes")
        layout = head[-1]
        if LAYOUT < layout < 0x80:
            self.at = len(MAGIC)
            raise self.error(
                NewerFormat,
                f"layout {layout} was written by a newer prefcore-binary; this one reads up to "
                f"{LAYOUT}, upgrade it",
            )
        if layout != LAYOUT:
            self.at = len(MAGIC)
            raise self.error(DamagedDocument, "no number of a layout stands here")
        self._checksum = crc32(head)

    def take(self) -> Frame:
        """Give the next frame; raises DamagedDocument or TruncatedDocument."""
        self.at = self._next
        prefix = self._read(5)
        if len(prefix) < 5:
            raise self._cut("before its trailer" if not prefix else "in the frame that begins here")
        size = int.from_bytes(prefix[1:], "big")
        if prefix[0] != 0xC6:
            raise self.error(DamagedDocument, "no frame begins where one should")
        if size > self._max_frame:
            raise self.error(
                DamagedDocument,
                f"a frame is said to hold {size} bytes, and the limit is {self._max_frame} "
                "(max_line_bytes); raise the limit if you trust the file",
                limit="max_line_bytes",
            )
        body = self._read(size + 5)
        if len(body) < size + 5:
            raise self._cut("in the frame that begins here")
        payload, end = body[:size], body[size:]
        checksum = crc32(payload, crc32(prefix, self._checksum))
        if end != b"\xce" + checksum.to_bytes(4, "big"):
            raise self.error(
                DamagedDocument,
                "the frame that begins here does not match its checksum, or does not follow the "
                "one before; get a whole copy",
            )
        self._checksum = checksum
        self.size = size
        try:
            frame: Frame = self._decode(payload)
        except UnicodeDecodeError as error:
            raise self.error(DamagedDocument, "a text in this frame is not UTF-8") from error
        except msgspec.MsgspecError as error:
            raise self.misfit(str(error)) from error
        return frame

    def expect_end(self) -> None:
        """Raise DamagedDocument where anything follows the last frame."""
        self.at = self._next
        if self._read(1):
            raise self.error(
                DamagedDocument, "something stands after the end of the document; remove it"
            )

    def misfit(self, what: str) -> DamagedDocument:
        """Give the error of a whole frame that does not hold what layout 1 says."""
        return self.error(
            DamagedDocument,
            f"the frame that begins here is not as layout {LAYOUT} has it ({what}); whatever "
            "wrote it has to be mended",
        )

    def error(self, kind: type[_Kind], message: str, **facts: object) -> _Kind:
        """Give an error about the last frame taken."""
        return kind(f"byte {self.at}: {message}", byte=self.at, **facts)

    def _cut(self, where: str) -> TruncatedDocument:
        return self.error(
            TruncatedDocument,
            f"the file ends {where}: it was cut off, or a length in it was damaged; get a whole "
            "copy",
        )

    def _read(self, size: int) -> bytes:
        """Give so many bytes, or fewer at the end of the source; pipes give them in pieces."""
        data = self._source.read(size)
        while 0 < len(data) < size and (more := self._source.read(size - len(data))):
            data += more
        self._next += len(data)
        if self._next > self._max_bytes:
            raise self.error(
                DamagedDocument,
                f"the file is larger than the limit of {self._max_bytes} bytes (max_bytes); "
                "raise the limit if you trust the file",
                limit="max_bytes",
            )
        return data
