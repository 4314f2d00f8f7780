"""Writing: documents one entry a line, and plain files one key a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from prefcore.canonical import entry_lines
from prefcore.layout import check_plain, header_data, trailer_data
from prefcore.model import Document
from prefcore.values import canonical_text, to_tagged

__all__ = ["write_document", "write_plain"]

# Characters of a line beyond which lists and objects of plain files stand on several.
_WIDE = 100
# Written at once: fewer calls than sets, and little beside one set.
_BATCH = 1 << 20


def write_document(document: Document, out: BinaryIO) -> None:
    """Write a document as its sets and records are drawn."""
    batch: list[str] = []
    size = 0
    for text in _texts(document):
        batch.append(text)
        size += len(text)
        if size >= _BATCH:
            out.write("".join(batch).encode())
            batch, size = [], 0
    out.write("".join(batch).encode())


def _texts(document: Document) -> Iterator[str]:
    yield f'{{"prefcore": {_dump(header_data(document.header))},\n"sets": ['
    before = "\n"
    for one in document.sets:
        scope, owner = canonical_text(str(one.scope)), canonical_text(one.owner)
        app = f'"app": {canonical_text(one.app)}, ' if one.app else ""
        yield f'{before}{{{app}"scope": {scope}, "owner": {owner}, "entries": {{\n'
        if one.rows:
            yield ",\n".join(entry_lines(one.rows)) + "\n"
        yield "}}"
        before = ",\n"
    yield '\n],\n"records": ['
    before = "\n"
    for record in document.records:
        data = canonical_text(record.data) if record.text is None else record.text
        yield f'{before}{{"kind": {canonical_text(record.kind)}, "data": {data}}}'
        before = ",\n"
    yield f'\n],\n"trailer": {_dump(trailer_data(document))}}}\n'


def _dump(data: object) -> str:
    return json.dumps(to_tagged(data), ensure_ascii=False)


def write_plain(values: Mapping[str, object], out: BinaryIO) -> None:
    """Write names and values as people do: sorted, one key a line; what is long, on several."""
    check_plain(values)
    lines = []
    for key in sorted(values):
        tagged = to_tagged(values[key], path=key)
        line = f"  {canonical_text(key)}: "
        text = json.dumps(tagged, ensure_ascii=False, sort_keys=True)
        if len(line) + len(text) > _WIDE and isinstance(tagged, (list, dict)):
            text = json.dumps(tagged, ensure_ascii=False, sort_keys=True, indent=2)
            text = text.replace("\n", "\n  ")  # in texts, line ends are escaped
        lines.append(line + text)
    body = ",\n".join(lines)
    out.write(f"{{\n{body}\n}}\n".encode() if lines else b"{}\n")
