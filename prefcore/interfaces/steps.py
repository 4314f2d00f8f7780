"""How a distribution publishes the migration steps of its application."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs

__all__ = ["MigrationsInfo"]


@attrs.frozen(kw_only=True)
class MigrationsInfo:
    """An application's migration steps, as its distribution publishes them.

    ``steps`` gives ``prefcore.migration.Step`` objects; it is called only when a verb needs them.
    """

    app: str
    summary: str
    steps: Callable[[], Iterable[object]]
