"""Files that are whole or not there: written aside, flushed, and renamed into their place.

A draft is locked (flock) by the process that writes it. The kernel gives the lock up when that
process dies, so the next one that writes the file finds what the dead left, and removes it.

On the way of ``prefcore get``, so it takes ``os.path``: pathlib costs 5 ms to import.
"""
# ruff: noqa: PTH100, PTH101, PTH102, PTH105, PTH108, PTH112, PTH118, PTH119, PTH120, PTH123, PTH208

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from prefcore.errors import NoSpace, NotPermitted, PrefcoreError, ReadOnly

__all__ = [
    "NO_SPACE",
    "flush_folder",
    "locked",
    "make_private",
    "put_whole",
    "unwritable",
    "written_whole",
]

#: A full disk, a full quota, a file larger than the process may write.
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: What a draft adds to a name has room beside so many bytes in every file system's longest one.
_LONGEST = 240
# Neither through a link nor, of a pipe, waiting for anybody; Windows has neither.
_AS_IT_IS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def put_whole(
    path: str | os.PathLike[str], data: bytes, *, mode: int = 0o600, names: str = ""
) -> None:
    """Put a file in place, whole or not at all, so that it survives power loss.

    One that is there is replaced. ``mode`` is the new file's, less what the process's umask takes
    away; ``names`` matches the names of files like it, where each gets another: what the dead left
    of these is removed too. Raises what ``unwritable`` gives; then what was there still is.
    """
    try:
        with written_whole(path, mode=mode, names=names) as file:
            file.write(data)
    except OSError as error:
        raise unwritable(path, error) from error


@contextmanager
def written_whole(
    path: str | os.PathLike[str],
    *,
    mode: int = 0o600,
    kept: int | None = None,
    replacing: bool = True,
    names: str = "",
) -> Iterator[BinaryIO]:
    """Open a file to be written, which takes its place when the block ends well, and durably.

    What is there is replaced, or else not ``replacing`` raises FileExistsError. ``mode`` and
    ``names`` are as for ``put_whole``; ``kept`` is a mode that no umask takes from. Where it raises
    OSError, or the block raises, what was there still is.
    """
    path = os.fspath(path)
    folder, name = os.path.dirname(path) or ".", _drafted(os.path.basename(path))
    draft = ""
    try:
        _sweep(folder, names or re.escape(name))
        draft, descriptor = _draft(os.path.join(folder, name), mode)
        with open(descriptor, "wb") as file:
            if kept is not None:
                os.chmod(draft, kept)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.name == "posix":  # while it is locked; elsewhere an open file cannot be moved
                _place(draft, path, replacing=replacing)
        if os.name != "posix":
            _place(draft, path, replacing=replacing)
        flush_folder(folder)
    finally:
        with suppress(OSError):  # it is in place by now, or could not be made
            os.unlink(draft)


def _place(draft: str, path: str, *, replacing: bool) -> None:
    if replacing:
        os.replace(draft, path)
    else:
        os.link(draft, path)  # unlike a rename, never over a file that is there


def _drafted(name: str) -> str:
    """Give what a draft's name begins with: the file's, or of a long one what leaves room."""
    return name if len(os.fsencode(name)) <= _LONGEST else name[: _LONGEST // 4]


def _draft(path: str, mode: int) -> tuple[str, int]:
    """Make a new file beside a path; gives its path and its descriptor, which holds its lock."""
    while True:
        draft = f"{path}.{os.urandom(4).hex()}.new"
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _AS_IT_IS, mode)
        # A sweep that comes before the lock removes it.
        if locked(file) is not False and os.fstat(file).st_nlink:
            return draft, file
        os.close(file)


def _sweep(folder: str, names: str) -> None:
    """Remove the drafts of files whose processes died; those that cannot be are left alone."""
    pattern = re.compile(rf"(?:{names})\.[0-9a-f]{{8}}\.new")
    for found in filter(pattern.fullmatch, os.listdir(folder)):
        with suppress(OSError):  # it went meanwhile, or is not ours to touch
            draft = os.path.join(folder, found)
            file = os.open(draft, os.O_RDWR | _AS_IT_IS)
            try:
                if locked(file) and stat.S_ISREG(os.fstat(file).st_mode):
                    os.unlink(draft)
            finally:
                os.close(file)


def make_private(folder: str | os.PathLike[str]) -> None:
    """Make a folder, and those above it that are missing, each for its owner alone.

    As the XDG Base Directory Specification 0.8 asks for: what a umask leaves to a group would not
    be safe to trust afterwards. Raises OSError.
    """
    missing = []
    place = os.path.abspath(folder)
    while not os.path.isdir(place):
        missing.append(place)
        place = os.path.dirname(place)
    for one in reversed(missing):
        try:
            os.mkdir(one, 0o700)
        except FileExistsError:
            if not os.path.isdir(one):
                raise


def locked(file: int) -> bool | None:
    """Lock an open file: True when it is ours, False when another has it, None without locks."""
    if os.name != "posix":
        return None
    import fcntl  # late: Windows has none

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def flush_folder(folder: str | os.PathLike[str]) -> None:
    """Return when a folder's names are on the disk; Windows has no way to."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: str | os.PathLike[str], error: OSError, act: str = "written") -> PrefcoreError:
    """Give our error for one that the operating system had while a file was written, or made.

    NoSpace where the disk is full or fails, ReadOnly on a read-only file system, else NotPermitted.
    """
    path = os.fspath(path)
    what = f"{path} cannot be {act}: {error.strerror or error}"
    if error.errno in NO_SPACE or error.errno == errno.EIO:
        return NoSpace(what, path=path)
    if error.errno == errno.EROFS:
        return ReadOnly(what, path=path)
    return NotPermitted(what, path=path)
