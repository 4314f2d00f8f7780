"""Completeness: every keyword of a schema, in every way it can change, falls under some rule.

The table is held to the code: a new keyword or field fails here until it has its row.
"""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from prefcore.schema import Deprecation, Preference, SchemaDocument, Shape
from prefcore.schema.compatibility import compare
from prefcore.schema.keywords import KEYWORDS
from prefcore.values import UNSET
from tests.schema.compatibility.world import declared, document, rules, shape

CHANGES = ("add", "remove", "change", "raise", "lower")

#: A cell that no rule covers, with the reason.
Waived = str
NO_ORDER = "it has no order, so it is never higher or lower"

INT, NUM, TEXT = {"type": "integer"}, {"type": "number"}, {"type": "string"}
LIST, OBJECT = {"type": "array"}, {"type": "object"}


def rows(base: dict[str, Any], word: str, low: Any, high: Any, *expected: str) -> dict[str, Any]:
    """Give the cells of a keyword with an order: rules of add, remove, raise and lower."""
    without, lower, higher = base, {**base, word: low}, {**base, word: high}
    added, removed, raised, lowered = expected
    return {
        "add": (without, lower, added),
        "remove": (lower, without, removed),
        "change": (lower, higher, raised),
        "raise": (lower, higher, raised),
        "lower": (higher, lower, lowered),
    }


def cells(base: Any, word: str, one: Any, other: Any, *expected: str) -> dict[str, Any]:
    """Give the cells of a keyword without an order: rules of add, remove and change."""
    before, after = {**base, word: one}, {**base, word: other}
    added, removed, changed = expected
    return {
        "add": (base, before, added),
        "remove": (before, base, removed),
        "change": (before, after, changed),
        "raise": NO_ORDER,
        "lower": NO_ORDER,
    }


