"""Pouring: what one side writes, the other side reads at the same time, with nothing in between.

Formats write and targets read, each in its own loop. One of the two runs in a thread of its own,
and a few pieces stand between them, so that no backup is held in memory or in a temporary file.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from queue import Queue
from typing import BinaryIO, TypeVar, cast

from prefcore.errors import PluginError

__all__ = ["poured"]

_T = TypeVar("_T")

#: Bytes that are handed over at once, and how many such pieces may wait.
_PIECE = 1 << 18
_WAITING = 8


def poured(write: Callable[[BinaryIO], None], take: Callable[[BinaryIO], _T]) -> _T:
    """Let ``write`` write what ``take`` reads, and give what ``take`` gives.

    ``take`` runs in a thread of its own. What ``write`` raises comes out of the reads of ``take``
    too, so that it ends early, and is raised here; else what ``take`` raises is.
    """
    pipe = _Pipe()
    results: list[_T] = []
    raised: list[BaseException] = []

    def taking() -> None:
        try:
            results.append(take(pipe.reader))
        except BaseException as error:  # noqa: BLE001  # raised again below, in the other thread
            raised.append(error)
        finally:
            pipe.leave()

    thread = threading.Thread(target=taking, name="prefcore backup")
    thread.start()
    failure: BaseException | None = None
    try:
        write(pipe.writer)
        pipe.drain()
    except BaseException as error:  # noqa: BLE001  # an interrupt too: raised when both ended
        failure = error
    pipe.end(failure)
    thread.join()
    if raised and (failure is None or isinstance(failure, BrokenPipeError)):
        raise raised[0]
    if isinstance(failure, BrokenPipeError):
        raise PluginError("the target took only part of what it was given; report it to its author")
    if failure is not None:
        raise failure
    return results[0]


class _Pipe:
    """A queue of pieces; None at the end of all, an exception at an end that came too early."""

    def __init__(self) -> None:
        self._queue: Queue[bytes | BaseException | None] = Queue(_WAITING)
        self._gone = threading.Event()
        self._written = bytearray()
        self.reader = cast(BinaryIO, io.BufferedReader(_Reader(self), _PIECE))
        self.writer = cast(BinaryIO, _Writer(self))

    def put(self, piece: bytes) -> None:
        """Hand bytes over, a piece at a time; raises BrokenPipeError when nobody reads any more."""
        self._written += piece
        if len(self._written) >= _PIECE:
            self.drain()

    def drain(self) -> None:
        """Hand over what was not enough for a piece."""
        if self._gone.is_set():
            raise BrokenPipeError("nobody takes what is written any more")
        if self._written:
            self._queue.put(bytes(self._written))
            self._written.clear()

    def next(self) -> bytes | None:
        """Give the next piece, None at the end; raises what ended the writing."""
        piece = self._queue.get()
        if piece is None or isinstance(piece, BaseException):
            self._queue.put(piece)  # for whoever reads on
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def end(self, failure: BaseException | None) -> None:
        """Tell the reader that no more comes."""
        self._queue.put(failure)

    def leave(self) -> None:
        """Tell the writer that nobody reads any more, and let it go on if it waits."""
        self._gone.set()
        while not self._queue.empty():
            self._queue.get_nowait()


class _Reader(io.RawIOBase):
    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # as BufferedReader calls it
        if not self._rest:
            self._rest = memoryview(self._pipe.next() or b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class _Writer(io.RawIOBase):
    def __init__(self, pipe: _Pipe) -> None:
        self._pipe = pipe

    def writable(self) -> bool:
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # what formats write
        self._pipe.put(piece)
        return len(piece)
