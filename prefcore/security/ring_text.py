"""A key ring as bytes: what stands in its file, and reading it back.

Three lines: ``prefcore-keyring 1``; the SHA-256 in hexadecimal of the first, a line feed and the
third; a canonical JSON object. Its members ``id``, ``root``, ``keys`` (id, state,
algorithm, created_at) and ``copied_at`` can be read by everybody; ``secrets`` is a nonce and the
AES-256-GCM ciphertext of an object with the secret keys, under a fresh key that the root key
wraps (``wrapped``) and with the members in clear as additional data: nobody can change one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

import attrs

from prefcore.errors import IntegrityError, NewerFormat, PrefcoreError, UsageError, WrongKey
from prefcore.security.ciphers import AES_256_GCM, KEY_BYTES, NONCE_BYTES, cipher, unsealed
from prefcore.security.framing import framed
from prefcore.security.objects import object_of
from prefcore.security.ring import STATES, DataKey, KeyRing
from prefcore.values import canonical_text

__all__ = ["MAX_BYTES", "ClosedRing", "Root", "ring_bytes"]

#: A ring of ten thousand keys has less.
MAX_BYTES = 4 << 20

_MAGIC = b"prefcore-keyring 1"
_WRAPPING = "prefcore ring 1"
_SECRETS = "prefcore ring secrets 1"


class Root(Protocol):
    """What wraps a ring: a root key here, or a plugin's ``KeyProvider``."""

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """Give a key encrypted and bound to ``context``."""

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """Give the key back; raises a PrefcoreError when key or context is another."""


def ring_bytes(
    ring: KeyRing, root: Root, described: Mapping[str, object], random: Callable[[int], bytes]
) -> bytes:
    """Give a ring as the bytes of its file; ``described`` says how its root key is come by."""
    clear: dict[str, object] = {
        "id": ring.id,
        "root": dict(described),
        "keys": [
            {
                "id": key.id,
                "state": key.state,
                "algorithm": key.algorithm,
                "created_at": key.created_at,
            }
            for key in ring.keys
        ],
        "copied_at": ring.copied_at,
    }
    secrets = {
        "keys": {key.id: key.secret for key in ring.keys},
        "tag_key": ring.tag_key,
        "signing_seed": ring.signing_seed,
    }
    key, nonce = random(KEY_BYTES), random(NONCE_BYTES)
    bound = framed(_SECRETS, canonical_text(clear))
    sealed = nonce + cipher(key, _SECRETS).encrypt(nonce, canonical_text(secrets).encode(), bound)
    wrapped = root.wrap(key, context=framed(_WRAPPING, ring.id))
    body = canonical_text({**clear, "wrapped": wrapped, "secrets": sealed}).encode()
    return b"%s\n%s\n%s\n" % (_MAGIC, _hash(_MAGIC, body), body)


def _hash(magic: bytes, body: bytes) -> bytes:
    return sha256(magic + b"\n" + body).hexdigest().encode()


@attrs.frozen
class ClosedRing:
    """A ring as its file shows it to everybody: ids and states, and how its root key is come by.

    ``name`` is what messages call it.
    """

    name: str
    clear: Mapping[str, Any] = attrs.field(repr=False)
    wrapped: bytes = attrs.field(repr=False)
    secrets: bytes = attrs.field(repr=False)

    @classmethod
    def read(cls, data: bytes, name: str) -> ClosedRing:
        """Read a ring's bytes.

        Raises IntegrityError, naming the ring, for what is none or was changed, and NewerFormat.
        """
        magic, _, rest = data.partition(b"\n")
        told, _, body = rest.partition(b"\n")
        body = body.removesuffix(b"\n")
        if len(data) > MAX_BYTES or not magic.startswith(_MAGIC.partition(b" ")[0]):
            raise IntegrityError(f"{name} is no key ring of prefcore", path=name)
        whole = data == b"%s\n%s\n%s\n" % (magic, told, body)
        if not whole or told != _hash(magic, body):
            raise _damaged(name)
        if magic != _MAGIC:
            raise NewerFormat(f"{name} was made by a newer prefcore; upgrade prefcore", path=name)
        fields = object_of(body, name)
        wrapped, secrets = fields.pop("wrapped", None), fields.pop("secrets", None)
        if not isinstance(wrapped, bytes) or not isinstance(secrets, bytes):
            raise _damaged(name)
        if not isinstance(fields.get("root"), dict) or not isinstance(fields.get("keys"), list):
            raise _damaged(name)
        return cls(name, fields, wrapped, secrets)

    @property
    def id(self) -> str:
        """The ring's id."""
        return str(self.clear.get("id"))

    @property
    def root(self) -> dict[str, object]:
        """How the root key is come by."""
        root = self.clear["root"]
        assert isinstance(root, dict)  # read() looked
        return root

    def open(self, root: Root) -> KeyRing:
        """Give the ring; raises WrongKey, IntegrityError where it was changed, or NewerFormat."""
        context = framed(_WRAPPING, self.id)
        try:
            key = root.unwrap(self.wrapped, context=context)
        except WrongKey as error:
            raise WrongKey(f"{self.name} stays locked: {error.message}", path=self.name) from error
        nonce, data = self.secrets[:NONCE_BYTES], self.secrets[NONCE_BYTES:]
        bound = framed(_SECRETS, canonical_text(dict(self.clear)))
        opened = unsealed(cipher(key, _SECRETS), nonce, data, bound, what=self.name)
        try:
            return self._ring(object_of(opened, self.name))
        except (KeyError, TypeError, ValueError, UsageError) as error:
            raise _damaged(self.name) from error

    def _ring(self, secrets: Mapping[str, Any]) -> KeyRing:
        keys = []
        for one in self.clear["keys"]:
            if one["algorithm"] != AES_256_GCM or one["state"] not in STATES:
                raise NewerFormat(
                    f"{self.name}: the key {one['id']} is for {one['algorithm']}, state "
                    f"{one['state']}, which is not known here; upgrade prefcore",
                    path=self.name,
                )
            moment: datetime = one["created_at"]
            keys.append(DataKey(one["id"], one["state"], moment, secrets["keys"][one["id"]]))
        copied_at = self.clear.get("copied_at")
        return KeyRing(
            id=self.id,
            keys=keys,
            tag_key=secrets["tag_key"],
            signing_seed=secrets["signing_seed"],
            copied_at=copied_at if isinstance(copied_at, datetime) else None,
        )


def _damaged(name: str) -> PrefcoreError:
    return IntegrityError(f"{name} is damaged", path=name)
