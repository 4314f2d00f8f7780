"""Values as their declared Python types, and back to portable ones; the one user of cattrs here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from enum import Enum
from functools import partial
from operator import is_
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

from cattrs import Converter
from cattrs.errors import BaseValidationError

from prefcore.errors import InvalidValue
from prefcore.schema.annotations import PLAIN, is_secret, is_union, shape_of
from prefcore.schema.checks import compile_check
from prefcore.schema.secret import Secret
from prefcore.values import canonical_text, kind_of

__all__ = ["reader_of", "to_portable"]


def reader_of(hint: object) -> Callable[[str, object], object] | None:
    """Give what makes a portable value the declared type, or None where it is that already.

    The reader takes the key, for the error, and the value; it raises InvalidValue when the value
    can't be of that type.
    """
    if _is_plain(hint):
        return None
    hook = _converter.get_structure_hook(hint)

    def read(key: str, value: object) -> object:
        try:
            return hook(value, hint)
        except (BaseValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidValue(
                f"{key}: the value held ({kind_of(value)}) can't be read as declared; "
                "'prefcore validate' lists such values",
                key=key,
                rule="type",
            ) from error

    return read


def to_portable(value: object) -> object:
    """Give the portable form of a declared type's value; what is portable stays as it is.

    So does what is nested without end, which the check of portable values refuses.
    """
    try:
        return _converter.unstructure(value)
    except RecursionError:
        return value


def _is_plain(hint: object) -> bool:
    if is_union(hint):
        return all(map(_is_plain, get_args(hint)))
    if get_origin(hint) is Literal:
        return not any(isinstance(value, Enum) for value in get_args(hint))
    return hint in PLAIN


def _exactly(kind: type) -> Callable[[object, object], object]:
    def structure(value: object, _: object) -> object:
        # bool is not int, and cattrs would call int("5").
        if type(value) is kind or (isinstance(value, kind) and not isinstance(value, bool)):
            return value
        raise TypeError(f"{kind_of(value)} is not {kind.__name__}")

    return structure


def _is_enum(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, Enum)


def _member(value: object, hint: Any) -> object:
    text = canonical_text(value)
    for member in hint:
        if canonical_text(member.value) == text:  # 1 is not True, nor 1.0
            return member
    raise ValueError(f"{hint.__name__} has no such member")


def _float(value: object, _: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise TypeError(f"{kind_of(value)} is not float")


def _union_hook(hint: object) -> Callable[[object, object], object]:
    """Read a value as the first member of the union whose shape it fits."""
    members = [
        (compile_check(shape_of(member), {}), _converter.get_structure_hook(member), member)
        for member in get_args(hint)
    ]

    def structure(value: object, _: object) -> object:
        for check, hook, member in members:
            if check(value) is None:
                return hook(value, member)
        raise TypeError(f"{kind_of(value)} is not {hint}")

    return structure


def _secret_hook(hint: object) -> Callable[[object, object], object]:
    (inner,) = get_args(hint)
    hook = _converter.get_structure_hook(inner)
    return lambda value, _: Secret(hook(value, inner))


def _as_list(values: Any) -> list[object]:
    return [_converter.unstructure(value) for value in values]


def _as_sorted_list(values: Any) -> list[object]:
    # A set has no order of its own; the same set must give the same text.
    return sorted(_as_list(values), key=canonical_text)


def _make_converter() -> Converter:
    made = Converter()
    # By identity: a hook registered for a class would take its subclasses too, such as IntEnum.
    for kind in (bool, int, str, bytes, datetime, date, time, type(None)):
        made.register_structure_hook_func(partial(is_, kind), _exactly(kind))
    made.register_structure_hook_func(partial(is_, float), _float)
    made.register_structure_hook_func(_is_enum, _member)
    made.register_structure_hook_func(
        lambda hint: isinstance(hint, type) and issubclass(hint, PurePath),
        lambda value, hint: hint(_exactly(str)(value, str)),
    )
    made.register_structure_hook_factory(is_union, _union_hook)
    made.register_structure_hook_factory(is_secret, _secret_hook)
    made.register_structure_hook_func(lambda hint: hint in (Any, object), lambda value, _: value)
    made.register_unstructure_hook(Secret, lambda secret: _converter.unstructure(secret.reveal()))
    made.register_unstructure_hook_func(
        lambda kind: isinstance(kind, type) and issubclass(kind, PurePath), str
    )
    made.register_unstructure_hook_func(lambda kind: kind is tuple, _as_list)
    made.register_unstructure_hook_func(lambda kind: kind in (set, frozenset), _as_sorted_list)
    return made


_converter = _make_converter()
