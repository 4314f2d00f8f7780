"""Small files that are whole or not there: written aside, flushed, and renamed into their place.

On the way of ``prefcore get``, so it takes ``os.path``: pathlib costs 5 ms to import.
"""
# ruff: noqa: PTH105, PTH108, PTH120, PTH123

from __future__ import annotations

import errno
import os
from contextlib import suppress

from prefcore.errors import NoSpace, NotPermitted, PrefcoreError, ReadOnly

__all__ = ["NO_SPACE", "flush_folder", "put_whole", "unwritable"]

#: A full disk, a full quota, a file larger than the process may write.
NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def put_whole(path: str | os.PathLike[str], data: bytes, *, mode: int = 0o600) -> None:
    """Put a file in place, whole or not at all, so that it survives power loss.

    One that is there is replaced. ``mode`` is the new file's, less what the process's umask takes
    away. Raises what ``unwritable`` gives; then what was there still is.
    """
    path = os.fspath(path)
    draft = f"{path}.{os.urandom(4).hex()}.new"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        flush_folder(os.path.dirname(path) or ".")
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):  # it is in place by now, or could not be made
            os.unlink(draft)


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
