"""Schema documents hold declarations, refuse contradictions, and answer what the core asks."""

from __future__ import annotations

import string
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcore.errors import (
    InvalidSchema,
    InvalidValue,
    NewerFormat,
    PolicyRefused,
    UnknownKey,
)
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import SCOPES, Deprecation, Preference, check_key
from prefcore.schema.shape import KINDS, Shape
from prefcore.values import UNSET, from_text

TEXT = Shape(kinds=("string",))
FLAG = Shape(kinds=("boolean",))


def document(*preferences: Preference, **more: Any) -> SchemaDocument:
    return SchemaDocument("acme", "1.0.0", preferences, **more)


def holding(schema: object, **definitions: object) -> SchemaDocument:
    """Give a document whose only key ``k`` has this shape."""
    shapes = {n: Shape.from_json(s, path=n, notes=[]) for n, s in definitions.items()}
    return document(
        Preference("k", Shape.from_json(schema, path="k", notes=[])), definitions=shapes
    )


# -- keys --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key", ["a", "editor.font_size", "[go].x", "@scope/name.Ünï", "a-b.c d", "x" * 500]
)
def test_a_key_is_dotted_segments_of_printable_characters(key: str) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        pytest.param("", "it is empty", id="empty"),
        pytest.param(".a", "an empty segment", id="leading dot"),
        pytest.param("a.", "an empty segment", id="trailing dot"),
        pytest.param("a..b", "an empty segment", id="two dots"),
        pytest.param("a\nb", "unprintable character U+000A", id="line end"),
        pytest.param("a\u202eb", "unprintable character U+202E", id="direction override"),
        pytest.param("a\udc80", "unprintable character U+DC80", id="lone surrogate"),
        pytest.param("x" * 501, "longer than 500", id="long"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(key: str, fault: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        Preference(key)
    assert fault in caught.value.message


# -- as data -----------------------------------------------------------------------------------

NAMES = st.text(string.ascii_letters + "-_@/é", min_size=1, max_size=4)
VALUES: st.SearchStrategy[object] = st.sampled_from(
    [None, True, 0, 1.5, "a", b"\x00", date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), [], {}]
)
PREFERENCES = st.builds(
    Preference,
    st.lists(NAMES, min_size=2, max_size=2).map(".".join),
    st.just(Shape()),
    default=st.just(UNSET) | VALUES,
    required=st.booleans(),
    scopes=st.lists(st.sampled_from(SCOPES), min_size=1).map(tuple),
    sensitive=st.booleans(),
    locked=st.booleans(),
    portable=st.booleans(),
    trusted_only=st.booleans(),
    deprecated=st.none()
    | st.builds(Deprecation, st.text(max_size=3), since=st.sampled_from(["", "1.0.0"])),
    merge=st.none() | st.just("newest"),
    requires_role=st.none() | st.just("admin"),
    env=st.none() | st.just("ACME_X"),
    unit=st.sampled_from(["", "pt"]),
    category=st.text(max_size=3),
    help=st.text(max_size=3),
    order=st.none() | st.integers(0, 3),
    examples=st.lists(VALUES, max_size=2).map(tuple),
)


@settings(deadline=None)
@given(st.lists(PREFERENCES, max_size=4, unique_by=lambda p: p.key))
def test_a_document_comes_back_from_its_own_text(preferences: list[Preference]) -> None:
    made = document(*preferences, description="d", sections={"a": "help"}, baseline="0.9.0")
    data = from_text(made.text)
    assert isinstance(data, dict)
    again = SchemaDocument.from_document(data)
    assert again == made
    assert again.digest == made.digest
    assert again.preferences == made.preferences


@settings(deadline=None)
@given(st.lists(PREFERENCES, max_size=4, unique_by=lambda p: p.key))
def test_each_declaration_stands_alone(preferences: list[Preference]) -> None:
    made = document(*preferences)
    for key, text in made.declarations().items():
        alone = SchemaDocument.from_declaration("acme", "1.0.0", key, text)
        assert alone.preferences == {key: made.preferences[key]}
        assert alone == made.only(key)


def test_a_declaration_brings_the_definitions_it_needs() -> None:
    made = holding({"items": {"$ref": "#/$defs/a"}}, a={"anyOf": [{"$ref": "#/$defs/b"}]}, b={})
    alone = SchemaDocument.from_declaration("acme", "1.0.0", "k", made.declarations()["k"])
    assert set(alone.definitions) == {"a", "b"}
    assert (
        made.declarations()
        == document(
            *made.preferences.values(), definitions=made.definitions, description="x"
        ).declarations()
    )


def test_a_document_shows_only_what_differs_from_the_default() -> None:
    made = document(Preference("a.b", TEXT, default="x", scopes=("user",)))
    assert made.as_document() == {
        "prefcore_schema": 1,
        "app": "acme",
        "version": "1.0.0",
        "preferences": {"a.b": {"shape": {"type": "string"}, "default": "x", "scopes": ["user"]}},
    }
    assert made.digest == SchemaDocument.from_document(made.as_document()).digest


def test_notes_are_no_part_of_a_document() -> None:
    noted = SchemaDocument("acme", "1.0.0", dialect="vscode", notes=["x"])
    assert noted == SchemaDocument("acme", "1.0.0", dialect="vscode")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"prefcore_schema": None}, "'prefcore_schema' is missing", id="no mark"),
        pytest.param({"prefcore_schema": True}, "'prefcore_schema' is missing", id="mark is true"),
        pytest.param({"versoin": "1"}, "no field 'versoin'; did you mean 'version'?", id="field"),
        pytest.param({"app": 5}, "app can't be integer", id="app"),
        pytest.param({"app": ""}, "an application needs a printable name", id="empty app"),
        pytest.param({"version": "1"}, "is not SemVer", id="version"),
        pytest.param({"baseline": "x"}, "is not SemVer", id="baseline"),
        pytest.param({"preferences": []}, "preferences can't be array", id="preferences"),
        pytest.param({"preferences": {"a": 5}}, "a takes an object, not integer", id="preference"),
        pytest.param(
            {"preferences": {"a": {"defalt": 1}}},
            "file.json: a: a preference has no field 'defalt'; did you mean 'default'?",
            id="preference's field",
        ),
        pytest.param({"preferences": {"a": {"scopes": "user"}}}, "a: scopes takes a list", id="sc"),
        pytest.param({"preferences": {"a": {"scopes": ["usr"]}}}, "no scope 'usr'", id="scope"),
        pytest.param({"preferences": {"a": {"scopes": []}}}, "needs a scope", id="no scope"),
        pytest.param({"preferences": {"a": {"order": True}}}, "order takes an integer", id="order"),
        pytest.param(
            {"preferences": {"a": {"help": 1}}}, "help takes text, not integer", id="help"
        ),
        pytest.param(
            {"preferences": {"a": {"deprecated": {"sinse": ""}}}},
            "deprecated has no field 'sinse'; did you mean 'since'?",
            id="deprecation's field",
        ),
        pytest.param(
            {"preferences": {"a": {"deprecated": {"since": "1"}}}}, "not SemVer", id="since"
        ),
        pytest.param({"preferences": {"a": {"shape": []}}}, "shape takes an object", id="shape"),
        pytest.param(
            {"preferences": {"a": {"shape": {"not": {}}}}}, "a: the keyword 'not'", id="keyword"
        ),
        pytest.param({"definitions": {"d": {"if": {}}}}, "definition d: the keyword 'if'", id="d"),
        pytest.param({"reserved": [1]}, "reserved may hold only text", id="reserved"),
        pytest.param({"reserved": ["a..b"]}, "is no key", id="reserved key"),
        pytest.param({"sections": {"a": 1}}, "sections may hold only text", id="sections"),
    ],
)
def test_a_malformed_document_is_refused_naming_the_field(
    change: dict[str, object], message: str
) -> None:
    data = document().as_document() | change
    with pytest.raises(InvalidSchema) as caught:
        SchemaDocument.from_document(
            {name: value for name, value in data.items() if value is not None}, path="file.json"
        )
    assert message in caught.value.message


