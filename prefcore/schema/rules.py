"""The rules of a shape, each as a small check with the sentence it gives when it is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

from prefcore.errors import InvalidValue
from prefcore.schema.patterns import MAX_SUBJECT, compile_pattern, pattern_fault
from prefcore.schema.problems import Check, Problem, not_listed, shown, unknown_member, wrong_type
from prefcore.schema.shape import ANY, Shape
from prefcore.values import canonical_text, kind_of

__all__ = ["rule_checks"]


def rule_checks(shape: Shape, compiled: Callable[[Shape], Check]) -> list[Check]:
    """Give the checks of a shape's rules in the order they are tried; references are not followed.

    ``compiled`` gives the check of a shape inside this one.
    """
    made = [
        _type_rule(shape),
        _enum_rule(shape),
        _number_rule(shape),
        _length_rule(shape),
        _pattern_rule(shape),
        _array_rule(shape, compiled),
        _object_rule(shape, compiled),
        _any_of_rule(shape, compiled),
        _one_of_rule(shape, compiled),
    ]
    return [rule for rule in made if rule is not None] + [compiled(part) for part in shape.all_of]


def _type_rule(shape: Shape) -> Check | None:
    if not shape.kinds:
        return None
    allowed = frozenset(shape.kinds) | ({"integer"} if "number" in shape.kinds else set())

    def rule(value: object) -> Problem | None:
        return None if kind_of(value) in allowed else wrong_type(value, shape.kinds)

    return rule


def _enum_rule(shape: Shape) -> Check | None:
    if shape.enum is None:
        return None
    allowed = shape.enum
    texts = frozenset(map(canonical_text, allowed))

    def rule(value: object) -> Problem | None:
        try:
            if canonical_text(value) in texts:
                return None
        except InvalidValue as error:
            return Problem("enum", "", str(error), "must be a portable value")
        return not_listed(value, allowed)

    return rule


def _number_rule(shape: Shape) -> Check | None:
    low, high = shape.minimum, shape.maximum
    above, below, step = shape.exclusive_minimum, shape.exclusive_maximum, shape.multiple_of
    if (low, high, above, below, step) == (None,) * 5:
        return None

    def rule(value: object) -> Problem | None:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return None
        if low is not None and value < low:
            return _bound("minimum", value, f"is below the minimum {low}", f"be at least {low}")
        if high is not None and value > high:
            return _bound("maximum", value, f"is above the maximum {high}", f"be at most {high}")
        if above is not None and value <= above:
            return _bound("exclusive_minimum", value, f"is not above {above}", f"be above {above}")
        if below is not None and value >= below:
            return _bound("exclusive_maximum", value, f"is not below {below}", f"be below {below}")
        if step is not None and not (isfinite(value) and _is_multiple(value, step)):
            asked = f"a multiple of {step}"
            return _bound("multiple_of", value, f"is not {asked}", f"be {asked}")
        return None

    return rule


def _bound(rule: str, value: object, fault: str, asked: str) -> Problem:
    return Problem(rule, "", f"{shown(value)} {fault}", f"must {asked}")


def _is_multiple(value: int | float, step: int | float) -> bool:
    # By the decimal digits people wrote: 0.3 is a multiple of 0.1, which binary fractions deny.
    digits, places = _decimal(value)
    step_digits, step_places = _decimal(step)
    lowest = min(places, step_places)
    return _scaled(digits, places - lowest) % _scaled(step_digits, step_places - lowest) == 0


def _scaled(digits: int, places: int) -> int:
    return digits * int("1" + "0" * places)


def _decimal(number: int | float) -> tuple[int, int]:
    text = float.__repr__(number) if isinstance(number, float) else int.__repr__(number)
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    return int(whole + fraction), int(exponent or 0) - len(fraction)


def _length_rule(shape: Shape) -> Check | None:
    shortest, longest = shape.min_length, shape.max_length
    if shortest is None and longest is None:
        return None

    def rule(value: object) -> Problem | None:
        if not isinstance(value, (str, bytes)):
            return None
        unit = "characters" if isinstance(value, str) else "bytes"
        return _size("length", len(value), (shortest, longest), unit)

    return rule


def _size(name: str, size: int, bounds: tuple[int | None, int | None], unit: str) -> Problem | None:
    low, high = bounds
    if low is not None and size < low:
        message = f"it has {size} {unit}; at least {low} are needed"
        return Problem(f"min_{name}", "", message, f"must have at least {low} {unit}")
    if high is not None and size > high:
        message = f"it has {size} {unit}; at most {high} are allowed"
        return Problem(f"max_{name}", "", message, f"must have at most {high} {unit}")
    return None


def _pattern_rule(shape: Shape) -> Check | None:
    pattern = shape.pattern
    if pattern is None or pattern_fault(pattern) is not None:
        return None  # reported where the schema was read
    search = compile_pattern(pattern).search
    asked = f"the pattern {pattern if len(pattern) <= 200 else pattern[:199] + '…'}"

    def rule(value: object) -> Problem | None:
        if not isinstance(value, str):
            return None
        if len(value) > MAX_SUBJECT:
            message = f"it has {len(value)} characters, too many to match with {asked}"
            return Problem("pattern", "", message, f"must have at most {MAX_SUBJECT} characters")
        if search(value) is not None:
            return None
        return Problem(
            "pattern", "", f"{shown(value)} does not match {asked}", f"must match {asked}"
        )

    return rule


def _array_rule(shape: Shape, compiled: Callable[[Shape], Check]) -> Check | None:
    counts = (shape.min_items, shape.max_items)
    first = tuple(map(compiled, shape.prefix_items))
    rest = compiled(shape.items) if shape.items is not None and shape.items != ANY else None
    if not (first or rest or shape.unique) and counts == (None, None):
        return None

    def rule(value: object) -> Problem | None:
        if not isinstance(value, (list, tuple)):
            return None
        problem = _size("items", len(value), counts, "items")
        if problem is not None:
            return problem
        for i, item in enumerate(value):
            check = first[i] if i < len(first) else rest
            if check is None:
                break
            problem = check(item)
            if problem is not None:
                return problem.inside(f"[{i}]")
        return _repeated(value) if shape.unique else None

    return rule


def _repeated(items: Sequence[object]) -> Problem | None:
    seen: dict[str, int] = {}
    for i, item in enumerate(items):
        try:
            earlier = seen.setdefault(canonical_text(item), i)
        except InvalidValue as error:
            return Problem("unique", f"[{i}]", str(error), "must be a portable value")
        if earlier != i:
            message = f"{shown(item)} stands at [{earlier}] already, and items must be unique"
            return Problem("unique", f"[{i}]", message, "must not repeat an item")
    return None


def _object_rule(shape: Shape, compiled: Callable[[Shape], Check]) -> Check | None:
    counts = (shape.min_properties, shape.max_properties)
    known = {name: compiled(inner) for name, inner in shape.properties.items()}
    additional = compiled(shape.additional) if isinstance(shape.additional, Shape) else None
    closed = shape.additional is False
    if not (known or shape.required or closed or additional) and counts == (None, None):
        return None

    def rule(value: object) -> Problem | None:
        if not isinstance(value, dict):
            return None
        problem = _size("properties", len(value), counts, "members")
        if problem is not None:
            return problem
        for name in shape.required:
            if name not in value:
                asked = f"the member '{name}'"
                return Problem("required", "", f"{asked} is missing", f"must have {asked}")
        for name, item in value.items():
            check = known.get(name, additional)
            if check is not None:
                problem = check(item)
                if problem is not None:
                    return problem.inside(name)
            elif closed and name not in known:
                return unknown_member(name, known)
        return None

    return rule


def _any_of_rule(shape: Shape, compiled: Callable[[Shape], Check]) -> Check | None:
    if not shape.any_of:
        return None
    checks = tuple(map(compiled, shape.any_of))

    def rule(value: object) -> Problem | None:
        problems = []
        for check in checks:
            problem = check(value)
            if problem is None:
                return None
            problems.append(problem)
        return _none_fits("any_of", value, shape.any_of, problems)

    return rule


def _one_of_rule(shape: Shape, compiled: Callable[[Shape], Check]) -> Check | None:
    if not shape.one_of:
        return None
    checks = tuple(map(compiled, shape.one_of))

    def rule(value: object) -> Problem | None:
        problems = [problem for check in checks if (problem := check(value)) is not None]
        fitting = len(checks) - len(problems)
        if fitting == 1:
            return None
        if not fitting:
            return _none_fits("one_of", value, shape.one_of, problems)
        asked = "must fit exactly one of the alternatives"
        return Problem("one_of", "", f"{shown(value)} fits {fitting} alternatives at once", asked)

    return rule


def _none_fits(
    rule: str, value: object, alternatives: Sequence[Shape], problems: Sequence[Problem]
) -> Problem:
    closer = [problem for problem in problems if problem.rule != "type" or problem.path]
    if len(closer) == 1:
        return closer[0]
    if not closer and all(shape.kinds for shape in alternatives):
        return wrong_type(value, list(dict.fromkeys(k for s in alternatives for k in s.kinds)))
    nearest = (closer or list(problems))[0]
    message = f"{shown(value)} fits none of the alternatives; the first says: {nearest.message}"
    return Problem(rule, nearest.path, message, "must fit one of the alternatives")
