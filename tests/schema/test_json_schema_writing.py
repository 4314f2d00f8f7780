"""Schemas written as JSON Schema: read back they are equal, and other validators agree."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from prefcore.schema import (
    Deprecation,
    Preference,
    SchemaDocument,
    Shape,
    from_json_schema,
    read_schema,
    to_json_schema,
)
from prefcore.values import from_tagged, to_tagged
from prefcore_testing.shapes import values_for
from tests.schema.test_shape import SHAPES

ROOT = Path(__file__).parents[2]
REAL = {
    "lazygit": ROOT / "tests/data/lazygit/0.64.0.schema.json",
    "vscode-go": ROOT / "docs/examples/first-upgrade/schemas/0.57.1.json",
}


def shape(**rules: object) -> Shape:
    return Shape(**rules)  # type: ignore[arg-type]  # each is of its field's type


EDITOR = SchemaDocument(
    "acme-editor",
    "2.1.0",
    [
        Preference(
            "font.size", shape(kinds=("integer",), minimum=6), default=12, required=False, help="pt"
        ),
        Preference("font.name", shape(kinds=("string",)), required=True),
        Preference("opened", shape(kinds=("datetime", "null")), default=None),
        Preference("born", shape(kinds=("date",)), default=date(2026, 1, 31)),
        Preference("days", shape(kinds=("array",), items=shape(kinds=("date",))), default=[]),
        Preference("color", shape(ref="color"), default="#000000"),
        Preference(
            "server", shape(kinds=("object",), properties={"port": shape(kinds=("integer",))})
        ),
        Preference("token", shape(kinds=("string",)), sensitive=True, trusted_only=True),
        Preference("proxy", locked=True, scopes=("system",), env="HTTP_PROXY", order=3),
        Preference(
            "tabs",
            shape(kinds=("boolean",)),
            default=False,
            deprecated=Deprecation(since="2.0.0", use="font.size", remove_in="3.0.0"),
        ),
    ],
    definitions={
        "color": shape(kinds=("string",), pattern="^#[0-9a-f]{6}$", description="As in CSS"),
        "unused": shape(kinds=("bytes",)),
    },
    baseline="1.0.0",
    reserved=("font",),
    description="Settings of the editor",
    sections={"font": "Letters"},
)


def again(document: SchemaDocument) -> SchemaDocument:
    return from_json_schema(json.loads(json.dumps(to_json_schema(document).content)))


def test_a_written_document_is_read_back_equal() -> None:
    back = again(EDITOR)
    assert back.as_document() == EDITOR.as_document()
    assert back.digest == EDITOR.digest


@pytest.mark.parametrize("name", REAL)
def test_real_schemas_are_read_back_equal(name: str) -> None:
    document = read_schema(REAL[name], app=name if name == "lazygit" else "golang.go")
    assert again(document).as_document() == document.as_document()


@settings(deadline=None, max_examples=150)
@given(st.lists(SHAPES, min_size=1, max_size=2))
def test_any_shape_is_read_back_equal(shapes: list[Shape]) -> None:
    # Foreign documents may contradict themselves, so that every shape can stand in one.
    names = set().union(*(one.references() for one in shapes))
    document = SchemaDocument(
        "app",
        "1.0.0",
        [Preference(f"key{i}.x", one) for i, one in enumerate(shapes)],
        definitions=dict.fromkeys(names, shapes[0]),
        dialect="json-schema",
    )
    back = again(document)
    assert back.preferences == document.preferences
    assert back.definitions == document.definitions


def test_sections_nest_and_ask_for_their_required_members() -> None:
    content = to_json_schema(EDITOR).content
    font = content["properties"]["font"]  # type: ignore[index]  # as written below
    assert content["required"] == ["font"]
    assert font["description"] == "Letters"
    assert font["required"] == ["name"]
    assert font["properties"]["size"]["minimum"] == 6
    assert font["properties"]["size"]["description"] == "pt"


def test_what_json_lacks_is_told_by_its_key() -> None:
    assert to_json_schema(EDITOR).notes == (
        'born: JSON has no type date: such values stand as {"$date": "…"}',
        'days: JSON has no type date: such values stand as {"$date": "…"}',
        'opened: JSON has no type datetime: such values stand as {"$datetime": "…"}',
        'definition unused: JSON has no type bytes: such values stand as {"$bytes": "…"}',
    )


def test_the_schema_itself_is_valid_json_schema() -> None:
    Draft202012Validator.check_schema(to_json_schema(EDITOR).content)


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(["born", "opened", "days", "color", "server", "token", "tabs"]))
def test_another_validator_takes_what_the_declaration_allows(data: st.DataObject, key: str) -> None:
    value = data.draw(values_for(EDITOR, key))
    file = {"font": {"name": "Mono"}, key: to_tagged(value)}
    Draft202012Validator(to_json_schema(EDITOR).content).validate(file)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("born", "2026-01-31"),
        ("born", {"$date": "2026-01-31", "more": 1}),
        ("opened", {"$date": "2026-01-31"}),
        ("days", [{"$time": "10:00:00"}]),
        ("color", "red"),
        ("server", {"port": "80"}),
        ("font", {"name": "Mono", "size": 5}),
        ("font", {"size": 12}),
        ("tabs", 0),
    ],
)
def test_another_validator_refuses_what_the_declaration_refuses(key: str, value: object) -> None:
    file = {"font": {"name": "Mono"}, key: value}
    assert not Draft202012Validator(to_json_schema(EDITOR).content).is_valid(file)


def test_our_own_keywords_hold_tagged_values() -> None:
    property = to_json_schema(EDITOR).content["properties"]["born"]  # type: ignore[index]  # an object
    assert property["default"] == {"$date": "2026-01-31"}
    assert from_tagged(property["x-prefcore-default"]) == date(2026, 1, 31)
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    opened = Preference("opened", shape(kinds=("datetime",)), default=moment, examples=[moment])
    document = attrs.evolve(EDITOR, preferences=[opened])
    assert again(document).preferences["opened"] == opened


def test_a_damaged_keyword_of_ours_is_noted_and_left_out() -> None:
    schema = {
        "properties": {
            "born": {
                "type": "string",
                "x-prefcore-default": {"$date": "someday"},
                "x-prefcore-shape": {"enum": [{"$date": "never"}]},
            }
        }
    }
    document = from_json_schema(schema, app="app", version="1.0.0")
    assert [note.split(":")[0:2] for note in document.notes] == [
        ["born", " x-prefcore-shape"],
        ["born", " x-prefcore-default"],
    ]
