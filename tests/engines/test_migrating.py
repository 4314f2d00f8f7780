"""Migrating up and down: what a user has is there again, and nothing is lost unseen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcore.builtin.memory_store import MemoryStore
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import (
    ConflictError,
    InvalidStep,
    InvalidValue,
    MissingStep,
    PolicyRefused,
    PrefcoreError,
    StalePlan,
    StepFailed,
    StoreMoved,
)
from prefcore.interfaces import Store
from prefcore.migration import MapValues, Rows, Step, add, map_values, remove, rename
from prefcore.model import Rename
from tests.engines.world import APP, STEPS, documents, preferences, rows, start_at, values

ALICE = {"font": "serif", "size": 14, "tool": "yapf", "legacy.mode": True}


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


def test_up_takes_every_value_along(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    changeset = prefs.apply(prefs.plan_migration())
    assert prefs.version == "2.0.0"
    assert values(prefs) == {"font": "serif", "font_size": 14, "tool": "black"}
    assert changeset is not None
    assert (changeset.schema_before, changeset.schema_after) == ("1.0.0", "2.0.0")


def test_a_plan_says_what_applying_does(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    before = rows(prefs)
    plan = prefs.plan_migration()
    assert rows(prefs) == before
    assert prefs.version == "1.0.0"
    assert plan.counts == {"rename": 1, "change": 1, "remove": 1}
    changeset = prefs.apply(plan)
    assert changeset is not None
    done = list(prefs.changes(changeset))
    assert [one for one in done if isinstance(one, Rename)] == [Rename("size", "font_size")]
    assert len(done) == sum(plan.counts.values())


def test_down_restores_every_value_with_its_metadata(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    before = rows(prefs)
    prefs.apply(prefs.plan_migration())
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert rows(prefs) == before


@pytest.mark.parametrize("middle", ["1.1.0", "1.2.0", "1.3.0"])
def test_down_in_two_hops_ends_where_one_does(store: Store, folder: Path, middle: str) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    before = rows(prefs)
    prefs.apply(prefs.plan_migration())
    prefs.apply(prefs.plan_migration(middle))
    assert prefs.version == middle
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert rows(prefs) == before


def test_down_into_the_middle_of_a_run_ends_where_going_up_there_does(
    tmp_path: Path, folder: Path
) -> None:
    ends = []
    for goals in (["2.0.0", "1.2.0"], ["1.2.0"]):
        prefs = start_at(MemoryStore(), folder, "1.0.0")
        prefs.set_many("user", "alice", ALICE)
        for goal in goals:
            prefs.apply(prefs.plan_migration(goal))
        ends.append(values(prefs))
    assert ends[0] == ends[1] == {"font": "serif", "font_size": 14, "tool": "yapf",
                                  "legacy.mode": True}  # fmt: skip


def test_an_edit_made_after_the_upgrade_survives_the_way_down(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    prefs.apply(prefs.plan_migration())
    prefs.set("font_size", 20, user="alice")
    prefs.set("tool", "ruff", user="alice")
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert values(prefs) == {**ALICE, "size": 20, "tool": "ruff"}


def test_a_value_changed_and_changed_back_counts_as_untouched(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    prefs.apply(prefs.plan_migration())
    prefs.set("tool", "ruff", user="alice")
    prefs.set("tool", "black", user="alice")
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert values(prefs)["tool"] == "yapf"


def test_what_a_user_took_out_stays_out(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    prefs.apply(prefs.plan_migration())
    prefs.unset("font_size", user="alice")
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert "size" not in values(prefs)


def test_an_edit_the_older_schema_refuses_is_a_conflict(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    prefs.apply(prefs.plan_migration())
    prefs.set("tool", "dprint", user="alice")
    plan = prefs.plan_migration("1.0.0")
    assert [(one.key, one.base, one.ours) for one in plan.conflicts] == [("tool", "yapf", "dprint")]
    with pytest.raises(ConflictError, match="user/alice tool"):
        prefs.apply(plan)
    assert prefs.version == "2.0.0"
    prefs.apply(prefs.plan_migration("1.0.0", take_before=True))
    assert values(prefs) == ALICE


def test_a_value_of_a_new_key_is_parked_on_the_way_down_and_returns(
    store: Store, folder: Path
) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    prefs.apply(prefs.plan_migration("1.1.0"))
    prefs.set("wrap", True, user="alice")
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert "wrap" not in values(prefs)
    prefs.apply(prefs.plan_migration("1.1.0"))
    assert values(prefs)["wrap"] is True


def test_a_store_that_began_high_goes_down_by_the_steps_alone(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "2.0.0")
    prefs.set_many("user", "alice", {"font_size": 14, "tool": "black", "wrap": True})
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert values(prefs) == {"size": 14, "tool": "black"}
    prefs.apply(prefs.plan_migration("2.0.0"))
    assert values(prefs) == {"font_size": 14, "tool": "black", "wrap": True}


def test_history_follows_a_key_through_its_rename(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set("size", 14, user="alice")
    prefs.apply(prefs.plan_migration())
    prefs.set("font_size", 15, user="alice")
    told = [
        (change.key, change.before and change.before.value, change.after and change.after.value)
        for _, change in prefs.history("font_size", "user", "alice")
    ]
    assert told == [("font_size", 14, 15), ("size", None, 14)]


def test_undoing_a_migration_is_going_back(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    before = rows(prefs)
    prefs.apply(prefs.plan_migration())
    prefs.apply(prefs.plan_undo())
    assert (prefs.version, rows(prefs)) == ("1.0.0", before)
    prefs.apply(prefs.plan_undo())
    assert (prefs.version, values(prefs)["font_size"]) == ("2.0.0", 14)


def test_undo_refuses_a_migration_that_a_later_one_stands_on(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    first = prefs.apply(prefs.plan_migration("1.2.0"))
    prefs.apply(prefs.plan_migration("2.0.0"))
    assert first is not None
    with pytest.raises(PolicyRefused, match="later migrations stand on it"):
        prefs.plan_undo(first.id)


# ------------------------------------------------------------------------------- bare edges


def test_an_edge_without_a_step_is_refused_when_a_held_key_would_be_lost(
    store: Store, folder: Path
) -> None:
    prefs = start_at(store, folder, "1.3.0", steps=STEPS[:2])
    prefs.set("legacy.mode", False, user="alice")
    with pytest.raises(MissingStep, match=r"1\.3\.0 → 2\.0\.0: legacy\.mode .* user/alice"):
        prefs.plan_migration()
    prefs.unset("legacy.mode", user="alice")
    prefs.apply(prefs.plan_migration())
    assert prefs.version == "2.0.0"


def test_an_edge_without_a_step_is_refused_when_a_held_value_would_be(
    store: Store, folder: Path
) -> None:
    prefs = start_at(store, folder, "1.2.0", steps=STEPS[:1])
    prefs.set("tool", "yapf", user="alice")
    with pytest.raises(InvalidValue, match=r'1\.2\.0 → 1\.3\.0: user/alice tool: "yapf"'):
        prefs.plan_migration()
    assert values(prefs) == {"tool": "yapf"}


def test_a_removed_keys_value_returns_when_the_key_does_and_it_is_still_valid(
    store: Store, folder: Path
) -> None:
    prefs = start_at(store, folder, "1.3.0")
    prefs.set("legacy.mode", True, user="alice")
    prefs.apply(prefs.plan_migration("2.0.0"))
    again = documents()["1.3.0"]
    newest = type(again)(APP, "2.1.0", dict(again.preferences))
    prefs.register(newest)
    reopened = preferences(store, folder)
    reopened.apply(reopened.plan_migration("2.1.0"))
    assert values(reopened) == {"legacy.mode": True}


# -------------------------------------------------------------------------------- bad steps


class _Raises(MapValues):
    """An operation whose function fails."""

    def mapped(self, text: str) -> str:
        raise ZeroDivisionError("in the step")


def test_a_step_that_raises_is_named_and_changes_nothing(store: Store, folder: Path) -> None:
    step = Step("1.0.0", "1.1.0", _Raises("font", {}))
    prefs = start_at(store, folder, "1.0.0", steps=(step,))
    prefs.set("font", "serif", user="alice")
    with pytest.raises(StepFailed, match=r"1\.0\.0 → 1\.1\.0: .*ZeroDivisionError: in the step"):
        prefs.plan_migration("1.1.0")
    assert (prefs.version, values(prefs)) == ("1.0.0", {"font": "serif"})


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Step("2.0.0", "1.0.0", remove("a")), "leads upwards"),
        (lambda: Step("1.0", "1.1.0"), "1.0"),
        (lambda: Step("1.0.0", "1.1.0", "remove a"), "is no operation"),  # type: ignore[arg-type]  # the point
        (lambda: rename("a", "a"), "renames a key to itself"),
        (lambda: rename("a", "b", wins="c"), "one of the two keys"),
        (lambda: map_values("a", {}), "the table is empty"),
        (lambda: map_values("a", [(1, 2), (1, 3)]), "lists 1 twice"),
    ],
    ids=["downwards", "version", "operation", "itself", "wins", "empty", "twice"],
)
def test_a_contradictory_step_is_refused_when_it_is_made(make: object, said: str) -> None:
    with pytest.raises(PrefcoreError, match=said):
        make()  # type: ignore[operator]  # a lambda


@pytest.mark.parametrize(
    ("start", "goal", "steps", "error", "said"),
    [
        ("1.0.0", "9.9.9", STEPS, MissingStep, r"no schema version 9\.9\.9; known are 1\.0\.0"),
        ("1.0.0", "2.0.0", (Step("1.0.0", "1.0.5"),), InvalidStep, r"stands at 1\.0\.5"),
        ("1.0.0", "2.0.0", (STEPS[0], STEPS[0]), InvalidStep, "two steps lead"),
    ],
    ids=["unknown version", "step without schema", "two of one edge"],
)
def test_a_path_that_is_none_is_refused_with_what_is_wrong(
    folder: Path,
    start: str,
    goal: str,
    steps: tuple[Step, ...],
    error: type[PrefcoreError],
    said: str,
) -> None:
    prefs = start_at(MemoryStore(), folder, start, steps=steps)
    with pytest.raises(error, match=said):
        prefs.plan_migration(goal)


def test_a_rename_onto_a_held_key_asks_which_side_wins(store: Store, folder: Path) -> None:
    step = Step("1.0.0", "1.1.0", rename("legacy.mode", "wrap"))
    prefs = start_at(store, folder, "1.0.0", steps=(step,))
    prefs.set("legacy.mode", True, user="alice")
    prefs.set("legacy.mode", True, user="bob")
    draft = prefs._workplace.draft("test", "")  # writes a key that no schema declares yet
    with store.changeset(draft, version="1.0.0") as transaction:
        transaction.write("user", "alice", [("wrap", "false", 1, "api", "tester")])
    with pytest.raises(ConflictError, match=r"user/alice: legacy\.mode and wrap are both held"):
        prefs.plan_migration("1.1.0")
    decided = (Step("1.0.0", "1.1.0", rename("legacy.mode", "wrap", wins="wrap")),)
    before = rows(prefs), rows(prefs, "bob")
    prefs = preferences(store, folder, steps=decided)
    prefs.apply(prefs.plan_migration("1.1.0"))
    assert (values(prefs), values(prefs, "bob")) == ({"wrap": False}, {"wrap": True})
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert (rows(prefs), rows(prefs, "bob")) == before


def test_an_added_value_reaches_all_who_hold_anything_and_leaves_with_the_way_down(
    store: Store, folder: Path
) -> None:
    steps = (Step("1.0.0", "1.1.0", add("wrap", True)),)
    prefs = start_at(store, folder, "1.0.0", steps=steps)
    prefs.set("font", "serif", user="alice")
    prefs.apply(prefs.plan_migration("1.1.0"))
    assert values(prefs) == {"font": "serif", "wrap": True}
    prefs.apply(prefs.plan_migration("1.0.0"))
    assert values(prefs) == {"font": "serif"}


# ------------------------------------------------------------------------- moved meanwhile


def test_a_plan_is_stale_once_the_state_moved(store: Store, folder: Path) -> None:
    prefs = start_at(store, folder, "1.0.0")
    prefs.set_many("user", "alice", ALICE)
    plan = prefs.plan_migration()
    prefs.set("tool", "ruff", user="alice")
    with pytest.raises(StalePlan):
        prefs.apply(plan)
    assert prefs.version == "1.0.0"


def test_who_holds_the_store_at_another_version_is_told(store: Store, folder: Path) -> None:
    prefs, other = start_at(store, folder, "1.0.0"), preferences(store, folder)
    prefs.set("size", 14, user="alice")
    assert other.get("size", user="alice") == 14
    prefs.apply(prefs.plan_migration())
    with pytest.raises(StoreMoved, match=r"at schema version 2\.0\.0"):
        other.get("size", user="alice")
    with pytest.raises(StoreMoved):
        other.set("size", 15, user="alice")
    assert values(prefs)["font_size"] == 14


# -------------------------------------------------------------------------------- properties

_EDITS = {
    "font": st.sampled_from(["serif", "sans", "mono"]),
    "font_size": st.integers(0, 100),
    "tool": st.sampled_from(["ruff", "black", "dprint"]),
    "wrap": st.booleans(),
}
_FIRST = st.fixed_dictionaries(
    {},
    optional={
        "font": _EDITS["font"],
        "size": _EDITS["font_size"],
        "tool": st.sampled_from(["ruff", "black", "yapf"]),
        "legacy.mode": st.booleans(),
    },
)
_LATER = st.fixed_dictionaries({}, optional={key: _EDITS[key] for key in _EDITS})


def _replayed(first: dict[str, object], goal: str) -> dict[str, object]:
    """Give what values of 1.0.0 are at another version, by the steps alone."""
    from prefcore.values import canonical_text, from_text

    held = Rows(
        [(key, canonical_text(value), 0, "api", "x") for key, value in first.items()],
        at=0,
        actor="x",
    )
    for step in STEPS:
        if step.to_version <= goal:
            step.up(held)
    return {row[0]: from_text(row[1]) for row in held}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=_FIRST, later=_LATER, goal=st.sampled_from(["1.0.0", "1.1.0", "1.2.0", "1.3.0"]))
def test_after_up_edit_and_down_every_value_is_the_old_one_or_the_edit_or_reported(
    tmp_path: Path, first: dict[str, object], later: dict[str, object], goal: str
) -> None:
    shutil.rmtree(tmp_path / "schemas", ignore_errors=True)
    prefs = start_at(MemoryStore(), tmp_path / "schemas", "1.0.0")
    prefs.set_many("user", "alice", first)
    prefs.apply(prefs.plan_migration("2.0.0"))
    at_top = values(prefs)
    prefs.set_many("user", "alice", later)
    plan = prefs.plan_migration(goal)
    expected = _replayed(first, goal)
    reported = {one.key for one in plan.conflicts}
    for key, edit in later.items():
        older = "size" if key == "font_size" and goal < "1.2.0" else key
        if at_top.get(key) == edit or (key == "wrap" and goal < "1.1.0"):
            continue  # no edit, or one of a key that is parked
        if key == "tool" and edit == "dprint" and goal < "1.3.0":
            assert reported == {"tool"}
            continue
        expected[older] = edit
    if reported:
        plan = prefs.plan_migration(goal, take_before=True)
    prefs.apply(plan)
    assert values(prefs) == expected
    prefs.apply(prefs.plan_migration("2.0.0"))
    if not reported:
        assert values(prefs) == {**at_top, **later}
