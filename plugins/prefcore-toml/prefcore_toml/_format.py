"""The TOML format: what prefcore calls to write and to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

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
