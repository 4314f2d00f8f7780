"""What ``preference(…)`` says of an attribute, and the preference it makes with its annotation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

from prefcore.errors import InvalidSchema, InvalidValue
from prefcore.schema.annotations import holds_secret, shape_of
from prefcore.schema.checks import kinds_of
from prefcore.schema.declared import SCOPES, Deprecation, Preference
from prefcore.schema.patterns import pattern_fault
from prefcore.schema.shape import Shape
from prefcore.schema.structuring import to_portable
from prefcore.values import UNSET, Unset

__all__ = ["Declared", "declare", "deprecated", "preference"]

T = TypeVar("T")


@attrs.frozen(kw_only=True, eq=False)
class Declared:
    """What ``preference(…)`` says of an attribute."""

    default: object = UNSET
    key: str | None = None
    check: Callable[[Any], object] | None = None
    bounds: Mapping[str, Any] = attrs.field(factory=dict)
    fields: Mapping[str, Any] = attrs.field(factory=dict)


def preference(
    default: T | Unset = UNSET,
    *,
    ge: int | float | None = None,
    gt: int | float | None = None,
    le: int | float | None = None,
    lt: int | float | None = None,
    multiple_of: int | float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    pattern: str | None = None,
    unit: str = "",
    scopes: Iterable[str] = SCOPES,
    sensitive: bool = False,
    locked: bool = False,
    portable: bool = True,
    trusted_only: bool = False,
    audited: bool = False,
    deprecated: Deprecation | None = None,
    merge: str | None = None,
    requires_role: str | None = None,
    env: str | None = None,
    aliases: Iterable[str] = (),
    category: str = "",
    title: str = "",
    help: str = "",
    order: int | None = None,
    examples: Iterable[T] = (),
    key: str | None = None,
    check: Callable[[T], object] | None = None,
) -> T:
    """Declare one preference in the body of a Schema or Section.

    Without a ``default`` a value is required. ``ge``, ``gt``, ``le``, ``lt`` and ``multiple_of``
    bound numbers; ``min_length`` and ``max_length`` text, bytes, lists and dicts; ``pattern`` (a
    regular expression found anywhere) text. ``key`` is its key inside its section, else the
    attribute's name. ``check`` is called with each value that all else allows, and raises
    ValueError, saying what it should be, to refuse it (its message must not hold a sensitive
    value). The other arguments are the fields of Preference.
    """
    declared = Declared(
        default=default,
        key=key,
        check=check,
        bounds={
            "minimum": ge,
            "exclusive_minimum": gt,
            "maximum": le,
            "exclusive_maximum": lt,
            "multiple_of": multiple_of,
            "min_length": min_length,
            "max_length": max_length,
            "pattern": pattern,
        },
        fields={
            "unit": unit,
            "scopes": scopes,
            "sensitive": sensitive,
            "locked": locked,
            "portable": portable,
            "trusted_only": trusted_only,
            "audited": audited,
            "deprecated": deprecated,
            "merge": merge,
            "requires_role": requires_role,
            "env": env,
            "aliases": aliases,
            "category": category,
            "title": title,
            "help": help,
            "order": order,
            "examples": examples,
        },
    )
    return declared  # type: ignore[return-value]  # the class turns it into an attribute of type T


def deprecated(
    *, since: str = "", use: str = "", remove_in: str = "", message: str = ""
) -> Deprecation:
    """Say that a preference should no longer be used; versions are SemVer, ``use`` is a key."""
    return Deprecation(message=message, since=since, use=use, remove_in=remove_in)


def declare(place: str, key: str, hint: object, declared: Declared) -> Preference:
    """Give the preference of an attribute; ``place`` is its class and name, for messages.

    Raises InvalidSchema, naming the attribute, when the annotation is not supported or what is
    declared does not suit it.
    """
    try:
        shape = _bounded(shape_of(hint), declared.bounds)
        default = to_portable(declared.default) if declared.default is not UNSET else UNSET
        secret = holds_secret(hint)
        if secret and default not in (UNSET, None):
            raise ValueError("a Secret can have no default but None: schemas are no secret")
        fields = dict(declared.fields)
        fields["sensitive"] = secret or fields.get("sensitive", False)
        fields["examples"] = tuple(map(to_portable, fields.get("examples", ())))
        return Preference(key, shape, default=default, required=default is UNSET, **fields)
    except (ValueError, InvalidSchema, InvalidValue) as error:
        raise InvalidSchema(f"{place}: {error}", field=place) from error


_BOUNDS_OF = {
    "minimum": ("ge", ("integer", "number")),
    "exclusive_minimum": ("gt", ("integer", "number")),
    "maximum": ("le", ("integer", "number")),
    "exclusive_maximum": ("lt", ("integer", "number")),
    "multiple_of": ("multiple_of", ("integer", "number")),
    "pattern": ("pattern", ("string",)),
    "min_length": ("min_length", ("string", "bytes", "array", "object")),
    "max_length": ("max_length", ("string", "bytes", "array", "object")),
}


def _bounded(shape: Shape, bounds: Mapping[str, Any]) -> Shape:
    kinds = kinds_of(shape, {})
    rules: dict[str, Any] = {}
    for rule, bound in bounds.items():
        if bound is None:
            continue
        name, suits = _BOUNDS_OF[rule]
        if kinds.isdisjoint(suits):
            raise ValueError(f"{name} bounds {', '.join(suits)}, not {', '.join(sorted(kinds))}")
        if rule == "multiple_of" and bound <= 0:
            raise ValueError("multiple_of takes a number above 0")
        if rule == "pattern" and (fault := pattern_fault(bound)) is not None:
            raise ValueError(f"pattern {fault}")
        side = rule.removesuffix("_length")
        if side != rule:
            rules |= {f"{side}_items": bound} if "array" in kinds else {}
            rules |= {f"{side}_properties": bound} if "object" in kinds else {}
        if side == rule or not kinds.isdisjoint(("string", "bytes")):
            rules[rule] = bound
    if not rules:
        return shape
    bounded = attrs.evolve(shape, **rules)
    faults: list[str] = []
    Shape.from_json(bounded.to_json(), path="its bounds", notes=faults)
    if faults:
        raise ValueError(faults[0].removesuffix("; it was left out"))
    return bounded
