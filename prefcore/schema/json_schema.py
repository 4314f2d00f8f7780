"""Reading preferences from JSON Schema (draft-07 and 2020-12): nested objects become dotted keys.

An object with ``properties`` is a section unless it also allows members of any name by a schema,
may be something else than an object, or says ``"x-prefcore-preference": true``. References inside
the document are followed; others are noted and never fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote

import attrs

from prefcore.errors import AppMismatch, InvalidSchema
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import check_key
from prefcore.schema.foreign import PREFIX, Known, Property, folded, shape_within
from prefcore.schema.layout import OWN
from prefcore.schema.shape import Shape
from prefcore.values import kind_of

__all__ = ["from_json_schema"]

# A section's keywords that are read, or that say nothing about values.
_OF_SECTIONS = frozenset(
    (
        *("$schema", "$id", "$comment", "$defs", "definitions", "$ref"),
        *("type", "properties", "required", "additionalProperties"),
        *("title", "description", "default", "deprecated", "examples"),
    )
)
_NOT_IN_SECTIONS = frozenset(
    ["anyOf", "oneOf", "allOf", "not", "if", "enum", "const", "patternProperties", "propertyNames"]
)
#: Of the documents that prefcore writes as JSON Schema.
_DIALECTS = (OWN, "json-schema", "vscode")
_OF_THE_ROOT = frozenset(
    PREFIX + name for name in ("app", "version", "dialect", "baseline", "reserved")
)


def from_json_schema(
    mapping: Mapping[str, object],
    *,
    app: str | None = None,
    version: str | None = None,
    known: Known | None = None,
) -> SchemaDocument:
    """Give the schema document that a JSON Schema describes.

    ``app`` and ``version`` may stand in it as ``x-prefcore-app`` and ``x-prefcore-version``. What
    is not understood is in the document's ``notes``. Raises InvalidSchema when it describes no
    object, or app or version are nowhere, AppMismatch when it names another application. ``known``
    is what other versions made.
    """
    if app is not None and mapping.get(PREFIX + "app", app) != app:
        named = mapping[PREFIX + "app"]
        raise AppMismatch(f"the schema is of {named!r}, not of '{app}'", app=named)
    app = app or _root_text(mapping, "app")
    version = version or _root_text(mapping, "version")
    return _Reading(mapping, known or Known()).document(app, version)


def _root_text(mapping: Mapping[str, object], field: str) -> str:
    text = mapping.get(PREFIX + field)
    if not isinstance(text, str):
        raise InvalidSchema(f"the schema does not say its {field}; name it, or add {PREFIX}{field}")
    return text


@attrs.frozen(eq=False)
class _Section:
    """An object whose properties become keys under ``prefix``."""

    prefix: str
    schema: Mapping[str, object]
    inside: frozenset[str]
    required: bool = True
    deprecated: bool = False


class _Reading:
    """One JSON Schema being read."""

    def __init__(self, root: Mapping[str, object], known: Known) -> None:
        self._root = root
        self._known = known
        self._notes: list[str] = []
        self._properties: dict[str, Property] = {}
        self._sections: dict[str, str] = {}
        self._names: dict[str, str] = {}  # pointer → definition
        self._waiting: list[tuple[str, str]] = []  # definition, pointer
        # What prefcore wrote says so: it means just what it says, and nothing by habit.
        self._ours = root.get(PREFIX + "dialect") in _DIALECTS
        self._dialect = str(root[PREFIX + "dialect"]) if self._ours else "json-schema"

    def document(self, app: str, version: str) -> SchemaDocument:
        root, inside = self._followed(self._root)
        if not isinstance(root.get("properties"), Mapping):
            raise InvalidSchema("the schema declares no preferences: it has no 'properties'")
        self._section(_Section("", root, inside | {""}))
        kept = {key: self._known.find(found) for key, found in self._properties.items()}
        told: dict[str, list[str]] = {key: [] for key in kept}
        shapes = {
            key: found.shape(told[key], self._definition)
            for key, found in self._properties.items()
            if kept[key] is None
        }
        if self._ours:
            for name in _mapping(self._root.get("$defs")):
                self._definition("#/$defs/" + name.replace("~", "~0").replace("/", "~1"))
        definitions = {}
        while self._waiting:
            name, pointer = self._waiting.pop()
            schema = self._at(pointer)
            whole = PREFIX + "shape" in _mapping(schema)
            definitions[name] = (shape_within if whole else _shape)(
                schema, f"#{pointer}", self._notes, self._definition
            )
        preferences = []
        for key, found in self._properties.items():
            made = kept[key]
            if made is None:
                preference = found.preference(shapes[key], definitions, told[key])
                self._known.keep(found, preference, told[key])
                made = preference, tuple(told[key])
            preferences.append(made[0])
            self._notes += made[1]
        description = root.get("description") or root.get("title") or ""
        return SchemaDocument(
            app,
            version,
            preferences,
            definitions=definitions,
            baseline=self._baseline(),
            reserved=self._reserved(),
            description=description if isinstance(description, str) else "",
            sections=self._sections,
            dialect=self._dialect,
            notes=folded(self._notes, self._properties),
        )

    def _section(self, section: _Section) -> None:
        schema, prefix = section.schema, section.prefix
        place = prefix or "#"
        needed = schema.get("required", ())
        required = set(needed) if isinstance(needed, (list, tuple)) else set()
        defaults = schema.get("default", {})
        if not isinstance(defaults, Mapping):
            self._note(place, f"the default of a section can't be {kind_of(defaults)}")
            defaults = {}
        for word in schema:
            if word not in _OF_SECTIONS and not (word in _OF_THE_ROOT and not prefix):
                self._note(place, f"the keyword '{word}' of a section is not understood")
        members = schema["properties"]
        assert isinstance(members, Mapping)  # what makes it a section
        for name, member in members.items():
            key = f"{prefix}.{name}" if prefix else name
            about, passed = self._followed(member)
            asked = name in required and section.required
            deprecated = section.deprecated or about.get("deprecated") is True
            if name in defaults and "default" not in about:
                about = {**about, "default": defaults[name]}
            if _is_section(about) and not passed & section.inside:
                self._help(key, about)
                inside = section.inside | passed
                self._section(_Section(key, about, inside, asked, deprecated))
                continue
            if name in required and not asked:
                self._note(key, "required inside a section that may be missing")
            if deprecated:
                about = {"deprecated": True, **about}
            self._property(key, member, about, {"required": True} if asked else {})

    def _property(
        self, key: str, schema: object, about: Mapping[str, object], fields: dict[str, object]
    ) -> None:
        try:
            check_key(key)
        except InvalidSchema as error:
            self._note("#", str(error))
            return
        if key in self._properties:
            self._note(key, "it is declared twice, by two spellings; the second")
            return
        inherited = {} if self._ours else about
        self._properties[key] = Property(key, schema, fields, inherited)

    def _help(self, key: str, about: Mapping[str, object]) -> None:
        text = about.get("description") or about.get("title")
        if isinstance(text, str):
            self._sections[key] = text

    def _followed(self, schema: object) -> tuple[Mapping[str, object], frozenset[str]]:
        """Give a schema with what its ``$ref`` means merged in, and the pointers passed."""
        if not isinstance(schema, Mapping):
            return {}, frozenset()
        merged = dict(schema)
        passed: set[str] = set()
        while isinstance(merged.get("$ref"), str):
            try:
                pointer = self._pointer(str(merged.pop("$ref")))
                target = self._at(pointer)
            except ValueError:  # noted where the shape is read
                break
            if pointer in passed or not isinstance(target, Mapping):
                break
            passed.add(pointer)
            merged = {**target, **merged}
        return merged, frozenset(passed)

    def _definition(self, ref: str) -> str:
        pointer = self._pointer(ref)
        self._at(pointer)
        if pointer not in self._names:
            *_, name = pointer.split("/")
            name = name.replace("~1", "/").replace("~0", "~")
            if pointer.count("/") != 2 or name in self._names.values():
                name = pointer.lstrip("/") or "#"
            self._names[pointer] = name
            self._waiting.append((name, pointer))
        return self._names[pointer]

    def _pointer(self, ref: str) -> str:
        own = self._root.get("$id")
        if isinstance(own, str) and own:
            ref = ref.removeprefix(own.rstrip("#"))
        if not ref.startswith("#"):
            raise ValueError(f"{ref!r} is remote and never fetched")
        pointer = unquote(ref[1:])
        if pointer and not pointer.startswith("/"):
            raise ValueError(f"{ref!r} is an anchor; only pointers (RFC 6901) are followed")
        return pointer

    def _at(self, pointer: str) -> object:
        found: object = self._root
        for part in pointer.split("/")[1:]:
            step = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                raise ValueError(f"'#{pointer}' names nothing in this schema")
        return found

    def _baseline(self) -> str | None:
        baseline = self._root.get(PREFIX + "baseline")
        if baseline is None or isinstance(baseline, str):
            return baseline
        self._note("#", f"{PREFIX}baseline takes text")
        return None

    def _reserved(self) -> list[str]:
        names = self._root.get(PREFIX + "reserved", [])
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            return names
        self._note("#", f"{PREFIX}reserved takes a list of texts")
        return []

    def _note(self, path: str, fault: str) -> None:
        self._notes.append(f"{path}: {fault}; it was left out")


def _shape(
    schema: object, place: str, notes: list[str], refs: Callable[[str], str] | None
) -> Shape:
    return Shape.from_json(schema, path=place, notes=notes, refs=refs)


def _mapping(schema: object) -> Mapping[str, object]:
    return schema if isinstance(schema, Mapping) else {}


def _is_section(schema: Mapping[str, object]) -> bool:
    rest = schema.get("additionalProperties", True)
    return (
        isinstance(schema.get("properties"), Mapping)
        and bool(schema["properties"])
        and schema.get("type", "object") in ("object", ["object"])
        and (isinstance(rest, bool) or rest == {})
        and not any(word in schema for word in _NOT_IN_SECTIONS)
        and schema.get(PREFIX + "preference") is not True
    )
