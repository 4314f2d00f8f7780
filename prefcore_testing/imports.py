"""What importing a plugin costs: it is imported to be looked at, so it has to be light."""

from __future__ import annotations

import json
import subprocess
import sys

__all__ = ["IMPORT_BUDGET", "assert_light", "package_of"]

#: The most milliseconds of CPU that importing a plugin module may add to prefcore's own.
IMPORT_BUDGET = 250.0

# What importing a plugin module adds, beside what its hook needs of prefcore: the names of
# foreign packages, and milliseconds of CPU: a busy machine must fail nobody.
_IMPORT = """
import importlib, json, sys, time
import prefcore.hookspecs, prefcore.interfaces
before, start = set(sys.modules), time.process_time()
importlib.import_module(sys.argv[1])
taken = 1000 * (time.process_time() - start)
known = {"prefcore", sys.argv[1].partition(".")[0], *sys.stdlib_module_names}
added = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps({"foreign": sorted(added - known), "ms": taken}))
"""


def package_of(thing: object) -> str:
    """Give the package in which a class or function is defined: most often the plugin's door."""
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def assert_light(module: str, budget: float) -> None:
    """Check, in a process of its own, that a module imports only light things, and quickly."""
    run = subprocess.run(
        [sys.executable, "-c", _IMPORT, module], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"importing {module} failed: {run.stderr[-500:]}"
    found = json.loads(run.stdout)
    assert not found["foreign"], f"importing {module} imports {found['foreign']}: do it later"
    assert found["ms"] <= budget, f"importing {module} took {found['ms']:.0f} ms"
