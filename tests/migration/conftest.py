"""What the tests of migration share: both stores, fresh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.interfaces import Store


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store
    if request.param == "sqlite":
        opened = SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True)
    else:
        opened = MemoryStore()
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "schemas"
