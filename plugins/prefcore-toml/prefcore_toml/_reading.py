"""Reading: documents drawn table by table, and plain files parsed as a whole.

A document is read as a stream, an entry at a time. Where its header does not come first, the file
is parsed as a whole.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

from prefcore.errors import DamagedDocument, TruncatedDocument, UsageError
from prefcore.interfaces import Limits
from prefcore.layout import (
    Misfit,
    OrderGuard,
    Path,
    check_trailer,
    located,
    take_plain,
    take_set_head,
    take_trailer,
)
from prefcore.model import Document, Header, PlainDocument, PreferenceSet, Record, Row, Trailer
from prefcore.values import kind_of
from prefcore_toml._pieces import Piece
from prefcore_toml._statements import Statements
from prefcore_toml._tables import Tables
from prefcore_toml._types import taken_header, taken_record, taken_row, taken_set, with_nulls

__all__ = ["open_document"]

_Taken = TypeVar("_Taken")
_MEMBERS = ("prefcore", "sets", "records", "trailer")


def open_document(source: BinaryIO, limits: Limits) -> Document | PlainDocument:
    """Read a source up to its header, and give the document that draws the rest."""
    tables = Tables(Statements(source, limits))
    if tables.name == "prefcore" and not tables.is_array:
        piece = tables.take(lambda path: path[0] == "prefcore")
        data = piece.parsed()
        header = _located(piece, taken_header, data["prefcore"])
        return _Streamed(tables, limits).document(header)
    piece = tables.take_all()
    data = piece.parsed()
    if isinstance(data.get("prefcore"), dict):
        header = _located(piece, taken_header, data["prefcore"])
        return _Whole(piece, data, limits).document(header)
    return _plain(piece, data, limits)


def _plain(piece: Piece, data: dict[str, Any], limits: Limits) -> PlainDocument:
    if len(data) > (most := limits.max_keys_per_set):
        raise located(DamagedDocument, f"there are more than {most} keys", line=piece.line)
    return PlainDocument(
        {
            key: _located(piece, take_plain, key, with_nulls(item), limits)
            for key, item in data.items()
        }
    )


def _located(piece: Piece, take: Callable[..., _Taken], *data: object) -> _Taken:
    try:
        return take(*data)
    except Misfit as misfit:
        raise piece.misfit(misfit) from misfit


class _Reading:
    """A document being drawn: counts, and order."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counts = {"sets": 0, "entries": 0, "records": 0}
        self._drawn = ""
        self._told: Trailer | None = None

    def document(self, header: Header) -> Document:
        """Give the document of that header that draws from here."""
        self._order = OrderGuard(header)
        return Document(header, self._all_sets(), self._all_records(), self._trailer)

    @abstractmethod
    def _sets(self) -> Iterator[tuple[PreferenceSet, Piece]]:
        """Give the sets, each with what it was taken from."""

    @abstractmethod
    def _records(self) -> Iterator[tuple[object, Piece]]:
        """Give the data of the records, each with what it was taken from."""

    @abstractmethod
    def _end(self) -> tuple[object, Piece]:
        """Give the data of the trailer; raises where it is missing, or something follows it."""

    def _all_sets(self) -> Iterator[PreferenceSet]:
        for one, piece in self._sets():
            _located(piece, self._order.check, one, ("sets", self._counts["sets"]))
            self._counts["sets"] += 1
            self._counts["entries"] += len(one.rows)
            yield one
        self._drawn = "sets"

    def _all_records(self) -> Iterator[Record]:
        self._check_drawn("sets", "records")
        for data, piece in self._records():
            record = _located(piece, taken_record, data, ("records", self._counts["records"]))
            self._counts["records"] += 1
            yield record
        self._drawn = "records"

    def _trailer(self) -> Trailer:
        if self._told is None:
            self._check_drawn("records", "trailer")
            self._told = self._checked_trailer(*self._end())
        return self._told

    def _checked_trailer(self, data: object, piece: Piece) -> Trailer:
        trailer = _located(piece, take_trailer, data)
        try:
            check_trailer(trailer, ("trailer",), **self._counts)
        except Misfit as misfit:
            raise piece.misfit(misfit) from misfit
        return trailer

    def _check_drawn(self, before: str, wanted: str) -> None:
        if self._drawn != before:
            raise UsageError(f"draw all {before} of a document before its {wanted}")


