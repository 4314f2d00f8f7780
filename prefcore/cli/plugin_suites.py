"""Running a plugin's conformance suite, in a process of its own: core never imports the kit."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

from prefcore.cli.output import say
from prefcore.cli.session import Session
from prefcore.plugins.checks import Finding
from prefcore.plugins.index import PluginEntry

__all__ = ["suite_finding"]

_NEEDS = ("pytest", "hypothesis", "prefcore_testing")


def suite_finding(session: Session, entry: PluginEntry) -> Finding:
    """Run the suite of an installed plugin, and give what came of it."""
    missing = [name for name in _NEEDS if find_spec(name) is None]
    if missing:
        return Finding(
            "suite", "warn", "not run; install what it needs: pip install 'prefcore[testing]'"
        )
    say(session, f"running the conformance suite of {entry.name} …")
    command = [sys.executable, "-m", "prefcore_testing", entry.kind, entry.id, "--json"]
    if not entry.is_core:
        command += ["--distribution", entry.distribution]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 2:
        reason = done.stderr.strip().rpartition("error: ")[2]
        return Finding("suite", "warn", f"not run: {reason}")
    try:
        report = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        return Finding("suite", "fail", f"the suite could not be run: {last[:300]}")
    return _finding(report, entry.name)


def _finding(report: dict[str, object], plugin: str) -> Finding:
    checks, errors = report["checks"], report["errors"]
    assert isinstance(checks, list)
    assert isinstance(errors, list)
    failed = [one for one in checks if one["outcome"] == "failed"]
    counts = f"{report['run']} checks run, {report['passed']} passed"
    if report["expected_to_fail"]:
        counts += f", {report['expected_to_fail']} expected to fail"
    if errors:
        return Finding("suite", "fail", f"the suite could not be run: {errors[0]}")
    if failed:
        names = ", ".join(str(one["name"]).removeprefix("test_") for one in failed[:5])
        more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
        why = f"the first says: {failed[0]['message']}"
        how = f"all of it: python -m prefcore_testing {plugin}"
        told = f"{counts}, {len(failed)} failed: {names}{more}; {why}; {how}"
        return Finding("suite", "fail", told)
    return Finding("suite", "ok", counts)
