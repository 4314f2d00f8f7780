"""Steps are held against the schemas of the versions they stand between."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from prefcore.migration import (
    Operation,
    Step,
    add,
    check_step,
    convert,
    map_values,
    python,
    read_steps,
    remove,
    rename,
)
from prefcore.schema import Preference, SchemaDocument, Shape, Snapshots
from prefcore.schema.witnesses import witnesses
from prefcore.values import UNSET
from tests.migration.test_python_steps import SPLIT, Values
from tests.migration.world import BOOLEAN, INTEGER, TEXT, document

EXAMPLE = Path(__file__).parents[2] / "docs/examples/first-upgrade"

OLD_TOOLS = Shape(enum=("ruff", "black", "yapf"))
NEW_TOOLS = Shape(enum=("ruff", "black"))
DIGITS = Shape(kinds=("string",), pattern="^[1-9][0-9]?$")
WAIT = Shape(kinds=("integer",), minimum=0, maximum=60)

Shapes = dict[str, Shape | Preference]
OLD: Shapes = {"tool": OLD_TOOLS, "size": DIGITS, "name": TEXT, "wait": WAIT, "old": BOOLEAN}
NEW: Shapes = {"tool": NEW_TOOLS, "size": INTEGER, "first": TEXT, "last": TEXT, "wait": WAIT,
               "fresh": BOOLEAN}  # fmt: skip
GOOD: dict[str, Operation] = {
    "tool": map_values("tool", {"yapf": "black"}),
    "size": convert("size", to="integer"),
    "name": SPLIT,
    "old": remove("old"),
    "fresh": add("fresh", True),
}


def pitfall(values: Values) -> Values:
    """Fail where not both are held."""
    return {"wait": values["wait"] + len(values["tool"])}


FAULTS: dict[str, tuple[dict[str, Operation | None], str, object]] = {
    "a key that the older schema lacks": (
        {"old": remove("odl"), "old2": remove("old")},
        r"remove odl: 1\.0\.0 declares no odl; did you mean 'old'\?",
        UNSET,
    ),
    "a key that the newer schema lacks": (
        {"fresh": add("frehs", True)},
        r"add frehs with true: 2\.0\.0 declares no frehs; did you mean 'fresh'\?",
        UNSET,
    ),
    "a new key that was there before": (
        {"fresh": add("wait", 1)},
        r"1\.0\.0 declares wait already",
        UNSET,
    ),
    "a key given up that is still there": (
        {"more": remove("wait")},
        r"remove wait: 2\.0\.0 still declares wait",
        UNSET,
    ),
    "a key that is gone untold": (
        {"old": None},
        r"old is gone in 2\.0\.0, and no operation",
        UNSET,
    ),
    "an old value that there is not": (
        {"tool": map_values("tool", {"yapf": "black", "blakc": "black"})},
        r"1\.0\.0 allows no such value of tool: \"blakc\"",
        "blakc",
    ),
    "a new value that there is not": (
        {"tool": map_values("tool", {"yapf": "dprint"})},
        r"with tool = \"yapf\", 2\.0\.0 refuses tool: \"dprint\" is not one of",
        "yapf",
    ),
    "an old value left out": (
        {"tool": map_values("tool", {"black": "ruff"})},
        r"with tool = \"yapf\", 2\.0\.0 refuses tool",
        "yapf",
    ),
    "a default of another type": (
        {"fresh": add("fresh", 1)},
        r"2\.0\.0 refuses fresh: 1 is an integer, not a boolean",
        UNSET,
    ),
    "a scale out of bounds": (
        {"wait": convert("wait", scale="1000")},
        r"with wait = 1, 2\.0\.0 refuses wait: 1000 is above the maximum 60",
        1,
    ),
    "a function that needs what may be absent": (
        {"wait": python(pitfall, reads=["tool", "wait"], writes=["wait"])},
        r"pitfall\(\) raised KeyError",
        UNSET,
    ),
    "a function that writes what no schema has": (
        {"more": python(lambda values: {}, reads=["wait"], writes=["wiat"])},
        r"2\.0\.0 declares no wiat; did you mean 'wait'\?",
        UNSET,
    ),
    "a rename to nowhere": ({"old": rename("old", "new")}, r"2\.0\.0 declares no new", UNSET),
    "a rename to another type": (
        {"old": rename("old", "last"), "name": remove("name")},
        r"2\.0\.0 refuses last: true is a boolean",
        True,
    ),
}


def step(changes: dict[str, Operation | None]) -> Step:
    operations = {**GOOD, **changes}
    return Step("1.0.0", "2.0.0", *(one for one in operations.values() if one is not None))


def schemas() -> tuple[SchemaDocument, SchemaDocument]:
    return document("1.0.0", OLD), document("2.0.0", NEW)


def test_a_step_that_fits_has_no_misfits() -> None:
    assert check_step(step({}), *schemas()) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_misfit_is_told_with_operation_key_and_witness(name: str) -> None:
    changes, said, witness = FAULTS[name]
    found = check_step(step(changes), *schemas())
    matching = [one for one in found if re.search(said, str(one))]
    assert matching, [str(one) for one in found]
    if witness is not UNSET:
        assert matching[0].witness == witness


def test_a_cast_to_a_type_that_the_newer_schema_lacks_is_told_without_a_witness() -> None:
    older = document("1.0.0", {"size": DIGITS})
    newer = document("2.0.0", {"font_size": Shape(kinds=("integer", "null"))})
    one = Step("1.0.0", "2.0.0", convert("size", to="boolean"), rename("size", "font_size"))
    assert next(str(misfit) for misfit in check_step(one, older, newer)) == (
        "convert size to boolean: 2.0.0 takes integer, null for font_size, not boolean"
    )
    good = Step("1.0.0", "2.0.0", convert("size", to="integer"), rename("size", "font_size"))
    assert check_step(good, older, newer) == []


def test_operations_build_on_one_another() -> None:
    older = document("1.0.0", {"a": TEXT, "b": TEXT})
    newer = document("2.0.0", {"a": TEXT, "c": TEXT})
    swap = Step("1.0.0", "2.0.0", rename("a", "tmp"), rename("b", "a"), rename("tmp", "c"))
    assert check_step(swap, older, newer) == []
    anew = Step("1.0.0", "2.0.0", remove("a"), rename("b", "c"), add("a", "x"))
    assert check_step(anew, older, newer) == []


@pytest.mark.parametrize("one", read_steps(EXAMPLE / "migrations"), ids=lambda one: one.id)
def test_the_steps_of_the_first_upgrade_fit(one: Step) -> None:
    schemas = Snapshots(EXAMPLE / "schemas", "golang.go")
    assert check_step(one, schemas.load(one.from_version), schemas.load(one.to_version)) == []


# --------------------------------------------------------------------------------- witnesses

SHAPES = {
    "any": Shape(),
    "enum": OLD_TOOLS,
    "bounds": Shape(kinds=("integer",), minimum=5, exclusive_maximum=7),
    "multiples": Shape(kinds=("number",), minimum=1, multiple_of=5),
    "long text": Shape(kinds=("string",), min_length=30),
    "union": Shape(any_of=(TEXT, Shape(kinds=("array",), items=WAIT, min_items=2))),
    "object": Shape(
        kinds=("object",),
        properties={"a": WAIT, "b": TEXT},
        required=("a",),
        additional=False,
    ),
    "map": Shape(kinds=("object",), additional=WAIT),
    "pair": Shape(kinds=("array",), prefix_items=(TEXT, WAIT), min_items=2),
    "moment": Shape(kinds=("datetime", "date", "time", "bytes", "null")),
}


@pytest.mark.parametrize("name", SHAPES)
def test_witnesses_are_allowed_and_differ(name: str) -> None:
    schema = document("1.0.0", {"k": SHAPES[name]})
    found = witnesses(schema, "k")
    assert len(found) >= 2
    assert all(schema.check("k", value) is None for value in found)
    assert len({repr(value) for value in found}) == len(found)


def test_every_alternative_and_bound_has_a_witness() -> None:
    schema = document("1.0.0", {"k": SHAPES["bounds"], "u": SHAPES["union"], "o": SHAPES["object"]})
    assert sorted(witnesses(schema, "k")) == [5, 6]  # type: ignore[type-var]  # integers
    assert {type(value) for value in witnesses(schema, "u")} == {str, list}
    assert {"a": 0} in witnesses(schema, "o")
    assert {"a": 0, "b": ""} in witnesses(schema, "o")


def test_definitions_that_recur_end() -> None:
    tree = Shape(kinds=("object",), properties={"in": Shape(ref="tree")}, additional=False)
    schema = SchemaDocument(
        "acme",
        "1.0.0",
        {"k": Preference("k", Shape(ref="tree"))},
        definitions={"tree": tree},
    )
    assert {} in witnesses(schema, "k")
