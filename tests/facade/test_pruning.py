"""The history is pruned by a plan: what is no longer possible is told before, and refused after."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import prefcore_json
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore import ImportRequest, Preferences, Schema, Secret
from prefcore.audit import PRUNING, Pruning
from prefcore.builtin.memory_store import MemoryStore
from prefcore.engines.auditing import keys_in_use
from prefcore.engines.pruning import Kept, last_to_prune
from prefcore.errors import (
    ConflictError,
    HistoryPruned,
    IntegrityError,
    NotFound,
    PluginError,
    PolicyRefused,
    ReadOnly,
    StalePlan,
    UsageError,
)
from prefcore.keys import Keys
from prefcore.migration import Step
from prefcore.model import Changeset
from prefcore.plugins.manager import Plugins
from tests.faults import story

NOBODY: dict[str, str] = {}


class Editor(Schema, app="acme", version="1.0.0"):
    size: int = 12
    theme: str = "light"


@pytest.fixture
def prefs() -> Iterator[Preferences[Editor]]:
    with Preferences.open(
        Editor,
        store="memory:",
        actor="alice",
        environ=NOBODY,
        plugins=Plugins([prefcore_json]),
    ) as prefs:
        for size in (1, 2, 3, 4):
            prefs.set("size", size, user="alice")
        yield prefs


@pytest.fixture
def migrated(tmp_path: Path) -> Iterator[Preferences[Any]]:
    """Give a store that was migrated, after sets and before others; the migration parks values."""
    story.prepare(tmp_path, owners=3)
    with story.opened(tmp_path) as prefs:
        prefs.set("key0", "before", user="user0000")
        prefs.apply(prefs.plan_migration(story.NEW))
        prefs.set("key0", "after", user="user0000")
        prefs.set("font_size", 99, user="user0001")
        yield prefs


def _prune(prefs: Preferences[Any], **kept: Any) -> Changeset:
    changeset = prefs.apply(prefs.plan_prune(**kept))
    assert changeset is not None
    return changeset


# ------------------------------------------------------------------------------- the plan


def test_plan_tells_what_goes_and_changes_nothing(prefs: Preferences[Editor]) -> None:
    log = list(prefs.log())
    plan = prefs.plan_prune(keep_last=1, reason="space")
    assert plan.kind == PRUNING
    assert plan.summary == "prune the history but for the newest changeset"
    assert plan.counts == {"prune": 3}
    assert not plan.is_empty
    assert {name: plan.details[name] for name in ("through", "changesets", "changes")} == {
        "through": 3,
        "changesets": 3,
        "changes": 3,
    }
    assert plan.warnings[0].startswith("3 changesets, up to ")
    assert any("without a common base" in note for note in plan.notes)
    assert any("safety copies made before still hold" in note for note in plan.notes)
    assert list(prefs.log()) == log
    assert prefs.pruned() is None
    made = prefs.apply(plan)
    assert made is not None
    assert (made.kind, made.actor, made.reason, made.changes) == ("prune", "alice", "space", 0)
    pruning = Pruning.told_by(made)
    assert pruning is not None
    assert pruning.through == 3
    last = prefs.pruned()
    assert last is not None
    assert last.revision == 3
    assert prefs.get("size", user="alice") == 4
    assert list(prefs.problems()) == []


def test_plan_goes_stale_when_something_else_would_go(prefs: Preferences[Editor]) -> None:
    by_number, by_time = prefs.plan_prune(keep_last=1), prefs.plan_prune(before=_later())
    prefs.set("theme", "dark", user="alice")
    with pytest.raises(StalePlan):
        prefs.apply(by_number)
    assert prefs.pruned() is None
    with pytest.raises(StalePlan):
        prefs.apply(by_time)


def test_nothing_to_prune_is_an_empty_plan(prefs: Preferences[Editor]) -> None:
    cases: list[dict[str, Any]] = [
        {"keep_last": 4},
        {"older_than": timedelta(days=90)},
        {"keep_last": 99},
    ]
    for kept in cases:
        plan = prefs.plan_prune(**kept)
        assert plan.is_empty
        assert "nothing is to be pruned" in plan.notes[0]
        assert prefs.apply(plan) is None
    _prune(prefs, keep_last=0)
    assert prefs.plan_prune(keep_last=0).is_empty


def _later() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


@pytest.mark.parametrize(
    "kept",
    [
        {},
        {"keep_last": -1},
        {"keep_last": True},
        {"before": datetime(2026, 1, 31)},  # noqa: DTZ001  # that it has no zone is the point
        {"older_than": timedelta.max},
    ],
    ids=str,
)
def test_what_says_nothing_that_can_be_pruned_by_is_refused(
    prefs: Preferences[Editor], kept: dict[str, Any]
) -> None:
    with pytest.raises(UsageError):
        prefs.plan_prune(**kept)


_AT = datetime(2026, 1, 31, tzinfo=UTC)
_LOGS = st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 5)), max_size=12)


@given(_LOGS, st.none() | st.integers(-6, 6), st.none() | st.integers(0, 13), st.integers(0, 12))
def test_what_goes_is_the_longest_prefix_of_what_nothing_keeps(
    log: list[tuple[int, int]], since: int | None, last: int | None, through: int
) -> None:
    if since is None and last is None:
        last = 0
    changesets = [
        Changeset("", n, "a", "b", "set", _AT + timedelta(days=day), "", changes, None, None)
        for n, (changes, day) in enumerate(log, 1)
    ]
    kept = Kept(since=None if since is None else _AT + timedelta(days=since), last=last)
    found = last_to_prune(reversed(changesets), kept, through)
    told = [one for one in changesets if one.changes and one.revision > through]
    newest = {one.revision for one in told[len(told) - (last or 0) :]} if last else set()
    stays = [
        one.revision in newest or (kept.since is not None and one.at >= kept.since) for one in told
    ]
    goes = told[: stays.index(True) if True in stays else len(told)]
    assert found == (goes[-1] if goes else None)


# ---------------------------------------------------------------- what is no longer possible


def test_undo_of_what_was_pruned_is_refused_and_of_what_was_not_is_exact(
    prefs: Preferences[Editor],
) -> None:
    fourth, third, *_ = prefs.log()
    pruning = _prune(prefs, keep_last=1)
    with pytest.raises(HistoryPruned, match=r"cannot be undone.*pruned up to revision 3") as caught:
        prefs.plan_undo(third.id)
    assert caught.value.exit_code == NotFound.exit_code
    with pytest.raises(HistoryPruned):
        list(prefs.changes(third))
    with pytest.raises(PolicyRefused, match="what was pruned is gone"):
        prefs.plan_undo(pruning.id)
    assert prefs.plan_undo().details["changeset"] == fourth.id
    prefs.apply(prefs.plan_undo(fourth.id))
    assert prefs.get("size", user="alice") == 3
    prefs.apply(prefs.plan_undo())
    assert prefs.get("size", user="alice") == 4


def test_state_of_then_is_told_from_the_last_pruned_changeset_on(
    prefs: Preferences[Editor],
) -> None:
    fourth, third, second, _ = prefs.log()
    _prune(prefs, keep_last=1)
    told = {
        one.revision: [each.rows[0][1] for each in prefs.sets(at=one)] for one in (fourth, third)
    }
    assert told == {4: ["4"], 3: ["3"]}
    with pytest.raises(HistoryPruned, match="after revision 2"):
        list(prefs.sets(at=second))


def test_history_of_a_key_ends_where_it_was_pruned(prefs: Preferences[Editor]) -> None:
    _prune(prefs, keep_last=1)
    (found,) = prefs.history("size", "user", "alice")
    assert (found[1].before and found[1].before.value, found[0].revision) == (3, 4)


def test_plan_warns_of_each_migration_and_of_parked_values(migrated: Preferences[Any]) -> None:
    plan = migrated.plan_prune(keep_last=1)
    assert plan.details["migrations"] == [{"from": story.OLD, "to": story.NEW}]
    assert plan.details["parked"] == 3  # legacy.mode of three owners
    assert "the migration 1.0.0 → 2.0.0 can no longer be taken back" in plan.warnings
    assert any("3 values that migrations put aside" in one for one in plan.warnings)
    assert migrated.plan_prune(keep_last=3).details["migrations"] == []


def test_migration_that_was_pruned_is_not_taken_back(migrated: Preferences[Any]) -> None:
    (run,) = (one for one in migrated.log() if one.kind == "migrate")
    before = list(migrated.sets())
    _prune(migrated, keep_last=1)
    with pytest.raises(HistoryPruned, match=r"2\.0\.0 cannot be migrated back to 1\.0\.0"):
        migrated.plan_migration(story.OLD)
    with pytest.raises(HistoryPruned, match=r"1\.0\.0 → 2\.0\.0 cannot be taken back"):
        migrated.plan_undo(run.id)
    assert list(migrated.sets()) == before


def test_migration_after_what_was_pruned_is_taken_back_exactly(
    migrated: Preferences[Any], tmp_path: Path
) -> None:
    shutil.copytree(tmp_path, tmp_path / "whole", ignore=shutil.ignore_patterns("whole"))
    with story.opened(tmp_path / "whole") as whole:
        whole.apply(whole.plan_migration(story.OLD))
        expected = [(one.place, [row[:2] for row in one.rows]) for one in whole.sets()]
    _prune(migrated, keep_last=3)
    migrated.apply(migrated.plan_migration(story.OLD))
    assert [(one.place, [row[:2] for row in one.rows]) for one in migrated.sets()] == expected
    assert list(migrated.problems()) == []
    migrated.apply(migrated.plan_migration(story.NEW))
    assert migrated.get("font_size", user="user0001") == 99


def test_migration_goes_up_from_a_pruned_store(tmp_path: Path) -> None:
    story.prepare(tmp_path, owners=3)
    with story.opened(tmp_path) as prefs:
        _prune(prefs, keep_last=0)
        prefs.apply(prefs.plan_migration(story.NEW))
        assert prefs.get("font_size", user="user0001") == 1
        prefs.apply(prefs.plan_migration(story.OLD))
        assert prefs.get("legacy.mode", user="user0000") is True
        assert list(prefs.problems()) == []


def test_merge_base_that_was_pruned_is_none_and_the_plan_says_so(
    prefs: Preferences[Editor], tmp_path: Path
) -> None:
    file = tmp_path / "out.json"
    with file.open("wb") as out:
        prefs.export(out, format="json")
    prefs.set("size", 5, user="alice")
    request = ImportRequest(path=file, name="out.json")
    assert "merged three ways" in prefs.plan_import(request).notes[0]
    _prune(prefs, keep_last=1)  # what it was exported at is still told
    assert "merged three ways" in prefs.plan_import(request).notes[0]
    _prune(prefs, keep_last=0)
    plan = prefs.plan_import(request)
    assert "no common base" in plan.notes[0]
    assert "was pruned from the history" in plan.notes[0]
    assert plan.conflicts


# --------------------------------------------------------------------------------- stores


def test_damaged_log_is_not_pruned(prefs: Preferences[Editor]) -> None:
    store = prefs.store
    assert isinstance(store, MemoryStore)
    first, *others = store._state.log
    edited = attrs.evolve(first, bare=attrs.evolve(first.bare, actor="eve"))
    store._state = attrs.evolve(store._state, log=(edited, *others))
    with pytest.raises(IntegrityError, match=r"at revision 1 .*pruning would remove what shows"):
        prefs.plan_prune(keep_last=1)


def test_read_only_store_is_planned_on_and_not_pruned(tmp_path: Path) -> None:
    story.prepare(tmp_path, owners=1)
    with Preferences.open(
        Editor, store=tmp_path / "own.db", actor="alice", environ=NOBODY
    ) as writing:
        writing.set("size", 1, user="alice")
        writing.set("size", 2, user="alice")
    with Preferences.open(
        Editor, store=tmp_path / "own.db", actor="alice", environ=NOBODY, read_only=True
    ) as prefs:
        plan = prefs.plan_prune(keep_last=1)
        assert plan.counts == {"prune": 1}
        with pytest.raises(ReadOnly):
            prefs.apply(plan)


class _Lacking:
    """Passes all on but what the author of another store did not know of."""

    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name in ("prune", "pruned"):
            raise AttributeError(name)
        found = getattr(self._inner, name)
        if name not in ("snapshot", "changeset", "rehearse"):
            return found

        @contextmanager
        def opened(*args: Any, **more: Any) -> Iterator[_Lacking]:
            with found(*args, **more) as view:
                yield _Lacking(view)

        return opened


def test_store_that_cannot_prune_says_so_and_does_all_else() -> None:
    store: Any = _Lacking(MemoryStore())
    prefs: Preferences[Any] = Preferences(
        store, "acme", schema=Editor.document(), actor="alice", environ=NOBODY
    )
    prefs.set("size", 1, user="alice")
    prefs.set("size", 2, user="alice")
    with pytest.raises(PluginError, match="cannot prune"):
        prefs.plan_prune(keep_last=1)
    assert prefs.pruned() is None
    assert [one.kind for one in prefs.audit.entries()] == ["set", "set"]
    assert prefs.audit.verify().found.problems == ()
    prefs.apply(prefs.plan_undo())
    assert prefs.get("size", user="alice") == 1


# -------------------------------------------------------------------------------- secrets


class Keeper(Schema, app="acme", version="1.0.0"):
    pin: Secret[str] | None = None
    note: str = ""


class Later(Schema, app="acme", version="2.0.0"):
    pin: Secret[str] | None = None
    note: Secret[str] | None = None


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    keys = Keys(str(tmp_path / "keys"), environ=NOBODY)
    keys.folder.create(_AT, keys.folder.new_root_file)
    return keys


def _rotate(keys: Keys) -> None:
    keys.folder.change(lambda ring: ring.rotated(_AT, os.urandom))


def test_key_that_only_the_pruned_history_used_is_used_no_more(tmp_path: Path, keys: Keys) -> None:
    with Preferences.open(
        Keeper, store=tmp_path / "p.db", actor="alice", environ=NOBODY, keys=keys
    ) as prefs:
        prefs.set("pin", Secret("1111"), user="alice")
        assert keys.ring is not None
        old = keys.ring.active.id
        _rotate(keys)
        prefs.set("pin", Secret("2222"), user="alice")
        assert set(_used(prefs)) == {old, keys.ring.active.id}
        _prune(prefs, keep_last=0)
        assert set(_used(prefs)) == {keys.ring.active.id}
        assert prefs.reencrypt().done == 0
        assert prefs.audit.verify().found.problems == ()
        prefs.set("pin", Secret("3333"), user="alice")
        _rotate(keys)
        assert prefs.reencrypt().done == 2
        assert prefs.audit.verify().found.problems == ()
        prefs.apply(prefs.plan_undo())
        assert prefs.reveal("user", "alice", "pin").reveal() == "2222"


def _used(prefs: Preferences[Any]) -> dict[str, int]:
    with prefs.store.snapshot() as view:
        return keys_in_use(view)


def test_value_of_then_that_becomes_a_secret_later_verifies(tmp_path: Path, keys: Keys) -> None:
    store = tmp_path / "p.db"
    with Preferences.open(Keeper, store=store, actor="alice", environ=NOBODY, keys=keys) as prefs:
        prefs.set("note", "in clear", user="alice")
        prefs.set("note", "then", user="bob")
        _prune(prefs, keep_last=0)
        prefs.set("note", "now", user="bob")
    with Preferences.open(
        Later,
        store=store,
        actor="alice",
        environ=NOBODY,
        keys=keys,
        migrate="auto",
        migrations=[Step("1.0.0", "2.0.0")],
    ) as prefs:
        assert prefs.reveal("user", "alice", "note").reveal() == "in clear"
        assert prefs.audit.verify().found.problems == ()
        _prune(prefs, keep_last=0)
        assert prefs.audit.verify().found.problems == ()
        for clear in (b"in clear", b"then"):
            assert clear not in store.read_bytes()


# ------------------------------------------------------------------------- beside other acts


def test_block_that_began_before_what_was_pruned_overwrites_nothing(
    prefs: Preferences[Editor],
) -> None:
    other = prefs.user("alice")
    with (  # noqa: PT012  # what is done meanwhile stands in the block
        pytest.raises(ConflictError, match="pruned since this change"),
        prefs.change(user="alice") as mine,
    ):
        mine.size = 7
        other.size = 9
        _prune(prefs, keep_last=0)
    assert prefs.get("size", user="alice") == 9
    with prefs.change(user="alice") as mine:
        mine.size = 7
    assert prefs.get("size", user="alice") == 7


def test_store_that_is_read_at_another_version_tells_what_was_pruned(
    migrated: Preferences[Any], tmp_path: Path
) -> None:
    _prune(migrated, keep_last=1)
    with story.opened(tmp_path) as older:
        older.read_at_newest()
        last = older.pruned()
        assert last is not None
        assert older.plan_prune(keep_last=0).counts == {"prune": 1}


def test_pruning_again_goes_on_from_where_it_was(prefs: Preferences[Editor]) -> None:
    for kept, through, changesets in ((3, 1, 1), (1, 3, 2), (0, 4, 1)):
        pruning = Pruning.told_by(_prune(prefs, keep_last=kept))
        assert pruning is not None
        assert (pruning.through, pruning.changesets) == (through, changesets)
        assert list(prefs.problems()) == []
    assert prefs.audit.verify().found.pruned == {"acme": 4}


def test_applications_of_one_store_are_pruned_each_by_itself(tmp_path: Path) -> None:
    class Other(Schema, app="other", version="1.0.0"):
        size: int = 12

    store = tmp_path / "both.db"
    with (
        Preferences.open(Editor, store=store, actor="alice", environ=NOBODY) as ours,
        Preferences.open(Other, store=store, actor="alice", environ=NOBODY) as theirs,
    ):
        for size in (1, 2, 3):
            ours.set("size", size, user="alice")
            theirs.set("size", size, user="alice")
        _prune(theirs, keep_last=0)
        assert ours.pruned() is None
        ours.apply(ours.plan_undo())
        assert ours.get("size", user="alice") == 2
        _prune(ours, keep_last=1)
        assert ours.audit.pruned() == {"acme": 5, "other": 6}
        assert ours.audit.verify().found.problems == ()
