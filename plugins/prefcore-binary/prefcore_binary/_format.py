"""The binary format: what prefcore calls to write and to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from prefcore.errors import UsageError
from prefcore.interfaces import Limits
from prefcore.model import Document
from prefcore_binary._reading import open_document
from prefcore_binary._writing import write_document

__all__ = ["BinaryFormat"]


class BinaryFormat:
    """Documents as MessagePack in frames (``prefcore.interfaces.Format``)."""

    def write(self, document: Document, out: BinaryIO) -> None:
        write_document(document, out)

    def write_plain(self, values: Mapping[str, object], out: BinaryIO) -> None:
        raise UsageError(
            "the binary format has no plain form, for nobody writes it by hand; choose another"
        )

    def read(self, source: BinaryIO, limits: Limits) -> Document:
        return open_document(source, limits)
