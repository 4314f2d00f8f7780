"""A store with a history, and a folder for its backups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import prefcore_json
import prefcore_local

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.facade.backups import Backups
from prefcore.interfaces import Store
from prefcore.migration import Step
from prefcore.model import Draft, PreferenceSet, from_micros
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.values import canonical_text
from prefcore_testing.stores.whole_state import state_of
from tests.engines.world import APP, STEPS, start_at

__all__ = ["PLUGINS", "World", "world"]

PLUGINS = Plugins([prefcore_json, prefcore_local])


class World:
    """A SQLite store that went from 1.0.0 to 2.0.0, with sets of every scope and another app."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._opened: list[Store] = []
        self.target = folder / "target"
        self.url = f"file://{self.target}"
        self.store: Store = self.open("prefs.db")
        prefs = start_at(self.store, folder / "schemas", "1.0.0")
        for owner, tool in (("alice", "yapf"), ("bob", "ruff")):
            prefs.set_many("user", owner, {"tool": tool, "size": 7, "legacy.mode": True})
        prefs.set_many("system", "", {"font": "serif"})
        prefs.set_many("template", "team", {"font": "sans"})
        with self.store.changeset(_draft("other"), version=None) as change:
            change.write("project", "p", [("x.y", canonical_text(b"\0"), 5, "api", "carol")])
        self.prefs = self.preferences(self.store)
        self.prefs.apply(self.prefs.plan_migration("2.0.0"))
        self.prefs.set("font_size", 9, user="alice")

    def open(self, name: str) -> Store:
        """Open a store of the folder, making it; it is closed with this."""
        store = SqliteStore.open(f"sqlite:{self.folder / name}", create=True)
        self._opened.append(store)
        return store

    def close(self) -> None:
        """Close every store that was opened here."""
        for store in self._opened:
            store.close()

    def preferences(
        self, store: Store, *, targets: bool = False, steps: tuple[Step, ...] = STEPS
    ) -> Preferences[Any]:
        """Give a facade over a store, at whatever version it is."""
        return Preferences(
            store,
            APP,
            schemas=self.folder / "schemas",
            migrations=steps,
            actor="tester",
            plugins=PLUGINS,
            targets={"default": self.url} if targets else {},
        )

    def backups(self) -> Backups:
        """Give the backups in the target."""
        return Backups(self.url, plugins=PLUGINS, name="target")

    def files(self) -> dict[str, bytes]:
        """Give all files of the target's folder, hidden ones too."""
        return {path.name: path.read_bytes() for path in self.target.glob("*") if path.is_file()}


def _draft(app: str) -> Draft:
    return Draft(app, "carol", "set", from_micros(1_769_860_800_000_000))


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Make the world, and close its stores."""
    made = World(folder)
    try:
        yield made
    finally:
        made.close()


def state(store: Store) -> tuple[list[PreferenceSet], list[object]]:
    """Give all that a store holds."""
    sets, records = state_of(store)
    return sets, list(records)
