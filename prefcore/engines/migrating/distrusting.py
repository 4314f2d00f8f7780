"""Distrusting: what came in while no schema declared its key is not put in force by an upgrade.

An import may keep values of unknown keys. Where a version declares such a key, the value would be
in force without anybody having trusted it; where the key is ``trusted_only``, it is taken out.
"""

from __future__ import annotations

from prefcore.engines.migrating.work import Migration
from prefcore.migration import Edge, Rename
from prefcore.model import Row
from prefcore.model.sets import place
from prefcore.planning import PlanBuilder
from prefcore.vault import SealingTransaction

__all__ = ["distrust", "doubted_keys", "is_doubted", "tell_tightened"]

#: Sources of what one set oneself, or a step did; others bring what somebody else may have made.
_OWN = frozenset({"manual", "api", "migration"})
#: So many sets are named.
_NAMED = 3
#: Where values count without being trusted again: a project's and a template's are passed over.
_SCOPES = ("system", "user")


def doubted_keys(migration: Migration, edge: Edge) -> frozenset[str]:
    """Give the keys that an edge first declares, as ``trusted_only``, and their names before it.

    A key that is renamed from a declared one was in force before, by that name.
    """
    older, newer = migration.load(edge.older), migration.load(edge.newer)
    found = {key for key in migration.changed_keys(edge)[0] if newer.preferences[key].trusted_only}
    operations = edge.step.operations if edge.step is not None and found else ()
    for operation in reversed(operations):
        if isinstance(operation, Rename) and operation.to in found:
            found.add(operation.key)
    return frozenset(found - older.preferences.keys())


def is_doubted(scope: str, row: Row) -> bool:
    """Say whether a value of such a key may be of somebody else's making."""
    return scope in _SCOPES and row[3] not in _OWN


def distrust(
    transaction: SealingTransaction, builder: PlanBuilder, migration: Migration, edge: Edge
) -> frozenset[str]:
    """Take doubted values out before an edge, and tell them; gives the doubted keys."""
    keys = doubted_keys(migration, edge)
    for key in sorted(keys):
        found = _doubted(transaction, migration, key)
        for scope, owner in found:
            transaction.remove(scope, owner, [key])
        if found:
            builder.warn(
                f"{key}: what was imported while no schema declared the key was taken out of "
                f"{_named(found)}, for it is trusted_only from {edge.newer} on; set it where you "
                "trust it"
            )
    return keys


def tell_tightened(
    transaction: SealingTransaction, builder: PlanBuilder, migration: Migration, edge: Edge
) -> None:
    """Tell the values that stay in force although an edge begins to ask for trust in their key."""
    older, newer = migration.load(edge.older), migration.load(edge.newer)
    for key, declared in newer.preferences.items():
        was = older.preferences.get(key)
        if was is None or was.trusted_only or not declared.trusted_only:
            continue
        found = _doubted(transaction, migration, key)
        if found:
            builder.warn(
                f"{key}: what was imported or restored stays in force in {_named(found)}; the key "
                f"is trusted_only from {edge.newer} on, so see whether you trust it"
            )


def _doubted(
    transaction: SealingTransaction, migration: Migration, key: str
) -> list[tuple[str, str]]:
    held = transaction.held(migration.app, key)
    return [(scope, owner) for scope, owner, row in held if is_doubted(scope, row)]


def _named(sets: list[tuple[str, str]]) -> str:
    few = ", ".join(place(*one) for one in sets[:_NAMED])
    more = len(sets) - _NAMED
    return f"{few} and {more} more" if more > 0 else few
