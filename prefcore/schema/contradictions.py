"""What in a schema document contradicts itself, found when the document is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from prefcore.schema.declared import Preference
from prefcore.schema.intervals import Interval
from prefcore.schema.patterns import pattern_fault
from prefcore.schema.problems import Problem
from prefcore.schema.shape import ANY, Shape
from prefcore.values import UNSET, kind_of

__all__ = ["contradictions", "unreadable_patterns"]

_PAIRS = (
    ("minimum", "maximum"),
    ("min_length", "max_length"),
    ("min_items", "max_items"),
    ("min_properties", "max_properties"),
)


def contradictions(
    preferences: Mapping[str, Preference],
    definitions: Mapping[str, Shape],
    reserved: tuple[str, ...],
    check: Callable[[str, object], Problem | None],
) -> Iterator[str]:
    """Give one sentence for each contradiction; ``check`` judges a key's value by its shape."""
    for name, shape in definitions.items():
        yield from _in_shape(f"definition {name}", shape, definitions)
        if name in _reached_at_once(shape, definitions):
            yield f"definition {name}: it refers to itself for the same value, so nothing fits"
    yield from _in_names(preferences)
    for key, preference in preferences.items():
        yield from _in_key(key, preferences, reserved)
        alone = partial(_in_preference, preference, definitions, check)
        if preference.shape.references():
            yield from alone()
        else:
            yield from preference.faults(alone)


def _in_preference(
    preference: Preference,
    definitions: Mapping[str, Shape],
    check: Callable[[str, object], Problem | None],
) -> Iterator[str]:
    key = preference.key
    if preference.shape is not ANY:
        yield from _in_shape(key, preference.shape, definitions)
    if preference.default is not UNSET:
        problem = check(key, preference.default)
        if problem is not None:
            said = problem.requirement if preference.sensitive else problem.message
            where = f" (at {problem.path})" if problem.path else ""
            yield f"{key}: its default{where} does not fit its declaration: {said}"


def unreadable_patterns(
    preferences: Mapping[str, Preference], definitions: Mapping[str, Shape]
) -> Iterator[str]:
    """Give one sentence for each pattern that can't be checked."""
    shapes = {f"definition {name}": shape for name, shape in definitions.items()}
    shapes |= {key: preference.shape for key, preference in preferences.items()}
    for place, shape in shapes.items():
        for path, inner in shape.walk():
            fault = pattern_fault(inner.pattern) if inner.pattern is not None else None
            if fault is not None:
                yield f"{place} ({path}): pattern {fault}" if path else f"{place}: pattern {fault}"


def _in_key(
    key: str, preferences: Mapping[str, Preference], reserved: tuple[str, ...]
) -> Iterator[str]:
    if key in reserved:
        yield f"{key}: this name is reserved, because an earlier version used it otherwise"
    end = key.find(".")
    while end > 0:
        if key[:end] in preferences:
            yield f"{key}: {key[:end]} is a key too, and a key can't be a section as well"
        end = key.find(".", end + 1)


def _in_names(preferences: Mapping[str, Preference]) -> Iterator[str]:
    """Give what is wrong with earlier names, and with what deprecations say to use."""
    owners: dict[str, str] = {}
    for key, preference in preferences.items():
        for alias in preference.aliases:
            if alias in preferences:
                yield f"{key}: its alias {alias} is a key of its own, so it would mean two things"
            elif owners.setdefault(alias, key) != key:
                yield f"{key}: its alias {alias} is one of {owners[alias]} already"
    uses = {
        key: preference.deprecated.use
        for key, preference in preferences.items()
        if preference.deprecated is not None and preference.deprecated.use
    }
    for key in uses:
        way = [key]
        while way[-1] in uses and uses[way[-1]] not in way:
            way.append(uses[way[-1]])
        if uses.get(way[-1]) == key and key == min(way):
            yield f"{key}: deprecations lead in a ring: {' → '.join([*way, key])}"


def _in_shape(place: str, shape: Shape, definitions: Mapping[str, Shape]) -> Iterator[str]:
    for path, inner in shape.walk():
        at = f"{place} ({path})" if path else place
        if inner.ref is not None and inner.ref not in definitions:
            yield f"{at}: there is no definition '{inner.ref}'"
        for low, high in _PAIRS:
            least, most = getattr(inner, low), getattr(inner, high)
            if least is not None and most is not None and least > most:
                yield f"{at}: no value fits, as {low} {least} is above {high} {most}"
        yield from _in_rules(at, inner)


def _in_rules(at: str, shape: Shape) -> Iterator[str]:
    """Give what leaves a shape no value although its pairs of bounds are in order."""
    numbers = [kind for kind in shape.kinds if kind in ("integer", "number")]
    least, most = shape.minimum, shape.maximum
    told = least is not None and most is not None and least > most
    only_numbers = bool(numbers) and len(numbers) == len(shape.kinds) and not told
    if only_numbers and all(Interval.of((shape,), kind).is_empty for kind in numbers):
        yield f"{at}: no value fits, as there is no {numbers[0]} between its bounds"
    if shape.enum and shape.kinds:
        kinds = {*shape.kinds, *(("integer",) if "number" in shape.kinds else ())}
        if kinds.isdisjoint(map(kind_of, shape.enum)):
            listed = " or ".join(shape.kinds)
            yield f"{at}: no value fits, as none of the allowed values is of the type {listed}"
    if shape.additional is False and shape.kinds == ("object",):
        for name in shape.required:
            if name not in shape.properties:
                yield f"{at}: no value fits, as the member '{name}' is required and not allowed"


def _reached_at_once(shape: Shape, definitions: Mapping[str, Shape]) -> set[str]:
    """Give the definitions that apply to the same value, before any step into it."""
    reached: set[str] = set()
    waiting = [shape]
    while waiting:
        current = waiting.pop()
        waiting += [*current.any_of, *current.one_of, *current.all_of]
        if current.ref is not None and current.ref not in reached:
            reached.add(current.ref)
            waiting.append(definitions.get(current.ref, ANY))
    return reached
