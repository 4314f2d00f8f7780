"""The formats JSON and JSONC: what prefcore calls to write and to read."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

from prefcore.errors import UsageError
from prefcore.interfaces import Limits
from prefcore.model import Document, PlainDocument
from prefcore_json._comments import MARK, without_additions
from prefcore_json._reading import open_document
from prefcore_json._updating import updated
from prefcore_json._window import Window
from prefcore_json._writing import write_document, write_plain

__all__ = ["JsonFormat", "JsoncFormat"]

_MARK = MARK.encode()


class JsonFormat:
    """Documents and plain files as JSON (``prefcore.interfaces.Format``)."""

    def write(self, document: Document, out: BinaryIO) -> None:
        write_document(document, out)

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        write_plain(values, out)

    def read(self, source: BinaryIO, limits: Limits) -> Document | PlainDocument:
        return open_document(Window(source, limits), limits)

    def update(self, original: bytes, values: Mapping[str, object], out: BinaryIO) -> None:
        _update(self, original, values, out)


class JsoncFormat:
    """The same with comments and trailing commas, wherever they stand."""

    def write(self, document: Document, out: BinaryIO) -> None:
        out.write(_MARK)
        write_document(document, out)

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        out.write(_MARK)
        write_plain(values, out)

    def read(self, source: BinaryIO, limits: Limits) -> Document | PlainDocument:
        window = Window(source, limits, without_additions)
        if window.starts(_MARK):
            window.skip(len(_MARK))
        return open_document(window, limits)

    def update(self, original: bytes, values: Mapping[str, object], out: BinaryIO) -> None:
        _update(self, original, values, out)


def _update(
    format: JsonFormat | JsoncFormat, original: bytes, values: Mapping[str, object], out: BinaryIO
) -> None:
    document = format.read(BytesIO(original), Limits())
    if not isinstance(document, PlainDocument):
        raise UsageError("a document with sets is not updated in place; export it anew")
    out.write(updated(original.decode(), document.values, values).encode())
