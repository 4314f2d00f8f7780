"""Opening a file as a document, and seeing whether it is what it says."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import attrs

from prefcore.canonical import Tally
from prefcore.compression import decompressed, method_of
from prefcore.detection import SUFFIXES, guarded, pick_format
from prefcore.errors import (
    AppMismatch,
    DamagedDocument,
    ForeignFile,
    IntegrityError,
    NotFound,
    NotPermitted,
    PrefcoreError,
    StalePlan,
    UsageError,
)
from prefcore.interfaces import FormatInfo, Limits
from prefcore.model import Document, Header, PlainDocument, PreferenceSet, Trailer

__all__ = [
    "Opened",
    "compare_trailers",
    "fingerprint",
    "naming_file",
    "opened_document",
    "plain_file",
    "unchanging",
    "values_of",
    "verified_sets",
]

# As much of a file as tells its format.
_HEAD = 4096


@attrs.frozen
class Opened:
    """An opened file: the format found, what it holds, and what it was compressed with."""

    format: FormatInfo
    document: Document | PlainDocument
    compression: str = "none"

    @property
    def header(self) -> Header | None:
        """The document's header; None for a plain file."""
        return self.document.header if isinstance(self.document, Document) else None


@contextmanager
def naming_file(name: str) -> Iterator[None]:
    """Put the file's name before what its format says of a line, byte or value in it."""
    try:
        yield
    except PrefcoreError as error:
        if name in error.message or "file" in error.facts:
            raise
        raise type(error)(f"{name}: {error.message}", **error.facts, file=name) from error


def plain_file(path: Path, name: str) -> BinaryIO:
    """Open a file for reading, to be closed by who asks.

    Raises NotFound, NotPermitted, and UsageError for a folder or a pipe.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            what = "a folder; name a file in it" if stat.S_ISDIR(mode) else "no plain file"
            raise UsageError(f"{name} is {what}", path=name)
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"there is no file {name}", path=name) from error
    except PermissionError as error:
        raise NotPermitted(f"{name} may not be read by this user", path=name) from error
    except (OSError, ValueError) as error:  # a name that is too long, holds NUL, links in a ring
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{name} cannot be opened: {reason}", path=name) from error


def fingerprint(source: BinaryIO) -> tuple[int, int, int, int]:
    """Give what tells an opened file from another, and from itself after a write."""
    found = os.fstat(source.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def unchanging(source: BinaryIO, name: str, seen: tuple[int, int, int, int]) -> Iterator[None]:
    """See that an opened file is the one whose ``fingerprint`` was seen, and stays so.

    Raises StalePlan where it is another, or was written to while it was read; what its format
    said of the damage that this did is only the cause.
    """
    error: PrefcoreError | None = None
    if fingerprint(source) == seen:
        try:
            yield
        except IntegrityError as damage:
            error = damage
        if fingerprint(source) == seen:
            if error is not None:
                raise error
            return
    raise StalePlan(
        f"{name} was replaced or written to while it was read; import it again when nobody "
        "writes to it",
        file=name,
    ) from error


def opened_document(
    source: BinaryIO,
    name: str,
    formats: Iterable[FormatInfo],
    *,
    format: str | None = None,
    limits: Limits,
) -> Opened:
    """Detect the format of a file, unless it is given, and open it; errors name the file.

    A file that zstd or gzip compressed is undone as it is read.
    """
    head = source.read(_HEAD)
    source.seek(0)
    method = method_of(head)
    if method != "none":
        source = peeked = decompressed(
            source,
            method,
            max_bytes=limits.max_bytes,
            max_ratio=limits.max_ratio,
            max_window_bytes=limits.max_window_bytes,
        )
        with naming_file(name):
            head = peeked.peek(_HEAD)[:_HEAD]
        if method_of(head) != "none":
            raise ForeignFile(f"{name} is compressed twice; undo one of them first", file=name)
    if format is None:
        chosen = pick_format(name, head, formats)
    else:
        chosen = next(one for one in formats if one.id == format)
    with naming_file(name), guarded(chosen):
        return Opened(chosen, chosen.factory().read(source, limits), method)


def values_of(path: Path, data: bytes, find: Callable[[str], FormatInfo]) -> Mapping[str, object]:
    """Give the values of a plain file in the format of its suffix, which ``find`` gives by its id.

    Raises what reading raises, naming the file; ForeignFile for a document with sets.
    """
    format = find(SUFFIXES.get(path.suffix, path.suffix.removeprefix(".")))
    with naming_file(str(path)), guarded(format):
        document = format.factory().read(BytesIO(data), Limits())
    if not isinstance(document, PlainDocument):
        raise ForeignFile(f"{path} is an export of preferences, not a file of values")
    return document.values


def verified_sets(
    opened: Opened, name: str, app: str, *, edited: Callable[[str], None]
) -> Iterator[PreferenceSet]:
    """Give a document's sets; at their end, compare counts and digest with its trailer.

    Another digest means that somebody edited it by hand: ``edited`` is told. Raises AppMismatch,
    and DamagedDocument when sets are out of order or the counts differ; errors name the file.
    """
    document = opened.document
    if isinstance(document, PlainDocument):
        raise UsageError(f"{name} is a plain file, not a document with sets")
    if document.header.apps:
        raise AppMismatch(
            f"{name} holds a whole store, as backups do; restore it with: prefcore backup restore",
            file=name,
        )
    if document.header.app != app:
        raise AppMismatch(
            f"{name} holds preferences of {document.header.app}, not of {app}", file=name
        )
    tally = Tally(document.header)
    last = ("", "")
    with naming_file(name), guarded(opened.format):
        for one in tally.sets(document.sets):
            if (one.scope, one.owner) <= last:
                raise DamagedDocument(f"the set {one.place} is out of order; export it anew")
            last = (one.scope, one.owner)
            yield one
        for _ in tally.records(document.records):
            pass  # their digest counts; what they hold is for a restore
        told = document.trailer()
    compare_trailers(told, tally.trailer(), name, edited=edited)


def compare_trailers(
    told: Trailer | None, counted: Trailer, name: str, *, edited: Callable[[str], None]
) -> None:
    """Compare what a document tells at its end, if anything, with what it was found to hold.

    Another digest means that somebody edited it by hand: ``edited`` is told. Raises DamagedDocument
    where the counts differ.
    """
    if told is None:
        return
    if attrs.evolve(told, digest="") != attrs.evolve(counted, digest=""):
        raise DamagedDocument(
            f"{name} tells of {told.sets} sets with {told.entries} entries and holds "
            f"{counted.sets} with {counted.entries}; export it anew",
            file=name,
        )
    if told.digest != counted.digest:
        edited(f"{name} was edited by hand since it was exported: its digest differs")
