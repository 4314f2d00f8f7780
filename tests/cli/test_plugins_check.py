"""``plugins check``: many plugins, some of them bad, and each story told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from prefcore_testing.distributions import write_distribution
from tests.cli.shell import Ran, Shell

_TOY = """
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import CONFLICT, MergeStrategyInfo

@hookimpl
def {hook}():
    return [MergeStrategyInfo(id={id!r}, summary="a toy", resolve=lambda sides: CONFLICT)]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sixty distributions: one raises at import, one misspells its hook, two share an id."""
    folder = tmp_path / "site"
    for number in range(56):
        _add(folder, f"acme-good{number:02}", f"good{number:02}")
    _add(folder, "acme-raises", "raises", "raise RuntimeError('no such luck')")
    _add(folder, "acme-misspelt", "misspelt", hook="prefcore_merge_strategy")
    _add(folder, "acme-one", "twin")
    _add(folder, "acme-other", "twin")
    return folder


def _add(
    folder: Path, name: str, id: str, source: str = "", hook: str = "prefcore_merge_strategies"
) -> None:
    module = name.replace("-", "_")
    write_distribution(
        folder,
        name,
        entry_points={"prefcore.merge_strategies": {id: module}},
        modules={module: source or _TOY.format(id=id, hook=hook)},
    )


def _run(shell: Shell, folder: Path, *words: str, code: int = 0) -> Ran:
    return shell.process(*words, env={"PYTHONPATH": str(folder)}, code=code)


def test_of_sixty_plugins_the_bad_ones_hurt_nobody_and_are_told(shell: Shell, folder: Path) -> None:
    listed = _run(shell, folder, "plugins", "list", "--json").json
    acme = [one for one in listed if one["distribution"].startswith("acme")]
    assert len(acme) == 60
    assert {one["status"] for one in acme} == {"found", "clash"}, "a list imports none"

    # Using them: all strategies are loaded, the bad ones are warned of, the import is done.
    shell.write("plain.json", '{"size": 14}')
    used = _run(shell, folder, "import", "plain.json", "--user", "bo", "--merge", "good07")
    warnings = [line for line in used.err.splitlines() if "warning" in line]
    assert len(warnings) == 3
    for names in (("acme-raises",), ("acme-misspelt",), ("acme-one", "acme-other")):
        assert [line for line in warnings if all(name in line for name in names)]

    checked = _run(shell, folder, "plugins", "check", "--json", code=1)
    assert checked.err == ""
    failed = {
        one["distribution"]: [two["check"] for two in one["findings"] if two["state"] == "fail"]
        for one in json.loads(checked.out)
        if one["status"] not in ("found", "loaded")
    }
    assert failed == {
        "acme-raises": ["import"],
        "acme-misspelt": ["signature"],
        "acme-one": ["clash"],
        "acme-other": ["clash"],
    }
    good = [one for one in json.loads(checked.out) if one["distribution"].startswith("acme-good")]
    assert {one["status"] for one in good} == {"loaded"}


def test_one_plugin_is_checked_with_its_suite(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    _add(folder, "acme-good", "good")
    ran = _run(shell, folder, "plugins", "check", "good")
    first, requirements, suite = ran.out.splitlines()
    assert first == "warn  merge_strategies.good  acme-good 1.0"
    assert "does not require prefcore" in requirements
    assert suite == "      suite: 6 checks run, 6 passed"
    assert ran.err == "running the conformance suite of merge_strategies.good …\n"
    assert "suite" not in _run(shell, folder, "plugins", "check", "good", "--no-suite").out


def test_a_suite_that_fails_is_told_by_its_checks(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    source = _TOY.format(id="bad", hook="prefcore_merge_strategies")
    _add(folder, "acme-bad", "bad", source.replace("CONFLICT)", "sides.ours_at or 1)"))
    ran = _run(shell, folder, "plugins", "check", "bad", "-q", code=1)
    assert "fail  merge_strategies.bad" in ran.out
    assert "failed: gives_a_portable_value_or_nothing_or_a_conflict" not in ran.out
    assert "1 failed: goes_by_times_only_if_it_says_so; the first says: " in ran.out
    assert "declare needs_times" in ran.out
    assert ran.out.endswith("; all of it: python -m prefcore_testing merge_strategies.bad\n")


def test_what_has_no_suite_is_not_run_and_says_why(shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    steps = (
        "from prefcore.hookspecs import hookimpl\n"
        "from prefcore.interfaces import MigrationsInfo\n\n"
        "@hookimpl\n"
        "def prefcore_migrations():\n"
        "    return [MigrationsInfo(app='editor', summary='steps', steps=list)]\n"
    )
    write_distribution(
        folder,
        "acme-editor",
        entry_points={"prefcore.migrations": {"editor": "acme_editor"}},
        modules={"acme_editor": steps},
    )
    ran = _run(shell, folder, "plugins", "check", "editor")
    assert "suite: not run: a MigrationsInfo alone is not enough" in ran.out


def test_a_plugin_that_is_not_there_is_an_error(shell: Shell) -> None:
    assert "there is no plugin 'nothing'" in shell.fails(18, "plugins", "check", "nothing")
