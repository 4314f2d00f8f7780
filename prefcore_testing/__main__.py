"""``python -m prefcore_testing``: the suite of an installed plugin, or those in a test file."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import prefcore
from prefcore.errors import PluginMissing, PrefcoreError, UsageError
from prefcore.plugins.manager import Plugins
from prefcore_testing.running import Report, run_plugin, run_tests, why_not

_DESCRIPTION = "Run the conformance suite of an installed plugin, or the suites in a test file."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and give the exit code: 0 all as it should be, 1 not, or that of the error."""
    parser = argparse.ArgumentParser(prog="python -m prefcore_testing", description=_DESCRIPTION)
    parser.add_argument("words", nargs="+", metavar="[KIND] ID | PATH", help="what is tested")
    parser.add_argument("--trial", default="", help="the URL to test a store or target at")
    parser.add_argument("--distribution", default="", help="whose plugin, where two have the id")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--report", type=Path, help="write the report as JSON to this file too")
    parser.add_argument("--version", action="version", version=prefcore.__version__)
    given = parser.parse_args(arguments)
    # What is wrong with the plugin is said once, as the error; the warning would repeat it.
    logging.getLogger("prefcore").addHandler(logging.NullHandler())
    try:
        report = _run(given.words, given.distribution, given.trial)
    except PrefcoreError as error:
        print(f"prefcore_testing: error: {error.message}", file=sys.stderr)  # noqa: T201  # a program
        return error.exit_code
    text = json.dumps(report.as_data(), ensure_ascii=False, indent=2)
    if given.report is not None:
        given.report.write_text(text + "\n", "utf-8")
    print(text if given.json else "\n".join(_lines(report)))  # noqa: T201  # a program
    return 0 if report.is_good else 1


def _run(words: Sequence[str], distribution: str, trial: str) -> Report:
    if len(words) > 2:
        raise UsageError("name one plugin, or one path")
    path = Path(words[0])
    if len(words) == 1 and path.exists():
        return run_tests(path)
    kind, id = words if len(words) == 2 else _found(words[0])
    # Loaded here too, so that what is wrong with it is said in one sentence.
    choose = {f"{kind}.{id}": distribution} if distribution else {}
    if reason := why_not(Plugins.from_environment(choose=choose).get(kind, id), trial):
        raise UsageError(reason)
    return run_plugin(kind, id, distribution=distribution, trial=trial)


def _found(name: str) -> tuple[str, str]:
    """Give kind and id of what is named by its id, or by both as ``formats.toml``."""
    index = Plugins.from_environment().index
    fitting = sorted({(one.kind, one.id) for one in index if name in (one.id, one.name)})
    if len(fitting) > 1:
        raise UsageError(
            f"'{name}' may be of {' or '.join(kind for kind, _ in fitting)}; say which"
        )
    if not fitting:
        raise PluginMissing(f"there is no plugin '{name}', and no file or folder of that name")
    return fitting[0]


def _lines(report: Report) -> list[str]:
    lines = [f"prefcore_testing {prefcore.__version__}: {report.subject}"]
    suites = {one.suite for one in report.checks}
    marks = {"passed": "ok", "failed": "FAIL", "expected to fail": "expected"}
    for one in report.checks:
        name = f"{one.suite}.{one.name}" if len(suites) > 1 else one.name
        lines.append(f"  {marks[one.outcome]:8}  {name.removeprefix('test_')}")
        if one.message:
            lines.append(f"            {one.message}")
    lines += [f"  ERROR     {error}" for error in report.errors]
    lines.append(
        f"{len(report.checks)} checks run: {report.count('passed')} passed, "
        f"{report.count('failed')} failed, {report.count('expected to fail')} expected to fail"
    )
    return lines


if __name__ == "__main__":
    sys.exit(main())
