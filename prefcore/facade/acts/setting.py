"""Acts that set and unset values of one set."""

from __future__ import annotations

from collections.abc import Iterable

from prefcore.facade.act import Act
from prefcore.model import PlanItem, Row
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument
from prefcore.values import UNSET, from_text, same_text
from prefcore.vault import SealingTransaction

__all__ = ["set_act", "write_set"]


def write_set(
    transaction: SealingTransaction,
    scope: str,
    owner: str,
    rows: Iterable[Row],
    unset: Iterable[str],
) -> None:
    """Put entries into one set and take others out of it."""
    transaction.write(scope, owner, rows)
    transaction.remove(scope, owner, unset)


def set_act(
    schema: SchemaDocument,
    scope: str,
    owner: str,
    rows: Iterable[Row],
    unset: Iterable[str],
    *,
    reason: str,
    left_out: Iterable[str] = (),
    summary: str = "",
) -> Act:
    """Give the act that sets and unsets values of one set, which were checked before.

    It tells the sentences of what was ``left_out``. ``summary`` is what it is called in a plan.
    """
    checked, unset, told = list(rows), list(unset), tuple(left_out)

    def run(transaction: SealingTransaction, builder: PlanBuilder) -> None:
        for sentence in told:
            builder.leave_out(sentence)
        held = {row[0]: row for row in transaction.read_set(schema.app, scope, owner).rows}
        rows = transaction.sealed(scope, owner, checked)
        write_set(transaction, scope, owner, rows, unset)
        for key, text, *_ in rows:
            before = from_text(held[key][1]) if key in held else UNSET
            if key in held and same_text(held[key][1], text):
                builder.counts["unchanged"] += 1
            else:
                act = "change" if key in held else "add"
                builder.add(PlanItem(act, key, scope, owner, before, from_text(text)))
        for key in unset:
            if key in held:
                before = from_text(held[key][1])
                builder.add(PlanItem("remove", key, scope, owner, before))
            else:
                builder.counts["unchanged"] += 1

    kind = "set" if checked else "unset"
    summary = summary or f"{kind} in {place(scope, owner)}"
    return Act(kind=kind, summary=summary, reason=reason, run=run, schemas=(schema,))
