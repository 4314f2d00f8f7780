"""A small application with five versions, for the tests of the engines.

1.0.0 → 1.1.0 adds a key; 1.2.0 renames one; 1.3.0 refuses a value; 2.0.0 removes a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Store
from prefcore.migration import Step, map_values, remove, rename
from prefcore.model import Row
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape, Snapshots

APP = "acme"
TEXT = Shape(kinds=("string",))
NUMBER = Shape(kinds=("integer",), minimum=0, maximum=100)
TOOLS = ("ruff", "black", "yapf")


def _tool(*names: str) -> Shape:
    return Shape(kinds=("string",), enum=names)


def documents() -> dict[str, SchemaDocument]:
    """Give the five schemas by version."""
    first = {
        "font": Preference("font", TEXT, default="mono"),
        "size": Preference("size", NUMBER, default=12),
        "tool": Preference("tool", _tool(*TOOLS), default="ruff"),
        "legacy.mode": Preference("legacy.mode", Shape(kinds=("boolean",))),
    }
    second = {**first, "wrap": Preference("wrap", Shape(kinds=("boolean",)), default=False)}
    third = {key: one for key, one in second.items() if key != "size"}
    third["font_size"] = Preference("font_size", NUMBER, default=12)
    fourth = {**third, "tool": Preference("tool", _tool("ruff", "black", "dprint"))}
    fifth = {key: one for key, one in fourth.items() if key != "legacy.mode"}
    return {
        version: SchemaDocument(APP, version, preferences)
        for version, preferences in (
            ("1.0.0", first),
            ("1.1.0", second),
            ("1.2.0", third),
            ("1.3.0", fourth),
            ("2.0.0", fifth),
        )
    }


STEPS = (
    Step("1.1.0", "1.2.0", rename("size", "font_size")),
    Step("1.2.0", "1.3.0", map_values("tool", {"yapf": "black"})),
    Step("1.3.0", "2.0.0", remove("legacy.mode")),
)


def snapshots(folder: Path) -> Snapshots:
    """Write the five schemas into a folder as snapshots."""
    folder.mkdir(exist_ok=True)
    found = Snapshots(folder, APP)
    for document in documents().values():
        found.write(document)
    return found


def preferences(store: Store, folder: Path, *, steps: Iterable[Step] = STEPS) -> Preferences:  # type: ignore[type-arg]  # no class
    """Give a facade over the store, its snapshots written into ``folder``."""
    snapshots(folder)
    return Preferences(
        store, APP, schemas=folder, migrations=tuple(steps), plugins=Plugins(), actor="tester"
    )


def start_at(store: Store, folder: Path, version: str, **options: object) -> Preferences:  # type: ignore[type-arg]  # no class
    """Give a facade over a fresh store that begins at a version."""
    prefs = preferences(store, folder, **options)  # type: ignore[arg-type]  # steps alone
    workplace: Workplace = prefs._workplace  # the only way to begin below the newest
    with store.changeset(workplace.draft("start", ""), version=None) as transaction:
        workplace.put_in_force(transaction, version)
    return preferences(store, folder, **options)  # type: ignore[arg-type]  # steps alone


def rows(prefs: Preferences, owner: str = "alice") -> tuple[Row, ...]:  # type: ignore[type-arg]  # no class
    """Give what a user's set holds, with all its metadata."""
    return prefs.read_set("user", owner).rows


def values(prefs: Preferences, owner: str = "alice") -> dict[str, object]:  # type: ignore[type-arg]  # no class
    """Give what a user's set holds, by key."""
    return {entry.key: entry.value for entry in prefs.read_set("user", owner).entries}
