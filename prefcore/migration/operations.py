"""Operations: what a step does to one set, each with its way back.

An operation works on ``Rows``, one set in flight. What it takes away is not lost: the store's log
keeps what stood before every change, and a rollback restores it exactly where nobody edited the
value since. ``down`` is for the other values: those that were written after the upgrade.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import attrs

from prefcore.errors import ConflictError, InvalidStep
from prefcore.migration.rows import Rows
from prefcore.model import Rename as RenameChange
from prefcore.values import UNSET, canonical_text, from_text

__all__ = [
    "Add",
    "MapValues",
    "Operation",
    "Remove",
    "Rename",
    "TextChange",
    "add",
    "map_values",
    "remove",
    "rename",
]


#: Gives a value's new canonical text; None takes the value out.
TextChange = Callable[[str], str | None]


class Operation(ABC):
    """One thing a step does. ``name`` is the word used in step files, plans and history."""

    name: str
    #: The keys that it needs in the older schema, and those in the newer.
    older_keys: tuple[str, ...] = ()
    newer_keys: tuple[str, ...] = ()
    #: The keys by which ``up`` decides: it leaves sets alone that hold none. Empty: it needs all.
    decides_by: tuple[str, ...] = ()
    #: The keys on which ``up`` has the last word: no value parked earlier returns there.
    decides_on: tuple[str, ...] = ()
    #: Whether ``up`` may take a value away, or make two alike: only the log tells them then.
    loses: bool = False
    #: Whether it gives values to functions, which are whoever wrote the step's own.
    runs_code: bool = True

    def in_bulk(self) -> tuple[str, TextChange] | None:
        """Give key and function where ``up`` changes the values of one key, each by itself."""
        return None

    @abstractmethod
    def up(self, rows: Rows) -> None:
        """Take one set from the older version to the newer."""

    @abstractmethod
    def down(self, rows: Rows) -> None:
        """Take values that were written at the newer version to the older."""

    @abstractmethod
    def as_document(self) -> dict[str, object]:
        """Give the operation as a portable object: for the checksum, plans and history."""

    @abstractmethod
    def __str__(self) -> str: ...


@attrs.frozen(str=False)
class Rename(Operation):
    """A key gets another name; see ``rename``."""

    key: str
    to: str
    wins: str | None = None
    name = "rename"
    runs_code = False

    @property
    def older_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    @property
    def newer_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.to,)

    @property
    def decides_by(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key, self.to)

    def as_change(self) -> RenameChange:
        """Give the change that the log holds of this rename done for all owners at once."""
        return RenameChange(self.key, self.to)

    def up(self, rows: Rows) -> None:
        if self.key not in rows:
            return
        try:
            yields = self.yields(rows)
        except ConflictError as error:
            rows.refuse((self.key, self.to), error)
            return
        if yields:
            rows.move(self.key, self.to)
        else:
            rows.drop(self.key)

    def yields(self, rows: Rows) -> bool:
        """Say whether the renamed value takes the place; raises ConflictError when undecided."""
        if self.to not in rows or rows.text(self.to) == rows.text(self.key):
            return True
        if self.wins is None:
            raise ConflictError(
                f"{self.key} and {self.to} are both held, with different values; say in the step "
                "which one wins: rename(…, wins=…)",
                key=self.key,
                to=self.to,
            )
        return self.wins == self.key

    def down(self, rows: Rows) -> None:
        rows.move(self.to, self.key)

    def as_document(self) -> dict[str, object]:
        return {"op": self.name, "key": self.key, "to": self.to, "wins": self.wins}

    def __str__(self) -> str:
        return f"rename {self.key} to {self.to}"


@attrs.frozen(str=False)
class Remove(Operation):
    """A key is given up; see ``remove``."""

    key: str
    name = "remove"
    runs_code = False
    loses = True

    @property
    def older_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    def in_bulk(self) -> tuple[str, TextChange]:
        return self.key, lambda text: None

    def up(self, rows: Rows) -> None:
        rows.park(self.key)

    def down(self, rows: Rows) -> None:
        """Nothing was written under a key that did not exist."""

    def as_document(self) -> dict[str, object]:
        return {"op": self.name, "key": self.key}

    def __str__(self) -> str:
        return f"remove {self.key}"


@attrs.frozen(str=False)
class Add(Operation):
    """A key is new, and sets that hold anything get a value for it; see ``add``."""

    key: str
    text: str | None
    name = "add"
    runs_code = False

    @property
    def newer_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    def up(self, rows: Rows) -> None:
        if self.text is not None and self.key not in rows and len(rows):
            rows.put(self.key, self.text)

    def down(self, rows: Rows) -> None:
        rows.park(self.key)

    def as_document(self) -> dict[str, object]:
        document: dict[str, object] = {"op": self.name, "key": self.key}
        return document if self.text is None else {**document, "value": from_text(self.text)}

    def __str__(self) -> str:
        return f"add {self.key}" + ("" if self.text is None else f" with {self.text}")


@attrs.frozen(str=False)
class MapValues(Operation):
    """A key's values are replaced by a table; see ``map_values``."""

    key: str
    table: Mapping[str, str] = attrs.field(hash=False)  # canonical text to canonical text
    default: str | None = None
    name = "map_values"
    runs_code = False

    @property
    def older_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    @property
    def newer_keys(self) -> tuple[str, ...]:  # type: ignore[override]  # read-only here
        return (self.key,)

    @property
    def loses(self) -> bool:  # type: ignore[override]  # read-only here
        return self.default is not None or len({*self.table.values()}) < len(self.table)

    def in_bulk(self) -> tuple[str, TextChange]:
        return self.key, self.mapped

    def mapped(self, text: str) -> str:
        """Give the new canonical text of an old one."""
        return self.table.get(text, text if self.default is None else self.default)

    def unmapped(self, text: str) -> str:
        """Give an old text whose new one is ``text``: itself if it may, else the first listed.

        A text that nothing maps to stays as it is; the older schema says whether it may.
        """
        if self.mapped(text) == text:
            return text
        return next((old for old, new in self.table.items() if new == text), text)

    def up(self, rows: Rows) -> None:
        if self.key in rows:
            rows.put(self.key, self.mapped(rows.text(self.key)))

    def down(self, rows: Rows) -> None:
        if self.key in rows:
            rows.put(self.key, self.unmapped(rows.text(self.key)))

    def as_document(self) -> dict[str, object]:
        pairs = [[from_text(old), from_text(new)] for old, new in sorted(self.table.items())]
        document: dict[str, object] = {"op": self.name, "key": self.key, "table": pairs}
        return (
            document if self.default is None else {**document, "default": from_text(self.default)}
        )

    def __str__(self) -> str:
        shown = ", ".join(f"{old} → {new}" for old, new in list(self.table.items())[:4])
        return f"map {self.key}: {shown}{', …' if len(self.table) > 4 else ''}"


