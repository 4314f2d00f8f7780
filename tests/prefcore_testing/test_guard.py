"""The guard refuses suites that would leave a check out, where they are defined."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from prefcore_testing.guard import Suite

_SUITE = """
import pytest
from prefcore_testing.guard import Suite

class NumberSuite(Suite, kit=True):
    required = ("number",)

    def test_is_positive(self):
        assert self.number > 0

    @pytest.mark.parametrize("divisor", [2, 3])
    def test_is_divisible(self, divisor):
        assert self.number % divisor == 0

"""

_AUTHORS = """
class TestSix(NumberSuite):
    number = 6
    def test_more(self):
        assert True

class TestNine(NumberSuite):
    number = 9
    expected_failures = {"test_is_divisible": "nine is odd"}

class TestOne(NumberSuite):
    number = 1
    expected_failures = {"test_is_divisible": "one has no divisors"}
"""


class _Kit(Suite, kit=True):
    required = ("number",)
    number: int

    def test_is_positive(self) -> None:
        assert self.number > 0


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("Numbers", {"number": 1}, "name begins with Test"),
        ("TestNumbers", {}, "has to define 'number'"),
        ("TestNumbers", {"number": 1, "test_is_positive": None}, "replaces a check"),
        ("TestNumbers", {"number": 1, "test_is_positive": lambda self: None}, "replaces a check"),
        ("TestNumbers", {"number": 1, "expected_failures": {"test_x": "why"}}, "no check 'test_x'"),
        (
            "TestNumbers",
            {"number": 1, "expected_failures": {"test_is_positive": " "}},
            "has no reason",
        ),
        ("TestNumbers", {"number": 1, "pytestmark": pytest.mark.skip}, "'skip' on the class"),
        ("TestNumbers", {"number": 1, "pytestmark": [pytest.mark.xfail()]}, "'xfail' on the class"),
    ],
    ids=lambda case: case if isinstance(case, str) else None,
)
def test_suite_that_avoids_a_check_is_refused(
    name: str, body: dict[str, object], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        type(name, (_Kit,), body)


def test_check_replaced_by_another_base_is_refused() -> None:
    class Meddling:
        def test_is_positive(self) -> None: ...

    with pytest.raises(TypeError, match="replaces a check"):
        type("TestNumbers", (Meddling, _Kit), {"number": 1})


def test_checks_run_for_each_author_and_expected_failures_are_strict(tmp_path: Path) -> None:
    (tmp_path / "test_numbers.py").write_text(_SUITE + _AUTHORS, "utf-8")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-ra", "test_numbers.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    # Six: all. Nine: divisible by three though expected to fail. One: fails as it said.
    assert "1 failed, 6 passed, 3 xfailed" in result.stdout
    assert "[XPASS(strict)] nine is odd" in result.stdout


def test_suite_can_be_subclassed_again(tmp_path: Path) -> None:
    class TestFirst(_Kit):
        number = -1
        expected_failures = {"test_is_positive": "negative"}  # noqa: RUF012  # as authors write it

    class TestSecond(TestFirst):
        number = 2
        expected_failures = {}  # noqa: RUF012  # as authors write it

    assert TestSecond.test_is_positive is _Kit.test_is_positive
    assert TestFirst.test_is_positive is not _Kit.test_is_positive
    assert TestSecond.checks() == ("test_is_positive",)
