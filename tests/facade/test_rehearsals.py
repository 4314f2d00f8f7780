"""Plans are made on a private copy: they hold up nobody, need no right to write, leave nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import NoSpace, ReadOnly, StalePlan, UsageError
from prefcore.facade.act import Act
from prefcore.interfaces import Transaction
from prefcore.migration import Step, convert
from prefcore.model import Draft
from prefcore.planning import PlanBuilder
from prefcore.preferences import Preferences
from tests.migration.world import INTEGER, NUMBER, started, values

SCHEMAS = {"1.0.0": {"size": INTEGER}, "2.0.0": {"size": NUMBER}}
STEPS = [Step("1.0.0", "2.0.0", convert("size", scale="1/2"))]


@pytest.fixture
def prefs(tmp_path: Path) -> Iterator[Preferences[Any]]:
    store = SqliteStore.open(f"sqlite:{tmp_path / 'prefs.db'}", create=True)
    opened = started(store, tmp_path / "schemas", SCHEMAS, STEPS)
    opened.set("size", 13, user="alice")
    yield opened
    store.close()


def _reading(prefs: Preferences[Any], folder: Path) -> Preferences[Any]:
    """Give a facade over the same store, opened for reading only."""
    store = SqliteStore.open(prefs.store.url, read_only=True)
    return Preferences(
        store, prefs.app, schemas=folder / "schemas", migrations=STEPS, plugins=prefs.plugins
    )


def test_a_store_for_reading_is_planned_on_and_not_written(
    prefs: Preferences[Any], tmp_path: Path
) -> None:
    reading = _reading(prefs, tmp_path)
    before = (tmp_path / "prefs.db").read_bytes()
    plans = [
        reading.plan_migration("2.0.0"),
        reading.plan_set("user", "alice", {"size": 14}),
        reading.plan_undo(),
    ]
    assert [(one.kind, dict(one.counts)) for one in plans] == [
        ("migrate", {"change": 1}),
        ("set", {"change": 1}),
        ("undo", {"remove": 1}),
    ]
    for plan in plans:
        with pytest.raises(ReadOnly):
            reading.apply(plan)
    assert (tmp_path / "prefs.db").read_bytes() == before
    assert plans[0].digest == prefs.plan_migration("2.0.0").digest
    reading.close()


def test_writers_go_on_while_a_plan_is_made_and_the_plan_is_stale_then(
    prefs: Preferences[Any],
) -> None:
    """An act that, while it is planned, has another thread write what it is about."""
    set_elsewhere = True

    def run(transaction: Transaction, builder: PlanBuilder) -> None:
        if set_elsewhere:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(prefs.set, "size", 20, user="alice").result(30)
        for row in transaction.read_set(prefs.app, "user", "alice").rows:
            builder.add_rows("change", "user", "alice", [(row[0], row[1], "1")])
            transaction.write("user", "alice", [(row[0], "1", 1, "api", "tester")])

    act = Act(kind="set", summary="one", run=run)
    plan = prefs._plan(act)  # what every plan_… calls
    assert plan.items[0].before == 13
    assert values(prefs) == {"size": 20}
    set_elsewhere = False
    with pytest.raises(StalePlan):
        prefs.apply(plan)
    assert values(prefs) == {"size": 20}


def test_a_plan_can_be_made_inside_a_changeset_of_the_same_thread(
    prefs: Preferences[Any],
) -> None:
    draft = Draft(prefs.app, "tester", "set", datetime.now(UTC))
    with prefs.store.changeset(draft, version="1.0.0") as transaction:
        transaction.write("user", "alice", [("size", "50", 1, "api", "tester")])
        plan = prefs.plan_set("user", "alice", {"size": 14})
        assert plan.items[0].before == 13
    assert values(prefs) == {"size": 50}


def test_a_copy_that_finds_no_room_is_told_and_changes_nothing(
    prefs: Preferences[Any],
) -> None:
    """A store of which the copy outgrows the page cache, and temporary files that may not grow."""
    resource = pytest.importorskip("resource")
    draft = Draft(prefs.app, "tester", "set", datetime.now(UTC))
    with prefs.store.changeset(draft, version="1.0.0") as transaction:
        for n in range(4000):
            rows = [(f"{n:05}{'x' * 400}.{k}", "1", 1, "api", "tester") for k in range(4)]
            transaction.write("user", f"u{n:05}", rows)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        with pytest.raises(NoSpace, match=r"private copy .* SQLITE_TMPDIR"):
            prefs.plan_set("user", "alice", {"size": 14})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert prefs.plan_set("user", "alice", {"size": 14}).counts == {"change": 1}


def test_what_was_only_rehearsed_cannot_be_committed(prefs: Preferences[Any]) -> None:
    with prefs.begin_migration("2.0.0", rehearsed=True) as begun:
        assert begun.plan.counts == {"change": 1}
        prefs.set("size", 14, user="alice")  # nobody waits
        with pytest.raises(UsageError, match="only rehearsed"):
            begun.commit()
    assert (prefs.version, values(prefs)) == ("1.0.0", {"size": 14})
