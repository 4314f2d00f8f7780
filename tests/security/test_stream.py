"""Encrypted documents: what was changed anywhere releases nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcore.errors import BrokenSeal, IntegrityError, NewerFormat, PrefcoreError, WrongKey
from prefcore.security.magic import MAGIC, is_encrypted
from prefcore.security.ring import KeyRing
from prefcore.security.roots import KdfParameters
from prefcore.security.stream import (
    CHUNK,
    EncryptedFile,
    Recipient,
    SealingWriter,
    to_passphrase,
    to_ring,
)

AT = datetime(2026, 11, 26, tzinfo=UTC)
RING = KeyRing.fresh(AT, os.urandom)
QUICK = KdfParameters(salt=b"s" * 16, memory_kib=8 << 10, passes=1, lanes=1)
#: Bytes of a whole chunk with its tag.
WHOLE = CHUNK + 16


def no_passphrase() -> NoReturn:
    raise AssertionError("nothing here needs a passphrase")


def encrypted(data: bytes, recipient: Recipient | None = None) -> bytes:
    out = BytesIO()
    writer = SealingWriter(out, recipient or to_ring(RING, os.urandom), random=os.urandom)
    writer.write(data)
    writer.finish()
    return out.getvalue()


def opened(
    data: bytes, ring: KeyRing | None = RING, passphrase: Callable[[], str] = no_passphrase
) -> bytes:
    file = EncryptedFile.begin(BytesIO(data), "secrets.json")
    return file.opened(file.recipient(ring=ring, passphrase=passphrase), BytesIO()).read()


def front(data: bytes) -> int:
    """Give how many bytes stand before the first chunk."""
    return len(MAGIC) + 4 + int.from_bytes(data[16:20], "big") + 32


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
def test_every_length_opens_as_it_was(length: int) -> None:
    data = os.urandom(length)
    assert opened(encrypted(data)) == data


PLAIN = os.urandom(3 * CHUNK + 100)
_PLACES = st.integers(0, len(PLAIN) + CHUNK)


@settings(max_examples=30)
@given(st.lists(st.tuples(_PLACES, st.integers(0, CHUNK + 9)), min_size=1))
def test_what_was_opened_is_read_and_sought_in_as_any_file(reads: list[tuple[int, int]]) -> None:
    file = EncryptedFile.begin(BytesIO(encrypted(PLAIN)), "secrets.json")
    clear = file.opened(to_ring(RING, os.urandom), BytesIO())
    for at, length in reads:
        assert clear.seek(at) == at
        assert clear.read(length) == PLAIN[at : at + length]
    assert clear.seek(-100, os.SEEK_END) == len(PLAIN) - 100
    assert clear.read() == PLAIN[-100:]


def test_what_is_kept_of_a_file_while_it_is_read_is_encrypted() -> None:
    spool = BytesIO()
    text = b'{"token": "tok-4711"}' * 9999
    file = EncryptedFile.begin(BytesIO(encrypted(text)), "secrets.json")
    clear = file.opened(to_ring(RING, os.urandom), spool)
    assert len(spool.getvalue()) > len(text)
    assert b"tok-4711" not in spool.getvalue()
    clear.close()
    assert spool.closed


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=CHUNK)))
def test_it_makes_no_difference_in_which_pieces_it_is_written(pieces: list[bytes]) -> None:
    out = BytesIO()
    writer = SealingWriter(out, to_ring(RING, os.urandom), random=os.urandom)
    for piece in pieces:
        assert writer.write(piece) == len(piece)
    writer.finish()
    assert opened(out.getvalue()) == b"".join(pieces)


def test_a_bit_flipped_in_any_byte_of_a_short_one_is_found() -> None:
    whole = encrypted(b'{"token": "tok-4711"}')
    for i in range(len(whole)):
        for bit in (1, 0x20):
            with pytest.raises(PrefcoreError) as caught:
                opened(whole[:i] + bytes([whole[i] ^ bit]) + whole[i + 1 :])
            assert caught.value.exit_code in (12, 13), (i, caught.value.message)


def test_one_cut_short_anywhere_is_found() -> None:
    whole = encrypted(b'{"token": "tok-4711"}')
    for length in range(len(whole)):
        with pytest.raises(IntegrityError):
            opened(whole[:length])


LONG = encrypted(os.urandom(3 * CHUNK + 100))
START = front(LONG)
OTHER = encrypted(os.urandom(2 * CHUNK))[START + WHOLE :]
CHUNKS = [LONG[at : at + WHOLE] for at in range(START, len(LONG), WHOLE)]
TAMPERED = {
    "the last chunk left out": CHUNKS[:-1],
    "all but the first left out": CHUNKS[:1],
    "all left out": [],
    "one in the middle left out": [CHUNKS[0], *CHUNKS[2:]],
    "two swapped": [CHUNKS[1], CHUNKS[0], *CHUNKS[2:]],
    "one doubled": [CHUNKS[0], *CHUNKS],
    "the last doubled": [*CHUNKS, CHUNKS[-1]],
    "bytes appended": [*CHUNKS, b"more"],
    "one byte less": [*CHUNKS[:-1], CHUNKS[-1][:-1]],
    "a chunk of another file": [CHUNKS[0], OTHER, *CHUNKS[2:]],
}


@pytest.mark.parametrize("chunks", TAMPERED.values(), ids=list(TAMPERED))
def test_chunks_cannot_be_rearranged(chunks: list[bytes]) -> None:
    with pytest.raises(BrokenSeal, match="nothing of it is used"):
        opened(LONG[:START] + b"".join(chunks))


def test_a_header_cannot_be_taken_for_another_files_chunks() -> None:
    other = encrypted(os.urandom(3 * CHUNK + 100))
    with pytest.raises(BrokenSeal):
        opened(other[: front(other)] + b"".join(CHUNKS))


def test_a_passphrase_opens_it_and_a_wrong_one_says_so() -> None:
    whole = encrypted(b"data", to_passphrase("sesame", os.urandom, QUICK))
    assert opened(whole, None, lambda: "sesame") == b"data"
    with pytest.raises(WrongKey, match=r"secrets.json stays locked: the passphrase is not"):
        opened(whole, None, lambda: "parsley")


def test_after_a_rotation_it_still_opens() -> None:
    assert opened(encrypted(b"data"), RING.rotated(AT, os.urandom)) == b"data"


@pytest.mark.parametrize("ring", [None, KeyRing.fresh(AT, os.urandom)], ids=["none", "another"])
def test_without_its_ring_it_says_which_key_is_missing(ring: KeyRing | None) -> None:
    with pytest.raises(WrongKey, match=f"{RING.active.id}.*keys import"):
        opened(encrypted(b"data"), ring)


def rewritten(data: bytes, old: bytes, new: bytes) -> bytes:
    """Give a file with its header changed by somebody who makes length and hash right again."""
    end = front(data) - 32
    header = data[20:end].replace(old, new)
    assert header != data[20:end]
    start = MAGIC + len(header).to_bytes(4, "big") + header
    return start + sha256(start).digest() + data[end + 32 :]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b'"version":1', b'"version":2', NewerFormat),
        (b"AES-256-GCM", b"AES-512-GCM", NewerFormat),
        (b'"version":1', b'"version":0', IntegrityError),
        (b'"version":1', b'"version":true', IntegrityError),
        (b'"AES-256-GCM"', b"[]", IntegrityError),
        (b'"to":{', b'"to":[],"too":{', IntegrityError),
        (b'"chunk":65536', b'"chunk":1', IntegrityError),
        (b'"chunk":65536', b'"chunk":1099511627776', IntegrityError),
        (b'"chunk":65536', b'"chunk":"65536"', IntegrityError),
        (b'"chunk":65536', b'"chunk":131072', WrongKey),
        (b'"wrapped"', b'"wrapper"', IntegrityError),
        (b'{"chunk"', b'["chunk"', IntegrityError),
    ],
)
def test_a_header_that_asks_for_the_wrong_thing_is_refused(
    old: bytes, new: bytes, kind: type[PrefcoreError]
) -> None:
    with pytest.raises(kind):
        opened(rewritten(encrypted(b"data"), old, new))


def test_a_passphrase_is_not_asked_for_parameters_from_hell() -> None:
    whole = encrypted(b"data", to_passphrase("sesame", os.urandom, QUICK))
    bomb = rewritten(whole, b'"memory_kib":8192', b'"memory_kib":1073741824')
    with pytest.raises(IntegrityError, match="exhaust this machine"):
        opened(bomb, None, no_passphrase)


def test_a_header_without_end_is_not_read() -> None:
    with pytest.raises(BrokenSeal):
        opened(MAGIC + b"\xff\xff\xff\xff" + b"{" * (1 << 20))


def test_it_is_known_by_its_first_bytes() -> None:
    assert is_encrypted(encrypted(b"")[:4096])
    assert not is_encrypted(b'{"prefcore": 1}')
