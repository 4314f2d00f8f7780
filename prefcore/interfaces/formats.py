"""What a format promises, and how much it takes from a stranger's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import BinaryIO, Protocol, runtime_checkable

import attrs

from prefcore.model import Document, PlainDocument

__all__ = ["Capability", "Format", "FormatInfo", "Likeness", "Limits", "UpdatingFormat"]


class Capability:
    """What a format can do, as it declares it; nothing is assumed beyond the declaration."""

    #: Writes and reads one set after the other, in memory that does not grow with their number.
    STREAMS = "streams"
    #: Carries a whole store: several applications, and records (history, schema versions, audit).
    FULL_STATE = "full-state"
    #: Reads and writes files without our header, such as people write.
    PLAIN = "plain"
    #: Changes a person's plain file where its values change, and leaves the rest as it stands.
    UPDATES = "updates"


class Likeness(IntEnum):
    """How sure a format is that the beginning of a file is in it."""

    #: It is not.
    NO = 0
    #: It may be, as other formats may say of the same text: most JSON is YAML, too.
    POSSIBLE = 1
    #: It has this format's own shape.
    LIKELY = 2
    #: It begins with this format's magic bytes, or with the header of a prefcore document.
    CERTAIN = 3


@attrs.frozen(kw_only=True)
class Limits:
    """How much a reader takes from a stranger's file before it refuses; never unlimited.

    ``max_bytes`` is after decompression, ``max_whole_bytes`` what may be held at once where a
    file cannot be streamed, ``max_line_bytes`` one line (so one entry) of a streamed file, or one
    text. ``max_values`` are those that may be held at once, keys too, where a short text makes
    many; ``max_alias_bytes`` is what the aliases of a YAML file may add to it. A compressed file
    may hold ``max_ratio`` times its size, and take a window of ``max_window_bytes`` (what RFC 8878
    asks of every decoder) to be undone.
    """

    max_bytes: int = 4 << 30
    max_ratio: int = 5_000
    max_window_bytes: int = 8 << 20
    max_whole_bytes: int = 64 << 20
    max_line_bytes: int = 16 << 20
    max_depth: int = 64
    max_key_length: int = 500
    max_keys_per_set: int = 1_000_000
    max_values: int = 500_000
    max_alias_bytes: int = 1 << 20


@runtime_checkable
class Format(Protocol):
    """Turns documents into bytes and back, losing nothing that is portable."""

    def write(self, document: Document, out: BinaryIO) -> None:
        """Write a document, drawing its sets, then its records, then calling its ``trailer()``."""

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        """Write one set's values by key without header or metadata, as people write files."""

    def read(self, source: BinaryIO, limits: Limits) -> Document | PlainDocument:
        """Read a document; the header at once, sets and records as they are drawn.

        A file without our header gives a PlainDocument. Raises DamagedDocument,
        TruncatedDocument, InvalidValue or NewerFormat, here or while being drawn, each naming the
        line or byte.
        """


@runtime_checkable
class UpdatingFormat(Format, Protocol):
    """A format that declares ``Capability.UPDATES``."""

    def update(self, original: bytes, values: Mapping[str, object], out: BinaryIO) -> None:
        """Write a plain file again so that it reads as ``values``, as nested as it reads now.

        What is not about a changed value stays to the byte: comments, order, layout. Raises what
        reading raises, and UsageError for a document with sets.
        """


@attrs.frozen(kw_only=True)
class FormatInfo:
    """A format as its plugin declares it.

    ``detect`` sees the first 4 KiB and says how sure it is that they are this format: a Likeness
    (True counts as POSSIBLE). ``suffixes`` are with their dot, the preferred one first.
    """

    id: str
    summary: str
    suffixes: tuple[str, ...]
    media_type: str
    capabilities: frozenset[str]
    detect: Callable[[bytes], int]
    factory: Callable[[], Format]
