"""What a store shows: one consistent view of entries, keys, schema versions and the log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

import attrs

from prefcore.audit import Logged
from prefcore.model import (
    AppState,
    AuditRecord,
    Change,
    Changeset,
    PreferenceSet,
    Record,
    Rename,
    Row,
    SchemaVersion,
    Selection,
)

__all__ = ["Edit", "KeyState", "Layer", "Snapshot", "pruned_in"]

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

    def names(self, app: str) -> Mapping[str, tuple[tuple[int, str | None], ...]]:
        """Give each key that ever had a name, by UUID, with its names in the order it got them.

        With each the revision that gave it; None is one that it gave up. They are kept for good:
        by them rules on keys hold for what was renamed.
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

    def pruned(self, app: str) -> int:
        """Give the revision up to which an application's history was pruned; 0 where it was not.

        Its changesets up to there which changed entries (``prefcore.audit.is_pruned``) have lost
        their changes, but neither facts nor renames, nor their links of the audit chain. What
        takes those changes raises HistoryPruned: ``changes`` of such a changeset, ``sets`` as they
        were before that revision, ``edits_since`` it or one before. ``history`` ends there, and
        ``parked`` gives nothing that was removed there.
        """

    def changes(self, revision: int) -> Iterator[Change | Rename]:
        """Give what a changeset did: renames as they were made, then entries.

        A change is the difference between before and after the changeset: one for each entry
        whose text differs. ``Change.key`` is the name the key had right after it; for a key that
        gave its name up in it, the one it had before. ``before`` carries the name of its time.
        Entries come by scope, owner and key; of two keys of one name, first the one that gave it
        up. Raises HistoryPruned, as ``pruned`` says.
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

        Of two keys that bore one name, the one that has it now comes last, else they go by UUID.
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


def pruned_in(view: Snapshot, app: str) -> int:
    """Give what ``pruned`` of a view says; 0 for a kind of store that does not know of pruning."""
    pruned = getattr(view, "pruned", None)
    return 0 if pruned is None else int(pruned(app))
