"""The door of core's own plugins: what they declare; implementations are imported when opened."""

from __future__ import annotations

from prefcore.builtin import strategies
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import MergeStrategyInfo, Store, StoreInfo

__all__ = ["prefcore_merge_strategies", "prefcore_stores"]


@hookimpl
def prefcore_stores() -> list[StoreInfo]:
    """Declare the stores that come with prefcore."""
    return [
        StoreInfo(
            id="sqlite",
            summary="One SQLite file: sqlite:PATH",
            open=_open_sqlite,
            trial="sqlite:{folder}/prefs.db",
        ),
        StoreInfo(
            id="memory",
            summary="In this process only, for tests: memory:",
            open=_open_memory,
            trial="memory:",
            persistent=False,
        ),
    ]


def _open_sqlite(url: str, *, create: bool = False, read_only: bool = False) -> Store:
    from prefcore.builtin.sqlite_store import SqliteStore

    return SqliteStore.open(url, create=create, read_only=read_only)


def _open_memory(url: str, *, create: bool = False, read_only: bool = False) -> Store:
    from prefcore.builtin import memory_store

    return memory_store.INFO.open(url, create=create, read_only=read_only)


@hookimpl
def prefcore_merge_strategies() -> list[MergeStrategyInfo]:
    """Declare the merge strategies that come with prefcore."""
    return [
        MergeStrategyInfo(
            id=id, summary=summary, resolve=resolve, needs_times=id in ("newest", "oldest")
        )
        for id, summary, resolve in (
            ("ours", "keep what is here", strategies.ours),
            ("theirs", "take what comes in", strategies.theirs),
            ("base", "go back to what both started from", strategies.base),
            ("newest", "take the side that changed last", strategies.newest),
            ("oldest", "take the side that changed first", strategies.oldest),
            ("ask", "ask a person, key by key", strategies.ask),
            ("fail", "decide nothing: a conflict", strategies.fail),
        )
    ]
