"""What a target of backups promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO, Protocol, runtime_checkable

import attrs

__all__ = ["StoredObject", "Target", "TargetInfo"]


@attrs.frozen
class StoredObject:
    """One object in a target: its name, size in bytes, and when it was written."""

    name: str
    size: int
    modified_at: datetime


@runtime_checkable
class Target(Protocol):
    """Where backups live. Names are relative, ``/``-separated, and never leave the target."""

    def put(self, name: str, source: BinaryIO) -> StoredObject:
        """Store an object whole or not at all, and give it back as the target reports it."""

    def get(self, name: str) -> BinaryIO:
        """Open an object for reading; raises NotFound."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Give the objects whose names begin with ``prefix``, sorted by name."""

    def delete(self, name: str) -> None:
        """Remove an object; removing what is not there is no error."""

    def close(self) -> None:
        """Give up connections and files."""


@attrs.frozen(kw_only=True)
class TargetInfo:
    """A kind of target: ``id`` is the scheme of its URLs, ``factory`` opens one from its URL.

    ``trial`` is a URL at which the conformance suite may work, ``{folder}`` in it an empty folder;
    empty where none serves.
    """

    id: str
    summary: str
    factory: Callable[[str], Target]
    trial: str = ""
