"""kill -9 while keys are rotated, rewrapped, and values encrypted anew: nothing is ever lost."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.faults.rotating import (
    faults_of_kill,
    faults_of_rotation,
    keys_of,
    kill,
    prepare,
    reencrypt_for_ever,
    rewrap_for_ever,
)

OWNERS, PART = 1500, 100
#: So many kills are to hit between the first and the last transaction of a rotation.
INSIDE, MOST = 3, 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    prepare(tmp_path, OWNERS)
    return tmp_path


def test_values_encrypted_anew_survive_kills_and_the_next_run_ends_it(folder: Path) -> None:
    random, rounds, inside = Random(6), 0, 0
    while inside < INSIDE:
        rounds += 1
        assert rounds < MOST, f"of {rounds} kills only {inside} hit inside"
        kill(reencrypt_for_ever, folder, random.uniform(0, 0.4), part=PART)
        is_inside, wrong = faults_of_kill(folder, random.randrange(OWNERS), part=PART)
        assert wrong == []
        inside += is_inside
    assert faults_of_rotation(folder, OWNERS) == []


def test_a_ring_that_is_changed_survives_kills_at_any_moment(folder: Path) -> None:
    random = Random(7)
    keys = keys_of(folder).folder
    known = {key.id for key in keys.open().keys}
    for _ in range(12):
        kill(rewrap_for_ever, folder, random.uniform(0, 0.05))
        now = {key.id for key in keys.open().keys}
        assert known <= now
        known = now
    keys.rewrap(keys.new_root_file)
    assert {key.id for key in keys.open().keys} == known
