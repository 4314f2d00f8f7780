"""The access in force: what the policies give an actor, read again where their files changed.

On the way of ``prefcore get``: where no policy is, two looks at the file system are all it costs.
"""
# ruff: noqa: PTH116

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

from prefcore.access.files import access_of, policy_paths
from prefcore.access.policy import Access

__all__ = ["AccessInForce"]

#: So old, in seconds, what a reading goes by may be: to look each time would cost it a quarter.
_FRESH = 1.0


class AccessInForce:
    """What an actor (by default the operating system's user) may do by the policies there are.

    Where a policy cannot be followed, what reading it raises is raised until it is mended.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        actor: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environ = dict(environ)
        self._paths = policy_paths(self._environ)
        self._actor = actor
        self._clock = clock
        self._given: Access | None = None
        self._stamps: tuple[object, ...] | None = None
        self._looked = 0.0
        self._is_fixed = False

    @classmethod
    def fixed(cls, access: Access) -> AccessInForce:
        """Give one that a program vouches for: no file has a say in it."""
        found = cls({})
        found._given, found._is_fixed = access, True
        return found

    def now(self) -> Access | None:
        """Give what holds, as of a second ago at most; None where there is no policy."""
        if self._is_fixed:
            return self._given
        if self._stamps is not None and self._clock() - self._looked < _FRESH:
            return self._given
        return self.renewed()

    def renewed(self) -> Access | None:
        """Give what holds at this moment, for what would change something."""
        if self._is_fixed:
            return self._given
        looked = self._clock()
        # Before they are read: what is written meanwhile is another stamp the next time.
        stamps = tuple(map(_stamp, self._paths))
        if stamps != self._stamps:
            self._stamps = None  # what cannot be followed is looked at each time
            self._given = access_of(self._environ, self._actor)
            self._stamps = stamps
        self._looked = looked
        return self._given


def _stamp(path: str) -> object:
    """Give what is another where a file was written, replaced, removed or given away."""
    try:
        found = os.stat(path)
    except OSError as error:
        return error.errno
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
