"""Checks: a shape compiled into one closure that says what is wrong with a value, or None.

A value is checked for every set and every imported entry, so the common case, a scalar that fits,
is decided by one expression (0.1 µs). Everything else runs through the rules of ``rules``, and
words are made only for a value that does not fit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from math import inf
from operator import attrgetter

from prefcore.schema.keywords import ANNOTATIONS, KEYWORDS
from prefcore.schema.problems import Check, Problem
from prefcore.schema.rules import rule_checks
from prefcore.schema.shape import ANY, KINDS, Shape
from prefcore.values import kind_of

__all__ = ["Check", "Problem", "compile_check", "kinds_of"]

#: References followed in one check; only schemas whose alternatives multiply reach it.
MAX_STEPS = 200_000

_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "bytes": (bytes,),
    "datetime": (datetime,),
    "date": (date,),
    "time": (time,),
}
# What can tell values apart, and what it is where it says nothing.
_RULES = tuple(name for name, _, _ in KEYWORDS if name not in ANNOTATIONS and name != "kinds")
_rules = attrgetter(*_RULES)
_NO_RULES = _rules(ANY)


def compile_check(shape: Shape, definitions: Mapping[str, Shape]) -> Check:
    """Give the check of a shape: called with a portable value, it gives a Problem or None.

    ``definitions`` are what the shape's references name; a name that they lack allows everything
    (documents refuse or report it when they are made). Checks may run in several threads.
    """
    if shape.references():
        return _Referring(definitions).root(shape)
    return _compile(shape, lambda name: _fits)


class _Referring:
    """Compiles shapes that refer to definitions, each once, so that they may recurse."""

    def __init__(self, definitions: Mapping[str, Shape]) -> None:
        self._definitions = definitions
        self._made: dict[str, Check] = {}
        self._steps = threading.local()

    def root(self, shape: Shape) -> Check:
        steps, check = self._steps, _compile(shape, self._follow)

        def checked(value: object) -> Problem | None:
            steps.left = MAX_STEPS
            try:
                problem = check(value)
            except RecursionError:  # definitions that only refer to each other
                return _TOO_LONG
            return problem if steps.left > 0 else _TOO_LONG

        return checked

    def _follow(self, name: str) -> Check:
        def followed(value: object) -> Problem | None:
            self._steps.left -= 1
            if self._steps.left <= 0:
                return _TOO_LONG
            check = self._made.get(name)
            if check is None:
                check = _compile(self._definitions.get(name, ANY), self._follow)
                self._made[name] = check
            return check(value)

        return followed


_TOO_LONG = Problem(
    "ref",
    "",
    f"checking it takes more than {MAX_STEPS} steps; the schema's definitions multiply",
    "must be checkable in bounded time",
)


def _compile(shape: Shape, follow: Callable[[str], Check]) -> Check:
    rules = rule_checks(shape, lambda inner: _compile(inner, follow))
    if shape.ref is not None:
        rules.append(follow(shape.ref))
    if not rules:
        return _fits
    return _with_fast_path(shape, rules[0] if len(rules) == 1 else _all_of(tuple(rules)))


def _fits(value: object) -> None:
    return None


def _all_of(rules: tuple[Check, ...]) -> Check:
    def check(value: object) -> Problem | None:
        for rule in rules:
            problem = rule(value)
            if problem is not None:
                return problem
        return None

    return check


def _with_fast_path(shape: Shape, slow: Check) -> Check:
    """Put an expression before ``slow`` that is true only for values that surely fit."""
    rules = _rules(shape)
    used = set() if rules == _NO_RULES else _used(rules)
    types = frozenset(t for kind in shape.kinds for t in _TYPES.get(kind, ()))
    if used == {"enum"} and (str in types or not shape.kinds):
        allowed = frozenset(v for v in shape.enum or () if type(v) is str)
        return lambda value: None if type(value) is str and value in allowed else slow(value)
    if not types:
        return slow
    if not used:
        if len(types) == 1:
            (only,) = types
            return lambda value: None if type(value) is only else slow(value)
        return lambda value: None if type(value) in types else slow(value)
    if used <= {"minimum", "maximum"}:
        low = -inf if shape.minimum is None else shape.minimum
        high = inf if shape.maximum is None else shape.maximum
        numbers = types & {int, float}
        return lambda value: (
            None
            if type(value) in numbers and low <= value <= high  # type: ignore[operator]  # numbers
            else slow(value)
        )
    if used <= {"min_length", "max_length"} and str in types:
        shortest = shape.min_length or 0
        longest = inf if shape.max_length is None else shape.max_length
        return lambda value: (
            None if type(value) is str and shortest <= len(value) <= longest else slow(value)
        )
    return slow


def _used(rules: tuple[object, ...]) -> set[str]:
    return {name for name, rule, none in zip(_RULES, rules, _NO_RULES, strict=True) if rule != none}


def kinds_of(shape: Shape, definitions: Mapping[str, Shape]) -> frozenset[str]:
    """Give the types that some allowed value may have; ``integer`` too where ``number`` is."""
    return _kinds_of(shape, definitions, frozenset())


def _kinds_of(
    shape: Shape, definitions: Mapping[str, Shape], inside: frozenset[str]
) -> frozenset[str]:
    kinds = frozenset(shape.kinds or KINDS)
    if "number" in kinds:
        kinds |= {"integer"}
    if shape.enum is not None:
        kinds &= set(map(kind_of, shape.enum))
    for branches in (shape.any_of, shape.one_of):
        if branches:
            kinds &= frozenset().union(*(_kinds_of(b, definitions, inside) for b in branches))
    for part in shape.all_of:
        kinds &= _kinds_of(part, definitions, inside)
    if shape.ref is not None and shape.ref not in inside:
        referred = definitions.get(shape.ref, ANY)
        kinds &= _kinds_of(referred, definitions, inside | {shape.ref})
    return kinds
