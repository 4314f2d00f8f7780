"""The suite that every backup target passes: its contract as checks, and random stories.

::

    from prefcore_testing.targets import TargetSuite

    class TestMyTarget(TargetSuite):
        persistent = True

        def make(self, tmp_path):
            return MyTarget(f"mine://{server}/{tmp_path.name}")

        def raw(self, target):
            return {name: ... for name in ...}  # by other means than MyTarget

        def reopen(self, target):
            target.close()
            return MyTarget(target.url)
"""

from __future__ import annotations

from prefcore_testing.targets.listing import ListingChecks
from prefcore_testing.targets.machine import StoryChecks
from prefcore_testing.targets.names import NameChecks
from prefcore_testing.targets.objects import ObjectChecks
from prefcore_testing.targets.streaming import StreamingChecks
from prefcore_testing.targets.threads import ThreadChecks

__all__ = ["TargetSuite"]


class TargetSuite(
    ObjectChecks,
    ListingChecks,
    NameChecks,
    StreamingChecks,
    ThreadChecks,
    StoryChecks,
    kit=True,
):
    """Checks of ``prefcore.interfaces.Target``: subclass it, define ``make`` and ``raw``.

    ``raw`` looks beside the target at what is really there, so that no target vouches for itself.
    A target that persists says ``persistent = True`` and defines ``reopen``.
    """
