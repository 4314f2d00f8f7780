"""Reading: a document drawn from a source, line by line where it is laid out as we write it.

Where it is not (somebody edited or reformatted it), one set, or all from there on, is decoded
strictly instead; what was given before is neither lost nor repeated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from prefcore.errors import DamagedDocument, PrefcoreError, UsageError
from prefcore.interfaces import Limits
from prefcore.layout import (
    Misfit,
    OrderGuard,
    Path,
    check_trailer,
    take_fields,
    take_header,
    take_record,
    take_set,
    take_trailer,
)
from prefcore.model import (
    Document,
    Header,
    PlainDocument,
    PreferenceSet,
    Record,
    Trailer,
)
from prefcore_json._lines import SetLines
from prefcore_json._piece import Piece
from prefcore_json._texts import record_data
from prefcore_json._whole import Remainder, decode_whole, take_plain
from prefcore_json._window import Window

__all__ = ["open_document"]

_Taken = TypeVar("_Taken")

_FREE = r'[^"\\\x00-\x1f]'  # what stands in a text unescaped
_RECORD = re.compile(rf'\{{"kind": "({_FREE}*+)", "data": (\{{.*\}})\}}')

_TO_SETS = b',\n"sets": [\n'
_TO_RECORDS = b'],\n"records": [\n'
_TO_TRAILER = b'],\n"trailer": {'
# How deep a set nests around a value, and a tagged form inside it.
_AROUND_VALUES = 4
# A set is held at once: that much text for each key it may have.
_SET_BYTES_PER_KEY = 256


def open_document(window: Window, limits: Limits) -> Document | PlainDocument:
    """Read a source's header, and give the document that draws the rest."""
    _refuse_other_encodings(window)
    header = _streamed_header(window, limits)
    if header is not None:
        return Reading(header, window, limits).document()
    piece = Piece(window.rest(), line=window.line)
    members = decode_whole(piece, limits)
    if not isinstance(members.get("prefcore"), dict):
        return take_plain(piece, members, limits)
    # The header first: a newer layout may have other members.
    header = _located(piece, lambda: take_header(members["prefcore"]))
    return Reading(header, window, limits, Remainder(piece, members, limits)).document()


def _streamed_header(window: Window, limits: Limits) -> Header | None:
    """Give the header where it stands on lines of its own, and go beyond it."""
    size = window.find(_TO_SETS, limits.max_line_bytes)
    if size <= 0 or not window.starts(b'{"prefcore": {'):
        return None
    piece = Piece(window.peek(size - len(_TO_SETS)) + "}", line=window.line)
    try:
        data = piece.decode(0, limits)
    except PrefcoreError:
        if window.mend is None:
            raise
        return None  # it may hold a comment
    if not isinstance(data, dict) or len(data) != 1:
        return None
    header = _located(piece, lambda: take_header(data["prefcore"]))
    window.skip(size)
    return header


def _refuse_other_encodings(window: Window) -> None:
    advice = "save it as UTF-8 without one"
    if window.starts(b"\xef\xbb\xbf"):
        raise DamagedDocument(f"line 1: the file begins with a byte order mark; {advice}", line=1)
    head = window.data[:4]
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head:
        raise DamagedDocument(
            "line 1: the file is not UTF-8 but UTF-16 or alike; save it as UTF-8", line=1
        )
    if not head:
        raise DamagedDocument("the file is empty; a preferences file is one JSON object", line=1)


def _located(piece: Piece, take: Callable[[], _Taken]) -> _Taken:
    try:
        return take()
    except Misfit as misfit:
        raise piece.misfit(misfit) from misfit


