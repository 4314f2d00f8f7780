"""Ranges of versions, against the answers of node-semver itself and by their laws."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore.errors import InvalidSchema
from prefcore.schema.ranges import Range
from prefcore.schema.versions import Version

TABLE = json.loads((Path(__file__).parents[1] / "data/node-semver/ranges.json").read_text())

NUMBERS = st.integers(0, 3)
PRERELEASES = st.sampled_from(["", "-0", "-alpha", "-beta.1", "-beta.2"])
VERSIONS = st.builds("{}.{}.{}{}".format, NUMBERS, NUMBERS, NUMBERS, PRERELEASES)
PARTIALS = VERSIONS | st.builds("{}.{}".format, NUMBERS, NUMBERS) | NUMBERS.map(str)
SIMPLE = st.builds(
    "{}{}".format, st.sampled_from(["", "^", "~", ">", ">=", "<", "<=", "="]), PARTIALS
)


@pytest.mark.parametrize("text", TABLE["satisfied"])
def test_a_range_takes_the_versions_that_node_semver_takes(text: str) -> None:
    found = Range.parse(text)
    assert [one for one in TABLE["versions"] if one in found] == TABLE["satisfied"][text]


@given(SIMPLE, SIMPLE, VERSIONS)
def test_white_space_means_and_and_bars_mean_or(one: str, other: str, version: str) -> None:
    release = version.partition("-")[0]
    in_one, in_other = release in Range.parse(one), release in Range.parse(other)
    assert (release in Range.parse(f"{one} {other}")) == (in_one and in_other)
    assert (version in Range.parse(f"{one} || {other}")) == (
        version in Range.parse(one) or version in Range.parse(other)
    )


@given(SIMPLE, SIMPLE)
def test_the_normal_form_reads_back_to_the_same_range(one: str, other: str) -> None:
    found = Range.parse(f"{one} {other} || {one}")
    assert Range.parse(str(found)) == found


@given(VERSIONS, VERSIONS)
def test_comparators_agree_with_precedence(one: str, other: str) -> None:
    # Pre-releases are left out: a range takes them only where it names one of their release.
    low, high = one.partition("-")[0], other.partition("-")[0]
    below = Version.parse(low).precedence < Version.parse(high).precedence
    assert (low in Range.parse(f"<{high}")) == below
    assert (low in Range.parse(f">={high}")) == (not below)


@given(st.lists(VERSIONS, max_size=6), SIMPLE)
def test_the_best_version_is_the_highest_that_fits(versions: list[str], text: str) -> None:
    found = Range.parse(text)
    best = found.best(versions)
    fitting = [one for one in versions if one in found]
    assert (best is None) == (not fitting)
    if best is not None:
        assert all(Version.parse(one) <= Version.parse(best) for one in fitting)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("^1.2.", "^1.2.", id="ends in a dot"),
        pytest.param("1.2.3.4", "1.2.3.4", id="four numbers"),
        pytest.param("01.2", "01.2", id="leading zero"),
        pytest.param(">=1, <2", ">=1,", id="comma"),
        pytest.param("1 | 2", "|", id="one bar"),
        pytest.param("latest", "latest", id="a tag"),
        pytest.param("^ || ^", "^", id="a sign alone"),
    ],
)
def test_a_malformed_range_is_refused_with_the_part(text: str, part: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        Range.parse(text)
    assert repr(part) in caught.value.message


def test_a_number_after_an_x_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="has a number after an x"):
        Range.parse("1.x.3")


@pytest.mark.parametrize("text", ["1.2.3-01", ">=1.0.0-a..b"])
def test_a_malformed_version_in_a_range_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchema, match=r"not SemVer 2\.0"):
        Range.parse(text)


def test_a_range_without_end_is_refused_at_once() -> None:
    for text in ("1 || " * 1_000, ">=1 " * 10_000, "9" * 100_000):
        with pytest.raises(InvalidSchema, match="too long"):
            Range.parse(text)
