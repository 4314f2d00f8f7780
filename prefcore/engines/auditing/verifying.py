"""Verifying: whether a store's log, entries and checkpoints are what they were made as."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

import attrs

from prefcore.audit import FIRST, claim
from prefcore.engines.auditing.checkpointing import CHECKPOINT, KIND
from prefcore.engines.auditing.comparing import Anchor, Trust, compared
from prefcore.engines.auditing.declared import other_declarations
from prefcore.engines.auditing.listing import pruned_apps
from prefcore.engines.auditing.resealed import keys_told, old_texts
from prefcore.errors import IntegrityError, WrongKey
from prefcore.facade.heads import Head, head_of
from prefcore.interfaces import Snapshot, Store, StoreProblem
from prefcore.model import Changeset
from prefcore.model.sets import place
from prefcore.security.checkpoints import Checkpoint
from prefcore.security.places import STORE, Place
from prefcore.values import Sealed, from_text, is_sealed_text

if TYPE_CHECKING:
    from prefcore.security.sealing import Sealer

__all__ = ["Trust", "Verified", "checkpoints_in", "verify"]

_DAMAGED = "keep the file, and restore a backup or a safety copy"
#: So many problems of one kind are told one by one.
_MOST = 20


@attrs.frozen(kw_only=True)
class Verified:
    """What was found: problems (none: all agrees), and how far a signature reaches.

    ``disputed`` are those of them that may be right, and that a person can accept: the log is not
    the one that was signed, or says that signed values were sealed later.
    ``head`` is where the log stands, ``last`` the newest checkpoint that agrees with it,
    ``agreeing`` how many do, ``unchecked`` how many stand in the log that could not be looked at,
    ``locked`` how many sealed values did not open because their keys are not here, ``pruned`` up to
    which revision the history of each application was pruned, where it was.
    """

    problems: tuple[StoreProblem, ...]
    disputed: tuple[StoreProblem, ...] = ()
    head: Head
    last: Anchor | None
    agreeing: int
    unchecked: int
    locked: int
    pruned: Mapping[str, int] = attrs.field(factory=dict)

    @property
    def unsigned(self) -> int:
        """How many changesets no checkpoint reaches: in these, a forger is not found."""
        return self.head.revision - (self.last.revision if self.last else 0)


def verify(
    store: Store,
    *,
    trust: Trust | None,
    kept: Iterable[Anchor] = (),
    sealer: Sealer | None = None,
    newer_keys: Mapping[str, Collection[str]] = {},
) -> Verified:
    """Check a whole store, in memory that does not grow with it.

    Its own check sees that SQLite's pages, entries, log and chain agree; ``trust`` (None without a
    key ring) judges the checkpoints in it and those ``kept`` elsewhere. ``sealer`` opens what is
    sealed now. ``newer_keys`` has for each key of the ring those that came after it.
    """
    problems = list(_few(store.check()))
    is_damaged = bool(problems)
    opening = _Opening(sealer)
    with store.snapshot() as view:
        try:
            head = head_of(view)
            held, unreadable = checkpoints_in(view.changesets())
        except IntegrityError as error:  # without the log there is nothing to go by
            problems.append(_unreadable(error))
            nowhere = Head(None, 0, FIRST)
            return Verified(
                problems=tuple(problems), head=nowhere, last=None, agreeing=0, unchecked=0, locked=0
            )
        problems += unreadable
        found = compared(view, head, held, kept, trust)
        problems += found.problems
        disputed = list(found.disputed)
        if found.last is not None:
            disputed += _few(_unvouched(view.changesets(), found.last.revision))
        problems += disputed
        problems += _few(old_texts(view, newer_keys), is_damaged)
        problems += _few(other_declarations(view), is_damaged)
        problems += _few(opening.problems(view), is_damaged)
        problems += _few(opening.problems_of_history(view), is_damaged)
        pruned = {app: through for app, through in pruned_apps(view).items() if through}
    return Verified(
        problems=tuple(problems),
        disputed=tuple(disputed),
        head=head,
        last=found.last,
        agreeing=found.agreeing,
        unchecked=len(held) if trust is None else 0,
        locked=opening.locked,
        pruned=pruned,
    )


def _few(problems: Iterable[StoreProblem], is_damaged: bool = False) -> Iterator[StoreProblem]:
    """Give the first problems, and how many more there are.

    Where the store ``is_damaged``, what comes of it may be of any kind.
    """
    drawn = iter(problems)
    more = 0
    try:
        yield from islice(drawn, _MOST)
        more = sum(1 for _ in drawn)
    except IntegrityError as error:  # what was edited may be nothing that can be read any more
        yield _unreadable(error)
    except TypeError:
        if not is_damaged:
            raise
        told = "it cannot be read further: something in it is of another kind than prefcore writes"
        yield StoreProblem(told, "the store", _DAMAGED)
    if more:
        yield StoreProblem(f"{more} more of the same kind", "", _DAMAGED)


def _unreadable(error: IntegrityError) -> StoreProblem:
    return StoreProblem(f"it cannot be read: {error.message}", "the store", _DAMAGED)


def checkpoints_in(
    changesets: Iterable[Changeset],
) -> tuple[list[Anchor], list[StoreProblem]]:
    """Give the checkpoints that stand in changesets, and those that are none."""
    held, problems = [], []
    for one in changesets:
        if one.kind != KIND:
            continue
        where = f"revision {one.revision}"
        try:
            checkpoint = Checkpoint.from_data(one.details.get(CHECKPOINT))
            if checkpoint.revision >= one.revision:
                raise IntegrityError("it is of a revision that was not there yet")
        except IntegrityError as error:
            told = f"the checkpoint in it is none: {error.message}"
            problems.append(StoreProblem(told, where, _DAMAGED, revision=one.revision))
        else:
            held.append(Anchor.of(where, checkpoint))
    return held, problems


def _unvouched(changesets: Iterable[Changeset], signed: int) -> Iterator[StoreProblem]:
    """Give what changesets after the last checkpoint claim of those that it signed."""
    for one in changesets:
        if one.revision <= signed:
            return
        said = claim(one, signed)
        if said:
            yield StoreProblem(
                f"it says that {said}, and no checkpoint vouches for that: the history may have "
                "been rewritten",
                f"revision {one.revision}",
                "compare with a backup; if a program was stopped while it did so: prefcore audit "
                "checkpoint --accept",
                revision=one.revision,
            )


class _Opening:
    """Opens what is sealed; counts what is under keys of the log's that are not here."""

    def __init__(self, sealer: Sealer | None) -> None:
        self._sealer = sealer
        self._told: set[str] | None = None
        self.locked = 0

    def problems(self, view: Snapshot) -> Iterator[StoreProblem]:
        """Give the entries that do not open, of all applications."""
        if self._sealer is None:
            return
        self._told = keys_told(view.changesets())
        for app in view.apps():
            uuids = {key.name: key.uuid for key in view.keys(app)}
            for one in view.sets(app):
                for row in one.rows:
                    if is_sealed_text(row[1]):
                        where = Place(STORE, app, str(one.scope), one.owner, uuids[row[0]])
                        yield from self._opened(row[1], [where], f"{app}: {one.place} {row[0]}")

    def problems_of_history(self, view: Snapshot) -> Iterator[StoreProblem]:
        """Give what stood before some change and does not open; what stands now is an entry."""
        if self._sealer is None:
            return
        for logged in view.log():
            app, revision = logged.changeset.app, logged.changeset.revision
            for scope, owner, name, before, _ in logged.changed:
                if before is None or not is_sealed_text(before):
                    continue
                # Of two keys that bear one name in a changeset, one had it before, one after.
                uuids = {view.uuid(app, name, at=at) for at in (revision, revision - 1)}
                places = [Place(STORE, app, scope, owner, uuid) for uuid in uuids if uuid]
                where = f"{app}: {place(scope, owner)} {name}, before revision {revision}"
                for problem in self._opened(before, places, where):
                    yield attrs.evolve(problem, revision=revision)

    def _opened(self, text: str, places: Sequence[Place], name: str) -> Iterator[StoreProblem]:
        """Give why a text opens at none of the places that may be its own."""
        assert self._sealer is not None, "who asks has looked"
        fault: IntegrityError | None = None
        for where in places:
            try:
                sealed = from_text(text)
                assert isinstance(sealed, Sealed), "its shape says that it is sealed"
                self._sealer.open(sealed, where)
            except WrongKey as error:
                if self._told is None or str(error.facts["key_id"]) in self._told:
                    self.locked += 1
                else:
                    yield StoreProblem(
                        f"{error.message.partition(';')[0]}, and the log tells of no such key",
                        name,
                        "if another person's key ring sealed it: prefcore keys import; else it "
                        "was edited: keep the file, and restore a backup or a safety copy",
                    )
                return
            except IntegrityError as error:
                fault = error
            else:
                return
        if fault is not None:
            yield StoreProblem(fault.message, name, _DAMAGED)
