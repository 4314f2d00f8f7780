"""`convert` as a pure operation: casts, scales and functions, each with its way back."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from prefcore.errors import InvalidStep, InvalidValue, StepFailed
from prefcore.migration import Convert, Step, convert, read_steps
from prefcore.values import MAX_INTEGER, MIN_INTEGER, UNSET, canonical_text, from_text
from prefcore_testing.values import VALUES
from tests.migration.world import in_flight, landed


def converted(operation: Convert, value: object) -> object:
    text = operation.converted(canonical_text(value))
    return UNSET if text is None else from_text(text)


def reverted(operation: Convert, value: object) -> object:
    text = operation.reverted(canonical_text(value))
    return UNSET if text is None else from_text(text)


def same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other


# ------------------------------------------------------------------------------------- casts

CASTS: list[tuple[object, str, object]] = [
    ("15", "integer", 15),
    ("-15", "integer", -15),
    ("0", "integer", 0),
    ("9223372036854775807", "integer", MAX_INTEGER),
    ("-9223372036854775808", "integer", MIN_INTEGER),
    (15, "integer", 15),
    (15.0, "integer", 15),
    (True, "integer", 1),
    (None, "integer", None),
    ("1.5", "number", 1.5),
    ("-1.5e-3", "number", -0.0015),
    ("15", "number", 15),
    ("1e2", "number", 100.0),
    (15, "number", 15),
    (1.5, "number", 1.5),
    (False, "number", 0),
    (15, "string", "15"),
    (1.5, "string", "1.5"),
    (1e22, "string", "1e+22"),
    (True, "string", "true"),
    ("", "string", ""),
    (None, "string", None),
    ("true", "boolean", True),
    ("false", "boolean", False),
    (1, "boolean", True),
    (0, "boolean", False),
    (True, "boolean", True),
]


@pytest.mark.parametrize(("value", "kind", "wanted"), CASTS, ids=lambda one: repr(one))
def test_a_cast_gives_the_value_as_the_other_type(value: object, kind: str, wanted: object) -> None:
    assert same(converted(convert("k", to=kind), value), wanted)


REFUSED: list[tuple[object, str]] = [
    *(
        (text, "integer")
        for text in ("", " 15", "15 ", "+15", "015", "-0", "1_000", "1.0", "1e3", "0x1f", "١٥")
    ),
    ("9223372036854775808", "integer"),
    ("9" * 5000, "integer"),
    (15.5, "integer"),
    (1e300, "integer"),
    *((text, "number") for text in ("", "1.", ".5", "01.5", "NaN", "inf", "1e999", "1,5", "-")),
    ("9223372036854775808", "number"),
    *((text, "boolean") for text in ("", "True", "yes", "1", "on")),
    (2, "boolean"),
    (1.0, "boolean"),
    ([], "string"),
    ({"a": 1}, "integer"),
    (b"15", "string"),
    (date(2026, 1, 31), "string"),
]


@pytest.mark.parametrize(("value", "kind"), REFUSED, ids=lambda one: repr(one)[:30])
def test_a_cast_that_would_lose_something_refuses_and_names_the_value(
    value: object, kind: str
) -> None:
    with pytest.raises(InvalidValue, match=r"^k: .* cannot be converted: .* needed$") as raised:
        convert("k", to=kind).converted(canonical_text(value))
    assert raised.value.value == value


@pytest.mark.parametrize("kind", ["integer", "number", "string", "boolean"])
@pytest.mark.parametrize("name", VALUES)
def test_a_cast_of_any_value_gives_that_type_or_refuses(kind: str, name: str) -> None:
    types: Any = {"integer": int, "number": (int, float), "string": str, "boolean": bool}[kind]
    try:
        cast = converted(convert("k", to=kind), VALUES[name])
    except InvalidValue:
        return
    assert cast is None or isinstance(cast, types)
    assert kind == "boolean" or not isinstance(cast, bool)


@given(st.integers(MIN_INTEGER, MAX_INTEGER) | st.booleans() | st.floats(allow_nan=False))
def test_a_cast_to_text_and_back_gives_the_same_value(value: Any) -> None:
    assume(value not in (float("inf"), float("-inf")))
    kind = {bool: "boolean", int: "integer", float: "number"}[type(value)]
    there = convert("k", to="string", was=kind)
    assert same(reverted(there, converted(there, value)), value)


def test_without_was_the_way_down_leaves_the_value_to_the_older_schema() -> None:
    assert reverted(convert("k", to="integer"), 15) == 15
    assert reverted(convert("k", to="integer", was="string"), 15) == "15"


# ------------------------------------------------------------------------------------ scales

SCALES: list[tuple[object, str | None, object, object]] = [
    ("1000", None, 15, 15000),
    ("1000", None, 1.5, 1500.0),
    ("1/1000", None, 1500, 1.5),
    ("1/1000", None, 2000, 2),
    ("0.001", None, 2000, 2),
    ("-1/4", None, 8, -2),
    (Fraction(9, 5), None, 10, 18),
    ((9, 5), None, 11, 19.8),
    ((5, -9), None, 9, -5),
    (1024, None, 3, 3072),
    ("1/3", None, 1, 1 / 3),
    ("1/1000", "half_even", 1500, 2),
    ("1/1000", "half_even", 2500, 2),
    ("1/1000", "half_even", -1500, -2),
    ("1/1000", "half_even", 1499, 1),
    ("1/1000", "floor", 1999, 1),
    ("1/1000", "floor", -1, -1),
    ("1/1000", "ceiling", 1, 1),
    ("1000", "half_even", 1.5, 1500),
    ("1000", "floor", 0.0, 0),
    ("1000", None, -0.0, -0.0),
    ("1000", None, "auto", "auto"),
    ("1000", None, None, None),
    ("1000", None, True, True),
]


@pytest.mark.parametrize(("scale", "rounding", "value", "wanted"), SCALES, ids=repr)
def test_a_scale_multiplies_exactly(
    scale: object, rounding: str | None, value: object, wanted: object
) -> None:
    operation = convert("k", scale=scale, rounding=rounding)
    assert repr(converted(operation, value)) == repr(wanted)


def test_a_scale_down_divides_and_never_rounds_to_integers() -> None:
    operation = convert("k", scale="1000", rounding="floor")
    assert repr(reverted(operation, 2000)) == "2"
    assert repr(reverted(operation, 1500)) == "1.5"


@pytest.mark.parametrize("value", [MAX_INTEGER, 1e307], ids=["integer", "float"])
def test_a_scale_beyond_64_bits_refuses_and_names_the_key(value: object) -> None:
    with pytest.raises(InvalidValue, match=r"^k: "):
        converted(convert("k", scale="1000"), value)


_RATIOS = st.builds(Fraction, st.integers(-(10**6), 10**6).filter(bool), st.integers(1, 10**6))


@given(_RATIOS, st.integers(-(10**9), 10**9))
def test_an_exact_scale_comes_back_to_the_same_integer(ratio: Fraction, value: int) -> None:
    operation = convert("k", scale=ratio)
    there = converted(operation, value * ratio.denominator)
    assert same(there, value * ratio.numerator)
    assert same(reverted(operation, there), value * ratio.denominator)


@given(_RATIOS, st.integers(-(10**12), 10**12))
def test_a_scale_gives_the_number_nearest_to_the_exact_one(ratio: Fraction, value: int) -> None:
    exact = value * ratio
    if exact.denominator == 1:
        assert same(converted(convert("k", scale=ratio), value), int(exact))
    else:
        assert same(converted(convert("k", scale=ratio), value), float(exact))
        assert same(converted(convert("k", scale=ratio, rounding="half_even"), value), round(exact))


# --------------------------------------------------------------------------------- functions


def grow(value: int) -> int:
    """Give one more."""
    return value + 1


def shrink(value: int) -> object:
    """Give one less, and nothing for what would be negative."""
    return value - 1 if value else UNSET


def fail(value: object) -> object:
    """Fail."""
    raise ZeroDivisionError("in the function")


def test_functions_change_a_value_up_and_down_and_may_take_it_out() -> None:
    step = Step("1.0.0", "1.1.0", convert("k", up=grow, down=shrink))
    flying = in_flight({"k": 4, "other": "x"})
    step.up(flying)
    assert landed(flying) == {"k": 5, "other": "x"}
    step.down(flying)
    assert landed(flying) == {"k": 4, "other": "x"}
    flying = in_flight({"k": 0})
    step.down(flying)
    assert landed(flying) == {}


def test_a_value_that_a_function_leaves_alone_keeps_its_metadata() -> None:
    flying = in_flight({"k": "x"})
    convert("k", up=lambda value: value).up(flying)
    assert list(flying) == [("k", '"x"', 1, "api", "alice")]


def test_a_key_that_is_not_held_is_left_alone() -> None:
    flying = in_flight({"other": 1})
    for operation in (convert("k", up=fail, down=fail), convert("k", to="integer")):
        operation.up(flying)
        operation.down(flying)
    assert landed(flying) == {"other": 1}


def test_a_function_that_raises_is_named() -> None:
    with pytest.raises(StepFailed, match=r"fail\(\) raised ZeroDivisionError: in the function"):
        converted(convert("k", up=fail), 1)


@pytest.mark.parametrize(
    "result", [{1, 2}, object(), float("nan"), 2**63, "\ud800"], ids=lambda one: type(one).__name__
)
def test_a_result_that_is_not_portable_is_refused(result: object) -> None:
    with pytest.raises(InvalidValue, match=r"^k: "):
        converted(convert("k", up=lambda value: result), 1)


def test_without_a_way_down_a_value_is_refused() -> None:
    with pytest.raises(InvalidValue, match="no way down"):
        reverted(convert("k", up=grow), 1)


# --------------------------------------------------------------------------------- bad steps

BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "takes one of to=, scale= and up=, not none"),
    ({"to": "integer", "scale": "2"}, "not to and scale"),
    ({"to": "text"}, r"'text' is no type to cast to; known are integer, number"),
    ({"to": "integer", "was": "null"}, "'null' is no type to cast to"),
    ({"scale": "2", "was": "string"}, "was= goes with to= only"),
    ({"to": "integer", "rounding": "floor"}, "rounding= goes with scale= only"),
    ({"to": "integer", "down": grow}, "down= goes with up= only"),
    ({"down": grow}, "takes one of"),
    ({"scale": "2", "rounding": "up"}, "'up' is no rule of rounding; known are half_even"),
    ({"scale": "0"}, "has no inverse"),
    ({"scale": (1, 0)}, "has no inverse"),
    ({"scale": 0.001}, r"is a float, which is not exact; write it as text, '0\.001'"),
    ({"scale": "1e3"}, "is no ratio; write '1000'"),
    ({"scale": "x"}, "is no ratio"),
    ({"scale": True}, "is no ratio"),
    ({"scale": (1, 2, 3)}, "is no ratio"),
    ({"scale": (1.0, 2)}, "is no ratio"),
    ({"scale": [1, 2]}, "is no ratio"),
    ({"up": 5}, "5 is no function"),
    ({"up": grow, "down": "shrink"}, "'shrink' is no function"),
]


def _id(one: object) -> str:
    """Give an id without addresses in it: workers must collect the same tests."""
    return re.sub(r"\W+", "_", re.sub(r" at 0x\w+", "", str(one)))


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=_id)
def test_a_contradictory_conversion_is_refused_when_it_is_made(
    arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidStep, match=said) as raised:
        convert("k", **arguments)
    assert raised.value.message.startswith("convert('k')")


# --------------------------------------------------------------------------------- checksums

_FILE = """from prefcore.migration import Step, convert

