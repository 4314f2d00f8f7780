"""What JSON Schema and VS Code share: one foreign property becomes one preference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import attrs

from prefcore.schema.checks import kinds_of
from prefcore.schema.declared import Deprecation, Preference, read_field
from prefcore.schema.shape import Shape
from prefcore.values import UNSET

__all__ = ["PREFIX", "Property", "folded"]

#: Our own keywords in foreign schemas: ``x-prefcore-`` and the name of a field, with hyphens.
PREFIX = "x-prefcore-"

_ABOUT = frozenset(("readOnly", "writeOnly"))


@attrs.frozen(eq=False)
class Property:
    """One property on its way to become a preference.

    ``schema`` is what stands there; ``fields`` are what is known of the preference otherwise;
    ``inherited`` gives annotations for those that ``schema`` lacks (of what its ``$ref`` means).
    """

    key: str
    schema: object
    fields: Mapping[str, object] = attrs.field(factory=dict)
    inherited: Mapping[str, object] = attrs.field(factory=dict)

    def shape(self, notes: list[str], refs: Callable[[str], str] | None = None) -> Shape:
        """Give the property's shape; what is not understood goes to ``notes``."""
        schema = self.schema
        if isinstance(schema, Mapping):
            schema = {
                word: value
                for word, value in schema.items()
                if word not in _ABOUT and not word.startswith(PREFIX)
            }
        return Shape.from_json(schema, path=self.key, notes=notes, refs=refs)

    def preference(
        self, shape: Shape, definitions: Mapping[str, Shape], notes: list[str]
    ) -> Preference:
        """Give the preference of that shape; the annotations of the shape become its own."""
        about = Shape.from_json(
            {w: v for w, v in self.inherited.items() if w in _ANNOTATING},
            path=self.key,
            notes=notes,
        )
        default = _first(shape.default, about.default, UNSET)
        if default is None and "null" not in kinds_of(shape, definitions):
            default = UNSET  # the habit of schemas that can't leave a default out
        fields: dict[str, object] = {
            "default": default,
            "title": _first(shape.title, about.title, ""),
            "help": _first(shape.description, about.description, ""),
            "examples": shape.examples or about.examples,
        }
        deprecation = shape.deprecation or about.deprecation
        if deprecation:
            fields["deprecated"] = Deprecation("" if deprecation == "deprecated" else deprecation)
        fields |= self.fields
        for place in (self.inherited, self.schema):
            if isinstance(place, Mapping):
                fields |= self._own(place, notes)
        plain = attrs.evolve(
            shape, title="", description="", default=UNSET, examples=(), deprecation=""
        )
        return Preference(self.key, plain, **fields)  # type: ignore[arg-type]  # read_field's types

    def _own(self, schema: Mapping[str, object], notes: list[str]) -> dict[str, object]:
        fields: dict[str, object] = {}
        for word, field in (("readOnly", "locked"), ("writeOnly", "sensitive")):
            if word in schema:
                fields[field] = schema[word] is True
        for word, value in schema.items():
            if not word.startswith(PREFIX) or word == PREFIX + "preference":
                continue
            name = word.removeprefix(PREFIX).replace("-", "_")
            try:
                fields[name] = read_field(name, value)
            except ValueError as error:
                notes.append(f"{self.key}: {word}: {error}; it was left out")
        return fields


_ANNOTATING = frozenset(
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


def _first(one: object, other: object, nothing: object) -> object:
    return other if one is nothing or one == "" else one


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