def test_a_document_of_a_newer_layout_asks_for_a_newer_prefcore() -> None:
    with pytest.raises(NewerFormat, match="layout 2 and this prefcore reads up to 1"):
        SchemaDocument.from_document(document().as_document() | {"prefcore_schema": 2})


# -- contradictions ----------------------------------------------------------------------------

CONTRADICTORY = [
    pytest.param(
        [Preference("a", Shape(maximum=5), default=9)],
        {},
        "a: its default does not fit its declaration: 9 is above the maximum 5",
        id="default",
    ),
    pytest.param(
        [Preference("a", Shape(items=FLAG), default=[1])],
        {},
        "a: its default (at [0]) does not fit its declaration: 1 is an integer, not a boolean",
        id="inside a default",
    ),
    pytest.param(
        [Preference("a.b"), Preference("a")], {}, "a.b: a is a key too", id="key is a section"
    ),
    pytest.param(
        [Preference("a"), Preference("a.b.c")], {}, "a.b.c: a is a key too", id="two levels up"
    ),
    pytest.param(
        [Preference("a")], {"reserved": ["a"]}, "a: this name is reserved", id="reserved name"
    ),
    pytest.param(
        [Preference("a", Shape(ref="x"))], {}, "a: there is no definition 'x'", id="no definition"
    ),
    pytest.param(
        [Preference("a", Shape(items=Shape(min_length=3, max_length=2)))],
        {},
        "a (items): no value fits, as min_length 3 is above max_length 2",
        id="crossed bounds",
    ),
    pytest.param(
        [],
        {"definitions": {"x": Shape(any_of=(Shape(ref="y"),)), "y": Shape(ref="x")}},
        "definition x: it refers to itself for the same value",
        id="definitions in a circle",
    ),
]


