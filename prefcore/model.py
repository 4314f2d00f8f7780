"""The nouns that flow through prefcore: frozen values that check themselves when they are made.

Bulk paths carry entries as plain tuples (``Row``): a frozen attrs instance costs 0.85 µs, a tuple
0.05 µs, and a set flows by the million. ``PreferenceSet.entries`` gives the nice form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

import attrs

from prefcore.errors import PrefcoreError, UsageError
from prefcore.values import UNSET, Unset, from_text

__all__ = [
    "SOURCES",
    "Actor",
    "AppHeader",
    "AppState",
    "AuditRecord",
    "Change",
    "Changeset",
    "Conflict",
    "Document",
    "Draft",
    "Entry",
    "Header",
    "PlainDocument",
    "Plan",
    "PlanItem",
    "PreferenceSet",
    "Progress",
    "Record",
    "Rename",
    "Row",
    "SchemaVersion",
    "Scope",
    "Selection",
    "Stages",
    "Trailer",
    "from_micros",
    "set_fault",
    "to_micros",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _strings(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(str, values))


def _chosen(values: Iterable[str]) -> tuple[str, ...]:
    if isinstance(values, str):  # its characters would be taken, each for one
        raise UsageError(f"a selection takes a list: [{values!r}], not {values!r}")
    return _strings(values)


def _scopes(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(Scope.named(one)) for one in _chosen(values))


def _rows(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(rows)


def _apps(apps: Iterable[AppHeader]) -> tuple[AppHeader, ...]:
    return tuple(apps)


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


def _line_of_text(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value.isprintable():
        raise UsageError(f"{attribute.name} is one line of printable text, not {value!r:.60}")


def _text(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str):
        raise UsageError(f"{attribute.name} is text, not {value!r:.60}")


#: Is told how many entries more are done, and which part of the whole that makes (0 to 1), where
#: that is known.
Progress = Callable[[int, float | None], object]
#: Gives what is told of one stage of an act, by what the stage is called.
Stages = Callable[[str], Progress]

#: How an entry came to hold its value.
SOURCES = ("manual", "template", "import", "migration", "restore", "api")


def to_micros(moment: datetime) -> int:
    """Give an aware datetime as whole microseconds since 1970-01-01T00:00Z."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Give microseconds since 1970-01-01T00:00Z as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


@attrs.frozen
class Actor:
    """Who acts: an id (for the audit log) and roles (for the access policy)."""

    id: str
    roles: frozenset[str] = frozenset()


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


@attrs.frozen
class SchemaVersion:
    """One registered version of an application's schema.

    ``facts`` are what was said of it since, in a portable object: a store keeps them and does not
    read them. What they may hold, ``prefcore.engines.registry`` says.
    """

    version: str
    digest: str
    registered_at: datetime | None = None
    registered_by: str = ""
    applied_at: datetime | None = None
    applied_by: str = ""
    facts: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class AppState:
    """Where one application stands in a store.

    ``version`` is the schema version in force (None before the first), ``last_changeset`` the
    UUID of the newest changeset, ``sets`` and ``entries`` how much is held.
    """

    app: str
    version: str | None
    last_changeset: str | None
    sets: int
    entries: int


@attrs.frozen
class AppHeader:
    """One application in a document of several: its schema version and last changeset, if any."""

    app: str
    schema: str | None = None
    changeset: str | None = None


@attrs.frozen
class Header:
    """What a document says of itself before its sets.

    A document of one application names it in ``app``. One of several has them in ``apps``, sorted
    by name; its ``app`` is empty, its ``schema`` and ``changeset`` None, and each of its sets says
    whose it is.

    ``changeset`` is the UUID of the source store's last changeset, ``merged`` those of other
    stores' changesets it had taken in by import (newest last), each with the selection taken:
    both serve to find a merge base. ``full_state`` marks a document that carries records.
    """

    app: str
    schema: str | None
    created_at: datetime | None = None
    generator: str = ""
    changeset: str | None = None
    merged: tuple[tuple[str, Selection], ...] = ()
    selection: Selection = Selection()
    full_state: bool = False
    layout: int = 1
    apps: tuple[AppHeader, ...] = attrs.field(default=(), converter=_apps)


@attrs.frozen
class Record:
    """One further thing in a full-state document: a schema version, a key, a changeset.

    docs/reference/full-state.md tells the kinds there are. ``text`` is the canonical text of the
    data, where who made the record has it at hand; it saves making it again.
    """

    kind: str
    data: Mapping[str, object]
    text: str | None = attrs.field(default=None, repr=False, eq=False)


@attrs.frozen
class Trailer:
    """What is only known at a document's end: how much it held, and its digest.

    ``digest`` is over the canonical content (``prefcore.canonical``), so the same in every format.
    """

    sets: int
    entries: int
    records: int
    digest: str


