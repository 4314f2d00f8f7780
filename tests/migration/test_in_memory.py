"""Reading an older store through the steps in memory gives what migrating it would leave.

And one long migration gives what one after the other gives. Both are tried on random stories: sets
written at some version, migrated up and down, edited in between, over a line of versions in which
keys are renamed, computed, given up and brought back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import ConflictError, InvalidValue, MissingStep, StepFailed
from prefcore.facade.meeting import read_in_memory
from prefcore.interfaces import Store
from prefcore.migration import Step, add, convert, map_values, python, remove, rename
from prefcore.model import Draft, Selection, from_micros
from prefcore.preferences import Preferences
from tests.migration.world import APP, INTEGER, TEXT, document, migrate, started

#: What a step's function is given and gives.
_Values = dict[str, Any]


def _joined(values: _Values) -> _Values:
    parts = [values.get("left"), values.get("right")]
    return {"both": " ".join(part for part in parts if part)}


SCHEMAS = {
    "1.0.0": {"name": TEXT, "left": TEXT, "right": TEXT, "count": INTEGER},
    "2.0.0": {"title": TEXT, "left": TEXT, "right": TEXT, "count": INTEGER},
    "3.0.0": {"title": TEXT, "both": TEXT, "count": INTEGER},
    "4.0.0": {"both": TEXT, "fresh": TEXT},
    "5.0.0": {"both": TEXT, "fresh": TEXT, "title": TEXT, "count": INTEGER, "left": TEXT},
    "6.0.0": {"text": TEXT, "title": TEXT, "count": INTEGER, "left": TEXT},
}
STEPS = (
    Step("1.0.0", "2.0.0", rename("name", "title"), map_values("left", {"a": "A", "b": "A"})),
    Step("2.0.0", "3.0.0",
         python(_joined, reads=["left", "right"], writes=["both", "left", "right"]),
         map_values("title", {"x": "y"}), convert("count", scale=2)),
    Step("3.0.0", "4.0.0", remove("title"), remove("count"), add("fresh", "new")),
    Step("5.0.0", "6.0.0", remove("fresh"), rename("both", "text")),
)  # fmt: skip
VERSIONS = tuple(SCHEMAS)
_TEXTS = st.sampled_from(["a", "b", "A", "x", "y", "z"])
_OWNERS = st.sampled_from([("user", "alice"), ("user", "bob"), ("project", "p"), ("system", "")])

#: Write into a set (by the place of a key among those of the version), or go to a version.
_ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _OWNERS, st.integers(0, 4), _TEXTS, st.integers(0, 3)),
        st.tuples(st.just("unset"), _OWNERS, st.integers(0, 4), _TEXTS, st.integers(0, 3)),
        st.tuples(st.just("go"), st.sampled_from(VERSIONS[:4])),
    ),
    min_size=1,
    max_size=12,
)


def _told(prefs: Preferences[Any], acts: Iterable[tuple[Any, ...]]) -> None:
    """Let a story happen in a store."""
    for act in acts:
        if act[0] == "go":
            if act[1] != prefs.version:
                migrate(prefs, act[1], take_before=True)
            continue
        _, (scope, owner), place, text, number = act
        keys = sorted(SCHEMAS[str(prefs.version)])
        key = keys[place % len(keys)]
        value = number if key == "count" else text
        if act[0] == "write":
            prefs.set_many(scope, owner, {key: value})
        else:
            prefs.set_many(scope, owner, {}, unset=[key])


def _texts(store: Store, selection: Selection = Selection()) -> dict[tuple[str, str], _Values]:
    with store.snapshot() as view:
        return {
            (one.scope, one.owner): {row[0]: row[1] for row in one.rows}
            for one in view.sets(APP, selection)
        }


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Preferences[Any]]:
    """Give what begins a fresh store at 1.0.0; its schemas stand in one folder."""
    folder = tmp_path_factory.mktemp("schemas")
    return lambda: started(MemoryStore(), folder, SCHEMAS, STEPS)


_SETTINGS = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(acts=_ACTS)
@_SETTINGS
def test_reading_in_memory_gives_what_migrating_leaves(
    begun: Callable[[], Preferences[Any]], acts: list[tuple[Any, ...]]
) -> None:
    prefs = begun()
    _told(prefs, acts)
    goal = VERSIONS[-1]
    older = read_in_memory(prefs._workplace, str(prefs.version), document(goal, SCHEMAS[goal]))
    read = _texts(older)
    point = {
        place: {
            key: layer[2]
            for key in SCHEMAS[goal]
            for layer in older.layers(APP, goal, key, [place])
        }
        for place in read
    }
    before = _texts(prefs.store)
    with older.snapshot() as view:
        kept = {key: [held[:2] for held in view.held(APP, key)] for key in SCHEMAS[goal]}
    assert before == _texts(prefs.store)
    migrate(prefs, goal)
    assert read == point == _texts(prefs.store)
    assert kept == {key: [place for place in read if key in read[place]] for key in SCHEMAS[goal]}


@given(acts=_ACTS, stops=st.lists(st.sampled_from(VERSIONS), max_size=1))
@_SETTINGS
def test_one_long_migration_gives_what_one_after_the_other_gives(
    begun: Callable[[], Preferences[Any]], acts: list[tuple[Any, ...]], stops: list[str]
) -> None:
    """Whether it is one run, or two with a stop at any version.

    The store begins there, without a past: what earlier runs parked is told in the next test.
    """
    at_once, by_steps = begun(), begun()
    for prefs in (at_once, by_steps):
        _told(prefs, acts)
    began = _texts(at_once.store)
    start = str(at_once.version)
    for version in stops:
        if VERSIONS.index(version) > VERSIONS.index(str(at_once.version)):
            migrate(at_once, version)
    migrate(at_once, VERSIONS[-1])
    for _, version in pairwise(VERSIONS[VERSIONS.index(start) :]):
        migrate(by_steps, version)
    assert _texts(at_once.store) == _texts(by_steps.store)
    migrate(at_once, start)
    assert _texts(at_once.store) == began


def test_a_value_that_was_changed_and_taken_in_one_run_returns_changed(
    begun: Callable[[], Preferences[Any]],
) -> None:
    prefs = begun()
    prefs.set_many("user", "alice", {"name": "x", "count": 4})
    migrate(prefs, "5.0.0")
    held = _texts(prefs.store)["user", "alice"]
    assert (held["title"], held["count"]) == ('"y"', "8")


def test_a_value_that_one_run_changed_and_took_returns_changed_in_a_later_run(
    begun: Callable[[], Preferences[Any]],
) -> None:
    at_once, by_steps = begun(), begun()
    for prefs in (at_once, by_steps):
        for owner in ("alice", "bob"):
            prefs.set_many("user", owner, {"name": "x", "count": 4, "left": "a"})
    migrate(at_once, "4.0.0")
    for version in ("2.0.0", "3.0.0", "4.0.0"):
        migrate(by_steps, version)
    goal = "5.0.0"
    older = read_in_memory(at_once._workplace, "4.0.0", document(goal, SCHEMAS[goal]))
    read = _texts(older)
    point = older.layers(APP, goal, "count", [("user", "bob")])
    for prefs in (at_once, by_steps):
        prefs.set("fresh", "edited", user="bob")
        migrate(prefs, goal)
    held = _texts(at_once.store)
    assert held == _texts(by_steps.store)
    assert (held["user", "alice"]["title"], held["user", "bob"]["count"]) == ('"y"', "8")
    assert read["user", "alice"] == held["user", "alice"]
    assert point[0][2] == "8"
    migrate(at_once, "1.0.0")
    assert at_once.get("count", user="alice") == 4


def test_a_set_that_holds_nothing_but_what_is_parked_is_there(
    begun: Callable[[], Preferences[Any]],
) -> None:
    prefs = begun()
    prefs.set_many("user", "alice", {"count": 4})
    prefs.set_many("user", "zoe", {"left": "a"})
    migrate(prefs, "4.0.0")
    prefs.set_many("user", "alice", {}, unset=["fresh"])
    assert ("user", "alice") not in _texts(prefs.store)
    goal = "5.0.0"
    older = read_in_memory(prefs._workplace, "4.0.0", document(goal, SCHEMAS[goal]))
    assert _texts(older)["user", "alice"] == {"count": "8"}
    only = Selection(scopes=["user"], owners=["alice"], keys=["c*"])
    assert _texts(older, only) == {("user", "alice"): {"count": "8"}}


@pytest.mark.parametrize(
    ("step", "error", "said"),
    [
        ((), MissingStep, r"1\.0\.0 → 2\.0\.0: name is gone in 2\.0\.0 and user/alice holds it"),
        ((remove("name"),), InvalidValue, r"1\.0\.0 → 2\.0\.0: user/alice count: .* write a step"),
        ((rename("name", "title"),), ConflictError, "user/alice: name and title are both held"),
        (
            (python(lambda values: {"count": 1 // 0}, reads=["count"], writes=["count"]),),
            StepFailed,
            "user/alice: .*ZeroDivisionError",
        ),
    ],
    ids=["key lost", "value refused", "rename undecided", "function raises"],
)
def test_what_a_migration_would_refuse_is_refused_when_it_is_read(
    tmp_path: Path, step: tuple[Any, ...], error: type[Exception], said: str
) -> None:
    schemas = {
        "1.0.0": {"name": TEXT, "title": TEXT, "count": INTEGER},
        "2.0.0": {"title": TEXT, "count": TEXT},
    }
    steps = [Step("1.0.0", "2.0.0", *step)] if step else []
    prefs = started(MemoryStore(), tmp_path / "schemas", schemas, steps)
    prefs.set_many("user", "alice", {"name": "a", "title": "b", "count": 1})
    prefs.set_many("user", "bob", {"title": "b"})
    older = read_in_memory(prefs._workplace, "1.0.0", document("2.0.0", schemas["2.0.0"]))
    assert older.layers(APP, "2.0.0", "title", [("user", "bob")])[0][2] == '"b"'
    with pytest.raises(error, match=said):
        older.layers(APP, "2.0.0", "title", [("user", "alice")])
    with pytest.raises(error, match=said):
        prefs.plan_migration("2.0.0")


def test_other_applications_are_read_and_written_as_they_are(
    begun: Callable[[], Preferences[Any]],
) -> None:
    prefs = begun()
    older = read_in_memory(prefs._workplace, "1.0.0", document("2.0.0", SCHEMAS["2.0.0"]))
    draft = Draft("other", "bo", "set", from_micros(1))
    with older.changeset(draft, version=None) as transaction:
        transaction.write("user", "bo", [("a", "1", 1, "api", "bo")])
    with older.rehearse(draft, version=None) as rehearsal:
        assert rehearsal.read_set("other", "user", "bo").rows[0][1] == "1"
    assert older.layers("other", None, "a", [("user", "bo")])[0][2] == "1"
    assert older.declaration("other", "a") == (None, None)
    with older.snapshot() as view:
        assert view.version("other") is None
        assert [row[1] for *_, row in view.held("other", "a")] == ["1"]
        assert view.read_set("other", "user", "bo").rows[0][1] == "1"