@pytest.mark.parametrize(("preferences", "more", "message"), CONTRADICTORY)
def test_our_own_schema_may_not_contradict_itself(
    preferences: list[Preference], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidSchema) as caught:
        document(*preferences, **more)
    assert f"acme 1.0.0: {message}" in caught.value.message


@pytest.mark.parametrize(("preferences", "more", "message"), CONTRADICTORY)
def test_a_foreign_schema_that_contradicts_itself_is_taken_with_a_note(
    preferences: list[Preference], more: dict[str, Any], message: str
) -> None:
    made = document(*preferences, **more, dialect="vscode")
    assert any(note.startswith(message) for note in made.notes)
    assert SchemaDocument.from_document(made.as_document()) == made


def test_a_pattern_that_cannot_be_read_is_refused_in_our_own_schema_alone() -> None:
    bad = Preference("a", Shape(items=Shape(pattern="(")))
    with pytest.raises(InvalidSchema, match=r"a \(items\): pattern can't be read by RE2"):
        document(bad)
    assert document(bad, dialect="vscode").check("a", ["x"]) is None


@pytest.mark.parametrize(
    ("preferences", "said"),
    [
        pytest.param(
            (Preference("a", aliases=["b"]), Preference("b", aliases=["a"])),
            "a: its alias b is a key of its own",
            id="aliases in a ring",
        ),
        pytest.param((Preference("a", aliases=["a"]),), "its alias a is a key", id="its own name"),
        pytest.param(
            (Preference("a", aliases=["x"]), Preference("b", aliases=["x"])),
            "b: its alias x is one of a already",
            id="one alias twice",
        ),
        pytest.param(
            (
                Preference("a", deprecated=Deprecation(use="b")),
                Preference("b", deprecated=Deprecation(use="c")),
                Preference("c", deprecated=Deprecation(use="a")),
            ),
            "a: deprecations lead in a ring: a → b → c → a",
            id="deprecations in a ring",
        ),
    ],
)
def test_names_that_lead_to_each_other_are_refused(
    preferences: tuple[Preference, ...], said: str
) -> None:
    with pytest.raises(InvalidSchema) as caught:
        document(*preferences)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        pytest.param(
            {"type": "integer", "minimum": 3, "exclusiveMaximum": 3},
            "there is no integer between its bounds",
            id="a bound that is left out",
        ),
        pytest.param(
            {"type": "integer", "minimum": 1.2, "maximum": 1.8},
            "there is no integer between its bounds",
            id="no integer between",
        ),
        pytest.param(
            {"type": "number", "exclusiveMinimum": 2, "maximum": 2},
            "there is no number between its bounds",
            id="no number between",
        ),
        pytest.param(
            {"type": "string", "enum": [1, None]},
            "none of the allowed values is of the type string",
            id="allowed values of another type",
        ),
        pytest.param(
            {"type": "object", "required": ["x"], "additionalProperties": False},
            "the member 'x' is required and not allowed",
            id="a member that may not stand there",
        ),
        pytest.param({"minLength": 3, "maxLength": 2}, "min_length 3 is above", id="lengths"),
        pytest.param({"items": {"minItems": 3, "maxItems": 2}}, "(items)", id="inside"),
    ],
)
def test_constraints_that_contradict_each_other_are_told_where(schema: object, said: str) -> None:
    preference = Preference("a", Shape.from_json(schema, path="a", notes=[]))
    with pytest.raises(InvalidSchema) as caught:
        document(preference)
    assert said in caught.value.message
    assert "acme 1.0.0: a" in caught.value.message
    (note,) = document(preference, dialect="json-schema").notes
    assert said in note


