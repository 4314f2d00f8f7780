"""Values of a shape: a hypothesis strategy for what a declaration allows.

Where a shape sets no bounds, values are of ordinary size: integers of 32 bits, floats up to 1e9,
short texts and lists. What a shape's rules make hard to hit is drawn and filtered.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from datetime import timedelta, timezone
from fractions import Fraction

import attrs
from hypothesis import strategies as st

from prefcore.schema import SchemaDocument, Shape, compile_check
from prefcore.schema.combining import both, whole
from prefcore.schema.patterns import pattern_fault
from prefcore.values import MAX_INTEGER, MIN_INTEGER, UNSET, canonical_text
from prefcore_testing.values import portable_values

__all__ = ["values_for", "values_of"]

Strategy = st.SearchStrategy[object]

_LARGE = 2**31
#: Levels of references and containers; below, only what must be there is.
_DEEPEST = 4
_TEXTS = ("", "0", "15", "1.5", "true", "a b", "Größe", "C:\\x", " x ")
_zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_characters = st.characters(codec="utf-8")
_names = st.sampled_from(["a", "b", "x-y", "é"]) | st.text(_characters, max_size=5)


def values_for(schema: SchemaDocument, key: str) -> Strategy:
    """Give values that a schema allows for a key, its default among them."""
    preference = schema.preference(key)
    drawn = values_of(preference.shape, schema.definitions)
    known = [] if preference.default is UNSET else [preference.default]
    known = [one for one in (*known, *preference.examples) if schema.check(key, one) is None]
    return drawn | st.sampled_from(known) if known else drawn


def values_of(shape: Shape, definitions: Mapping[str, Shape] | None = None) -> Strategy:
    """Give values that a shape allows; ``definitions`` are what its references name.

    A shape that allows nothing gives an empty strategy or one that finds no value.
    """
    return _allowed(shape, definitions or {}, _DEEPEST)


def _allowed(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Strategy:
    check = compile_check(shape, definitions)
    if shape.enum is not None:
        fitting = [value for value in shape.enum if check(value) is None]
        return st.sampled_from(fitting) if fitting else st.nothing()
    full = whole(shape, definitions)
    branches = full.any_of or full.one_of
    if branches:
        parent = attrs.evolve(full, any_of=(), one_of=())
        made = [_allowed(both(parent, one), definitions, depth) for one in branches]
        return st.one_of(made).filter(lambda value: check(value) is None)
    if full.enum is not None:
        return _allowed(full, definitions, depth).filter(lambda value: check(value) is None)
    if not full.kinds and full.constraints() == Shape():
        return portable_values(max_leaves=4) if depth else st.none() | st.text(max_size=3)
    kinds = full.kinds or tuple(_KINDS)
    made = [_KINDS[kind](full, definitions, depth) for kind in kinds]
    return st.one_of(made).filter(lambda value: check(value) is None)


# ----------------------------------------------------------------------------------- numbers


def _integers(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Strategy:
    low, high = _bounds(shape)
    step = Fraction(str(shape.multiple_of)) if shape.multiple_of else Fraction(1)
    whole = Fraction(step.numerator)  # the integers among the multiples
    least, most = -((-low) // whole), high // whole
    if least > most:
        return st.nothing()
    near = {n for n in (least, least + 1, most - 1, most, 0, 1) if least <= n <= most}
    numbers = st.sampled_from(sorted(near)) | st.integers(least, most)
    return numbers.map(lambda n: int(n * whole))


def _floats(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Strategy:
    integers = _integers(shape, definitions, depth)
    low, high = _bounds(shape)
    if low > high:
        return st.nothing()
    if shape.multiple_of:
        step = Fraction(str(shape.multiple_of))
        least, most = -((-low) // step), high // step
        if least > most:
            return integers
        return integers | st.integers(least, most).map(lambda n: float(n * step))
    floats = st.floats(float(low), float(high), allow_nan=False)
    return integers | floats | floats.map(lambda value: round(value, 2))


def _bounds(shape: Shape) -> tuple[Fraction, Fraction]:
    lows = [Fraction(one) for one in (shape.minimum, shape.exclusive_minimum) if one is not None]
    highs = [Fraction(one) for one in (shape.maximum, shape.exclusive_maximum) if one is not None]
    low = max(lows, default=min([*highs, Fraction(0)]) - _LARGE)
    high = min(highs, default=max(low, Fraction(0)) + _LARGE)
    return max(low, Fraction(MIN_INTEGER)), min(high, Fraction(MAX_INTEGER))


# ------------------------------------------------------------------------- texts and containers


def _strings(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Strategy:
    low, high = shape.min_length or 0, shape.max_length
    if high is not None and low > high:
        return st.nothing()
    if shape.pattern is not None and pattern_fault(shape.pattern) is None:
        return _matching(shape.pattern)
    most = low + 12 if high is None else min(high, low + 12)
    known = [text for text in _TEXTS if low <= len(text) <= most]
    drawn = st.text(_characters, min_size=low, max_size=most)
    return st.sampled_from(known) | drawn if known else drawn


def _matching(pattern: str) -> Strategy:
    """Give texts that Python's engine matches; the caller's filter judges by the schema's own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of sets that Python may read otherwise
            compiled = re.compile(pattern, re.ASCII)
    except re.error:  # RE2 reads some that Python can't
        return st.text(_characters, max_size=20)
    return st.from_regex(compiled, alphabet=_characters)


