"""Copies of a key ring: under a passphrase alone, to be kept elsewhere and taken in again."""

from __future__ import annotations

import os
from collections.abc import Callable

from prefcore.errors import IntegrityError
from prefcore.security.ring import KeyRing
from prefcore.security.ring_text import ClosedRing, ring_bytes
from prefcore.security.roots import KdfParameters, passphrase_root

__all__ = ["copy_bytes", "opened_copy"]


def copy_bytes(ring: KeyRing, passphrase: str, random: Callable[[int], bytes]) -> bytes:
    """Give a copy of a ring that a passphrase opens, with nothing else needed."""
    parameters = KdfParameters.fresh(random)
    root = passphrase_root(passphrase, parameters, random)
    return ring_bytes(ring, root, {"kind": "passphrase", **parameters.as_object()}, random)


def opened_copy(data: bytes, name: str, passphrase: Callable[[], str]) -> KeyRing:
    """Give the ring of a copy; raises WrongKey, IntegrityError or NewerFormat."""
    try:
        closed = ClosedRing.read(data, name)
    except IntegrityError as error:
        raise IntegrityError(
            f"{error.message}: this is the copy; your key ring stays as it was, import another "
            "copy",
            **error.facts,
        ) from error
    if closed.root.get("kind") != "passphrase":
        raise IntegrityError(f"{name} is no copy of a key ring that a passphrase opens", path=name)
    parameters = KdfParameters.from_object(closed.root)
    return closed.open(passphrase_root(passphrase(), parameters, os.urandom))
