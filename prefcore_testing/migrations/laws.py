"""The laws of the way up and down, checked through a real store on sets drawn from the schemas."""

from __future__ import annotations

import attrs
import pytest

from prefcore.errors import PrefcoreError
from prefcore.migration import check_step
from prefcore.values import UNSET, canonical_text
from prefcore_testing.migrations.base import Hop, MigrationChecks
from prefcore_testing.migrations.drawing import keys_named
from prefcore_testing.migrations.world import Place, Sets

__all__ = ["LawChecks"]

_ABOVE = "999999.0.0"


class LawChecks(MigrationChecks, kit=True):
    """Up, down, edits between, and how steps and sets stand beside one another."""

    def test_steps_fit_their_schemas(self) -> None:
        found = [
            f"{hop}: {misfit}"
            for hop in self.hops()
            for misfit in check_step(hop.steps[0], hop.older, hop.newer)
        ]
        assert found == [], "\n".join(found)

    def test_up_gives_what_the_newer_schema_allows(self) -> None:
        for hop in self.hops():
            self.for_sets(hop, _up_is_allowed)

    def test_down_restores_exactly_what_was_there(self) -> None:
        for hop in self.hops():
            self.for_sets(hop, _down_restores)

    def test_down_of_new_values_gives_what_the_older_schema_allows_or_says_so(self) -> None:
        for hop in self.hops():
            self.for_sets_and_edits(hop, _down_is_allowed)

    def test_edits_survive_the_way_down_or_are_reported(self) -> None:
        for hop in self.hops():
            self.for_sets_and_edits(hop, _edits_survive)

    def test_up_again_is_up_once(self) -> None:
        for hop in self.hops():
            self.for_sets(hop, _up_again_is_up_once)

    def test_a_rollback_to_the_middle_ends_where_going_up_there_did(self) -> None:
        for hop in self.hops():
            self.for_sets(hop, _middle_is_the_same)

    def test_sets_do_not_influence_one_another(self) -> None:
        for hop in self.hops():
            self.for_sets(hop, _sets_are_apart)

    def test_one_run_ends_as_step_by_step(self) -> None:
        self.for_sets(self.whole_way(), _run_is_its_steps)


def _up_is_allowed(hop: Hop, sets: Sets) -> None:
    world = hop.world()
    world.write(sets)
    try:
        world.migrate(hop.newer.version)
    except PrefcoreError as error:
        pytest.fail(f"who holds {_told(sets)} cannot upgrade: {error}")
    assert world.faults() == [], f"{hop}, with {_told(sets)}"


def _down_restores(hop: Hop, sets: Sets) -> None:
    world = hop.taken_up(sets)
    if world is None:
        return
    assert world.conflicts(hop.older.version) == (), f"{hop}, with {_told(sets)}"
    world.migrate(hop.older.version)
    fresh = hop.world()
    fresh.write(sets)
    assert world.rows() == fresh.rows(), f"{hop}, with {_told(sets)}"


def _down_is_allowed(hop: Hop, sets: Sets, edits: Sets) -> None:
    """Take values down of which the log knows no older ones: the steps alone decide."""
    world = hop.world(at_newer=True)
    world.write(edits)
    try:
        world.conflicts(hop.older.version)
        world.migrate(hop.older.version, take_before=True)
    except Exception as error:  # noqa: BLE001  # the very thing that is checked
        pytest.fail(f"{hop}: {_told(edits)} cannot be taken down: {error!r}")
    assert world.faults() == [], f"{hop}, with {_told(edits)}"


def _edits_survive(hop: Hop, sets: Sets, edits: Sets) -> None:
    world = hop.taken_up(sets)
    if world is None:
        return
    world.write(edits)
    edited = world.texts()
    about = f"{hop}, with {_told(sets)}, edited {_told(edits)}"
    conflicts = world.conflicts(hop.older.version)
    world.migrate(hop.older.version, take_before=True)
    assert world.faults() == [], about
    try:
        world.migrate(hop.newer.version)
    except PrefcoreError:
        return  # the check of what up gives tells of it
    reported = {(one.scope, one.owner) for one in conflicts}
    named = keys_named(hop.steps)  # one conflict may stand for several of these
    lost = [
        f"{scope}/{owner} {key}: {now} became {then} by going down and up"
        for (scope, owner), key, now, then in _differences(edited, world.texts())
        if ((scope, owner) not in reported or key not in named)
        # An `add` gives a value to a set that was empty when it first went up.
        and (now is not None or key in edits.get((scope, owner), {}))
    ]
    assert lost == [], about


