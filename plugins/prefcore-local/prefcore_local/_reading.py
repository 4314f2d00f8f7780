"""Reading: an object opened, and a folder's objects one after the other."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO

from prefcore.errors import NotFound
from prefcore.interfaces import StoredObject
from prefcore_local._failures import GONE, told
from prefcore_local._folders import chain, entered, kind
from prefcore_local._names import DEEPEST, is_name, is_segment

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["objects", "opened", "stored"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OBJECT = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Object(io.FileIO):
    """A file whose errors while it is read are prefcore's."""

    def __init__(self, file: int, where: str) -> None:
        super().__init__(file, "rb")
        self._where = where

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        with told(self._where):
            return super().readinto(buffer)

    def readall(self) -> bytes:
        with told(self._where):
            return super().readall()


def opened(root: int, segments: tuple[str, ...], where: str) -> BinaryIO:
    """Open an object; raises NotFound where there is none, or something else than a file."""
    try:
        with chain(root, segments[:-1]) as folders:
            # Asked first, because to open some devices is to move them.
            if kind(folders[-1], segments[-1]) != "file":
                raise _missing(where)
            file = os.open(segments[-1], _OBJECT, dir_fd=folders[-1])
    except OSError as error:
        if error.errno not in GONE:
            raise
        raise _missing(where) from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise _missing(where)
    return io.BufferedReader(_Object(file, where), 128 << 10)


def _missing(where: str) -> NotFound:
    return NotFound(f"there is no object {where}", path=where)


def stored(name: str, found: os.stat_result) -> StoredObject:
    """Give what a target tells of an object, from its file's status."""
    try:
        modified_at = _EPOCH + timedelta(microseconds=found.st_mtime_ns // 1000)
    except OverflowError:  # a clock gone mad; the object is good all the same
        modified_at = datetime.max.replace(tzinfo=UTC)
    return StoredObject(name, found.st_size, modified_at)


def objects(
    folder: int, prefix: str, where: str, base: str = "", depth: int = 1
) -> Iterator[StoredObject]:
    """Give the objects below a folder whose names begin with ``prefix``, by name.

    What has no name that an object may have, and what is no file, is not ours and left out; so is
    what goes while we look. Memory is that of the folders on the way down.
    """
    with told(where):
        entries = sorted(_entries(folder))
    for entry in entries:
        name = base + entry
        if not entry.endswith("/"):
            if name.startswith(prefix) and is_name(name):
                with told(f"{where}/{name}"):
                    found = _status(folder, entry)
                if found is not None:
                    yield stored(name, found)
        elif depth < DEEPEST and (name.startswith(prefix) or prefix.startswith(name)):
            with told(f"{where}/{name}"):
                inner = _entered(folder, entry[:-1])
            if inner is not None:
                try:
                    yield from objects(inner, prefix, where, name, depth + 1)
                finally:
                    os.close(inner)


def _entries(folder: int) -> Iterator[str]:
    """Give a folder's files, and its folders with a slash: it counts in the order of names."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_segment(entry.name):
                if entry.is_dir(follow_symlinks=False):
                    yield f"{entry.name}/"
                elif entry.is_file(follow_symlinks=False):
                    yield entry.name


def _status(folder: int, segment: str) -> os.stat_result | None:
    try:
        return os.stat(segment, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _entered(folder: int, segment: str) -> int | None:
    try:
        return entered(folder, segment)
    except OSError as error:
        if error.errno not in GONE:
            raise
        return None