class _Streamed(_Reading):
    """A document drawn table by table."""

    def __init__(self, tables: Tables, limits: Limits) -> None:
        super().__init__(limits)
        self._tables = tables

    def _sets(self) -> Iterator[tuple[PreferenceSet, Piece]]:
        while self._tables.name == "sets":
            if self._tables.path != ("sets",) or not self._tables.is_array:
                message = "a set begins with [[sets]], which is missing here"
                raise located(DamagedDocument, message, line=self._tables.line, path=("sets",))
            yield self._set()

    def _set(self) -> tuple[PreferenceSet, Piece]:
        path: Path = ("sets", self._counts["sets"])
        head = self._tables.take(lambda path: path[0] == "sets" and len(path) == 2)
        made = _Making(head, path, self._limits)
        made.add(head.parsed()["sets"][0], head)
        while len(entry := self._tables.path) > 1 and entry[0] == "sets":
            piece = self._tables.take(lambda path, entry=entry: path[:3] == entry[:3])  # type: ignore[misc]  # bound at once
            made.add(piece.parsed()["sets"], piece)
        return made.done(), head

    def _records(self) -> Iterator[tuple[object, Piece]]:
        tables = self._tables
        while tables.name == "records":
            piece = tables.take(
                lambda path: path[0] == "records" and (len(path) > 1 or not tables.is_array)
            )
            data = piece.parsed()["records"]
            if not isinstance(data, list):
                message = "a record begins with [[records]], which is missing here"
                raise located(DamagedDocument, message, line=piece.line, path=("records",))
            yield data[0], piece

    def _end(self) -> tuple[object, Piece]:
        self._check_table("trailer")
        piece = self._tables.take(lambda path: path[0] == "trailer")
        self._check_table("")
        return piece.parsed()["trailer"], piece

    def _check_table(self, wanted: str) -> None:
        """Raise unless the table of that name comes; the empty name stands for the end."""
        name, line = self._tables.name, self._tables.line
        if name == wanted:
            return
        if not name:
            message = f"the document has no {wanted}: it was cut off; get a whole copy"
            raise located(TruncatedDocument, message, line=line)
        message = f"layout 1 has no table '{name[:80]}'; remove it"
        if name in _MEMBERS:
            message = "it stands out of order: [prefcore], [[sets]], [[records]], [trailer]"
        raise located(DamagedDocument, message, line=line, path=(name,))


class _Making:
    """A set in the making, of the tables that tell of it."""

    def __init__(self, head: Piece, path: Path, limits: Limits) -> None:
        self._head = head
        self._path = path
        self._limits = limits
        self._fields: dict[str, object] = {"entries": {}}
        self._rows: dict[str, Row] = {}

    def add(self, data: dict[str, Any], piece: Piece) -> None:
        """Take in what a table tells."""
        for name, item in data.items():
            if name == "entries" and isinstance(item, dict):
                for key, entry in item.items():
                    self._add_entry(key, entry, piece)
            elif name == "entries" or name not in self._fields:
                self._fields[name] = item
            else:
                message = "it stands twice, or its tables are not together"
                raise piece.misfit(Misfit((*self._path, name), message))

    def _add_entry(self, key: str, entry: object, piece: Piece) -> None:
        path = (*self._path, "entries", key)
        if key in self._rows:
            message = f"the key '{key[:80]}' stands twice, or its tables are not together"
            raise piece.misfit(Misfit(path, message))
        if len(self._rows) >= (most := self._limits.max_keys_per_set):
            message = f"the set has more than {most} keys, which is the limit"
            raise piece.misfit(Misfit(path[:3], message))
        self._rows[key] = _located(piece, taken_row, key, entry, path, self._limits)

    def done(self) -> PreferenceSet:
        """Give the set."""
        head = _located(self._head, take_set_head, self._fields, self._path)
        return PreferenceSet(head.scope, head.owner, sorted(self._rows.values()), head.app)


class _Whole(_Reading):
    """A document that was parsed at once."""

    def __init__(self, piece: Piece, data: dict[str, Any], limits: Limits) -> None:
        super().__init__(limits)
        self._piece = piece
        self._data = data

    def _sets(self) -> Iterator[tuple[PreferenceSet, Piece]]:
        for name in self._data:
            if name not in _MEMBERS:
                message = f"layout 1 has no table '{name[:80]}'; remove it"
                raise self._piece.misfit(Misfit((name,), message))
        for i, data in enumerate(self._items("sets")):
            path = ("sets", i)
            yield _located(self._piece, taken_set, data, path, self._limits), self._piece

    def _records(self) -> Iterator[tuple[object, Piece]]:
        for data in self._items("records"):
            yield data, self._piece

    def _items(self, name: str) -> list[object]:
        items = self._data.get(name, [])
        if not isinstance(items, list):
            message = f"an array should stand here, not {kind_of(items)}"
            raise self._piece.misfit(Misfit((name,), message))
        return items

    def _end(self) -> tuple[object, Piece]:
        if "trailer" not in self._data:
            message = "the document has no trailer: it was cut off; get a whole copy"
            raise located(TruncatedDocument, message, line=self._piece.line)
        return self._data["trailer"], self._piece