def test_an_alias_is_a_key_and_comes_back_from_the_document() -> None:
    with pytest.raises(InvalidSchema, match=r"a: its alias: '\.x' is no key"):
        Preference("a", aliases=[".x"])
    made = document(Preference("a", aliases=["old.a"]))
    assert SchemaDocument.from_document(made.as_document()) == made


def test_a_default_that_is_not_portable_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="a: its default: a set is not a portable value"):
        Preference("a", default={1})


def test_a_key_declared_twice_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="a: it is declared twice"):
        document(Preference("a"), Preference("a"))


def test_a_sensitive_default_is_not_shown() -> None:
    with pytest.raises(InvalidSchema) as caught:
        document(Preference("a", Shape(max_length=2), default="hunter2", sensitive=True))
    assert "hunter2" not in caught.value.message


# -- validating --------------------------------------------------------------------------------


def test_a_value_out_of_bounds_is_refused_with_place_key_and_bound() -> None:
    made = document(Preference("editor.font_size", Shape(kinds=("integer",), maximum=72)))
    made.validate("editor.font_size", 72, scope="user", place="user/alice")
    with pytest.raises(InvalidValue) as caught:
        made.validate("editor.font_size", 200, scope="user", place="user/alice")
    assert caught.value.message == "user/alice editor.font_size: 200 is above the maximum 72"
    assert caught.value.facts == {
        "key": "editor.font_size",
        "place": "user/alice",
        "rule": "maximum",
        "path": "",
        "value": 200,
    }


def test_the_place_inside_a_value_follows_its_key() -> None:
    made = holding({"items": {"properties": {"n": {"type": "null"}}}})
    with pytest.raises(InvalidValue, match=r"^system k\[1\]\.n: 5 is an integer, not null$"):
        made.validate("k", [{}, {"n": 5}], scope="system", place="system")


@pytest.mark.parametrize("value", ["hunter2 is too long", 12345678, ["hunter2"]])
def test_a_sensitive_value_is_in_no_message_and_no_fact(value: object) -> None:
    made = document(Preference("token", Shape(kinds=("string",), max_length=9), sensitive=True))
    with pytest.raises(InvalidValue) as caught:
        made.validate("token", value, scope="user", place="user/alice")
    shown = f"{caught.value.message} {caught.value.facts}"
    assert "hunter2" not in shown
    assert "12345678" not in shown
    assert caught.value.message.startswith("user/alice token: the value must ")


