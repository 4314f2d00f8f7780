"""Known answers: ciphers give what their specifications print, our formats what was released."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from base64 import b64decode
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from prefcore.security.ciphers import (
    AESGCM,
    argon2id,
    hkdf,
    is_signed,
    public_key,
    signature,
)
from prefcore.security.framing import framed
from prefcore.security.places import STORE, Place
from prefcore.security.ring import KeyRing
from prefcore.security.ring_text import ClosedRing, ring_bytes
from prefcore.security.roots import KdfParameters, RootKey
from prefcore.security.stream import EncryptedFile, SealingWriter, to_passphrase
from prefcore.values import Sealed, canonical_text
from tests.security.randomness import seeded

DATA = Path(__file__).parent.parent / "data" / "security"
READER = Path(__file__).parent.parent.parent / "docs" / "examples" / "open-encrypted.py"
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
PASSPHRASE = "correct horse battery staple"
PLACE = Place(STORE, "acme", "user", "alice", "5b0f7a52-1f63-4c0e-9d2b-3f1f0e7d9a11")


def test_aes_256_gcm_gives_test_case_16_of_its_specification() -> None:
    """McGrew and Viega, The Galois/Counter Mode of Operation, appendix B."""
    key = bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)
    sealed = AESGCM(key).encrypt(
        bytes.fromhex("cafebabefacedbaddecaf888"),
        bytes.fromhex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ),
        bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    )
    assert sealed.hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )


def test_hkdf_gives_test_case_1_of_rfc_5869() -> None:
    made = hkdf(b"\x0b" * 22, bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"), bytes(range(13)))
    assert made.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"


def test_argon2id_gives_what_its_reference_implementation_tests() -> None:
    """phc-winner-argon2, src/test.c, version 0x13."""
    made = argon2id(b"password", salt=b"somesalt", memory_kib=1 << 16, passes=2, lanes=1)
    assert made.hex() == "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"


def test_ed25519_gives_test_1_of_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert public_key(seed).hex() == public
    assert signature(seed, b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555f"
        "b8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert is_signed(bytes.fromhex(public), signature(seed, b""), b"")
    assert not is_signed(bytes.fromhex(public), signature(seed, b""), b"x")


def test_framing_tells_every_two_lists_apart() -> None:
    assert framed("ab", "c") == b"\0\0\0\x02ab\0\0\0\x01c"
    assert len({framed("ab", "c"), framed("a", "bc"), framed("abc"), framed("abc", "")}) == 4


# ------------------------------------------------------------------------------- our formats


def golden_ring() -> tuple[KeyRing, bytes]:
    random = seeded("ring")
    ring = KeyRing.fresh(AT, random).rotated(AT, random).copied(AT)
    root = RootKey(random(32), random)
    return ring, ring_bytes(ring, root, {"kind": "file", "file": "root-0.key"}, random)


def golden_values() -> dict[str, str]:
    """Values by their sealed texts, under the keys of the golden ring."""
    ring, _ = golden_ring()
    sealer = ring.sealer(seeded("values"))
    texts = ('"tok-4711"', "null", '""', "[1,2.5,true]", '{"$bytes":"AA=="}', '"' + "x" * 31 + '"')
    return {text: canonical_text(sealer.seal(text, PLACE)) for text in texts}


def golden_stream() -> bytes:
    random, out = seeded("stream"), BytesIO()
    writer = SealingWriter(out, to_passphrase(PASSPHRASE, random), random=random)
    writer.write(b'{"prefcore": "a document", "of": "three chunks"}\n' * 3000)
    writer.finish()
    return out.getvalue()


def released() -> dict[str, bytes]:
    """What the formats of this release give for fixed randomness, by file name."""
    values = json.dumps(golden_values(), indent=1, sort_keys=True).encode() + b"\n"
    return {"ring": golden_ring()[1], "values.json": values, "stream.sealed": golden_stream()}


@pytest.mark.parametrize("name", ["ring", "values.json", "stream.sealed"])
def test_what_is_written_is_byte_for_byte_what_was_released(name: str) -> None:
    assert released()[name] == (DATA / name).read_bytes()


def test_a_released_ring_and_its_values_open() -> None:
    random = seeded("ring")
    made = KeyRing.fresh(AT, random).rotated(AT, random).copied(AT)
    closed = ClosedRing.read((DATA / "ring").read_bytes(), "ring")
    ring = closed.open(RootKey(random(32), random))
    assert ring == made
    for text, sealed in json.loads((DATA / "values.json").read_text()).items():
        key_id, data, tag = json.loads(sealed)["$sealed"]
        assert key_id == ring.active.id
        value = Sealed(key_id, b64decode(data), b64decode(tag))
        assert ring.sealer(random).open(value, PLACE) == text


def test_a_released_stream_opens() -> None:
    file = EncryptedFile.begin(BytesIO((DATA / "stream.sealed").read_bytes()), "stream")
    clear = file.opened(file.recipient(ring=None, passphrase=lambda: PASSPHRASE), BytesIO())
    assert clear.read() == b'{"prefcore": "a document", "of": "three chunks"}\n' * 3000


def test_a_reader_written_from_the_documentation_alone_opens_it(tmp_path: Path) -> None:
    """It imports nothing of prefcore: the page it was written from is what must be true."""
    imports = re.findall(r"^(?:from|import) (\w+)", READER.read_text(), re.MULTILINE)
    assert "cryptography" in imports
    assert not any(name.startswith("prefcore") for name in imports)
    opened = tmp_path / "opened"
    subprocess.run(
        [sys.executable, "-I", str(READER), str(DATA / "stream.sealed"), str(opened)],
        input=PASSPHRASE.encode() + b"\n",
        check=True,
    )
    assert opened.read_bytes() == b'{"prefcore": "a document", "of": "three chunks"}\n' * 3000


def test_default_parameters_are_those_of_rfc_9106() -> None:
    parameters = KdfParameters.fresh(seeded("salt"))
    assert (parameters.memory_kib, parameters.passes, parameters.lanes) == (65536, 3, 4)
    assert len(parameters.salt) == 16
