"""Bridging: what steps do between two versions, told to a comparison of their schemas."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prefcore.migration.conversions import Convert, FunctionPair
from prefcore.migration.fitting import check_step
from prefcore.migration.operations import Operation, Rename
from prefcore.migration.path import Edge
from prefcore.migration.scripted import Python
from prefcore.schema import SchemaDocument
from prefcore.schema.compatibility import Bridge, StepFault

__all__ = ["bridge_of"]


def bridge_of(edges: Iterable[Edge], load: Callable[[str], SchemaDocument]) -> Bridge:
    """Give what the steps of a path upwards do to the keys; ``load`` gives a version's schema."""
    steps = [edge.step for edge in edges if edge.step is not None]
    origins: dict[str, str] = {}  # the name that a key has by now, to the one it began with
    touched: set[str] = set()
    one_way: set[str] = set()
    faults: list[StepFault] = []
    for step in steps:
        for operation in step.operations:
            names = {*operation.older_keys, *operation.newer_keys}
            names |= {origins[name] for name in names if name in origins}
            touched |= names
            if not _has_way_back(operation):
                one_way |= names
            if isinstance(operation, Rename):
                origins[operation.to] = origins.pop(operation.key, operation.key)
        misfits = check_step(step, load(step.from_version), load(step.to_version))
        faults += [StepFault(one.key, f"step {step.id}: {one}", one.witness) for one in misfits]
    renames = {origin: name for name, origin in origins.items() if origin != name}
    return Bridge(tuple(step.id for step in steps), renames, touched, one_way, tuple(faults))


def _has_way_back(operation: Operation) -> bool:
    """Say whether values written after the upgrade can be taken back (others the log restores)."""
    if isinstance(operation, Python):
        return operation.back is not None
    way = operation.way if isinstance(operation, Convert) else None
    return not isinstance(way, FunctionPair) or way.back is not None
