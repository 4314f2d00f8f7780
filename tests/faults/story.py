"""A small application whose store the fault tests hurt: two schema versions and a step between.

1.0.0 → 2.0.0 renames one key, converts another, removes a third and adds a fourth.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import prefcore_json
import prefcore_local

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.interfaces import Snapshot
from prefcore.migration import Step, add, map_values, remove, rename
from prefcore.model import Change, Draft, Rename
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape, Snapshots
from prefcore.values import canonical_text
from prefcore_testing.stores.readout import audit_faults

APP = "acme"
#: In the stores that are imported into and migrated.
OWNERS = 15
OLD, NEW = "1.0.0", "2.0.0"
#: A value that stands only in what a pruning forgets.
FORGOTTEN = "canary-4711-forgotten"
TOOLS = ("ruff", "black", "yapf")

_TEXT = Shape(kinds=("string",))
_NUMBER = Shape(kinds=("integer",))
_FLAG = Shape(kinds=("boolean",))
_SECRET = Preference("token", _TEXT, sensitive=True)
_OLD = {
    "token": _SECRET,
    "size": Preference("size", _NUMBER, default=12),
    "tool": Preference("tool", _TEXT, default="ruff"),
    "legacy.mode": Preference("legacy.mode", _FLAG),
    **{f"key{i}": Preference(f"key{i}", _TEXT) for i in range(8)},
}
_NEW = {
    "token": _SECRET,
    **{key: one for key, one in _OLD.items() if key.startswith(("key", "tool"))},
    "font_size": Preference("font_size", _NUMBER, default=12),
    "wrap": Preference("wrap", _FLAG, default=False),
}
STEPS = (
    Step(
        OLD,
        NEW,
        rename("size", "font_size"),
        map_values("tool", {"yapf": "black"}),
        remove("legacy.mode"),
        add("wrap", True),
    ),
)

#: Every set of a state, as canonical text by key.
Values = Mapping[tuple[str, str], Mapping[str, str]]


#: The file that an export goes to, and what stands there before.
EXPORTED, BEFORE_EXPORT = "out.json", "what stood there before\n"


def opened(folder: Path) -> Preferences[Any]:
    """Open the store of a folder, at whatever version it is."""
    store = SqliteStore.open(f"sqlite:{folder}/prefs.db", create=True)
    return Preferences(
        store,
        APP,
        schemas=folder / "schemas",
        migrations=STEPS,
        actor="tester",
        plugins=Plugins([prefcore_json, prefcore_local]),
        environ={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
    )


def target(folder: Path) -> str:
    """Give the URL of the backup target of a folder."""
    return f"file://{folder}/backups"


def prepare(folder: Path, *, owners: int) -> None:
    """Make a folder with snapshots and a store at the old version, each owner with 11 values."""
    snapshots = Snapshots(folder / "schemas", APP)
    first = SchemaDocument(APP, OLD, _OLD)
    snapshots.write(first)
    store = SqliteStore.open(f"sqlite:{folder}/prefs.db", create=True)
    with store.changeset(Draft(APP, "tester", "init", datetime.now(UTC)), version=None) as change:
        change.register(OLD, first.text, declarations=first.declarations())
        change.apply_version(OLD)
    with store.changeset(Draft(APP, "tester", "set", datetime.now(UTC)), version=OLD) as change:
        for i in range(owners):
            values = values_of(i, "as prepared")
            rows = [(key, canonical_text(values[key]), 1, "manual", "tester") for key in values]
            change.write("user", f"user{i:04}", sorted(rows))
    store.close()
    snapshots.write(SchemaDocument(APP, NEW, _NEW))


def values_of(number: int, text: str) -> dict[str, object]:
    """Give the values of one owner at the old version."""
    return {
        "size": number,
        "tool": TOOLS[number % len(TOOLS)],
        "legacy.mode": number % 2 == 0,
        **{f"key{i}": f"{text} {number}.{i}" for i in range(8)},
    }


class State:
    """All that a store shows, read once: values, metadata, version, log."""

    def __init__(self, folder: Path) -> None:
        store = SqliteStore.open(f"sqlite:{folder}/prefs.db")
        try:
            self.problems = [str(problem) for problem in store.check()]
            with store.snapshot() as view:
                self.version = view.state(APP).version
                self.sets = list(view.sets(APP))
                self.log = list(view.changesets())[::-1]
                self.problems += audit_faults(view)
                self.replayed = _replayed(view)
        finally:
            store.close()

    @property
    def values(self) -> Values:
        """The canonical texts, without times and actors."""
        return {
            (str(one.scope), one.owner): {row[0]: row[1] for row in one.rows} for one in self.sets
        }

    def is_whole(self) -> bool:
        """Whether nothing is damaged, and entries, history and audit tell the same."""
        return self.problems == [] and self.replayed == self.values

    def is_exactly(self, other: State) -> bool:
        """Whether the other state is this one, to the last time stamp."""
        return (self.version, self.sets, self.log) == (other.version, other.sets, other.log)

    def follows(self, other: State, changesets: int) -> bool:
        """Whether the log is the other's and so many changesets more."""
        return self.log[: len(other.log)] == other.log and (
            len(self.log) == len(other.log) + changesets
        )


def forget(folder: Path) -> None:
    """Give a store something to forget: a value (``FORGOTTEN``) that others took the place of."""
    with opened(folder) as prefs:
        for value in (FORGOTTEN, "since then", "now"):
            prefs.set("key0", value, user="user0000")


def holds_forgotten(folder: Path) -> list[str]:
    """Give the files of a store in which the value still stands, be it in a free page."""
    files = (path for path in folder.glob("prefs.db*") if path.is_file())
    return sorted(path.name for path in files if FORGOTTEN.encode() in path.read_bytes())


def _replayed(view: Snapshot) -> Values:
    """Give the values that the history leads to, change by change, from nothing.

    Where it was pruned, from what was held then.
    """
    sets: dict[tuple[str, str], dict[str, str]] = {}
    through = view.pruned(APP)
    if through:
        for one in view.sets(APP, at=through):
            sets[str(one.scope), one.owner] = {row[0]: row[1] for row in one.rows}
    for changeset in reversed(list(view.changesets())):
        if changeset.revision <= through:
            continue
        for change in view.changes(changeset.revision):
            if isinstance(change, Rename):
                for held in sets.values():
                    if change.before in held:
                        held[change.after] = held.pop(change.before)
            else:
                _replay(sets.setdefault((change.scope, change.owner), {}), change)
    return {owner: held for owner, held in sets.items() if held}


def _replay(held: dict[str, str], change: Change) -> None:
    if change.before is not None:
        assert held.pop(change.before.key) == canonical_text(change.before.value)
    if change.after is not None:
        held[change.after.key] = canonical_text(change.after.value)


def write_import(folder: Path) -> None:
    """Write ``import.json``: an export of a store that holds other values for every owner."""
    source = folder / "source"
    source.mkdir()
    prepare(source, owners=0)
    prefs = opened(source)
    for i in range(OWNERS):
        prefs.set_many("user", f"user{i:04}", values_of(i + 1, "as imported"))
    with (folder / "import.json").open("wb") as out:
        prefs.export(out, format="json")
    prefs.close()
    shutil.rmtree(source)
