"""Watchers: a veto refuses what it raises on, and an observer cannot hurt anybody."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from prefcore.errors import LockedError, NotPermitted, PluginError, PluginMissing
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import WatcherInfo
from prefcore.model import Change, Changeset, Draft, Rename
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Schema

Veto = Callable[[Draft, Iterator[Change | Rename]], None]


class Editor(Schema, app="acme", version="1.0.0"):
    size: int = 12
    theme: str = "light"


class Watcher:
    """A plugin with one watcher."""

    def __init__(
        self,
        veto: Veto | None = None,
        observe: Callable[[Changeset], None] | None = None,
        id: str = "toy",
    ) -> None:
        self.info = WatcherInfo(id=id, summary="a toy", veto=veto, observe=observe)

    @hookimpl
    def prefcore_watchers(self) -> list[WatcherInfo]:
        return [self.info]


def opened(*watchers: Watcher) -> Preferences[Editor]:
    return Preferences.open(Editor, store="memory:", actor="kim", plugins=Plugins(watchers))


def test_a_veto_sees_who_does_what_and_refuses_by_raising() -> None:
    seen: list[object] = []

    def veto(draft: Draft, changes: Iterator[Change | Rename]) -> None:
        seen.append((draft.actor, draft.kind, [getattr(one, "key", "") for one in changes]))
        if draft.reason == "no":
            raise NotPermitted("not today")

    prefs = opened(Watcher(veto))
    prefs.set("size", 14, user="al")
    with pytest.raises(NotPermitted, match="not today"):
        prefs.set("theme", "dark", user="al", reason="no")
    assert seen == [("kim", "set", ["size"]), ("kim", "set", ["theme"])]
    assert prefs.get("theme", user="al") == "light"
    denied, made = prefs.log()
    assert (denied.kind, denied.changes, made.kind) == ("denied", 0, "set")
    assert denied.details == {"actor": "kim", "action": "set", "rule": "the watcher 'toy'"}


def test_an_act_that_is_planned_is_judged_like_one_that_is_done() -> None:
    allowed = [True]

    def veto(draft: Draft, changes: Iterator[Change | Rename]) -> None:
        if not allowed[0]:
            raise NotPermitted("undoing is not allowed")

    prefs = opened(Watcher(veto))
    prefs.set("size", 14, user="al")
    plan = prefs.plan_undo()
    allowed[0] = False
    with pytest.raises(NotPermitted):
        prefs.plan_undo()
    with pytest.raises(NotPermitted):
        prefs.apply(plan)
    assert prefs.get("size", user="al") == 14


@pytest.mark.parametrize(
    "facts",
    [
        {"actor": "somebody else", "rule": "the law"},
        {"what": ["a", "list"], "key": {"an": "object"}},
        {"what": object(), "owner": object()},
        {"scope": "x" * 1_000_000},
    ],
    ids=["lies", "what no set can hold", "what no store can hold", "more than anybody reads"],
)
def test_a_veto_may_not_have_the_history_say_of_others_what_it_likes(
    facts: dict[str, object],
) -> None:
    def veto(draft: Draft, changes: Iterator[Change | Rename]) -> None:
        raise NotPermitted("no", **facts)

    prefs = opened(Watcher(veto))
    for _ in range(2):
        with pytest.raises(NotPermitted, match="no"):
            prefs.set("theme", "dark", user="al")
    (denied,) = prefs.log()
    assert (denied.kind, denied.actor, denied.details["actor"]) == ("denied", "kim", "kim")
    assert denied.details["rule"] == "the watcher 'toy'"
    assert len(str(denied.details)) + len(denied.reason) < 5000


def test_a_veto_that_writes_into_the_store_meanwhile_is_refused_and_nothing_stays() -> None:
    def veto(draft: Draft, changes: Iterator[Change | Rename]) -> None:
        prefs.set("size", 99, user="al")

    prefs = opened(Watcher(veto))
    with pytest.raises((PluginError, LockedError)):
        prefs.set("theme", "dark", user="al")
    assert list(prefs.log()) == []


def test_a_veto_that_keeps_what_it_was_shown_sees_no_more_of_it() -> None:
    kept: list[Iterator[Change | Rename]] = []
    prefs = opened(Watcher(lambda draft, changes: kept.append(changes)))
    prefs.set("theme", "dark", user="al")
    later = opened(Watcher())
    later.set("size", 7, user="al")
    assert all(one.key == "theme" for one in kept[0] if isinstance(one, Change))


def test_a_veto_that_fails_refuses() -> None:
    def veto(draft: Draft, changes: Iterator[Change | Rename]) -> None:
        raise ZeroDivisionError

    prefs = opened(Watcher(veto))
    with pytest.raises(PluginError, match="the watcher 'toy' failed, so nothing was changed"):
        prefs.set("size", 14, user="al")
    assert prefs.get("size", user="al") == 12


def test_an_observer_is_told_of_what_was_done_and_only_of_that(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[str] = []

    def failing(changeset: Changeset) -> None:
        raise RuntimeError("no such luck")

    prefs = opened(
        Watcher(observe=failing, id="bad"),
        Watcher(observe=lambda changeset: told.append(changeset.kind), id="good"),
    )
    changeset = prefs.set("size", 14, user="al")
    assert changeset is not None
    assert prefs.set("size", 14, user="al") is None, "nothing changed, nobody is told"
    prefs.apply(prefs.plan_undo())
    assert told == ["set", "undo"]
    assert [one.levelno for one in caplog.records] == [logging.WARNING] * 2
    assert "the watcher 'bad' failed after changeset" in caplog.messages[0]
    assert "the change stands" in caplog.messages[0]


def test_a_named_watcher_that_is_not_there_refuses_every_change() -> None:
    prefs = Preferences.open(
        Editor, store="memory:", actor="kim", plugins=Plugins(watch=["office"])
    )
    with pytest.raises(PluginMissing):
        prefs.set("size", 14, user="al")
    assert prefs.get("size", user="al") == 12
