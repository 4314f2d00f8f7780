"""Writing: documents set by set, and plain files one key after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from prefcore.canonical import iso_time
from prefcore.layout import check_plain, header_data, trailer_data
from prefcore.model import Document, Record, Row
from prefcore.values import to_tagged
from prefcore_yaml._texts import block, key_text

__all__ = ["write_document", "write_plain"]

# Written at once: fewer calls than lines, and little beside one set.
_BATCH = 1 << 16


def write_document(document: Document, out: BinaryIO) -> None:
    """Write a document as its sets and records are drawn."""
    _write(_texts(document), out)


def write_plain(values: Mapping[str, object], out: BinaryIO) -> None:
    """Write names and values as people do: sorted, in block style."""
    check_plain(values)
    _write(_plain_texts(values), out)


def _plain_texts(values: Mapping[str, object]) -> Iterator[str]:
    for key in sorted(values):
        yield key_text(key)
        yield from block(to_tagged(values[key], path=key))
    if not values:
        yield "{}\n"


def _texts(document: Document) -> Iterator[str]:
    yield "prefcore:\n"
    yield from _fields(header_data(document.header), "  ")
    yield "sets:"
    before = "\n"
    for one in document.sets:
        head = {"scope": str(one.scope), "owner": one.owner}
        yield before + "- "
        yield from _fields({"app": one.app, **head} if one.app else head, "  ", begun=True)
        yield "  entries:\n" if one.rows else "  entries: {}\n"
        for row in one.rows:
            yield from _entry(row)
        before = ""
    yield " []\nrecords:" if before else "records:"
    before = "\n"
    for record in document.records:
        yield before + "- "
        yield from _record(record)
        before = ""
    yield " []\ntrailer:\n" if before else "trailer:\n"
    yield from _fields(trailer_data(document), "  ")


def _entry(row: Row) -> Iterator[str]:
    key, text, micros, source, actor = row
    yield "    " + key_text(key).replace("\n", "\n    ") + "\n      value:"
    # A canonical text is JSON, tagged forms and all.
    yield from block(json.loads(text), "      ")
    fields = {"updated_at": iso_time(micros), "source": source, "actor": actor}
    yield from _fields(fields, "      ")


def _record(record: Record) -> Iterator[str]:
    yield from _fields({"kind": record.kind}, "  ", begun=True)
    yield "  data:"
    data = to_tagged(record.data) if record.text is None else json.loads(record.text)
    yield from block(data, "  ")


def _fields(fields: Mapping[str, object], indent: str, *, begun: bool = False) -> Iterator[str]:
    """Give fields a line each, in their order; ``begun`` where the first stands on a line."""
    for name, data in fields.items():
        yield f"{name}:" if begun else f"{indent}{name}:"
        yield from block(to_tagged(data), indent)
        begun = False


def _write(texts: Iterator[str], out: BinaryIO) -> None:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text)
        if size >= _BATCH:
            out.write("".join(batch).encode())
            batch, size = [], 0
    out.write("".join(batch).encode())
