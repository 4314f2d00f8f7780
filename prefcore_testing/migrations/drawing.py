"""Drawing: sets to migrate, and edits made after the upgrade, from the schemas alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hypothesis import strategies as st

from prefcore.migration import Add, Step
from prefcore.schema import SchemaDocument
from prefcore.values import UNSET
from prefcore_testing.migrations.world import Place, Sets
from prefcore_testing.shapes import values_for

__all__ = ["edits_of", "keys_in_play", "keys_named", "place_of", "placed", "sets_of"]

#: How many keys with which a step has nothing to do are drawn beside those it touches.
_BYSTANDERS = 3


def place_of(schema: SchemaDocument, key: str) -> Place:
    """Give the set in which a key's values are drawn."""
    scopes = schema.preferences[key].scopes
    return next(
        (place for place in (("user", "alice"), ("project", "p")) if place[0] in scopes),
        ("system", ""),
    )


def placed(schema: SchemaDocument, values: Mapping[str, object]) -> Sets:
    """Give values by set; keys that the schema does not declare are left out."""
    sets: dict[Place, dict[str, object]] = {}
    for key, value in values.items():
        if key in schema.preferences:
            sets.setdefault(place_of(schema, key), {})[key] = value
    return sets


def keys_named(steps: Iterable[Step]) -> set[str]:
    """Give the keys that steps name."""
    operations = [operation for step in steps for operation in step.operations]
    return {key for one in operations for key in (*one.older_keys, *one.newer_keys)}


def keys_in_play(
    steps: Iterable[Step], older: SchemaDocument, newer: SchemaDocument
) -> tuple[list[str], list[str]]:
    """Give the keys of the older and of the newer schema that are drawn.

    They are those that the steps name, and a few that both declare alike.
    """
    named = keys_named(steps)
    added, _, changed = older.changed_keys(newer)
    alike = [
        key
        for key in older.preferences
        if key in newer.preferences and key not in named and key not in changed
    ]
    bystanders = alike[:_BYSTANDERS]
    before = [key for key in older.preferences if key in named]
    after = [key for key in newer.preferences if key in named]
    fresh = [key for key in added if key not in named][:_BYSTANDERS]
    return sorted({*before, *bystanders}), sorted({*after, *bystanders, *fresh})


def sets_of(schema: SchemaDocument, keys: Iterable[str]) -> st.SearchStrategy[Sets]:
    """Give sets that hold some of the keys, with values that the schema allows."""
    drawn = _drawable(schema, keys)
    return st.fixed_dictionaries({}, optional=drawn).map(lambda values: placed(schema, values))


def edits_of(
    schema: SchemaDocument, keys: Iterable[str], older: SchemaDocument, steps: Iterable[Step]
) -> st.SearchStrategy[Sets]:
    """Give edits of some of the keys: values that the schema allows, and removals.

    Keys that only an ``add`` of the steps gave are not removed: going up again gives them again.
    """
    added = {one.key for step in steps for one in step.operations if isinstance(one, Add)}
    drawn = {
        key: one if key in added or key not in older.preferences else one | st.just(UNSET)
        for key, one in _drawable(schema, keys).items()
    }
    return st.fixed_dictionaries({}, optional=drawn).map(lambda values: placed(schema, values))


def _drawable(schema: SchemaDocument, keys: Iterable[str]) -> dict[str, st.SearchStrategy[object]]:
    drawn = {key: values_for(schema, key) for key in keys}
    return {key: strategy for key, strategy in drawn.items() if not strategy.is_empty}
