"""The promises between prefcore and its plugins: six kinds, each a protocol and a declaration.

A plugin's hook returns declarations: frozen objects that say what a thing is called, what it can
do and how to make one. prefcore chooses by id, never by order. Everything named here, in
``prefcore.model``, ``prefcore.values``, ``prefcore.errors`` and ``prefcore.hookspecs`` is public.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from enum import IntEnum
from typing import BinaryIO, Protocol, runtime_checkable

import attrs

from prefcore.audit import Logged
from prefcore.model import (
    AppState,
    AuditRecord,
    Change,
    Changeset,
    Document,
    Draft,
    PlainDocument,
    PreferenceSet,
    Record,
    Rename,
    Row,
    SchemaVersion,
    Selection,
)

__all__ = [
    "CONFLICT",
    "HOOK_API",
    "Capability",
    "Edit",
    "Format",
    "FormatInfo",
    "KeyProvider",
    "KeyProviderInfo",
    "KeyState",
    "Layer",
    "Likeness",
    "Limits",
    "MergeStrategyInfo",
    "MigrationsInfo",
    "SafetyCopy",
    "SealedCell",
    "Sides",
    "Snapshot",
    "Store",
    "StoreInfo",
    "StoreProblem",
    "StoredObject",
    "Summary",
    "Target",
    "TargetInfo",
    "Transaction",
    "UpdatingFormat",
    "WatcherInfo",
]

#: The version of this contract; a plugin may declare the range it supports.
HOOK_API = "1.0"


# ---------------------------------------------------------------------------------- formats


class Capability:
    """What a format can do, as it declares it; nothing is assumed beyond the declaration."""

    #: Writes and reads one set after the other, in memory that does not grow with their number.
    STREAMS = "streams"
    #: Carries a whole store: several applications, and records (history, schema versions, audit).
    FULL_STATE = "full-state"
    #: Reads and writes files without our header, such as people write.
    PLAIN = "plain"
    #: Changes a person's plain file where its values change, and leaves the rest as it stands.
    UPDATES = "updates"


class Likeness(IntEnum):
    """How sure a format is that the beginning of a file is in it."""

    #: It is not.
    NO = 0
    #: It may be, as other formats may say of the same text: most JSON is YAML, too.
    POSSIBLE = 1
    #: It has this format's own shape.
    LIKELY = 2
    #: It begins with this format's magic bytes, or with the header of a prefcore document.
    CERTAIN = 3


@attrs.frozen(kw_only=True)
class Limits:
    """How much a reader takes from a stranger's file before it refuses; never unlimited.

    ``max_bytes`` is after decompression, ``max_whole_bytes`` what may be held at once where a
    file cannot be streamed, ``max_line_bytes`` one line (so one entry) of a streamed file, or one
    text. ``max_values`` are those that may be held at once, keys too, where a short text makes
    many; ``max_alias_bytes`` is what the aliases of a YAML file may add to it. A compressed file
    may hold ``max_ratio`` times its size, and take a window of ``max_window_bytes`` (what RFC 8878
    asks of every decoder) to be undone.
    """

    max_bytes: int = 4 << 30
    max_ratio: int = 5_000
    max_window_bytes: int = 8 << 20
    max_whole_bytes: int = 64 << 20
    max_line_bytes: int = 16 << 20
    max_depth: int = 64
    max_key_length: int = 500
    max_keys_per_set: int = 1_000_000
    max_values: int = 500_000
    max_alias_bytes: int = 1 << 20


@runtime_checkable
class Format(Protocol):
    """Turns documents into bytes and back, losing nothing that is portable."""

    def write(self, document: Document, out: BinaryIO) -> None:
        """Write a document, drawing its sets, then its records, then calling its ``trailer()``."""

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        """Write one set's values by key without header or metadata, as people write files."""

    def read(self, source: BinaryIO, limits: Limits) -> Document | PlainDocument:
        """Read a document; the header at once, sets and records as they are drawn.

        A file without our header gives a PlainDocument. Raises DamagedDocument,
        TruncatedDocument, InvalidValue or NewerFormat, here or while being drawn, each naming the
        line or byte.
        """


@runtime_checkable
class UpdatingFormat(Format, Protocol):
    """A format that declares ``Capability.UPDATES``."""

    def update(self, original: bytes, values: Mapping[str, object], out: BinaryIO) -> None:
        """Write a plain file again so that it reads as ``values``, as nested as it reads now.

        What is not about a changed value stays to the byte: comments, order, layout. Raises what
        reading raises, and UsageError for a document with sets.
        """