EITHER = [{"type": "string"}, {"type": "integer"}]
SHAPES: dict[str, dict[str, Any]] = {
    "kinds": {
        **cells({}, "type", "string", "integer", "T02", "T01", "T03"),
        "raise": (INT, NUM, "T01"),
        "lower": (NUM, INT, "T02"),
    },
    "enum": {
        **cells(TEXT, "enum", ["a"], ["b"], "E02", "E01", "E02"),
        "raise": ({"enum": ["a"]}, {"enum": ["a", "b"]}, "E01"),
        "lower": ({"enum": ["a", "b"]}, {"enum": ["a"]}, "E02"),
    },
    "minimum": rows(INT, "minimum", 1, 5, "N01", "N02", "N01", "N02"),
    "maximum": rows(INT, "maximum", 1, 5, "N01", "N02", "N02", "N01"),
    "exclusive_minimum": rows(NUM, "exclusiveMinimum", 1, 5, "N01", "N02", "N01", "N02"),
    "exclusive_maximum": rows(NUM, "exclusiveMaximum", 1, 5, "N01", "N02", "N02", "N01"),
    "multiple_of": rows(INT, "multipleOf", 2, 4, "N01", "N02", "N01", "N02"),
    "min_length": rows(TEXT, "minLength", 1, 5, "N01", "N02", "N01", "N02"),
    "max_length": rows(TEXT, "maxLength", 1, 5, "N01", "N02", "N02", "N01"),
    "pattern": cells(TEXT, "pattern", "^a", "^A", "N03", "N03", "N03"),
    "format": cells(TEXT, "format", "date", "ipv4", "T06", "T06", "T06"),
    "prefix_items": {
        **cells(LIST, "prefixItems", [TEXT], [INT], "O02", "O02", "T03"),
        "raise": ({**LIST, "prefixItems": [TEXT]}, {**LIST, "prefixItems": [TEXT, TEXT]}, "O02"),
        "lower": ({**LIST, "prefixItems": [TEXT, TEXT]}, {**LIST, "prefixItems": [TEXT]}, "O02"),
    },
    "items": cells(LIST, "items", TEXT, INT, "O02", "O02", "T03"),
    "min_items": rows(LIST, "minItems", 1, 5, "N01", "N02", "N01", "N02"),
    "max_items": rows(LIST, "maxItems", 1, 5, "N01", "N02", "N02", "N01"),
    "unique": {
        **cells(LIST, "uniqueItems", True, False, "N01", "N02", "N02"),
        "raise": ({**LIST, "uniqueItems": False}, {**LIST, "uniqueItems": True}, "N01"),
        "lower": ({**LIST, "uniqueItems": True}, {**LIST, "uniqueItems": False}, "N02"),
    },
    "properties": {
        **cells(OBJECT, "properties", {"x": TEXT}, {"x": INT}, "O02", "O02", "T03"),
        "raise": (
            {**OBJECT, "properties": {"x": TEXT}},
            {**OBJECT, "properties": {"x": TEXT, "y": TEXT}},
            "O02",
        ),
        "lower": (
            {**OBJECT, "properties": {"x": TEXT, "y": TEXT}},
            {**OBJECT, "properties": {"x": TEXT}},
            "O02",
        ),
    },
    "required": {
        **cells(OBJECT, "required", ["x"], ["y"], "D04", "D05", "D04"),
        "raise": ({**OBJECT, "required": ["x"]}, {**OBJECT, "required": ["x", "y"]}, "D04"),
        "lower": ({**OBJECT, "required": ["x", "y"]}, {**OBJECT, "required": ["x"]}, "D05"),
    },
    "additional": {
        **cells(OBJECT, "additionalProperties", False, TEXT, "O01", "O01", "O01"),
        "raise": (
            {**OBJECT, "additionalProperties": TEXT},
            {**OBJECT, "additionalProperties": {"type": ["string", "null"]}},
            "T05",
        ),
        "lower": (
            {**OBJECT, "additionalProperties": {**TEXT, "maxLength": 9}},
            {**OBJECT, "additionalProperties": {**TEXT, "maxLength": 5}},
            "N01",
        ),
    },
    "min_properties": rows(OBJECT, "minProperties", 1, 5, "N01", "N02", "N01", "N02"),
    "max_properties": rows(OBJECT, "maxProperties", 1, 5, "N01", "N02", "N02", "N01"),
    "any_of": {
        **cells({}, "anyOf", EITHER, [TEXT, LIST], "T02", "T01", "O04"),
        "raise": ({"anyOf": EITHER}, {"anyOf": [*EITHER, LIST]}, "O04"),
        "lower": ({"anyOf": [*EITHER, LIST]}, {"anyOf": EITHER}, "O04"),
    },
    "one_of": {
        **cells({}, "oneOf", EITHER, [TEXT, LIST], "T02", "T01", "O04"),
        "raise": ({"oneOf": EITHER}, {"oneOf": [*EITHER, LIST]}, "O04"),
        "lower": ({"oneOf": [*EITHER, LIST]}, {"oneOf": EITHER}, "O04"),
    },
    "all_of": {
        **cells(TEXT, "allOf", [{"maxLength": 5}], [{"maxLength": 9}], "N01", "N02", "N02"),
        "raise": (TEXT, {**TEXT, "allOf": [{"maxLength": 9}, {"minLength": 1}]}, "N01"),
        "lower": ({**TEXT, "allOf": [{"minLength": 1}]}, TEXT, "N02"),
    },
    "ref": cells({}, "$ref", "#/definitions/text", "#/definitions/whole", "T02", "T01", "T03"),
    "title": cells(TEXT, "title", "a", "b", "P08", "P08", "P08"),
    "description": cells(TEXT, "description", "a", "b", "P08", "P08", "P08"),
    "default": cells(TEXT, "default", "a", "b", "P08", "P08", "P08"),
    "examples": cells(TEXT, "examples", ["a"], ["b"], "P08", "P08", "P08"),
    "enum_help": cells({"enum": ["a"]}, "enumDescriptions", ["x"], ["y"], "P08", "P08", "P08"),
    "deprecation": cells(TEXT, "deprecationMessage", "a", "b", "P08", "P08", "P08"),
}
DEFINITIONS = {"text": TEXT, "whole": INT}

