"""What a merge strategy is asked, and how a plugin declares one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs

__all__ = ["CONFLICT", "MergeStrategyInfo", "Sides"]


class _Conflict:
    """The type of ``CONFLICT``: a strategy cannot decide."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "CONFLICT"


CONFLICT = _Conflict()


@attrs.frozen
class Sides:
    """What a strategy decides between: values or UNSET, and when each side changed last."""

    key: str
    base: object
    ours: object
    theirs: object
    ours_at: datetime | None = None
    theirs_at: datetime | None = None


@attrs.frozen(kw_only=True)
class MergeStrategyInfo:
    """A merge strategy: ``resolve`` gives the merged value, UNSET, or CONFLICT.

    It is asked only where both sides changed differently, and must not mutate what it is given.
    With ``needs_times`` it goes by when each side changed, and is refused for files without times.
    """

    id: str
    summary: str
    resolve: Callable[[Sides], object]
    needs_times: bool = False
