"""Schema versions an application knows: from its snapshots or its class, and those in the store."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from prefcore.audit import REGISTERED
from prefcore.errors import InvalidSchema, MissingStep, NotFound, PolicyRefused
from prefcore.interfaces import Snapshot, Transaction
from prefcore.model import SchemaVersion
from prefcore.schema import SchemaDocument, Snapshots, sorted_versions

__all__ = ["KnownSchemas", "register"]


class KnownSchemas:
    """Where schemas come from: the code's own (a class, a file), a folder of snapshots, the store.

    ``own`` and ``snapshots`` may each be None. A version that two of them hold must be the same.
    ``vouch`` raises PolicyRefused where those that the store does not hold may be a stranger's.
    """

    def __init__(
        self,
        app: str,
        *,
        own: SchemaDocument | None = None,
        snapshots: Snapshots | None = None,
        vouch: Callable[[], None] = lambda: None,
    ) -> None:
        self.app = app
        self._vouch = vouch
        self._own = own
        self._snapshots = snapshots
        self._loaded: dict[str, SchemaDocument] = {}

    def versions(self, view: Snapshot) -> list[str]:
        """Give every version some source holds, lowest first."""
        found = {one.version for one in view.schema_versions(self.app)}
        if self._own is not None:
            found.add(self._own.version)
        if self._snapshots is not None:
            found.update(self._snapshots.versions)
        return sorted_versions(found)

    @property
    def newest(self) -> str | None:
        """The version the code is written for: its own, or the newest snapshot."""
        if self._own is not None:
            return self._own.version
        return self._snapshots.newest if self._snapshots is not None else None

    @property
    def folder(self) -> Path | None:
        """The folder of snapshots; None where none is configured."""
        return self._snapshots.folder if self._snapshots is not None else None

    def own(self, version: str | None) -> SchemaDocument | None:
        """Give the code's own schema where it is of that version (None: the newest)."""
        if self._own is None or version not in (None, self._own.version):
            return None
        return self._own

    def load(self, view: Snapshot, version: str) -> SchemaDocument:
        """Give a version's schema.

        Raises MissingStep where no source holds it, InvalidSchema where two differ.
        """
        if version not in self._loaded:
            stored = view.schema(self.app, version)
            ours = self._ours(version)
            if ours is not None and stored is not None and ours.text != stored:
                raise InvalidSchema(
                    f"{self.app} {version} is registered in the store with another content than "
                    "the application's; a changed schema needs a new version",
                    version=version,
                )
            if ours is None and stored is None:
                raise MissingStep(
                    f"no schema of {self.app} {version} is known; `prefcore schema list` shows "
                    "those that are",
                    version=version,
                )
            self._loaded[version] = ours or SchemaDocument.registered(stored or "")
        return self._loaded[version]

    def objection(self, view: Snapshot, version: str) -> PolicyRefused | None:
        """Say why a version must not come into a store; None where it may, or is in it already."""
        if view.schema(self.app, version) is not None:
            return None
        try:
            self._vouch()
        except PolicyRefused as error:
            return error
        return None

    def _ours(self, version: str) -> SchemaDocument | None:
        if self._own is not None and self._own.version == version:
            return self._own
        if self._snapshots is not None and version in self._snapshots.versions:
            return self._snapshots.load(version)
        return None


def register(transaction: Transaction, document: SchemaDocument) -> None:
    """Record a schema version with its declarations; the same again changes nothing.

    The changeset tells the digest of its text, so that it is in the chain.
    """
    if transaction.schema(document.app, document.version) is None:
        digest = sha256(document.text.encode()).hexdigest()
        transaction.note({REGISTERED: {document.version: f"sha256:{digest}"}})
    transaction.register(document.version, document.text, declarations=document.declarations())


def version_named(
    view: Snapshot, known: KnownSchemas, version: str
) -> tuple[SchemaDocument, SchemaVersion | None]:
    """Give a version's schema and its record in the store, if it has one; raises NotFound."""
    if version not in known.versions(view):
        raise NotFound(
            f"there is no schema version {version} of {known.app}; `prefcore schema list` shows "
            "those there are",
            version=version,
        )
    records = {one.version: one for one in view.schema_versions(known.app)}
    return known.load(view, version), records.get(version)
