"""What wraps data keys with a root key that is held somewhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import attrs

__all__ = ["KeyProvider", "KeyProviderInfo"]


@runtime_checkable
class KeyProvider(Protocol):
    """Holds a root key somewhere else (an OS keyring, a KMS) and wraps data keys with it."""

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """Give a data key encrypted under the root key and bound to ``context``."""

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """Give the data key back; raises WrongKey or IntegrityError where either is another."""


@attrs.frozen(kw_only=True)
class KeyProviderInfo:
    """A kind of key provider: ``id`` as configured, ``factory`` opens one from its settings."""

    id: str
    summary: str
    factory: Callable[[Mapping[str, object]], KeyProvider]
