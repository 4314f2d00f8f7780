"""Converting: a document of one format becomes the same document, digest and all, in another.

The digest is the one that the document tells. So one that was edited by hand stays one in the other
format: importing it warns, and where it is a backup's, restoring it refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import BinaryIO, TypeVar

import attrs

from prefcore.canonical import Tally
from prefcore.detection import guarded
from prefcore.documents import Opened, compare_trailers, naming_file
from prefcore.errors import PluginError, PolicyRefused, UsageError
from prefcore.interfaces import Capability, FormatInfo
from prefcore.model import Document, PlainDocument, Trailer
from prefcore.values import Sealed, from_text

__all__ = ["Converted", "convert"]

_Flowing = TypeVar("_Flowing")


@attrs.frozen
class Converted:
    """What a conversion wrote; for a plain file, how many names, and no ``digest``."""

    sets: int
    entries: int
    records: int = 0
    digest: str = ""


def convert(
    opened: Opened,
    name: str,
    format: FormatInfo,
    out: BinaryIO,
    *,
    plain: bool,
    edited: Callable[[str], None],
) -> Converted:
    """Write an opened file again in a format, drawing its sets as they are read.

    A plain file becomes a plain file; so does a document of one set if ``plain``, which leaves its
    metadata behind. ``edited`` is told where a document's digest differs from its content. Raises
    what reading and writing raise, and PluginError where the format lacks what the file needs.
    """
    document = opened.document
    needed = Capability.PLAIN if plain or isinstance(document, PlainDocument) else None
    if isinstance(document, Document) and document.header.full_state and not plain:
        needed = Capability.FULL_STATE
    if needed is not None and needed not in format.capabilities:
        raise PluginError(
            f"{name} cannot become {format.id}: that format has no {_WORDS[needed]}",
            format=format.id,
        )
    if isinstance(document, PlainDocument):
        with guarded(format):
            format.factory().write_plain(document.values, out)
        return Converted(1, len(document.values))
    if plain:
        return _without_metadata(opened, document, name, format, out)
    tally = Tally(document.header)
    flowing = Document(
        document.header,
        tally.sets(_named(document.sets, opened.format, name)),
        tally.records(_named(document.records, opened.format, name)),
        lambda: _kept(_told(opened, document, name), tally.trailer()),
    )
    with guarded(format):
        format.factory().write(flowing, out)
    told, counted = _told(opened, document, name), tally.trailer()
    compare_trailers(told, counted, name, edited=edited)
    digest = _kept(told, counted).digest
    return Converted(counted.sets, counted.entries, counted.records, digest)


_WORDS = {Capability.PLAIN: "plain form", Capability.FULL_STATE: "form for a whole store"}


def _named(things: Iterable[_Flowing], format: FormatInfo, name: str) -> Iterator[_Flowing]:
    """Draw what a format reads; what it raises names the file, or the format whose fault it is."""
    with naming_file(name), guarded(format):
        yield from things


def _told(opened: Opened, document: Document, name: str) -> Trailer | None:
    with naming_file(name), guarded(opened.format):
        return document.trailer()


def _kept(told: Trailer | None, counted: Trailer) -> Trailer:
    """Give what stands at the end: what was counted, with the digest that was told."""
    return counted if told is None else attrs.evolve(counted, digest=told.digest)


def _without_metadata(
    opened: Opened, document: Document, name: str, format: FormatInfo, out: BinaryIO
) -> Converted:
    sets = list(islice(_named(document.sets, opened.format, name), 2))
    if len(sets) != 1:
        held = "several sets" if sets else "no set"
        raise UsageError(f"a plain file holds one set, and {name} holds {held}; export the one")
    values = {row[0]: from_text(row[1]) for row in sets[0].rows}
    for key, value in values.items():
        if isinstance(value, Sealed):
            raise PolicyRefused(f"{name}: {key} is sealed, and a plain file cannot hold it")
    with guarded(format):
        format.factory().write_plain(values, out)
    return Converted(1, len(values))
