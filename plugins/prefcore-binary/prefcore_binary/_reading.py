"""Reading: a document drawn from a source frame by frame, every rule of the layout checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from operator import lt
from typing import BinaryIO, TypeVar

import msgspec

from prefcore.errors import DamagedDocument, InvalidValue, UsageError
from prefcore.interfaces import Limits
from prefcore.layout import Misfit, OrderGuard, check_trailer, take_trailer
from prefcore.model import Document, Header, PreferenceSet, Record, Row, Scope, Trailer
from prefcore_binary._frames import Frames
from prefcore_binary._layout import (
    FIRST_MICROS,
    LAST_MICROS,
    Frame,
    HeaderFrame,
    MoreFrame,
    RecordFrame,
    SetFrame,
    TrailerFrame,
    header_of,
)
from prefcore_binary._texts import CheckedTexts, Refused

__all__ = ["open_document"]

_Cell = TypeVar("_Cell", int, str)

_SCOPES = frozenset(map(str, Scope))
# A set is held at once: that many bytes for each key it may have.
_SET_BYTES_PER_KEY = 256


def open_document(source: BinaryIO, limits: Limits) -> Document:
    """Read a source's header, and give the document that draws the rest."""
    frames = Frames(source, limits)
    first = frames.take()
    if not isinstance(first, HeaderFrame):
        raise frames.misfit("the first is the header")
    try:
        header = header_of(first)
    except ValueError as error:
        raise frames.misfit(str(error)) from error
    return Reading(header, frames, limits).document()


class Reading:
    """A document being drawn: counts, order, and the frame at hand."""

    def __init__(self, header: Header, frames: Frames, limits: Limits) -> None:
        self._header = header
        self._frames = frames
        self._limits = limits
        self._texts = CheckedTexts(max_depth=limits.max_depth, max_values=limits.max_values)
        self._order = OrderGuard(header)
        self._sets = self._entries = self._records = 0
        self._drawn = ""
        self._at_hand: Frame | None = None
        self._trailer: Trailer | None = None

    def document(self) -> Document:
        """Give the document that draws from here."""
        return Document(self._header, self._all_sets(), self._all_records(), self._the_trailer)

    # ------------------------------------------------------------------------------ sets

    def _all_sets(self) -> Iterator[PreferenceSet]:
        frame = self._frames.take()
        while isinstance(frame, SetFrame):
            one = self._head_of(frame)
            rows = self._rows_of(frame, None)
            size = self._frames.size
            frame = self._frames.take()
            while isinstance(frame, MoreFrame):
                size += self._frames.size
                self._check_size(size)
                rows += self._rows_of(frame, rows[-1][0] if rows else None)
                frame = self._frames.take()
            self._check_count(rows)
            self._sets += 1
            self._entries += len(rows)
            # Kept first: whoever draws may stop here, and the next frame is taken already.
            self._at_hand = frame
            yield PreferenceSet(one.scope, one.owner, rows, one.app)
        self._at_hand = frame
        self._drawn = "sets"

    def _head_of(self, frame: SetFrame) -> PreferenceSet:
        """Give a frame's set without its entries, which may stand here."""
        if frame.scope not in _SCOPES:
            raise self._frames.misfit(f"there is no scope {frame.scope[:40]!r}")
        one = PreferenceSet(frame.scope, frame.owner, (), frame.app)
        try:
            self._order.check(one, ())
        except Misfit as misfit:
            raise self._frames.misfit(misfit.message) from misfit
        return one

    def _rows_of(self, frame: SetFrame | MoreFrame, last: str | None) -> list[Row]:
        """Give the entries of a frame, sorted by key after ``last``."""
        keys, values = frame.keys, frame.values
        if keys:
            if not all(map(lt, keys, islice(keys, 1, None))) or (
                last is not None and keys[0] <= last
            ):
                raise self._frames.misfit("entries stand sorted by key, each key once")
            longest, limit = max(map(len, keys)), self._limits.max_key_length
            if longest > limit:
                raise self._frames.error(
                    DamagedDocument,
                    f"a key has {longest} characters; the limit is {limit} (max_key_length)",
                    limit="max_key_length",
                )
        try:
            self._texts.check(values)
        except Refused as refused:
            raise self._frames.misfit(str(refused)) from refused
        except InvalidValue as error:
            raise self._frames.error(InvalidValue, error.message) from error
        times = self._column(frame.times, keys)
        if times and not FIRST_MICROS <= min(times) <= max(times) <= LAST_MICROS:
            raise self._frames.misfit("an entry has a time that no calendar has")
        sources, actors = (self._column(one, keys) for one in (frame.sources, frame.actors))
        if len(values) != len(keys):
            raise self._frames.misfit(f"{len(keys)} keys have {len(values)} values")
        return list(zip(keys, values, times, sources, actors, strict=True))

    def _column(self, column: _Cell | list[_Cell], keys: Sequence[str]) -> list[_Cell]:
        if not isinstance(column, list):
            return list(repeat(column, len(keys)))
        if len(column) != len(keys):
            raise self._frames.misfit(f"{len(keys)} keys stand in a column of {len(column)}")
        return column

    def _check_count(self, rows: Sequence[Row]) -> None:
        limit = self._limits.max_keys_per_set
        if len(rows) > limit:
            raise self._frames.error(
                DamagedDocument,
                f"the set before this has {len(rows)} keys; the limit is {limit} "
                "(max_keys_per_set)",
                limit="max_keys_per_set",
            )

    def _check_size(self, size: int) -> None:
        limits = self._limits
        most = max(limits.max_whole_bytes, limits.max_keys_per_set * _SET_BYTES_PER_KEY)
        if size > most:
            raise self._frames.error(
                DamagedDocument,
                f"a set takes more than {most} bytes, and it is held at once (max_whole_bytes)",
                limit="max_whole_bytes",
            )

    # --------------------------------------------------------------------------- records

    def _all_records(self) -> Iterator[Record]:
        self._check_drawn("sets", "records")
        while isinstance(frame := self._at_hand, RecordFrame):
            record = self._record_of(frame)
            self._records += 1
            self._at_hand = self._frames.take()
            yield record
        self._drawn = "records"

    def _record_of(self, frame: RecordFrame) -> Record:
        try:
            data = self._texts.value(frame.data)
        except Refused as refused:
            raise self._frames.misfit(str(refused)) from refused
        except InvalidValue as error:
            raise self._frames.error(InvalidValue, error.message) from error
        if not isinstance(data, dict):
            raise self._frames.misfit("a record's data is an object")
        return Record(frame.kind, data, frame.data)

    # --------------------------------------------------------------------------- the end

    def _the_trailer(self) -> Trailer:
        if self._trailer is None:
            self._check_drawn("records", "trailer")
            frame = self._at_hand
            if not isinstance(frame, TrailerFrame):
                raise self._frames.misfit("another was due: sets, then records, then the trailer")
            self._trailer = self._checked_trailer(frame)
            self._frames.expect_end()
        return self._trailer

    def _checked_trailer(self, frame: TrailerFrame) -> Trailer:
        try:
            trailer = take_trailer(msgspec.structs.asdict(frame))
            check_trailer(
                trailer, (), sets=self._sets, entries=self._entries, records=self._records
            )
        except Misfit as misfit:
            raise self._frames.misfit(misfit.message) from misfit
        return trailer

    def _check_drawn(self, before: str, wanted: str) -> None:
        if self._drawn != before:
            raise UsageError(f"draw all {before} of a document before its {wanted}")
