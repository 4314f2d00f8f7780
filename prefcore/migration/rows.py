"""Rows: one set in flight while steps work on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from collections.abc import Set as AbstractSet

from prefcore.errors import PrefcoreError
from prefcore.model import Row
from prefcore.values import from_texts

__all__ = ["Carried", "Rows", "Uncarried"]


class Rows:
    """One set while a step works on it: rows by key; changed ones get the migration's stamp.

    ``park``, ``refuse`` and ``derive`` are what an operation says of its work; where a migration is
    taken back they tell what a user wrote since then from what the log gives back.
    """

    def __init__(self, rows: Iterable[Row], *, at: int, actor: str) -> None:
        self._rows = {row[0]: row for row in rows}
        self._stamp = (at, "migration", actor)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[Row]:
        return iter(sorted(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def by_key(self) -> dict[str, Row]:
        """Give the rows by key, as they are now."""
        return dict(self._rows)

    def text(self, key: str) -> str:
        """Give the canonical text of a key that is held."""
        return self._rows[key][1]

    def values(self, keys: Iterable[str]) -> dict[str, object]:
        """Give the values of those keys that are held, made anew."""
        rows = self._rows
        held = [key for key in keys if key in rows]
        return dict(zip(held, from_texts([rows[key][1] for key in held]), strict=True))

    def differing(self, before: Iterable[Row]) -> tuple[list[Row], list[str]]:
        """Give the rows that are not ``before``, sorted, and the keys that are held no more."""
        rows, gone = dict(self._rows), []
        for row in before:
            now = rows.pop(row[0], None)
            if now is None:
                gone.append(row[0])
            elif now != row:
                rows[row[0]] = now
        return sorted(rows.values()), gone

    def put(self, key: str, text: str) -> None:
        """Hold a value; one that stood there already keeps its metadata."""
        if key not in self._rows or self._rows[key][1] != text:
            self._rows[key] = (key, text, *self._stamp)

    def restore(self, row: Row) -> None:
        """Hold again what was held before, with its metadata."""
        self._rows[row[0]] = row

    def drop(self, key: str) -> None:
        """Hold nothing for a key."""
        self._rows.pop(key, None)

    def held(self, keys: AbstractSet[str]) -> AbstractSet[str]:
        """Give those of the keys that are held."""
        return keys & self._rows.keys()

    def move(self, key: str, to: str) -> None:
        """Hold under another key what one holds, if anything, with its metadata."""
        row = self._rows.pop(key, None)
        if row is not None:
            self._rows[to] = (to, *row[1:])

    def park(self, key: str) -> None:
        """Hold nothing for a key that the other version does not know; the log keeps it."""
        self.drop(key)

    def refuse(self, keys: Collection[str], error: PrefcoreError) -> None:
        """Say that what the keys hold cannot be taken along; where this returns, it stays."""
        raise error

    def derive(self, keys: Collection[str], sources: Collection[str]) -> None:
        """Say that what the keys hold now, or that they hold nothing, follows from the sources."""


class Uncarried(Exception):
    """Some edits cannot be taken back along: their keys as they were edited, and the error why."""

    def __init__(self, edits: set[str], error: PrefcoreError) -> None:
        super().__init__(error.message)
        self.edits = edits
        self.error = error


class Carried(Rows):
    """A set on its way back to a version, which tells edits from what the log gives back.

    ``edited`` holds, by the name a key has now, the one it had when it was edited; ``derived`` the
    other keys of which an operation decided by edited ones. Raises Uncarried when an operation
    refuses an edit; what else it refuses stays as it is.
    """

    def __init__(self, rows: Iterable[Row], *, at: int, actor: str, edited: Iterable[str]) -> None:
        super().__init__(rows, at=at, actor=actor)
        self._all = frozenset(edited)
        self.edited = {key: key for key in self._all}
        self.derived: set[str] = set()

    def move(self, key: str, to: str) -> None:
        super().move(key, to)
        if key in self.edited:
            self.edited[to] = self.edited.pop(key)
        if key in self.derived:
            self.derived.remove(key)
            self.derived.add(to)

    def park(self, key: str) -> None:
        super().park(key)
        self.edited.pop(key, None)
        self.derived.discard(key)

    def refuse(self, keys: Collection[str], error: PrefcoreError) -> None:
        edits = {self.edited[key] for key in keys if key in self.edited}
        if not edits and not self.derived.isdisjoint(keys):
            edits = {*self._all}  # which of them it was is not known
        if edits:
            raise Uncarried(edits, error)

    def derive(self, keys: Collection[str], sources: Collection[str]) -> None:
        if any(key in self.edited or key in self.derived for key in sources):
            self.derived.update(key for key in keys if key not in self.edited)
