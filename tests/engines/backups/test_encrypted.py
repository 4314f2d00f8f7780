"""Encrypted backups: every byte counts, and nothing is given out before it is authenticated."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import attrs
import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.engines.backups import Manifest
from prefcore.errors import IntegrityError, PrefcoreError, UsageError, WrongKey
from prefcore.facade.backups import Backups
from prefcore.keys import Keys
from prefcore.model import Draft, from_micros
from prefcore.schema.secret import Secret
from prefcore.security.ring import KeyRing
from prefcore.security.stream import EncryptedFile
from tests.engines.backups.world import PLUGINS

AT = from_micros(1_769_860_800_000_000)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(str(tmp_path / "keys"), environ={})
    made.folder.create(AT, made.folder.new_root_file)
    return made


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore()
    with made.changeset(Draft("acme", "alice", "set", AT), version=None) as transaction:
        transaction.write("user", "alice", [("theme", '"dark"', 1, "api", "alice")])
    return made


@pytest.fixture
def backups(tmp_path: Path, keys: Keys) -> Iterator[Backups]:
    url = f"file://{tmp_path / 'target'}"
    with Backups(url, plugins=PLUGINS, name="target", keys=keys, actor="alice") as made:
        yield made


@pytest.fixture
def manifest(backups: Backups, store: MemoryStore) -> Manifest:
    return backups.create(store).manifest


def _document(tmp_path: Path, manifest: Manifest) -> Path:
    return tmp_path / "target" / manifest.name


def _refused(backups: Backups, manifest: Manifest) -> PrefcoreError:
    """Give what reading a backup into a new store raises; nothing is drawn before that."""
    new = MemoryStore()
    with pytest.raises((IntegrityError, WrongKey)) as raised:
        backups.load(manifest, new)
    with new.snapshot() as view:
        assert view.apps() == []
    return raised.value


def test_a_bit_flipped_in_any_byte_of_a_backup_is_found(
    backups: Backups, manifest: Manifest, tmp_path: Path
) -> None:
    document = _document(tmp_path, manifest)
    whole = document.read_bytes()
    assert b"dark" not in whole
    front = whole.index(b"}") + 64
    for at in (*range(front), *range(front, len(whole), 5)):  # the stream has a test of each byte
        document.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :])
        assert _refused(backups, manifest).exit_code in (12, 13)
    document.write_bytes(whole)
    backups.verify(manifest, level=3)


def test_a_backup_cut_short_or_lengthened_anywhere_is_found(
    backups: Backups, manifest: Manifest, tmp_path: Path
) -> None:
    document = _document(tmp_path, manifest)
    whole = document.read_bytes()
    for length in range(0, len(whole), 5):
        document.write_bytes(whole[:length])
        assert _refused(backups, manifest).exit_code == 13
    document.write_bytes(whole + b"\0")
    assert _refused(backups, manifest).exit_code == 13


def test_an_older_document_put_under_a_newer_manifest_is_found(
    backups: Backups, manifest: Manifest, store: MemoryStore, tmp_path: Path
) -> None:
    """It is whole and opens; that it is another than the manifest tells is all that shows."""
    with store.changeset(Draft("acme", "alice", "set", AT), version=None) as transaction:
        transaction.write("user", "alice", [("theme", '"light"', 1, "api", "alice")])
    newer = backups.create(store).manifest
    _document(tmp_path, newer).write_bytes(_document(tmp_path, manifest).read_bytes())
    assert _refused(backups, newer).exit_code == 13


def test_a_manifest_that_denies_the_encryption_gets_nowhere(
    backups: Backups, manifest: Manifest
) -> None:
    forged = attrs.evolve(manifest, encrypted=False, key=None)
    assert _refused(backups, forged).exit_code == 13


def test_nothing_is_given_out_before_the_last_chunk_was_authenticated(
    backups: Backups, store: MemoryStore, tmp_path: Path
) -> None:
    """A document of several chunks, of which only the last is damaged."""
    rows = [(f"key{n:05}", '"' + "x" * 90 + '"', 1, "api", "alice") for n in range(4000)]
    with store.changeset(Draft("acme", "alice", "import", AT), version=None) as transaction:
        transaction.write("user", "bob", rows)
    manifest = backups.create(store).manifest
    document = _document(tmp_path, manifest)
    whole = document.read_bytes()
    assert len(whole) > 4 * (64 << 10)
    document.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(IntegrityError), backups.opened(manifest):
        raise AssertionError("it was opened")


def test_keys_are_asked_for_only_where_they_are_needed(
    manifest: Manifest, tmp_path: Path, store: MemoryStore
) -> None:
    with Backups(f"file://{tmp_path / 'target'}", plugins=PLUGINS) as keyless:
        keyless.verify(manifest, level=1)
        with pytest.raises(WrongKey, match="no keys to open it"):
            keyless.verify(manifest)
        with pytest.raises(UsageError, match="keys="):
            keyless.create(store, encrypt=True)
        with pytest.raises(UsageError, match="keys="):
            keyless.create(store, passphrase=Secret("sesame"))
        assert not keyless.create(store, always=True).manifest.encrypted


def test_the_document_opens_with_what_the_reference_tells(
    manifest: Manifest, keys: Keys, tmp_path: Path
) -> None:
    ring = keys.ring
    assert isinstance(ring, KeyRing)
    with _document(tmp_path, manifest).open("rb") as source:
        file = EncryptedFile.begin(source, "it")
        assert file.key_id == manifest.key == ring.active.id
        clear = file.opened(file.recipient(ring=ring, passphrase=lambda: ""), BytesIO())
    assert clear.read().startswith(b'{"prefcore":')


def test_a_store_that_is_in_use_is_backed_up_and_signed_in_the_manifest_alone(
    backups: Backups, store: MemoryStore
) -> None:
    store.wait = 0.05
    assert store._writing.acquire(timeout=1)  # as another thread does that writes
    try:
        taken = backups.create(store)
    finally:
        store._writing.release()
    assert "its checkpoint is in its manifest alone" in taken.warning
    assert taken.manifest.checkpoint is not None
    with store.snapshot() as view:
        assert [one.kind for one in view.changesets()] == ["set"]
    taken = backups.create(store, always=True)
    assert taken.warning == ""
    with store.snapshot() as view:
        assert next(view.changesets()).kind == "checkpoint"
