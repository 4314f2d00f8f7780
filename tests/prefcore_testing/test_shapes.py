"""Values are drawn for every rule of a shape, allowed by it, and reach its corners."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from prefcore.schema import SchemaDocument, Shape, Snapshots, compile_check
from prefcore_testing.shapes import values_for, values_of

EXAMPLE = Path(__file__).parents[2] / "docs/examples/first-upgrade/schemas"
FAST = settings(
    max_examples=40,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

NUMBER = Shape(kinds=("number",), minimum=0.5, exclusive_maximum=2)
TEXT = Shape(kinds=("string",))
DEFINITIONS = {
    "tree": Shape(
        kinds=("object",), properties={"in": Shape(ref="tree")}, additional=False, max_properties=1
    ),
    "small": Shape(kinds=("integer",), minimum=1, maximum=3),
}

SHAPES = {
    "any": Shape(),
    "enum": Shape(enum=(1, "a", None)),
    "enum beside a type": Shape(kinds=("string",), enum=(1, "a")),
    "bounds": Shape(kinds=("integer",), minimum=3, maximum=4),
    "beyond ordinary bounds": Shape(kinds=("integer",), minimum=10**12),
    "multiples": Shape(kinds=("integer",), minimum=1, multiple_of=7),
    "multiples of a fraction": Shape(kinds=("number",), multiple_of=0.1, minimum=0, maximum=1),
    "floats": NUMBER,
    "pattern": Shape(kinds=("string",), pattern="^[a-f]{2,3}$", max_length=2),
    "pattern anywhere": Shape(kinds=("string",), pattern="x"),
    "lengths": Shape(kinds=("string",), min_length=30, max_length=31),
    "bytes": Shape(kinds=("bytes",), min_length=1),
    "moments": Shape(kinds=("datetime", "date", "time")),
    "array": Shape(kinds=("array",), items=NUMBER, min_items=2, max_items=3, unique=True),
    "pair": Shape(kinds=("array",), prefix_items=(TEXT, NUMBER), min_items=2, max_items=2),
    "object": Shape(
        kinds=("object",),
        properties={"a": NUMBER, "b": TEXT},
        required=("a", "c"),
        additional=Shape(kinds=("boolean",)),
    ),
    "closed object": Shape(kinds=("object",), properties={"a": NUMBER}, additional=False),
    "many members": Shape(kinds=("object",), additional=NUMBER, min_properties=3),
    "union": Shape(any_of=(TEXT, Shape(kinds=("array",), items=TEXT))),
    "one of": Shape(one_of=(Shape(kinds=("integer",)), NUMBER)),
    "rules beside alternatives": Shape(
        kinds=("object",),
        properties={"a": NUMBER, "b": TEXT},
        any_of=(Shape(required=("a",)), Shape(required=("b",))),
    ),
    "all of": Shape(kinds=("number",), all_of=(Shape(minimum=1), Shape(maximum=2))),
    "reference": Shape(ref="small"),
    "reference with more": Shape(ref="small", maximum=2),
    "recursion": Shape(ref="tree"),
    "integer or number": Shape(all_of=(Shape(kinds=("number",)), Shape(kinds=("integer",)))),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_value_drawn_is_allowed_and_they_differ(name: str) -> None:
    check = compile_check(SHAPES[name], DEFINITIONS)
    seen = set()

    @FAST
    @given(values_of(SHAPES[name], DEFINITIONS))
    def draw(value: object) -> None:
        assert check(value) is None
        seen.add(repr(value))

    draw()
    assert len(seen) >= (1 if name == "enum beside a type" else 2)


@pytest.mark.parametrize("shape", [Shape(enum=()), Shape(kinds=("integer",), minimum=2, maximum=1)])
def test_a_shape_that_allows_nothing_draws_nothing(shape: Shape) -> None:
    assert values_of(shape).is_empty


CORNERS: list[tuple[str, object]] = [
    ("bounds", 3),
    ("bounds", 4),
    ("multiples", 7),
    ("multiples of a fraction", 0.3),
    ("closed object", {}),
    ("recursion", {"in": {"in": {}}}),
    ("reference with more", 2),
]


@pytest.mark.parametrize(("name", "corner"), CORNERS, ids=str)
def test_corners_are_reached(name: str, corner: object) -> None:
    drawn = values_of(SHAPES[name], DEFINITIONS)
    quiet = settings(FAST, max_examples=500, derandomize=True)
    assert find(drawn, lambda value: value == corner, settings=quiet) == corner


@pytest.fixture(scope="module")
def newest() -> SchemaDocument:
    return Snapshots(EXAMPLE, "golang.go").load("0.40.0")


def test_every_key_of_a_real_schema_has_values(newest: SchemaDocument) -> None:
    drawn = st.fixed_dictionaries({key: values_for(newest, key) for key in newest.preferences})

    @settings(FAST, max_examples=5)
    @given(drawn)
    def draw(values: dict[str, object]) -> None:
        assert [key for key, value in values.items() if newest.check(key, value)] == []

    draw()
