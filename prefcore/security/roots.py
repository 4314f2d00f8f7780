"""Root keys: what wraps the key ring, kept in a file or derived from a passphrase.

Both do what ``prefcore.interfaces.KeyProvider`` promises, so that a plugin may take their place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from unicodedata import normalize

import attrs

from prefcore.errors import BrokenSeal, IntegrityError, NewerFormat, UsageError, WrongKey
from prefcore.security.ciphers import NONCE_BYTES, argon2id, cipher, unsealed
from prefcore.values import from_tagged

__all__ = ["KdfParameters", "RootKey", "passphrase_root"]

_WRAP = "prefcore wrap 1"
_SALT_BYTES = 16
_LONGEST_PASSPHRASE = 1024


@attrs.frozen
class RootKey:
    """A root key of 32 bytes; ``what`` is what messages call it."""

    secret: bytes = attrs.field(repr=False)
    random: Callable[[int], bytes] = attrs.field(repr=False)
    what: str = "the root key"

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """Give a key encrypted under this one and bound to ``context``."""
        nonce = self.random(NONCE_BYTES)
        return nonce + bytes(cipher(self.secret, _WRAP).encrypt(nonce, key, context))

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """Give a wrapped key back; raises WrongKey when this is not the root key it was under."""
        nonce, data = wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:]
        try:
            return unsealed(cipher(self.secret, _WRAP), nonce, data, context, what=self.what)
        except BrokenSeal:
            raise WrongKey(f"{self.what} is not the one that this was encrypted with") from None


@attrs.frozen(kw_only=True)
class KdfParameters:
    """How Argon2id makes a root key of a passphrase.

    The defaults are those of RFC 9106, section 4, for memory-constrained environments: 64 MiB,
    three passes, four lanes. What a file asks for is bounded before anything is derived.
    """

    salt: bytes
    memory_kib: int = 64 << 10
    passes: int = 3
    lanes: int = 4

    def __attrs_post_init__(self) -> None:
        if not 16 <= len(self.salt) <= 64:
            raise IntegrityError(
                f"the key derivation's salt has {len(self.salt)} bytes, and 16 to 64 are taken; "
                "the file is damaged"
            )
        bounds = (
            (8 << 10, self.memory_kib, 512 << 10),
            (1, self.passes, 10),
            (1, self.lanes, 16),
        )
        if not all(low <= value <= high for low, value, high in bounds):
            raise IntegrityError(
                f"the key derivation asks for {self.memory_kib} KiB, {self.passes} passes and "
                f"{self.lanes} lanes, which is outside of what is taken (8 to 512 MiB, 1 to 10, "
                "1 to 16); the file is damaged or made to exhaust this machine"
            )

    @classmethod
    def fresh(cls, random: Callable[[int], bytes]) -> KdfParameters:
        """Give the default parameters with a new salt."""
        return cls(salt=random(_SALT_BYTES))

    def as_object(self) -> dict[str, object]:
        """Give the parameters as a portable object."""
        return {
            "kdf": "argon2id",
            "salt": self.salt,
            "memory_kib": self.memory_kib,
            "passes": self.passes,
            "lanes": self.lanes,
        }

    @classmethod
    def from_object(cls, data: Mapping[str, object]) -> KdfParameters:
        """Read what ``as_object`` gave; raises IntegrityError, or NewerFormat for another KDF."""
        kdf, salt = data.get("kdf"), from_tagged(data.get("salt"))
        if kdf != "argon2id":
            raise NewerFormat(
                f"the key derivation '{kdf!s:.40}' is not known here; upgrade prefcore", kdf=kdf
            )
        numbers = [data.get(name) for name in ("memory_kib", "passes", "lanes")]
        if not isinstance(salt, bytes) or not all(type(one) is int for one in numbers):
            raise IntegrityError("the key derivation's parameters are damaged")
        memory_kib, passes, lanes = (int(str(one)) for one in numbers)
        return cls(salt=salt, memory_kib=memory_kib, passes=passes, lanes=lanes)


def passphrase_root(
    passphrase: str, parameters: KdfParameters, random: Callable[[int], bytes]
) -> RootKey:
    """Give the root key that Argon2id makes of a passphrase, taken as UTF-8 of its NFC."""
    if not passphrase or len(passphrase) > _LONGEST_PASSPHRASE:
        raise UsageError(f"a passphrase has 1 to {_LONGEST_PASSPHRASE} characters")
    made = argon2id(
        normalize("NFC", passphrase).encode(),
        salt=parameters.salt,
        memory_kib=parameters.memory_kib,
        passes=parameters.passes,
        lanes=parameters.lanes,
    )
    return RootKey(made, random, "the passphrase")