def _up_again_is_up_once(hop: Hop, sets: Sets) -> None:
    world = hop.taken_up(sets)
    if world is None:
        return
    once, texts = world.rows(), world.texts()
    assert world.migrate(hop.newer.version) is None, f"{hop}: migrating again changed something"
    assert world.rows() == once, f"{hop}, with {_told(sets)}"
    world.migrate(hop.older.version)
    world.migrate(hop.newer.version)
    assert _differences(texts, world.texts()) == [], f"{hop}, with {_told(sets)}"


def _middle_is_the_same(hop: Hop, sets: Sets) -> None:
    """Go up beyond, where nothing changes, and down to the end of the hop: a replay of it."""
    above = attrs.evolve(hop.newer, version=_ABOVE)
    beyond = Hop(hop.steps, hop.older, above, {**hop.schemas, _ABOVE: above})
    world, short = beyond.taken_up(sets), hop.taken_up(sets)
    if world is not None and short is not None:
        world.migrate(hop.newer.version)
        assert _differences(short.texts(), world.texts()) == [], f"{hop}, with {_told(sets)}"


def _sets_are_apart(hop: Hop, sets: Sets) -> None:
    alone = hop.taken_up(sets)
    if alone is None:
        return
    crowd = hop.taken_up(_among_others(sets))
    assert crowd is not None, f"{hop}: only in company it fails, with {_told(sets)}"
    found = crowd.texts()
    for place, texts in alone.texts().items():
        for other in (place, *_others(place)):
            assert found.get(other, {}) == texts, f"{hop}, {other}, with {_told(sets)}"


def _run_is_its_steps(hop: Hop, sets: Sets) -> None:
    at_once, by_steps = hop.taken_up(sets), hop.world()
    by_steps.write(sets)
    before = by_steps.rows()
    failed: PrefcoreError | None = None
    try:
        for version in [version for version in hop.schemas if version != hop.older.version]:
            by_steps.migrate(version)
    except PrefcoreError as error:
        failed = error
    about = f"{hop}, with {_told(sets)}"
    if at_once is None:
        assert failed is not None, f"{about}: only in one run it fails"
        return
    assert failed is None, f"{about}: only step by step it fails"
    assert _differences(at_once.texts(), by_steps.texts()) == [], about
    for world in (at_once, by_steps):
        world.migrate(hop.older.version)
        assert world.rows() == before, about


def _others(place: Place) -> list[Place]:
    scope, owner = place
    return [(scope, "aaron"), (scope, "zoe")] if owner else []


def _among_others(sets: Sets) -> Sets:
    """Give each set three times, keys the other way round, before and behind itself."""
    crowd = dict(sets)
    for place, values in sets.items():
        for other in _others(place):
            crowd[other] = dict(reversed(list(values.items())))
    return crowd


def _differences(
    one: dict[Place, dict[str, str]], other: dict[Place, dict[str, str]]
) -> list[tuple[Place, str, str | None, str | None]]:
    """Give place, key and both texts (None: nothing) where two states differ."""
    return [
        (place, key, one.get(place, {}).get(key), other.get(place, {}).get(key))
        for place in sorted({*one, *other})
        for key in sorted({*one.get(place, {}), *other.get(place, {})})
        if one.get(place, {}).get(key) != other.get(place, {}).get(key)
    ]


def _told(sets: Sets) -> str:
    """Give sets as messages show them."""
    shown = [
        f"{key} taken out" if value is UNSET else f"{key} = {canonical_text(value)}"
        for values in sets.values()
        for key, value in values.items()
    ]
    return ", ".join(shown) or "nothing"
