"""The memory store passes the suite of all stores, and finds what was tampered with."""

from __future__ import annotations

from pathlib import Path

from prefcore.builtin.memory_store import MemoryStore
from prefcore.interfaces import Store
from prefcore_testing.stores import StoreSuite


class TestMemoryStore(StoreSuite):
    def make(self, tmp_path: Path) -> Store:
        store = MemoryStore()
        store.wait = 0.5
        return store