class Reading:
    """A document being drawn: counts, order, and where it goes on.

    ``rest`` is None as long as the source is read by lines, then what was decoded at once.
    """

    def __init__(
        self, header: Header, window: Window, limits: Limits, rest: Remainder | None = None
    ) -> None:
        self._window = window
        self._limits = limits
        self._rest = rest
        self._lines = SetLines(limits)
        self._order = OrderGuard(header)
        self._sets = self._entries = self._records = 0
        self._drawn = ""
        self._trailer: Trailer | None = None
        self._document = Document(header, self._all_sets(), self._all_records(), self._the_trailer)

    def document(self) -> Document:
        """Give the document that draws from here."""
        return self._document

    # ------------------------------------------------------------------------------ sets

    def _all_sets(self) -> Iterator[PreferenceSet]:
        if self._rest is None:
            yield from self._streamed_sets()
        if self._rest is not None:
            for path, one in self._rest.sets():
                yield self._counted(one, self._rest.piece, path)
        self._drawn = "sets"

    def _counted(self, one: PreferenceSet, piece: Piece, path: Path) -> PreferenceSet:
        _located(piece, lambda: self._order.check(one, path))
        self._sets += 1
        self._entries += len(one.rows)
        return one

    def _streamed_sets(self) -> Iterator[PreferenceSet]:
        window, goes_on = self._window, True
        most = max(self._limits.max_whole_bytes, self._limits.max_keys_per_set * _SET_BYTES_PER_KEY)
        if window.starts(_TO_RECORDS):
            window.skip(len(_TO_RECORDS))
            return
        while goes_on:
            size = window.find(b"\n}}", most)
            goes_on = window.starts(b",\n{", size)
            if size < 0 or not (goes_on or window.starts(b"\n" + _TO_RECORDS, size)):
                self._take_rest("sets", self._sets)
                return
            block = window.peek(size)
            piece = Piece(block, line=window.line, under=("sets", self._sets))
            one = self._lines.expected(block, self._document.expected)
            one = one or self._lines.take(window.data[window.at : window.at + size], block)
            one = one or self._strict_set(piece)
            if one is None:
                return
            self._counted(one, piece, ())
            window.skip(size + (2 if goes_on else 1 + len(_TO_RECORDS)))
            yield one

    def _strict_set(self, piece: Piece) -> PreferenceSet | None:
        """Decode one set strictly, or, where its end was misjudged, all that is left."""
        try:
            data = piece.decode(_AROUND_VALUES, self._limits)
        except PrefcoreError as error:
            self._take_rest("sets", self._sets, instead_of=error)
            return None
        return _located(piece, lambda: take_set(data, (), self._limits))

    # --------------------------------------------------------------------------- records

    def _all_records(self) -> Iterator[Record]:
        self._check_drawn("sets", "records")
        if self._rest is None:
            yield from self._streamed_records()
        if self._rest is not None:
            for record in self._rest.records():
                self._records += 1
                yield record
        self._drawn = "records"

    def _streamed_records(self) -> Iterator[Record]:
        window, goes_on = self._window, True
        if window.starts(_TO_TRAILER):
            window.skip(3)
            return
        while goes_on:
            size = window.find(b"\n", self._limits.max_line_bytes)
            goes_on = window.starts(b",\n{", size - 2)
            if size < 0 or not (goes_on or window.starts(_TO_TRAILER, size)):
                self._take_rest("records", self._records)
                return
            line = window.peek(size - (2 if goes_on else 1))
            record = self._quick_record(line)
            if record is None:
                record = self._strict_record(line)
                if record is None:
                    return
            self._records += 1
            window.skip(size if goes_on else size + 3)
            yield record

    def _quick_record(self, line: str) -> Record | None:
        if (match := _RECORD.fullmatch(line)) is None:
            return None
        try:
            data, text = record_data(match[2], self._limits.max_depth)
        except (ValueError, PrefcoreError):
            return None
        return Record(match[1], data, text) if isinstance(data, dict) else None

    def _strict_record(self, line: str) -> Record | None:
        piece = Piece(line, line=self._window.line, under=("records", self._records))
        try:
            data = piece.decode(_AROUND_VALUES, self._limits)
        except PrefcoreError as error:
            self._take_rest("records", self._records, instead_of=error)
            return None
        return _located(piece, lambda: take_record(data, ()))

    # --------------------------------------------------------------------------- the end

    def _the_trailer(self) -> Trailer:
        if self._trailer is None:
            self._check_drawn("records", "trailer")
            if self._rest is None:
                # The line above it holds nothing, so that the brace stands on a line of its own.
                piece = Piece("{\n" + self._window.rest(), line=self._window.line - 1)
                decoded = piece.decode(0, self._limits)
                data = _located(piece, lambda: take_fields(decoded, (), {"trailer": ()}))
            else:
                piece, data = self._rest.piece, self._rest.data
            self._trailer = _located(piece, lambda: self._checked_trailer(data))
        return self._trailer

    def _checked_trailer(self, data: dict[str, Any]) -> Trailer:
        trailer = take_trailer(data["trailer"])
        check_trailer(
            trailer,
            ("trailer",),
            sets=self._sets,
            entries=self._entries,
            records=self._records,
        )
        return trailer

    def _check_drawn(self, before: str, wanted: str) -> None:
        if self._drawn != before:
            raise UsageError(f"draw all {before} of a document before its {wanted}")

    def _take_rest(self, array: str, taken: int, instead_of: PrefcoreError | None = None) -> None:
        """Decode what is left at once; ``instead_of`` is raised if it is too much for that."""
        line = self._window.line
        try:
            rest = self._window.rest()
        except DamagedDocument as error:
            raise (instead_of or error) from error
        # One element stands for those taken, so that a comma after them is seen as one.
        stand_in = "0," if taken else ""
        before = '"sets": [],"records": [' if array == "records" else '"sets": ['
        piece = Piece(
            f'{{"prefcore": {{}}, {before}{stand_in}\n{rest}',
            line=line - 1,
            skipped=(array, max(0, taken - 1)),
        )
        data = decode_whole(piece, self._limits)
        skip = {f"skip_{array}": 1 if taken else 0}
        self._rest = Remainder(piece, data, self._limits, **skip)
