"""A store, two or more versions of a small schema, and steps between them, for the tests here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Store
from prefcore.migration import Rows, Step
from prefcore.model import Row
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape, Snapshots
from prefcore.values import canonical_text, from_text

APP = "acme"
TEXT = Shape(kinds=("string",))
INTEGER = Shape(kinds=("integer",))
NUMBER = Shape(kinds=("number",))
BOOLEAN = Shape(kinds=("boolean",))


def document(version: str, shapes: Mapping[str, Shape | Preference]) -> SchemaDocument:
    """Give a schema from shapes by key."""
    declared = {
        key: shape if isinstance(shape, Preference) else Preference(key, shape)
        for key, shape in shapes.items()
    }
    return SchemaDocument(APP, version, declared)


def started(
    store: Store,
    folder: Path,
    schemas: Mapping[str, Mapping[str, Shape | Preference]],
    steps: Iterable[Step],
    *,
    at: str | None = None,
) -> Preferences[Any]:
    """Give a facade over a fresh store that begins at the first version, or at another."""
    folder.mkdir(exist_ok=True)
    snapshots = Snapshots(folder, APP)
    for version, shapes in schemas.items():
        snapshots.write(document(version, shapes))

    def opened() -> Preferences[Any]:
        return Preferences(
            store, APP, schemas=folder, migrations=tuple(steps), plugins=Plugins(), actor="tester"
        )

    workplace: Workplace = opened()._workplace  # the only way to begin below the newest
    with store.changeset(workplace.draft("start", ""), version=None) as transaction:
        workplace.put_in_force(transaction, at or next(iter(schemas)))
    return opened()


def migrate(prefs: Preferences[Any], version: str, *, take_before: bool = False) -> None:
    """Migrate to a version."""
    prefs.apply(prefs.plan_migration(version, take_before=take_before))


def rows(prefs: Preferences[Any], owner: str = "alice") -> tuple[Row, ...]:
    """Give what a user's set holds, with all its metadata."""
    return prefs.read_set("user", owner).rows


def values(prefs: Preferences[Any], owner: str = "alice") -> dict[str, object]:
    """Give what a user's set holds, by key."""
    return {entry.key: entry.value for entry in prefs.read_set("user", owner).entries}


def in_flight(held: Mapping[str, object]) -> Rows:
    """Give a set that steps can work on."""
    made = [(key, canonical_text(value), 1, "api", "alice") for key, value in held.items()]
    return Rows(made, at=2, actor="tester")


def landed(flying: Rows) -> dict[str, object]:
    """Give the values that a set in flight holds."""
    return {key: from_text(text) for key, text, *_ in flying}
