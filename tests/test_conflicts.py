"""Conflict files: what a person decides comes back just so, and anything else is noticed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from prefcore.conflicts import (
    SIDES,
    Choice,
    Settlement,
    conflict_values,
    mark_of,
    read_choices,
)
from prefcore.errors import (
    DamagedDocument,
    InvalidValue,
    PrefcoreError,
    StalePlan,
    UsageError,
)
from prefcore.model import Conflict
from prefcore.values import UNSET, Sealed
from prefcore_testing.values import portable_values

AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
FONT = Conflict("user", "alice", "font", ours="serif", theirs="sans", ours_at=AT)
SIZE = Conflict("user", "alice", "size", base=12, ours=13)
TOKEN = Conflict(
    "user",
    "alice",
    "token",
    ours=Sealed("k", b"secret one", b"tag1"),
    theirs=Sealed("k", b"secret two", b"tag2"),
    sensitive=True,
)

Told = dict[str, Any]


def told(*conflicts: Conflict) -> Told:
    return conflict_values(conflicts, app="acme", file="new.json")


def chosen(values: Told, *sides: str) -> Told:
    for one, side in zip(values["conflicts"], sides, strict=True):
        one["choice"] = side
    return values


def read(values: Told) -> tuple[Choice, ...]:
    return read_choices(values, name="c.json", app="acme")


_sides = st.just(UNSET) | portable_values()


@given(
    st.lists(
        st.tuples(st.text(min_size=1), _sides, _sides, _sides, st.sampled_from(["", *SIDES])),
        unique_by=lambda one: one[0],
        max_size=5,
    )
)
def test_what_is_chosen_comes_back_for_each_conflict(drawn: list[tuple[Any, ...]]) -> None:
    conflicts = [Conflict("user", "al", key, *sides) for key, *sides, _ in drawn]
    choices = read(chosen(told(*conflicts), *(one[-1] for one in drawn)))
    assert [(one.key, one.side) for one in choices] == [
        (one[0], one[-1]) for one in drawn if one[-1]
    ]
    settlement = Settlement(choices)
    for conflict, (*_, choice) in zip(conflicts, drawn, strict=True):
        if choice == "base" and conflict.base is UNSET:
            with pytest.raises(InvalidValue, match="no base"):
                settlement.side(conflict)
        else:
            assert settlement.side(conflict) == (choice or None)
    assert settlement.unused() == []


@given(st.tuples(_sides, _sides, _sides), st.tuples(_sides, _sides, _sides))
def test_marks_tell_other_values_apart(one: tuple[Any, ...], other: tuple[Any, ...]) -> None:
    first, second = Conflict("user", "al", "a", *one), Conflict("user", "al", "a", *other)
    assert (mark_of(first) == mark_of(second)) == (
        conflict_values([first], app="", file="") == conflict_values([second], app="", file="")
    )


def test_a_person_sees_what_each_side_holds_and_what_is_unset_is_left_out() -> None:
    font, size = told(FONT, SIZE)["conflicts"]
    assert {name: font[name] for name in font if name != "mark"} == {
        "choice": "",
        "key": "font",
        "scope": "user",
        "owner": "alice",
        "ours": "serif",
        "theirs": "sans",
        "ours_at": "2026-01-31T12:00:00.000000Z",
    }
    assert (size["base"], size["ours"], "theirs" in size) == (12, 13, False)


def test_a_secret_is_in_no_file_but_can_be_decided_on() -> None:
    values = told(TOKEN)
    assert "secret" not in repr(values)
    assert "tag1" not in repr(values)
    (choice,) = read(chosen(values, "theirs"))
    assert Settlement([choice]).side(TOKEN) == "theirs"
    moved = Conflict(
        "user", "alice", "token", ours=TOKEN.ours, theirs=Sealed("k", b"", b"3"), sensitive=True
    )
    with pytest.raises(StalePlan):
        Settlement([choice]).side(moved)
    plain = [Conflict("user", "a", "t", ours=text, sensitive=True) for text in ("one", "two")]
    assert mark_of(plain[0]) == mark_of(plain[1])


def _with(**edit: object) -> Callable[[Told], object]:
    return lambda values: values["conflicts"][0].update(edit)


BAD: dict[str, tuple[Callable[[Told], object], type[PrefcoreError], str]] = {
    "a choice that is none": (_with(choice="mine"), InvalidValue, "conflict 1, user/alice font"),
    "an edited value": (_with(theirs="comic"), InvalidValue, "something but the choice"),
    "an edited key": (_with(key="size"), InvalidValue, "something but the choice"),
    "an edited mark": (_with(mark="0" * 16), InvalidValue, "something but the choice"),
    "a side taken away": (lambda v: v["conflicts"][0].pop("ours"), InvalidValue, "edited"),
    "a choice that is no text": (_with(choice=None), DamagedDocument, "text 'choice' is missing"),
    "a field too many": (_with(value=3), DamagedDocument, "no field 'value'"),
    "no key": (lambda v: v["conflicts"][0].pop("key"), DamagedDocument, "'key' is missing"),
    "a conflict twice": (
        lambda v: v["conflicts"].append(v["conflicts"][0]),
        DamagedDocument,
        "conflict 3: user/alice font stands twice",
    ),
    "no object": (lambda v: v["conflicts"].append(1), DamagedDocument, "conflict 3"),
    "no list": (lambda v: v.update(conflicts={}), UsageError, "no conflict file"),
    "another file": (lambda v: v.clear(), UsageError, "no conflict file"),
    "another application": (lambda v: v.update(app="other"), UsageError, "of other, not of acme"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_else_was_edited_is_refused(name: str) -> None:
    edit, kind, words = BAD[name]
    values = chosen(told(FONT, SIZE), "theirs", "ours")
    edit(values)
    with pytest.raises(kind, match=words):
        Settlement(read(values)).side(FONT)


def test_choices_on_what_moved_or_is_no_conflict_any_more_are_stale() -> None:
    choices = read(chosen(told(FONT, SIZE), "theirs", "ours"))
    moved = Conflict("user", "alice", "font", ours="mono", theirs="sans")
    with pytest.raises(StalePlan, match="user/alice font holds something else"):
        Settlement(choices).side(moved)
    settlement = Settlement(choices)
    assert settlement.side(FONT) == "theirs"
    with pytest.raises(StalePlan, match="user/alice size is in no conflict any more"):
        settlement.unused()


def test_taking_a_side_goes_before_choices_and_says_where_nothing_matched() -> None:
    settlement = Settlement(
        read(chosen(told(FONT, SIZE), "theirs", "ours")),
        [("f*", "ours"), ("font", "base"), ("none.*", "ours")],
    )
    assert settlement.side(FONT) == "ours"
    assert settlement.side(SIZE) == "ours"
    assert settlement.side(Conflict("user", "bo", "else", ours=1, theirs=2)) is None
    assert settlement.unused() == ["font", "none.*"]


def test_there_is_no_other_side_to_take() -> None:
    with pytest.raises(UsageError, match="known are base, ours, theirs"):
        Choice("user", "alice", "font", "both")
    with pytest.raises(UsageError, match="known are base, ours, theirs"):
        Settlement(take=[("*", "both")])
