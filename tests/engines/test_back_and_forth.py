"""Random stories of edits and migrations: wherever one goes, one finds what one had there."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from prefcore.builtin.memory_store import MemoryStore
from prefcore.migration import Step, convert, map_values, python, remove, rename
from prefcore.model import Row
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape, Snapshots
from prefcore_testing.stores.whole_state import state_of

APP = "acme"
INTEGER, TEXT = Shape(kinds=("integer",)), Shape(kinds=("string",))
SMALL = Shape(kinds=("integer",), maximum=50)
#: ``c`` comes back as something else; ``n`` comes and goes; ``a`` and ``b`` change places.
SCHEMAS: dict[str, dict[str, Shape]] = {
    "1.0.0": {"d": TEXT, "m": INTEGER, "a": INTEGER, "b": INTEGER, "c": TEXT, "size": SMALL},
    "1.1.0": {
        "d": TEXT,
        "m": INTEGER,
        "a": INTEGER,
        "b": INTEGER,
        "c": TEXT,
        "font_size": SMALL,
        "n": INTEGER,
    },
    "1.2.0": {"m": INTEGER, "a": INTEGER, "b2": INTEGER, "font_size": SMALL, "n": INTEGER},
    "1.3.0": {
        "d": TEXT,
        "m": INTEGER,
        "a": INTEGER,
        "b2": INTEGER,
        "c": INTEGER,
        "font_size": INTEGER,
        "n": INTEGER,
    },
    "2.0.0": {
        "d": TEXT,
        "m": INTEGER,
        "a": INTEGER,
        "b2": INTEGER,
        "c": INTEGER,
        "font_size": INTEGER,
    },
    "2.1.0": {
        "d": TEXT,
        "m": INTEGER,
        "a": INTEGER,
        "b2": INTEGER,
        "c": INTEGER,
        "font_size": INTEGER,
        "n": INTEGER,
    },
    "2.2.0": {
        "d": TEXT,
        "m": INTEGER,
        "both": TEXT,
        "c": INTEGER,
        "font_size": INTEGER,
        "n": INTEGER,
    },
}


def join(held: dict[str, Any]) -> dict[str, object]:
    return {"both": f"{held.get('a', '')}|{held.get('b2', '')}"}


def split(held: dict[str, Any]) -> dict[str, object]:
    parts = zip(("a", "b2"), str(held.get("both", "")).split("|"), strict=False)
    return {key: int(part) for key, part in parts if part}


STEPS = (
    Step(
        "1.0.0",
        "1.1.0",
        rename("a", "t"),
        rename("b", "a"),
        rename("t", "b"),
        rename("size", "font_size"),
    ),
    Step("1.1.0", "1.2.0", rename("b", "b2"), remove("c"), remove("d"), map_values("a", {1: 2})),
    Step("1.2.0", "1.3.0", convert("n", scale=10)),
    Step("1.3.0", "2.0.0", remove("n"), convert("m", scale=10)),
    Step("2.0.0", "2.1.0", convert("m", scale=Fraction(1, 10))),
    Step("2.1.0", "2.2.0", python(join, split, reads=["a", "b2"], writes=["both", "a", "b2"])),
)
VERSIONS = tuple(SCHEMAS)
OWNERS = ("kim", "zoe")


@attrs.frozen
class Act:
    """What somebody does; a key that the version in force has not is not set."""

    kind: str
    owner: str = ""
    key: str = ""
    value: int = 0
    version: str = ""


KEYS = tuple(sorted({key for keys in SCHEMAS.values() for key in keys}))
EDITS = st.builds(
    Act,
    st.sampled_from(["set", "set", "unset"]),
    st.sampled_from(OWNERS),
    st.sampled_from(KEYS),
    st.integers(0, 3),
)
ACTS = st.one_of(
    EDITS,
    st.builds(Act, st.just("undo")),
    st.builds(Act, st.just("migrate"), version=st.sampled_from(VERSIONS)),
)
STORIES = st.lists(ACTS, max_size=12)


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    snapshots = Snapshots(folder, APP)
    for version, keys in SCHEMAS.items():
        declared = {key: Preference(key, shape) for key, shape in keys.items()}
        snapshots.write(SchemaDocument(APP, version, declared))
    return folder


class Desk:
    """A store that a story is told to, begun at the first version."""

    def __init__(
        self, schemas: Path, store: MemoryStore | None = None, *, begin: str = VERSIONS[0]
    ) -> None:
        self.store = store or MemoryStore()
        self.prefs = self._facade(self.store, schemas)
        if store is None:
            self._begin(schemas, begin)

    def _begin(self, schemas: Path, version: str) -> None:
        workplace = self.prefs._workplace  # the only way to begin so low
        with self.store.changeset(workplace.draft("start", ""), version=None) as transaction:
            workplace.put_in_force(transaction, version)
        self.prefs = self._facade(self.store, schemas)

    def copy(self) -> MemoryStore:
        """Give a store that holds the same."""
        other = MemoryStore()
        other.load(*state_of(self.store))
        return other

    def _facade(self, store: MemoryStore, schemas: Path) -> Preferences:  # type: ignore[type-arg]  # no class
        return Preferences(
            store, APP, schemas=schemas, migrations=STEPS, plugins=Plugins(), actor="x"
        )

    def tell(self, acts: Iterable[Act]) -> None:
        for act in acts:
            self.do(act)

    def do(self, act: Act) -> None:
        shape = SCHEMAS[str(self.prefs.version)].get(act.key)
        if act.kind == "set" and shape is not None:
            text = f"{act.value}|" if act.key == "both" else "text"
            number = act.value * 10 if act.key == "m" else act.value
            self.prefs.set(act.key, text if shape == TEXT else number, user=act.owner)
        elif act.kind == "unset" and shape is not None:
            self.prefs.unset(act.key, user=act.owner)
        elif act.kind == "migrate":
            self.migrate(act.version)
        elif act.kind == "undo":
            last = next(iter(self.prefs.log()), None)
            if last is not None and last.kind != "start":
                self.prefs.apply(self.prefs.plan_undo(last.id))

    def migrate(self, version: str) -> bool:
        """Go to a version; says whether nothing that was edited had to give way."""
        plan = self.prefs.plan_migration(version)
        if plan.conflicts:
            self.prefs.apply(self.prefs.plan_migration(version, take_before=True))
        else:
            self.prefs.apply(plan)
        return not plan.conflicts

    def last(self) -> int:
        """Give the revision of the newest changeset."""
        return next(iter(self.prefs.log())).revision

    def rows(self) -> dict[str, tuple[Row, ...]]:
        return {owner: self.prefs.read_set("user", owner).rows for owner in OWNERS}

    def values(self) -> dict[str, dict[str, str]]:
        return {owner: {row[0]: row[1] for row in rows} for owner, rows in self.rows().items()}


def test_what_came_back_on_the_way_stays_where_a_rollback_ends_on_that_way(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("migrate", version="1.1.0"), Act("set", "kim", "n", 5)])
    desk.tell(Act("migrate", version=version) for version in ("1.0.0", "1.3.0"))
    assert desk.values()["kim"] == {"n": "50"}
    desk.migrate("1.1.0")
    assert desk.values()["kim"] == {"n": "5"}
    desk.migrate("1.3.0")
    assert desk.values()["kim"] == {"n": "50"}


def test_what_came_back_and_went_in_one_run_is_there_in_between(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("migrate", version="1.1.0"), Act("set", "kim", "n", 5)])
    desk.tell(Act("migrate", version=version) for version in ("1.0.0", "2.0.0", "1.1.0"))
    assert desk.values()["kim"] == {"n": "5"}
    desk.migrate("2.1.0")
    assert desk.values()["kim"] == {"n": "50"}


def test_steps_of_one_run_that_undo_each_other_are_undone_where_a_rollback_ends_in_between(
    schemas: Path,
) -> None:
    desk = Desk(schemas)
    desk.tell([Act("set", "kim", "m", 1), Act("set", "kim", "d")])
    desk.migrate("2.1.0")
    assert desk.values()["kim"] == {"m": "10", "d": '"text"'}
    desk.migrate("2.0.0")
    assert desk.values()["kim"] == {"m": "100", "d": '"text"'}
    desk.migrate("1.2.0")
    assert desk.values()["kim"] == {"m": "10"}
    desk.migrate("2.1.0")
    assert desk.values()["kim"] == {"m": "10", "d": '"text"'}


def test_what_was_parked_comes_back_at_the_version_it_comes_back_at(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("migrate", version="1.1.0"), Act("set", "kim", "n", 3)])
    desk.migrate("1.3.0")
    assert desk.values()["kim"] == {"n": "30"}
    for goals in (["1.0.0", "1.3.0"], ["1.0.0", "1.1.0", "1.3.0"], ["1.1.0", "1.0.0", "1.3.0"]):
        for goal in goals:
            desk.migrate(goal)
        assert desk.values()["kim"] == {"n": "30"}


def test_a_key_that_nobody_held_is_renamed_too(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("set", "zoe", "a", 1), Act("migrate", version="1.1.0")])
    desk.tell([Act("set", "kim", "a", 0), Act("migrate", version="1.0.0")])
    assert desk.values() == {"kim": {"b": "0"}, "zoe": {"a": "1"}}


def test_keys_that_keep_their_names_are_not_renamed_to_and_fro(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("set", "zoe", "a", 1), Act("migrate", version="1.3.0")])
    plan = desk.prefs.plan_migration("1.2.0")
    assert plan.counts == {}
    desk.tell([Act("migrate", version="1.2.0")])
    # Of the keys that were renamed on the way, somebody holds one.
    assert desk.prefs.plan_migration("1.0.0").counts == {"rename": 3}


def test_a_rollback_below_where_the_store_began_can_be_undone(schemas: Path) -> None:
    desk = Desk(schemas, begin="1.1.0")
    desk.tell([Act("set", "zoe", "b", 1), Act("migrate", version="1.0.0")])
    desk.tell([Act("set", "kim", "b", 2), Act("migrate", version="1.1.0")])
    assert desk.values() == {"kim": {"a": "2"}, "zoe": {"b": "1"}}
    desk = Desk(schemas, begin="1.1.0")
    desk.tell([Act("set", "zoe", "b", 1), Act("migrate", version="1.0.0")])
    migrated = next(iter(desk.prefs.log())).id
    desk.tell([Act("set", "kim", "b", 2)])
    desk.prefs.apply(desk.prefs.plan_undo(migrated))
    assert desk.values() == {"kim": {"a": "2"}, "zoe": {"b": "1"}}


def test_steps_below_where_the_store_began_are_told_from_those_in_the_log(schemas: Path) -> None:
    desk = Desk(schemas, begin="1.2.0")
    desk.tell([Act("set", "kim", "a", 1), Act("set", "zoe", "b2", 3)])
    for goals in (["1.1.0", "1.0.0"], ["1.2.0", "1.0.0"], ["1.3.0", "1.1.0", "2.1.0", "1.0.0"]):
        for goal in goals:
            desk.migrate(goal)
        assert desk.values() == {"kim": {"b": "1"}, "zoe": {"a": "3"}}


def test_a_value_that_a_rollback_moved_is_nowhere_twice(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("migrate", version="1.1.0"), Act("set", "kim", "a", 3)])
    desk.tell(Act("migrate", version=version) for version in ("1.0.0", "1.1.0", "1.2.0"))
    assert desk.values()["kim"] == {"a": "3"}


def test_an_edit_that_was_undone_is_none(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("set", "kim", "c"), Act("migrate", version="1.3.0")])
    desk.tell([Act("set", "kim", "c", 3), Act("undo"), Act("migrate", version="1.0.0")])
    assert desk.values()["kim"] == {"c": '"text"'}


def test_what_was_taken_out_after_a_rollback_was_undone_stays_out(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("migrate", version="1.1.0"), Act("set", "kim", "font_size", 3)])
    desk.tell([Act("migrate", version="1.0.0"), Act("undo")])
    assert desk.values()["kim"] == {"font_size": "3"}
    desk.tell([Act("unset", "kim", "font_size"), Act("migrate", version="1.0.0")])
    assert desk.values()["kim"] == {}


def test_an_edit_below_another_run_outlives_an_edit_that_was_undone(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("set", "kim", "b", 3), Act("migrate", version="1.1.0")])
    desk.tell([Act("set", "kim", "a", 1), Act("migrate", version="1.2.0")])
    assert desk.values()["kim"] == {"a": "2"}
    desk.tell([Act("set", "kim", "a", 0), Act("undo")])
    in_one_go = Desk(schemas, desk.copy())
    in_one_go.migrate("1.0.0")
    assert in_one_go.values()["kim"] == {"b": "1"}
    desk.migrate("1.1.0")
    assert desk.values()["kim"] == {"a": "1"}
    desk.migrate("1.0.0")
    assert desk.values()["kim"] == {"b": "1"}


def test_an_edit_that_gave_way_is_judged_no_more(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("set", "kim", "size", 1), Act("migrate", version="1.2.0")])
    desk.tell([Act("set", "kim", "font_size", 2), Act("migrate", version="1.3.0")])
    desk.tell([Act("set", "kim", "font_size", 90)])  # 1.2.0 takes 50 at most
    in_one_go = Desk(schemas, desk.copy())
    in_one_go.tell([Act("migrate", version="1.0.0")])
    assert in_one_go.values()["kim"] == {"size": "2"}
    assert not desk.migrate("1.2.0")
    assert desk.values()["kim"] == {"font_size": "2"}
    assert desk.migrate("1.0.0")
    assert desk.values()["kim"] == {"size": "2"}


def test_what_a_way_back_made_of_an_edit_is_carried_on(schemas: Path) -> None:
    desk = Desk(schemas)
    desk.tell([Act("migrate", version="2.0.0"), Act("migrate", version="2.2.0")])
    desk.tell([Act("set", "kim", "both", 3), Act("migrate", version="2.1.0")])
    assert desk.values()["kim"] == {"a": "3"}
    desk.migrate("2.0.0")
    assert desk.values()["kim"] == {"a": "3"}
    desk.migrate("1.2.0")
    assert desk.values()["kim"] == {"a": "3"}


def test_what_was_taken_out_stays_out_below_where_the_store_began(schemas: Path) -> None:
    desk = Desk(schemas, begin="1.1.0")
    desk.tell([Act("set", "kim", "font_size", 3), Act("migrate", version="1.2.0")])
    desk.tell([Act("unset", "kim", "font_size"), Act("migrate", version="1.0.0")])
    assert desk.values()["kim"] == {}


def test_what_was_made_of_what_was_taken_out_stays_out_by_its_older_name(schemas: Path) -> None:
    desk = Desk(schemas, begin="2.1.0")
    desk.tell([Act("set", "kim", "b2", 1), Act("migrate", version="2.2.0")])
    desk.tell([Act("unset", "kim", "both"), Act("migrate", version="1.1.0")])
    assert desk.values()["kim"] == {}


def test_what_was_taken_out_stays_out_within_a_run_over_keys_that_change_places(
    schemas: Path,
) -> None:
    desk = Desk(schemas)
    desk.tell([Act("set", "zoe", "a", 1), Act("set", "zoe", "b", 1), Act("set", "kim", "b", 3)])
    desk.tell([Act("migrate", version="1.2.0"), Act("unset", "kim", "a")])
    desk.tell([Act("migrate", version="1.1.0"), Act("set", "kim", "b", 2), Act("undo")])
    assert desk.values()["kim"] == {}
    desk.migrate("1.0.0")
    assert desk.values() == {"kim": {}, "zoe": {"a": "1", "b": "1"}}


@settings(max_examples=100)
@given(st.sampled_from(VERSIONS), STORIES, st.sampled_from(VERSIONS))
def test_up_and_back_is_nothing(schemas: Path, begin: str, story: list[Act], there: str) -> None:
    desk = Desk(schemas, begin=begin)
    desk.tell(story)
    before, version = desk.rows(), str(desk.prefs.version)
    assume(VERSIONS.index(there) > VERSIONS.index(version))
    assert desk.migrate(there)
    assert desk.migrate(version)
    assert desk.rows() == before


@settings(max_examples=100)
@given(
    st.sampled_from(VERSIONS),
    STORIES,
    st.lists(st.sampled_from(VERSIONS), min_size=2, max_size=2).map(sorted),
)
def test_going_beyond_and_back_is_going_there(
    schemas: Path, begin: str, story: list[Act], goals: list[str]
) -> None:
    middle, top = goals
    direct, beyond = Desk(schemas, begin=begin), Desk(schemas, begin=begin)
    for desk in (direct, beyond):
        desk.tell(story)
    assume(VERSIONS.index(middle) >= VERSIONS.index(str(direct.prefs.version)))
    assume(direct.migrate(middle) and beyond.migrate(top) and beyond.migrate(middle))
    assert beyond.values() == direct.values()


@settings(max_examples=100)
@given(STORIES, EDITS, st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=3))
def test_what_was_undone_makes_no_difference(
    schemas: Path, story: list[Act], edit: Act, goals: list[str]
) -> None:
    plain, undone = Desk(schemas), Desk(schemas)
    for desk in (plain, undone):
        desk.tell(story)
    revision = undone.last()
    undone.do(edit)
    if undone.last() != revision:
        undone.do(Act("undo"))
    for goal in goals:
        assume(plain.migrate(goal))
        assert undone.migrate(goal)
        assert undone.values() == plain.values()
