"""The menu of extension points: what a plugin module may implement with ``@hookimpl``.

Each hook is called without arguments and returns declarations (``prefcore.interfaces``); prefcore
picks one by its id. A plugin module is found by an entry point whose name is that id, in the group
that stands at each hook.
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from prefcore.interfaces import (
    FormatInfo,
    KeyProviderInfo,
    MergeStrategyInfo,
    MigrationsInfo,
    StoreInfo,
    TargetInfo,
    WatcherInfo,
)

__all__ = ["KINDS", "hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("prefcore")
hookimpl = pluggy.HookimplMarker("prefcore")


@hookspec
def prefcore_formats() -> Iterable[FormatInfo]:  # type: ignore[empty-body]  # a spec has no body
    """Formats that documents are written in. Entry points: ``prefcore.formats``."""


@hookspec
def prefcore_merge_strategies() -> Iterable[MergeStrategyInfo]:  # type: ignore[empty-body]  # spec
    """Ways to decide between two changes. Entry points: ``prefcore.merge_strategies``."""


@hookspec
def prefcore_migrations() -> Iterable[MigrationsInfo]:  # type: ignore[empty-body]  # a spec
    """An application's migration steps. Entry points: ``prefcore.migrations``."""


@hookspec
def prefcore_backup_targets() -> Iterable[TargetInfo]:  # type: ignore[empty-body]  # a spec
    """Places where backups live. Entry points: ``prefcore.backup_targets``."""


@hookspec
def prefcore_stores() -> Iterable[StoreInfo]:  # type: ignore[empty-body]  # a spec
    """Stores that hold preferences. Entry points: ``prefcore.stores``."""


@hookspec
def prefcore_key_providers() -> Iterable[KeyProviderInfo]:  # type: ignore[empty-body]  # a spec
    """Holders of root keys. Entry points: ``prefcore.key_providers``."""


@hookspec
def prefcore_watchers() -> Iterable[WatcherInfo]:  # type: ignore[empty-body]  # a spec
    """Vetoes of acts, and observers of them. Entry points: ``prefcore.watchers``."""


#: Kind (as in the entry-point group ``prefcore.<kind>``) to hook name and declared type.
KINDS: dict[str, tuple[str, type]] = {
    "formats": ("prefcore_formats", FormatInfo),
    "merge_strategies": ("prefcore_merge_strategies", MergeStrategyInfo),
    "migrations": ("prefcore_migrations", MigrationsInfo),
    "backup_targets": ("prefcore_backup_targets", TargetInfo),
    "stores": ("prefcore_stores", StoreInfo),
    "key_providers": ("prefcore_key_providers", KeyProviderInfo),
    "watchers": ("prefcore_watchers", WatcherInfo),
}
