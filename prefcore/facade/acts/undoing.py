"""The act that takes back a changeset which is no migration."""

from __future__ import annotations

from prefcore.engines import history
from prefcore.facade.act import Act
from prefcore.facade.acts.pruning import naming_pruned
from prefcore.model import Change, Changeset
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument
from prefcore.vault import SealingTransaction

__all__ = ["undo_act"]


def undo_act(changeset: Changeset, schema: SchemaDocument, *, skip: bool, reason: str) -> Act:
    """Give the act that takes back a changeset which is no migration."""

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        with naming_pruned(f"changeset {changeset.id[:8]} cannot be undone"):
            for one in transaction.changes(changeset.revision):
                if isinstance(one, Change):  # a conflict shows what is held: all are asked for
                    transaction.permit(one.scope, one.owner, [one.key], revision=changeset.revision)
        history.undo_changeset(transaction, builder, changeset, skip=skip)

    return Act(
        kind="undo",
        summary=f"undo {changeset.kind} of {changeset.at:%Y-%m-%d %H:%M:%S}",
        reason=reason,
        details={"changeset": changeset.id},
        run=run,
        schemas=(schema,),
    )
