"""Preference sets: scopes, owners, entries, and which of them are selected."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

import attrs

from prefcore.errors import UsageError
from prefcore.model.moments import from_micros, to_micros
from prefcore.values import canonical_text, from_text

__all__ = [
    "SOURCES",
    "Entry",
    "PreferenceSet",
    "Row",
    "Scope",
    "Selection",
    "place",
    "set_fault",
    "strings",
]


def strings(values: Iterable[str]) -> tuple[str, ...]:
    """Give any texts as a tuple of them."""
    return tuple(map(str, values))


def _chosen(values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):  # its characters would be taken, each for one
        raise UsageError(f"a selection takes a list: [{values!r}], not {values!r}")
    return strings(values)


def _scopes(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(Scope.named(one)) for one in _chosen(values))


def _rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(rows)


#: An entry in bulk: key, canonical text, updated_at (µs since 1970 UTC), source, actor id.
Row = tuple[str, str, int, str, str]


class Scope(StrEnum):
    """Where a set of preferences belongs.

    ``template`` sets are reusable and named; they are stored like an owner's and are never part
    of resolution.
    """

    SYSTEM = "system"
    USER = "user"
    PROJECT = "project"
    TEMPLATE = "template"

    @classmethod
    def named(cls, name: str) -> Scope:
        """Give the scope of that name; raises UsageError with the known ones."""
        try:
            return cls(name)
        except ValueError:
            raise UsageError(
                f"there is no scope '{name}'; known are {', '.join(cls)}", scope=name
            ) from None


def set_fault(scope: str, owner: object) -> str:
    """Say what is wrong with the name of a set; the empty text where nothing is.

    Only the system scope has an owner without a name. Other owners are printable text of at most
    500 characters: control and direction marks would make two of them look alike.
    """
    if not isinstance(owner, str):
        return f"an owner is named by text, not by a {type(owner).__name__}"
    if scope == Scope.SYSTEM:
        return "" if owner == "" else f"the system's set has no owner, and {owner[:40]!r} is given"
    if not owner:
        return f"a set of scope {scope} needs an owner"
    if not owner.isprintable() or len(owner) > 500:
        return f"{owner[:40]!r} is no name of an owner: up to 500 printable characters are"
    return ""


#: How an entry came to hold its value.
SOURCES = ("manual", "template", "import", "migration", "restore", "api")


@attrs.frozen
class Entry:
    """One key's value in one set, with when and how it came there and by whom."""

    key: str
    value: object
    updated_at: datetime
    source: str
    actor: str

    @classmethod
    def from_row(cls, row: Row) -> Entry:
        """Give the entry that a bulk row stands for."""
        key, text, micros, source, actor = row
        return cls(key, from_text(text), from_micros(micros), source, actor)

    def as_row(self, key: str | None = None) -> Row:
        """Give the bulk row for it, under another key where one is named."""
        micros = to_micros(self.updated_at)
        return (key or self.key, canonical_text(self.value), micros, self.source, self.actor)


@attrs.frozen
class PreferenceSet:
    """All the values of one owner in one scope. ``rows`` are sorted by key.

    ``app`` names the application in a document of several; the empty text stands for the one that
    is meant anyway. ``lines`` are the canonical lines of the rows, joined by line feeds
    (``prefcore.canonical.entry_lines``), where who made the set has them at hand and there is a
    row; they save making them again.
    """

    scope: str
    owner: str
    rows: tuple[Row, ...] = attrs.field(default=(), converter=_rows)
    app: str = ""
    lines: str | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The rows as entries, values decoded."""
        return tuple(map(Entry.from_row, self.rows))

    @property
    def place(self) -> str:
        """What messages call this set, such as ``user/alice``, after its application if named."""
        named = place(self.scope, self.owner)
        return f"{self.app} {named}" if self.app else named


def place(scope: str, owner: str) -> str:
    """Give what messages call a set: ``user/alice``, ``system``."""
    return f"{scope}/{owner}" if owner else str(scope)


@attrs.frozen
class Selection:
    """Which sets and keys are meant: scopes, owners and key globs; empty means all.

    Raises UsageError for a scope that there is none of, and for one text in a list's place.
    """

    scopes: tuple[str, ...] = attrs.field(default=(), converter=_scopes)
    owners: tuple[str, ...] = attrs.field(default=(), converter=_chosen)
    keys: tuple[str, ...] = attrs.field(default=(), converter=_chosen)

    def takes_set(self, scope: str, owner: str) -> bool:
        """Say whether the set of that owner in that scope is selected."""
        return (not self.scopes or scope in self.scopes) and (
            not self.owners or owner in self.owners
        )

    def takes_key(self, key: str) -> bool:
        """Say whether a key is selected by one of the globs (``*``, ``?``, ``[…]``)."""
        return not self.keys or any(fnmatchcase(key, glob) for glob in self.keys)

    @classmethod
    def of_keys(cls, keys: Iterable[str]) -> Selection:
        """Give the selection of exactly these keys, in all sets."""
        return cls(keys=(re.sub(r"([*?[])", r"[\1]", key) for key in keys))

    def narrowed(self, other: Selection) -> Selection | None:
        """Give what both selections take; None where that is nothing, or no one selection says it.

        Two lists of different globs are such a case.
        """
        scopes, owners = (
            tuple(one for one in ours if one in theirs) if ours and theirs else ours + theirs
            for ours, theirs in ((self.scopes, other.scopes), (self.owners, other.owners))
        )
        if self.scopes and other.scopes and not scopes:
            return None
        if self.owners and other.owners and not owners:
            return None
        if self.keys and other.keys and set(self.keys) != set(other.keys):
            return None
        return Selection(scopes, owners, self.keys or other.keys)

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.scopes or self.owners or self.keys)
