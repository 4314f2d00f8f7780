"""Temporaries: what an object is until it is whole, and how those of dead processes are found.

They stand in the target's own folder, the root, so that one look there finds all of them. Each is
locked (flock) by the process that writes it. The kernel gives the lock up when that process dies,
so whoever can take it knows that the temporary is dead: process numbers, which are used again and
mean nothing in a container, are not asked.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
from contextlib import suppress

from prefcore.errors import IntegrityError
from prefcore_local._folders import flush

__all__ = ["PIECE", "Temporary", "sweep"]

#: Bytes that are read and written at once.
PIECE = 1 << 20
#: Seconds until a temporary is taken for dead where the file system has no locks.
OLD = 24 * 3600

_PATTERN = re.compile(r"\.prefcore-put-[0-9a-f]{32}\.tmp")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# For writing, because a lock over NFS asks for it; without waiting, should it be a pipe.
_FOUND = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_AGAIN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class Temporary:
    """One new file (0600) in the target's own folder, for one put."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._digest = hashlib.sha256()
        self._size = 0
        while True:
            self.name = f".prefcore-put-{os.urandom(16).hex()}.tmp"
            self.file = os.open(self.name, _NEW, 0o600, dir_fd=root)
            try:
                # A sweep that comes before the lock removes it.
                if _locked(self.file) is not False and os.fstat(self.file).st_nlink:
                    return
            except OSError:
                self.discard()
                raise
            os.close(self.file)

    def write(self, piece: bytes) -> None:
        """Append bytes, all of them."""
        self._digest.update(piece)
        self._size += len(piece)
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(self.file, rest) :]

    def verify(self) -> None:
        """Bring the bytes to the disk, read them back and compare; raises IntegrityError."""
        flush(self.file)
        if hasattr(os, "posix_fadvise"):  # so that the disk is read, not memory
            with suppress(OSError):  # it is advice
                os.posix_fadvise(self.file, 0, 0, os.POSIX_FADV_DONTNEED)
        digest, size = hashlib.sha256(), 0
        again = os.open(self.name, _AGAIN, dir_fd=self._root)
        try:
            if not os.path.samestat(os.fstat(again), os.fstat(self.file)):
                raise IntegrityError(f"{self.name} was replaced while it was written")
            while piece := os.read(again, PIECE):
                digest.update(piece)
                size += len(piece)
        finally:
            os.close(again)
        if size != self._size or digest.digest() != self._digest.digest():
            raise IntegrityError(
                f"{self.name} does not hold what was written to it; its disk may be failing, or"
                " another program wrote there"
            )

    def discard(self) -> None:
        """Remove the file if it still has its name, and give up its descriptor and lock."""
        with suppress(OSError):  # it was renamed, or the disk is gone: then the next sweep has it
            os.unlink(self.name, dir_fd=self._root)
        os.close(self.file)


def _locked(file: int) -> bool | None:
    """Lock a file: True when it is ours, False when another has it, None where no locks are."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def sweep(root: int, now: float) -> None:
    """Remove the temporaries of processes that died, and of this user only; never raises.

    ``now`` is in seconds since the epoch, for file systems without locks: there a temporary is
    dead after a day.
    """
    with suppress(OSError):  # whatever is wrong with the folder, the put itself will tell
        for name in os.listdir(root):
            if _PATTERN.fullmatch(name):
                _sweep_one(root, name, now)


def _sweep_one(root: int, name: str, now: float) -> None:
    with suppress(OSError):  # it went meanwhile, or is not ours to touch
        found = os.stat(name, dir_fd=root, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
            return
        file = os.open(name, _FOUND, dir_fd=root)
        try:
            is_ours = _locked(file)
            if is_ours or (is_ours is None and now - found.st_mtime > OLD):
                os.unlink(name, dir_fd=root)
        finally:
            os.close(file)