OLD, OLDER = Deprecation("old"), Deprecation("older")


def field(name: str, none: Any, one: Any, other: Any, *expected: str) -> dict[str, Any]:
    """Give the cells of a preference's field: rules of add, remove and change."""
    added, removed, changed = expected
    return {
        "add": ({name: none}, {name: one}, added),
        "remove": ({name: one}, {name: none}, removed),
        "change": ({name: one}, {name: other}, changed),
        "raise": NO_ORDER,
        "lower": NO_ORDER,
    }


def flag(name: str, rule: str, *, off: bool = False) -> dict[str, Any]:
    """Give the cells of a flag: it is set or not, and nothing else."""
    return {
        "add": ({name: off}, {name: not off}, rule),
        "remove": ({name: not off}, {name: off}, rule),
        "change": "a flag that changes was set or taken away",
        "raise": NO_ORDER,
        "lower": NO_ORDER,
    }


FIELDS: dict[str, dict[str, Any]] = {
    "key": dict.fromkeys(CHANGES, "another key is another preference; see the K rules"),
    "shape": dict.fromkeys(CHANGES, "each of its keywords has its row"),
    "default": field("default", UNSET, "a", "b", "D01", "D01", "D01"),
    "required": {**flag("required", "D04"), "remove": ({"required": True}, {}, "D05")},
    "scopes": {
        "add": ({"scopes": ["user"]}, {}, "P01"),
        "remove": ({}, {"scopes": ["user"]}, "P01"),
        "change": ({"scopes": ["user"]}, {"scopes": ["system"]}, "P01"),
        "raise": "scopes are added or removed one by one",
        "lower": "scopes are added or removed one by one",
    },
    "sensitive": flag("sensitive", "P03"),
    "locked": flag("locked", "P02"),
    "portable": flag("portable", "P01", off=True),
    "trusted_only": flag("trusted_only", "P01"),
    "audited": {
        "add": ({"sensitive": True}, {"sensitive": True, "audited": True}, "P07"),
        "remove": ({"sensitive": True, "audited": True}, {"sensitive": True}, "P07"),
        "change": "a flag is set or it is not",
        "raise": "a flag is set or it is not",
        "lower": "a flag is set or it is not",
    },
    "deprecated": field("deprecated", None, OLD, OLDER, "K11", "K11", "P08"),
    "merge": field("merge", None, "ours", "theirs", "P05", "P05", "P05"),
    "requires_role": {
        **field("requires_role", None, "a", "b", "P04", "P04", "P04"),
        "raise": ({}, {"requires_role": "a"}, "P04"),
        "lower": ({"requires_role": "a"}, {}, "P04"),
    },
    "env": field("env", None, "A", "B", "P06", "P06", "P06"),
    "aliases": {
        **field("aliases", (), ["x"], ["y"], "P08", "K08", "K08"),
        "raise": ({"aliases": ["x"]}, {"aliases": ["x", "y"]}, "P08"),
        "lower": ({"aliases": ["x", "y"]}, {"aliases": ["x"]}, "K08"),
    },
    "unit": field("unit", "", "s", "ms", "T07", "T07", "T07"),
    "category": field("category", "", "a", "b", "P08", "P08", "P08"),
    "title": field("title", "", "a", "b", "P08", "P08", "P08"),
    "help": field("help", "", "a", "b", "P08", "P08", "P08"),
    "order": {
        **field("order", None, 1, 2, "P08", "P08", "P08"),
        "raise": ({"order": 1}, {"order": 2}, "P08"),
        "lower": ({"order": 2}, {"order": 1}, "P08"),
    },
    "examples": field("examples", (), ["a"], ["b"], "P08", "P08", "P08"),
}