def _bytes(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Strategy:
    low = shape.min_length or 0
    most = low + 8 if shape.max_length is None else min(shape.max_length, low + 8)
    return st.binary(min_size=low, max_size=most) if low <= most else st.nothing()


def _arrays(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Strategy:
    first = [_allowed(one, definitions, depth - 1) for one in shape.prefix_items if depth > 0]
    low, high = shape.min_items or 0, shape.max_items
    if depth <= 0:
        return st.just([]) if not low else st.nothing()
    most = max(low, len(first)) + 3
    most = most if high is None else min(high, most)
    if low > most:
        return st.nothing()
    items = _allowed(shape.items or Shape(), definitions, depth - 1)
    rest = st.lists(
        items,
        min_size=max(low - len(first), 0),
        max_size=max(most - len(first), 0),
        unique_by=canonical_text if shape.unique else None,
    )
    if not first:
        return rest.map(list)
    whole = st.builds(lambda head, tail: [*head, *tail], st.tuples(*first), rest)
    return whole | whole.map(lambda value: value[:low])


def _objects(shape: Shape, definitions: Mapping[str, Shape], depth: int) -> Strategy:
    other = shape.additional if isinstance(shape.additional, Shape) else Shape()
    needed = {
        name: _allowed(shape.properties.get(name, other), definitions, depth - 1)
        for name in shape.required
    }
    if depth <= 0:
        return st.fixed_dictionaries(needed) if not shape.required else st.nothing()
    optional = {
        name: _allowed(one, definitions, depth - 1)
        for name, one in shape.properties.items()
        if name not in needed
    }
    known = st.fixed_dictionaries(needed, optional=optional)
    if shape.additional is False:
        return known.map(dict)
    free = _names.filter(lambda name: name not in shape.properties and name not in needed)
    low = max((shape.min_properties or 0) - len(needed), 0)
    more = st.dictionaries(free, _allowed(other, definitions, depth - 1), max_size=max(low, 2))
    if low:
        filled = st.dictionaries(
            free, _allowed(other, definitions, depth - 1), min_size=low, max_size=low + 2
        )
        more = more | filled
    return st.builds(lambda one, two: {**two, **one}, known, more)


def _plain(strategy: Strategy) -> Callable[[Shape, Mapping[str, Shape], int], Strategy]:
    return lambda shape, definitions, depth: strategy


_KINDS: Mapping[str, Callable[[Shape, Mapping[str, Shape], int], Strategy]] = {
    "null": _plain(st.none()),
    "boolean": _plain(st.booleans()),
    "integer": _integers,
    "number": _floats,
    "string": _strings,
    "bytes": _bytes,
    "datetime": _plain(st.datetimes(timezones=_zones)),
    "date": _plain(st.dates()),
    "time": _plain(st.times()),
    "array": _arrays,
    "object": _objects,
}
