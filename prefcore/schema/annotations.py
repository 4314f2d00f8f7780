"""Which shape a Python annotation declares."""

from __future__ import annotations

import types
from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum
from pathlib import PurePath
from typing import Annotated, Any, Literal, NewType, Union, get_args, get_origin

import attrs

from prefcore.schema.secret import Secret
from prefcore.schema.shape import ANY, NOTHING, Shape
from prefcore.values import kind_of

__all__ = ["PLAIN", "holds_secret", "is_secret", "is_union", "shape_of"]

#: Annotations whose values are portable as they are.
PLAIN: dict[object, Shape] = {
    bool: Shape(kinds=("boolean",)),
    int: Shape(kinds=("integer",)),
    str: Shape(kinds=("string",)),
    bytes: Shape(kinds=("bytes",)),
    datetime: Shape(kinds=("datetime",)),
    date: Shape(kinds=("date",)),
    time: Shape(kinds=("time",)),
    type(None): Shape(kinds=("null",)),
    None: Shape(kinds=("null",)),
    Any: ANY,
    object: ANY,
}
_PORTABLE = (
    "bool, int, float, str, bytes, datetime, date, time, None, Path, Literal, Enum, Secret, "
    "unions, list, tuple, set, dict[str, …] or a Section"
)


def shape_of(hint: object) -> Shape:
    """Give the shape of the values that an annotation allows.

    Raises ValueError, saying what is supported, when it allows what no preference can hold.
    """
    if hint in PLAIN:
        return PLAIN[hint]
    if hint is float:
        return Shape(kinds=("number",))
    origin = get_origin(hint)
    if origin in _GENERIC:
        return _GENERIC[origin](get_args(hint))
    if isinstance(hint, NewType):
        return shape_of(hint.__supertype__)
    if isinstance(hint, type):
        if issubclass(hint, PurePath):
            return Shape(kinds=("string",), format="path")
        if issubclass(hint, Enum):
            return _listing([member.value for member in hint])
        if hint in _BARE:
            return Shape(kinds=(_BARE[hint],))
    raise ValueError(f"{_name(hint)} is not supported; use {_PORTABLE}")


def is_union(hint: object) -> bool:
    """Say whether an annotation is ``X | Y``, ``Optional[X]`` or ``Union[X, Y]``."""
    return get_origin(hint) in (Union, types.UnionType)


def holds_secret(hint: object) -> bool:
    """Say whether a Secret stands anywhere in an annotation."""
    return is_secret(hint) or any(map(holds_secret, get_args(hint)))


def is_secret(hint: object) -> bool:
    """Say whether an annotation is ``Secret[…]``."""
    origin: object = get_origin(hint)
    return origin is Secret


def _listing(values: list[object]) -> Shape:
    plain = [value.value if isinstance(value, Enum) else value for value in values]
    for value in plain:
        if kind_of(value) not in ("null", "boolean", "integer", "number", "string"):
            raise ValueError(
                f"the choice {value!r} is not supported; use text, numbers or booleans"
            )
    return Shape(kinds=tuple({kind_of(value) for value in plain}), enum=tuple(plain))


def _union(members: tuple[object, ...]) -> Shape:
    shapes = [shape_of(member) for member in members]
    plain = [shape for shape in shapes if shape == Shape(kinds=shape.kinds) and shape.kinds]
    rest = [shape for shape in shapes if shape not in plain]
    kinds = tuple(kind for shape in plain for kind in shape.kinds)
    if not rest:
        return Shape(kinds=kinds)
    if ANY in rest:
        return ANY
    if len(rest) == 1 and kinds == ("null",) and rest[0].kinds and not rest[0].any_of:
        enum = rest[0].enum
        return attrs.evolve(
            rest[0],
            kinds=(*rest[0].kinds, "null"),
            enum=enum if enum is None else (*enum, None),
        )
    return Shape(any_of=(*([Shape(kinds=kinds)] if kinds else []), *rest))


def _list(arguments: tuple[object, ...]) -> Shape:
    items = shape_of(arguments[0])
    return Shape(kinds=("array",), items=None if items == ANY else items)


def _set(arguments: tuple[object, ...]) -> Shape:
    return attrs.evolve(_list(arguments), unique=True)


def _tuple(arguments: tuple[object, ...]) -> Shape:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return _list(arguments)
    size = len(arguments)
    return Shape(
        kinds=("array",),
        prefix_items=tuple(map(shape_of, arguments)),
        items=NOTHING,
        min_items=size,
        max_items=size,
    )


def _dict(arguments: tuple[object, ...]) -> Shape:
    if arguments[0] is not str:
        raise ValueError(f"a dict's keys must be str, not {_name(arguments[0])}")
    values = shape_of(arguments[1])
    return Shape(kinds=("object",), additional=True if values == ANY else values)


def _name(hint: object) -> str:
    return hint.__qualname__ if isinstance(hint, type) else str(hint)


_GENERIC: dict[object, Callable[[tuple[object, ...]], Shape]] = {
    Union: _union,
    types.UnionType: _union,
    Literal: lambda values: _listing(list(values)),
    Annotated: lambda arguments: shape_of(arguments[0]),
    Secret: lambda arguments: shape_of(arguments[0]),
    list: _list,
    tuple: _tuple,
    set: _set,
    frozenset: _set,
    dict: _dict,
}
_BARE: dict[type, str] = {list: "array", tuple: "array", dict: "object"}
