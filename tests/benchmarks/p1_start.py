"""P1: how long ``prefcore get KEY`` takes as a process, from nothing to its exit."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape
from prefcore.schema import Schema as AnySchema
from tests.benchmarks import limits
from tests.benchmarks.installed import CORE, OURS, add_others, compile_all, make_environment
from tests.benchmarks.measuring import Finding, finding, take_turns

__all__ = ["run"]

_OURS = "prefcore get KEY, everything installed"
_ALONE = "itself with none installed"
_LIMIT = f'python -c "{limits.IMPORTS}"'


def run(folder: Path, *, rounds: int = 21, others: int = 200) -> list[Finding]:
    """Measure P1 in a folder; judged on wall and CPU time."""
    crowded, alone = folder / "crowded", folder / "alone"
    add_others(make_environment(crowded, OURS), plugins=20, heavy=8, others=others)
    make_environment(alone, CORE)
    project = make_project(folder / "project")
    for environment in (crowded, alone):
        compile_all(environment)
    cpu: dict[str, list[float]] = {}

    def process(name: str, *command: str) -> Callable[[], float]:
        def start() -> float:
            wall, used = _timed(command, project)
            cpu.setdefault(name, []).append(used)
            return wall

        return start

    contestants = {
        _OURS: process(_OURS, str(crowded / "bin/prefcore"), "get", "editor.font_size"),
        _ALONE: process(_ALONE, str(alone / "bin/prefcore"), "get", "editor.font_size"),
        _LIMIT: process(_LIMIT, str(crowded / "bin/python"), "-c", limits.IMPORTS),
    }
    take_turns(contestants, 2)  # warms the file cache
    cpu.clear()
    times = take_turns(contestants, rounds)
    findings = []
    for other, goal in ((_LIMIT, 1.25), (_ALONE, 1.15)):
        found = finding(times, _OURS, other, number="P1", work=_OURS, goal=goal)
        by_cpu = finding(cpu, _OURS, other, number="P1", work=_OURS, goal=goal)
        findings.append(attrs.evolve(found, cpu=by_cpu.ratio))
    return findings


def make_project(folder: Path) -> Path:
    """Make a folder with a prefcore.toml and a store in which one key of many is set."""
    folder.mkdir()
    store = SqliteStore.open(f"sqlite:{folder}/prefs.db", create=True)
    preferences = {
        f"editor.{name}": Preference(f"editor.{name}", Shape(kinds=("integer",)), default=12)
        for name in ("font_size", *(f"key{i}" for i in range(100)))
    }
    prefs: Preferences[AnySchema] = Preferences(
        store, "bench", schema=SchemaDocument("bench", "1.0.0", preferences), plugins=Plugins()
    )
    prefs.set("editor.font_size", 14, system=True)
    prefs.close()
    (folder / "prefcore.toml").write_text('app = "bench"\nstore = "sqlite:prefs.db"\n')
    return folder


def _timed(command: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Give the wall and CPU seconds of a process; raises where it fails."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return wall, usage.ru_utime + usage.ru_stime
