"""What the tests of rotation do in their children: rotate, rewrap and encrypt anew for ever."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from prefcore.engines import reencrypting
from prefcore.keys import Keys
from prefcore.plugins import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape
from prefcore.values import from_text

__all__ = ["AT", "key_ids", "keys_of", "opened", "reencrypt_for_ever", "rewrap_for_ever"]

AT = datetime(2026, 11, 26, tzinfo=UTC)
SCHEMA = SchemaDocument(
    "acme", "1.0.0", [Preference("token", Shape(kinds=("string",)), sensitive=True)]
)


def keys_of(folder: Path) -> Keys:
    """Give the key ring of a folder."""
    return Keys(str(folder / "keys"), environ={})


def opened(folder: Path) -> Preferences:  # type: ignore[type-arg]  # no class
    """Give a facade over the store of a folder."""
    plugins = Plugins()
    store = plugins.stores.get("sqlite").open(f"sqlite:{folder / 'prefs.db'}", create=True)
    return Preferences(
        store, "acme", schema=SCHEMA, plugins=plugins, actor="t", keys=keys_of(folder)
    )


def key_ids(folder: Path) -> list[str]:
    """Give the key of each secret that the store holds."""
    with opened(folder) as prefs:
        return [
            from_text(row[1]).key_id  # type: ignore[attr-defined]  # all are sealed
            for one in prefs.sets()
            for row in one.rows
        ]


def _until_killed(mark: str) -> Iterator[None]:
    """Tell that it begins, and go on for ever: so long that nobody comes to kill us any more."""
    Path(mark).touch()
    end = time.monotonic() + 300
    while time.monotonic() < end:
        yield


def reencrypt_for_ever(folder: str, mark: str) -> None:
    """Rotate and encrypt anew, again and again, in small parts."""
    reencrypting._PART = 100
    with opened(Path(folder)) as prefs:
        for _ in _until_killed(mark):
            prefs.reencrypt()
            prefs.keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))


def rewrap_for_ever(folder: str, mark: str) -> None:
    """Rotate the ring and keep it under other root keys, again and again."""
    keys = keys_of(Path(folder)).folder
    for _ in _until_killed(mark):
        keys.rewrap(keys.new_root_file)
        keys.change(lambda ring: ring.rotated(AT, os.urandom))