@attrs.frozen(kw_only=True)
class FormatInfo:
    """A format as its plugin declares it.

    ``detect`` sees the first 4 KiB and says how sure it is that they are this format: a Likeness
    (True counts as POSSIBLE). ``suffixes`` are with their dot, the preferred one first.
    """

    id: str
    summary: str
    suffixes: tuple[str, ...]
    media_type: str
    capabilities: frozenset[str]
    detect: Callable[[bytes], int]
    factory: Callable[[], Format]


# ---------------------------------------------------------------------------- merge strategies


class _Conflict:
    """The type of ``CONFLICT``: a strategy cannot decide."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "CONFLICT"


CONFLICT = _Conflict()


@attrs.frozen
class Sides:
    """What a strategy decides between: values or UNSET, and when each side changed last."""

    key: str
    base: object
    ours: object
    theirs: object
    ours_at: datetime | None = None
    theirs_at: datetime | None = None


@attrs.frozen(kw_only=True)
class MergeStrategyInfo:
    """A merge strategy: ``resolve`` gives the merged value, UNSET, or CONFLICT.

    It is asked only where both sides changed differently, and must not mutate what it is given.
    With ``needs_times`` it goes by when each side changed, and is refused for files without times.
    """

    id: str
    summary: str
    resolve: Callable[[Sides], object]
    needs_times: bool = False


# -------------------------------------------------------------------------------- migrations


@attrs.frozen(kw_only=True)
class MigrationsInfo:
    """An application's migration steps, as its distribution publishes them.

    ``steps`` gives ``prefcore.migration.Step`` objects; it is called only when a verb needs them.
    """

    app: str
    summary: str
    steps: Callable[[], Iterable[object]]


# ------------------------------------------------------------------------------------ targets


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


# ------------------------------------------------------------------------------------- stores


#: One layer of a point read: scope, owner, canonical text, updated_at in µs, source, actor.
Layer = tuple[str, str, str, int, str, str]


@attrs.frozen
class KeyState:
    """A key as the store knows it: its present name, its UUID, and how many sets hold it."""

    name: str
    uuid: str
    holders: int


@attrs.frozen
class Edit:
    """How one entry went on since a revision: what stood before it, and the last edit after it.

    ``before`` is the row before that revision (None: no entry); ``edit`` the row that the last
    changeset other than the ignored ones left (None: it removed the entry), ``edited_in`` that
    changeset's revision, or None where only ignored changesets touched the entry. ``key`` is the
    name the key had when edited (as ``Change.key``), or before the revision where it was not
    edited; where it had no name then, that of its first change since. The rows carry the names
    of their times; ``now`` is the key's present name, None when it gave it up, ``uuid`` its UUID.
    """

    scope: str
    owner: str
    key: str
    before: Row | None
    edit: Row | None
    edited_in: int | None
    now: str | None
    uuid: str = attrs.field(default="", eq=False)  # two stores give the same key another one


#: One text that may be sealed anew: scope, owner, the key's UUID, its present or last name, text.
SealedCell = tuple[str, str, str, str, str]


@attrs.frozen
class Summary:
    """How much a changeset holds: entries added, changed and removed.

    ``digest`` is over its entries and renames (``prefcore.audit``, without the facts), as 64
    hexadecimal digits.
    """

    added: int
    changed: int
    removed: int
    digest: str


@attrs.frozen
class StoreProblem:
    """One thing ``Store.check`` found: what is wrong, where, and what to do.

    ``revision`` is of the log, where it shows at one.
    """

    what: str
    where: str
    advice: str
    revision: int | None = None


@attrs.frozen
class SafetyCopy:
    """A whole-state copy that a store keeps beside itself; ``id`` names it to the store."""

    id: str
    made_at: datetime
    size: int
    reason: str


class Snapshot(Protocol):
    """One consistent view of a store: nothing another process writes meanwhile shows in it.

    Scopes, owners and keys sort as text, by code point: project, system, template, user. What
    is asked for by a name that nothing has is empty, unless a method says that it raises.
    """

    def apps(self) -> list[str]:
        """Give the applications of which the log holds a changeset, sorted."""

    def version(self, app: str) -> str | None:
        """Give the schema version in force; None before the first."""

    def state(self, app: str) -> AppState:
        """Give where an application stands; a store that holds nothing of it gives zeros.

        ``last_changeset`` is the newest of that application; only sets with entries count.
        """

    def read_set(self, app: str, scope: str, owner: str) -> PreferenceSet:
        """Give one set, empty where nothing is held."""

    def sets(
        self, app: str, selection: Selection = Selection(), *, at: int | None = None
    ) -> Iterator[PreferenceSet]:
        """Give the selected sets that hold entries, sorted by scope and owner, rows by key.

        A selection of keys leaves the other rows out, and sets of which no row is left. With
        ``at``, the sets as they were after that revision, under the names of then; a transaction
        may write to the sets it has been given so far.
        """

    def keys(self, app: str) -> list[KeyState]:
        """Give the keys that have a name today, sorted by it.

        A key is there from the first entry written of it, and stays when no set holds it any
        more.
        """

    def uuid(self, app: str, key: str, *, at: int | None = None) -> str | None:
        """Give the UUID of the key that has this name, or with ``at`` had it after that revision.

        None where there is no such key. What is sealed for an entry is bound to it.
        """

    def held(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        """Give scope, owner and row of every set that holds a key, by scope and owner."""

    def schema(self, app: str, version: str) -> str | None:
        """Give the canonical text of a registered schema version, or None."""

    def schema_versions(self, app: str) -> list[SchemaVersion]:
        """Give the registered versions in the order they were registered.

        ``digest`` is ``sha256:`` and the hex digest of the text's UTF-8; ``applied_at`` and
        ``applied_by`` tell when the version was last put in force; ``facts`` are those noted last.
        """

    def changesets(self, app: str | None = None) -> Iterator[Changeset]:
        """Give the log, newest first; of one application, or of all."""

    def changeset(self, id: str) -> Changeset:
        """Give one changeset by its UUID or a unique beginning of it.

        Raises NotFound when none or several begin so.
        """

    def changes(self, revision: int) -> Iterator[Change | Rename]:
        """Give what a changeset did: renames as they were made, then entries.

        A change is the difference between before and after the changeset: one for each entry
        whose text differs. ``Change.key`` is the name the key had right after it; for a key that
        gave its name up in it, the one it had before. ``before`` carries the name of its time.
        Entries come by scope, owner and key; of two keys of one name, first the one that gave it
        up.
        """

    def history(
        self, app: str, scope: str, owner: str, key: str
    ) -> Iterator[tuple[Changeset, Change]]:
        """Give one entry's changes, newest first, through renames of its key.

        ``key`` is the name it has today.
        """

    def edits_since(
        self, app: str, revision: int, *, ignoring: Collection[int] = ()
    ) -> Iterator[Edit]:
        """Give every entry changed in or after ``revision``, by scope, owner and key.

        Changesets whose revisions are in ``ignoring`` count as changes, but not as edits. An
        entry that came back to what it was is still given; a rename alone changes no entry.
        """

    def parked(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        """Give scope, owner and last row of sets from which a migration removed the key.

        Those are the sets where the key holds nothing and whose last change of it was made by a
        changeset of kind ``migrate``; the row is the one before that change, under the key's
        present name. By scope and owner.
        """

    def audit(self, *, since: int = 1) -> Iterator[AuditRecord]:
        """Give the audit chain from a revision on, oldest first."""

    def log(self) -> Iterator[Logged]:
        """Give the whole log in bulk, oldest first: each changeset, what it did, and its link.

        In time that grows with the log alone, however often an entry changed, and in memory that
        does not grow with it.
        """

    def records(self) -> Iterator[Record]:
        """Give what the store holds besides its sets, as they are drawn; ``load`` takes them.

        What stands in them, and in which order, tells docs/reference/full-state.md;
        ``prefcore.full_state`` makes them. Two stores of the same content give the same. A
        transaction raises UsageError: its own changeset is not in the log yet.
        """


class Transaction(Snapshot, Protocol):
    """One changeset in the making: a snapshot that also sees and makes its own writes.

    Writing what is already there (the same canonical text, or a sealed value of the same tag) is no
    change and keeps the old text and metadata; so is an entry that ends the changeset with what it
    had before. Nothing is
    visible to others before the transaction ends well; an exception, or ``abandon``, leaves the
    store as it was. A call that raises has changed nothing, and the block may go on.

    Entries, keys, schema and ``parked`` show the transaction's own writes as though it ended
    here, but the metadata of an entry that is as it was before may settle at the end; the log
    (``changesets``, ``changes``, ``history``, ``edits_since``, ``audit``, ``log``) holds finished
    changesets only. A set that ``sets`` or ``held`` has given may be written while
    further ones are drawn; each comes once.

    ``revision`` is the one it gets if it changes anything.
    """

    revision: int

    def write(self, scope: str, owner: str, rows: Iterable[Row]) -> int:
        """Put entries into one set; gives how many rows changed something.

        Raises UsageError when there is no such scope.
        """

    def remove(self, scope: str, owner: str, keys: Iterable[str]) -> int:
        """Take entries out of one set; gives how many were there."""

    def mint(self, key: str) -> str:
        """Give the UUID of the key of that name, which it gets here if there is none yet."""

    def reseal(
        self,
        function: Callable[[SealedCell], str],
        *,
        uuids: Collection[str] | None = None,
        after: object = None,
        most: int | None = None,
    ) -> object:
        """Replace texts by others of the same value, in place, in entries and in all of the log.

        The function sees each sealed text of this application, or with ``uuids`` each text of
        those keys, and gives the one to stand there instead. Nothing else changes, so this is no
        change and takes no revision. After ``most`` texts it gives where to go on, for ``after``
        of a later call in another changeset; None at the end.
        """

    def note(self, details: Mapping[str, object] | None = None) -> None:
        """Record this changeset although it may change nothing, such as a denial.

        The details are put beside those of the draft.
        """

    def transform(
        self, key: str, function: Callable[[str], str | None], *, source: str = "migration"
    ) -> int:
        """Replace the canonical text of a key's entries in every set (None removes the entry).

        The function sees the text alone and must give the same for the same; what it raises
        passes through. Gives how many entries changed; changed ones get the draft's time and
        actor and ``source``.
        """

    def rename(self, key: str, to: str) -> None:
        """Give a key a new name for all owners; history and UUID stay with it.

        A key that had the new name and holds nothing gives it up, with its history, and gets it
        back as soon as the one that took it is renamed again. Raises ConflictError when it still
        holds entries. A ``key`` that the store does not know, or that is ``to`` already, is no
        change.
        """

    def register(self, version: str, text: str, *, declarations: Mapping[str, str]) -> None:
        """Record a schema version: its canonical text, and each key's declaration as text.

        Registering the same text again changes nothing; another text raises InvalidSchema. When
        and by whom are the draft's, as for ``apply_version``.
        """

    def apply_version(self, version: str) -> None:
        """Make a registered version the one in force; raises NotFound when it is not registered.

        Applying the version in force changes nothing.
        """

    def note_version(self, version: str, facts: Mapping[str, object]) -> None:
        """Keep what is said of a registered version, in place of what was said before.

        ``facts`` is a portable object. Saying the same again changes nothing. Raises NotFound when
        the version is not registered, and InvalidValue when the facts are not portable.
        """

    def pending(self) -> Iterator[Change | Rename]:
        """Give what this changeset would hold if it ended here, as ``changes`` will.

        The log itself ends before it: ``changes``, ``history`` and ``edits_since`` leave it out.
        """

    def summary(self) -> Summary:
        """Give how much this changeset would hold if it ended here, without going through it."""

    def abandon(self) -> None:
        """Undo everything at the end, although no exception was raised: a dry run."""

    def result(self) -> Changeset | None:
        """Give the changeset as written, after the transaction ended.

        None before, and where nothing was written: it changed nothing, was abandoned, was a
        rehearsal, or failed.
        """


@runtime_checkable
class Store(Protocol):
    """Holds the preferences of several applications, with their history, durably.

    When a changing call returns, the change survives power loss; when it does not, the state is
    the one before or the one after. Sensitive values reach it sealed. Several threads and
    processes may use one store at once. Raises LockedError, DamagedStore, ForeignFile,
    NewerFormat, NoSpace or ReadOnly, each naming the store.
    """

    url: str
    read_only: bool

    def layers(
        self, app: str, version: str | None, key: str, sets: Sequence[tuple[str, str]]
    ) -> list[Layer]:
        """Give what each of the (scope, owner) sets holds for one key, where it holds anything.

        They come in the order asked for. Raises StoreMoved when ``version`` is no longer the
        schema version in force.
        """

    def declaration(self, app: str, key: str) -> tuple[str | None, str | None]:
        """Give the schema version in force and its declaration text of a key, each or None."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open one consistent view."""

    def changeset(
        self, draft: Draft, *, version: str | None
    ) -> AbstractContextManager[Transaction]:
        """Begin a changeset; it is committed when the block ends well.

        Raises StoreMoved when ``version`` is not the schema version in force, and LockedError
        when another changeset, even one of this thread, does not end in time. What changed
        nothing leaves no trace and takes no revision; an entry, a rename, a registered version
        and a version put in force are changes. Revisions are 1, 2, 3 … over all applications.
        """

    def rehearse(self, draft: Draft, *, version: str | None) -> AbstractContextManager[Transaction]:
        """Begin a changeset that is never kept, on a private view of the state as last committed.

        It shows what the same changeset would do, without holding up anybody and without leaving
        a trace, also where the store was opened for reading. Several may be open at once, also
        beside a changeset of this thread, which they do not see. Raises StoreMoved as
        ``changeset`` does, and NoSpace.
        """

    def save_copy(self, reason: str) -> SafetyCopy:
        """Keep a copy of the whole state as last committed, and drop all but the last three.

        May be called inside a changeset of this store: it copies the state before it. Raises
        ReadOnly when the store was opened for reading.
        """

    def copies(self) -> list[SafetyCopy]:
        """Give the safety copies, newest first."""

    def restore_copy(self, id: str) -> None:
        """Put the whole state, log and schema versions included, back to a safety copy.

        The present state is kept as a safety copy first. Raises NotFound, and LockedError inside
        a changeset.
        """

    def load(self, sets: Iterable[PreferenceSet], records: Iterable[Record]) -> None:
        """Put in a whole state, in one transaction; only into a store that holds nothing.

        All ``sets`` are drawn first, each naming its application, then the ``records``, as
        ``Snapshot.records`` gives them: afterwards this store shows all that the other one showed.
        Raises UsageError where something is held already, DamagedDocument where sets and records
        do not go together, LockedError inside a changeset; what drawing them raises passes through.
        Then the store holds nothing, as before.
        """

    def scrub(self) -> None:
        """Leave nothing in the store's files that it no longer holds, such as in free pages.

        Safety copies stay as they are.
        """

    def check(self) -> Iterator[StoreProblem]:
        """Look for damage and for parts that disagree: entries, history, audit chain."""

    def close(self) -> None:
        """Give up files and connections of every thread."""


