"""Folders: entered one below the other by descriptor, never through a symbolic link.

A descriptor stays with its folder whatever happens to the path, so nothing that is swapped while
we work leads outside.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from prefcore.errors import ForeignFile, TargetUnreachable, UsageError
from prefcore_local._failures import GONE, told
from prefcore_local._names import folded

__all__ = [
    "chain",
    "entered",
    "flush",
    "flush_folder",
    "kind",
    "make_folders",
    "opened_root",
    "refuse_what_is_in_the_way",
]

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: macOS: asks the disk, not only the drive's cache, as fsync does elsewhere.
_FULL_SYNC = getattr(fcntl, "F_FULLFSYNC", None)


@contextmanager
def opened_root(path: str, *, make: bool = False) -> Iterator[int | None]:
    """Open a target's own folder; gives None where it is not there and is not to be made.

    Raises TargetUnreachable when even the folder above it is missing, and UsageError when it is a
    symbolic link or no folder at all.
    """
    with told(path):
        root = _opened_root(Path(path), make=make)
    try:
        yield root
    finally:
        if root is not None:
            os.close(root)


def _opened_root(path: Path, *, make: bool) -> int | None:
    try:
        return os.open(path, _FOLDER)
    except OSError as error:
        if error.errno not in GONE:
            raise
        _refuse_root(path)
    if not make:
        return None
    try:
        path.mkdir(0o700)
    except FileExistsError:
        pass  # another process made it just now
    else:
        above = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            flush_folder(above)
        finally:
            os.close(above)
    return os.open(path, _FOLDER)


def _refuse_root(path: Path) -> None:
    """Refuse what is no folder; go on where nothing is there, but the folder above is."""
    if path.is_symlink():
        raise UsageError(
            f"{path} is a symbolic link, which may be turned elsewhere; name the folder itself,"
            f" file://{path.resolve()}",
            path=str(path),
        )
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is no folder; name one", path=str(path))
    if not path.parent.is_dir():
        raise TargetUnreachable(
            f"{path} cannot be reached: there is no folder {path.parent}; is its disk mounted? If"
            " it is to be new, make that folder first",
            path=str(path),
        )


@contextmanager
def chain(root: int, segments: Sequence[str]) -> Iterator[list[int]]:
    """Open the folders that lead from the root to the last segment; gives them, the root first.

    Where one is missing or no folder, that is an OSError of ``GONE``.
    """
    with ExitStack() as opened:
        folders = [root]
        for segment in segments:
            folders.append(entered(folders[-1], segment))
            opened.callback(os.close, folders[-1])
        yield folders


def entered(folder: int, segment: str) -> int:
    """Open a folder by its name in another one; an OSError of ``GONE`` where it is none."""
    return os.open(segment, _FOLDER, dir_fd=folder)


def make_folders(root: int, segments: Sequence[str], where: str) -> None:
    """Make the folders (0700) that lead to an object ``where``, as far as they are missing.

    Refuses what is in the way, as ``refuse_what_is_in_the_way``.
    """
    for depth, segment in enumerate(segments):
        with chain(root, segments[:depth]) as folders:
            if not _is_folder(folders[-1], segment, where):
                with suppress(FileExistsError):  # another put made it just now
                    os.mkdir(segment, 0o700, dir_fd=folders[-1])


def refuse_what_is_in_the_way(root: int, segments: Sequence[str], where: str) -> None:
    """Raise ForeignFile or UsageError if an object of this name cannot be stored."""
    for depth, segment in enumerate(segments[:-1]):
        with chain(root, segments[:depth]) as folders:
            if not _is_folder(folders[-1], segment, where):
                return
    with chain(root, segments[:-1]) as folders:
        if _in_the_way(folders[-1], segments[-1], where) == "folder":
            raise UsageError(
                f"{where} is a folder of objects; it cannot be an object too", path=where
            )


def _is_folder(folder: int, segment: str, where: str) -> bool:
    found = _in_the_way(folder, segment, where)
    if found == "file":
        raise UsageError(
            f"{where} cannot be stored: '{segment}' is an object, and no folder", path=where
        )
    return found == "folder"


def _in_the_way(folder: int, segment: str, where: str) -> str:
    """Give what has this name: ``file``, ``folder``, or nothing.

    Raises ForeignFile for anything else, and UsageError for a name equal but for case.
    """
    # From the listing, because asking for the name finds the twin where case is ignored.
    names = os.listdir(folder)
    if segment not in names:
        own = folded(segment)
        for name in names:
            if folded(name) == own:
                raise UsageError(
                    f"{where} cannot be stored: '{name}' is there, and some file systems take it"
                    f" and '{segment}' for one name",
                    path=where,
                )
        return ""
    found = kind(folder, segment)
    if found in ("file", "folder", ""):
        return found
    raise ForeignFile(
        f"{where} cannot be stored: '{segment}' is a {found}, which prefcore did not make; move it"
        " away",
        path=where,
    )


def kind(folder: int, segment: str) -> str:
    """Give what has this name, a symbolic link being itself; empty where nothing is there."""
    try:
        mode = os.stat(segment, dir_fd=folder, follow_symlinks=False).st_mode
    except OSError as error:
        if error.errno not in GONE:
            raise
        return ""
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "symbolic link" if stat.S_ISLNK(mode) else "special file"


def flush(file: int) -> None:
    """Return when what was written to a file is on the disk."""
    if _FULL_SYNC is not None:
        try:
            fcntl.fcntl(file, _FULL_SYNC)
            return
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOTTY):
                raise
    os.fsync(file)


def flush_folder(folder: int) -> None:
    """Return when a folder's names are on the disk, where its file system can promise that."""
    try:
        flush(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some FUSE and network file systems
            raise
