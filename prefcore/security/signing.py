"""Signing checkpoints of the audit chain with a key ring's Ed25519 key, and checking them."""

from __future__ import annotations

from datetime import datetime

import attrs

from prefcore.security.checkpoints import Checkpoint
from prefcore.security.ciphers import is_signed, signature
from prefcore.security.ring import KeyRing

__all__ = ["is_genuine", "signed"]


def signed(
    ring: KeyRing,
    *,
    lineage: str,
    revision: int,
    chain: str,
    at: datetime,
    branch: int | None = None,
) -> Checkpoint:
    """Give a checkpoint that says where a log stands, signed by a ring."""
    bare = Checkpoint(
        lineage=lineage,
        revision=revision,
        chain=chain,
        at=at,
        branch=branch,
        signer=ring.public_key.hex(),
    )
    return attrs.evolve(bare, signature=signature(ring.signing_seed, bare.message).hex())


def is_genuine(checkpoint: Checkpoint) -> bool:
    """Say whether a checkpoint was signed by the key that it names."""
    public, made = bytes.fromhex(checkpoint.signer), bytes.fromhex(checkpoint.signature)
    return is_signed(public, made, checkpoint.message)
