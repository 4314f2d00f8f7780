"""What a store promises as a whole: views, changesets, copies, checks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

import attrs

from prefcore.interfaces.snapshots import Layer, Snapshot
from prefcore.interfaces.transactions import Transaction
from prefcore.model import Draft, PreferenceSet, Record

__all__ = ["SafetyCopy", "Store", "StoreInfo", "StoreProblem"]


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

        Safety copies stay as they are. Raises LockedError where somebody who reads an older state
        holds that up, and NoSpace; what is held is as it was then, and a later call does the rest.
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
