"""Files of users: what their names tell, written whole or not at all, read twice, even a pipe."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from prefcore.cli.failures import from_os
from prefcore.cli.output import warn
from prefcore.compression import split_suffix
from prefcore.detection import SUFFIXES
from prefcore.errors import NotFound, NotPermitted, UsageError
from prefcore.whole_files import written_whole

if TYPE_CHECKING:
    from prefcore.interfaces import FormatInfo
    from prefcore.plugins.manager import Plugins

__all__ = [
    "MOST_FROM_A_PIPE",
    "compressed_as",
    "format_of",
    "readable",
    "replacing",
    "warn_of_suffix",
]

#: How much of a pipe is taken before it is given up, in bytes.
MOST_FROM_A_PIPE = 1 << 30
#: How much of it is held in memory, where nothing of it is written anywhere.
_MOST_IN_MEMORY = 32 << 20

#: Suffixes of compressors that prefcore does not speak.
_FOREIGN = (".zstd", ".bz2", ".xz", ".lz4", ".br", ".zip")


def compressed_as(name: str, asked: str | None) -> tuple[str, str]:
    """Give a file's name without the suffix of a compressor, and the compression to be written.

    Raises UsageError where what is ``asked`` for contradicts the name.
    """
    uncompressed, told = split_suffix(name)
    if asked is not None and told not in ("none", asked):
        raise UsageError(
            f"--compress {asked} contradicts the name {name}, which says {told}; "
            "give another name, or leave --compress out"
        )
    return uncompressed, asked or told


def format_of(file: str, plugins: Plugins) -> str:
    """Give the id of the format that a file's suffix tells; json where it tells none."""
    name = PurePath(file).name
    suffix = PurePath(file).suffix.lower()
    if file == "-" or not suffix:
        return "json"
    if suffix in _FOREIGN:
        raise UsageError(f"{file}: exports are compressed as .zst or .gz, not {suffix}")
    # Only names are compared where that settles it, so that a missing format is asked for by name.
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    for info in plugins.formats.all():
        if any(name.endswith(end) for end in info.suffixes):
            return info.id
    return "json"


def warn_of_suffix(file: str, chosen: FormatInfo) -> None:
    """Say it where a file's suffix is that of another of our formats than it is written in."""
    told = SUFFIXES.get(PurePath(file).suffix.lower())
    if told not in (None, chosen.id) and not file.lower().endswith(chosen.suffixes):
        warn(f"{file} is called as {told} is, and is written as {chosen.id}, as --format says")


@contextmanager
def replacing(name: str, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a file to be written; it takes its name only when the block ends well.

    Through a symbolic link, the file that it points to is replaced, and the link stays. What is
    there keeps its permissions; a new ``private`` file is the user's alone. Devices and pipes are
    written as they are. Raises NoSpace, NotPermitted, NotFound (of the folder), ReadOnly or
    UsageError (a folder).
    """
    target = Path(os.path.realpath(name))
    try:
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and stat.S_ISDIR(mode):
            raise UsageError(f"{name} is a folder; name a file in it", path=name)
        if mode is not None and not stat.S_ISREG(mode):
            with target.open("wb") as file:
                yield file
            return
        if mode is not None and not os.access(target, os.W_OK):
            raise NotPermitted(f"{name} cannot be written: permission denied", path=name)
        kept = None if mode is None else stat.S_IMODE(mode)
        with written_whole(target, mode=0o600 if private else 0o666, kept=kept) as file:
            yield file
    except BrokenPipeError:
        raise
    except OSError as error:
        raise from_os(error, name) or error from error


def _copy(source: BinaryIO, out: BinaryIO, name: str) -> None:
    """Copy a pipe to its end, which has to come: what pours for ever must not fill the disk."""
    room = MOST_FROM_A_PIPE
    while piece := source.read(1 << 20):
        room -= len(piece)
        if room < 0:
            raise UsageError(
                f"{name} gives more than {MOST_FROM_A_PIPE >> 20} MiB; save it as a file first",
                path=name,
            )
        out.write(piece)


@contextmanager
def _taken_in(source: BinaryIO, name: str) -> Iterator[Path]:
    """Give the path of a copy of a pipe, which nobody else can open."""
    head = source.read(_MOST_IN_MEMORY + 1)
    if len(head) <= _MOST_IN_MEMORY and hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("prefcore"), "wb") as out:
            out.write(head)
            out.flush()
            yield Path(f"/proc/self/fd/{out.fileno()}")
        return
    with TemporaryDirectory(prefix="prefcore-") as folder:
        copy = Path(folder, "input")
        with copy.open("wb") as out:
            out.write(head)
            _copy(source, out, name)
        yield copy


@contextmanager
def readable(name: str) -> Iterator[tuple[Path, str]]:
    """Give a path that can be read twice, and what to call it; ``-`` is the standard input.

    What is no plain file is first taken in, as it may hold secrets in clear: in memory, or where
    it is large or the system has no files in memory, in a private temporary file. Raises NotFound,
    NotPermitted, UsageError (a folder) or NoSpace.
    """
    try:
        if name != "-" and stat.S_ISDIR(os.stat(name).st_mode):  # noqa: PTH116  # as named
            raise UsageError(f"{name} is a folder; name a file in it", path=name)
        if name != "-" and stat.S_ISREG(os.stat(name).st_mode):  # noqa: PTH116  # as named
            Path(name).open("rb").close()
            yield Path(name), name
            return
        if name != "-" and not stat.S_ISFIFO(os.stat(name).st_mode):  # noqa: PTH116  # as named
            raise UsageError(f"{name} is a device or socket, not a file", path=name)
        with ExitStack() as stack:
            called = "standard input" if name == "-" else name
            if name == "-":
                source: BinaryIO = sys.stdin.buffer
            else:
                source = stack.enter_context(Path(name).open("rb"))
            yield stack.enter_context(_taken_in(source, called)), called
    except FileNotFoundError as error:
        raise NotFound(f"there is no file {name}", path=name) from error
    except OSError as error:
        called = "standard input" if name == "-" else name
        raise from_os(error, called) or error from error
