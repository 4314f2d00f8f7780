"""The files of a new merge strategy."""

from __future__ import annotations

__all__ = ["FILES"]

FILES = {
    "<PACKAGE>/__init__.py": '''
"""The plugin <DISTRIBUTION>: declares the merge strategy <NAME>."""

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import MergeStrategyInfo, Sides

#: The versions of the hooks that this plugin is written for.
prefcore_hook_api = ">=1,<2"


@hookimpl
def prefcore_merge_strategies() -> list[MergeStrategyInfo]:
    return [
        MergeStrategyInfo(
            id="<NAME>",
            summary="what <NAME> does, in a line",
            resolve=resolve,
            # Whether it goes by sides.ours_at and sides.theirs_at, which plain files do not tell.
            needs_times=False,
        )
    ]


def resolve(sides: Sides) -> object:
    """Give the merged value, UNSET for none, or CONFLICT (prefcore.interfaces, prefcore.values).

    It is asked only where both sides changed differently; sides.base is UNSET where they started
    from nothing. It changes nothing of what it is given.
    """
    raise NotImplementedError("decide between sides.ours and sides.theirs")
''',
    "tests/test_<MODULE>_strategy.py": '''
"""The merge strategy <NAME> passes the suite that all strategies pass."""

from <PACKAGE> import prefcore_merge_strategies
from prefcore_testing.strategies import MergeStrategySuite


class Test<CLASS>(MergeStrategySuite):
    (info,) = prefcore_merge_strategies()
''',
}
