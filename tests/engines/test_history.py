"""Undoing: what a changeset did is taken back, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import ConflictError, NotFound, PolicyRefused
from prefcore.preferences import Preferences
from tests.engines.world import rows, start_at, values


@pytest.fixture
def prefs(tmp_path: Path) -> Preferences:  # type: ignore[type-arg]  # no class
    return start_at(MemoryStore(), tmp_path / "schemas", "1.1.0")


def undo(prefs: Preferences, id: str | None = None, *, skip: bool = False) -> None:  # type: ignore[type-arg]  # no class
    prefs.apply(prefs.plan_undo(id, skip=skip))


def test_undo_takes_back_the_newest_changeset_with_its_metadata(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    prefs.set_many("user", "alice", {"font": "serif", "size": 14})
    before = rows(prefs)
    prefs.set_many("user", "alice", {"font": "mono", "wrap": True}, unset=["size"])
    undo(prefs)
    assert rows(prefs) == before


def test_undo_of_an_undo_does_it_again(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    prefs.set("font", "serif", user="alice")
    prefs.set("font", "mono", user="alice")
    after = rows(prefs)
    undo(prefs)
    undo(prefs)
    assert rows(prefs) == after


def test_an_older_changeset_is_undone_where_nothing_touched_it_since(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    first = prefs.set_many("user", "alice", {"font": "serif", "size": 14})
    prefs.set("wrap", True, user="alice")
    assert first is not None
    undo(prefs, first.id)
    assert values(prefs) == {"wrap": True}


def test_what_changed_again_since_is_a_conflict_and_nothing_is_written(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    first = prefs.set_many("user", "alice", {"font": "serif", "size": 14})
    prefs.set("size", 20, user="alice")
    assert first is not None
    plan = prefs.plan_undo(first.id)
    assert [(one.key, one.ours) for one in plan.conflicts] == [("size", 20)]
    with pytest.raises(ConflictError, match="user/alice size: changed again since"):
        prefs.apply(plan)
    assert values(prefs) == {"font": "serif", "size": 20}
    undo(prefs, first.id, skip=True)
    assert values(prefs) == {"size": 20}


def test_undo_across_a_migration_is_refused(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    first = prefs.set("size", 14, user="alice")
    prefs.apply(prefs.plan_migration("1.2.0"))
    assert first is not None
    with pytest.raises(PolicyRefused, match=r"was made at schema 1\.1\.0 .* at 1\.2\.0"):
        prefs.plan_undo(first.id)


@pytest.mark.parametrize("id", ["ffffffff-0000", "", "%"])
def test_an_unknown_changeset_is_not_found(prefs: Preferences, id: str) -> None:  # type: ignore[type-arg]  # no class
    prefs.set("size", 14, user="alice")
    with pytest.raises(NotFound):
        prefs.plan_undo(id)


def test_there_is_nothing_to_undo_in_an_empty_history(tmp_path: Path) -> None:
    prefs = start_at(MemoryStore(), tmp_path / "schemas", "1.1.0")
    with pytest.raises(NotFound, match="holds no change"):
        prefs.plan_undo()
    with pytest.raises(PolicyRefused, match=r"\(start\) changed no value"):
        prefs.plan_undo(next(prefs.log()).id)


_ACTS = st.lists(
    st.tuples(
        st.sampled_from(["alice", "bob"]),
        st.dictionaries(
            st.sampled_from(["font", "wrap", "size"]), st.none() | st.integers(0, 1), min_size=1
        ),
    ),
    min_size=1,
    max_size=8,
)
_MEANT: dict[str, tuple[object, object]] = {
    "font": ("serif", "mono"),
    "wrap": (True, False),
    "size": (1, 2),
}


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=_ACTS)
def test_undoing_all_changesets_newest_first_ends_at_the_beginning(
    tmp_path: Path, acts: list[tuple[str, dict[str, int | None]]]
) -> None:
    prefs = start_at(MemoryStore(), tmp_path / "schemas", "1.1.0")
    states = []
    made = []
    for owner, changes in acts:
        states.append((rows(prefs), rows(prefs, "bob")))
        done = prefs.set_many(
            "user",
            owner,
            {key: _MEANT[key][at] for key, at in changes.items() if at is not None},
            unset=[key for key, at in changes.items() if at is None],
        )
        made.append(done)
    for done, state in zip(reversed(made), reversed(states), strict=True):
        if done is not None:
            undo(prefs, done.id)
        assert (rows(prefs), rows(prefs, "bob")) == state


def test_undoing_the_way_down_gives_back_what_it_took(tmp_path: Path) -> None:
    prefs = start_at(MemoryStore(), tmp_path / "schemas", "1.0.0")
    prefs.set_many("user", "alice", {"size": 14, "tool": "yapf"})
    prefs.apply(prefs.plan_migration("2.0.0"))
    prefs.set_many("user", "alice", {"tool": "dprint", "wrap": True})
    at_top = rows(prefs)
    prefs.apply(prefs.plan_migration("1.0.0", take_before=True))
    assert values(prefs) == {"size": 14, "tool": "yapf"}
    prefs.set("size", 20, user="alice")
    undo(prefs, next(one.id for one in prefs.log() if one.kind == "migrate"))
    expected = {row[0]: row for row in at_top}
    assert {row[0]: row for row in rows(prefs) if row[0] != "font_size"} == {
        key: row for key, row in expected.items() if key != "font_size"
    }
    assert values(prefs)["font_size"] == 20


def test_migrating_to_where_one_is_changes_nothing(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    plan = prefs.plan_migration("1.1.0")
    assert plan.is_empty
    assert plan.summary == "stay at 1.1.0"
    assert prefs.apply(plan) is None
