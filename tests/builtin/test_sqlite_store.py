"""The SQLite store passes the suite of all stores, so it agrees with the memory store."""

from __future__ import annotations

from pathlib import Path

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.interfaces import Store
from prefcore_testing.stores import StoreSuite


class TestSqliteStore(StoreSuite):
    persistent = True

    def make(self, tmp_path: Path) -> Store:
        return SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True)

    def reopen(self, store: Store, *, read_only: bool = False) -> Store:
        store.close()
        return SqliteStore.open(store.url, read_only=read_only)
