"""The keywords of JSON Schema as the fields of a shape, and their reading.

Understood are draft-07 and 2020-12, draft-04's boolean bounds and VS Code's additions. Sources:
https://json-schema.org/draft/2020-12/json-schema-validation and
https://code.visualstudio.com/api/references/contribution-points#contributes.configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import isfinite
from typing import Generic, TypeVar

from prefcore.errors import InvalidValue
from prefcore.schema.patterns import pattern_fault
from prefcore.values import canonical_text, kind_of

__all__ = ["ANNOTATIONS", "KEYWORDS", "KINDS", "MAX_NESTING", "NESTING", "KeywordReader"]

#: Every type of portable value, in the order shapes list them.
KINDS = (
    "null",
    "boolean",
    "integer",
    "number",
    "string",
    "bytes",
    "datetime",
    "date",
    "time",
    "array",
    "object",
)

#: Schemas inside schemas are read so deep: a document has 64 levels, and each needs two of them.
MAX_NESTING = 24

#: Field of Shape, keyword, how its value is read; in the order they are written.
KEYWORDS = (
    ("kinds", "type", "kinds"),
    ("enum", "enum", "values"),
    ("minimum", "minimum", "number"),
    ("maximum", "maximum", "number"),
    ("exclusive_minimum", "exclusiveMinimum", "bound"),
    ("exclusive_maximum", "exclusiveMaximum", "bound"),
    ("multiple_of", "multipleOf", "positive"),
    ("min_length", "minLength", "count"),
    ("max_length", "maxLength", "count"),
    ("pattern", "pattern", "pattern"),
    ("format", "format", "text"),
    ("prefix_items", "prefixItems", "shapes"),
    ("items", "items", "items"),
    ("min_items", "minItems", "count"),
    ("max_items", "maxItems", "count"),
    ("unique", "uniqueItems", "flag"),
    ("properties", "properties", "named shapes"),
    ("required", "required", "texts"),
    ("additional", "additionalProperties", "shape"),
    ("min_properties", "minProperties", "count"),
    ("max_properties", "maxProperties", "count"),
    ("any_of", "anyOf", "shapes"),
    ("one_of", "oneOf", "shapes"),
    ("all_of", "allOf", "shapes"),
    ("ref", "$ref", "ref"),
    ("title", "title", "text"),
    ("description", "description", "text"),
    ("default", "default", "value"),
    ("examples", "examples", "values"),
    ("enum_help", "enumDescriptions", "texts"),
    ("deprecation", "deprecationMessage", "text"),
)
ANNOTATIONS = frozenset(("title", "description", "default", "examples", "enum_help", "deprecation"))
NESTING = frozenset(("items", "shape", "shapes", "named shapes"))

_READ = {word: (field, kind) for field, word, kind in KEYWORDS}
# Other spellings, which `_settle` turns into the fields above.
_READ |= {
    "const": ("const", "value"),
    "additionalItems": ("additionalItems", "shape"),
    "markdownDescription": ("markdownDescription", "text"),
    "markdownEnumDescriptions": ("markdownEnumDescriptions", "texts"),
    "markdownDeprecationMessage": ("markdownDeprecationMessage", "text"),
    "deprecated": ("deprecated", "flag"),
}
_INSTEAD = (
    ("markdownDescription", "description"),
    ("markdownEnumDescriptions", "enum_help"),
    ("markdownDeprecationMessage", "deprecation"),
)
# What organises a schema and says nothing about values.
_SILENT = frozenset(("$schema", "$id", "$comment", "$defs", "definitions"))

S = TypeVar("S")


class KeywordReader(Generic[S]):
    """Reads JSON Schemas into shapes; what it does not understand goes to ``notes``.

    ``make`` is the class of shapes, ``anything`` the shape of true and ``nothing`` that of false;
    ``refs`` gives the name of the definition that a ``$ref``
    means, or raises ValueError with the reason why it can't be followed. ``ignored`` keywords are
    the caller's business.
    """

    def __init__(
        self,
        make: Callable[..., S],
        notes: list[str],
        *,
        anything: S,
        nothing: S,
        refs: Callable[[str], str] | None,
        ignored: Collection[str],
    ) -> None:
        self._make = make
        self._notes = notes
        self._refs = refs or _named_definition
        self._ignored = ignored
        self._any, self._nothing = anything, nothing

    def read(self, schema: object, path: str, depth: int = 0) -> S:
        """Give the shape of one schema (an object, true or false) that stands at ``path``."""
        if isinstance(schema, bool):
            return self._any if schema else self._nothing
        if not isinstance(schema, Mapping):
            self._note(path, f"a schema belongs here, not {_a(schema)}")
            return self._any
        if depth > MAX_NESTING:
            self._note(path, f"nested deeper than {MAX_NESTING} schemas")
            return self._any
        fields: dict[str, object] = {}
        for word, value in schema.items():
            field, kind = _READ.get(word, ("", ""))
            if field:
                try:
                    fields[field] = self._value(kind, value, word, path, depth)
                except ValueError as reason:
                    self._note(path, f"{word} {reason}")
            elif word not in _SILENT and word not in self._ignored:
                self._note(path, f"the keyword '{word}' is not understood")
        self._settle(fields, path)
        return self._make(**fields)

    def _note(self, path: str, fault: str) -> None:
        self._notes.append(f"{path}: {fault}; it was left out")

    def _value(self, kind: str, value: object, word: str, path: str, depth: int) -> object:
        plain = _PLAIN.get(kind)
        if plain is not None:
            return plain(value)
        if kind == "kinds":
            return self._kinds(value, path)
        if kind == "pattern":
            return self._pattern(value, path)
        if kind == "ref":
            return self._refs(_text(value))
        if kind == "named shapes":
            if not isinstance(value, Mapping):
                raise ValueError(f"takes an object, not {_a(value)}")
            return {k: self.read(v, f"{path}.{k}", depth + 1) for k, v in value.items()}
        if kind == "shape" or (kind == "items" and not isinstance(value, list)):
            if word == "additionalProperties" and isinstance(value, bool):
                return value
            step = "[]" if word == "items" else f".{word}"
            return self.read(value, path + step, depth + 1)
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"takes a list, not {_a(value)}")
        return tuple(self.read(s, f"{path}.{word}[{i}]", depth + 1) for i, s in enumerate(value))

    def _kinds(self, value: object, path: str) -> tuple[str, ...]:
        names = (value,) if isinstance(value, str) else value
        if not isinstance(names, (list, tuple)):
            raise ValueError(f"takes a name or a list of names, not {_a(value)}")
        for name in names:
            if name not in KINDS:
                self._note(path, f"the type {name!r} is not understood")
        return tuple(name for name in names if name in KINDS)

    def _pattern(self, value: object, path: str) -> str:
        fault = pattern_fault(_text(value))
        if fault is not None:
            # Kept, for those who can read it; checks skip it.
            self._notes.append(f"{path}: pattern {fault}; it is kept and not checked")
        return _text(value)

    def _settle(self, fields: dict[str, object], path: str) -> None:
        """Bring other spellings into the fields of a shape."""
        if "const" in fields:
            const = fields.pop("const")
            texts = [canonical_text(value) for value in _list(fields.get("enum", (const,)))]
            fields["enum"] = (const,) if canonical_text(const) in texts else ()
        for spelled, field in _INSTEAD:
            if spelled in fields:
                fields[field] = fields.pop(spelled)
        if fields.pop("deprecated", False):
            fields.setdefault("deprecation", "deprecated")
        self._settle_items(fields, path)
        if "items" in fields and fields["items"] == self._any:
            del fields["items"]
        if "additional" in fields and not isinstance(fields["additional"], bool):
            for shape, flag in ((self._any, True), (self._nothing, False)):
                if fields["additional"] == shape:
                    fields["additional"] = flag
        for field, bound in (("exclusive_minimum", "minimum"), ("exclusive_maximum", "maximum")):
            exclusive = fields.get(field)
            if isinstance(exclusive, bool):  # draft-04: it says how to read the other bound
                del fields[field]
                if exclusive and bound in fields:
                    fields[field] = fields.pop(bound)

    def _settle_items(self, fields: dict[str, object], path: str) -> None:
        rest = fields.pop("additionalItems", None)
        if isinstance(fields.get("items"), tuple):  # before 2020-12, items named the first ones
            fields["prefix_items"] = fields.pop("items")
            if rest is not None:
                fields["items"] = rest
        elif rest is not None:
            self._note(path, "additionalItems has no meaning without a list of items")


def _named_definition(ref: str) -> str:
    for root in ("#/definitions/", "#/$defs/"):
        if ref.startswith(root) and "/" not in ref[len(root) :]:
            return ref[len(root) :].replace("~1", "/").replace("~0", "~")
    raise ValueError(f"{ref!r} is not one of this document's definitions")


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise ValueError(f"takes a number, not {_a(value)}")
    return value


def _bound(value: object) -> object:
    return value if isinstance(value, bool) else _number(value)


def _positive(value: object) -> object:
    number = _number(value)
    if not number > 0:  # type: ignore[operator]  # _number gives numbers
        raise ValueError("takes a number above 0")
    return number


def _count(value: object) -> object:
    number = _number(value)
    if number != int(number) or number < 0:  # type: ignore[call-overload, operator]  # a number
        raise ValueError("takes a whole number from 0 up")
    return int(number)  # type: ignore[call-overload]  # a number


def _flag(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError(f"takes true or false, not {_a(value)}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"takes text, not {_a(value)}")
    return value


def _list(value: object) -> tuple[object, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(f"takes a list, not {_a(value)}")
    return tuple(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))


def _portable(value: object) -> object:
    try:
        canonical_text(value)
    except InvalidValue as error:
        raise ValueError(f"holds what no preference can hold: {error}") from error
    return value


def _values(value: object) -> tuple[object, ...]:
    return tuple(map(_portable, _list(value)))


def _a(value: object) -> str:
    kind = kind_of(value)
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}" if kind != "null" else "null"


_PLAIN: dict[str, Callable[[object], object]] = {
    "number": _number,
    "bound": _bound,
    "positive": _positive,
    "count": _count,
    "flag": _flag,
    "text": _text,
    "texts": _texts,
    "value": _portable,
    "values": _values,
}
