"""Locked: secrets whose key is not here, on their way up: followed by name, and never read.

They stay sealed under the name they end with, so that who reads such a key is told what is missing,
and who reads another one is not.
"""

from __future__ import annotations

from collections.abc import Iterable

from prefcore.migration import Operation, Remove, Rename
from prefcore.model import Row

__all__ = ["Locked"]


class Locked:
    """The rows of one set that cannot be opened: ``rows`` by the keys they stand under by now.

    What an operation would have made of one cannot be opened either, and stands in its place.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self.rows = {row[0]: row for row in rows}

    def stop(self, operation: Operation) -> bool:
        """Say whether an operation cannot be done for them; if so, take them along."""
        concerned = self.rows.keys() & {*operation.older_keys, *operation.decides_by}
        if not concerned:
            return False
        if isinstance(operation, Remove):
            del self.rows[operation.key]
        elif isinstance(operation, Rename):
            row = self.rows.pop(operation.key, None) or self.rows[operation.to]
            self.rows[operation.to] = (operation.to, *row[1:])
        else:
            row = self.rows[min(concerned)]
            self.rows.update((key, (key, *row[1:])) for key in operation.newer_keys)
        return True
