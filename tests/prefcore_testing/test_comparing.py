"""Comparing large values tells the first difference only, in time that a test run can bear."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given

from prefcore_testing.comparing import check_same
from prefcore_testing.documents import set_of
from prefcore_testing.values import portable_values


@given(portable_values(max_leaves=8))
def test_equal_values_are_the_same(value: object) -> None:
    check_same(value, value)
    check_same([value], [value])


@given(portable_values(max_leaves=8), portable_values(max_leaves=8))
def test_a_difference_is_told_wherever_it_is(one: object, other: object) -> None:
    assume(one != other)
    with pytest.raises(AssertionError, match=r"^found.*1, 'key'"):
        check_same([0, {"key": one}], [0, {"key": other}])


@pytest.mark.parametrize(
    ("found", "expected", "told"),
    [
        (b"abc", b"abd", "found at byte 2 b'abc' (of 3), expected b'abd' (of 3)"),
        ("ab", "abc", "found at character 2 'ab' (of 2), expected 'abc' (of 3)"),
        ([1], [1, None], "found at 1 nothing, expected None"),
        ({"a": 1}, {"b": 1}, "found at 'a' 1, expected nothing"),
        (
            {"a": ["x"]},
            {"a": ["y"]},
            "found at 'a', 0, character 0 'x' (of 1), expected 'y' (of 1)",
        ),
        ([1], (1,), "found [1], expected (1,)"),
        ("a", 1, "found 'a', expected 1"),
    ],
)
def test_first_difference(found: object, expected: object, told: str) -> None:
    with pytest.raises(AssertionError) as caught:
        check_same(found, expected)
    assert str(caught.value) == told


def test_fields_of_values_are_compared() -> None:
    sets = [set_of({"a": 1, "b": value}) for value in (2, 3)]
    with pytest.raises(AssertionError, match=r"^about: found at 'rows', 1, 1, character 0 '2'"):
        check_same(sets[0], sets[1], "about")


def test_large_values_are_told_in_a_line() -> None:
    lines = [f"line {n}" for n in range(100_000)]
    with pytest.raises(AssertionError) as caught:
        check_same("\n".join(lines), "\n".join(["", *lines]))
    assert len(str(caught.value)) < 300


def test_checks_that_fail_end_where_the_whole_difference_would_be_shown(tmp_path: Path) -> None:
    """As in most CI; a diff of these 3,000 lines by the test runner takes more than an hour."""
    file = tmp_path / "test_shift.py"
    file.write_text(
        "from prefcore_testing.comparing import check_same\n"
        "def test_shift():\n"
        "    data = bytes(range(256)) * 500\n"
        "    check_same(data, b'x' + data)\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "found at byte 0" in run.stdout
