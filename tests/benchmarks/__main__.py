"""``make bench``: measures every goal that there is a benchmark of; prints, and judges nothing.

``python -m tests.benchmarks [P1] [P8] [formats] … [--rounds N] [--entries N]``
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.benchmarks import bulk, formats, p1_start, p8_get_set, p10_compare, secrets
from tests.benchmarks.measuring import Finding
from tests.benchmarks.report import table, write_json

BENCHMARKS: Mapping[str, Callable[..., list[Finding]]] = {
    "P1": p1_start.run,
    "P8": p8_get_set.run,
    "P10": p10_compare.run,
    "formats": formats.run,
}
#: These are measured together, in fewer rounds: each takes minutes at a million entries.
BULK = ("P2", "P3", "P4", "P5", "P6", "P7", "P11")
SECRETS = "secrets"
MOST_BULK_ROUNDS = 5
RESULT = Path("build/benchmarks.json")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the benchmarks named (all, if none is), in a folder that is removed again."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    known = (*BENCHMARKS, *BULK, SECRETS)
    parser.add_argument("numbers", nargs="*", metavar="P1", help=", ".join(known))
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--entries", type=int, default=1_000_000, help="of P2 to P7, P11, secrets")
    parser.add_argument("--json", type=Path, default=RESULT, help="where the figures go")
    given = parser.parse_args(arguments)
    unknown = set(given.numbers) - set(known)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    findings = []
    # In the project, not in /tmp: that may be memory, and a durable write is measured.
    RESULT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=RESULT.parent) as folder:
        for number, run in BENCHMARKS.items():
            if not given.numbers or number in given.numbers:
                findings += run(Path(folder).absolute() / number, rounds=given.rounds)
        wanted = [number for number in BULK if not given.numbers or number in given.numbers]
        few = min(given.rounds, MOST_BULK_ROUNDS)
        if not given.numbers or SECRETS in given.numbers:
            place = Path(folder).absolute() / SECRETS
            findings += secrets.run(place, rounds=few, entries=given.entries)
        if wanted:
            found = bulk.run(Path(folder).absolute() / "bulk", rounds=few, entries=given.entries)
            findings += [one for one in found if one.number in wanted]
    print(table(findings))
    write_json(findings, given.json)
    print(f"\n{given.rounds} interleaved rounds, paired medians; all figures: {given.json}")
    if os.getloadavg()[0] > (os.cpu_count() or 1) / 2:
        print(f"The machine was busy (load {os.getloadavg()[0]:.1f}): repeat this before judging.")


if __name__ == "__main__":
    main()
