"""Running a suite outside of an author's own pytest: every check counted, the outcome as data."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory

import attrs
import pytest

import prefcore
import prefcore_testing
from prefcore.interfaces import (
    FormatInfo,
    KeyProviderInfo,
    MergeStrategyInfo,
    StoreInfo,
    TargetInfo,
)
from prefcore_testing.guard import Suite

__all__ = ["CheckResult", "Report", "run_plugin", "run_tests", "why_not"]

_MODULE = """
from prefcore_testing.suites import suite_of
TestPlugin = suite_of({kind!r}, {id!r}, distribution={distribution!r}, trial={trial!r})
"""


@attrs.frozen
class CheckResult:
    """What came of one check: ``passed``, ``failed`` or ``expected to fail``, over all its cases.

    ``message`` is that of the first case that failed, or the reason why it is expected to.
    """

    suite: str
    name: str
    outcome: str
    cases: int
    message: str = ""


@attrs.frozen
class Report:
    """What came of a run. ``errors`` are suites that could not be collected, in words."""

    subject: str
    checks: tuple[CheckResult, ...]
    errors: tuple[str, ...]
    seconds: float

    @property
    def is_good(self) -> bool:
        """Whether checks ran and none failed unexpectedly."""
        return bool(self.checks) and not self.errors and not self.count("failed")

    def count(self, outcome: str) -> int:
        """Give how many checks have an outcome."""
        return sum(one.outcome == outcome for one in self.checks)

    def as_data(self) -> dict[str, object]:
        """Give the report as JSON data, with the kit's version."""
        return {
            "kit": prefcore.__version__,
            "subject": self.subject,
            "seconds": round(self.seconds, 3),
            "run": len(self.checks),
            "passed": self.count("passed"),
            "failed": self.count("failed"),
            "expected_to_fail": self.count("expected to fail"),
            "errors": list(self.errors),
            "checks": [attrs.asdict(one) for one in self.checks],
        }


def why_not(info: object, trial: str = "") -> str:
    """Say why what a plugin declares is not enough to run a suite; the empty text where it is."""
    if isinstance(info, StoreInfo | TargetInfo):
        if trial or info.trial:
            return ""
        return (
            f"the declaration of '{info.id}' has no `trial`, a URL to test at; give one with "
            "--trial, or the path of the author's own tests"
        )
    if isinstance(info, KeyProviderInfo) and len(info.trials) < 2:
        return (
            f"the declaration of '{info.id}' has no `trials`, the settings of two roots to test "
            "with; give the path of the author's own tests"
        )
    if isinstance(info, FormatInfo | MergeStrategyInfo | KeyProviderInfo):
        return ""
    kind = type(info).__name__
    return f"a {kind} alone is not enough to run a suite; give the path of the author's tests"


def run_plugin(kind: str, id: str, *, distribution: str = "", trial: str = "") -> Report:
    """Run the suite of an installed plugin; see ``suites.suite_of`` for what it needs."""
    with TemporaryDirectory(prefix="prefcore-testing-") as folder:
        file = Path(folder, "test_installed_plugin.py")
        text = _MODULE.format(kind=kind, id=id, distribution=distribution, trial=trial)
        file.write_text(text, "utf-8")
        alone = ("-c", str(Path(folder, "none.ini")), "--rootdir", folder)
        Path(folder, "none.ini").write_text("[pytest]\n", "utf-8")
        return _run(f"{kind}.{id}", [*alone, str(file)])


def run_tests(path: Path) -> Report:
    """Run the suites in an author's test file or folder; other tests there are left out."""
    return _run(str(path), [str(path)])


def _run(subject: str, arguments: Sequence[str]) -> Report:
    collector = _Collector()
    start = time.perf_counter()
    quiet = ("-q", "-p", "no:cacheprovider", "--import-mode=importlib")
    with redirect_stdout(StringIO()):
        pytest.main([*quiet, *arguments], plugins=[collector])
    checks = tuple(collector.results())
    errors = collector.errors if checks or collector.errors else ["there is no suite of the kit"]
    return Report(subject, checks, tuple(errors), time.perf_counter() - start)


class _Collector:
    """A pytest plugin that takes the outcome of every case of every check."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._cases: dict[tuple[str, str], list[tuple[str, str]]] = {}

    def pytest_configure(self) -> None:
        # The kit was imported before pytest could see to it that its failed asserts tell more.
        package = prefcore_testing.__name__
        names = {f"{package}.{one.name}" for one in iter_modules(prefcore_testing.__path__)}
        pytest.register_assert_rewrite(*sorted(names - {*sys.modules}))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [one for one in items if _check_of(one) is not None]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append(_last_line(report.longreprtext))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Iterator[None]:  # pytest sends the report in
        report: pytest.TestReport = yield  # type: ignore[assignment]  # as above
        check = _check_of(item)
        if check is not None and (report.when == "call" or not report.passed):
            self._cases.setdefault(check, []).append(_outcome(report))
        return report  # type: ignore[return-value]  # to the next wrapper

    def results(self) -> Iterator[CheckResult]:
        """Give what came of each check, in the order they ran."""
        for (suite, name), cases in self._cases.items():
            failed = [message for outcome, message in cases if outcome == "failed"]
            if failed:
                yield CheckResult(suite, name, "failed", len(cases), failed[0])
            else:
                outcome, message = cases[0]
                yield CheckResult(suite, name, outcome, len(cases), message)


def _check_of(item: pytest.Item) -> tuple[str, str] | None:
    """Give suite and check that a test is; None for a test that is no check of the kit."""
    cls = getattr(item, "cls", None)
    name = getattr(item, "originalname", item.name)
    if isinstance(cls, type) and issubclass(cls, Suite) and name in cls.checks():
        return cls.__name__, name
    return None


def _outcome(report: pytest.TestReport) -> tuple[str, str]:
    if report.skipped and hasattr(report, "wasxfail"):
        return "expected to fail", str(report.wasxfail).removeprefix("reason: ")
    if report.passed:
        return "passed", ""
    crash = getattr(report.longrepr, "reprcrash", None)
    return "failed", _told(crash.message if crash else str(report.longreprtext))


def _told(text: str) -> str:
    """Give the first line of a failure, with the second where the first tells nothing."""
    first, _, rest = (" ".join(line.split()) for line in f"{text}\n\n".partition("\n"))
    if first.endswith(("assert False", "assert None")) and rest.startswith("+ where "):
        first = f"{first}, {rest.partition(' + ')[0].removeprefix('+ ')}"
    return first[:300]


def _last_line(text: str) -> str:
    lines = [line.removeprefix("E ").strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "a test file cannot be imported"