@attrs.frozen(kw_only=True)
class StoreInfo:
    """A kind of store: ``id`` is the scheme of its URLs.

    ``open`` takes the URL, whether to create what is missing, and whether to open for reading
    only; it raises NotFound where nothing is there and ``create`` is False. ``trial`` is a URL at
    which the conformance suite may work, ``{folder}`` in it an empty folder; empty where none
    serves. A store that is not ``persistent`` is gone when it is closed.
    """

    id: str
    summary: str
    open: Callable[..., Store]
    trial: str = ""
    persistent: bool = True


# ---------------------------------------------------------------------------------- watchers


@attrs.frozen(kw_only=True)
class WatcherInfo:
    """A watcher of acts, in use where it is passed in or named in ``[plugins] watch``.

    ``veto`` is asked before an act is committed, with its draft and what it changes (sealed values
    stay sealed); raising refuses it, and nothing is changed. ``observe`` is told afterwards; what
    it raises is logged, and the act stands.
    """

    id: str
    summary: str
    veto: Callable[[Draft, Iterator[Change | Rename]], None] | None = None
    observe: Callable[[Changeset], None] | None = None


# ------------------------------------------------------------------------------ key providers


@runtime_checkable
class KeyProvider(Protocol):
    """Holds a root key somewhere else (an OS keyring, a KMS) and wraps data keys with it."""

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """Give a data key encrypted under the root key and bound to ``context``."""

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """Give the data key back; raises WrongKey or IntegrityError where either is another."""


@attrs.frozen(kw_only=True)
class KeyProviderInfo:
    """A kind of key provider: ``id`` as configured, ``factory`` opens one from its settings."""

    id: str
    summary: str
    factory: Callable[[Mapping[str, object]], KeyProvider]
