"""The TOML format: what prefcore calls to write and to read."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Mapping
from io import BytesIO
from typing import BinaryIO

from prefcore.errors import UsageError
from prefcore.interfaces import Limits
from prefcore.model import Document, PlainDocument
from prefcore_toml._reading import open_document
from prefcore_toml._writing import write_document, write_plain

__all__ = ["TomlFormat"]


class TomlFormat:
    """Documents and plain files as TOML (``prefcore.interfaces.Format``)."""

    def write(self, document: Document, out: BinaryIO) -> None:
        write_document(document, out)

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        write_plain(values, out)

    def read(self, source: BinaryIO, limits: Limits) -> Document | PlainDocument:
        return open_document(source, limits)

    def update(self, original: bytes, values: Mapping[str, object], out: BinaryIO) -> None:
        document = self.read(BytesIO(original), Limits())
        if not isinstance(document, PlainDocument):
            raise UsageError("a document with sets is not updated in place; export it anew")
        # Late: tomlkit takes as long to import as all else, and only this needs it.
        from prefcore_toml._updating import updated

        mark = "\ufeff" if original.startswith(BOM_UTF8) else ""
        text = original.decode("utf-8-sig")
        out.write((mark + updated(text, document.values, values)).encode())
