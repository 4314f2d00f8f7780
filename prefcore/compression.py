"""Compression: zstd and gzip around a stream, recognised by its first bytes, undone within limits.

A file may be several frames (zstd) or members (gzip) one after the other, as ``cat`` and parallel
compressors make them; what follows the last one is refused. Sources: RFC 8878, RFC 1952.
"""

from __future__ import annotations

import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from prefcore.errors import DamagedDocument, TruncatedDocument, UsageError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["METHODS", "compressing", "decompressed", "method_of", "split_suffix"]

#: What a document may be compressed with.
METHODS = ("none", "zstd", "gzip")

_SUFFIXES = {".zst": "zstd", ".gz": "gzip"}
# 355 MB/s and 6 to 20 times smaller on our documents; level 6 of gzip is its usual one.
_ZSTD_LEVEL = 3
_GZIP_LEVEL = 6
_GZIP = 31  # zlib's word for: with a gzip header, window of 32 KiB

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # after a byte of 0x50 to 0x5f
_GZIP_MAGIC = b"\x1f\x8b"

_BLOCK = 1 << 16
# Below this nothing is a bomb, however well it was compressed.
_HARMLESS = 16 << 20
# So many frames may hold next to nothing: each costs time, and a file could be made of them.
_EMPTY_FRAMES = 1_000


def method_of(head: bytes) -> str:
    """Give the method of a file by its first bytes; ``none`` where they are of neither."""
    if head.startswith(_GZIP_MAGIC):
        return "gzip"
    skippable = head[1:4] == _ZSTD_SKIPPABLE and head[0] >> 4 == 5
    return "zstd" if skippable or head.startswith(_ZSTD_MAGIC) else "none"


def split_suffix(name: str) -> tuple[str, str]:
    """Give a file's name without the suffix that names a method, and that method."""
    suffix = PurePath(name).suffix
    method = _SUFFIXES.get(suffix.lower(), "none")
    return (name.removesuffix(suffix) if method != "none" else name), method


@contextmanager
def compressing(out: BinaryIO, method: str) -> Iterator[BinaryIO]:
    """Give a stream whose content is written to ``out`` compressed; ``out`` stays open.

    The end is written when the block ends well: after an error the file is a truncated one.
    Raises UsageError for an unknown method.
    """
    if method not in METHODS:
        raise UsageError(f"there is no compression '{method}'; known are {', '.join(METHODS)}")
    if method == "none":
        yield out
        return
    encoder = _zstd_encoder() if method == "zstd" else zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP)
    yield cast(BinaryIO, _Writer(out, encoder))
    out.write(encoder.flush())


def decompressed(
    source: BinaryIO, method: str, *, max_bytes: int, max_ratio: int, max_window_bytes: int
) -> io.BufferedReader:
    """Give a stream, forward only, of what a file compressed by that method holds.

    While it is read it raises DamagedDocument (TruncatedDocument where the file ends too early)
    with the ``byte`` of the file at which the frame begins; also for what is larger than
    ``max_bytes``, is more than ``max_ratio`` times its compressed size (beyond 16 MiB), or needs
    a window of more than ``max_window_bytes`` to be undone.
    """
    raw = _Undoing(source, method, max_bytes, max_ratio, max_window_bytes)
    return io.BufferedReader(raw, _BLOCK)


