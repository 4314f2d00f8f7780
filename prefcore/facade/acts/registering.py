"""Acts that record schema versions."""

from __future__ import annotations

from prefcore.facade.act import Act
from prefcore.facade.workplace import Workplace
from prefcore.model import PlanItem
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument
from prefcore.vault import SealingTransaction

__all__ = ["baseline_act", "register_act"]


def register_act(workplace: Workplace, document: SchemaDocument, reason: str) -> Act:
    """Give the act that records a schema version without applying it."""

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        if transaction.schema(document.app, document.version) is None:
            builder.add(PlanItem("register", document.version))
        workplace.record(transaction, document, builder)

    return Act(
        kind="register",
        summary=f"register schema {document.version}",
        reason=reason,
        details={"version": document.version},
        run=run,
        action="register",
    )


def baseline_act(workplace: Workplace) -> Act:
    """Give the act that records what a store without a recorded version is taken at."""
    version = workplace.first_version()
    return Act(
        kind="register",
        summary=f"take the store at {version}",
        reason="the store recorded no version",
        details={"version": version},
        run=lambda transaction, builder: builder.add(PlanItem("register", version)),
        to_version=version,
        action="apply",
    )
