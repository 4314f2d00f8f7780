"""What a step leaves in a set is judged by the newer schema, whichever operation wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import InvalidValue
from prefcore.interfaces import Store
from prefcore.migration import Operation, Step, python
from tests.engines.world import preferences, rows, start_at, values


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store
    if request.param == "sqlite":
        opened = SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True)
    else:
        opened = MemoryStore()
    yield opened
    opened.close()


def _sized(factor: int) -> Operation:
    return python(lambda held: {"size": held["size"] * factor}, reads=["size"], writes=["size"])


_SAME = python(lambda held: held, reads=["font"], writes=["font"])
_AS_IT_IS = python(lambda held: held, reads=["tool"], writes=["tool"])


@pytest.mark.parametrize(
    "operations", [(_sized(100),), (_sized(100), _SAME)], ids=["last", "first"]
)
def test_a_function_whose_value_is_refused_changes_nothing(
    store: Store, tmp_path: Path, operations: tuple[Operation, ...]
) -> None:
    folder = tmp_path / "schemas"
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", {"size": 1, "font": "serif"})
    prefs.set_many("user", "bob", {"size": 2, "font": "serif"})
    before = rows(prefs), rows(prefs, "bob")
    prefs = preferences(store, folder, steps=[Step("1.0.0", "1.1.0", *operations)])
    said = r"1\.0\.0 → 1\.1\.0: .*user/bob size: .*100"
    with pytest.raises(InvalidValue, match=said):
        prefs.apply(prefs.plan_migration("1.1.0"))
    assert (rows(prefs), rows(prefs, "bob")) == before


def test_a_value_that_a_function_left_is_judged_too(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    prefs = start_at(store, folder, "1.2.0")
    prefs.set_many("user", "alice", {"tool": "yapf"})
    prefs = preferences(store, folder, steps=[Step("1.2.0", "1.3.0", _AS_IT_IS)])
    with pytest.raises(InvalidValue, match="user/alice tool"):
        prefs.apply(prefs.plan_migration("1.3.0"))


def test_only_what_the_last_operation_leaves_counts(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", {"size": 7})
    back = python(lambda held: {"size": held["size"] // 90}, reads=["size"], writes=["size"])
    prefs = preferences(store, folder, steps=[Step("1.0.0", "1.1.0", _sized(100), back)])
    prefs.apply(prefs.plan_migration("1.1.0"))
    assert values(prefs) == {"size": 7}
