"""The target ``file://``: a folder whose files are the objects, whole, verified and durable."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from prefcore.errors import IntegrityError, NotFound, TargetUnreachable
from prefcore.interfaces import StoredObject
from prefcore_local._failures import GONE, told
from prefcore_local._folders import (
    chain,
    flush_folder,
    kind,
    make_folders,
    opened_root,
    refuse_what_is_in_the_way,
)
from prefcore_local._names import path_of, segments_of
from prefcore_local._reading import objects, opened, stored
from prefcore_local._temporary import PIECE, Temporary, sweep

__all__ = ["LocalTarget"]

#: How often a put begins anew because a delete removed the emptied folder it was about to use.
_TRIES = 100


class LocalTarget:
    """Backups in one folder. Nothing is kept open between calls, so threads and forks may share it.

    Raises UsageError for a URL that names no folder.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.path = path_of(url)

    def put(self, name: str, source: BinaryIO) -> StoredObject:
        """Store an object whole or not at all; one that is there is replaced, at one moment.

        When this returns, the object was read back from the disk, and it survives power loss.
        Whatever ``source`` raises passes through.
        """
        segments = segments_of(name)
        where = f"{self.path}/{name}"
        with opened_root(self.path, make=True) as root:
            assert root is not None
            with told(where):
                sweep(root, time.time())
                refuse_what_is_in_the_way(root, segments, where)
                temporary = Temporary(root)
            try:
                while piece := source.read(PIECE):
                    with told(where):
                        temporary.write(piece)
                with told(where):
                    temporary.verify()
                    self._place(root, temporary, segments, where)
                    return stored(name, os.fstat(temporary.file))
            finally:
                temporary.discard()

    def get(self, name: str) -> BinaryIO:
        segments = segments_of(name)
        where = f"{self.path}/{name}"
        with opened_root(self.path) as root, told(where):
            if root is None:
                raise NotFound(f"there is no object {where}", path=where)
            return opened(root, segments, where)

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        with opened_root(self.path) as root:
            if root is not None:
                yield from objects(root, prefix, self.path)

    def delete(self, name: str) -> None:
        segments = segments_of(name)
        with opened_root(self.path) as root, told(f"{self.path}/{name}"):
            if root is None:
                return
            try:
                with chain(root, segments[:-1]) as folders:
                    if kind(folders[-1], segments[-1]) == "file":
                        os.unlink(segments[-1], dir_fd=folders[-1])
                        flush_folder(folders[-1])
                        _remove_emptied(folders, segments)
            except OSError as error:
                if error.errno not in GONE:
                    raise

    def close(self) -> None:
        """Do nothing: nothing is kept open."""

    def _place(
        self, root: int, temporary: Temporary, segments: tuple[str, ...], where: str
    ) -> None:
        """Give a verified temporary its name, and bring the name to the disk."""
        for _ in range(_TRIES):
            with suppress(FileNotFoundError):  # a folder that was there, or made, is not any more
                make_folders(root, segments[:-1], where)
                refuse_what_is_in_the_way(root, segments, where)
                with chain(root, segments[:-1]) as folders:
                    is_new = not kind(folders[-1], segments[-1])
                    os.replace(
                        temporary.name, segments[-1], src_dir_fd=root, dst_dir_fd=folders[-1]
                    )
                    try:
                        # Those that were there too: who made them may not have come so far.
                        for folder in reversed(folders):
                            flush_folder(folder)
                    except OSError:  # it may not survive, so it is not stored
                        _take_back(folders[-1], segments[-1], temporary.file, is_new=is_new)
                        raise
                    if not self._is_in_place(folders, segments):
                        _take_back(folders[-1], segments[-1], temporary.file, is_new=is_new)
                        raise IntegrityError(
                            f"{where} was not stored: another program moved or replaced its folder"
                            " meanwhile",
                            path=where,
                        )
                return
            if not os.fstat(temporary.file).st_nlink:
                raise IntegrityError(
                    f"{where} was not stored: another program removed {temporary.name} meanwhile",
                    path=where,
                )
        raise TargetUnreachable(
            f"{where} was not stored: its folder is removed again and again", path=where
        )

    def _is_in_place(self, folders: Sequence[int], segments: tuple[str, ...]) -> bool:
        """Say whether the path still leads to the last folder, and to an object there."""
        try:
            root = Path(self.path).lstat()
            if not os.path.samestat(root, os.fstat(folders[0])):
                return False
            with chain(folders[0], segments[:-1]) as now:
                if os.path.samestat(os.fstat(now[-1]), os.fstat(folders[-1])):
                    # Nothing at all: deleted by another process, after we were done.
                    return kind(now[-1], segments[-1]) in ("file", "")
        except OSError as error:
            if error.errno not in GONE:  # no answer is no reason to take anything back
                raise
        # A folder without links was removed, so it was empty: the object was deleted before.
        return not os.fstat(folders[-1]).st_nlink


def _take_back(folder: int, segment: str, file: int, *, is_new: bool) -> None:
    """Remove what we put into a folder that moved or does not hold, and any link in its place.

    An object that replaced another one stays: the folder would be left with neither.
    """
    with suppress(OSError):  # the error that follows tells it all the same
        found = os.stat(segment, dir_fd=folder, follow_symlinks=False)
        is_ours = os.path.samestat(found, os.fstat(file))
        if stat.S_ISLNK(found.st_mode) or (is_ours and is_new):
            os.unlink(segment, dir_fd=folder)


def _remove_emptied(folders: Sequence[int], segments: Sequence[str]) -> None:
    """Remove the folders that held nothing but what was deleted, never the root."""
    for above, segment in reversed(list(zip(folders, segments[:-1], strict=False))):
        try:
            os.rmdir(segment, dir_fd=above)
        except OSError:  # it holds more, or is to stay: an empty folder is no object
            return
        flush_folder(above)
