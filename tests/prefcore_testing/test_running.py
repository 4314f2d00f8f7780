"""``python -m prefcore_testing`` runs a plugin's suite, counts every check, and writes it down."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import attrs
import pytest
from prefcore_local import prefcore_backup_targets

from prefcore_testing.distributions import write_distribution
from prefcore_testing.strategies import MergeStrategySuite
from prefcore_testing.suites import suite_for
from prefcore_testing.targets import TargetSuite

_STRATEGY = """
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import CONFLICT, MergeStrategyInfo

def resolve(sides):
    {body}

@hookimpl
def prefcore_merge_strategies():
    return [MergeStrategyInfo(id="toy", summary="a toy", resolve=resolve)]
"""
_LAWS = "return sides.ours if isinstance(sides.ours, list) else CONFLICT"
_TIMES = "return sides.ours if sides.ours_at else sides.theirs"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run the kit in an empty folder that distributions can be installed into."""

    def run(*words: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "prefcore_testing", *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def _install(
    folder: Path, body: str, *, name: str = "acme-toy", group: str = "merge_strategies"
) -> None:
    module = name.replace("-", "_")
    write_distribution(
        folder,
        name,
        entry_points={f"prefcore.{group}": {"toy": module}},
        modules={module: _STRATEGY.format(body=body)},
    )


def test_a_good_plugin_passes_every_check(run: Run, tmp_path: Path) -> None:
    _install(tmp_path, _LAWS)
    ran = run("toy")
    count = len(MergeStrategySuite.checks())
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("prefcore_testing ")
    assert ran.out.splitlines()[0].endswith(": merge_strategies.toy")
    assert ran.out.endswith(f"{count} checks run: {count} passed, 0 failed, 0 expected to fail\n")


def test_what_fails_is_named_with_why_and_written_down(run: Run, tmp_path: Path) -> None:
    _install(tmp_path, _TIMES)
    ran = run("merge_strategies", "toy", "--report", "report.json")
    assert ran.code == 1
    assert "FAIL      goes_by_times_only_if_it_says_so\n" in ran.out
    assert "it goes by times; declare needs_times" in ran.out
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["subject"], report["run"], report["failed"]) == ("merge_strategies.toy", 6, 1)
    (failed,) = (one for one in report["checks"] if one["outcome"] == "failed")
    assert failed["name"] == "test_goes_by_times_only_if_it_says_so"
    assert report["kit"] in ran.out


def test_a_failure_that_says_nothing_is_told_with_what_was_looked_at(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "test_toy.py").write_text(
        "from prefcore.interfaces import MergeStrategyInfo\n"
        "from prefcore_testing.strategies import MergeStrategySuite\n\n"
        "class TestToy(MergeStrategySuite):\n"
        "    examples = 1\n"
        "    info = MergeStrategyInfo(\n"
        "        id='toy', summary='a toy', resolve=lambda sides: sides.ours, needs_times='no'\n"
        "    )\n"
    )
    ran = run("test_toy.py")
    assert "assert False, where False = isinstance('no', bool)\n" in ran.out


def test_two_distributions_of_one_id_can_be_told_apart(run: Run, tmp_path: Path) -> None:
    _install(tmp_path, _LAWS)
    _install(tmp_path, _TIMES, name="acme-other")
    assert "offered by acme-other 1.0 and acme-toy 1.0" in run("toy").err
    assert json.loads(run("toy", "--distribution", "acme-other", "--json").out)["failed"] == 1


def test_an_authors_suites_run_and_his_other_tests_do_not(run: Run, tmp_path: Path) -> None:
    _install(tmp_path, _TIMES)
    (tmp_path / "test_toy.py").write_text(
        "from acme_toy import prefcore_merge_strategies\n"
        "from prefcore_testing.strategies import MergeStrategySuite\n\n"
        "class TestToy(MergeStrategySuite):\n"
        "    (info,) = prefcore_merge_strategies()\n"
        "    examples = 1\n"
        "    expected_failures = {'test_goes_by_times_only_if_it_says_so': 'not yet'}\n\n"
        "def test_something_else():\n"
        "    raise AssertionError('this is none of the kit')\n"
    )
    ran = run("test_toy.py")
    assert ran.code == 0
    assert ran.out.endswith("6 checks run: 5 passed, 0 failed, 1 expected to fail\n")
    assert "expected  goes_by_times_only_if_it_says_so\n            not yet\n" in ran.out


def test_an_expected_failure_that_passes_fails(run: Run, tmp_path: Path) -> None:
    _install(tmp_path, _LAWS)
    (tmp_path / "test_toy.py").write_text(
        "from acme_toy import prefcore_merge_strategies\n"
        "from prefcore_testing.strategies import MergeStrategySuite\n\n"
        "class TestToy(MergeStrategySuite):\n"
        "    (info,) = prefcore_merge_strategies()\n"
        "    examples = 1\n"
        "    expected_failures = {'test_declaration_is_complete': 'not yet'}\n"
    )
    ran = run("test_toy.py")
    assert ran.code == 1
    assert "[XPASS(strict)] not yet" in ran.out


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("def test_x(): pass\n", "there is no suite of the kit", id="no suite"),
        pytest.param("import nothing_at_all\n", "No module named 'nothing_at_all'", id="no import"),
        pytest.param(
            "from prefcore_testing.formats import FormatSuite\nclass TestX(FormatSuite): pass\n",
            "TestX has to define 'info'",
            id="not guarded",
        ),
    ],
)
def test_a_file_without_a_suite_that_runs_is_no_success(
    run: Run, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "test_x.py").write_text(text)
    ran = run("test_x.py")
    assert ran.code == 1
    assert told in ran.out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nothing",), 18, "there is no plugin 'nothing'"),
        (("formats", "nothing"), 18, "there is no format 'nothing'"),
        (("a", "b", "c"), 2, "name one plugin"),
        (("broken",), 18, "cannot be imported"),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    run: Run, tmp_path: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    write_distribution(
        tmp_path,
        "acme-broken",
        entry_points={"prefcore.formats": {"broken": "acme_broken"}},
        modules={"acme_broken": "1 / 0"},
    )
    ran = run(*words)
    assert ran.code == code
    assert ran.err.startswith("prefcore_testing: error: ")
    assert told in ran.err
    assert "Traceback" not in ran.err


def test_a_target_without_a_trial_says_so(run: Run, tmp_path: Path) -> None:
    text = (
        "from attrs import evolve\n"
        "from prefcore.hookspecs import hookimpl\n"
        "@hookimpl\n"
        "def prefcore_backup_targets():\n"
        "    import prefcore_local\n"
        "    return [evolve(prefcore_local.prefcore_backup_targets()[0], id='toy', trial='')]\n"
    )
    write_distribution(
        tmp_path,
        "acme-toy",
        entry_points={"prefcore.backup_targets": {"toy": "acme_toy"}},
        modules={"acme_toy": text},
    )
    ran = run("toy")
    assert ran.code == 2
    assert "has no `trial`" in ran.err


def test_a_trial_is_where_a_target_is_tested(tmp_path: Path) -> None:
    (info,) = prefcore_backup_targets()
    made = suite_for(attrs.evolve(info, trial=""), "prefcore_local", trial="file://{folder}/x")
    assert issubclass(made, TargetSuite)
    suite = made()
    target = suite.make(tmp_path)
    target.put("a/b", io.BytesIO(b"xyz"))
    assert (tmp_path / "x/a/b").read_bytes() == b"xyz"
    assert suite.raw(target) == {"a/b": b"xyz"}
    assert suite.raw(suite.reopen(target)) == {"a/b": b"xyz"}
