"""P10: the 79 real schemas loaded, and each compared with the one before it."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

from prefcore.schema import Snapshots
from prefcore.schema.compatibility import in_order
from tests.benchmarks.measuring import Finding, finding, seconds, take_turns

__all__ = ["HISTORIES", "run"]

ROOT = Path(__file__).parents[2]
HISTORIES = (
    ("golang.go", ROOT / "docs/examples/first-upgrade/schemas"),
    ("lazygit", ROOT / "tests/data/lazygit"),
)
#: Seconds that loading and comparing may take in all.
GOAL = 1.0

_ALL, _LOAD, _RAW = "load and compare 79 schemas", "load 79 schemas", "json.loads of the files"


def run(folder: Path, *, rounds: int = 21) -> list[Finding]:
    """Measure P10: everything from the files on, nothing kept from the round before."""
    times = take_turns(
        {
            _ALL: lambda: seconds(compared),
            _LOAD: lambda: seconds(loaded),
            _RAW: lambda: seconds(parsed),
        },
        rounds,
    )
    ours = median(times[_ALL])
    return [
        Finding(
            number="P10",
            work=_ALL,
            against="one second",
            goal=1.0,
            ours=ours,
            other=GOAL,
            ratio=ours / GOAL,
        ),
        finding(times, _LOAD, _RAW, number="P10", work=_LOAD, goal=20.0),
        finding(times, _ALL, _RAW, number="P10", work=_ALL, goal=25.0),
    ]


def compared() -> int:
    """Load both histories and compare them in order; gives the number of findings."""
    count = 0
    for app, folder in HISTORIES:
        snapshots = Snapshots(folder, app)
        documents = [snapshots.load(version) for version in snapshots.versions]
        count += sum(len(one.findings) for one in in_order(documents))
    return count


def loaded() -> int:
    """Load both histories; gives the number of preferences."""
    count = 0
    for app, folder in HISTORIES:
        snapshots = Snapshots(folder, app)
        count += sum(len(snapshots.load(one).preferences) for one in snapshots.versions)
    return count


def parsed() -> int:
    """Parse the same files as JSON and do nothing with them."""
    files = [file for _, folder in HISTORIES for file in sorted(folder.glob("*.json"))]
    return len([json.loads(file.read_bytes()) for file in files])
