"""What ``prefcore doctor`` looks at of the key ring, and of what it encrypted; nobody is asked."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prefcore.cli.output import amount
from prefcore.cli.session import Session
from prefcore.cli.times import local_time
from prefcore.engines.auditing import keys_in_use
from prefcore.errors import NotFound
from prefcore.keys import RING

if TYPE_CHECKING:
    from pathlib import Path

    from prefcore.interfaces import Store
    from prefcore.security.ring_text import ClosedRing

__all__ = ["key_findings"]

#: State, message, and what to do.
_Told = tuple[str, str, str]


def key_findings(session: Session, store: Store | None) -> Iterator[_Told]:
    """Give what is found of the user's key ring, and of the secrets of a store."""
    used = Counter[str]()
    if store is not None:
        with store.snapshot() as view:
            used = keys_in_use(view)
    folder = session.keys.folder
    try:
        closed = folder.closed()
    except NotFound:
        if used:
            told = f"there is no key ring to open {_values(used.total())} with"
            yield "fail", told, "import the copy that was made of it: prefcore keys import FILE"
        else:
            yield "ok", "there is no key ring; secrets cannot be stored until keys init", ""
        return
    yield from _permissions(folder.path, folder.ring_path)
    yield from _opening(session, closed)
    yield from _states(closed, used)


def _permissions(folder: Path, ring: Path) -> Iterator[_Told]:
    if os.name != "posix":
        return
    for path, mode in ((folder, 0o700), (ring, 0o600)):
        found = stat.S_IMODE(path.stat().st_mode)
        if found & 0o077:
            grade = "fail" if found & 0o022 else "warn"
            what = "write" if found & 0o022 else "read"
            yield grade, f"others may {what} {path}", f"chmod {mode:o} {path}"


def _opening(session: Session, closed: ClosedRing) -> Iterator[_Told]:
    """Open the ring, unless somebody would have to be asked."""
    kept = closed.root.get("kind")
    asks = kept == "passphrase" and not any(
        session.environ.get(name) for name in (RING, f"{RING}_FD")
    )
    count = len(closed.clear["keys"])
    keys = amount(count, "key")
    if asks:
        told = f"{closed.name} is whole, with {keys}, under a passphrase that was not asked for"
        yield "ok", told, ""
    else:
        session.keys.folder.open()
        yield "ok", f"{closed.name} opens, with {keys}", ""
    copied: Any = closed.clear.get("copied_at")
    if copied is None:
        yield "warn", "there is no copy of the key ring", "make one: prefcore keys export FILE"
        return
    newest: Any = max(key["created_at"] for key in closed.clear["keys"])
    if newest > copied:
        told = f"the copy of {local_time(copied)} lacks the newest key"
        yield "warn", told, "make another: prefcore keys export FILE"


def _states(closed: ClosedRing, used: Counter[str]) -> Iterator[_Told]:
    states = {str(key["id"]): str(key["state"]) for key in closed.clear["keys"]}
    leaked = {id: count for id, count in used.items() if states.get(id) == "compromised"}
    missing = {id: count for id, count in used.items() if id not in states}
    if leaked:
        told = f"{_values(sum(leaked.values()))} under compromised keys ({_named(leaked)})"
        yield "fail", told, "prefcore keys reencrypt, then change those secrets"
    if missing:
        told = f"{_values(sum(missing.values()))} under keys not in the ring ({_named(missing)})"
        yield "warn", told, "import the ring they were made with: prefcore keys import FILE"
    if used and not leaked and not missing:
        yield "ok", f"{_values(used.total())} under keys of the ring, none of them compromised", ""


def _named(ids: dict[str, int]) -> str:
    shown = sorted(ids)[:3]
    return ", ".join(f"{id:.20}" for id in shown) + (", …" if len(ids) > 3 else "")


def _values(count: int) -> str:
    return amount(count, "encrypted value")
