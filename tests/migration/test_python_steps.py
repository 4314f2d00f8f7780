"""`python` as a pure operation: what its functions get, what they may give, and the way down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from prefcore.errors import ConflictError, InvalidStep, InvalidValue, StepFailed
from prefcore.migration import Step, python
from prefcore.values import UNSET
from tests.migration.world import in_flight, landed

Values = dict[str, Any]


def split(values: Values) -> Values:
    """Give first and last name of a full name."""
    first, _, last = values["name"].partition(" ")
    return {"first": first, "last": last or UNSET}


def join(values: Values) -> Values:
    """Give the full name again."""
    return {"name": " ".join(values[key] for key in ("first", "last") if key in values)}


SPLIT = python(split, join, reads=["name"], writes=["name", "first", "last"])


def test_a_function_gets_what_it_reads_and_gives_what_it_writes() -> None:
    flying = in_flight({"name": "Ann Lee", "age": 7})
    SPLIT.up(flying)
    assert landed(flying) == {"age": 7, "first": "Ann", "last": "Lee"}
    SPLIT.down(flying)
    assert landed(flying) == {"age": 7, "name": "Ann Lee"}


@pytest.mark.parametrize("given", [{}, {"last": UNSET}], ids=["absent", "UNSET"])
def test_what_is_absent_or_unset_is_taken_out(given: Values) -> None:
    flying = in_flight({"name": "Ann", "last": "Lee"})
    python(lambda values: given, reads=["name"], writes=["last"]).up(flying)
    assert landed(flying) == {"name": "Ann"}


def test_only_declared_keys_that_are_held_are_passed() -> None:
    seen: list[Values] = []

    def look(values: Values) -> Values:
        seen.append(values)
        return {}

    operation = python(look, look, reads=["a", "b"], writes=["c", "d"])
    operation.up(in_flight({"a": 1, "c": 3, "e": 5}))
    operation.down(in_flight({"b": 1, "c": 3, "e": 5}))
    assert seen == [{"a": 1}, {"b": 1, "c": 3}]


def test_a_set_that_holds_nothing_of_what_is_read_is_left_alone() -> None:
    flying = in_flight({"first": "Ann"})
    SPLIT.up(flying)
    assert landed(flying) == {"first": "Ann"}


def test_entries_that_keep_their_value_keep_their_metadata() -> None:
    flying = in_flight({"a": [1], "b": 1})
    python(lambda values: {"a": values["a"], "b": 2}, reads=["a"], writes=["a", "b"]).up(flying)
    assert list(flying) == [("a", "[1]", 1, "api", "alice"), ("b", "2", 2, "migration", "tester")]


def test_a_function_may_change_what_it_was_given_without_effect() -> None:
    def spoil(values: Values) -> Values:
        values["list"].append(2)
        return {}

    flying = in_flight({"list": [1]})
    python(spoil, reads=["list"], writes=["other"]).up(flying)
    assert landed(flying) == {"list": [1]}


def test_where_nothing_is_held_on_the_way_down_no_function_runs() -> None:
    flying = in_flight({"age": 7})
    SPLIT.down(flying)
    assert landed(flying) == {"age": 7}


@pytest.mark.parametrize(
    ("result", "error", "said"),
    [
        ({"nmae": "x"}, InvalidStep, r"gave a value for 'nmae'; name it in writes"),
        ({"name": UNSET}, InvalidStep, "gave a value for 'name'"),
        (None, InvalidStep, "gave NoneType, not a dict"),
        (["x"], InvalidStep, "gave list, not a dict"),
        ({"last": {1}}, InvalidValue, "last: a set is not a portable value"),
    ],
    ids=["misspelt", "only read", "nothing", "a list", "not portable"],
)
def test_what_a_function_must_not_give_is_refused(
    result: Any, error: type[Exception], said: str
) -> None:
    for function in ("up", "down"):
        operation = python(lambda _: result, lambda _: result, reads=["name"], writes=["last"])
        with pytest.raises(error, match=said):
            getattr(operation, function)(in_flight({"name": "x"}))


def test_a_function_that_raises_is_named() -> None:
    with pytest.raises(StepFailed, match=r"split\(\) raised AttributeError: 'int'"):
        SPLIT.up(in_flight({"name": 5}))


def test_without_a_way_down_values_are_refused() -> None:
    with pytest.raises(ConflictError, match="first: the step has no way down"):
        python(split, reads=["name"], writes=["name", "first", "last"]).down(
            in_flight({"first": "Ann"})
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"reads": "name", "writes": ["last"]}, r"reads is a list of keys, such as \['name'\]"),
        ({"reads": ["name"], "writes": []}, r"writes has to name keys, not \[\]"),
        ({"reads": [], "writes": ["last"]}, "reads has to name keys"),
        ({"reads": ["name", ""], "writes": ["last"]}, "reads has to name keys"),
        ({"reads": ["name"], "writes": ["last"], "down": 5}, "5 is no function"),
        ({"reads": ["name"], "writes": ["last"], "up": None}, "None is no function"),
    ],
    ids=lambda one: re.sub(r"\W+", "_", str(one)),
)
def test_a_contradictory_step_is_refused_when_it_is_made(
    arguments: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(InvalidStep, match=said):
        python(**{"up": split, **arguments})


def test_an_operation_says_what_it_does() -> None:
    assert str(SPLIT) == "python split(): name → name, first, last"
    told = SPLIT.as_document()
    assert (told["reads"], told["writes"]) == (["name"], ["name", "first", "last"])
    assert "partition" in str(told["up"])
    assert Step("1.0.0", "1.1.0", SPLIT).checksum.startswith("sha256:")


def test_a_step_for_many_keys_is_told_by_a_few() -> None:
    keys = [f"k{n}" for n in range(120)]
    told = str(python(split, reads=keys, writes=keys))
    assert told == "python split(): k0, k1, k2, k3 and 116 more"
