"""How a schema document stands as data: its fields, and their strict reading."""

from __future__ import annotations

from collections.abc import Mapping

from prefcore.errors import InvalidSchema, NewerFormat
from prefcore.schema.closest import did_you_mean
from prefcore.schema.declared import Preference
from prefcore.schema.shape import Shape
from prefcore.values import kind_of

__all__ = ["LAYOUT", "OWN", "read_document"]

#: The layout that documents are written in, and the newest that is read.
LAYOUT = 1
#: The dialect of documents declared for prefcore; others tell the foreign form they came from.
OWN = "prefcore"

_FIELDS: dict[str, type] = {
    "prefcore_schema": int,
    "app": str,
    "version": str,
    "preferences": dict,
    "definitions": dict,
    "baseline": str,
    "reserved": list,
    "description": str,
    "sections": dict,
    "dialect": str,
}


def read_document(mapping: Mapping[str, object], path: str) -> dict[str, object]:
    """Give the fields of SchemaDocument that a document as data holds.

    ``path`` is what messages begin with. Raises InvalidSchema, naming the field, when it is
    malformed, and NewerFormat when a newer prefcore wrote it.
    """
    place = f"{path}: " if path else ""
    layout = mapping.get("prefcore_schema")
    if isinstance(layout, bool) or not isinstance(layout, int) or layout < 1:
        raise InvalidSchema(f"{place}it is no schema document: 'prefcore_schema' is missing")
    if layout > LAYOUT:
        raise NewerFormat(
            f"{place}the schema document has layout {layout} and this prefcore reads up to "
            f"{LAYOUT}; install a newer one",
            layout=layout,
        )
    for name, value in mapping.items():
        kind = _FIELDS.get(name)
        if kind is None:
            hint = did_you_mean(name, _FIELDS)
            raise InvalidSchema(f"{place}a schema has no field '{name}'{hint}", field=name)
        if type(value) is not kind:
            raise InvalidSchema(f"{place}{name} can't be {kind_of(value)}", field=name)
    for name in ("app", "version", "preferences"):
        if name not in mapping:
            raise InvalidSchema(f"{place}the field '{name}' is missing", field=name)
    fields = {name: value for name, value in mapping.items() if name != "prefcore_schema"}
    notes: list[str] = []
    own = mapping.get("dialect", OWN) == OWN
    fields["preferences"] = [
        Preference.from_document(key, declared, path=path, notes=None if own else notes)
        for key, declared in _objects(mapping, "preferences", place)
    ]
    faults: list[str] = []
    fields["definitions"] = {
        name: Shape.from_json(declared, path=f"definition {name}", notes=faults)
        for name, declared in _objects(mapping, "definitions", place)
    }
    if own and faults:
        raise InvalidSchema(f"{place}{faults[0]}")
    for name in ("reserved", "sections"):
        items = fields.get(name, [])
        texts = items.values() if isinstance(items, dict) else items
        if not all(isinstance(text, str) for text in texts):  # type: ignore[attr-defined]  # a list
            raise InvalidSchema(f"{place}{name} may hold only text", field=name)
    return fields | {"notes": (*notes, *faults)}


def _objects(
    mapping: Mapping[str, object], field: str, place: str
) -> list[tuple[str, dict[str, object]]]:
    members = mapping.get(field, {})
    assert isinstance(members, dict)  # checked with all fields
    for name, member in members.items():
        if not isinstance(member, dict):
            raise InvalidSchema(
                f"{place}{field}: {name} takes an object, not {kind_of(member)}", field=field
            )
    return list(members.items())
