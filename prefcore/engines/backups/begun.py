"""Begun backups: notes of documents without a manifest as yet, so that those of the dead are found.

A note stands in a folder of this user from before a document is put until its manifest is there,
or the document is not any more. Who makes the backup holds a lock on it (flock), which the kernel
gives up when that process dies: a note that can be locked is of one that died, or that could not
tidy up. No listing of a target tells that, where a document of the dead looks like one that is
being made just now.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from prefcore.engines.backups.ids import id_of, manifest_name
from prefcore.errors import PrefcoreError
from prefcore.interfaces import Target
from prefcore.whole_files import flush_folder, locked, make_private

__all__ = ["BegunBackups"]

#: Seconds until a note is taken for one of the dead where the file system has no locks.
OLD = 24 * 3600

_SUFFIX = ".begun.json"
_MOST_BYTES = 1 << 16
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class BegunBackups:
    """The notes of this user on one target, in a folder that is made when the first one is.

    Without a folder, or where it cannot be written, nothing is noted: a backup matters more than
    its note, and what is left of one that was cut off is told by every listing all the same.
    """

    def __init__(self, folder: Path | None, url: str, target: Target) -> None:
        self._folder = folder
        self._url = url
        self._target = target

    @contextmanager
    def noted(self, name: str) -> Iterator[None]:
        """Note a document while a backup is made of it; after an error, remove that document.

        Where it cannot be removed the note stays for a later ``sweep``.
        """
        note = self._write(name)
        is_settled = False
        try:
            yield
            is_settled = True
        except BaseException:
            with suppress(PrefcoreError):  # the error that is on its way tells more
                self._forget(name)
                is_settled = True
            raise
        finally:
            if note is not None:
                if is_settled:
                    with suppress(OSError):  # then the next sweep does
                        note[0].unlink()
                os.close(note[1])

    def sweep(self, now: float) -> list[str]:
        """Remove the documents that cut-off backups of this user left here; gives their ids.

        Never one that a living process is making, nor one that no note names. ``now`` is in
        seconds since the epoch. What the target raises is not raised: the notes stay.
        """
        removed = []
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder is not None else ():
            with suppress(OSError, PrefcoreError):  # it went meanwhile; or another time, then
                file = _taken(path, now)
                if file is None:
                    continue
                try:
                    url, name = _read(file)
                    if url == self._url and self._forget(name):
                        removed.append(path.name.removesuffix(_SUFFIX))
                    if url in (self._url, ""):
                        path.unlink()
                finally:
                    os.close(file)
        return removed

    def _forget(self, name: str) -> bool:
        """Remove a document unless its manifest makes it a backup; says whether there was one."""
        named = id_of(name)
        if named is None or named[1]:
            return False  # no document of a backup, so it is not ours to remove
        manifest = manifest_name(named[0])
        if any(one.name == manifest for one in self._target.list(manifest)):
            return False
        is_there = any(one.name == name for one in self._target.list(name))
        self._target.delete(name)
        return is_there

    def _write(self, name: str) -> tuple[Path, int] | None:
        """Write a note durably, and lock it; None where that cannot be."""
        named = id_of(name)
        if self._folder is None or named is None:
            return None
        path = self._folder / f"{named[0]}{_SUFFIX}"
        text = json.dumps({"target": self._url, "document": name}).encode() + b"\n"
        file = -1
        try:
            make_private(self._folder)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o600)
            # A sweep that comes before the lock removes it.
            if locked(file) is not False and os.fstat(file).st_nlink:
                rest = memoryview(text)
                while rest:
                    rest = rest[os.write(file, rest) :]
                os.fsync(file)
                flush_folder(self._folder)
                return path, file
        except OSError:
            if file >= 0:
                with suppress(OSError):
                    path.unlink()
        if file >= 0:
            os.close(file)
        return None


def _taken(path: Path, now: float) -> int | None:
    """Open and lock a note of the dead; None where it is one of the living, or no file of ours."""
    file = os.open(path, os.O_RDWR | _NO_LINK | getattr(os, "O_NONBLOCK", 0))
    found = os.fstat(file)
    is_free = locked(file)
    is_old = is_free is None and now - found.st_mtime > OLD
    if stat.S_ISREG(found.st_mode) and (is_free or is_old) and found.st_nlink:
        return file
    os.close(file)
    return None


def _read(file: int) -> tuple[str, str]:
    """Give URL and name of a note; both are empty where it was cut off, before anything was put."""
    try:
        data = json.loads(os.read(file, _MOST_BYTES))
        return str(data["target"]), str(data["document"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", ""
