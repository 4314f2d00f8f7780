"""The folders that ``prefcore edit`` works in: locked while it runs, and swept once it was killed.

A folder with a lock file is at work, or was left by a kill; one without was kept for its user. The
editor holds the lock too, so that nothing goes under an editor whose prefcore was killed.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from prefcore.whole_files import locked

__all__ = ["EditFolder", "sweep"]

_PREFIX = "prefcore-edit-"
_LOCK = "lock"
#: So long, in seconds, a folder stays whose process died: an editor's own server may write there.
OLD = 3600.0


class EditFolder:
    """A new private folder in the system's temporary one, locked by this process."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        #: For whoever has to hold the lock too.
        self.lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        locked(self.lock)

    def remove(self) -> None:
        """Remove it with all in it."""
        self._let_go()
        shutil.rmtree(self.path, ignore_errors=True)

    def keep(self) -> None:
        """Leave it to its user: no sweep removes it."""
        with suppress(FileNotFoundError):
            (self.path / _LOCK).unlink()
        self._let_go()

    def _let_go(self) -> None:
        if self.lock >= 0:
            os.close(self.lock)
            self.lock = -1


def sweep(now: float) -> None:
    """Remove this user's folders whose processes were killed, and in which nothing is new.

    ``now`` is in seconds since 1970. Where there are no locks (Windows), nothing is removed.
    """
    for found in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it went meanwhile, or is not ours to touch
            if _is_left(found, now):
                shutil.rmtree(found, ignore_errors=True)


def _is_left(folder: Path, now: float) -> bool:
    facts = folder.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        return False
    if any(now - one.lstat().st_mtime < OLD for one in folder.iterdir()):
        return False
    file = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        return bool(locked(file))
    finally:
        os.close(file)