class _Encoder(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...

    def flush(self) -> bytes: ...


class _Writer(io.RawIOBase):
    """Passes on what is written, compressed."""

    def __init__(self, out: BinaryIO, encoder: _Encoder) -> None:
        self._out = out
        self._encoder = encoder

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        self._out.write(self._encoder.compress(data))
        return memoryview(data).nbytes


class _Decoder(Protocol):
    """What ``ZstdDecompressor`` offers, and ``_GzipDecoder`` alike."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _GzipDecoder:
    """One gzip member, in the manner of a ZstdDecompressor."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(_GZIP)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.eof and not self._inner.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


class _Undoing(io.RawIOBase):
    """The content of a compressed file, frame by frame."""

    def __init__(
        self, source: BinaryIO, method: str, max_bytes: int, max_ratio: int, max_window: int
    ) -> None:
        self._source = source
        self._method = method
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._max_window = max_window
        self._errors: type[Exception] = _zstd().ZstdError if method == "zstd" else zlib.error
        self._taken = self._given = self._frames = 0
        self._frame_at = 0
        self._decoder = self._new_decoder()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            piece = self._next(len(view) - filled)
            if not piece:
                break
            view[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled

    def _next(self, most: int) -> bytes:
        """Give the next bytes of the content, or nothing at its end."""
        rest = b""
        while True:
            if self._decoder.eof:
                rest = self._decoder.unused_data
                if not (rest := self._next_frame(rest)):
                    return b""
            elif self._decoder.needs_input and not (rest := self._read()):
                raise self._error(TruncatedDocument, "is cut off; get a whole copy of the file")
            try:
                piece = self._decoder.decompress(rest, most)
            except self._errors as error:
                raise self._damage(error) from error
            rest = b""
            if piece:
                self._given += len(piece)
                self._check_limits()
                return piece

    def _next_frame(self, rest: bytes) -> bytes:
        """Give the beginning of the next frame, its decoder made; nothing where none follows."""
        while len(rest) < 4 and (more := self._read()):
            rest += more
        if not rest:
            return b""
        at = self._taken - len(rest)
        if method_of(rest) != self._method:
            raise DamagedDocument(
                f"byte {at}: something that is not {self._method} follows the end; remove it",
                byte=at,
            )
        self._frames += 1
        self._frame_at = at
        if self._frames > _EMPTY_FRAMES + self._given // 1024:
            raise self._error(
                DamagedDocument, f"is one of more than {self._frames - 1} that hold almost nothing"
            )
        self._decoder = self._new_decoder()
        return rest

    def _new_decoder(self) -> _Decoder:
        return _zstd_decoder(self._max_window) if self._method == "zstd" else _GzipDecoder()

    def _read(self) -> bytes:
        data = self._source.read(_BLOCK)
        self._taken += len(data)
        return data

    def _check_limits(self) -> None:
        if self._given > self._max_bytes:
            raise self._error(
                DamagedDocument,
                f"makes the file larger than the limit of {self._max_bytes} bytes (max_bytes); "
                "raise the limit if you trust the file",
                limit="max_bytes",
            )
        if self._given > _HARMLESS and self._given > self._max_ratio * self._taken:
            raise self._error(
                DamagedDocument,
                f"makes {self._given} bytes of {self._taken}, and the limit is {self._max_ratio} "
                "times (max_ratio): it may be made to fill memory; undo it yourself if you trust "
                "it",
                limit="max_ratio",
            )

    def _damage(self, error: Exception) -> DamagedDocument:
        if "too much memory" in str(error):  # the library has no kind of its own for it
            return self._error(
                DamagedDocument,
                f"needs a window of more than {self._max_window} bytes (max_window_bytes); "
                "compress it anew at level 19 or lower",
                limit="max_window_bytes",
            )
        return self._error(DamagedDocument, f"is damaged ({error}); get a whole copy of the file")

    def _error(self, kind: type[DamagedDocument], what: str, **facts: object) -> DamagedDocument:
        part = "frame" if self._method == "zstd" else "member"
        message = f"byte {self._frame_at}: the {self._method} {part} that begins here {what}"
        return kind(message, byte=self._frame_at, **facts)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        import compression.zstd as zstd
    else:
        import backports.zstd as zstd
    return zstd


def _zstd_encoder() -> _Encoder:
    zstd = _zstd()
    parameter = zstd.CompressionParameter
    options = {parameter.compression_level: _ZSTD_LEVEL, parameter.checksum_flag: 1}
    encoder: _Encoder = zstd.ZstdCompressor(options=options)
    return encoder


def _zstd_decoder(max_window: int) -> _Decoder:
    zstd = _zstd()
    options = {zstd.DecompressionParameter.window_log_max: max_window.bit_length() - 1}
    decoder: _Decoder = zstd.ZstdDecompressor(options=options)
    return decoder
