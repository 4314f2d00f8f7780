"""What JSON Schema and VS Code share: one foreign property becomes one preference."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from prefcore.errors import InvalidValue
from prefcore.schema.checks import kinds_of
from prefcore.schema.declared import Deprecation, Preference, read_field
from prefcore.schema.shape import ANY, Shape
from prefcore.values import UNSET, from_tagged

__all__ = ["ANNOTATING", "PREFIX", "Property", "folded", "shape_within"]

#: Our own keywords in foreign schemas: ``x-prefcore-`` and the name of a field, with hyphens.
PREFIX = "x-prefcore-"

# Keywords of JSON Schema that are a preference's business and not its shape's.
_FLAGS = {"readOnly": "locked", "writeOnly": "sensitive"}
#: Those that say something about a preference and restrict nothing.
ANNOTATING = frozenset(
    (
        "title",
        "description",
        "markdownDescription",
        "default",
        "examples",
        "deprecated",
        "deprecationMessage",
        "markdownDeprecationMessage",
    )
)
#: Our keywords that are read with the shape.
_OF_SHAPES = (PREFIX + "preference", PREFIX + "shape")


def shape_within(
    schema: object, place: str, notes: list[str], refs: Callable[[str], str] | None = None
) -> Shape:
    """Give the shape that a property's schema says: the one it holds in our own form, if any.

    Otherwise it is what the other keywords say, those left out that are no shape's business.
    """
    if isinstance(schema, Mapping):
        try:
            whole = from_tagged(schema.get(PREFIX + "shape"))
        except InvalidValue as error:
            notes.append(f"{place}: {PREFIX}shape: {error}; it was left out")
            whole = None
        schema = whole or {
            word: value
            for word, value in schema.items()
            if word not in ANNOTATING and word not in _FLAGS and not word.startswith(PREFIX)
        }
    return Shape.from_json(schema, path=place, notes=notes, refs=refs)


class Known:
    """What was read from other versions: a property that says the same is not read again.

    Versions of a schema share most of their properties, so reading a folder of them is mostly
    finding out that nothing changed; and what is one object needs no comparison later.
    """

    def __init__(self) -> None:
        self._read: dict[tuple[str, bytes], tuple[Preference, tuple[str, ...]]] = {}

    def find(self, one: Property) -> tuple[Preference, tuple[str, ...]] | None:
        """Give the preference that the same property made, with its notes; None where none did."""
        return self._read.get((one.key, one.fingerprint))

    def keep(self, one: Property, preference: Preference, notes: Iterable[str]) -> None:
        """Keep what a property made; one that refers to definitions is not by itself."""
        if not preference.shape.references():
            self._read[one.key, one.fingerprint] = (preference, tuple(notes))


@attrs.frozen(eq=False)
class Property:
    """One property on its way to become a preference.

    ``schema`` is what stands there; ``fields`` are what is known of the preference otherwise;
    ``inherited`` has the keywords of what its ``$ref`` means, for annotations that it lacks itself.
    """

    key: str
    schema: object
    fields: Mapping[str, object] = attrs.field(factory=dict)
    inherited: Mapping[str, object] = attrs.field(factory=dict)

    @property
    def fingerprint(self) -> bytes:
        """What tells the property from another of its key, true from 1 and 1 from 1.0."""
        told: Any = (self.schema, self.fields, self.inherited)  # of JSON's types alone
        # By far the fastest that does; it is compared in this process alone.
        return marshal.dumps(told, 2)

    def shape(self, notes: list[str], refs: Callable[[str], str] | None = None) -> Shape:
        """Give the property's shape; what is not understood goes to ``notes``."""
        return shape_within(self.schema, self.key, notes, refs)

    def preference(
        self, shape: Shape, definitions: Mapping[str, Shape], notes: list[str]
    ) -> Preference:
        """Give the preference of that shape, with the property's annotations."""
        own = self.schema if isinstance(self.schema, Mapping) else {}
        said = {**self.inherited, **own}
        words = {word: value for word, value in said.items() if word in ANNOTATING}
        about = Shape.from_json(words, path=self.key, notes=notes) if words else ANY
        default = about.default
        if default is None and "null" not in kinds_of(shape, definitions):
            default = UNSET  # the habit of schemas that can't leave a default out
        deprecated = None
        if about.deprecation:
            text = about.deprecation
            deprecated = Deprecation("" if text == "deprecated" else text)
        fields: dict[str, object] = {
            "default": default,
            "title": about.title,
            "help": about.description,
            "examples": about.examples,
            "deprecated": deprecated,
            **self.fields,
            **self._own(said, notes),
        }
        return Preference(self.key, shape, **fields)  # type: ignore[arg-type]  # read_field's types

    def _own(self, schema: Mapping[str, object], notes: list[str]) -> dict[str, object]:
        fields: dict[str, object] = {}
        for word, field in _FLAGS.items():
            if word in schema:
                fields[field] = schema[word] is True
        for word, value in schema.items():
            if not word.startswith(PREFIX) or word in _OF_SHAPES:
                continue
            name = word.removeprefix(PREFIX).replace("-", "_")
            try:
                fields[name] = read_field(name, from_tagged(value))
            except (ValueError, InvalidValue) as error:
                notes.append(f"{self.key}: {word}: {error}; it was left out")
        return fields


def folded(notes: Iterable[str], keys: Iterable[str]) -> list[str]:
    """Give the notes with those that say the same inside one key told once, with their number."""
    heads = sorted(keys, key=len, reverse=True)
    groups: dict[tuple[str, str], list[str]] = {}
    for note in notes:
        path, _, said = note.partition(": ")
        key = next((k for k in heads if path == k or path.startswith((f"{k}.", f"{k}["))), path)
        groups.setdefault((key, said), []).append(path)
    told = []
    for (key, said), paths in groups.items():
        more = f" (and at {len(paths) - 1} more places in {key})" if len(paths) > 1 else ""
        told.append(f"{paths[0]}: {said}{more}")
    return told
