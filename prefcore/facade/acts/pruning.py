"""The act that prunes the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prefcore.audit import PRUNING
from prefcore.engines import migrating, pruning
from prefcore.engines.pruning import Kept
from prefcore.errors import HistoryPruned
from prefcore.facade.act import Act
from prefcore.model import local_text
from prefcore.planning import PlanBuilder
from prefcore.vault import SealingTransaction

__all__ = ["naming_pruned", "prune_act"]


def prune_act(app: str, kept: Kept, *, reason: str, secure: Callable[[], str]) -> Act:
    """Give the act that forgets what stood before the changes of an application.

    ``secure`` is asked before it is done: there is no way back but a backup.
    """

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        in_force = migrating.in_force(transaction, app)
        pruning.prune_history(transaction, builder, app, kept, in_force)

    return Act(
        kind=PRUNING,
        summary=f"prune {_told(kept)}",
        reason=reason,
        run=run,
        action="prune",
        secure=secure,
        scrubs=True,
    )


def _told(kept: Kept) -> str:
    told = "the history"
    if kept.since is not None:
        told += f" before {local_text(kept.since)}"
    if kept.last:
        newest = "changeset" if kept.last == 1 else f"{kept.last:,} changesets"
        told += f" but for the newest {newest}"
    return told


@contextmanager
def naming_pruned(what: str) -> Iterator[None]:
    """Say ``what`` is not possible where the history that it takes was pruned."""
    try:
        yield
    except HistoryPruned as error:
        raise HistoryPruned(f"{what}: {error.message}", **error.facts) from error
