"""Writing JSON Schema (draft 2020-12): dotted keys become nested objects, as people write files.

``from_json_schema`` reads what is written here back to an equal document. Rules that JSON Schema
has are said in its own words, so that editors complete and check with them; what it lacks stands
beside them in ``x-prefcore-…`` keywords, and is told in notes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import Preference
from prefcore.schema.foreign import ANNOTATING, PREFIX, shape_within
from prefcore.schema.shape import Shape
from prefcore.values import UNSET, to_tagged

__all__ = ["JsonSchema", "to_json_schema"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: Our types that JSON lacks: the tag they stand under in JSON files, and what the text in it is.
_TAGGED: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "bytes": ("$bytes", {"contentEncoding": "base64"}),
    "datetime": ("$datetime", {"format": "date-time"}),
    "date": ("$date", {"format": "date"}),
    "time": ("$time", {"format": "time"}),
}
#: Fields of a preference that JSON Schema has words of its own for, which are read back.
_TOLD = frozenset(
    ("shape", "default", "required", "title", "help", "examples", "sensitive", "locked")
)
_INNER = (
    ("prefix_items", "prefixItems"),
    ("items", "items"),
    ("properties", "properties"),
    ("additional", "additionalProperties"),
    ("any_of", "anyOf"),
    ("one_of", "oneOf"),
    ("all_of", "allOf"),
)


@attrs.frozen
class JsonSchema:
    """A JSON Schema as plain JSON data, and what it says only in our own keywords."""

    content: Mapping[str, object]
    notes: tuple[str, ...]


def to_json_schema(document: SchemaDocument) -> JsonSchema:
    """Give the JSON Schema that describes a plain JSON file of the application's preferences.

    Values of types that JSON lacks stand in their tagged form (``prefcore.values``). Each note is
    one sentence and begins with the key.
    """
    notes: list[str] = []
    content: dict[str, object] = {
        "$schema": _DIALECT,
        PREFIX + "app": document.app,
        PREFIX + "version": document.version,
        PREFIX + "dialect": document.dialect,
        PREFIX + "baseline": document.baseline,
        PREFIX + "reserved": list(document.reserved),
        "description": document.description,
        "type": "object",
    }
    content = {word: value for word, value in content.items() if value}
    content["properties"] = {}
    for key, preference in document.preferences.items():
        _place(content, key, _property(key, preference, notes), preference.required, document)
    if document.definitions:
        content["$defs"] = {
            name: _shape(f"definition {name}", shape, notes)
            for name, shape in document.definitions.items()
        }
    return JsonSchema(content, tuple(notes))


def _place(
    root: dict[str, object],
    key: str,
    schema: dict[str, object],
    required: bool,
    document: SchemaDocument,
) -> None:
    """Put a preference's schema under its sections, making those that are not there yet."""
    names = key.split(".")
    inside = root
    for depth, name in enumerate(names, 1):
        if required:
            needed = inside.setdefault("required", [])
            assert isinstance(needed, list)  # made here
            needed += [] if name in needed else [name]
        members = inside.setdefault("properties", {})
        assert isinstance(members, dict)  # made here
        if depth < len(names):
            help = document.sections.get(".".join(names[:depth]))
            section = {"type": "object", **({"description": help} if help else {})}
            inside = members.setdefault(name, section)
        else:
            members[name] = schema


def _property(key: str, preference: Preference, notes: list[str]) -> dict[str, object]:
    schema = _shape(key, preference.shape, notes)
    schema = {word: value for word, value in schema.items() if word not in ANNOTATING}
    if "properties" in schema or "$ref" in schema:
        schema[PREFIX + "preference"] = True  # it is no section
    words = {
        "title": preference.title,
        "description": preference.help,
        "writeOnly": preference.sensitive,
        "readOnly": preference.locked,
        "deprecated": preference.deprecated is not None,
    }
    schema |= {word: value for word, value in words.items() if value}
    values: dict[str, object] = {}
    if preference.default is not UNSET:
        values["default"] = preference.default
    if preference.examples:
        values["examples"] = list(preference.examples)
    for word, value in values.items():
        schema[word] = to_tagged(value)
        if schema[word] != value:  # only our own keywords are read as tagged
            schema[PREFIX + word] = schema[word]
    for name, value in preference.as_document().items():
        if name not in _TOLD:
            schema[PREFIX + name.replace("_", "-")] = value
    return schema


def _shape(place: str, shape: Shape, notes: list[str]) -> dict[str, object]:
    """Give a shape in JSON Schema's words, and whole in ours where it is not read back equal."""
    schema = _standard(shape)
    lost: list[str] = []
    if shape_within(schema, place, lost) != shape or lost:
        notes += [f"{place}: {fault}" for fault in _beyond(shape)]
        schema[PREFIX + "shape"] = to_tagged(_pointing(shape.to_json()))
    return schema


def _beyond(shape: Shape) -> Iterator[str]:
    """Say which types of a shape JSON lacks."""
    kinds = {kind for _, inner in shape.walk() for kind in inner.kinds}
    for kind, (tag, _) in _TAGGED.items():
        if kind in kinds:
            yield f'JSON has no type {kind}: such values stand as {{"{tag}": "…"}}'


def _standard(shape: Shape) -> dict[str, object]:
    """Give what JSON Schema says of a shape, the types that JSON lacks by their tagged forms."""
    schema = to_tagged(_pointing(_bare(shape).to_json()))
    assert isinstance(schema, dict)  # a shape's form is an object
    for field, word in _INNER:
        inner = getattr(shape, field)
        if isinstance(inner, Shape):
            schema[word] = _standard(inner)
        elif isinstance(inner, Mapping) and inner:
            schema[word] = {name: _standard(one) for name, one in inner.items()}
        elif isinstance(inner, tuple) and inner:
            schema[word] = [_standard(one) for one in inner]
    tagged = [kind for kind in shape.kinds if kind in _TAGGED]
    if not tagged:
        return schema
    forms = [_tagged_form(kind) for kind in tagged]
    plain = [kind for kind in shape.kinds if kind not in _TAGGED]
    if plain:
        forms.append({**schema, "type": plain})
    if "enum" in schema:
        return {"enum": schema["enum"]}
    return {"anyOf": forms} if len(forms) > 1 else forms[0]


def _bare(shape: Shape) -> Shape:
    """Give a shape without those inside it."""
    additional = shape.additional if isinstance(shape.additional, bool) else True
    return attrs.evolve(
        shape,
        prefix_items=(),
        items=None,
        properties={},
        additional=additional,
        any_of=(),
        one_of=(),
        all_of=(),
    )


def _tagged_form(kind: str) -> dict[str, object]:
    tag, text = _TAGGED[kind]
    return {
        "type": "object",
        "properties": {tag: {"type": "string", **text}},
        "required": [tag],
        "additionalProperties": False,
    }


def _pointing(data: object) -> object:
    """Give a shape's form with its references as 2020-12 spells them."""
    if isinstance(data, dict):
        return {
            word: value.replace("#/definitions/", "#/$defs/", 1)
            if word == "$ref" and isinstance(value, str)
            else _pointing(value)
            for word, value in data.items()
        }
    return [_pointing(item) for item in data] if isinstance(data, list) else data
