"""What a migration refuses on its way, told with edge, set and key."""

from __future__ import annotations

from typing import NoReturn

from prefcore.engines.migrating.work import Migration
from prefcore.errors import BrokenSeal, MissingStep, PrefcoreError, StepFailed, WrongKey
from prefcore.migration import Edge, Operation

__all__ = ["lost_key", "raise_named", "refused_value"]


def raise_named(
    migration: Migration,
    edge: Edge,
    operation: Operation,
    where: str,
    error: Exception,
    *,
    hidden: bool,
) -> NoReturn:
    """Raise an operation's error with its edge and set; a sensitive value is not in it.

    ``hidden`` says that it worked on secrets, whatever the older schema calls them.
    """
    schema = migration.load(edge.older)
    declared = (schema.preferences.get(key) for key in operation.older_keys)
    hidden = hidden or any(one is not None and one.sensitive for one in declared)
    kind: type[PrefcoreError] = StepFailed
    facts: dict[str, object] = {}
    message = f"{operation} raised {type(error).__name__}"
    if isinstance(error, PrefcoreError):
        kind, facts = type(error), error.facts
        told_all = not hidden or isinstance(error, (WrongKey, BrokenSeal))
        message = error.message if told_all else str(facts.get("said", message))
    elif not hidden:
        message += f": {error}"
    if hidden:
        facts = {name: fact for name, fact in facts.items() if name != "value"}
    if kind is StepFailed:
        message += "; nothing was changed"
    at = f"{where} " if message.startswith(f"{facts.get('key')}: ") else f"{where}: "
    told = kind(f"{edge.older} → {edge.newer}: {at if where else ''}{message}", **facts)
    raise told from (None if hidden else error)


def lost_key(edge: Edge, key: str, where: str) -> MissingStep:
    """Give the error for a key that an edge gives up while a set holds it."""
    return MissingStep(
        f"{edge.older} → {edge.newer}: {key} is gone in {edge.newer} and {where} holds it; write a "
        f"step that says what becomes of it, such as remove({key!r}) or rename({key!r}, …)",
        key=key,
        older=edge.older,
        newer=edge.newer,
    )


def refused_value(edge: Edge, key: str, fault: PrefcoreError) -> PrefcoreError:
    """Give the error for a held value that the version after an edge refuses."""
    return type(fault)(
        f"{edge.older} → {edge.newer}: {fault.message}; write a step for it, "
        f"such as map_values({key!r}, …)",
        **fault.facts,
    )
