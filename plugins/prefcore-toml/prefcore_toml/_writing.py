"""Writing: documents table by table, and plain files one key after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from prefcore.canonical import iso_time
from prefcore.layout import check_plain, header_data, trailer_data
from prefcore.model import Document, Record, Row
from prefcore.values import to_tagged
from prefcore_toml._texts import pairs, table_name

__all__ = ["NOTHING", "write_document", "write_plain"]

#: A plain file without values.
NOTHING = "# no preferences\n"

# Written at once: fewer calls than lines, and little beside one set.
_BATCH = 1 << 16


def write_document(document: Document, out: BinaryIO) -> None:
    """Write a document as its sets and records are drawn."""
    _write(_texts(document), out)


def write_plain(values: Mapping[str, object], out: BinaryIO) -> None:
    """Write names and values as people do: sorted, objects as tables."""
    check_plain(values)
    data = {key: to_tagged(values[key], path=key) for key in sorted(values)}
    if not data:
        out.write(NOTHING.encode())  # an empty file looks like one that was cut off
    _write(pairs(data, (), open=True), out)


def _texts(document: Document) -> Iterator[str]:
    yield "[prefcore]\n"
    yield from pairs(_without_nulls(header_data(document.header)), ("prefcore",))
    for one in document.sets:
        yield "\n[[sets]]\n"
        head = {"scope": str(one.scope), "owner": to_tagged(one.owner)}
        yield from pairs({"app": one.app, **head} if one.app else head, ("sets",))
        for row in one.rows:
            yield from _entry(row)
    for record in document.records:
        yield "\n[[records]]\n"
        yield from _record(record)
    yield "\n[trailer]\n"
    yield from pairs(trailer_data(document), ("trailer",))


def _entry(row: Row) -> Iterator[str]:
    key, text, micros, source, actor = row
    path = ("sets", "entries", key)
    data = {
        # A canonical text is JSON, tagged forms and all.
        "value": json.loads(text),
        "updated_at": {"$datetime": iso_time(micros)},
        "source": source,
        "actor": actor,
    }
    yield f"\n[{table_name(path)}]\n"
    yield from pairs(data, path)


def _record(record: Record) -> Iterator[str]:
    data = to_tagged(record.data) if record.text is None else json.loads(record.text)
    yield from pairs({"kind": record.kind, "data": data}, ("records",))


def _without_nulls(header: dict[str, object]) -> dict[str, object]:
    """Give the header as TOML has it: what is null is left out, and the time is a time."""
    found = {name: item for name, item in header.items() if item is not None}
    if "created_at" in found:
        found["created_at"] = {"$datetime": found["created_at"]}
    apps = header.get("apps", [])
    if isinstance(apps, list) and apps:
        found["apps"] = [
            {name: item for name, item in one.items() if item is not None} for one in apps
        ]
    return found


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
