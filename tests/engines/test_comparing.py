"""Comparing two states: what differs leads from the one to the other."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from prefcore.engines.comparing import differences, set_differences
from prefcore.model import PreferenceSet
from prefcore.values import UNSET, canonical_text

_State = dict[tuple[str, str], dict[str, object]]
_STATES = st.dictionaries(
    st.sampled_from([("project", "p"), ("system", ""), ("user", "alice"), ("user", "bob")]),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, 1.0, True, None, "1"]), min_size=1),
)


def _sets(state: Mapping[tuple[str, str], Mapping[str, object]], at: int) -> list[PreferenceSet]:
    return [
        PreferenceSet(
            *where,
            [(key, canonical_text(one), at, "api", "x") for key, one in sorted(held.items())],
        )
        for where, held in sorted(state.items())
    ]


@given(before=_STATES, after=_STATES)
def test_the_differences_lead_from_the_first_state_to_the_second(
    before: _State, after: _State
) -> None:
    found = list(differences(_sets(before, 1), _sets(after, 2)))
    state: _State = {where: dict(held) for where, held in before.items()}
    for one in found:
        held = state.setdefault((one.scope, one.owner), {})
        assert held.get(one.key, UNSET) is one.before or held[one.key] == one.before
        held.pop(one.key, None)
        if one.after is not UNSET:
            held[one.key] = one.after
    reached = {where: held for where, held in state.items() if held}
    assert _sets(reached, 2) == _sets(after, 2)
    assert [(one.scope, one.owner, one.key) for one in found] == sorted(
        {(one.scope, one.owner, one.key) for one in found}
    )
    assert (found == []) == (_sets(before, 0) == _sets(after, 0))


def test_a_set_that_is_not_there_holds_nothing() -> None:
    one = PreferenceSet("user", "bo", [("a", "1", 1, "api", "x")])
    assert list(set_differences(None, None)) == []
    assert [it.act for it in set_differences(None, one)] == ["add"]
    assert [it.act for it in set_differences(one, None)] == ["remove"]
    other = PreferenceSet("user", "al", [("a", "2", 1, "api", "x")])
    assert [(it.act, it.owner) for it in set_differences(one, other)] == [("change", "bo")]
