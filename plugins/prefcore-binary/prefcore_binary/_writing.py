"""Writing: a document as frames, as its sets and records are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from zlib import crc32

import msgspec

from prefcore.errors import InvalidValue, UsageError
from prefcore.model import Document, PreferenceSet, Row
from prefcore.values import canonical_text
from prefcore_binary._layout import (
    LAYOUT,
    MAGIC,
    MoreFrame,
    RecordFrame,
    SetFrame,
    header_frame,
    trailer_frame,
)

__all__ = ["write_document"]

# Written at once: fewer calls than frames, and little memory.
_BATCH = 1 << 16
# A longer set is split. Characters: in UTF-8 up to four times as many bytes, so 1 MiB a frame,
# which a reader holds at once.
_FRAME = 1 << 18
_ROWS = 4_096


def write_document(document: Document, out: BinaryIO) -> None:
    """Write a document; raises InvalidValue for a text that is not Unicode, UsageError."""
    batch = [MAGIC + bytes([LAYOUT])]
    size = 0
    checksum = crc32(batch[0])
    encode = msgspec.msgpack.Encoder().encode
    try:
        for frame in _frames(document):
            payload = encode(frame)
            framed = b"\xc6" + len(payload).to_bytes(4, "big") + payload
            checksum = crc32(framed, checksum)
            batch += framed, b"\xce" + checksum.to_bytes(4, "big")
            size += len(framed)
            if size >= _BATCH:
                out.write(b"".join(batch))
                batch, size = [], 0
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise InvalidValue(
            f"a name in the document holds a lone surrogate (U+{code:04X}), which is not valid "
            "Unicode; remove it"
        ) from error
    out.write(b"".join(batch))


def _frames(document: Document) -> Iterator[object]:
    yield header_frame(document.header)
    for one in document.sets:
        yield from _frames_of_set(one)
    for record in document.records:
        text = canonical_text(record.data) if record.text is None else record.text
        yield RecordFrame(record.kind, text)
    trailer = document.trailer()
    if trailer is None:
        raise UsageError("the document has no trailer; give it that of a prefcore.canonical.Tally")
    yield trailer_frame(trailer)


def _frames_of_set(one: PreferenceSet) -> Iterator[SetFrame | MoreFrame]:
    first, *more = _portions(one.rows)
    yield SetFrame(one.app, str(one.scope), one.owner, *_columns(first))
    for rows in more:
        yield MoreFrame(*_columns(rows))


def _portions(rows: tuple[Row, ...]) -> Iterator[tuple[Row, ...]]:
    """Give a set's rows in portions that fit into frames; at least one."""
    if len(rows) <= _ROWS and sum([len(row[0]) + len(row[1]) for row in rows]) <= _FRAME:
        yield rows
        return
    start = size = 0
    for at, (key, text, _, source, actor) in enumerate(rows):
        size += len(key) + len(text) + len(source) + len(actor)
        if at > start and (size > _FRAME or at - start >= _ROWS):
            yield rows[start:at]
            start, size = at, len(key) + len(text)
    yield rows[start:]


def _columns(rows: tuple[Row, ...]) -> tuple[Any, Any, Any, Any, Any]:
    """Give the five columns of rows, as frames hold them."""
    if not rows:
        return [], [], 0, "", ""
    keys, values, times, sources, actors = zip(*rows, strict=True)
    return list(keys), list(values), _shared(times), _shared(sources), _shared(actors)


def _shared(column: Sequence[object]) -> object:
    """Give the one value of a column where all are the same, else the column."""
    return column[0] if column.count(column[0]) == len(column) else list(column)
