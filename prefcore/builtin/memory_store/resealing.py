"""Sealing anew: copies of entries and log with other texts of the same values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import attrs

from prefcore.builtin.memory_store.state import Cell, Held, LogRecord, Place
from prefcore.interfaces import SealedCell
from prefcore.values import is_sealed_text

__all__ = ["Resealing"]


class Resealing:
    """Replaces each sealed text, or each one of some keys, by what a function gives for it."""

    def __init__(
        self,
        app: Held,
        function: Callable[[Sequence[SealedCell]], Sequence[str]],
        uuids: Collection[str] | None,
    ) -> None:
        self._keys = app.keys
        self._function = function
        self._uuids = uuids

    def sets(self, sets: Mapping[Place, dict[str, Cell]]) -> dict[Place, dict[str, Cell]]:
        """Give a copy of the sets of an application."""
        return {
            where: {uuid: self._cell(where, uuid, cell) for uuid, cell in cells.items()}
            for where, cells in sets.items()
        }

    def record(self, record: LogRecord) -> LogRecord:
        """Give a copy of one changeset of the log."""
        deltas = tuple(
            attrs.evolve(
                one,
                before=one.before and self._cell(one.place, one.uuid, one.before),
                after=one.after and self._cell(one.place, one.uuid, one.after),
            )
            for one in record.deltas
        )
        return attrs.evolve(record, deltas=deltas)

    def _cell(self, where: Place, uuid: str, cell: Cell) -> Cell:
        if not (is_sealed_text(cell[0]) if self._uuids is None else uuid in self._uuids):
            return cell
        name = next(name for _, name in reversed(self._keys[uuid].names) if name is not None)
        (text,) = self._function([(*where, uuid, name, cell[0])])
        return (text, *cell[1:])
