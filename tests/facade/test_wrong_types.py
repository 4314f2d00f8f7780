"""What is of another type than a call takes: refused by an error of ours, and nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prefcore import InvalidValue, PrefcoreError, Preferences, Schema, preference
from prefcore.errors import UsageError


class Editor(Schema, app="acme-editor", version="1.0.0"):
    size: int = 12
    rulers: list[int] = preference([])


@pytest.fixture
def prefs() -> Iterator[Preferences[Editor]]:
    with Preferences.open(Editor, store="memory:") as prefs:
        yield prefs


def _endless() -> list[Any]:
    itself: list[Any] = []
    itself.append(itself)
    return itself


def _deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


CALLS: dict[str, Callable[[Any], object]] = {
    "get 3": lambda prefs: prefs.get(3),
    "get None": lambda prefs: prefs.get(None),
    "set_many of a list": lambda prefs: prefs.set_many("user", "ann", [1]),
    "set_many of None": lambda prefs: prefs.set_many("user", "ann", None),
    "set_many by numbers": lambda prefs: prefs.set_many("user", "ann", {1: 2}),
    "unset of a number": lambda prefs: prefs.set_many("user", "ann", {}, unset=[1]),
    "parse of a number": lambda prefs: prefs.parse("size", 3),
    "parse of None": lambda prefs: prefs.parse("size", None),
    "plan_undo 3": lambda prefs: prefs.plan_undo(3),
    "user None": lambda prefs: prefs.user(None),
    "user 3": lambda prefs: prefs.user(3),
    "user of no name": lambda prefs: prefs.user(""),
    "user of two lines": lambda prefs: prefs.user("a\nb"),
    "user that is no Unicode": lambda prefs: prefs.user("\ud800"),
    "project None": lambda prefs: prefs.project(None),
    "at a user of no name": lambda prefs: prefs.at(user=""),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_call_of_another_type_is_a_usage_error(
    call: Callable[[Any], object], prefs: Preferences[Editor]
) -> None:
    with pytest.raises(UsageError) as caught:
        call(prefs)
    assert caught.value.message.isprintable()
    assert list(prefs.log()) == []


@pytest.mark.parametrize("value", [_endless(), _deep()], ids=["itself", "deep"])
def test_a_value_without_an_end_is_refused(value: object, prefs: Preferences[Editor]) -> None:
    with pytest.raises(InvalidValue):
        prefs.user("ann").rulers = value  # type: ignore[assignment]  # the point
    assert list(prefs.log()) == []


@pytest.mark.parametrize("schema", [None, 3, "x", int], ids=repr)
def test_only_a_schema_class_opens(schema: Any) -> None:
    with pytest.raises(UsageError, match="schema class"):
        Preferences.open(schema, store="memory:")


def test_a_store_is_named_by_text_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PrefcoreError, match="URL or a path"):
        Preferences.open(Editor, store=3)  # type: ignore[arg-type]  # the point
    assert list(tmp_path.iterdir()) == []
