"""Sealing in place: what stood in clear of a key that is declared sensitive later, log and all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from prefcore.audit import (
    SEALED_DIGESTS,
    SEALED_STATES,
    digest_of,
    is_pruned,
    prunings,
    state_digest,
)
from prefcore.interfaces import SealedCell, Transaction, pruned_in
from prefcore.model.sets import place
from prefcore.security.places import STORE, Place
from prefcore.values import canonical_text, is_sealed_text

if TYPE_CHECKING:
    from prefcore.security.sealing import Sealer

__all__ = ["seal_in_place"]


def seal_in_place(
    transaction: Transaction, app: str, keys: Iterable[str], needed: Callable[[str], Sealer]
) -> int:
    """Seal what stands in clear of these keys, in entries and in the log; gives how many texts.

    The digests that the changesets of the log have then are noted in this one. ``needed`` gives
    what seals a value that it is told of.
    """
    uuids = {transaction.uuid(app, key) for key in keys} - {None}
    count = 0

    def sealed(cell: SealedCell) -> str:
        nonlocal count
        scope, owner, uuid, name, text = cell
        if is_sealed_text(text):
            return text
        sealer = needed(f"{place(scope, owner)} {name}")
        count += 1
        return canonical_text(sealer.seal(text, Place(STORE, app, scope, owner, uuid)))

    if uuids:
        transaction.reseal(
            lambda cells: [*map(sealed, cells)], uuids=[uuid for uuid in uuids if uuid is not None]
        )
    if count:
        told = {SEALED_DIGESTS: _changed_digests(transaction, app)}
        transaction.note({**told, **_changed_state(transaction, app)})
    return count


def _changed_state(transaction: Transaction, app: str) -> Mapping[str, object]:
    """Give what is told of the state that stood after what was pruned, where it changed."""
    mine = prunings(transaction.changesets(app)).get(app)
    if not mine:
        return {}
    revision, pruning = max(mine.items())
    now = state_digest(transaction.sets(app, at=pruning.through))
    return {} if now == pruning.state else {SEALED_STATES: {str(revision): now}}


def _changed_digests(transaction: Transaction, app: str) -> Mapping[str, str]:
    told = {record.revision: record.digest for record in transaction.audit()}
    through = pruned_in(transaction, app)
    now = {
        one.revision: digest_of(one, transaction.changes(one.revision))
        for one in transaction.changesets(app)
        if not is_pruned(one, through)
    }
    return {str(revision): one for revision, one in now.items() if told[revision] != one}