def test_a_scope_that_is_not_declared_is_refused() -> None:
    made = document(Preference("a", scopes=("user",)))
    with pytest.raises(PolicyRefused, match="project/p1 a: this preference may stand only in user"):
        made.validate("a", 1, scope="project", place="project/p1")
    made.validate("a", 1, scope="template", place="template/t")


def test_an_unknown_key_is_refused_with_the_closest_known_one() -> None:
    made = document(Preference("editor.font_size"), Preference("editor.theme"))
    asks: list[Callable[[str], object]] = [
        made.preference,
        made.only,
        made.check_of,
        lambda key: made.check(key, 1),
        lambda key: made.validate(key, 1, scope="user", place="user/a"),
        lambda key: made.parse(key, "1"),
    ]
    for ask in asks:
        with pytest.raises(UnknownKey, match=r"did you mean 'editor\.font_size'") as caught:
            ask("editor.fontsize")
        assert caught.value.facts["key"] == "editor.fontsize"


# -- text of a command line --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        pytest.param({"type": "string"}, "null", "null", id="text verbatim"),
        pytest.param({"type": "string"}, '"a"', '"a"', id="quotes verbatim"),
        pytest.param({"enum": ["5", "6"]}, "5", "5", id="text by its enum"),
        pytest.param({"type": "boolean"}, "true", True, id="true"),
        pytest.param({"type": "integer"}, "12", 12, id="integer"),
        pytest.param({"type": "number"}, "12", 12, id="integer for a number"),
        pytest.param({"type": "number"}, "1e3", 1000.0, id="float"),
        pytest.param({"type": ["string", "null"]}, "null", None, id="null"),
        pytest.param({"type": ["string", "null"]}, '"null"', "null", id="the text null"),
        pytest.param({"type": ["string", "null"]}, "off", "off", id="text beside null"),
        pytest.param({"type": ["string", "integer"]}, "5", 5, id="integer before text"),
        pytest.param({"enum": [True, False, "auto"]}, "auto", "auto", id="mixed enum, text"),
        pytest.param({"enum": [True, False, "auto"]}, "true", True, id="mixed enum, flag"),
        pytest.param(
            {"anyOf": [{"type": "integer", "maximum": 3}, {"type": "string"}]},
            "5",
            "5",
            id="what fits goes first",
        ),
        pytest.param({"type": "array"}, '["a", 1]', ["a", 1], id="list"),
        pytest.param({"type": "object"}, '{"a": null}', {"a": None}, id="object"),
        pytest.param({}, "5", 5, id="anything, JSON"),
        pytest.param({}, "five", "five", id="anything, text"),
        pytest.param({}, "NaN", "NaN", id="anything, no number"),
        pytest.param({"type": "date"}, "2026-01-31", date(2026, 1, 31), id="date"),
        pytest.param({"type": "date"}, '{"$date": "2026-01-31"}', date(2026, 1, 31), id="tagged"),
        pytest.param(
            {"type": "datetime"},
            "2026-01-31T12:00:00Z",
            datetime(2026, 1, 31, 12, tzinfo=UTC),
            id="datetime",
        ),
        pytest.param({"type": "bytes"}, "AA==", b"\x00", id="bytes in base64"),
        pytest.param({"type": ["string", "null"]}, "1e400", "1e400", id="no number is allowed"),
        pytest.param({}, '"1e400"', "1e400", id="too large, as text"),
        pytest.param({}, "NaN", "NaN", id="a word that is not JSON"),
        pytest.param({"type": "integer", "maximum": 3}, "5", 5, id="bounds are for validate"),
    ],
)
def test_text_is_read_by_the_declared_type(schema: object, text: str, value: object) -> None:
    found = holding(schema).parse("k", text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kinds", "text", "value"),
    [
        (["date"], "2026-01-31", date(2026, 1, 31)),
        (["datetime", "null"], "2026-01-31T12:00Z", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        (["time"], "12:00", time(12)),
        (["bytes"], "aGk=", b"hi"),
        (["date", "string"], "2026-01-31", "2026-01-31"),
        (["date"], "2026-02-31", "2026-02-31"),
        (["integer"], "5", "5"),
        (["bytes"], 5, 5),
    ],
)
def test_a_plain_files_text_is_read_where_a_key_takes_none(
    kinds: list[str], text: object, value: object
) -> None:
    found = holding({"type": kinds}).spelled("k", text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("schema", "text", "message"),
    [
        pytest.param(
            {"type": "boolean"}, "yes", '"yes" is a string, not a boolean; write true', id="flag"
        ),
        pytest.param({"type": "integer"}, "1.5", "1.5 is a number, not an integer", id="float"),
        pytest.param({"type": "integer"}, "1.0", "1.0 is a number, not an integer", id="1.0"),
        pytest.param({"type": "integer"}, "9" * 30, "does not fit in 64 bits", id="30 digits"),
        pytest.param({"type": "number"}, "1e400", "beyond what a float can hold", id="1e400"),
        pytest.param({}, "1e400", "beyond what a float can hold", id="1e400 of any type"),
        pytest.param({}, "-" + "9" * 30, "does not fit in 64 bits", id="30 digits of any type"),
        pytest.param(
            {"type": ["string", "number"]}, "-1e999", "beyond", id="too large, though text may be"
        ),
        pytest.param({"type": "number"}, "NaN", "NaN is not a number of JSON", id="NaN"),
        pytest.param({"type": "array"}, "a,b", "not an array (it is not JSON at line 1", id="list"),
        pytest.param({"type": "array"}, "[1, NaN]", "NaN is not a number of JSON", id="NaN in it"),
        pytest.param({}, '{"a": 1, "a": 2}', "the key 'a' stands twice", id="duplicate key"),
        pytest.param({}, '{"a": "\\ud800"}', "lone surrogate", id="lone surrogate"),
        pytest.param({"type": "datetime"}, "2026-01-31T12:00", "with its zone", id="no zone"),
        pytest.param({"type": "datetime"}, "2026-01-31", "a day and a time", id="only a day"),
        pytest.param({"type": "date"}, "2020-13-01", "a day that there is", id="no such day"),
        pytest.param({"type": "date"}, "2026-01-31T12:00Z", "such as 2026-01-31", id="a time too"),
        pytest.param({"type": "time"}, "12:00+01:00", "without a zone", id="time with a zone"),
        pytest.param({"type": "bytes"}, "aGk", "in base64, such as aGk=", id="no base64"),
        pytest.param({"type": ["date", "null"]}, "no", "such as 2026-01-31", id="or null"),
        pytest.param({"type": "object"}, "[" * 200_000, "nested too deeply", id="deep"),
    ],
)
def test_text_that_can_mean_no_allowed_type_is_refused(
    schema: object, text: str, message: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        holding(schema).parse("k", text)
    assert caught.value.message.startswith("k: ")
    assert message in caught.value.message


def test_sensitive_text_is_not_in_the_refusal() -> None:
    made = document(Preference("k", Shape(kinds=("integer",)), sensitive=True))
    with pytest.raises(InvalidValue) as caught:
        made.parse("k", "hunter2")
    assert "hunter2" not in caught.value.message
    assert caught.value.__cause__ is None


# -- plain objects -----------------------------------------------------------------------------

GO = document(
    Preference("go.lintTool"),
    Preference("go.coverage"),
    Preference("go.test.flags"),
    Preference("top"),
)


@pytest.mark.parametrize(
    ("values", "found", "unknown"),
    [
        pytest.param({"go.lintTool": 1}, {"go.lintTool": 1}, [], id="dotted"),
        pytest.param({"go": {"lintTool": 1}}, {"go.lintTool": 1}, [], id="nested"),
        pytest.param({"go": {"test.flags": 1}}, {"go.test.flags": 1}, [], id="mixed"),
        pytest.param({"go.test": {"flags": 1}}, {"go.test.flags": 1}, [], id="mixed otherwise"),
        pytest.param(
            {"go": {"coverage": {"a": {"b": 1}}}},
            {"go.coverage": {"a": {"b": 1}}},
            [],
            id="an object whole",
        ),
        pytest.param({"go": {"x": 1, "test": 5}}, {}, ["go.test", "go.x"], id="unknown"),
        pytest.param({"xx": {"a": {"b": 1}}}, {}, ["xx"], id="unknown object, told once"),
        pytest.param({"top": None}, {"top": None}, [], id="null is a value"),
        pytest.param({"go": {}}, {}, [], id="empty section"),
        pytest.param({"": {"": 1}, "go": {"": 1}}, {}, ["", "go."], id="empty names"),
    ],
)
def test_plain_objects_flatten_to_declared_keys(
    values: dict[str, object], found: dict[str, object], unknown: list[str]
) -> None:
    assert GO.flatten(values) == (found, unknown)


def test_one_key_by_two_spellings_is_refused() -> None:
    with pytest.raises(InvalidValue, match=r"go\.lintTool stands twice, by two spellings"):
        GO.flatten({"go": {"lintTool": 1}, "go.lintTool": 1})


# -- changes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param({"maximum": 5}, {"maximum": 6}, True, id="bound"),
        pytest.param({"enum": [1]}, {"enum": [True]}, True, id="1 and true"),
        pytest.param({"title": "a"}, {"title": "b"}, False, id="title"),
        pytest.param(
            {"items": {"description": "a"}}, {"items": {"default": 1}}, False, id="inner annotation"
        ),
        pytest.param({"$ref": "#/$defs/d"}, {"$ref": "#/$defs/d"}, True, id="what it refers to"),
        pytest.param(
            {"items": {"$ref": "#/$defs/e"}},
            {"items": {"$ref": "#/$defs/e"}},
            True,
            id="indirectly",
        ),
    ],
)
def test_a_key_has_changed_when_its_rules_have(
    before: object, after: object, changed: bool
) -> None:
    around = {"e": {"items": {"$ref": "#/$defs/d"}}}
    old = holding(before, **around, d={"type": "null"})
    new = holding(after, **around, d={"type": "string"})
    assert old.changed_keys(new) == ((), (), ("k",) if changed else ())
    assert old.changed_keys(old) == ((), (), ())


