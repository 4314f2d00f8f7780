"""`convert` and `python` through real stores: up, down, edits between, and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import ConflictError, InvalidStep, InvalidValue, PrefcoreError, StepFailed
from prefcore.interfaces import Store
from prefcore.migration import Step, add, convert, map_values, python, remove, rename
from prefcore.schema import Preference, Shape
from prefcore.values import UNSET
from tests.migration.test_python_steps import SPLIT, Values, split
from tests.migration.world import BOOLEAN, INTEGER, NUMBER, TEXT, migrate, rows, started, values

NAMES = {"1.0.0": {"name": TEXT, "age": INTEGER}, "2.0.0": {"first": TEXT, "last": TEXT,
         "age": INTEGER}}  # fmt: skip
SIZES = {"1.0.0": {"size": TEXT, "font": TEXT}, "2.0.0": {"size": INTEGER, "font": TEXT}}
CAST = Step("1.0.0", "2.0.0", convert("size", to="integer", was="string"))
SPLITTING = Step("1.0.0", "2.0.0", SPLIT)


# ----------------------------------------------------------------------------------- convert


def test_values_are_converted_and_come_back_with_their_metadata(store: Store, folder: Path) -> None:
    prefs = started(store, folder, SIZES, [CAST])
    prefs.set_many("user", "alice", {"size": "15", "font": "serif"})
    prefs.set("size", "7", user="bob")
    before = rows(prefs), rows(prefs, "bob")
    migrate(prefs, "2.0.0")
    assert (values(prefs), values(prefs, "bob")) == ({"size": 15, "font": "serif"}, {"size": 7})
    assert [row[3] for row in rows(prefs)] == ["api", "migration"]
    migrate(prefs, "1.0.0")
    assert (rows(prefs), rows(prefs, "bob")) == before


def test_an_edit_is_cast_back(store: Store, folder: Path) -> None:
    prefs = started(store, folder, SIZES, [CAST])
    prefs.set("size", "15", user="alice")
    migrate(prefs, "2.0.0")
    prefs.set("size", 16, user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"size": "16"}


def test_what_cannot_be_cast_is_named_with_its_set_and_nothing_changes(
    store: Store, folder: Path
) -> None:
    prefs = started(store, folder, SIZES, [CAST])
    prefs.set("size", "7", user="alice")
    prefs.set("size", "large", user="bob")
    with pytest.raises(InvalidValue) as raised:
        prefs.plan_migration("2.0.0")
    assert raised.value.message == (
        '1.0.0 → 2.0.0: user/bob size: "large" cannot be converted: '
        "an integer of 64 bits in plain digits, such as -15, is needed"
    )
    assert (raised.value.key, raised.value.value) == ("size", "large")
    assert (prefs.version, values(prefs)) == ("1.0.0", {"size": "7"})


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([Step("1.0.0", "2.0.0", convert("size", up=int))], "no way down"),
        ([Step("1.0.0", "2.0.0", convert("size", to="integer"))], "16 is an integer"),
        (
            [Step("1.0.0", "2.0.0", convert("size", up=int, down=lambda value: 1 / 0))],
            "a lambda raised ZeroDivisionError",
        ),
    ],
    ids=["no function", "not cast back", "a function that raises"],
)
def test_an_edit_that_cannot_be_carried_down_is_a_conflict_of_the_plan(
    store: Store, folder: Path, steps: list[Step], reason: str
) -> None:
    prefs = started(store, folder, SIZES, steps)
    prefs.set_many("user", "alice", {"size": "15", "font": "serif"})
    before = rows(prefs)
    migrate(prefs, "2.0.0")
    prefs.set("size", 16, user="alice")
    plan = prefs.plan_migration("1.0.0")
    (conflict,) = plan.conflicts
    assert (conflict.scope, conflict.owner, conflict.key) == ("user", "alice", "size")
    assert (conflict.base, conflict.ours) == ("15", 16)
    assert reason in conflict.reason
    with pytest.raises(ConflictError, match="user/alice size"):
        prefs.apply(plan)
    migrate(prefs, "1.0.0", take_before=True)
    assert rows(prefs) == before


def test_untouched_values_come_back_although_there_is_no_way_down(
    store: Store, folder: Path
) -> None:
    prefs = started(store, folder, SIZES, [Step("1.0.0", "2.0.0", convert("size", up=int))])
    prefs.set_many("user", "alice", {"size": "15", "font": "serif"})
    before = rows(prefs)
    migrate(prefs, "2.0.0")
    prefs.set("font", "mono", user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"size": "15", "font": "mono"}
    assert rows(prefs)[1] == before[1]


def test_a_conversion_may_take_a_value_out_and_the_way_back_restores_it(
    store: Store, folder: Path
) -> None:
    step = Step("1.0.0", "2.0.0", convert("size", up=lambda v: int(v) if v != "auto" else UNSET))
    prefs = started(store, folder, SIZES, [step])
    prefs.set("size", "auto", user="alice")
    before = rows(prefs)
    migrate(prefs, "2.0.0")
    assert values(prefs) == {}
    migrate(prefs, "1.0.0")
    assert rows(prefs) == before


def test_an_edit_that_is_nothing_in_the_older_version_is_taken_out(
    store: Store, folder: Path
) -> None:
    down = convert("size", up=int, down=lambda value: str(value) if value else UNSET)
    prefs = started(store, folder, SIZES, [Step("1.0.0", "2.0.0", down)])
    prefs.set("size", "15", user="alice")
    migrate(prefs, "2.0.0")
    prefs.set("size", 0, user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {}


def test_a_scale_that_the_older_schema_cannot_hold_is_a_conflict(
    store: Store, folder: Path
) -> None:
    schemas = {"1.0.0": {"wait": INTEGER}, "2.0.0": {"wait": INTEGER}}
    prefs = started(store, folder, schemas, [Step("1.0.0", "2.0.0", convert("wait", scale="1000"))])
    prefs.set("wait", 2, user="alice")
    prefs.set("wait", 2, user="bob")
    migrate(prefs, "2.0.0")
    prefs.set("wait", 5000, user="alice")
    prefs.set("wait", 1500, user="bob")
    plan = prefs.plan_migration("1.0.0")
    assert [(one.owner, one.key, one.ours) for one in plan.conflicts] == [("bob", "wait", 1.5)]
    migrate(prefs, "1.0.0", take_before=True)
    assert (values(prefs), values(prefs, "bob")) == ({"wait": 5}, {"wait": 2})


def test_a_conversion_sees_the_name_that_an_operation_before_it_gave(
    store: Store, folder: Path
) -> None:
    schemas = {"1.0.0": {"size": TEXT}, "2.0.0": {"font_size": INTEGER}}
    step = Step(
        "1.0.0", "2.0.0", rename("size", "font_size"), convert("font_size", up=int, down=str)
    )
    prefs = started(store, folder, schemas, [step])
    prefs.set("size", "15", user="alice")
    prefs.set("size", "15", user="bob")
    before = rows(prefs, "bob")
    migrate(prefs, "2.0.0")
    prefs.set("font_size", 16, user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"size": "16"}
    assert rows(prefs, "bob") == before


def test_a_sensitive_value_is_not_in_the_error(folder: Path) -> None:
    secret = Preference("pin", TEXT, sensitive=True)
    schemas = {"1.0.0": {"pin": secret}, "2.0.0": {"pin": Preference("pin", INTEGER,
               sensitive=True)}}  # fmt: skip
    for operation in (
        convert("pin", to="integer"),
        convert("pin", up=lambda value: int(value)),  # its error quotes the value
        python(lambda values: {"pin": int(values["pin"])}, reads=["pin"], writes=["pin"]),
    ):
        store = MemoryStore()
        prefs = started(store, folder, schemas, [Step("1.0.0", "2.0.0", operation)])
        draft = prefs._workplace.draft("test", "")  # the facade refuses sensitive values as yet
        with store.changeset(draft, version="1.0.0") as transaction:
            transaction.write("user", "alice", [("pin", '"hunter2"', 1, "api", "tester")])
        with pytest.raises(PrefcoreError, match=r"1\.0\.0 → 2\.0\.0: user/alice") as raised:
            prefs.plan_migration("2.0.0")
        assert "hunter2" not in raised.value.message
        assert "hunter2" not in repr(raised.value.facts)
        assert raised.value.__cause__ is None


# ------------------------------------------------------------------------------------ python


def test_a_function_splits_a_key_and_the_way_back_restores_it(store: Store, folder: Path) -> None:
    prefs = started(store, folder, NAMES, [SPLITTING])
    prefs.set_many("user", "alice", {"name": "Ann  Lee", "age": 7})
    prefs.set("age", 8, user="bob")
    before = rows(prefs), rows(prefs, "bob")
    migrate(prefs, "2.0.0")
    assert values(prefs) == {"age": 7, "first": "Ann", "last": " Lee"}
    assert values(prefs, "bob") == {"age": 8}
    migrate(prefs, "1.0.0")
    assert (rows(prefs), rows(prefs, "bob")) == before


EDITS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"first": "Eve"}, {"name": "Eve Lee"}),
    ({"first": "Eve", "last": "Poe"}, {"name": "Eve Poe"}),
    ({"last": UNSET}, {"name": "Ann"}),
    ({"first": UNSET, "last": UNSET}, {}),
    ({"first": "Ann"}, {"name": "Ann Lee"}),
    ({"age": 8}, {"name": "Ann Lee", "age": 8}),
]


@pytest.mark.parametrize(("edits", "wanted"), EDITS, ids=lambda one: str(one))
def test_an_edit_of_one_key_is_carried_down_together_with_the_others(
    store: Store, folder: Path, edits: dict[str, Any], wanted: dict[str, Any]
) -> None:
    prefs = started(store, folder, NAMES, [SPLITTING])
    prefs.set("name", "Ann Lee", user="alice")
    migrate(prefs, "2.0.0")
    for key, value in edits.items():
        if value is UNSET:
            prefs.unset(key, user="alice")
        else:
            prefs.set(key, value, user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == wanted


def test_a_value_that_the_edits_make_no_difference_to_comes_back_exactly(
    store: Store, folder: Path
) -> None:
    def lower(values: Values) -> Values:
        return {key: value.lower() for key, value in values.items()}

    schemas = {"1.0.0": {"a": TEXT, "b": TEXT}, "2.0.0": {"a": TEXT, "b": TEXT}}
    operation = python(lower, lower, reads=["a", "b"], writes=["a", "b"])
    prefs = started(store, folder, schemas, [Step("1.0.0", "2.0.0", operation)])
    prefs.set_many("user", "alice", {"a": "Ann", "b": "Bea"})
    before = rows(prefs)
    migrate(prefs, "2.0.0")
    prefs.set("a", "Eve", user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"a": "eve", "b": "Bea"}
    assert rows(prefs)[1] == before[1]


def test_without_a_way_down_edits_are_conflicts_and_all_else_comes_back(
    store: Store, folder: Path
) -> None:
    operation = python(split, reads=["name"], writes=["name", "first", "last"])
    prefs = started(store, folder, NAMES, [Step("1.0.0", "2.0.0", operation)])
    prefs.set_many("user", "alice", {"name": "Ann Lee", "age": 7})
    prefs.set("name", "Bob Ray", user="bob")
    before = rows(prefs), rows(prefs, "bob")
    migrate(prefs, "2.0.0")
    prefs.set("first", "Eve", user="alice")
    prefs.unset("last", user="alice")
    plan = prefs.plan_migration("1.0.0")
    assert [(one.owner, one.key, one.ours) for one in plan.conflicts] == [
        ("alice", "first", "Eve"),
        ("alice", "last", UNSET),
    ]
    assert "no way down" in plan.conflicts[0].reason
    migrate(prefs, "1.0.0", take_before=True)
    assert (rows(prefs), rows(prefs, "bob")) == before


def test_an_edit_of_something_else_needs_no_way_down(store: Store, folder: Path) -> None:
    operation = python(split, reads=["name"], writes=["name", "first", "last"])
    prefs = started(store, folder, NAMES, [Step("1.0.0", "2.0.0", operation)])
    prefs.set_many("user", "alice", {"name": "Ann Lee", "age": 7})
    migrate(prefs, "2.0.0")
    prefs.set("age", 8, user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"name": "Ann Lee", "age": 8}


def test_a_function_that_raises_is_named_with_step_set_and_cause(
    store: Store, folder: Path
) -> None:
    def fail(values: Values) -> Values:
        raise KeyError("nick")

    operation = python(fail, reads=["name"], writes=["first"])
    prefs = started(store, folder, NAMES, [Step("1.0.0", "2.0.0", operation)])
    prefs.set("age", 7, user="adam")
    prefs.set("name", "Ann Lee", user="alice")
    with pytest.raises(StepFailed) as raised:
        prefs.plan_migration("2.0.0")
    assert raised.value.message == (
        "1.0.0 → 2.0.0: user/alice: fail() raised KeyError: 'nick'; nothing was changed"
    )
    assert isinstance(raised.value.__cause__.__cause__, KeyError)  # type: ignore[union-attr]  # has one
    assert (prefs.version, values(prefs)) == ("1.0.0", {"name": "Ann Lee"})


def test_a_function_that_gives_a_key_it_does_not_declare_is_refused(
    store: Store, folder: Path
) -> None:
    operation = python(split, reads=["name"], writes=["name", "first"])
    prefs = started(store, folder, NAMES, [Step("1.0.0", "2.0.0", operation)])
    prefs.set("name", "Ann Lee", user="alice")
    with pytest.raises(InvalidStep, match=r"user/alice: split\(\) gave a value for 'last'"):
        prefs.plan_migration("2.0.0")


def test_a_value_parked_earlier_does_not_return_where_a_function_decides(
    store: Store, folder: Path
) -> None:
    prefs = started(store, folder, NAMES, [SPLITTING])
    prefs.set("name", "Ann Lee", user="alice")
    migrate(prefs, "2.0.0")
    migrate(prefs, "1.0.0")
    prefs.set("name", "Cher", user="alice")
    migrate(prefs, "2.0.0")
    assert values(prefs) == {"first": "Cher"}


def test_a_rename_that_stands_does_not_hide_what_a_function_before_it_had_read(
    store: Store, folder: Path
) -> None:
    theme = {"theme": TEXT}
    schemas: dict[str, dict[str, Shape | Preference]] = {
        "1.0.0": {**theme},
        "1.1.0": {**theme, "dark": BOOLEAN},
        "1.2.0": {"look": TEXT, "dark": BOOLEAN},
        "2.0.0": {"look": TEXT, "dark": BOOLEAN, "extra": BOOLEAN},
    }
    dark = python(lambda v: {"dark": v["theme"] == "night"}, reads=["theme"], writes=["dark"])
    steps = [
        Step("1.0.0", "1.1.0", dark),
        Step("1.1.0", "1.2.0", rename("theme", "look")),
        Step("1.2.0", "2.0.0", add("extra", True)),
    ]
    prefs = started(store, folder, schemas, steps)
    prefs.set("theme", "night", user="alice")
    migrate(prefs, "2.0.0")
    migrate(prefs, "1.2.0")
    assert values(prefs) == {"look": "night", "dark": True}
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"theme": "night"}


def test_edits_at_several_versions_are_carried_down_together(store: Store, folder: Path) -> None:
    schemas = {
        "1.0.0": {"name": TEXT},
        "2.0.0": {"first": TEXT, "last": TEXT},
        "3.0.0": {"given": TEXT, "last": TEXT},
    }
    steps = [Step("1.0.0", "2.0.0", SPLIT), Step("2.0.0", "3.0.0", rename("first", "given"))]
    prefs = started(store, folder, schemas, steps)
    prefs.set("name", "Ann Lee", user="alice")
    migrate(prefs, "2.0.0")
    prefs.set("last", "Poe", user="alice")
    migrate(prefs, "3.0.0")
    prefs.set("given", "Eve", user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"name": "Eve Poe"}


def test_a_key_given_up_and_taken_again_gets_its_first_value_back(
    store: Store, folder: Path
) -> None:
    on: dict[str, Shape | Preference] = {"flag": TEXT, "x": TEXT}
    schemas: dict[str, dict[str, Shape | Preference]] = {
        "1.0.0": on,
        "1.1.0": {"x": TEXT},
        "2.0.0": on,
    }
    steps = [
        Step("1.0.0", "1.1.0", remove("flag")),
        Step("1.1.0", "2.0.0", add("flag", "new")),
    ]
    prefs = started(store, folder, schemas, steps)
    prefs.set_many("user", "alice", {"flag": "old", "x": "x"})
    before = rows(prefs)
    migrate(prefs, "2.0.0")
    prefs.set("flag", "edited", user="alice")
    migrate(prefs, "1.0.0")
    assert rows(prefs) == before


def test_a_parked_value_comes_before_the_one_that_a_step_adds(store: Store, folder: Path) -> None:
    schemas: dict[str, dict[str, Shape | Preference]] = {
        "1.0.0": {"x": TEXT},
        "2.0.0": {"x": TEXT, "wrap": BOOLEAN},
    }
    prefs = started(store, folder, schemas, [Step("1.0.0", "2.0.0", add("wrap", True))])
    prefs.set("x", "x", user="alice")
    migrate(prefs, "2.0.0")
    prefs.set("wrap", False, user="alice")
    migrate(prefs, "1.0.0")
    assert values(prefs) == {"x": "x"}
    migrate(prefs, "2.0.0")
    assert values(prefs) == {"x": "x", "wrap": False}


def test_an_edit_made_below_is_carried_up_when_the_way_down_is_undone(
    store: Store, folder: Path
) -> None:
    schemas: dict[str, dict[str, Shape | Preference]] = {
        "1.0.0": {"name": TEXT, "size": TEXT, "old": TEXT},
        "2.0.0": {"first": TEXT, "last": TEXT, "size": INTEGER},
    }
    step = Step("1.0.0", "2.0.0", SPLIT, convert("size", to="integer"), remove("old"))
    prefs = started(store, folder, schemas, [step])
    prefs.set_many("user", "alice", {"name": "Ann Lee", "size": "15"})
    prefs.set_many("user", "bob", {"name": "Bob Ray", "size": "16"})
    migrate(prefs, "2.0.0")
    before = rows(prefs, "bob")
    migrate(prefs, "1.0.0")
    down = next(iter(prefs.log())).id
    prefs.set_many("user", "alice", {"name": "Eve Lee", "size": "17", "old": "x"})
    prefs.apply(prefs.plan_undo(down))
    assert values(prefs) == {"first": "Eve", "last": "Lee", "size": 17}
    assert rows(prefs, "bob") == before


def test_an_edit_made_below_that_cannot_go_up_is_a_conflict_of_the_undo(
    store: Store, folder: Path
) -> None:
    prefs = started(store, folder, SIZES, [CAST])
    prefs.set("size", "15", user="alice")
    migrate(prefs, "2.0.0")
    migrate(prefs, "1.0.0")
    down = next(iter(prefs.log())).id
    prefs.set("size", "large", user="alice")
    (conflict,) = prefs.plan_undo(down).conflicts
    assert (conflict.key, conflict.base, conflict.ours) == ("size", 15, "large")
    assert "cannot be converted" in conflict.reason


def test_only_sets_that_hold_what_an_operation_decides_by_are_looked_at(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefs = started(store, folder, NAMES, [SPLITTING])
    prefs.set_many("user", "alice", {"name": "Ann Lee", "age": 7})
    for owner in ("adam", "bob", "zoe"):
        prefs.set("age", 8, user=owner)
    seen: list[list[str]] = []
    up = type(SPLIT).up

    def watched(self: Any, flying: Any) -> None:
        seen.append([row[0] for row in flying])
        up(self, flying)

    monkeypatch.setattr(type(SPLIT), "up", watched)
    prefs.plan_migration("2.0.0")
    assert seen == [["name"]]


def test_many_sets_are_converted_and_restored(store: Store, folder: Path) -> None:
    schemas: dict[str, dict[str, Shape | Preference]] = {
        "1.0.0": {"name": TEXT, "size": TEXT, "tool": TEXT, "ratio": NUMBER},
        "2.0.0": {"first": TEXT, "last": TEXT, "size": INTEGER, "tool": TEXT, "ratio": NUMBER},
    }
    step = Step(
        "1.0.0",
        "2.0.0",
        SPLIT,
        convert("size", to="integer"),
        map_values("tool", {"a": "b"}),
        convert("ratio", scale="1/100"),
    )
    prefs = started(store, folder, schemas, [step])
    for i in range(60):
        held = {"name": f"Ann Lee{i}", "size": str(i), "tool": "ab"[i % 2], "ratio": i}
        prefs.set_many("user", f"user{i}", dict(list(held.items())[i % 4 :]))
    before = [rows(prefs, f"user{i}") for i in range(60)]
    migrate(prefs, "2.0.0")
    assert values(prefs, "user8") == {
        "first": "Ann",
        "last": "Lee8",
        "size": 8,
        "tool": "b",
        "ratio": 0.08,
    }
    migrate(prefs, "1.0.0")
    assert [rows(prefs, f"user{i}") for i in range(60)] == before
