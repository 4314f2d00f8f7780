"""Faults: where a log, or what it left, is not what its digests, chain and prunings say."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count

import attrs

from prefcore.audit.digests import ALGORITHM, FIRST, ChangedText, ChangesetDigest, chain
from prefcore.audit.logged import Logged
from prefcore.audit.pruned import (
    PRUNED,
    PRUNING,
    FactsDigest,
    Pruning,
    is_pruned,
    state_digest,
    through_of,
)
from prefcore.canonical import iso_time
from prefcore.errors import DamagedValue
from prefcore.model import AuditRecord, Changeset, PreferenceSet, to_micros
from prefcore.values import from_text, is_sealed_text

__all__ = ["LoggedFault", "faults", "state_faults"]

#: What was pruned, by application and revision (``prunings``).
Pruned = Mapping[str, Mapping[int, Pruning]]


_NO_VALUE = "is no text that prefcore writes, so it cannot be read: it was edited"


@attrs.frozen
class LoggedFault:
    """One thing that is wrong with a log, and the revision at which it shows."""

    revision: int
    what: str


def faults(
    log: Iterable[Logged],
    sealed_later: Mapping[int, str],
    pruned: Mapping[str, Mapping[int, Pruning]] = {},
) -> Iterator[LoggedFault]:
    """Give where a log, oldest first, is not what its own digests and chain say.

    ``sealed_later`` is of ``expected_digests``; it counts for changesets that hold sealed values.
    ``pruned`` is of ``prunings``: what it tells of has no changes, and no others may have none.
    Nothing is remembered of a changeset but its link.
    """
    previous, due = FIRST, 1
    vouched = _Vouched(pruned)
    for one in log:
        record, changeset = one.record, one.changeset
        revision = record.revision
        if revision != due:
            gap = f"revision {due} is" if revision == due + 1 else f"{due} to {revision - 1} are"
            yield LoggedFault(revision, f"there is a gap before it: {gap} missing")
        if record.chain != chain(previous, revision, record.digest):
            yield LoggedFault(revision, "its link does not follow from the one before")
        previous, due = record.chain, revision + 1
        if vouched.is_claim(changeset) and not vouched.knows(changeset):
            yield LoggedFault(revision, "it says that it pruned what it cannot have pruned")
        if record.algorithm != ALGORITHM:
            yield LoggedFault(revision, f"its digest is of a kind '{record.algorithm:.40}'")
            continue
        if vouched.is_pruned(changeset):
            left = sum(1 for _ in one.changed)
            if left:
                told = f"{left} of its changes are in the log, and all of them were pruned"
                yield LoggedFault(revision, told)
            yield from vouched.take(one)
            yield from _other_facts(one)
        else:
            yield from _own_faults(one, sealed_later.get(revision))
    yield from vouched.rest()


def _own_faults(one: Logged, sealed_later: str | None) -> Iterator[LoggedFault]:
    """Give where a changeset that still has its changes is not what its digest says."""
    changeset, revision = one.changeset, one.record.revision
    numbers, digest = count(), ChangesetDigest()
    seen = _Seen(one.changed)
    digest.entries(row for row, _ in zip(seen, numbers, strict=False))
    for rename in one.renames:
        digest.rename(rename.before, rename.after)
    digest.facts(changeset)
    found = next(numbers)
    if found != changeset.changes:
        yield LoggedFault(revision, f"it counts {changeset.changes} changes, and has {found}")
    due_digest = sealed_later if seen.any_sealed else None
    if digest.hexdigest() != (due_digest or one.record.digest):
        yield LoggedFault(
            revision,
            f"the {changeset.kind} by {changeset.actor} of {iso_time(to_micros(changeset.at))} "
            "is not what its digest says: its facts, a value before or after it, or an entry "
            "that it was the last to change were edited",
        )
    else:
        if seen.unreadable:
            yield LoggedFault(revision, f"a value before or after it {_NO_VALUE}")
        yield from _other_facts(one)


def _other_facts(one: Logged) -> Iterator[LoggedFault]:
    if _facts_of(one.record) != _facts_of(one.changeset):
        yield LoggedFault(one.record.revision, "its audit record tells other facts than the log")


class _Vouched:
    """Compares what pruned changesets say of themselves with what those that pruned them hold."""

    def __init__(self, pruned: Pruned) -> None:
        self._pruned = pruned
        self._through = {app: through_of(mine) for app, mine in pruned.items()}
        self._due = {app: deque(mine.items()) for app, mine in pruned.items()}
        self._facts = {app: FactsDigest() for app in pruned}

    def is_claim(self, changeset: Changeset) -> bool:
        """Say whether a changeset tells that it pruned something."""
        return changeset.kind == PRUNING and PRUNED in changeset.details

    def knows(self, changeset: Changeset) -> bool:
        """Say whether a changeset is one of those that are believed to have pruned."""
        return changeset.revision in self._pruned.get(changeset.app, {})

    def is_pruned(self, changeset: Changeset) -> bool:
        """Say whether a changeset lost its changes."""
        return is_pruned(changeset, self._through.get(changeset.app, 0))

    def take(self, one: Logged) -> Iterator[LoggedFault]:
        """Take in a pruned changeset, and compare where it is the last that one act pruned."""
        app = one.changeset.app
        facts, due = self._facts[app], self._due[app]
        facts.take(one.changeset, one.renames)
        while due and due[0][1].through <= one.changeset.revision:
            revision, pruning = due.popleft()
            is_last = pruning.through == one.changeset.revision
            if not is_last or pruning.facts != facts.hexdigest():
                yield self._fault(revision, pruning)

    def rest(self) -> Iterator[LoggedFault]:
        """Give a fault for each whose last changeset did not come."""
        for due in self._due.values():
            for revision, pruning in due:
                yield self._fault(revision, pruning)

    def _fault(self, revision: int, pruning: Pruning) -> LoggedFault:
        return LoggedFault(
            revision,
            f"the changesets up to revision {pruning.through} are not those that it pruned: what "
            "one of them says of itself was edited",
        )


def state_faults(
    sets_at: Callable[[str, int], Iterable[PreferenceSet]], pruned: Pruned
) -> Iterator[LoggedFault]:
    """Give where what was held after the pruned part of a log is not what was vouched for.

    ``sets_at`` gives the sets of an application as they were after a revision. With the digests of
    all changesets since, that covers every value that is held, and every one in the log.
    """
    for app, mine in pruned.items():
        revision, pruning = max(mine.items())
        digest, unreadable = _state_of(sets_at(app, pruning.through))
        for name in unreadable:
            yield LoggedFault(revision, f"in {name} of {app}, a value {_NO_VALUE}")
        if digest != pruning.state:
            yield LoggedFault(
                revision,
                f"the values of {app} are not those that stood after revision {pruning.through}, "
                "up to which it pruned: one that did not change since was edited, added or removed",
            )


def _state_of(sets: Iterable[PreferenceSet]) -> tuple[str, list[str]]:
    """Give the digest over sets, and the names of those in which a text cannot be read."""
    unreadable = []

    def seen() -> Iterator[PreferenceSet]:
        for one in sets:
            if _are_values(row[1] for row in one.rows):
                yield one
            else:
                unreadable.append(one.place)

    return state_digest(seen()), unreadable


class _Seen:
    """Gives changed entries on; says then if any text was sealed, and if one cannot be read.

    A digest alone does not tell that: it is over lines, in which a text that is no value might pass
    for the end of one entry and the beginning of the next.
    """

    def __init__(self, rows: Iterable[ChangedText]) -> None:
        self._rows = rows
        self.any_sealed = False
        self.unreadable = False

    def __iter__(self) -> Iterator[ChangedText]:
        for row in self._rows:
            if not _are_values(row[3:]):
                self.unreadable = True
                before, after = (text and str(text) for text in row[3:])  # it may be bytes
                row = (*row[:3], before, after)
            if not self.any_sealed:
                self.any_sealed = any(text and is_sealed_text(text) for text in row[3:])
            yield row


def _are_values(texts: Iterable[str | None]) -> bool:
    """Say whether all these texts can be read."""
    try:
        for text in texts:
            if text is not None:
                from_text(text)
    except DamagedValue:
        return False
    return True


def _facts_of(one: AuditRecord | Changeset) -> tuple[object, ...]:
    return one.revision, one.at, one.actor, one.kind, one.reason, one.changes
