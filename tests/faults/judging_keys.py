"""Judging what a hurt act on keys left: no key lost, every secret opens, the next run ends it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefcore.errors import PrefcoreError
from prefcore.preferences import Preferences
from prefcore.schema.secret import Secret
from prefcore.values import Sealed, from_text
from tests.faults import story
from tests.faults.acts import ACTS
from tests.faults.story import State

__all__ = ["KEYED", "faults_of_keys", "prepare_keys"]

#: Acts on keys.
KEYED = ("rotate", "rewrap", "reencrypt")
_OWNERS = [f"user{number:04}" for number in range(6)]


def prepare_keys(act: str, prefs: Preferences[Any]) -> None:
    """Make a key ring, and secrets of a few owners, each changed once."""
    keys, at = prefs.keys.folder, datetime(2026, 11, 26, tzinfo=UTC)
    keys.create(at, keys.new_root_file)
    for word in ("old", "new"):
        for owner in _OWNERS:
            prefs.set("token", f"{word} {owner}", user=owner)
    if act == "reencrypt":
        keys.change(lambda ring: ring.rotated(at, os.urandom))


def faults_of_keys(act: str, start: Path, before: State, folder: Path, code: int) -> Iterator[str]:
    """Give what is wrong with a folder after an act that ended so, and after the next run."""
    with story.opened(start) as prefs:
        known = _ring(prefs)
    yield from _faults(act, known, before, folder, is_done=code == 0)
    try:
        with story.opened(folder) as prefs:
            next(ACTS[act](prefs, folder))()
    except PrefcoreError as error:
        yield f"the next run does not end it: {error.message}"
    yield from _faults(act, known, before, folder, is_done=True)
    with story.opened(folder) as prefs:
        newest = [one for one in prefs.log() if one.kind == "set"]
        prefs.apply(prefs.plan_undo(newest[0].id))
        if prefs.get("token", user=_OWNERS[-1]) != Secret(f"old {_OWNERS[-1]}"):
            yield "undo leads to another secret"


def _ring(prefs: Preferences[Any]) -> list[str]:
    return [key.id for key in prefs.keys.folder.open().keys]


def _faults(
    act: str, known: list[str], before: State, folder: Path, *, is_done: bool
) -> Iterator[str]:
    state = State(folder)
    if not state.is_whole():
        yield f"the store is not whole: {state.problems}"
    with story.opened(folder) as prefs:
        ids = _ring(prefs)
        secrets = [prefs.get("token", user=owner) for owner in _OWNERS]
        under = {
            value.key_id
            for one in (*_texts(state), *_past(prefs))
            if isinstance(value := from_text(one), Sealed)
        }
    if secrets != [Secret(f"new {owner}") for owner in _OWNERS]:
        yield "a secret is another"
    if ids[: len(known)] != known:
        yield "a key is lost"
    if act == "rotate" and is_done and len(ids) == len(known):
        yield "it ended well, and there is no new key"
    if act == "reencrypt" and is_done and under != {ids[-1]}:
        yield f"it ended well, and values are under {under}"
    told = len(state.log) - len(before.log)
    if state.log[: len(before.log)] != before.log or told > (act == "reencrypt"):
        yield f"the log tells of {told} changesets more"


def _texts(state: State) -> Iterator[str]:
    for held in state.values.values():
        yield from held.values()


def _past(prefs: Preferences[Any]) -> Iterator[str]:
    with prefs.store.snapshot() as view:
        for logged in view.log():
            for *_, before, after in logged.changed:
                yield from (one for one in (before, after) if one is not None)
