"""Finding the way between two versions: steps, and edges that need none.

Versions are nodes. A step is an edge, up and (inverted) down; two recorded versions that follow
one another are joined by a *bare* edge where no step stands between just these two. A bare edge is
allowed if every held value survives it, which only the store can tell.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from itertools import pairwise

import attrs

from prefcore.errors import InvalidStep, MissingStep
from prefcore.migration.steps import Step
from prefcore.schema.versions import Version, sorted_versions

__all__ = ["Edge", "find_path"]


@attrs.frozen
class Edge:
    """One hop, always written upwards: ``step`` is None where none is needed."""

    older: str
    newer: str
    step: Step | None = None


def find_path(
    versions: Iterable[str], steps: Iterable[Step], start: str, goal: str
) -> tuple[Edge, ...]:
    """Give the edges from ``start`` to ``goal`` in walking order, the same for the same input.

    ``versions`` are those whose schemas are known. The cheapest path has the fewest bare edges,
    then the fewest operations, then the fewest hops; ties go to the lower versions. Raises
    MissingStep when a version is unknown or nothing connects the two, InvalidStep when a step
    stands at a version that has no schema.
    """
    known = sorted_versions({*versions})
    steps = tuple(steps)
    _check_ends(known, steps)
    for version in (start, goal):
        if version not in known:
            raise MissingStep(
                f"there is no schema version {version}; known are {_shown(known)}", version=version
            )
    edges = _edges(known, steps)
    upwards = Version.parse(start) < Version.parse(goal)
    best = {start: (0, 0, 0)}
    queue: list[tuple[tuple[int, int, int], int, str, tuple[Edge, ...]]]
    queue = [((0, 0, 0), 0, start, ())]
    pushed = 0
    while queue:
        cost, _, version, path = heapq.heappop(queue)
        if version == goal:
            return path
        for edge in edges.get((version, upwards), ()):
            operations = len(edge.step.operations) if edge.step else 0
            dearer = (cost[0] + (edge.step is None), cost[1] + operations, cost[2] + 1)
            end = edge.newer if upwards else edge.older
            if end not in best or dearer < best[end]:
                best[end] = dearer
                pushed += 1
                heapq.heappush(queue, (dearer, pushed, end, (*path, edge)))
    raise MissingStep(f"no path leads from {start} to {goal}", start=start, goal=goal)


def _edges(known: list[str], steps: tuple[Step, ...]) -> dict[tuple[str, bool], list[Edge]]:
    """Give the edges that leave each version, by direction."""
    found = [Edge(step.from_version, step.to_version, step) for step in steps]
    with_step = {(edge.older, edge.newer) for edge in found}
    found += [Edge(*pair) for pair in pairwise(known) if pair not in with_step]
    edges: dict[tuple[str, bool], list[Edge]] = {}
    for edge in found:
        edges.setdefault((edge.older, True), []).append(edge)
        edges.setdefault((edge.newer, False), []).append(edge)
    return edges


def _check_ends(known: list[str], steps: tuple[Step, ...]) -> None:
    for step in steps:
        for version in (step.from_version, step.to_version):
            if version not in known:
                raise InvalidStep(
                    f"the step {step.id} ({step.origin or 'in code'}) stands at {version}, "
                    f"whose schema is not known; known are {_shown(known)}. Keep a snapshot of "
                    "each release (prefcore schema snapshot), and name their folder: snapshots "
                    "under [compatibility] in prefcore.toml, schemas= in Python",
                    version=version,
                )


def _shown(known: list[str]) -> str:
    if len(known) <= 6:
        return ", ".join(known) or "none"
    return f"{', '.join(known[:2])}, …, {', '.join(known[-2:])} ({len(known)} in all)"
