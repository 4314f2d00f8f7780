"""Failures: the operating system's errors as prefcore's, each with its exit code."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from prefcore.errors import (
    ForeignFile,
    NoSpace,
    NotPermitted,
    PrefcoreError,
    ReadOnly,
    TargetUnreachable,
    UsageError,
)

__all__ = ["GONE", "told"]

#: What an entry is answered with that is not there, is no folder, or is a symbolic link.
GONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})

_NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn errors of the operating system about ``where`` (a path) into prefcore's."""
    try:
        yield
    except OSError as error:
        raise _ours(error, where) from error


def _ours(error: OSError, where: str) -> PrefcoreError:
    reason = (error.strerror or str(error)).lower()
    if error.errno in _NO_SPACE:
        return NoSpace(f"{where} was not written: {reason}; make room and run it again", path=where)
    if error.errno in (errno.EACCES, errno.EPERM):
        return NotPermitted(f"{where}: {reason} to this user", path=where)
    if error.errno == errno.EROFS:
        return ReadOnly(f"{where} was not changed: the file system is read-only", path=where)
    if error.errno in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
        return UsageError(f"{where}: the file system takes no such name ({reason})", path=where)
    if error.errno in (errno.ENOTDIR, errno.ELOOP):
        return ForeignFile(
            f"{where}: another program put something in a folder's place", path=where
        )
    if error.errno == errno.EXDEV:
        return UsageError(
            f"{where} is on another disk than the target; name that folder", path=where
        )
    return TargetUnreachable(f"{where}: {reason}; is the disk mounted and well?", path=where)