def grow(value):
    return value + {amount}

step = Step("1.0.0", "1.1.0", convert("k", up=grow))
"""


def read(folder: Path, content: str) -> Step:
    folder.mkdir()
    (folder / "step.py").write_bytes(content.encode())
    (step,) = read_steps(folder)
    return step


def test_a_functions_source_decides_on_the_checksum_and_line_ends_do_not(tmp_path: Path) -> None:
    content = _FILE.format(amount=1)
    first = read(tmp_path / "a", content)
    windows = read(tmp_path / "b", content.replace("\n", "\r\n"))
    other = read(tmp_path / "c", _FILE.format(amount=2))
    assert first.checksum == windows.checksum
    assert first == windows
    assert first.checksum != other.checksum


@pytest.mark.parametrize("function", [lambda value: value, str.lower, len], ids=_id)
def test_a_function_without_a_source_of_its_own_is_known_by_name_and_says_so(function: Any) -> None:
    (told,) = [convert("k", up=function).as_document()["up"]]
    assert told == {
        "name": function.__name__,
        "note": "its source is not known, so a change of it is not noticed; write it with def",
    }


@pytest.mark.parametrize(
    ("operation", "document", "text"),
    [
        (
            convert("k", to="integer", was="string"),
            {"op": "convert", "key": "k", "to": "integer", "was": "string"},
            "convert k to integer",
        ),
        (
            convert("k", scale="0.0010", rounding="floor"),
            {"op": "convert", "key": "k", "scale": "1/1000", "rounding": "floor"},
            "convert k times 1/1000, rounded floor",
        ),
    ],
    ids=["cast", "scale"],
)
def test_an_operation_says_what_it_does(
    operation: Convert, document: dict[str, object], text: str
) -> None:
    assert operation.as_document() == document
    assert str(operation) == text
    assert str(convert("k", up=grow)) == "convert k by grow()"