@attrs.define
class Document:
    """A document in flow: the header at once, the sets and records as they are drawn.

    ``sets`` come sorted by application, scope and owner, each with its rows sorted by key;
    ``records`` follow and are drawn after the sets. A reader calls ``trailer()`` when both are
    exhausted.

    Who draws the sets of a document may put into ``expected`` what gives the set of a scope and
    owner as it may stand there. Where the file says the very same, its format may give that set
    back instead of decoding its own.
    """

    header: Header
    sets: Iterable[PreferenceSet]
    records: Iterable[Record] = ()
    trailer: Callable[[], Trailer | None] = lambda: None
    expected: Callable[[str, str], PreferenceSet | None] = lambda scope, owner: None


@attrs.frozen
class PlainDocument:
    """A file without our header, such as people write: one object of names and values."""

    values: Mapping[str, object]


@attrs.frozen
class Change:
    """What a changeset did to one key of one set; None stands for "no entry"."""

    scope: str
    owner: str
    key: str
    before: Entry | None
    after: Entry | None


@attrs.frozen
class Rename:
    """A key's new name, for all owners at once."""

    before: str
    after: str


@attrs.frozen
class Draft:
    """What a changeset says of itself before it is written: who, what kind of act, and why."""

    app: str
    actor: str = attrs.field(validator=_line_of_text)
    kind: str
    at: datetime
    reason: str = attrs.field(default="", validator=_text)
    details: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class Changeset:
    """One user-visible act as the store's log holds it.

    ``id`` is a random UUID, ``revision`` its place in this store's log, ``changes`` how many
    entries it touched. ``details`` holds what is particular to its kind (versions of a migration,
    the file of an import), as portable values.
    """

    id: str
    revision: int
    app: str
    actor: str
    kind: str
    at: datetime
    reason: str
    changes: int
    schema_before: str | None
    schema_after: str | None
    details: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class AuditRecord:
    """One link of the audit chain: a changeset's facts and digest, chained to the one before.

    ``algorithm`` says how ``digest`` was made: ``sha256`` is unkeyed, so it shows accidents and
    careless edits, not a forger who recomputes the chain.
    """

    revision: int
    changeset: str
    at: datetime
    actor: str
    kind: str
    reason: str
    changes: int
    algorithm: str
    digest: str
    chain: str


@attrs.frozen
class Conflict:
    """Two sides that changed the same thing differently, and nothing that decides between them.

    ``base``, ``ours`` and ``theirs`` are values or UNSET, ``ours_at`` and ``theirs_at`` when each
    side changed last, ``strategy`` the merge strategy that could not decide, where one was asked.
    """

    scope: str
    owner: str
    key: str
    base: object = UNSET
    ours: object = UNSET
    theirs: object = UNSET
    reason: str = ""
    ours_at: datetime | None = None
    theirs_at: datetime | None = None
    strategy: str = ""
    sensitive: bool = False

    @property
    def place(self) -> str:
        """What messages call the set, such as ``user/alice``."""
        return place(self.scope, self.owner)


@attrs.frozen
class PlanItem:
    """One thing a plan would do: ``act`` is add, change, remove, keep, refuse, rename or park."""

    act: str
    key: str
    scope: str = ""
    owner: str = ""
    before: object | Unset = UNSET
    after: object | Unset = UNSET
    reason: str = ""
    sensitive: bool = False

    @property
    def place(self) -> str:
        """What messages call the set, such as ``user/alice``."""
        return place(self.scope, self.owner)


@attrs.frozen
class Plan:
    """What a changeset would do: printable, refusable, applicable.

    ``counts`` has the number of items of each act; ``items`` the first of them (all, up to a
    stated bound), ``conflicts`` and ``refused`` what stands in the way. ``digest`` is over all of
    it: applying checks that the act would still be the same. ``request`` is what was asked for,
    ``blocker`` the error that applying raises while something stands in the way. ``warnings`` are
    those of the ``notes`` that a reader must not miss.
    """

    app: str
    kind: str
    summary: str
    digest: str
    base_changeset: str | None
    counts: Mapping[str, int] = attrs.field(factory=dict)
    items: tuple[PlanItem, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    refused: tuple[PlanItem, ...] = ()
    notes: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    warnings: tuple[str, ...] = attrs.field(default=(), converter=_strings)
    details: Mapping[str, object] = attrs.field(factory=dict)
    request: object = attrs.field(default=None, repr=False, eq=False)
    blocker: PrefcoreError | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def is_empty(self) -> bool:
        """Whether applying it would change nothing."""
        return not any(self.counts.get(act, 0) for act in _EFFECTS)

    @property
    def is_applicable(self) -> bool:
        """Whether nothing stands in the way of applying it."""
        return not self.conflicts and not self.refused

    def of(self, act: str) -> Iterator[PlanItem]:
        """Give the items of one act."""
        return (item for item in self.items if item.act == act)


_EFFECTS = ("add", "change", "remove", "rename", "park", "return", "register", "note", "version")
