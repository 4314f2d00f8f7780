"""Reading preferences from VS Code's ``contributes.configuration``.

Source: https://code.visualstudio.com/api/references/contribution-points#contributes.configuration.
A property may stand in user and project (workspace) settings; ``application`` ones only in the
user's, and those of a machine do not travel.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import attrs

from prefcore.errors import AppMismatch, InvalidSchema
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.declared import Deprecation, Preference, check_key
from prefcore.schema.foreign import Known, Property, folded
from prefcore.values import kind_of

__all__ = ["from_vscode"]

_ANYWHERE = {"scopes": ("user", "project")}
_ONLY_HERE = {"scopes": ("user", "project"), "portable": False}
_SCOPES: dict[object, dict[str, object]] = {
    None: dict(_ANYWHERE),
    "resource": dict(_ANYWHERE),
    "window": dict(_ANYWHERE),
    "language-overridable": dict(_ANYWHERE),
    "application": {"scopes": ("user",)},
    "machine": dict(_ONLY_HERE),
    "machine-overridable": dict(_ONLY_HERE),
}
# Of a property, beside JSON Schema.
_EXTRA = frozenset(("scope", "order", "restricted", "ignoreSync"))
# "Use `go.b` instead" and "use `#go.b#`" in a deprecation.
_USE = re.compile(r"\buse\s+`#?([^`#]+)#?`", re.IGNORECASE)


def from_vscode(
    mapping: Mapping[str, object] | list[object],
    *,
    app: str | None = None,
    version: str | None = None,
    known: Known | None = None,
) -> SchemaDocument:
    """Give the schema document of an extension's settings.

    ``mapping`` is a whole package.json, its ``contributes.configuration`` (one object or a list of
    them), or such an object with ``application`` and ``version`` beside ``properties``. What is not
    understood is in the document's ``notes``. ``known`` is what other versions made. Raises
    InvalidSchema when there are no properties or the application or version is nowhere said,
    AppMismatch when another application is.
    """
    named, said = _identity(mapping)
    if app is not None and named is not None and app != named:
        raise AppMismatch(f"the schema is of '{named}', not of '{app}'", app=named)
    if not (app or named) or not (version or said):
        missing = "version" if app or named else "application"
        raise InvalidSchema(f"the schema does not say its {missing}; name it")
    notes: list[str] = []
    found: dict[str, Property] = {}
    for category, properties in _configurations(mapping):
        for key, schema in properties.items():
            try:
                check_key(key)
            except InvalidSchema as error:
                notes.append(f"{error}; it was left out")
                continue
            if key in found:
                notes.append(f"{key}: it is declared twice; the second was left out")
                continue
            found[key] = _property(key, schema, category, notes)
    known = known or Known()
    preferences = [_preference(one, known, notes) for one in found.values()]
    return SchemaDocument(
        str(app or named),
        str(version or said),
        [_with_use(preference, found) for preference in preferences],
        dialect="vscode",
        notes=folded(notes, found),
    )


def _identity(mapping: Mapping[str, object] | list[object]) -> tuple[str | None, str | None]:
    if not isinstance(mapping, Mapping):
        return None, None
    name, publisher = mapping.get("name"), mapping.get("publisher")
    app = mapping.get("application")
    if app is None and isinstance(name, str) and "contributes" in mapping:
        app = f"{publisher}.{name}" if publisher else name
    version = mapping.get("version")
    return (
        app if isinstance(app, str) else None,
        version if isinstance(version, str) else None,
    )


def _configurations(
    mapping: Mapping[str, object] | list[object],
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Give each configuration's title and its properties."""
    given: object = mapping
    if isinstance(given, Mapping) and "contributes" in given:
        contributes = given["contributes"]
        given = contributes.get("configuration") if isinstance(contributes, Mapping) else None
    parts = given if isinstance(given, list) else [given]
    for part in parts:
        properties = part.get("properties") if isinstance(part, Mapping) else None
        if not isinstance(part, Mapping) or not isinstance(properties, Mapping):
            raise InvalidSchema(
                f"a configuration takes an object with 'properties', not {kind_of(part)}"
            )
        title = part.get("title")
        yield title if isinstance(title, str) else "", properties


def _property(key: str, schema: object, category: str, notes: list[str]) -> Property:
    if not isinstance(schema, Mapping):
        return Property(key, schema, {**_ANYWHERE, "category": category})
    scope, order = schema.get("scope"), schema.get("order")
    fields: dict[str, object] = {"category": category}
    known = _SCOPES.get(scope) if scope is None or isinstance(scope, str) else None
    if known is None:
        notes.append(f"{key}: there is no scope {scope!r}; it was taken as 'window'")
    fields |= known or _ANYWHERE
    if isinstance(order, int) and not isinstance(order, bool):
        fields["order"] = order
    elif order is not None:
        notes.append(f"{key}: order takes an integer; it was left out")
    for word, field, value in (
        ("restricted", "trusted_only", True),
        ("ignoreSync", "portable", False),
    ):
        if schema.get(word) is True:
            fields[field] = value
    return Property(key, {w: v for w, v in schema.items() if w not in _EXTRA}, fields)


def _preference(one: Property, known: Known, notes: list[str]) -> Preference:
    kept = known.find(one)
    if kept is None:
        told: list[str] = []
        made = one.preference(one.shape(told), {}, told)
        known.keep(one, made, told)
        kept = made, tuple(told)
    notes += kept[1]
    return kept[0]


def _with_use(preference: Preference, known: Mapping[str, object]) -> Preference:
    """Name the key that a deprecation's message tells to use, where it names a known one."""
    if preference.deprecated is None:
        return preference
    told = [key for key in _USE.findall(preference.deprecated.message) if key in known]
    if len(told) != 1:
        return preference
    return attrs.evolve(
        preference, deprecated=Deprecation(preference.deprecated.message, use=told[0])
    )
