"""Checkpointing: a signed statement of where the log stands, kept in the log itself."""

from __future__ import annotations

from typing import Protocol

from prefcore.facade.heads import head_of
from prefcore.interfaces import Store
from prefcore.model import Changeset, Draft
from prefcore.security.checkpoints import Checkpoint

__all__ = ["CHECKPOINT", "KIND", "Sign", "as_it_stands", "record"]

#: The kind of changesets that hold a checkpoint, and where it stands in their details.
KIND = "checkpoint"
CHECKPOINT = "checkpoint"


class Sign(Protocol):
    """Signs where a log stands."""

    def __call__(
        self, *, lineage: str, revision: int, chain: str, branch: int | None = None
    ) -> Checkpoint:
        """Give the signed checkpoint."""


def record(
    store: Store, draft: Draft, version: str | None, sign: Sign, *, branch: int | None = None
) -> Changeset | None:
    """Put a checkpoint of all that was committed into the log.

    None where the log is empty, or ends with one already (unless it is to tell of a ``branch``):
    nothing was added since.
    """
    with store.changeset(draft, version=version) as transaction:
        first = next(iter(transaction.audit()), None)
        last = next(iter(transaction.audit(since=transaction.revision - 1)), None)
        if first is None or last is None or (last.kind == KIND and branch is None):
            transaction.abandon()
            return None
        made = sign(
            lineage=first.changeset, revision=last.revision, chain=last.chain, branch=branch
        )
        transaction.note({CHECKPOINT: made.as_data()})
    return transaction.result()


def as_it_stands(store: Store, sign: Sign) -> Checkpoint | None:
    """Give a checkpoint of the log's head, to be kept elsewhere; None where the log is empty."""
    with store.snapshot() as view:
        head = head_of(view)
    if head.lineage is None:
        return None
    return sign(lineage=head.lineage, revision=head.revision, chain=head.chain)