def test_added_removed_and_moved_keys_are_told_apart() -> None:
    old = document(Preference("a"), Preference("b"), Preference("c", scopes=("user",)))
    new = document(Preference("b"), Preference("c"), Preference("d"), Preference("e"))
    assert old.changed_keys(new) == (("d", "e"), ("a",), ("c",))


FIELDS = st.sampled_from(
    ["shape", "default", "scopes", "sensitive", "deprecated", "merge", "order", "examples", "x"]
)
WORDS = st.sampled_from(["type", "enum", "items", "pattern", "$ref", "default", "since", "x"])
ANYTHING = st.recursive(
    VALUES | st.sampled_from(["user", "string", "1.0.0", "#/definitions/d"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(FIELDS, ANYTHING, max_size=3))
def test_any_object_is_read_as_a_document_or_refused_as_one(data: dict[str, object]) -> None:
    whole = {"prefcore_schema": 1, "app": "a", "version": "1.0.0", "preferences": {"k": data}}
    with suppress(InvalidSchema):
        assert SchemaDocument.from_document(whole).app == "a"


def test_every_type_of_value_can_be_declared() -> None:
    made = document(*(Preference(kind, Shape(kinds=(kind,))) for kind in KINDS))
    assert SchemaDocument.from_document(made.as_document()) == made
