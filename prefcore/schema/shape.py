"""Shapes: which values a preference may hold, in a normal form of JSON Schema.

A shape says what JSON Schema (draft 2020-12) says, with these differences, all towards portable
values: ``integer`` takes no float, not even 1.0; ``number`` takes integers; ``boolean`` is neither;
``bytes``, ``datetime``, ``date`` and ``time`` are types of their own; ``enum`` and ``uniqueItems``
compare by canonical text, so 1 is not 1.0; ``format`` is kept and never checked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from operator import attrgetter

import attrs

from prefcore.errors import InvalidSchema
from prefcore.schema.keywords import ANNOTATIONS, KEYWORDS, KINDS, NESTING, KeywordReader
from prefcore.values import UNSET, canonical_text

__all__ = ["ANY", "KINDS", "NOTHING", "Shape"]

_ORDER = {kind: place for place, kind in enumerate(KINDS)}


def _normal_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    if type(kinds) is tuple and (not kinds or (len(kinds) == 1 and kinds[0] in _ORDER)):
        return kinds
    unique = set(kinds)
    unknown = sorted(unique - _ORDER.keys())
    if unknown:
        raise InvalidSchema(
            f"'{unknown[0]}' is no type of value; known are {', '.join(KINDS)}", kind=unknown[0]
        )
    if "number" in unique:
        unique.discard("integer")
    return tuple(sorted(unique, key=_ORDER.__getitem__))


def _sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names))) if names else ()


def _members(properties: Mapping[str, Shape]) -> dict[str, Shape]:
    return dict(properties)


def _by_text(value: object) -> object:
    # Python's 1 == True would make shapes equal that allow different values.
    if isinstance(value, tuple):
        return tuple(map(canonical_text, value))
    return value if value is None or value is UNSET else canonical_text(value)


@attrs.frozen(hash=False)
class Shape:
    """Which values are allowed: each field is a rule of JSON Schema, absent by default.

    ``kinds`` are the types (empty: any), ``additional`` says what an object's other members may be,
    ``ref`` names one of the document's definitions, which applies beside the other rules. The
    fields from ``title`` on are annotations: they restrict nothing. An empty ``enum`` allows
    nothing at all. Raises InvalidSchema for an unknown type.
    """

    kinds: tuple[str, ...] = attrs.field(default=(), converter=_normal_kinds)
    enum: tuple[object, ...] | None = attrs.field(default=None, eq=_by_text)
    minimum: int | float | None = None
    maximum: int | float | None = None
    exclusive_minimum: int | float | None = None
    exclusive_maximum: int | float | None = None
    multiple_of: int | float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    format: str | None = None
    prefix_items: tuple[Shape, ...] = ()
    items: Shape | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique: bool = False
    properties: Mapping[str, Shape] = attrs.field(factory=dict, converter=_members)
    required: tuple[str, ...] = attrs.field(default=(), converter=_sorted_names)
    additional: bool | Shape = True
    min_properties: int | None = None
    max_properties: int | None = None
    any_of: tuple[Shape, ...] = ()
    one_of: tuple[Shape, ...] = ()
    all_of: tuple[Shape, ...] = ()
    ref: str | None = None
    title: str = ""
    description: str = ""
    default: object = attrs.field(default=UNSET, eq=_by_text)
    examples: tuple[object, ...] = attrs.field(default=(), eq=_by_text)
    enum_help: tuple[str, ...] = ()
    deprecation: str = ""

    @classmethod
    def from_json(
        cls,
        mapping: object,
        *,
        path: str,
        notes: list[str],
        refs: Callable[[str], str] | None = None,
        ignored: Collection[str] = (),
    ) -> Shape:
        """Give the shape that a JSON Schema (an object, true or false) says.

        What is not understood is left out and appended to ``notes`` with its ``path``; nothing is
        fatal. ``refs`` gives the name of the definition that a ``$ref`` means, or raises ValueError
        with the reason why it can't be followed; by default only ``#/definitions/x`` and
        ``#/$defs/x`` can. Rules beside a ``$ref`` apply too, as in 2020-12. ``ignored`` keywords
        are left to the caller.
        """
        reader = KeywordReader(
            cls, notes, anything=ANY, nothing=NOTHING, refs=refs, ignored=ignored
        )
        return reader.read(mapping, path)

    def to_json(self) -> dict[str, object]:
        """Give the shape as a portable object, which ``from_json`` reads back to an equal shape."""
        return {
            word: _json_value(kind, value)
            for value, (_, word, kind, default) in zip(_values(self), _FIELDS, strict=True)
            if value is not default and (default is None or kind == "value" or value != default)
        }

    def constraints(self) -> Shape:
        """Give the shape without annotations, all the way down: only what restricts values."""
        changes: dict[str, object] = {}
        for value, (field, _, kind, default) in zip(_values(self), _FIELDS, strict=True):
            if value is default:
                continue
            if field in ANNOTATIONS:
                changes[field] = default
            elif kind in NESTING and value:
                changes[field] = _map_shapes(value, Shape.constraints)
        if not changes:
            return self
        return attrs.evolve(self, **changes)  # type: ignore[arg-type]  # by the table's names

    def same_rules(self, other: Shape) -> bool:
        """Say whether two shapes have the same constraints, by the names they refer to."""
        if self is other:
            return True
        for mine, theirs, kind in zip(_rules(self), _rules(other), _RULE_KINDS, strict=True):
            if mine is theirs:
                continue
            if kind in NESTING:
                if not _same_nested(mine, theirs):
                    return False
            elif kind == "values":
                if _by_text(mine) != _by_text(theirs):
                    return False
            elif mine != theirs:
                return False
        return True

    def children(self) -> Iterator[tuple[str, Shape]]:
        """Give the shapes inside this one, each with where it stands, such as ``items``."""
        if self.is_flat:
            return
        for value, (_, word, _, _) in zip(_nested(self), _NESTING_FIELDS, strict=True):
            if isinstance(value, Shape):
                yield word, value
            elif isinstance(value, dict):
                yield from ((f"{word}.{name}", shape) for name, shape in value.items())
            elif isinstance(value, tuple):
                yield from ((f"{word}[{i}]", shape) for i, shape in enumerate(value))

    @property
    def is_flat(self) -> bool:
        """Whether no shapes are inside this one."""
        return _nested(self) == _FLAT

    def walk(self, path: str = "") -> Iterator[tuple[str, Shape]]:
        """Give this shape and all inside it, each with its path."""
        yield path, self
        for step, shape in self.children():
            yield from shape.walk(f"{path}.{step}" if path else step)

    def references(self) -> set[str]:
        """Give the names of the definitions that this shape refers to, itself or inside."""
        if self.is_flat:
            return set() if self.ref is None else {self.ref}
        return {shape.ref for _, shape in self.walk() if shape.ref is not None}


def _same_nested(one: object, other: object) -> bool:
    if isinstance(one, Shape):
        return isinstance(other, Shape) and one.same_rules(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            shape.same_rules(other[name]) for name, shape in one.items()
        )
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(Shape.same_rules, one, other))
    return one == other  # additional: true or false, or a shape on one side alone


def _json_value(kind: str, value: object) -> object:
    if kind in NESTING:
        return _map_shapes(value, _json_schema)
    if kind == "ref":
        return "#/definitions/" + str(value).replace("~", "~0").replace("/", "~1")
    if not isinstance(value, tuple):
        return value
    return value[0] if kind == "kinds" and len(value) == 1 else list(value)


def _json_schema(shape: Shape) -> object:
    return False if shape == NOTHING else shape.to_json()


def _map_shapes(value: object, change: Callable[[Shape], object]) -> object:
    if isinstance(value, Shape):
        return change(value)
    if isinstance(value, dict):
        return {name: change(shape) for name, shape in value.items()}
    if isinstance(value, tuple):
        changed = tuple(map(change, value))
        return changed if change is Shape.constraints else list(changed)
    return value  # additional: true or false


_DEFAULTS = {field.name: field.default for field in attrs.fields(Shape)}
_FIELDS = tuple(
    (field, word, kind, {} if field == "properties" else _DEFAULTS[field])
    for field, word, kind in KEYWORDS
)
_NESTING_FIELDS = tuple(entry for entry in _FIELDS if entry[2] in NESTING)
# All at once: an upgrade reads, writes and compares tens of thousands of shapes.
_values = attrgetter(*(entry[0] for entry in _FIELDS))
_rules = attrgetter(*(entry[0] for entry in _FIELDS if entry[0] not in ANNOTATIONS))
_RULE_KINDS = tuple(entry[2] for entry in _FIELDS if entry[0] not in ANNOTATIONS)
_nested = attrgetter(*(entry[0] for entry in _NESTING_FIELDS))
_FLAT = tuple(entry[3] for entry in _NESTING_FIELDS)

#: The shape that every value fits, and the one that none does.
ANY = Shape()
NOTHING = Shape(enum=())
