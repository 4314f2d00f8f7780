"""A process that tells, when it ends, how much memory it held at most.

``python -m tests.benchmarks.watched FILE MODULE ARGUMENT…`` runs ``MODULE.main()``. What the
parent sees of a child (``ru_maxrss``) may be its own, from before the child's program began.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

__all__ = ["peak_bytes"]


def peak_bytes() -> int:
    """Give the most memory that this process held at once (``VmHWM``, Linux)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _run(file: str, module: str, *arguments: str) -> None:
    sys.argv = [module, *arguments]
    try:
        import_module(module).main()
    finally:
        Path(file).write_text(str(peak_bytes()), encoding="ascii")


if __name__ == "__main__":
    _run(*sys.argv[1:])
