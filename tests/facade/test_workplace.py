"""An act that was begun: done once, seen by nobody, and then committed or let go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import prefcore_json
import pytest

from prefcore import ImportRequest
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import ConflictError, LockedError, StalePlan, UsageError
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from tests.engines.world import APP, STEPS, start_at, values

BEFORE = {"font": "serif", "size": 14}


def _opened(folder: Path) -> Preferences[Any]:
    return Preferences(
        SqliteStore.open(f"sqlite:{folder}/prefs.db", create=True),
        APP,
        schemas=folder / "schemas",
        migrations=STEPS,
        actor="tester",
        plugins=Plugins([prefcore_json]),
    )


@pytest.fixture
def prefs(tmp_path: Path) -> Iterator[Preferences[Any]]:
    store = SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True)
    start_at(store, tmp_path / "schemas", "1.1.0").close()
    with _opened(tmp_path) as opened:
        opened.set_many("user", "alice", BEFORE)
        yield opened


def _file(folder: Path, text: str) -> ImportRequest:
    file = folder / "in.json"
    file.write_text(text)
    return ImportRequest(path=file, name="in.json", into=("user", "alice"))


def test_what_was_begun_is_seen_by_nobody_until_it_is_committed(
    prefs: Preferences[Any], tmp_path: Path
) -> None:
    request = _file(tmp_path, '{"tool": "black"}')
    with prefs.begin_import(request) as begun:
        request.path.unlink()  # it was read, and is not read again
        assert begun.plan.counts == {"add": 1, "unchanged": 0}
        assert values(prefs) == BEFORE
        made = begun.commit()
        assert values(prefs) == {**BEFORE, "tool": "black"}
    assert made is not None
    assert (made.kind, made.changes) == ("import", 1)
    assert next(prefs.log()) == made


def test_its_plan_is_the_one_that_planning_alone_gives(
    prefs: Preferences[Any], tmp_path: Path
) -> None:
    request = _file(tmp_path, '{"tool": "black", "size": 14}')
    planned = prefs.plan_import(request)
    with prefs.begin_import(request) as begun:
        assert begun.plan == planned
        assert begun.commit(expected=planned.digest) is not None


@pytest.mark.parametrize("end", ["the block ends", "it is let go", "the block raises"])
def test_what_was_not_committed_leaves_no_trace(
    end: str, prefs: Preferences[Any], tmp_path: Path
) -> None:
    log = list(prefs.log())
    try:
        with prefs.begin_import(_file(tmp_path, '{"tool": "black"}')) as begun:
            if end == "it is let go":
                begun.let_go()
                prefs.set("size", 15, user="alice")  # the store is free again
                log = list(prefs.log())
            elif end == "the block raises":
                raise ZeroDivisionError
    except ZeroDivisionError:
        assert end == "the block raises"
    assert "tool" not in values(prefs)
    assert list(prefs.log()) == log
    with pytest.raises(UsageError, match="has ended already"):
        begun.commit()


def test_it_is_committed_once(prefs: Preferences[Any], tmp_path: Path) -> None:
    with prefs.begin_import(_file(tmp_path, '{"tool": "black"}')) as begun:
        assert begun.commit() is not None
        with pytest.raises(UsageError, match="has ended already"):
            begun.commit()
        begun.let_go()
    assert values(prefs)["tool"] == "black"


def test_what_stands_in_the_way_is_raised_by_committing(
    prefs: Preferences[Any], tmp_path: Path
) -> None:
    with prefs.begin_import(_file(tmp_path, '{"tool": "black", "size": 20}')) as begun:
        assert isinstance(begun.plan.blocker, ConflictError)
        with pytest.raises(ConflictError):
            begun.commit()
    assert values(prefs) == BEFORE


def test_another_plan_than_the_expected_is_not_committed(
    prefs: Preferences[Any], tmp_path: Path
) -> None:
    planned = prefs.plan_import(_file(tmp_path, '{"tool": "black"}'))
    other = prefs.begin_import(_file(tmp_path, '{"tool": "yapf"}'))
    with other as begun, pytest.raises(StalePlan):
        begun.commit(expected=planned.digest)
    assert values(prefs) == BEFORE


def test_others_wait_for_what_was_begun(prefs: Preferences[Any], tmp_path: Path) -> None:
    begun = prefs.begin_import(_file(tmp_path, '{"tool": "black"}'))
    with begun, pytest.raises(LockedError, match="this thread"):
        prefs.set("size", 15, user="alice")


def test_a_migration_that_was_begun_moves_the_facade_once_it_is_committed(
    prefs: Preferences[Any],
) -> None:
    with prefs.begin_migration("1.2.0") as begun:
        assert prefs.version == "1.1.0"
        assert prefs.store.copies() == []
        begun.commit()
        assert prefs.version == "1.2.0"
        assert values(prefs) == {"font": "serif", "font_size": 14}
    assert len(prefs.store.copies()) == 1
    with prefs.begin_undo() as undone:
        undone.commit()
    assert (prefs.version, values(prefs)) == ("1.1.0", BEFORE)
