"""Prunings: which part of a log was pruned, and what vouches for that part since.

To prune removes what stood before the changes of an application, up to a revision. The changesets
stay, with their links, but their digests cannot be computed any more. So the changeset that prunes
holds, in its details, two digests in their place, and is in the chain with them:

- ``facts``, SHA-256 over what all changesets pruned so far say of themselves, oldest first: of
  each the lines of its renames and its facts, as in its own digest, and then the line
  ``[revision,changes]``;
- ``state``, the digest (``ChangesetDigest``) that the entries of a changeset would have which adds
  all that was held after that revision, under the names of then: what stands in it is protected as
  it was before, although the changeset that wrote it can tell nothing of it any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import attrs

from prefcore.audit.digests import ChangesetDigest, facts_line, rename_line
from prefcore.audit.sealings import states_sealed_by
from prefcore.errors import HistoryPruned
from prefcore.model import Changeset, PreferenceSet, Rename

__all__ = [
    "PRUNED",
    "PRUNING",
    "FactsDigest",
    "Pruning",
    "is_pruned",
    "pruned_refusal",
    "pruning_through",
    "prunings",
    "refuse_older",
    "state_digest",
    "through_of",
]

#: Where a changeset's details tell what it pruned.
PRUNED = "pruned"
#: The kind of changesets whose word on that is taken.
PRUNING = "prune"

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBERS = ("through", "changesets", "changes")
_DIGESTS = ("facts", "state")


@attrs.frozen(kw_only=True)
class Pruning:
    """What one changeset pruned: of an application all up to the revision ``through``.

    ``through`` is the revision of the last changeset that lost its changes. ``changesets`` is how
    many lost them in this act, ``changes`` how many those were. ``facts`` and ``state`` are of all
    that is pruned by then; see the module.
    """

    through: int
    changesets: int
    changes: int
    facts: str
    state: str

    @classmethod
    def told_by(cls, changeset: Changeset) -> Pruning | None:
        """Give what a changeset says that it pruned; None where it says nothing one could read."""
        told = changeset.details.get(PRUNED)
        if changeset.kind != PRUNING or not isinstance(told, Mapping):
            return None
        numbers = {name: told.get(name) for name in _NUMBERS}
        digests = {name: told.get(name) for name in _DIGESTS}
        if not all(type(one) is int and one > 0 for one in numbers.values()):
            return None
        if not all(isinstance(one, str) and _DIGEST.fullmatch(one) for one in digests.values()):
            return None
        return cls(**numbers, **digests)  # type: ignore[arg-type]  # looked at above

    def as_details(self) -> dict[str, object]:
        """Give what stands in the details of the changeset."""
        return {PRUNED: attrs.asdict(self)}


def prunings(changesets: Iterable[Changeset]) -> dict[str, dict[int, Pruning]]:
    """Give what was pruned, by application, then by the revision of what pruned it, oldest first.

    Believed is only a changeset of its kind, of a part of the log that is before it and reaches
    further than what was pruned before. Where values of a state were sealed later, its digest is
    the one since.
    """
    found: dict[str, dict[int, Pruning]] = {}
    for one in sorted(changesets, key=lambda one: one.revision):
        mine = found.get(one.app, {})
        pruning = Pruning.told_by(one)
        reached = through_of(mine)
        if pruning is not None and reached < pruning.through < one.revision:
            found.setdefault(one.app, {})[one.revision] = pruning
        for revision, digest in states_sealed_by(one).items():
            if revision in mine:
                mine[revision] = attrs.evolve(mine[revision], state=digest)
    return found


def through_of(mine: Mapping[int, Pruning]) -> int:
    """Give the revision up to which an application's history is pruned; 0 where none is."""
    return max((one.through for one in mine.values()), default=0)


def is_pruned(changeset: Changeset, through: int) -> bool:
    """Say whether a changeset lost its changes, where its application is pruned ``through``.

    One that changed nothing had nothing to lose.
    """
    return changeset.changes > 0 and changeset.revision <= through


class FactsDigest:
    """Takes in what pruned changesets say of themselves, oldest first."""

    def __init__(self) -> None:
        self._hash = sha256()

    def take(self, changeset: Changeset, renames: Iterable[Rename]) -> None:
        """Take in one changeset."""
        lines = [rename_line(one.before, one.after) for one in renames]
        lines += [facts_line(changeset), f"[{changeset.revision},{changeset.changes}]\n"]
        self._hash.update("".join(lines).encode())

    def hexdigest(self) -> str:
        """Give the digest of what was taken in so far, as 64 hexadecimal digits."""
        return self._hash.hexdigest()


def state_digest(sets: Iterable[PreferenceSet]) -> str:
    """Give the digest over all that sets hold, which come by scope and owner, rows by key."""
    digest = ChangesetDigest()
    for one in sets:
        digest.of_set(str(one.scope), one.owner, [(row[0], None, row[1]) for row in one.rows])
    return digest.hexdigest()


def pruning_through(
    through: int,
    pruned: Iterable[tuple[Changeset, Sequence[Rename]]],
    sets: Iterable[PreferenceSet],
    *,
    before: int,
) -> Pruning | None:
    """Give what pruning through a revision comes to; None where nothing is left to be pruned.

    ``pruned`` are the changesets of the application up to there which changed entries, oldest
    first, with their renames; ``sets`` what was held after that revision. ``before`` is the
    revision up to which all was pruned already.
    """
    facts, changesets, changes = FactsDigest(), 0, 0
    for one, renames in pruned:
        facts.take(one, renames)
        if one.revision > before:
            changesets, changes = changesets + 1, changes + one.changes
    if not changesets:
        return None
    return Pruning(
        through=through,
        changesets=changesets,
        changes=changes,
        facts=facts.hexdigest(),
        state=state_digest(sets),
    )


def pruned_refusal(what: str, app: str, *, revision: int, through: int) -> HistoryPruned:
    """Give the error for something that takes changes which are pruned."""
    return HistoryPruned(
        f"{what}: the history of {app} was pruned up to revision {through}; a backup from before "
        "that may hold it, see prefcore backup list",
        app=app,
        revision=revision,
        through=through,
    )


def refuse_older(through: int, app: str, revision: int, what: str) -> None:
    """Raise HistoryPruned where what was held after a revision takes changes that are pruned."""
    if through and revision < through:
        raise pruned_refusal(
            f"{what} are not known any more", app, revision=revision, through=through
        )
