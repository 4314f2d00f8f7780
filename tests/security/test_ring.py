"""The key ring: its states, its file, and what keeps either from being lost or forged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from textwrap import dedent
from typing import NoReturn

import attrs
import pytest

from prefcore.errors import (
    IntegrityError,
    NewerFormat,
    NotFound,
    NotPermitted,
    PolicyRefused,
    PrefcoreError,
    UsageError,
    WrongKey,
)
from prefcore.security.ring import ACTIVE, COMPROMISED, DECRYPT_ONLY, DataKey, KeyRing
from prefcore.security.ring_folder import RingFolder
from prefcore.security.ring_text import ClosedRing, Root, ring_bytes
from prefcore.security.roots import KdfParameters, RootKey, passphrase_root

AT = datetime(2026, 11, 26, tzinfo=UTC)
LATER = AT + timedelta(days=1)
#: Argon2id as cheap as is taken, for tests that are about something else.
QUICK = KdfParameters(salt=b"s" * 16, memory_kib=8 << 10, passes=1, lanes=1)


def states(ring: KeyRing) -> list[str]:
    return [key.state for key in ring.keys]


def fresh() -> KeyRing:
    return KeyRing.fresh(AT, os.urandom)


# ------------------------------------------------------------------------------------- states


def test_rotating_makes_a_new_key_active_and_keeps_the_old() -> None:
    ring = fresh()
    rotated = ring.rotated(LATER, os.urandom)
    assert states(rotated) == [DECRYPT_ONLY, ACTIVE]
    assert rotated.keys[0].secret == ring.active.secret != rotated.active.secret
    assert (rotated.tag_key, rotated.signing_seed) == (ring.tag_key, ring.signing_seed)


def test_a_compromised_active_key_seals_no_more() -> None:
    ring = fresh()
    assert states(ring.compromised(ring.active.id, LATER, os.urandom)) == [COMPROMISED, ACTIVE]


def test_an_old_key_can_be_compromised_without_a_new_one() -> None:
    ring = fresh().rotated(LATER, os.urandom)
    assert states(ring.compromised(ring.keys[0].id, LATER, os.urandom)) == [COMPROMISED, ACTIVE]


def test_a_key_is_named_by_a_unique_beginning() -> None:
    ring = fresh().rotated(LATER, os.urandom)
    assert ring.key(ring.active.id[:9]) == ring.active
    for id in ("", "nothing"):
        with pytest.raises(NotFound, match="there is no key"):
            ring.key(id)
    with pytest.raises(NotFound, match=r"2 keys begin with 'k': k.*, k.*; say more"):
        ring.key("k")


def test_a_ring_has_one_active_key() -> None:
    key = DataKey.fresh(AT, os.urandom)
    for keys in ([], [key, DataKey.fresh(AT, os.urandom)]):
        with pytest.raises(UsageError, match="exactly one active"):
            KeyRing(id="r", keys=keys, tag_key=b"t" * 32, signing_seed=b"s" * 32)


def test_a_strangers_keys_open_and_never_seal() -> None:
    ring, other = fresh(), fresh()
    merged = ring.merged(other)
    assert merged.active == ring.active
    assert states(merged) == [ACTIVE, DECRYPT_ONLY]
    assert merged.merged(other) == merged


def test_two_copies_of_a_ring_agree_on_the_worse_state() -> None:
    ring = fresh()
    elsewhere = ring.compromised(ring.active.id, LATER, os.urandom)
    assert states(ring.merged(elsewhere)) == [COMPROMISED, ACTIVE]
    assert ring.merged(elsewhere) == elsewhere.merged(ring)


def test_copies_that_were_both_rotated_each_stay_at_their_own_key() -> None:
    ring = fresh()
    here, there = ring.rotated(LATER, os.urandom), ring.rotated(LATER, os.urandom)
    merged = here.merged(there)
    assert merged.active == here.active
    assert states(merged) == [DECRYPT_ONLY, ACTIVE, DECRYPT_ONLY]


# --------------------------------------------------------------------------------------- bytes


def root() -> RootKey:
    return RootKey(os.urandom(32), os.urandom)


def closed(
    ring: KeyRing, key: Root, described: Mapping[str, object] = {"kind": "file"}
) -> bytes:  # never changed
    return ring_bytes(ring, key, described, os.urandom)


def test_a_ring_is_read_back_as_it_was() -> None:
    key = root()
    ring = fresh().rotated(LATER, os.urandom).copied(LATER)
    assert ClosedRing.read(closed(ring, key), "ring").open(key) == ring


def test_a_bit_flipped_in_any_byte_of_a_ring_is_found() -> None:
    key = root()
    whole = closed(fresh(), key)
    for i in range(len(whole)):
        for bit in (1, 0x20):
            damaged = whole[:i] + bytes([whole[i] ^ bit]) + whole[i + 1 :]
            with pytest.raises(PrefcoreError) as caught:
                ClosedRing.read(damaged, "ring").open(key)
            assert caught.value.exit_code in (12, 13), (i, caught.value.message)


def test_a_ring_cut_short_anywhere_is_found() -> None:
    whole = closed(fresh(), root())
    for length in range(len(whole)):
        with pytest.raises(IntegrityError):
            ClosedRing.read(whole[:length], "ring")


def forged(whole: bytes, old: bytes, new: bytes) -> bytes:
    """Give a ring with something in it replaced, by somebody who makes the hash right again."""
    magic, _, body = whole.split(b"\n")[:3]
    both = (magic + b"\n" + body).replace(old, new)
    assert both != magic + b"\n" + body
    magic, body = both.split(b"\n")
    return b"%s\n%s\n%s\n" % (magic, sha256(both).hexdigest().encode(), body)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"state":"compromised"', b'"state":"decrypt-only"'),
        (b'"kind":"file"', b'"kind":"passphrase"'),
        (b'"copied_at":null', b'"copied_at":{"$datetime":"2026-11-26T12:00:00.000000+00:00"}'),
    ],
)
def test_what_everybody_may_read_in_a_ring_nobody_may_change(old: bytes, new: bytes) -> None:
    key, ring = root(), fresh()
    ring = ring.compromised(ring.active.id, LATER, os.urandom)
    with pytest.raises(IntegrityError):
        ClosedRing.read(forged(closed(ring, key), old, new), "ring").open(key)


def test_an_older_ring_cannot_take_the_id_of_another() -> None:
    key, ring, other = root(), fresh(), fresh()
    swapped = forged(closed(ring, key), ring.id.encode(), other.id.encode())
    with pytest.raises(WrongKey):
        ClosedRing.read(swapped, "ring").open(key)


@pytest.mark.parametrize("name", ["algorithm", "version"])
def test_a_ring_of_a_newer_prefcore_says_so(name: str) -> None:
    key = root()
    if name == "version":
        newer = forged(closed(fresh(), key), b"prefcore-keyring 1", b"prefcore-keyring 2")
    else:
        ring = fresh()
        key_of_tomorrow = attrs.evolve(ring.active, algorithm="AES-512")
        newer = closed(attrs.evolve(ring, keys=[key_of_tomorrow]), key)
    with pytest.raises(NewerFormat, match="upgrade prefcore"):
        ClosedRing.read(newer, "ring").open(key)


# --------------------------------------------------------------------------------- passphrases


def test_a_wrong_passphrase_says_so() -> None:
    right, wrong = (passphrase_root(word, QUICK, os.urandom) for word in ("right", "wrong"))
    whole = ClosedRing.read(closed(fresh(), right), "my ring")
    with pytest.raises(WrongKey, match="my ring stays locked: the passphrase is not the one"):
        whole.open(wrong)


def test_a_passphrase_is_the_same_however_its_letters_are_composed() -> None:
    composed, decomposed = (
        passphrase_root(word, QUICK, os.urandom) for word in ("caf\u00e9", "cafe\u0301")
    )
    assert composed.secret == decomposed.secret


HELL = {
    "terabytes": {"memory_kib": 1 << 30},
    "no memory": {"memory_kib": 0},
    "passes without end": {"passes": 1 << 31},
    "no passes": {"passes": 0},
    "a thousand lanes": {"lanes": 1000},
    "a salt of a megabyte": {"salt": b"s" * (1 << 20)},
    "a short salt": {"salt": b"s"},
    "a negative number": {"memory_kib": -1},
    "a number as text": {"memory_kib": "65536"},
    "a truth": {"passes": True},
}


@pytest.mark.parametrize("change", HELL.values(), ids=list(HELL))
def test_parameters_from_hell_are_refused_before_anything_is_derived(
    change: dict[str, object],
) -> None:
    with pytest.raises(IntegrityError):
        KdfParameters.from_object({**QUICK.as_object(), **change})


def test_a_salt_that_is_too_short_is_called_by_its_name() -> None:
    with pytest.raises(IntegrityError, match="salt has 1 bytes, and 16 to 64 are taken"):
        KdfParameters.from_object({**QUICK.as_object(), "salt": b"s"})


def test_an_unknown_derivation_is_of_a_newer_prefcore() -> None:
    with pytest.raises(NewerFormat, match="argon3"):
        KdfParameters.from_object({**QUICK.as_object(), "kdf": "argon3"})


@pytest.mark.parametrize("passphrase", ["", "x" * 1025])
def test_a_passphrase_has_bounds(passphrase: str) -> None:
    with pytest.raises(UsageError):
        passphrase_root(passphrase, QUICK, os.urandom)


# ------------------------------------------------------------------------------------- folders


def no_passphrase() -> NoReturn:
    raise AssertionError("nothing here needs a passphrase")


def no_provider(id: str, settings: Mapping[str, object]) -> NoReturn:
    raise AssertionError("nothing here needs a provider")


def folder(path: Path) -> RingFolder:
    return RingFolder(path, passphrase=no_passphrase, provider=no_provider)


@pytest.fixture
def made(tmp_path: Path) -> RingFolder:
    """A folder with a new ring under a root key file."""
    place = folder(tmp_path / "keys")
    place.create(AT, place.new_root_file)
    return place


def test_a_folder_gives_the_ring_that_was_put_there(made: RingFolder) -> None:
    assert states(made.open()) == [ACTIVE]
    assert made.change(lambda ring: ring.rotated(LATER, os.urandom)) == made.open()
    assert states(made.open()) == [DECRYPT_ONLY, ACTIVE]


def test_all_files_are_the_users_alone(made: RingFolder) -> None:
    modes = {path.name: path.stat().st_mode & 0o777 for path in made.path.iterdir()}
    assert {mode for name, mode in modes.items() if name != "lock"} == {0o600}
    assert made.path.stat().st_mode & 0o777 == 0o700


def test_a_ring_is_never_replaced_by_a_new_one(made: RingFolder) -> None:
    before = made.open()
    with pytest.raises(PolicyRefused, match="not replaced"):
        made.create(LATER, made.new_root_file)
    assert made.open() == before
    assert made.stray_roots() == []


def test_every_change_has_a_stamp_of_its_own(made: RingFolder) -> None:
    before = made.stamp()
    made.change(lambda ring: ring.copied(AT))
    assert before != made.stamp()


def test_where_no_ring_is_the_way_to_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="prefcore keys init"):
        folder(tmp_path).open()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660])
def test_a_root_key_that_others_may_read_is_refused(made: RingFolder, mode: int) -> None:
    (key,) = made.path.glob("root-*.key")
    key.chmod(mode)
    with pytest.raises(NotPermitted, match="chmod 600"):
        made.open()


def test_a_root_key_that_is_gone_is_named(made: RingFolder) -> None:
    (key,) = made.path.glob("root-*.key")
    key.unlink()
    with pytest.raises(WrongKey, match=str(key)):
        made.open()


def test_another_root_key_does_not_open_it(made: RingFolder) -> None:
    (key,) = made.path.glob("root-*.key")
    other = folder(made.path.parent / "other")
    with other.locked():
        other.new_root_file()
    (stranger,) = other.path.glob("root-*.key")
    key.write_bytes(stranger.read_bytes())
    with pytest.raises(WrongKey):
        made.open()


def test_a_bit_flipped_in_any_byte_of_a_root_key_is_found(made: RingFolder) -> None:
    (key,) = made.path.glob("root-*.key")
    whole = key.read_bytes()
    for i in range(len(whole) - 1):  # the line end is no part of the key
        key.write_bytes(whole[:i] + bytes([whole[i] ^ 4]) + whole[i + 1 :])
        with pytest.raises(PrefcoreError) as caught:
            made.open()
        assert caught.value.exit_code in (12, 13)


def test_a_ring_never_names_a_root_key_outside_its_folder(made: RingFolder, tmp_path: Path) -> None:
    stolen = tmp_path / "stolen.key"
    (key,) = made.path.glob("root-*.key")
    key.rename(stolen)
    ring = fresh()
    made.save(ring, RootKey(os.urandom(32), os.urandom), {"kind": "file", "file": str(stolen)})
    with pytest.raises(WrongKey, match="is not there"):
        made.open()


def test_rewrapping_changes_the_root_and_no_data_key(made: RingFolder) -> None:
    ring, before = made.open(), set(made.path.glob("root-*.key"))
    made.rewrap(made.new_root_file)
    assert made.open() == ring
    assert len(set(made.path.glob("root-*.key")) | before) == 2
    assert made.stray_roots() == []


def test_what_a_kill_left_of_a_root_key_goes_with_the_next_one(made: RingFolder) -> None:
    left = made.path / "root-0123abcd.key.0123abcd.new"
    left.write_text("half a root key")
    theirs = made.path / "root-notes.key.0123abcd.new"
    theirs.write_text("of somebody else")
    made.rewrap(made.new_root_file)
    assert not left.exists()
    assert theirs.exists()


def test_rewrapping_to_a_passphrase_leaves_no_root_key_behind(made: RingFolder) -> None:
    ring = made.open()
    made.rewrap(lambda: made.new_passphrase_root("sesame"))
    assert list(made.path.glob("root-*.key")) == []
    place = RingFolder(made.path, passphrase=lambda: "sesame", provider=no_provider)
    assert place.open() == ring


class Vault:
    """A key provider that keeps its root key to itself."""

    def __init__(self) -> None:
        self._root = root()

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        return self._root.wrap(key, context=context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        return self._root.unwrap(wrapped, context=context)


def test_a_plugin_may_keep_the_root_key(made: RingFolder) -> None:
    ring, vault = made.open(), Vault()
    asked: list[tuple[str, Mapping[str, object]]] = []

    def provider(id: str, settings: Mapping[str, object]) -> Root:
        asked.append((id, settings))
        return vault

    place = RingFolder(made.path, passphrase=no_passphrase, provider=provider)
    place.rewrap(lambda: place.new_provider_root("vault", {"slot": 3}))
    assert place.open() == ring
    assert set(map(str, asked)) == {"('vault', {'slot': 3})"}


def test_a_ring_that_does_not_open_is_never_rewrapped(made: RingFolder) -> None:
    (key,) = made.path.glob("root-*.key")
    key.chmod(0o644)
    before = made.ring_path.read_bytes()
    with pytest.raises(NotPermitted):
        made.rewrap(made.new_root_file)
    assert made.ring_path.read_bytes() == before


_ROTATING = """
    import os, sys
    from datetime import UTC, datetime
    from prefcore.security.ring_folder import RingFolder

    place = RingFolder(sys.argv[1], passphrase=None, provider=None)
    for _ in range(5):
        place.change(lambda ring: ring.rotated(datetime(2031, 1, 1, tzinfo=UTC), os.urandom))
"""


def test_processes_that_rotate_at_once_lose_no_key(made: RingFolder) -> None:
    command = [sys.executable, "-c", dedent(_ROTATING), str(made.path)]
    others = [subprocess.Popen(command) for _ in range(2)]
    assert [other.wait(60) for other in others] == [0, 0]
    assert len(made.open().keys) == 11
