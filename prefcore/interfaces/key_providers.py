"""What wraps data keys with a root key that is held somewhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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


def _trials(trials: Iterable[Mapping[str, object]]) -> tuple[Mapping[str, object], ...]:
    return tuple(trials)


@attrs.frozen(kw_only=True)
class KeyProviderInfo:
    """A kind of key provider: ``id`` as configured, ``factory`` opens one from its settings.

    Settings are what the user gives with ``--setting NAME=VALUE``, as text; they are kept in clear.
    ``trials`` are the settings of two different roots that the conformance suite may make and use;
    without them it does not run by the declaration alone.
    """

    id: str
    summary: str
    factory: Callable[[Mapping[str, object]], KeyProvider]
    trials: tuple[Mapping[str, object], ...] = attrs.field(default=(), converter=_trials)
