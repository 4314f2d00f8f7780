"""Reading: documents drawn from events set by set, and plain files composed as a whole.

No part of it depends on how the text is laid out: any YAML of the same data reads alike, and as
long as the members come in their order, it is read as a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, TypeVar

from prefcore.errors import (
    DamagedDocument,
    PrefcoreError,
    TruncatedDocument,
    UsageError,
)
from prefcore.interfaces import Limits
from prefcore.layout import (
    Misfit,
    OrderGuard,
    Path,
    check_trailer,
    take_header,
    take_plain,
    take_record,
    take_row,
    take_set,
    take_set_head,
    take_trailer,
)
from prefcore.model import Document, PlainDocument, PreferenceSet, Record, Row, Trailer
from prefcore.values import kind_of
from prefcore_yaml._events import (
    Event,
    Events,
    MappingEndEvent,
    MappingStartEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from prefcore_yaml._nodes import Composer, Items, Mapping, line_of

__all__ = ["open_document"]

_Taken = TypeVar("_Taken")
_MEMBERS = ("sets", "records", "trailer")


def open_document(source: BinaryIO, limits: Limits) -> Document | PlainDocument:
    """Read a source up to its header, and give the document that draws the rest."""
    events = Events(source, limits)
    first = events.begin()
    composer = Composer(events, limits)
    if not isinstance(first, MappingStartEvent):
        found = kind_of(composer.value(first, ()))
        message = f"a preferences file is one mapping of names and values, this is {found}"
        raise events.error(DamagedDocument, message, line=1)
    return _Reading(events, composer, limits).opened()


class _Reading:
    """One file being drawn: what was composed so far, counts, and order."""

    def __init__(self, events: Events, composer: Composer, limits: Limits) -> None:
        self._events = events
        self._composer = composer
        self._limits = limits
        self._held = Mapping()
        self._is_plain = True
        self._ended = False
        self._sets = self._entries = self._records = 0
        self._drawn = ""
        self._trailer: Trailer | None = None

    def opened(self) -> Document | PlainDocument:
        """Give the document, or, where no header is found, the plain file."""
        while (key := self._next_member()) is not None:
            event = self._events.next()
            data = self._held[key] = self._composer.value(event, (key,))
            if key == "prefcore" and isinstance(data, dict):
                return self._document(data)
            if len(self._held) > (most := self._limits.max_keys_per_set):
                raise self._events.error(DamagedDocument, f"there are more than {most} keys")
        return self._plain()

    def _document(self, data: dict[str, object]) -> Document:
        header = self._located(("prefcore",), take_header, data)
        self._is_plain = False
        self._composer.refuse_anchors()
        self._events.source.let_go()
        for name in self._held:
            self._check_member(name, self._held.lines[name])
        self._order = OrderGuard(header)
        return Document(header, self._all_sets(), self._all_records(), self._the_trailer)

    def _plain(self) -> PlainDocument:
        values = {}
        for key, data in self._held.items():
            try:
                values[key] = take_plain(key, data, self._limits)
            except Misfit as misfit:
                raise self._misfit(misfit, self._held.lines[key]) from misfit
        return PlainDocument(values)

    # --------------------------------------------------------------------------- members

    def _next_member(self) -> str | None:
        """Give the next key of the outermost mapping; None at its end, when all was read."""
        if self._ended:
            return None
        event = self._events.next()
        if isinstance(event, MappingEndEvent):
            self._ended = True
            self._events.end()
            return None
        if not self._is_plain:
            self._composer.begin()
        key = self._composer.key(event, (), self._held.lines)
        if not self._is_plain:
            self._check_member(key, self._events.line)
        return key

    def _check_member(self, key: str, line: int) -> None:
        if key not in ("prefcore", *_MEMBERS):
            message = f"layout 1 has no member '{key[:80]}'; remove it"
            raise self._events.error(DamagedDocument, message, path=(key,), line=line)

    def _go_to(self, name: str) -> bool:
        """Go on to a member, holding those before it; say whether it is still to be drawn.

        False where it was held before, or is none. ``records`` may be missing; where the trailer
        comes, none are to come.
        """
        while name not in self._held and (key := self._next_member()) is not None:
            if key == name:
                return True
            self._events.source.hold()
            self._held[key] = self._composer.value(self._events.next(), (key,))
            self._events.source.let_go()
        if name not in self._held and name != "records":
            message = f"the document has no {name}: it was cut off; get a whole copy"
            raise self._events.error(TruncatedDocument, message)
        return False

    def _items(self, name: str) -> Iterator[tuple[Event, int]]:
        """Give the first event of each item of the sequence that comes."""
        event = self._events.next()
        if not isinstance(event, SequenceStartEvent):
            found = kind_of(self._composer.value(event, (name,)))
            message = f"a sequence should stand here, not {found}"
            raise self._events.error(DamagedDocument, message, path=(name,))
        while not isinstance(event := self._events.next(), SequenceEndEvent):
            yield event, self._events.line

    def _held_items(self, name: str) -> Iterator[tuple[object, int]]:
        items = self._held.get(name, Items())
        if not isinstance(items, Items):
            message = f"a sequence should stand here, not {kind_of(items)}"
            line = self._held.lines[name]
            raise self._events.error(DamagedDocument, message, path=(name,), line=line)
        yield from zip(items, items.lines, strict=True)

    # ------------------------------------------------------------------------------ sets

    def _all_sets(self) -> Iterator[PreferenceSet]:
        if self._go_to("sets"):
            for event, line in self._items("sets"):
                yield self._counted(self._streamed_set(event, line), line)
        else:
            for data, line in self._held_items("sets"):
                path = ("sets", self._sets)
                one = self._located(path, take_set, data, path, self._limits)
                yield self._counted(one, line)
        self._drawn = "sets"

    def _counted(self, one: PreferenceSet, line: int) -> PreferenceSet:
        try:
            self._order.check(one, ("sets", self._sets))
        except Misfit as misfit:
            raise self._misfit(misfit, line) from misfit
        self._sets += 1
        self._entries += len(one.rows)
        return one

    def _streamed_set(self, event: Event, line: int) -> PreferenceSet:
        path = ("sets", self._sets)
        fields = Mapping()
        rows: list[Row] = []
        self._composer.begin()
        if not isinstance(event, MappingStartEvent):
            found = kind_of(self._composer.value(event, path))
            message = f"a mapping should stand here, not {found}"
            raise self._events.error(DamagedDocument, message, path=path, line=line)
        while not isinstance(event := self._events.next(), MappingEndEvent):
            key = self._composer.key(event, path, fields.lines)
            event = self._events.next()
            if key == "entries" and isinstance(event, MappingStartEvent):
                rows = self._streamed_rows((*path, key))
                fields[key] = {}
            else:
                fields[key] = self._composer.value(event, (*path, key))
        try:
            head = take_set_head(fields, path)
        except Misfit as misfit:
            raise self._misfit(misfit, line_of(fields, misfit.path[2:], line)) from misfit
        return PreferenceSet(head.scope, head.owner, sorted(rows), head.app)

    def _streamed_rows(self, path: Path) -> list[Row]:
        rows: list[Row] = []
        lines: dict[str, int] = {}
        while not isinstance(event := self._events.next(), MappingEndEvent):
            self._composer.begin()
            key = self._composer.key(event, path, lines)
            if len(rows) >= (most := self._limits.max_keys_per_set):
                message = f"the set has more than {most} keys, which is the limit"
                raise self._events.error(DamagedDocument, message, path=path)
            inner = (*path, key)
            data = self._composer.value(self._events.next(), inner)
            try:
                rows.append(take_row(key, data, inner, self._limits))
            except Misfit as misfit:
                line = line_of(data, misfit.path[len(inner) :], lines[key])
                raise self._misfit(misfit, line) from misfit
        return rows

    # --------------------------------------------------------------------------- records

    def _all_records(self) -> Iterator[Record]:
        self._check_drawn("sets", "records")
        for data, line in self._record_data():
            path = ("records", self._records)
            try:
                record = take_record(data, path)
            except Misfit as misfit:
                raise self._misfit(misfit, line_of(data, misfit.path[2:], line)) from misfit
            self._records += 1
            yield record
        self._drawn = "records"

    def _record_data(self) -> Iterator[tuple[object, int]]:
        if not self._go_to("records"):
            yield from self._held_items("records")
            return
        for event, line in self._items("records"):
            self._composer.begin()
            yield self._composer.value(event, ("records", self._records)), line

    # --------------------------------------------------------------------------- the end

    def _the_trailer(self) -> Trailer:
        if self._trailer is None:
            self._check_drawn("records", "trailer")
            if self._go_to("trailer"):
                data = self._composer.value(self._events.next(), ("trailer",))
                self._held["trailer"] = data
            while self._next_member() is not None:  # nothing is left but members given twice
                self._composer.value(self._events.next(), ())
            data = self._held["trailer"]
            self._trailer = self._located(("trailer",), self._checked_trailer, data)
        return self._trailer

    def _checked_trailer(self, data: object) -> Trailer:
        trailer = take_trailer(data)
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

    # ---------------------------------------------------------------------------- errors

    def _located(self, path: Path, take: Callable[..., _Taken], *data: object) -> _Taken:
        """Take something of a member that was composed as a whole; a misfit gets its line."""
        try:
            return take(*data)
        except Misfit as misfit:
            line = self._held.lines.get(str(path[0]), self._events.line)
            raise self._misfit(misfit, line_of(self._held, misfit.path, line)) from misfit

    def _misfit(self, misfit: Misfit, line: int) -> PrefcoreError:
        return self._events.error(misfit.kind, misfit.message, path=misfit.path, line=line)
