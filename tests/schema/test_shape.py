"""Shapes read JSON Schema, say what they left out, and come back from their own text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcore.errors import InvalidSchema
from prefcore.schema.shape import ANY, KINDS, NOTHING, Shape
from prefcore.values import canonical_text

SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=3)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2), max_leaves=3)
COUNTS = st.none() | st.integers(0, 9)
NUMBERS = st.none() | st.integers(-9, 9) | st.floats(-9, 9)
NAMES = st.text("ab.~/$%é", min_size=1, max_size=3)


def shapes_around(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    several = st.lists(inner, max_size=2).map(tuple)
    # What means "anything goes" is written as absent, so it does not come back as a shape.
    strict = inner.filter(lambda shape: shape not in (ANY, NOTHING))
    return st.builds(
        Shape,
        kinds=st.lists(st.sampled_from(KINDS), max_size=3).map(tuple),
        enum=st.none() | st.lists(VALUES, max_size=3).map(tuple),
        minimum=NUMBERS,
        exclusive_maximum=NUMBERS,
        multiple_of=st.none() | st.integers(1, 5) | st.just(0.25),
        min_length=COUNTS,
        pattern=st.sampled_from([None, "^a", "[0-9]+$"]),
        format=st.sampled_from([None, "uri"]),
        prefix_items=several,
        items=st.none() | strict | st.just(NOTHING),
        max_items=COUNTS,
        unique=st.booleans(),
        properties=st.dictionaries(NAMES, inner, max_size=2),
        required=st.lists(NAMES, max_size=2).map(tuple),
        additional=st.booleans() | strict,
        min_properties=COUNTS,
        any_of=several,
        one_of=several,
        all_of=several,
        ref=st.none() | NAMES,
        title=st.text(max_size=3),
        description=st.text(max_size=3),
        default=VALUES,
        examples=st.lists(VALUES, max_size=2).map(tuple),
        enum_help=st.lists(st.text(max_size=3), max_size=2).map(tuple),
        deprecation=st.text(max_size=3),
    )


SHAPES = st.recursive(st.just(ANY) | st.just(NOTHING), shapes_around, max_leaves=4)


def read(schema: object) -> tuple[Shape, list[str]]:
    notes: list[str] = []
    return Shape.from_json(schema, path="key", notes=notes), notes


@settings(deadline=None)
@given(SHAPES)
def test_a_shape_comes_back_from_its_own_json(shape: Shape) -> None:
    again, notes = read(shape.to_json())
    assert notes == []
    assert again == shape
    assert canonical_text(again.to_json()) == canonical_text(shape.to_json())


@settings(deadline=None)
@given(SHAPES)
def test_constraints_leave_out_annotations_and_nothing_else(shape: Shape) -> None:
    bare = shape.constraints()
    assert bare.constraints() == bare
    assert not any(s.title or s.description or s.deprecation for _, s in bare.walk())
    assert [s.kinds for _, s in bare.walk()] == [s.kinds for _, s in shape.walk()]
    assert bare.references() == shape.references()


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        pytest.param(True, ANY, id="true allows everything"),
        pytest.param(False, NOTHING, id="false allows nothing"),
        pytest.param({}, ANY, id="no keywords"),
        pytest.param(
            {"type": ["string", "null"]}, Shape(kinds=("null", "string")), id="list of types"
        ),
        pytest.param(
            {"type": ["integer", "number"]}, Shape(kinds=("number",)), id="number takes integers"
        ),
        pytest.param({"const": 5}, Shape(enum=(5,)), id="const is an enum of one"),
        pytest.param({"const": 5, "enum": [5, 6]}, Shape(enum=(5,)), id="const within enum"),
        pytest.param({"const": 1, "enum": [1.0]}, Shape(enum=()), id="const outside enum"),
        pytest.param({"items": {"type": "null"}}, Shape(items=Shape(kinds=("null",))), id="items"),
        pytest.param({"items": True}, ANY, id="items of any kind"),
        pytest.param(
            {"items": [{"type": "null"}], "additionalItems": False},
            Shape(prefix_items=(Shape(kinds=("null",)),), items=NOTHING),
            id="draft-07 tuple",
        ),
        pytest.param({"additionalProperties": {}}, ANY, id="additional of any kind"),
        pytest.param({"additionalProperties": False}, Shape(additional=False), id="closed"),
        pytest.param(
            {"minimum": 3, "exclusiveMinimum": True},
            Shape(exclusive_minimum=3),
            id="draft-04 exclusive bound",
        ),
        pytest.param({"minLength": 2.0}, Shape(min_length=2), id="whole float as a count"),
        pytest.param({"$ref": "#/$defs/a~1b"}, Shape(ref="a/b"), id="reference, escaped"),
        pytest.param(
            {"description": "d", "markdownDescription": "*d*"},
            Shape(description="*d*"),
            id="VS Code's markdown goes first",
        ),
        pytest.param({"deprecated": True}, Shape(deprecation="deprecated"), id="deprecated"),
        pytest.param({"$comment": "x", "$schema": "y"}, ANY, id="keywords about the schema"),
    ],
)
def test_json_schema_reads_into_one_normal_form(schema: object, expected: Shape) -> None:
    shape, notes = read(schema)
    assert notes == []
    assert shape == expected


@pytest.mark.parametrize(
    ("schema", "note"),
    [
        pytest.param(
            {"not": {"type": "null"}},
            "key: the keyword 'not' is not understood; it was left out",
            id="unknown keyword",
        ),
        pytest.param(
            {"properties": {"a": {"items": {"contains": 1}}}},
            "key.a[]: the keyword 'contains' is not understood; it was left out",
            id="inside a property's items",
        ),
        pytest.param(
            {"properties": {"description": "text"}},
            "key.description: a schema belongs here, not a string; it was left out",
            id="text instead of a schema",
        ),
        pytest.param({"type": "strng"}, "key: the type 'strng' is not understood", id="type"),
        pytest.param({"type": 5}, "key: type takes a name or a list of names", id="type's type"),
        pytest.param({"type": [[]]}, "key: the type [] is not understood", id="list as a type"),
        pytest.param({"enum": "a"}, "key: enum takes a list, not a string", id="enum's type"),
        pytest.param({"minimum": "1"}, "key: minimum takes a number", id="bound's type"),
        pytest.param({"minimum": True}, "key: minimum takes a number", id="boolean bound"),
        pytest.param({"multipleOf": 0}, "key: multipleOf takes a number above 0", id="multiple"),
        pytest.param({"minItems": -1}, "key: minItems takes a whole number", id="negative count"),
        pytest.param({"minItems": 1.5}, "key: minItems takes a whole number", id="half a count"),
        pytest.param({"uniqueItems": 1}, "key: uniqueItems takes true or false", id="flag"),
        pytest.param({"required": [1]}, "key: required takes text", id="required"),
        pytest.param({"properties": []}, "key: properties takes an object", id="properties"),
        pytest.param({"anyOf": {}}, "key: anyOf takes a list, not an object", id="anyOf"),
        pytest.param(
            {"additionalItems": True},
            "key: additionalItems has no meaning without a list of items",
            id="additionalItems alone",
        ),
        pytest.param(
            {"$ref": "https://example.org/x"}, "is not one of this document's", id="remote ref"
        ),
        pytest.param({"default": {1: 2}}, "key: default holds what no preference", id="default"),
    ],
)
def test_what_is_not_understood_is_noted_with_its_place(schema: object, note: str) -> None:
    _, notes = read(schema)
    assert len(notes) == 1
    assert note in notes[0]


def test_a_pattern_that_cannot_be_read_is_kept_and_noted() -> None:
    shape, notes = read({"pattern": r"^(?!a)"})
    assert shape.pattern == r"^(?!a)"
    assert "it is kept and not checked" in notes[0]


def test_schemas_nested_without_end_are_cut_and_noted() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(300):
        schema = {"items": schema}
    shape, notes = read(schema)
    assert notes == [f"key{'[]' * 25}: nested deeper than 24 schemas; it was left out"]
    canonical_text(shape.to_json())


def test_shapes_differ_where_python_would_call_their_values_equal() -> None:
    assert Shape(enum=(1,)) != Shape(enum=(True,))
    assert Shape(enum=(1,)) != Shape(enum=(1.0,))
    assert Shape(default=0) != Shape(default=False)


def test_an_unknown_type_in_python_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="'strng' is no type of value; known are null, boolean"):
        Shape(kinds=("strng",))


def test_walking_tells_where_each_shape_stands() -> None:
    shape = Shape(
        items=Shape(ref="a"),
        properties={"p": Shape(any_of=(Shape(ref="b"),))},
        additional=Shape(ref="c"),
    )
    assert [path for path, _ in shape.walk("k")] == [
        "k",
        "k.items",
        "k.properties.p",
        "k.properties.p.anyOf[0]",
        "k.additionalProperties",
    ]
    assert shape.references() == {"a", "b", "c"}
