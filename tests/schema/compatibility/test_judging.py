"""Judging: modes and remedies, overrides, versions, and what is compared with earlier versions."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore.errors import UsageError
from prefcore.schema import SchemaDocument
from prefcore.schema.compatibility import (
    MODES,
    NO_BRIDGE,
    REMEDIES,
    Bridge,
    Judged,
    Judgement,
    Override,
    Policy,
    StepFault,
    breaks_of_earlier,
    bump_between,
    compare,
    in_order,
    is_enough,
    judge,
    smallest_version,
)
from prefcore.schema.ranges import Range
from prefcore.schema.versions import Version
from tests.schema.compatibility.world import declared, document

TODAY = date(2026, 11, 26)
TEXT, INT = {"type": "string"}, {"type": "integer"}
EITHER = {"type": ["string", "integer"]}
WITH_STEP = Bridge(("1.0.0 → 2.0.0",), {}, {"a"})
ONE_WAY = Bridge(("1.0.0 → 2.0.0",), {}, {"a"}, {"a"})


def judged(older: object, newer: object, *, version: str = "2.0.0", **more: Any) -> Judgement:
    """Judge a change of the shape of ``a``."""
    policy = more.pop("policy", Policy())
    comparison = compare(
        document(declared("a", older)), document(declared("a", newer), version=version)
    )
    return judge(comparison, policy, today=TODAY, **more)


def errors(judgement: Judgement) -> list[str]:
    return sorted(one.finding.rule for one in judgement.errors)


def item(judgement: Judgement, rule: str) -> Judged:
    return next(one for one in judgement.items if one.finding.rule == rule)


# -------------------------------------------------------------------------- modes and remedies

#: By mode and remedy: the bump, and the rules of the errors without a step, with one, and with one
#: that has no way back.
NARROWED = {  # T02: breaks new code with old data
    ("NONE", "strict"): ("minor", [], [], []),
    ("NONE", "reversible"): ("minor", [], [], []),
    ("BACKWARD", "strict"): ("major", ["T02"], ["T02"], ["T02"]),
    ("BACKWARD", "migratable"): ("major", ["M01"], [], []),
    ("BACKWARD", "reversible"): ("major", ["M01"], [], ["M01"]),
    ("FORWARD", "reversible"): ("minor", [], [], []),
    ("FULL", "strict"): ("major", ["T02"], ["T02"], ["T02"]),
    ("FULL", "reversible"): ("major", ["M01"], [], ["M01"]),
}
WIDENED = {  # T01: breaks old code with new data
    ("NONE", "strict"): ("minor", [], [], []),
    ("BACKWARD", "strict"): ("minor", [], [], []),
    ("FORWARD", "strict"): ("major", ["T01"], ["T01"], ["T01"]),
    ("FORWARD", "migratable"): ("major", ["T01"], ["T01"], ["T01"]),
    ("FORWARD", "reversible"): ("major", ["M01"], [], ["M01"]),
    ("FULL", "migratable"): ("major", ["T01"], ["T01"], ["T01"]),
    ("FULL", "reversible"): ("major", ["M01"], [], ["M01"]),
}


@pytest.mark.parametrize(
    ("older", "newer", "mode", "remedy", "expected"),
    [
        pytest.param(older, newer, mode, remedy, expected, id=f"{name} {mode} {remedy}")
        for name, older, newer, table in (
            ("narrowed", EITHER, TEXT, NARROWED),
            ("widened", TEXT, EITHER, WIDENED),
        )
        for (mode, remedy), expected in table.items()
    ],
)
def test_a_mode_says_what_counts_and_a_remedy_what_mends_it(
    older: object, newer: object, mode: str, remedy: str, expected: tuple[str, Any, Any, Any]
) -> None:
    policy = Policy(mode, remedy)
    found = [
        judged(older, newer, policy=policy, bridge=bridge)
        for bridge in (NO_BRIDGE, WITH_STEP, ONE_WAY)
    ]
    assert [one.bump for one in found] == [expected[0]] * 3
    assert [errors(one) for one in found] == list(expected[1:])


def test_transitive_modes_judge_the_last_version_alike() -> None:
    for mode in MODES:
        plain = mode.removesuffix("_TRANSITIVE")
        for remedy in REMEDIES:
            one, other = (judged(EITHER, INT, policy=Policy(m, remedy)) for m in (mode, plain))
            assert errors(one) == errors(other)


def test_callers_are_never_helped_by_a_step() -> None:
    found = judged({"enum": ["a", "b"]}, {"enum": ["a"]}, version="1.1.0", bridge=WITH_STEP)
    assert item(found, "E02").remedied
    assert (found.bump, errors(found)) == ("major", ["M04"])


def test_what_is_undecided_counts_as_a_break() -> None:
    older, newer = ({**TEXT, "pattern": pattern} for pattern in ("^zq[a-c]+$", "^zq[a-d]+$"))
    found = judged(older, newer)
    assert (found.bump, errors(found)) == ("major", ["M01"])
    assert "may break held values" in item(found, "M01").finding.message
    assert item(found, "N03").level == "warning"


def test_a_unit_that_changes_needs_a_step_that_converts_it() -> None:
    older = document(declared("a", INT, unit="s"))
    comparison = compare(older, document(declared("a", INT, unit="ms"), version="2.0.0"))
    without = judge(comparison, Policy(), today=TODAY)
    assert errors(without) == ["M01", "T07"]
    assert errors(judge(comparison, Policy(), today=TODAY, bridge=WITH_STEP)) == []


def test_a_step_that_does_not_fit_is_an_error_with_its_witness() -> None:
    fault = StepFault("a", "step 1.0.0 → 2.0.0: it gives text", 5)
    found = judged(EITHER, TEXT, bridge=Bridge(("x",), {}, {"a"}, (), (fault,)))
    assert errors(found) == ["M02"]
    assert item(found, "M02").finding.refused == 5


# ----------------------------------------------------------------------------------- overrides


def override(**fields: Any) -> Override:
    return Override(**{"key": "*", "reason": "agreed", "expires": date(2027, 1, 31), **fields})


def with_override(one: Override, version: str = "1.0.1") -> Judgement:
    policy = Policy(overrides=[one])
    return judged({"enum": ["a", "b"]}, {"enum": ["a"]}, version=version, policy=policy)


def test_an_override_lets_a_finding_pass_until_its_day() -> None:
    found = with_override(override(key="a*", rules=("E02",), versions=Range.parse("~1.0.1")))
    assert (found.bump, found.is_good, item(found, "E02").level) == ("patch", True, "note")
    assert item(found, "E02").override == override(
        key="a*", rules=("E02",), versions=Range.parse("~1.0.1")
    )


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(override(expires=TODAY), id="expired"),
        pytest.param(override(key="b*"), id="another key"),
        pytest.param(override(rules=("T02",)), id="another rule"),
        pytest.param(override(versions=Range.parse("^2 || <1")), id="another version"),
    ],
)
def test_an_override_that_expired_or_is_about_something_else_does_not_count(one: Override) -> None:
    found = with_override(one)
    assert (found.bump, errors(found)) == ("major", ["M01", "M04"])
    assert item(found, "E02").is_expired == (one.expires == TODAY)


def test_an_override_can_make_a_finding_an_error() -> None:
    found = with_override(override(level="error", rules=("E02",)), "2.0.0")
    assert errors(found) == ["E02"]
    assert found.bump == "major"


def test_no_longer_sensitive_is_an_error_until_it_is_approved() -> None:
    older = document(declared("a", TEXT, sensitive=True))
    comparison = compare(older, document(declared("a", TEXT), version="2.0.0"))
    assert errors(judge(comparison, Policy(), today=TODAY)) == ["P03"]
    approved = Policy(overrides=[override(key="a", rules=("P03",))])
    assert judge(comparison, approved, today=TODAY).is_good


@pytest.mark.parametrize(
    ("table", "said"),
    [
        pytest.param({"mode": "BACKWARDS"}, "did you mean 'BACKWARD", id="mode"),
        pytest.param({"remedy": "none"}, "there is no remedy 'none'", id="remedy"),
        pytest.param({"modes": "FULL"}, "did you mean 'mode'", id="setting"),
        pytest.param({"overrides": {}}, "a list of tables", id="overrides"),
        pytest.param({"overrides": [{"key": "a", "reason": "x"}]}, "expires", id="no day"),
        pytest.param(
            {"overrides": [{"key": "a", "expires": date(2027, 1, 1)}]}, "a reason", id="no reason"
        ),
        pytest.param(
            {"overrides": [{"key": "a", "reason": "x", "expires": "2027-01-01"}]},
            "a day",
            id="text",
        ),
        pytest.param(
            {"overrides": [{"key": "a", "reason": "x", "expires": TODAY, "rules": ["E99"]}]},
            "there is no rule 'E99'",
            id="rule",
        ),
        pytest.param(
            {"overrides": [{"key": "a", "reason": "x", "expires": TODAY, "level": "off"}]},
            "there is no level 'off'",
            id="level",
        ),
        pytest.param(
            {"overrides": [{"key": "a", "reason": "x", "expires": TODAY, "versions": "1 2 x y"}]},
            "an override's versions: the range of versions '1 2 x y' can't be read at 'y'",
            id="range",
        ),
        pytest.param(
            {"overrides": [{"glob": "a"}]}, "there is no setting of an override", id="field"
        ),
    ],
)
def test_a_policy_that_says_something_unknown_is_refused(
    table: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        Policy.from_table(table)
    assert said in caught.value.message


def test_a_policy_is_read_from_its_table() -> None:
    override_table = {"key": "a.*", "reason": "x", "expires": TODAY, "rules": ["E02"]}
    table = {"mode": "FULL", "remedy": "strict", "overrides": [override_table], "snapshots": "s"}
    assert Policy.from_table(table) == Policy(
        "FULL", "strict", [Override("a.*", "x", TODAY, ("E02",))]
    )


# ------------------------------------------------------------------------------------ versions


@pytest.mark.parametrize(
    ("last", "bump", "smallest"),
    [
        ("1.4.2", "patch", "1.4.3"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "major", "2.0.0"),
        ("0.4.2", "patch", "0.4.3"),
        ("0.4.2", "minor", "0.4.3"),
        ("0.4.2", "major", "0.5.0"),
        ("2.0.0-rc.1", "major", "2.0.0-rc.2"),
        ("2.0.0-beta", "patch", "2.0.0-beta.1"),
        ("1.4.1-rc.1", "major", "2.0.0"),
        ("1.4.1-rc.1", "patch", "1.4.1-rc.2"),
        ("1.4.2+linux", "minor", "1.5.0"),
    ],
)
def test_the_smallest_version_after_a_change(last: str, bump: str, smallest: str) -> None:
    assert smallest_version(last, bump) == smallest
    assert is_enough(last, smallest, bump)


@pytest.mark.parametrize(
    ("last", "version", "bump"),
    [
        ("1.4.2", "1.4.3", "patch"),
        ("1.4.2", "1.5.1", "minor"),
        ("1.4.2", "2.0.0-beta.1", "major"),
        ("1.4.2", "1.4.2", ""),
        ("1.4.2", "1.4.1", ""),
        ("0.4.2", "0.4.3", "minor"),
        ("0.4.2", "0.5.0", "major"),
        ("0.9.0", "1.0.0", "major"),
        ("2.0.0-rc.1", "2.0.0", "major"),
        ("1.4.1-rc.1", "1.4.1", "patch"),
    ],
)
def test_the_bump_that_was_taken(last: str, version: str, bump: str) -> None:
    assert bump_between(last, version) == bump


VERSIONS = st.builds(
    "{}.{}.{}{}".format,
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
    st.sampled_from(["", "-rc.1", "-beta"]),
)


@given(VERSIONS, st.sampled_from(["patch", "minor", "major"]))
def test_the_smallest_version_is_higher_and_enough(last: str, bump: str) -> None:
    smallest = smallest_version(last, bump)
    assert Version.parse(smallest) > Version.parse(last)
    assert is_enough(last, smallest, bump)


@given(VERSIONS, VERSIONS, st.sampled_from(["patch", "minor", "major"]))
def test_every_version_that_is_enough_is_not_below_the_smallest(
    last: str, version: str, bump: str
) -> None:
    if is_enough(last, version, bump):
        lowest = Version.parse(smallest_version(last, bump)).precedence
        core = Version.parse(version.partition("-")[0]).precedence
        assert core >= lowest or Version.parse(version).precedence > Version.parse(last).precedence


def test_a_declaration_that_kept_its_number_is_told_the_next_one() -> None:
    found = judged(TEXT, EITHER, version="1.0.0")
    assert (found.smallest, errors(found)) == ("1.1.0", ["M04"])
    assert "is still called 1.0.0; call it 1.1.0" in item(found, "M04").finding.message


def test_a_declaration_called_lower_than_the_last_is_refused() -> None:
    found = judged(TEXT, EITHER, version="0.9.0")
    assert "0.9.0 is lower than 1.0.0" in item(found, "M04").finding.message


# ------------------------------------------------------------------------------------- history


def history(*shapes: object | None) -> list[SchemaDocument]:
    """Give versions 1.0.0, 2.0.0 …; None where ``a`` is not there, else its shape."""
    return [
        document(
            declared("b", TEXT),
            *(() if one is None else (declared("a", one),)),
            version=f"{i + 1}.0.0",
        )
        for i, one in enumerate(shapes)
    ]


def test_a_key_that_comes_back_as_another_breaks_versions_before_the_last() -> None:
    documents = history(TEXT, None, INT)
    comparison = compare(*documents[1:])
    (finding,) = breaks_of_earlier(documents[:1], comparison)
    assert (finding.rule, finding.older) == ("T03", "1.0.0")
    assert finding.message.endswith("(of 1.0.0)")
    found = judge(comparison, Policy(), today=TODAY, earlier=[finding])
    assert errors(found) == ["M01"]


def test_what_an_earlier_release_broke_already_is_not_told_again() -> None:
    documents = history({"enum": ["x", "y"]}, {"enum": ["x"]}, {"enum": ["x", "z"]})
    comparison = compare(*documents[1:])
    assert breaks_of_earlier(documents[:1], comparison) == ()


def test_a_break_is_told_of_the_newest_version_that_it_breaks() -> None:
    documents = history(TEXT, TEXT, None, INT)
    comparison = compare(*documents[2:])
    assert [one.older for one in breaks_of_earlier(documents[:2], comparison)] == ["2.0.0"]


def test_a_name_that_any_earlier_version_reserved_may_not_come_back() -> None:
    old = document(declared("b", TEXT), reserved=["a"])
    last = document(declared("b", TEXT), version="2.0.0")
    newer = document(declared("b", TEXT), declared("a", TEXT), version="3.0.0")
    (finding,) = breaks_of_earlier([old], compare(last, newer))
    assert (finding.rule, finding.key) == ("K06", "a")


def test_a_history_says_which_version_had_a_key_that_is_back() -> None:
    *_, last = in_order(history(TEXT, None, None, TEXT))
    (finding,) = [one for one in last.findings if one.key == "a"]
    assert finding.message == "a: it is back; 1.0.0 had it too"
