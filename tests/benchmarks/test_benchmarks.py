"""The benchmarks run and report; how fast anything is, no test judges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.measuring import Finding, finding, take_turns
from tests.benchmarks.p1_start import make_project
from tests.benchmarks.report import table


def test_one_round_of_everything_prints_a_table_and_writes_the_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["--rounds", "1", "--entries", "800"])
    printed = capsys.readouterr().out
    for line in ("P1", "P8", "raw durable UPDATE", "itself with none installed"):
        assert line in printed
    written = json.loads((tmp_path / "build/benchmarks.json").read_text())
    numbers = [one["number"] for one in written["findings"]]
    assert numbers[:9] == ["P1"] * 2 + ["P8"] * 4 + ["P10"] * 3
    assert set(numbers) >= {"P2", "P3", "P4", "P5", "P6", "P7", "P11", "secrets"}
    works = {one["work"] for one in written["findings"] if one["number"] == "formats"}
    assert works >= {"write binary", "read binary"}
    assert {one["verdict"] for one in written["findings"]} <= {"met", "missed", "not run", "told"}
    assert [path.name for path in (tmp_path / "build").iterdir()] == ["benchmarks.json"]


def test_contestants_take_turns_and_the_ratio_is_the_median_of_paired_quotients() -> None:
    order: list[str] = []
    clock = iter([4.0, 2.0, 1.0, 30.0, 9.0, 3.0])

    def contestant(name: str) -> float:
        order.append(name)
        return next(clock)

    names = ("ours", "other")
    times = take_turns({name: lambda name=name: contestant(name) for name in names}, 3)  # type: ignore[misc]  # bound now
    assert order == ["ours", "other", "other", "ours", "ours", "other"]
    found = finding(times, "ours", "other", number="P0", work="ours", goal=2.5, units=2)
    assert (found.ours, found.other, found.ratio) == (4.5, 1.0, 3.0)  # of 2, 30 and 3
    assert found.verdict == "missed"


def test_what_was_not_run_is_said() -> None:
    line = table([Finding(number="P8", work="get", against="conf", goal=0.05, ours=6e-6)])
    assert "6.0 µs" in line
    assert "not run" in line


def test_get_loads_nothing_that_is_slow(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    shown = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"

    def loaded(script: str, *arguments: str) -> tuple[str, set[str]]:
        command = [sys.executable, "-c", f"{shown}; {script}", *arguments]
        ended = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
        return ended.stdout, set(ended.stderr.split())

    _, before = loaded("pass")
    out, after = loaded("from prefcore.cli import main; main()", "get", "editor.font_size")
    assert out == "14\n"
    slow = {"attrs", "cattrs", "cryptography", "importlib.metadata", "pathlib", "pluggy"}
    assert (after - before) & slow == set()
    assert {name for name in after if name.startswith(("prefcore_", "prefcore.schema"))} == set()
