"""Opens a document that ``prefcore export --encrypt`` encrypted to a passphrase, without prefcore.

Written from docs/reference/encryption.md alone. Usage: open-encrypted.py FILE OUT; it reads the
passphrase from the standard input.
"""

import json
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from unicodedata import normalize

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def framed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def subkey(key: bytes, *purpose: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, None, framed(*purpose)).derive(key))


def opened(data: bytes, passphrase: str) -> bytes:
    if data[:16] != b"prefcore-sealed\n":
        sys.exit("this is no document that prefcore export --encrypt made")
    end = 20 + int.from_bytes(data[16:20], "big")
    bound = sha256(data[:end]).digest()
    assert data[end : end + 32] == bound, "the header is damaged"
    header = json.loads(data[20:end])
    assert (header["version"], header["cipher"]) == (1, "AES-256-GCM")
    to, size = header["to"], header["chunk"]
    assert to["kdf"] == "argon2id"
    root = Argon2id(
        salt=b64decode(to["salt"]["$bytes"]),
        length=32,
        iterations=to["passes"],
        lanes=to["lanes"],
        memory_cost=to["memory_kib"],
    ).derive(normalize("NFC", passphrase).encode())
    wrapped = b64decode(header.pop("wrapped")["$bytes"])
    rest = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    context = framed(b"prefcore stream key 1", rest)
    key = subkey(root, b"prefcore wrap 1").decrypt(wrapped[:12], wrapped[12:], context)
    cipher, start, out = subkey(key, b"prefcore stream 1", bound), end + 32, b""
    for number in range(len(data)):
        chunk = data[start : start + size + 16]
        start += size + 16
        last = start >= len(data)
        nonce = number.to_bytes(11, "big") + (b"\1" if last else b"\0")
        out += cipher.decrypt(nonce, chunk, bound)
        if last:
            break
    return out


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: open-encrypted.py FILE OUT, with the passphrase on the standard input")
    source, target = map(Path, sys.argv[1:3])
    target.write_bytes(opened(source.read_bytes(), sys.stdin.readline().rstrip("\n")))
