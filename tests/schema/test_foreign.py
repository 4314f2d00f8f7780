"""JSON Schema and VS Code's settings become preferences; what is not understood is told."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcore.errors import AppMismatch, InvalidSchema
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import Deprecation, Preference
from prefcore.schema.json_schema import from_json_schema
from prefcore.schema.shape import Shape
from prefcore.schema.vscode import from_vscode
from prefcore.values import UNSET

TEXT = Shape(kinds=("string",))


def read(properties: dict[str, object], **root: object) -> SchemaDocument:
    return from_json_schema({"properties": properties, **root}, app="acme", version="1.0.0")


def code(schema: object) -> tuple[Preference, tuple[str, ...]]:
    """Read one VS Code property ``k``."""
    made = from_vscode({"properties": {"k": schema}}, app="acme", version="1.0.0")
    return made.preferences["k"], made.notes


# -- JSON Schema: sections ---------------------------------------------------------------------

SECTION = {"properties": {"b": {"type": "string"}}}


@pytest.mark.parametrize(
    ("schema", "keys"),
    [
        pytest.param(SECTION, ["a.b"], id="object with properties"),
        pytest.param({**SECTION, "type": "object"}, ["a.b"], id="said to be an object"),
        pytest.param({**SECTION, "additionalProperties": False}, ["a.b"], id="closed"),
        pytest.param({"properties": {"b": SECTION}}, ["a.b.b"], id="section in a section"),
        pytest.param({"$ref": "#/$defs/s"}, ["a.b"], id="by reference"),
        pytest.param({"$ref": "#/$defs/r"}, ["a.b"], id="by reference to a reference"),
        pytest.param({"type": "object"}, ["a"], id="no properties"),
        pytest.param({"properties": {}}, ["a"], id="empty properties"),
        pytest.param({**SECTION, "type": ["object", "null"]}, ["a"], id="or null"),
        pytest.param(
            {**SECTION, "additionalProperties": {"type": "string"}}, ["a"], id="open by a schema"
        ),
        pytest.param({"anyOf": [SECTION]}, ["a"], id="alternatives"),
        pytest.param({**SECTION, "x-prefcore-preference": True}, ["a"], id="declared to be one"),
        pytest.param(True, ["a"], id="true"),
    ],
)
def test_objects_with_properties_are_sections(schema: object, keys: list[str]) -> None:
    made = read({"a": schema}, **{"$defs": {"s": SECTION, "r": {"$ref": "#/$defs/s"}}})
    assert list(made.preferences) == keys
    assert made.notes == ()


def test_a_section_that_contains_itself_ends_in_a_preference() -> None:
    node = {"properties": {"name": {"type": "string"}, "child": {"$ref": "#/$defs/node"}}}
    made = read({"root": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": node}})
    assert list(made.preferences) == ["root.child", "root.name"]
    assert made.check("root.child", {"child": {"child": {"name": "a"}}}) is None
    problem = made.check("root.child", {"child": {"child": {"name": 5}}})
    assert problem is not None
    assert problem.path == "child.child.name"


def test_a_root_that_contains_itself_ends_too() -> None:
    made = read({"a": {"$ref": "#"}})
    assert list(made.preferences) == ["a"]
    assert made.check("a", {"a": {"a": {}}}) is None


def test_a_sections_help_default_and_deprecation_reach_its_keys() -> None:
    section = {
        "description": "About a.",
        "deprecated": True,
        "default": {"b": "from above"},
        "properties": {"b": {"type": "string"}, "c": {"default": 1}},
    }
    made = read({"a": section})
    assert made.sections == {"a": "About a."}
    assert made.preferences["a.b"].default == "from above"
    assert made.preferences["a.c"].default == 1
    assert made.preferences["a.b"].deprecated == Deprecation()
    assert made.notes == ()


def test_required_holds_down_to_the_first_optional_section() -> None:
    inner = {"properties": {"x": {}}, "required": ["x"]}
    made = read({"a": inner, "b": inner, "c": {}}, required=["a"])
    assert [key for key, p in made.preferences.items() if p.required] == ["a.x"]
    assert made.notes == ("b.x: required inside a section that may be missing; it was left out",)


@pytest.mark.parametrize(
    ("properties", "note"),
    [
        pytest.param(
            {"a": {**SECTION, "minProperties": 1}},
            "a: the keyword 'minProperties' of a section is not understood",
            id="section's keyword",
        ),
        pytest.param({"a..b": {}}, "#: 'a..b' is no key: it has an empty segment", id="no key"),
        pytest.param(
            {"a": SECTION, "a.b": {}}, "a.b: it is declared twice, by two spellings", id="twice"
        ),
        pytest.param({"a.b": {}, "a": {}}, "a.b: a is a key too", id="key and section"),
        pytest.param(
            {"a": {"type": "string", "default": 5}},
            "a: its default does not fit its declaration: 5 is an integer",
            id="default",
        ),
        pytest.param(
            {"a": {"$ref": "https://example.org/s.json#/x"}},
            "a: $ref 'https://example.org/s.json#/x' is remote and never fetched",
            id="remote reference",
        ),
        pytest.param({"a": {"$ref": "other.json"}}, "is remote and never fetched", id="file"),
        pytest.param({"a": {"$ref": "#/$defs/no"}}, "'#/$defs/no' names nothing", id="dangling"),
        pytest.param({"a": {"$ref": "#anchor"}}, "is an anchor", id="anchor"),
        pytest.param({"a": {"$ref": "#/$defs/loop"}}, "refers to itself", id="loop"),
        pytest.param({"a": {**SECTION, "default": 5}}, "default of a section can't be", id="dflt"),
        pytest.param(
            {"a": {"x-prefcore-scopes": ["usr"]}}, "a: x-prefcore-scopes: scopes there", id="scope"
        ),
        pytest.param(
            {"a": {"x-prefcore-secret": True}}, "a preference has no field 'secret'", id="own"
        ),
    ],
)
def test_what_json_schema_says_beyond_us_is_noted(properties: dict[str, object], note: str) -> None:
    made = read(properties, **{"$defs": {"loop": {"$ref": "#/$defs/loop"}}})
    assert any(note in told for told in made.notes), made.notes
    assert SchemaDocument.from_document(made.as_document()) == made


@pytest.mark.parametrize(
    "ref",
    [
        "#/$defs/d",
        "https://example.org/root#/$defs/d",
        "#/$defs/odd~1name~0%25",
        "#/definitions/d",
        "#/properties/list/items",
        "#/$defs/several/anyOf/0",
    ],
)
def test_references_inside_the_document_are_followed(ref: str) -> None:
    made = read(
        {"k": {"$ref": ref}, "list": {"items": {"type": "string"}}},
        **{
            "$id": "https://example.org/root",
            "$defs": {
                "d": TEXT.to_json(),
                "odd/name~%": TEXT.to_json(),
                "several": {"anyOf": [TEXT.to_json()]},
            },
            "definitions": {"d": TEXT.to_json()},
        },
    )
    assert made.notes == ()
    assert made.check("k", "text") is None
    assert made.check("k", 5) is not None
    assert SchemaDocument.from_document(made.as_document()) == made


def test_definitions_of_one_name_in_two_places_stay_apart() -> None:
    made = read(
        {"a": {"$ref": "#/$defs/d"}, "b": {"$ref": "#/definitions/d"}},
        **{"$defs": {"d": {"type": "string"}}, "definitions": {"d": {"type": "integer"}}},
    )
    assert (made.check("a", "x"), made.check("b", 5)) == (None, None)
    assert made.check("a", 5) is not None


def test_annotations_come_from_where_a_reference_leads() -> None:
    made = read(
        {"a": {"$ref": "#/$defs/d", "description": "mine"}},
        **{"$defs": {"d": {"type": "integer", "default": 5, "description": "its", "title": "D"}}},
    )
    preference = made.preferences["a"]
    assert (preference.default, preference.help, preference.title) == (5, "mine", "D")


def test_our_own_keywords_are_read_back() -> None:
    made = read(
        {
            "a": {
                "x-prefcore-scopes": ["user"],
                "x-prefcore-sensitive": True,
                "x-prefcore-portable": False,
                "x-prefcore-requires-role": "admin",
                "x-prefcore-deprecated": {"use": "b"},
                "readOnly": True,
            },
        },
        **{
            "x-prefcore-baseline": "0.1.0",
            "x-prefcore-reserved": ["old"],
        },
    )
    assert made.preferences["a"] == Preference(
        "a",
        scopes=("user",),
        sensitive=True,
        portable=False,
        requires_role="admin",
        deprecated=Deprecation(use="b"),
        locked=True,
    )
    assert (made.baseline, made.reserved, made.notes) == ("0.1.0", ("old",), ())


@pytest.mark.parametrize(
    ("schema", "default"),
    [
        pytest.param({"type": "string", "default": None}, UNSET, id="null is no default"),
        pytest.param({"type": ["string", "null"], "default": None}, None, id="null is a value"),
        pytest.param({"$ref": "#/$defs/d", "default": None}, UNSET, id="by reference"),
        pytest.param({"default": None}, None, id="of anything"),
        pytest.param({"type": "boolean", "default": False}, False, id="false"),
    ],
)
def test_a_null_default_where_null_is_no_value_means_none(schema: object, default: object) -> None:
    made = read({"k": schema}, **{"$defs": {"d": {"enum": [1]}}})
    assert made.preferences["k"].default is default
    assert made.notes == ()


def test_app_and_version_may_stand_in_the_schema() -> None:
    schema = {"properties": {}, "x-prefcore-app": "acme", "x-prefcore-version": "2.0.0"}
    made = from_json_schema(schema)
    assert (made.app, made.version) == ("acme", "2.0.0")
    with pytest.raises(AppMismatch, match="the schema is of 'acme', not of 'other'"):
        from_json_schema(schema, app="other")


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        pytest.param({}, "it has no 'properties'", id="no properties"),
        pytest.param({"$ref": "#/$defs/x"}, "it has no 'properties'", id="dangling root"),
        pytest.param({"$ref": "#"}, "it has no 'properties'", id="root that refers to itself"),
        pytest.param({"properties": []}, "it has no 'properties'", id="list of properties"),
    ],
)
def test_a_schema_without_properties_is_refused(schema: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidSchema, match=message):
        from_json_schema(schema, app="a", version="1.0.0")


def test_app_and_version_must_stand_somewhere() -> None:
    with pytest.raises(InvalidSchema, match="does not say its app"):
        from_json_schema({"properties": {}}, version="1.0.0")
    with pytest.raises(InvalidSchema, match="does not say its version"):
        from_json_schema({"properties": {}}, app="a")
    with pytest.raises(InvalidSchema, match="does not say its application"):
        from_vscode({"properties": {}}, version="1.0.0")


# -- VS Code -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "scopes", "portable"),
    [
        pytest.param(None, ("user", "project"), True, id="none"),
        pytest.param("resource", ("user", "project"), True, id="resource"),
        pytest.param("window", ("user", "project"), True, id="window"),
        pytest.param("language-overridable", ("user", "project"), True, id="language"),
        pytest.param("application", ("user",), True, id="application"),
        pytest.param("machine", ("user", "project"), False, id="machine"),
        pytest.param("machine-overridable", ("user", "project"), False, id="overridable"),
    ],
)
def test_vscode_scopes_say_where_a_setting_stands_and_whether_it_travels(
    scope: str | None, scopes: tuple[str, ...], portable: bool
) -> None:
    preference, notes = code({} if scope is None else {"scope": scope})
    assert (preference.scopes, preference.portable, notes) == (scopes, portable, ())


def test_vscode_annotations_become_the_preferences() -> None:
    preference, notes = code(
        {
            "type": "string",
            "enum": ["a", "b"],
            "enumDescriptions": ["first", "second"],
            "default": "a",
            "description": "plain",
            "markdownDescription": "**rich**",
            "order": 3,
            "restricted": True,
            "ignoreSync": True,
        }
    )
    assert preference == Preference(
        "k",
        Shape(kinds=("string",), enum=("a", "b"), enum_help=("first", "second")),
        default="a",
        help="**rich**",
        order=3,
        trusted_only=True,
        portable=False,
        scopes=("user", "project"),
    )
    assert notes == ()


@pytest.mark.parametrize(
    ("message", "use"),
    [
        pytest.param("Use `go.b` instead.", "go.b", id="backticks"),
        pytest.param("Please use `#go.b#`.", "go.b", id="link"),
        pytest.param("Use `go.unknown` instead.", "", id="unknown key"),
        pytest.param("Use `go.b` or use `go.c`.", "", id="two keys"),
        pytest.param("Because of `go.b`.", "", id="no advice"),
    ],
)
def test_a_deprecation_names_the_key_to_use_where_it_names_a_known_one(
    message: str, use: str
) -> None:
    properties = {"go.a": {"deprecationMessage": message}, "go.b": {}, "go.c": {}}
    made = from_vscode({"properties": properties}, app="a", version="1.0.0")
    assert made.preferences["go.a"].deprecated == Deprecation(message, use=use)


@pytest.mark.parametrize(
    ("schema", "note"),
    [
        pytest.param({"scope": "galaxy"}, "k: there is no scope 'galaxy'", id="scope"),
        pytest.param({"scope": 5}, "k: there is no scope 5", id="scope's type"),
        pytest.param({"order": "x"}, "k: order takes an integer", id="order"),
        pytest.param({"tags": ["x"]}, "k: the keyword 'tags' is not understood", id="keyword"),
        pytest.param("text", "k: a schema belongs here, not a string", id="no schema"),
    ],
)
def test_what_vscode_says_beyond_us_is_noted(schema: object, note: str) -> None:
    _, notes = code(schema)
    assert len(notes) == 1
    assert note in notes[0]


def test_the_same_note_inside_one_key_is_told_once() -> None:
    members = {name: {"scope": "resource"} for name in "abc"}
    _, notes = code({"properties": members})
    assert notes == (
        "k.a: the keyword 'scope' is not understood; it was left out (and at 2 more places in k)",
    )


CONFIGURATION: dict[str, Any] = {"title": "Go", "properties": {"go.a": {"type": "string"}}}


@pytest.mark.parametrize(
    "mapping",
    [
        pytest.param({**CONFIGURATION, "application": "golang.go", "version": "1.0.0"}, id="bare"),
        pytest.param(
            {
                "name": "go",
                "publisher": "golang",
                "version": "1.0.0",
                "contributes": {"configuration": CONFIGURATION},
            },
            id="package.json",
        ),
        pytest.param(
            {
                "name": "go",
                "publisher": "golang",
                "version": "1.0.0",
                "contributes": {"configuration": [CONFIGURATION]},
            },
            id="package.json with a list",
        ),
    ],
)
def test_vscode_settings_are_found_in_each_form(mapping: dict[str, object]) -> None:
    made = from_vscode(mapping)
    assert (made.app, made.version) == ("golang.go", "1.0.0")
    assert made.preferences["go.a"].category == "Go"
    with pytest.raises(AppMismatch):
        from_vscode(mapping, app="other")


def test_a_setting_in_two_configurations_is_taken_once() -> None:
    made = from_vscode([CONFIGURATION, CONFIGURATION], app="a", version="1.0.0")
    assert made.notes == ("go.a: it is declared twice; the second was left out",)


@pytest.mark.parametrize("mapping", [{"contributes": {}}, {"contributes": []}, [5], {}])
def test_a_file_without_settings_is_refused(mapping: Any) -> None:
    with pytest.raises(InvalidSchema, match="takes an object with 'properties'"):
        from_vscode(mapping, app="a", version="1.0.0")


# -- anything ----------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *("type", "enum", "const", "properties", "items", "additionalProperties", "$ref", "anyOf"),
        *("required", "default", "minimum", "pattern", "description", "deprecated", "scope"),
        *("order", "$defs", "x-prefcore-scopes", "additionalItems"),
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "string", "object", "#/$defs/a", "#", "#/properties/a", "a.b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.sampled_from("ab"), inner, max_size=4)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), JSON)
def test_no_foreign_schema_is_fatal(properties: dict[str, object], definition: object) -> None:
    root = {"properties": properties, "$defs": {"a": definition}}
    for made in (
        from_json_schema(root, app="a", version="1.0.0"),
        from_vscode(root, app="a", version="1.0.0"),
    ):
        again = SchemaDocument.from_document(made.as_document())
        assert again == made
        for key in made.preferences:
            made.check(key, {"a": [None]})
            with suppress(InvalidSchema):
                made.only(key)
