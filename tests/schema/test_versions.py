"""Versions follow SemVer 2.0.0: what is one, which is older, and how they are written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcore.errors import InvalidSchema
from prefcore.schema.versions import Version, sorted_versions

# The example of clause 11.4 of the specification, with releases around it.
ASCENDING = [
    "0.9.10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1-0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]

NUMBERS = st.integers(min_value=0, max_value=12).map(str)
WORDS = st.text("019aZ-", min_size=1, max_size=3)
IDENTIFIERS = WORDS.filter(lambda w: not (w.isdigit() and len(w) > 1 and w[0] == "0"))
VERSIONS = st.builds(
    lambda core, prerelease, build: (
        ".".join(core)
        + (f"-{'.'.join(prerelease)}" if prerelease else "")
        + (f"+{'.'.join(build)}" if build else "")
    ),
    st.tuples(NUMBERS, NUMBERS, NUMBERS),
    st.lists(IDENTIFIERS, max_size=3),
    st.lists(WORDS, max_size=2),
)


def test_precedence_is_that_of_the_specification() -> None:
    assert sorted_versions(reversed(ASCENDING)) == ASCENDING
    parsed = [Version.parse(text) for text in ASCENDING]
    assert all(older < newer for older, newer in pairwise(parsed))


def test_build_metadata_has_no_part_in_precedence_but_tells_versions_apart() -> None:
    plain, built = Version.parse("1.2.3"), Version.parse("1.2.3+linux.7")
    assert plain.precedence == built.precedence
    assert plain != built
    assert plain < built < Version.parse("1.2.4-0")
    assert len({plain, built, Version.parse("1.2.3")}) == 2


def test_a_version_tells_its_parts() -> None:
    version = Version.parse("1.22.333-rc.1+exp.sha.5114f85")
    assert (version.major, version.minor, version.patch) == (1, 22, 333)
    assert (version.prerelease, version.build) == ("rc.1", "exp.sha.5114f85")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "it is empty", id="empty"),
        pytest.param("1.2", "it has 2 numbers where three belong", id="two numbers"),
        pytest.param("1.2.3.4", "it has 4 numbers", id="four numbers"),
        pytest.param("v1.2.3", "leave out the leading 'v'", id="leading v"),
        pytest.param("1.02.3", "'02' has a leading zero", id="leading zero"),
        pytest.param("1.2.3-rc.01", "'01' has a leading zero", id="leading zero in prerelease"),
        pytest.param("1.2.x", "'x' is not a number", id="letter"),
        pytest.param("1.2.-3", "'' is not a number", id="negative"),
        pytest.param("1.2.3-", "'' is no identifier", id="empty prerelease"),
        pytest.param("1.2.3-a..b", "'' is no identifier", id="empty identifier"),
        pytest.param("1.2.3+", "'' is no identifier", id="empty build"),
        pytest.param("1.2.3-ä", "'ä' is no identifier", id="not ASCII"),
        pytest.param("1.2.٣", "'٣' is not a number", id="digit of another script"),
        pytest.param("1.2.3\n", "it has white space around it", id="line end"),
        pytest.param("9" * 5000, "it is longer than 255 characters", id="five thousand digits"),
    ],
)
def test_what_is_no_version_is_refused_with_the_reason(text: str, fault: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        Version.parse(text)
    assert fault in caught.value.message


@settings(deadline=None)
@given(VERSIONS)
def test_a_version_is_written_as_it_was_read(text: str) -> None:
    assert str(Version.parse(text)) == text


@settings(deadline=None)
@given(VERSIONS, VERSIONS, VERSIONS)
def test_versions_are_totally_ordered(a: str, b: str, c: str) -> None:
    x, y, z = map(Version.parse, (a, b, c))
    assert (x < y) + (x == y) + (x > y) == 1
    assert (x == y) == (a == b)
    if x <= y <= z:
        assert x <= z
    if x.precedence < y.precedence:
        assert x < y
