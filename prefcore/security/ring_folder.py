"""The folder that holds a key ring and its root key, and changing them so that no kill harms.

``ring`` is the ring, ``root-….key`` its root key where that is a file. A file is written beside
its place, synced and renamed onto it; a ring that names a new root key replaces the old one only
after that key's file is safe, and the old key's file goes last. Changes exclude each other by a
lock on ``lock``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import attrs

from prefcore.errors import (
    IntegrityError,
    NewerFormat,
    PluginError,
    PolicyRefused,
    PrefcoreError,
    WrongKey,
)
from prefcore.security.ring import KeyRing
from prefcore.security.ring_text import ClosedRing, Root, ring_bytes
from prefcore.security.root_files import ROOT_FILES, file_bytes, new_root_file, root_file
from prefcore.security.roots import KdfParameters, RootKey, passphrase_root
from prefcore.whole_files import make_private, put_whole, unwritable

__all__ = ["Broken", "RingFolder", "Stamp"]

_RING = "ring"
_ASIDE = f"{_RING}.broken-"
#: What changes with every change of the ring's file.
Stamp = tuple[int, int, int]


@attrs.frozen
class Broken:
    """Why a ring cannot be opened any more, and what still shows of it, if anything does."""

    why: str
    closed: ClosedRing | None


class RingFolder:
    """A folder with a key ring in it, or with none yet.

    ``passphrase`` is asked where one is needed; ``provider`` opens a plugin's key provider by its
    id and settings.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        passphrase: Callable[[], str],
        provider: Callable[[str, Mapping[str, object]], Root],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.path = Path(path)
        self.random = random
        self._passphrase = passphrase
        self._provider = provider

    @property
    def ring_path(self) -> Path:
        """Where the ring stands."""
        return self.path / _RING

    def stamp(self) -> Stamp | None:
        """Give what tells one state of the ring's file from another; None where there is none."""
        try:
            found = self.ring_path.stat()
        except OSError:
            return None
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    # ------------------------------------------------------------------------------- reading

    def closed(self) -> ClosedRing:
        """Read the ring as everybody may; raises NotFound, NotPermitted or IntegrityError."""
        try:
            return ClosedRing.read(file_bytes(self.ring_path), str(self.ring_path))
        except IntegrityError as error:
            raise IntegrityError(
                f"{error.message}; take in the copy that `prefcore keys export` made: "
                "prefcore keys import FILE",
                **error.facts,
            ) from error

    def open(self) -> KeyRing:
        """Open the ring with its root key; raises WrongKey too where that is another or gone."""
        closed = self.closed()
        return closed.open(self.root_of(closed))

    def broken(self, *, is_lost: bool = False) -> Broken | None:
        """Say what keeps the ring from ever being opened again; None where it may be.

        That is damage, and a root key's file that is gone, damaged or another's. A passphrase or a
        plugin that does not open it today may do so tomorrow, unless somebody says that it
        ``is_lost``. Raises what opening raises where a passphrase is needed and nobody is asked.
        """
        try:
            closed = self.closed()
        except IntegrityError as error:
            return Broken(error.message, None)
        if closed.root.get("kind") != "file" and not is_lost:
            return None
        try:
            closed.open(self.root_of(closed))
        except (IntegrityError, WrongKey, PluginError) as error:
            if "unasked" in error.facts:
                raise
            return Broken(error.message, closed)
        return None

    def root_of(self, closed: ClosedRing) -> Root:
        """Give the root that a ring says it is wrapped by."""
        kind, root = closed.root.get("kind"), closed.root
        if kind == "file":
            return root_file(self.path / Path(str(root.get("file"))).name, self.random)
        if kind == "passphrase":
            parameters = KdfParameters.from_object(root)
            return passphrase_root(self._passphrase(), parameters, self.random)
        if kind == "provider":
            settings = root.get("settings")
            return self._provider(
                str(root.get("provider")), settings if isinstance(settings, dict) else {}
            )
        raise NewerFormat(
            f"{closed.name}: its root key is kept in a way that is not known here "
            f"({kind!s:.40}); upgrade prefcore",
            path=closed.name,
        )

    def stray_roots(self) -> list[Path]:
        """Give root key files that no ring here uses, those put aside included: kills leave such.

        Where one that was put aside cannot be read, any file may be its root key: none is given.
        """
        used = {str(self.closed().root.get("file"))}
        for path in self.put_aside():
            try:
                used.add(str(ClosedRing.read(file_bytes(path), str(path)).root.get("file")))
            except PrefcoreError:
                return []
        return sorted(path for path in self.path.glob(ROOT_FILES) if path.name not in used)

    def put_aside(self) -> list[Path]:
        """Give the rings that did not open any more, and were put aside for a copy."""
        return sorted(self.path.glob(f"{_ASIDE}*"))

    # ------------------------------------------------------------------------------- changing

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing the ring meanwhile."""
        try:
            make_private(self.path)
            # Who can open it can hold it, and keep the owner out.
            with open(self.path / "lock", "a", opener=_private) as lock:  # opener
                _lock(lock.fileno())
                yield
        except OSError as error:
            if isinstance(error, PrefcoreError):
                raise
            raise unwritable(self.path, error) from error

    def save(self, ring: KeyRing, root: Root, described: Mapping[str, object]) -> None:
        """Put a ring in place, whole or not at all, wrapped by the root that is described."""
        put_whole(self.ring_path, ring_bytes(ring, root, described, self.random))

    def change(self, function: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Replace the ring by what a function makes of it; gives the new one."""
        with self.locked():
            closed = self.closed()
            root = self.root_of(closed)
            changed = function(closed.open(root))
            self.save(changed, root, closed.root)
        return changed

    def new_root_file(self) -> tuple[RootKey, dict[str, object]]:
        """Make a root key in a file of its own; gives it, and what describes it."""
        return new_root_file(self.path, self.random)

    def new_passphrase_root(self, passphrase: str) -> tuple[RootKey, dict[str, object]]:
        """Make a root key of a passphrase with a new salt; gives it, and what describes it."""
        parameters = KdfParameters.fresh(self.random)
        root = passphrase_root(passphrase, parameters, self.random)
        return root, {"kind": "passphrase", **parameters.as_object()}

    def new_provider_root(
        self, id: str, settings: Mapping[str, object]
    ) -> tuple[Root, dict[str, object]]:
        """Open a plugin's key provider as root; gives it, and what describes it."""
        described: dict[str, object] = {"kind": "provider", "provider": id}
        return self._provider(id, settings), {**described, "settings": dict(settings)}

    def create(
        self,
        at: datetime,
        new_root: Callable[[], tuple[Root, dict[str, object]]],
        ring: KeyRing | None = None,
    ) -> KeyRing:
        """Make a new ring, or take in the one given, where there is none.

        Raises PolicyRefused where there is one.
        """
        with self.locked():
            if self.stamp() is not None:
                raise PolicyRefused(
                    f"there is a key ring at {self.path} already; what it sealed opens with it "
                    "alone, so it is not replaced",
                    path=str(self.path),
                )
            ring = ring or KeyRing.fresh(at, self.random)
            self.save(ring, *new_root())
        return ring

    def replace(
        self, ring: KeyRing, new_root: Callable[[], tuple[Root, dict[str, object]]]
    ) -> Path:
        """Take in a ring in the place of a broken one; gives where that is kept from now on.

        Killed in between it leaves no ring, and taking the copy in again goes on from there.
        """
        with self.locked():
            aside = self.path / f"{_ASIDE}{self.random(4).hex()}"
            self.ring_path.rename(aside)
            self.save(ring, *new_root())
        return aside

    def rewrap(self, new_root: Callable[[], tuple[Root, dict[str, object]]]) -> KeyRing:
        """Wrap the ring by another root; the old root key's file, if it was one, is removed."""
        with self.locked():
            closed = self.closed()
            ring = closed.open(self.root_of(closed))
            self.save(ring, *new_root())
            if closed.root.get("kind") == "file":
                (self.path / Path(str(closed.root.get("file"))).name).unlink(missing_ok=True)
        return ring


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _lock(descriptor: int) -> None:
    if os.name == "posix":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX)
