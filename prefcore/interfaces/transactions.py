"""What a store takes: one changeset in the making, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import attrs

from prefcore.audit import Pruning
from prefcore.interfaces.snapshots import Edit, Snapshot
from prefcore.model import Change, Changeset, Rename, Row

__all__ = ["SealedCell", "Summary", "Transaction"]

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
        function: Callable[[Sequence[SealedCell]], Sequence[str]],
        *,
        uuids: Collection[str] | None = None,
        after: object = None,
        most: int | None = None,
    ) -> object:
        """Replace texts by others of the same value, in place, in entries and in all of the log.

        The function sees each sealed text of this application, or with ``uuids`` each text of
        those keys: as many in one call as the store likes. It gives those to stand there instead,
        in the same order. Nothing else changes, so this is no change and takes no revision. After
        ``most`` texts it gives where to go on, for ``after`` of a later call in another
        changeset; None at the end.
        """

    def prune(self, through: int) -> Pruning | None:
        """Forget what stood before the changes of this application, up to a revision.

        What ``Snapshot.pruned`` tells of reaches up to the last of its changesets that changed
        entries, at or before ``through``. What is held stays, and so do all other promises.
        The store notes in this changeset what ``prefcore.audit.pruning_through`` gives, which goes
        by it. None, and no change, where nothing is left to be forgotten. Raises UsageError where
        the changeset is not of kind ``prune``. After that and ``Store.scrub``, nothing of what was
        forgotten stands in the store's files.
        """

    def take_back(self, revision: int, *, ignoring: Collection[int]) -> Iterator[Edit]:
        """Put sets back to before ``revision`` where only the ignored changesets changed them.

        Each entry of such a set gets back what stood before that revision, with its metadata; one
        that was not there then is removed. Of all other sets this gives what ``edits_since`` gives,
        and leaves them as they are: those with an edit, with a sealed value before or now, or with
        a key that had another name then. A store may leave further sets alone, so ``edits_since``
        itself keeps this promise. A set is done, or given, once it is drawn. Raises what
        ``edits_since`` raises.
        """

    def note(self, details: Mapping[str, object] | None = None) -> None:
        """Record this changeset although it may change nothing, such as a denial.

        The details are put beside those of the draft, and of earlier calls, as
        ``prefcore.audit.with_details`` does.
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
