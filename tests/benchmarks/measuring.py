"""Measuring: contestants take turns, round by round, and ratios are medians of paired quotients."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median

import attrs

__all__ = ["Finding", "finding", "seconds", "take_turns"]

#: Seconds by contestant, one for each round.
Times = Mapping[str, list[float]]


@attrs.frozen(kw_only=True)
class Finding:
    """One line of the table: how ours compares to one other thing, and the goal, where one is.

    ``ours`` and ``other`` are seconds for one unit of work (or megabytes, as ``unit`` says); None
    where it was not run. ``ratio`` is of wall time; with ``cpu``, the ratio of CPU time, a goal is
    missed only where both miss it: waiting for the disk distorts the one, other processes both.
    """

    number: str
    work: str
    against: str
    goal: float | None
    ours: float
    other: float | None = None
    ratio: float | None = None
    note: str = ""
    cpu: float | None = None
    unit: str = "s"

    @property
    def verdict(self) -> str:
        """``met``, ``missed``, ``not run``, or ``told`` where there is no goal."""
        if self.ratio is None:
            return "not run"
        if self.goal is None:
            return "told"
        best = self.ratio if self.cpu is None else min(self.ratio, self.cpu)
        return "met" if best <= self.goal else "missed"


def take_turns(contestants: Mapping[str, Callable[[], float]], rounds: int) -> Times:
    """Run every contestant once a round, each round beginning with another; gives their seconds."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    names = list(contestants)
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            times[name].append(contestants[name]())
    return times


def seconds(work: Callable[[], object]) -> float:
    """Give the seconds that some work takes, with the cyclic collector at rest."""
    gc.collect()
    gc.disable()
    began = time.perf_counter()
    try:
        work()
        return time.perf_counter() - began
    finally:
        gc.enable()


def finding(
    times: Times,
    ours: str,
    other: str,
    *,
    number: str,
    work: str,
    goal: float | None,
    units: int = 1,
) -> Finding:
    """Give the finding on two of the contestants; a round's time is of ``units`` of work."""
    pairs = zip(times[ours], times[other], strict=True)
    return Finding(
        number=number,
        work=work,
        against=other,
        goal=goal,
        ours=median(times[ours]) / units,
        other=median(times[other]) / units,
        ratio=median(one / two for one, two in pairs),
    )
