"""Rotation under kills: children that rotate, rewrap and encrypt anew for ever, and what they left.

``failures`` kills them over 100,000 secrets, for ``make test-faults ARGS=rotation``; the tests do
so over fewer.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from random import Random

from prefcore.engines import reencrypting
from prefcore.keys import Keys
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape
from prefcore.schema.secret import Secret
from prefcore.values import from_text

__all__ = [
    "AT",
    "Act",
    "failures",
    "faults_of_kill",
    "faults_of_rotation",
    "key_ids",
    "keys_of",
    "kill",
    "opened",
    "owner",
    "prepare",
    "reencrypt_for_ever",
    "rewrap_for_ever",
]

AT = datetime(2026, 11, 26, tzinfo=UTC)
SCHEMA = SchemaDocument(
    "acme", "1.0.0", [Preference("token", Shape(kinds=("string",)), sensitive=True)]
)
#: Seconds that a process may take to begin before it counts as hung.
LONGEST = 120
#: A child's work in a folder, with so many values to a transaction; it touches a mark as it begins.
Act = Callable[[str, str, int], None]
_CONTEXT = get_context("spawn")
_SECRETS, _KILLS = 100_000, 20


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


def owner(number: int) -> str:
    """Give the name of an owner, by which they sort."""
    return f"user{number:06}"


def prepare(folder: Path, owners: int) -> None:
    """Make a key ring, and a store with a secret of each owner's, changed once."""
    keys = keys_of(folder).folder
    keys.create(AT, keys.new_root_file)
    for state in ("old", "new"):
        with opened(folder) as prefs:
            draft = prefs._workplace.draft("set", "")
            with prefs.store.changeset(draft, version=prefs.version) as begun:
                secrets = prefs._workplace.vault.sealing(begun, draft, lambda key: True)
                if prefs.version is None:
                    prefs._workplace.put_in_force(secrets, "1.0.0")
                for number in range(owners):
                    row = ("token", f'"{state} {number}"', 1, "api", "t")
                    secrets.write("user", owner(number), [row])


def key_ids(folder: Path) -> list[str]:
    """Give the key of each value, of now and of the past, in the order in which they are sealed."""
    query = "SELECT value FROM {} WHERE value IS NOT NULL ORDER BY {}"
    orders = {"entries": "owner_id, key_id", "changes": "rev, owner_id, key_id"}
    with closing(sqlite3.connect(folder / "prefs.db")) as database:
        return [
            from_text(text).key_id  # type: ignore[attr-defined]  # all are sealed
            for table, order in orders.items()
            for (text,) in database.execute(query.format(table, order))
        ]


# --------------------------------------------------------------------------------- the children


def _until_killed(mark: str) -> Iterator[None]:
    """Tell that it begins, and go on for ever: so long that nobody comes to kill us any more."""
    Path(mark).touch()
    end = time.monotonic() + 300
    while time.monotonic() < end:
        yield


def reencrypt_for_ever(folder: str, mark: str, part: int) -> None:
    """Encrypt anew and rotate, again and again."""
    reencrypting._PART = part
    with opened(Path(folder)) as prefs:
        for _ in _until_killed(mark):
            prefs.reencrypt()
            prefs.keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))


def rewrap_for_ever(folder: str, mark: str, part: int) -> None:
    """Rotate the ring and keep it under other root keys, again and again."""
    keys = keys_of(Path(folder)).folder
    for _ in _until_killed(mark):
        keys.rewrap(keys.new_root_file)
        keys.change(lambda ring: ring.rotated(AT, os.urandom))


def kill(act: Act, folder: Path, after: float, *, part: int = 0) -> None:
    """Kill an act's process so many seconds after it began; raises AssertionError if it ended."""
    mark = folder / "begun"
    mark.unlink(missing_ok=True)
    process = _CONTEXT.Process(target=act, args=(str(folder), str(mark), part))
    process.start()
    end = time.monotonic() + LONGEST
    while not mark.exists():
        assert process.is_alive()
        if time.monotonic() > end:
            process.kill()
        time.sleep(0.002)
    time.sleep(after)
    process.kill()
    process.join(LONGEST)
    assert process.exitcode == -signal.SIGKILL


# -------------------------------------------------------------------------------- what they left


def faults_of_kill(folder: Path, some: int, *, part: int) -> tuple[bool, list[str]]:
    """Say whether a kill hit between two transactions, and give what is wrong after it.

    ``some`` is the number of an owner whose secret is opened.
    """
    with opened(folder) as prefs:
        found = [str(one) for one in prefs.store.check()]
        if prefs.get("token", user=owner(some)) != Secret(f"new {some}"):
            found.append(f"the secret of {owner(some)} is another")
        ring = prefs.keys.ring
    assert ring is not None
    held = key_ids(folder)
    done = _done(held, [key.id for key in ring.keys])
    if done is None or (done % part and done != len(held)):
        found.append(f"{done} of {len(held)} values are under the newest key, in parts of {part}")
    return done != len(held), found


def _done(held: Sequence[str], keys: Sequence[str]) -> int | None:
    """Give how many of the first values are under the newest key there is a value under.

    All others are under the key before it, or this is None.
    """
    newest = max(held, key=keys.index)
    done = next((at for at, one in enumerate(held) if one != newest), len(held))
    others = set(held[done:])
    return None if others - {keys[keys.index(newest) - 1]} else done


def faults_of_rotation(folder: Path, owners: int) -> list[str]:
    """Rotate once more and encrypt anew to the end; give what is wrong then."""
    found = []
    with opened(folder) as prefs:
        prefs.keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))
        told = prefs.reencrypt()
        if (told.done, told.current, told.locked) != (2 * owners, 0, 0):
            found.append(f"it told {told}")
        ring = prefs.keys.ring
        assert ring is not None
        if set(key_ids(folder)) != {ring.active.id}:
            found.append("values are left under older keys")
        secrets = (prefs.get("token", user=owner(number)) for number in range(owners))
        if any(one != Secret(f"new {number}") for number, one in enumerate(secrets)):
            found.append("a secret is another")
        second = next(one.id for one in prefs.log() if one.kind == "set")
        prefs.apply(prefs.plan_undo(second))
        if prefs.get("token", user=owner(7)) != Secret("old 7"):
            found.append("undo led to another secret")
    return found


def failures() -> list[str]:
    """Kill a rotation of 100,000 secrets at many moments; give what is wrong, and tell of it."""
    random, found, inside = Random(6), [], 0
    owners, part = _SECRETS // 2, reencrypting._PART
    with tempfile.TemporaryDirectory(prefix="prefcore-rotation-") as name:
        folder = Path(name)
        prepare(folder, owners)
        for _ in range(_KILLS):
            kill(reencrypt_for_ever, folder, random.uniform(0, 8), part=part)
            is_inside, wrong = faults_of_kill(folder, random.randrange(owners), part=part)
            found += wrong
            inside += is_inside
        found += faults_of_rotation(folder, owners)
    print(
        f"rotation: {_KILLS} kills over {_SECRETS:,} secrets, {inside} between two of its "
        f"transactions, {len(found)} failed",
        flush=True,
    )
    return [f"rotation: {one}" for one in found]
