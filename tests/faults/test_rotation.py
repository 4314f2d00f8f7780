"""kill -9 while keys are rotated, rewrapped, and values encrypted anew: nothing is ever lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pytest

from prefcore.preferences import Preferences
from prefcore.schema.secret import Secret
from tests.faults.rotating import (
    AT,
    key_ids,
    keys_of,
    opened,
    reencrypt_for_ever,
    rewrap_for_ever,
)

OWNERS = 1500
#: Seconds that a process may take to begin before it counts as hung.
LONGEST = 120
_CONTEXT = get_context("spawn")


def _kill(act: Callable[[str, str], None], folder: Path, after: float) -> None:
    mark = folder / "begun"
    mark.unlink(missing_ok=True)
    process = _CONTEXT.Process(target=act, args=(str(folder), str(mark)))
    process.start()
    end = time.monotonic() + LONGEST
    while not mark.exists():
        assert process.is_alive()
        if time.monotonic() > end:
            process.kill()
        time.sleep(0.002)
    time.sleep(after)
    process.kill()
    process.join(LONGEST)
    assert process.exitcode == -signal.SIGKILL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with many secrets, each changed once, and its key ring."""
    keys = keys_of(tmp_path).folder
    keys.create(AT, keys.new_root_file)
    for state in ("old", "new"):
        with opened(tmp_path) as prefs:
            draft = prefs._workplace.draft("set", "")
            with prefs.store.changeset(draft, version=prefs.version) as begun:
                secrets = prefs._workplace.vault.sealing(begun, draft, lambda key: True)
                if prefs.version is None:
                    prefs._workplace.put_in_force(secrets, "1.0.0")
                for number in range(OWNERS):
                    row = ("token", f'"{state} {number}"', 1, "api", "t")
                    secrets.write("user", f"user{number:05}", [row])
    return tmp_path


def test_values_encrypted_anew_survive_kills_and_the_next_run_ends_it(folder: Path) -> None:
    random = Random(6)
    for _ in range(6):
        _kill(reencrypt_for_ever, folder, random.uniform(0, 0.4))
        with opened(folder) as prefs:
            assert list(prefs.store.check()) == []
            number = random.randrange(OWNERS)
            assert prefs.get("token", user=f"user{number:05}") == Secret(f"new {number}")
    with opened(folder) as prefs:
        prefs.keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))
        told = prefs.reencrypt()
        assert told.locked == 0
        assert told.done == 2 * OWNERS
        active = prefs.keys.ring.active.id  # type: ignore[union-attr]  # there is one
        assert set(key_ids(folder)) == {active}
        assert all(
            prefs.get("token", user=f"user{number:05}") == Secret(f"new {number}")
            for number in range(OWNERS)
        )
        prefs.apply(prefs.plan_undo(prefs.changeset(_second_set(prefs)).id))
        assert prefs.get("token", user="user00007") == Secret("old 7")


def _second_set(prefs: Preferences) -> str:  # type: ignore[type-arg]  # no class
    return next(one.id for one in prefs.log() if one.kind == "set")


def test_a_ring_that_is_changed_survives_kills_at_any_moment(folder: Path) -> None:
    random = Random(7)
    keys = keys_of(folder).folder
    known = {key.id for key in keys.open().keys}
    for _ in range(12):
        _kill(rewrap_for_ever, folder, random.uniform(0, 0.05))
        now = {key.id for key in keys.open().keys}
        assert known <= now
        known = now
    keys.rewrap(keys.new_root_file)
    assert {key.id for key in keys.open().keys} == known
