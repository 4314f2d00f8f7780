"""Checkpoints of the audit chain: its length and head, signed, so that a cut tail shows."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping

import attrs

from prefcore.errors import IntegrityError
from prefcore.security.ciphers import is_signed, signature
from prefcore.security.framing import framed
from prefcore.security.ring import KeyRing

__all__ = ["Checkpoint", "signed_checkpoint"]

_PURPOSE = "prefcore audit checkpoint 1"


@attrs.frozen
class Checkpoint:
    """That a store's audit chain had ``revision`` links and ended with ``chain``, signed.

    ``ring`` is the id of the key ring that signed, ``store`` the store's id.
    """

    store: str
    revision: int
    chain: str
    ring: str
    signature: bytes

    def is_by(self, public: bytes) -> bool:
        """Say whether the ring of that public key signed it."""
        return is_signed(public, self.signature, _message(self.store, self.revision, self.chain))

    def as_object(self) -> dict[str, object]:
        """Give the checkpoint as plain JSON types."""
        signed = b64encode(self.signature).decode()
        return {**attrs.asdict(self), "signature": signed}

    @classmethod
    def from_object(cls, data: Mapping[str, object]) -> Checkpoint:
        """Read what ``as_object`` gave; raises IntegrityError."""
        try:
            return cls(
                str(data["store"]),
                int(str(data["revision"])),
                str(data["chain"]),
                str(data["ring"]),
                b64decode(str(data["signature"]), validate=True),
            )
        except (KeyError, ValueError) as error:
            raise IntegrityError("an audit checkpoint is damaged") from error


def signed_checkpoint(ring: KeyRing, store: str, revision: int, chain: str) -> Checkpoint:
    """Give the checkpoint of a chain that ends so, signed by a ring (Ed25519)."""
    signed = signature(ring.signing_seed, _message(store, revision, chain))
    return Checkpoint(store, revision, chain, ring.id, signed)


def _message(store: str, revision: int, chain: str) -> bytes:
    return framed(_PURPOSE, store, str(revision), chain)