def rename(key: str, to: str, *, wins: str | None = None) -> Rename:
    """Give the operation that renames a key for all owners, with its history.

    Where a set holds both keys with different values, ``wins`` names the key whose value stays
    (the other is kept in the history); without it such a set refuses the migration.
    """
    if key == to:
        raise InvalidStep(f"rename({key!r}, {to!r}) renames a key to itself")
    if wins not in (None, key, to):
        raise InvalidStep(f"rename({key!r}, {to!r}, wins={wins!r}): wins names one of the two keys")
    return Rename(key, to, wins)


def remove(key: str) -> Remove:
    """Give the operation that gives up a key; a rollback brings every value back."""
    return Remove(key)


def add(key: str, value: object = UNSET) -> Add:
    """Give the operation that introduces a key.

    With a ``value``, every set that holds anything gets it, such as to keep an old behaviour for
    those who had it; without, the schema's default holds. Values that an earlier step removed
    from the same key return by themselves where they are still valid.
    """
    return Add(key, None if value is UNSET else canonical_text(value, path=key))


def map_values(
    key: str,
    table: Mapping[Any, object] | Iterable[tuple[object, object]],
    *,
    default: object = UNSET,
) -> MapValues:
    """Give the operation that replaces a key's values by a table from old to new.

    ``table`` is a mapping, or pairs where the old values are no dictionary keys. Values that it
    does not list stay, or become ``default`` where one is given.
    """
    pairs = table.items() if isinstance(table, Mapping) else table
    texts: dict[str, str] = {}
    for old, new in pairs:
        text = canonical_text(old, path=key)
        if text in texts:
            raise InvalidStep(f"map_values({key!r}): the table lists {text} twice")
        texts[text] = canonical_text(new, path=key)
    if not texts and default is UNSET:
        raise InvalidStep(f"map_values({key!r}): the table is empty")
    return MapValues(key, texts, None if default is UNSET else canonical_text(default, path=key))
