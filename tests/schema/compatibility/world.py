"""Small schemas for comparisons, and an independent judge of what their keys allow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
from jsonschema import Draft202012Validator, FormatChecker

from prefcore.schema import Deprecation, Preference, SchemaDocument, Shape
from prefcore.schema.compatibility import Comparison, Finding, compare

FORMATS = FormatChecker()


def shape(schema: object) -> Shape:
    """Give the shape of a JSON Schema that is understood whole."""
    notes: list[str] = []
    made = Shape.from_json(schema, path="", notes=notes)
    assert notes == []
    return made


def declared(key: str, schema: object = True, **fields: Any) -> Preference:
    """Give a preference by its JSON Schema and further fields."""
    return Preference(key, shape(schema), **fields)


def document(
    *preferences: Preference,
    version: str = "1.0.0",
    definitions: Mapping[str, object] | None = None,
    **fields: Any,
) -> SchemaDocument:
    """Give a schema document of an application."""
    shapes = {name: shape(one) for name, one in (definitions or {}).items()}
    return SchemaDocument("acme", version, preferences, definitions=shapes, **fields)


def of_shapes(
    older: object, newer: object, definitions: Mapping[str, object] | None = None
) -> Comparison:
    """Compare two shapes of one key, ``a``."""
    return compare(
        document(declared("a", older), definitions=definitions, dialect="json-schema"),
        document(
            declared("a", newer), version="2.0.0", definitions=definitions, dialect="json-schema"
        ),
    )


def rules(comparison: Comparison) -> list[str]:
    """Give the rules of all findings, sorted."""
    return sorted(one.rule for one in comparison.findings)


def only(comparison: Comparison) -> Finding:
    """Give the only finding."""
    (finding,) = comparison.findings
    return finding


def judge(document: SchemaDocument, key: str, *, formats: bool = False) -> Draft202012Validator:
    """Give the independent validator of a key's values."""
    definitions = {name: one.to_json() for name, one in document.definitions.items()}
    whole = {"allOf": [document.preferences[key].shape.to_json()], "definitions": definitions}
    return Draft202012Validator(whole, format_checker=FORMATS if formats else None)


DEPRECATED = Deprecation(since="1.0.0", use="b")


def changed(preference: Preference, **fields: Any) -> Preference:
    """Give a preference with other fields."""
    return attrs.evolve(preference, **fields)
