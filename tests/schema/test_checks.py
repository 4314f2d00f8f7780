"""Checks say what is wrong with a value, in words, and agree with an independent validator."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import IntEnum, StrEnum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from prefcore.schema.checks import compile_check, kinds_of
from prefcore.schema.patterns import compile_pattern, pattern_fault
from prefcore.schema.problems import Problem
from prefcore.schema.shape import ANY, Shape


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    LOW = 1


def problem(schema: object, value: object, **definitions: object) -> Problem | None:
    """Check a value against a JSON Schema that has nothing to note."""
    notes: list[str] = []
    shapes = {
        name: Shape.from_json(inner, path=name, notes=notes) for name, inner in definitions.items()
    }
    shape = Shape.from_json(schema, path="key", notes=notes)
    assert notes == []
    return compile_check(shape, shapes)(value)


TREE = {"type": "object", "properties": {"kids": {"items": {"$ref": "#/$defs/tree"}}}}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        pytest.param({"type": "number"}, 3, id="number takes an integer"),
        pytest.param({"type": "integer"}, Level.LOW, id="an IntEnum is an integer"),
        pytest.param({"type": "string"}, Colour.RED, id="a StrEnum is a string"),
        pytest.param({"enum": ["red"]}, Colour.RED, id="a StrEnum in an enum"),
        pytest.param({"type": "array"}, (1, 2), id="a tuple is an array"),
        pytest.param({"type": "datetime"}, datetime(2026, 1, 1, tzinfo=UTC), id="datetime"),
        pytest.param({"type": "date"}, date(2026, 1, 1), id="date"),
        pytest.param({"type": "time"}, time(12), id="time"),
        pytest.param({"type": "bytes", "maxLength": 2}, b"ab", id="bytes have a length"),
        pytest.param({"multipleOf": 0.1}, 0.3, id="multiples go by decimal digits"),
        pytest.param({"multipleOf": 0.01}, 1e3, id="multiples of a small step"),
        pytest.param({"multipleOf": 7}, 7e20, id="multiples of a large float"),
        pytest.param({"minimum": 5}, "a", id="bounds leave other types alone"),
        pytest.param({"pattern": "b"}, "abc", id="patterns match anywhere"),
        pytest.param({"pattern": r"^\p{Lu}"[:1]}, "", id="empty text at a start"),
        pytest.param({"format": "uri"}, "no uri", id="formats are not checked"),
        pytest.param({"uniqueItems": True}, [1, 1.0, True], id="1, 1.0 and true differ"),
        pytest.param({"required": ["a"]}, [], id="object rules leave arrays alone"),
        pytest.param({"prefixItems": [{"type": "null"}]}, [], id="first items may be missing"),
    ],
)
def test_a_value_that_fits_has_no_problem(schema: object, value: object) -> None:
    assert problem(schema, value) is None


@pytest.mark.parametrize(
    ("schema", "value", "rule", "path", "message"),
    [
        pytest.param(
            {"type": "integer"}, 1.0, "type", "", "1.0 is a number, not an integer", id="float"
        ),
        pytest.param(
            {"type": "integer"}, True, "type", "", "true is a boolean, not an integer", id="bool"
        ),
        pytest.param(
            {"type": ["string", "null"]},
            [],
            "type",
            "",
            "an array is not null or a string",
            id="array for text",
        ),
        pytest.param({"type": "string"}, None, "type", "", "null is not a string", id="null"),
        pytest.param(
            {"type": "date"},
            datetime(2026, 1, 1, tzinfo=UTC),
            "type",
            "",
            "is a datetime, not a date",
            id="datetime for a date",
        ),
        pytest.param(
            {"type": "string"}, {1, 2}, "type", "", "that is not portable", id="not portable"
        ),
        pytest.param({"enum": [1]}, 1.0, "enum", "", "1.0 is not one of", id="enum by text"),
        pytest.param(
            {"enum": ["gofmt", "goimports"]},
            "gofmtt",
            "enum",
            "",
            '"gofmtt" is not one of the allowed values "gofmt" or "goimports"; '
            'did you mean "gofmt"?',
            id="did you mean",
        ),
        pytest.param({"enum": list(range(20))}, 99, "enum", "", "7 … (12 more)", id="long enum"),
        pytest.param(False, 1, "enum", "", "no value is allowed here", id="false"),
        pytest.param({"enum": [1]}, object(), "enum", "", "not a portable value", id="object"),
        pytest.param(
            {"maximum": 72}, 200, "maximum", "", "200 is above the maximum 72", id="maximum"
        ),
        pytest.param({"minimum": 6}, -1, "minimum", "", "-1 is below the minimum 6", id="minimum"),
        pytest.param(
            {"exclusiveMinimum": 0}, 0, "exclusive_minimum", "", "0 is not above 0", id="above"
        ),
        pytest.param(
            {"exclusiveMaximum": 1}, 1, "exclusive_maximum", "", "1 is not below 1", id="below"
        ),
        pytest.param(
            {"multipleOf": 5}, 7, "multiple_of", "", "7 is not a multiple of 5", id="multiple"
        ),
        pytest.param(
            {"minLength": 3}, "ab", "min_length", "", "it has 2 characters; at least 3", id="short"
        ),
        pytest.param({"maxLength": 1}, "ab", "max_length", "", "at most 1 are allowed", id="long"),
        pytest.param({"pattern": "^a$"}, "a\n", "pattern", "", "does not match", id="pattern"),
        pytest.param({"pattern": r"^\d$"}, "٣", "pattern", "", "does not match", id="ASCII digit"),
        pytest.param(
            {"pattern": "a"}, "a" * 1_000_001, "pattern", "", "too many to match", id="endless"
        ),
        pytest.param(
            {"items": {"properties": {"n": {"type": "null"}}}},
            [{}, {}, {"n": 1}],
            "type",
            "[2].n",
            "1 is an integer, not null",
            id="inside",
        ),
        pytest.param(
            {"properties": {"a": {"items": {"type": "null"}}}},
            {"a": [1]},
            "type",
            "a[0]",
            "not null",
            id="item of a member",
        ),
        pytest.param(
            {"minItems": 1}, [], "min_items", "", "it has 0 items; at least 1", id="few items"
        ),
        pytest.param(
            {"maxItems": 1}, [1, 2], "max_items", "", "it has 2 items; at most 1", id="many"
        ),
        pytest.param(
            {"uniqueItems": True},
            ["a", "b", "a"],
            "unique",
            "[2]",
            '"a" stands at [0] already',
            id="repeated",
        ),
        pytest.param(
            {"prefixItems": [{}], "items": False},
            [1, 2],
            "enum",
            "[1]",
            "no value is allowed here",
            id="tuple too long",
        ),
        pytest.param(
            {"required": ["b", "a"]}, {}, "required", "", "the member 'a' is missing", id="missing"
        ),
        pytest.param(
            {"properties": {"enabled": {}}, "additionalProperties": False},
            {"enabeld": 1},
            "additional",
            "",
            "the member 'enabeld' is not allowed; did you mean 'enabled'?",
            id="unknown member",
        ),
        pytest.param(
            {"additionalProperties": {"type": "string"}},
            {"a": 1},
            "type",
            "a",
            "1 is an integer",
            id="additional member",
        ),
        pytest.param(
            {"minProperties": 1},
            {},
            "min_properties",
            "",
            "it has 0 members; at least 1",
            id="empty",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            5,
            "type",
            "",
            "5 is an integer, not a string or an array",
            id="any of, no type fits",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            ["a", 5],
            "type",
            "[1]",
            "5 is an integer, not a string",
            id="any of, one type fits",
        ),
        pytest.param(
            {"anyOf": [{"minimum": 5}, {"multipleOf": 2}]},
            3,
            "any_of",
            "",
            "3 fits none of the alternatives; the first says: 3 is below the minimum 5",
            id="any of, several come close",
        ),
        pytest.param(
            {"oneOf": [{"type": "number"}, {"type": "integer"}]},
            3,
            "one_of",
            "",
            "3 fits 2 alternatives at once",
            id="one of, two fit",
        ),
        pytest.param(
            {"allOf": [{"minimum": 1}, {"maximum": 2}]}, 3, "maximum", "", "above", id="all of"
        ),
    ],
)
def test_a_value_that_does_not_fit_is_told_why(
    schema: object, value: object, rule: str, path: str, message: str
) -> None:
    found = problem(schema, value)
    assert found is not None
    assert (found.rule, found.path) == (rule, path)
    assert message in found.message
    assert found.requirement.startswith("must ")


def test_the_requirement_alone_never_shows_the_value() -> None:
    found = problem({"enum": ["a"], "type": "string"}, "hunter2")
    assert found is not None
    assert "hunter2" in found.message
    assert found.requirement == 'must be one of "a"'


def test_shapes_may_recurse_through_references() -> None:
    schema = {"$ref": "#/$defs/tree"}
    deep: dict[str, Any] = {}
    for _ in range(30):
        deep = {"kids": [deep]}
    assert problem(schema, deep, tree=TREE) is None
    found = problem(schema, {"kids": [{}, {"kids": [5]}]}, tree=TREE)
    assert found is not None
    assert (found.rule, found.path) == ("type", "kids[1].kids[0]")


@pytest.mark.parametrize(
    "loop",
    [
        pytest.param({"a": {"$ref": "#/$defs/a"}}, id="itself"),
        pytest.param({"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}, id="2"),
    ],
)
def test_references_that_lead_nowhere_refuse_instead_of_hanging(loop: dict[str, object]) -> None:
    found = problem({"$ref": "#/$defs/a"}, 5, **loop)
    assert found is not None
    assert found.rule == "ref"


def test_alternatives_that_multiply_are_cut_off() -> None:
    # Each level doubles the work: 2 to the power of 60 without the bound.
    twice = {"anyOf": [{"items": {"$ref": "#/$defs/t"}, "maxItems": 1}] * 2, "type": "array"}
    value: object = 5
    for _ in range(60):
        value = [value]
    found = problem({"$ref": "#/$defs/t"}, value, t=twice)
    assert found is not None
    assert "steps" in found.message


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        pytest.param("a$", "a", True, id="end"),
        pytest.param("a$", "a\n", False, id="$ is the very end"),
        pytest.param(r"a\$", "a$", True, id="escaped dollar"),
        pytest.param("[$]", "$", True, id="dollar in a class"),
        pytest.param("[[a]", "[", True, id="bracket in a class"),
        pytest.param(r"[\]$]$", "]", True, id="escaped bracket in a class"),
        pytest.param("[a&&b]", "&", True, id="no set operations"),
        pytest.param("[+--]", ",", True, id="range up to the hyphen"),
        pytest.param(r"^[^\s]+$", "a b", False, id="negated class"),
        pytest.param(r"^\u00e9\u{1F600}$", "é😀", True, id="code points"),
        pytest.param(r"^\cJ\s\S$", "\n\va", True, id="control characters and white space"),
        pytest.param(r"^[\s]$", "\v", True, id="white space in a class"),
        pytest.param(r"^[[:alpha:]]$", "a]", True, id="no classes of POSIX"),
    ],
)
def test_patterns_mean_what_ecma_262_says(pattern: str, text: str, matches: bool) -> None:
    assert (compile_pattern(pattern).search(text) is not None) is matches


@pytest.mark.parametrize(
    "pattern",
    ["^(a+)+$", "^(a|a)*$", "^([a-z]+)*$", "(.*a){25}$", "^(a?){30}a{30}$", "(x+x+)+y"],
)
def test_patterns_that_explode_elsewhere_are_matched_in_linear_time(pattern: str) -> None:
    # An engine that backtracks would not end before the tests' own limit, nor in this century.
    search = compile_pattern(pattern).search
    assert search("b" + "a" * 100_000 + "!") is None
    assert problem({"pattern": pattern}, "b" + "a" * 100_000 + "!") is not None


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        pytest.param("(?=a)b", "(?=", id="look-ahead"),
        pytest.param("(?<!a)b", "(?<", id="look-behind"),
        pytest.param(r"(a)\1", "a back-reference", id="back-reference"),
        pytest.param(r"\Aa", "no escape of ECMA-262", id="an escape of others"),
        pytest.param("a{1,5000}", "repetition", id="too many repetitions"),
        pytest.param("((a{100}){100}){100}", "RE2", id="repetitions that multiply"),
        pytest.param(r"\uZZ", "no code point", id="no code point"),
        pytest.param("(", "RE2", id="not closed"),
        pytest.param("a" * 2_001, "longer than 2000", id="too long"),
    ],
)
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused(
    pattern: str, said: str
) -> None:
    fault = pattern_fault(pattern)
    assert fault is not None
    assert said in fault


@pytest.mark.parametrize(
    ("schema", "kinds"),
    [
        pytest.param({"type": "number"}, {"number", "integer"}, id="number"),
        pytest.param({"enum": ["a", None]}, {"string", "null"}, id="enum"),
        pytest.param({"enum": ["a", 1], "type": "string"}, {"string"}, id="enum and type"),
        pytest.param(
            {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/t"}]}, {"null", "array"}, id="u"
        ),
        pytest.param(
            {"allOf": [{"type": ["null", "string"]}, {"enum": [None]}]}, {"null"}, id="all"
        ),
        pytest.param(False, set(), id="nothing"),
    ],
)
def test_the_types_a_shape_allows_follow_its_parts(schema: object, kinds: set[str]) -> None:
    definitions = {"t": Shape(kinds=("array",), items=Shape(ref="t"))}
    shape = Shape.from_json(schema, path="", notes=[])
    assert kinds_of(shape, definitions) == kinds


# -- agreement with the jsonschema library ---------------------------------------------------
# Differences by design are left out of what is generated: whole floats (no integers with us),
# formats, and float multiples (decimal with us).

FLOATS = st.integers(-9, 9).map(lambda n: n + 0.5)
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | FLOATS | st.text("ab1", max_size=3)
NAMES = st.sampled_from("abc")
INSTANCES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
JSON_KINDS = ("null", "boolean", "integer", "number", "string", "array", "object")


def schemas_around(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    several = st.lists(inner, min_size=1, max_size=3)
    count = st.integers(0, 3)
    bound = st.integers(-9, 9) | FLOATS
    optional: dict[str, st.SearchStrategy[object]] = {
        "type": st.sampled_from(JSON_KINDS)
        | st.lists(st.sampled_from(JSON_KINDS), min_size=1, max_size=3, unique=True),
        "enum": st.lists(INSTANCES, min_size=1, max_size=4),
        "const": SCALARS,
        "minimum": bound,
        "maximum": bound,
        "exclusiveMinimum": bound,
        "exclusiveMaximum": bound,
        "multipleOf": st.integers(1, 4),
        "minLength": count,
        "maxLength": count,
        "pattern": st.sampled_from(["^a", "b", "1$", "[ab]+"]),
        "items": inner,
        "prefixItems": several,
        "minItems": count,
        "maxItems": count,
        "uniqueItems": st.booleans(),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "required": st.lists(NAMES, max_size=2, unique=True),
        "additionalProperties": inner,
        "minProperties": count,
        "maxProperties": count,
        "anyOf": several,
        "oneOf": several,
        "allOf": several,
        "$ref": st.sampled_from(["#/$defs/tree", "#/$defs/few"]),
    }
    pairs = st.sampled_from(sorted(optional)).flatmap(
        lambda word: st.tuples(st.just(word), optional[word])
    )
    return st.booleans() | st.lists(pairs, max_size=4).map(dict)


SCHEMAS = st.recursive(st.just({}), schemas_around, max_leaves=5)
DEFINITIONS: dict[str, object] = {
    "tree": {"type": "object", "additionalProperties": {"$ref": "#/$defs/tree"}},
    "few": {"enum": [1, "a", None, [1]]},
}


@settings(max_examples=600, deadline=None)
@given(SCHEMAS, st.lists(INSTANCES, min_size=5, max_size=15))
def test_checks_agree_with_jsonschema(schema: object, values: list[object]) -> None:
    notes: list[str] = []
    shape = Shape.from_json(schema, path="key", notes=notes)
    definitions = {n: Shape.from_json(s, path=n, notes=notes) for n, s in DEFINITIONS.items()}
    assert notes == []
    check = compile_check(shape, definitions)
    whole = {"allOf": [schema], "$defs": DEFINITIONS}
    judge = Draft202012Validator(whole)
    for value in values:
        found = check(value)
        assert (found is None) == judge.is_valid(value), (value, found)


@settings(deadline=None)
@given(INSTANCES)
def test_the_shape_without_rules_takes_everything(value: object) -> None:
    assert compile_check(ANY, {})(value) is None