#: Of a document: rules of add, remove and change, or the reason.
DOCUMENT: dict[str, Any] = {
    "app": "schemas of two applications are not compared: AppMismatch",
    "version": "it is what a comparison is about; see M04",
    "preferences": ({}, {"preferences": [declared("b", TEXT)]}, "K01"),
    "definitions": "what refers to them changes; see the keyword $ref",
    "baseline": ({}, {"baseline": "0.9.0"}, "P08"),
    "reserved": ({"reserved": ["b"]}, {}, "K05"),
    "description": ({}, {"description": "x"}, "P08"),
    "sections": ({}, {"sections": {"ui": "x"}}, "P08"),
    "dialect": "it says which form was read; what was read is compared",
    "notes": "they are not part of the schema",
    "validators": "functions of the application, which no snapshot holds",
}

SHAPE_CELLS = {
    f"{name} {change}": row[change] for name, row in SHAPES.items() for change in CHANGES
}
FIELD_CELLS = {
    f"{name} {change}": row[change] for name, row in FIELDS.items() for change in CHANGES
}


def test_the_table_has_a_row_for_every_keyword_and_field() -> None:
    assert list(SHAPES) == [name for name, _, _ in KEYWORDS]
    assert list(SHAPES) == [one.name for one in attrs.fields(Shape)]
    assert list(FIELDS) == [one.name for one in attrs.fields(Preference) if one.init]
    assert list(DOCUMENT) == [
        one.name for one in attrs.fields(SchemaDocument) if not one.name.startswith("_")
    ]


def test_a_waived_cell_has_a_reason() -> None:
    waived = [one for one in (*SHAPE_CELLS.values(), *FIELD_CELLS.values()) if isinstance(one, str)]
    assert all(len(reason) > 20 for reason in waived)


@pytest.mark.parametrize(
    "cell",
    [pytest.param(c, id=name) for name, c in SHAPE_CELLS.items() if not isinstance(c, str)],
)
def test_a_changed_keyword_falls_under_its_rule(cell: tuple[Any, Any, str]) -> None:
    before, after, rule = cell
    older = document(declared("a", before), definitions=DEFINITIONS)
    newer = document(declared("a", after), definitions=DEFINITIONS, version="2.0.0")
    assert rule in rules(compare(older, newer))


@pytest.mark.parametrize(
    "cell",
    [pytest.param(c, id=name) for name, c in FIELD_CELLS.items() if not isinstance(c, str)],
)
def test_a_changed_field_falls_under_its_rule(cell: tuple[Any, Any, str]) -> None:
    before, after, rule = cell
    older = document(declared("a", TEXT, **before))
    newer = document(declared("a", TEXT, **after), version="2.0.0")
    assert rule in rules(compare(older, newer))


@pytest.mark.parametrize(
    "cell", [pytest.param(c, id=n) for n, c in DOCUMENT.items() if not isinstance(c, str)]
)
def test_a_changed_field_of_the_document_falls_under_its_rule(
    cell: tuple[dict[str, Any], dict[str, Any], str],
) -> None:
    before, after, rule = dict(cell[0]), dict(cell[1]), cell[2]
    older = document(declared("a", TEXT), *before.pop("preferences", ()), **before)
    newer = document(declared("a", TEXT), *after.pop("preferences", ()), version="2.0.0", **after)
    assert rule in rules(compare(older, newer))


@pytest.mark.parametrize("schema", [{"type": "string"}, {"anyOf": EITHER}, {"enum": ["a", 1]}])
def test_what_did_not_change_has_no_findings(schema: object) -> None:
    older, newer = (document(declared("a", schema), version=v) for v in ("1.0.0", "1.0.1"))
    assert compare(older, newer).findings == ()
    assert shape(schema) == shape(schema)
