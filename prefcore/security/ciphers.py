"""The ciphers in use, each with its source; the one place that imports ``cryptography``.

AES-256-GCM (NIST SP 800-38D), HKDF-SHA-256 (RFC 5869), HMAC-SHA-256 (RFC 2104), Argon2id
(RFC 9106), Ed25519 (RFC 8032).
What the library raises becomes one of our errors here.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from prefcore.errors import BrokenSeal
from prefcore.security.framing import framed

__all__ = [
    "AESGCM",
    "AES_256_GCM",
    "DOES_NOT_OPEN",
    "KEY_BYTES",
    "NONCE_BYTES",
    "argon2id",
    "cipher",
    "hkdf",
    "hmac_sha256",
    "is_signed",
    "public_key",
    "signature",
    "unsealed",
]

AES_256_GCM = "AES-256-GCM"
#: Of every secret key, and of every nonce, which is random or a counter.
KEY_BYTES = 32
NONCE_BYTES = 12
#: What AES-GCM raises for what it did not encrypt; the latter two where that is too short or long.
DOES_NOT_OPEN = (InvalidTag, ValueError, OverflowError)


def hkdf(key: bytes, info: bytes, salt: bytes | None = None) -> bytes:
    """Give the 32 bytes that HKDF-SHA-256 makes of a key (RFC 5869)."""
    made: bytes = HKDF(SHA256(), KEY_BYTES, salt, info).derive(key)
    return made


def hmac_sha256(key: bytes) -> Callable[[bytes], bytes]:
    """Give what makes HMAC-SHA-256 (RFC 2104) under a key, which is taken in only once."""
    keyed = HMAC(key, SHA256())

    def digest(message: bytes) -> bytes:
        one = keyed.copy()
        one.update(message)
        made: bytes = one.finalize()
        return made

    return digest


def cipher(key: bytes, *purpose: str | bytes) -> AESGCM:
    """Give AES-256-GCM under the subkey of a key for a purpose, which is framed."""
    return AESGCM(hkdf(key, framed(*purpose)))


def unsealed(
    cipher: AESGCM, nonce: bytes, data: bytes, context: bytes, *, what: Callable[[], str] | str
) -> bytes:
    """Give what was encrypted, authenticated; raises BrokenSeal, which says ``what`` it is."""
    try:
        opened: bytes = cipher.decrypt(nonce, data, context)
    except DOES_NOT_OPEN:
        pass
    else:
        return opened
    name = what if isinstance(what, str) else what()
    raise BrokenSeal(f"{name} does not open: it was damaged, edited, or moved here from elsewhere")


def argon2id(secret: bytes, *, salt: bytes, memory_kib: int, passes: int, lanes: int) -> bytes:
    """Give the 32 bytes that Argon2id makes of a passphrase (RFC 9106)."""
    made: bytes = Argon2id(
        salt=salt, length=KEY_BYTES, iterations=passes, lanes=lanes, memory_cost=memory_kib
    ).derive(secret)
    return made


def signature(seed: bytes, message: bytes) -> bytes:
    """Give the Ed25519 signature of a message under the key of a 32-byte seed (RFC 8032)."""
    signed: bytes = Ed25519PrivateKey.from_private_bytes(seed).sign(message)
    return signed


def public_key(seed: bytes) -> bytes:
    """Give the 32-byte public key that checks what ``signature`` signs."""
    public: bytes = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return public


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether a signature of a message was made with a public key's seed."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
