"""Passages: what takes the sets of documents from one schema version to another."""

from __future__ import annotations

from datetime import datetime

from prefcore.engines.migrating import Migration, Passage
from prefcore.facade.workplace import Workplace
from prefcore.migration import Edge
from prefcore.schema import SchemaDocument

__all__ = ["Passages"]


class Passages:
    """Gives passages for one act; each schema on their ways is read once."""

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace
        self._schemas: dict[str, SchemaDocument] = {}

    def along(self, path: tuple[Edge, ...], upwards: bool, *, at: datetime) -> Passage | None:
        """Give the passage along a path, None where it leads nowhere."""
        if not path:
            return None
        migration = Migration(
            app=self._workplace.app,
            actor=self._workplace.actor,
            at=at,
            load=self._schema,
            find_path=self._workplace.find_path,
        )
        return Passage(migration, path, upwards)

    def _schema(self, version: str) -> SchemaDocument:
        if version not in self._schemas:
            self._schemas[version] = self._workplace.schema(version)
        return self._schemas[version]
