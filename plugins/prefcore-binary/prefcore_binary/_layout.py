"""The layout 1: what the frames of a document hold, and the preamble before them.

docs/reference/binary-layout.md describes it for readers in other languages. Every frame is an
array, its first element says of what kind it is; there are no maps, so no key can stand twice.
"""

from __future__ import annotations

import msgspec

from prefcore.errors import UsageError
from prefcore.model import (
    AppHeader,
    Header,
    Selection,
    Trailer,
    from_micros,
    to_micros,
)

__all__ = [
    "FIRST_MICROS",
    "LAST_MICROS",
    "LAYOUT",
    "MAGIC",
    "Frame",
    "HeaderFrame",
    "MoreFrame",
    "RecordFrame",
    "SetFrame",
    "TrailerFrame",
    "header_frame",
    "header_of",
    "trailer_frame",
]

#: The layout this package writes, and the newest it reads.
LAYOUT = 1
#: A file begins with this MessagePack text; the layout follows as one byte, a small integer.
MAGIC = b"\xa8prefcore"

#: The first and the last moment that has a date: 0001-01-01 to 9999-12-31, in µs since 1970.
FIRST_MICROS = -62_135_596_800_000_000
LAST_MICROS = 253_402_300_799_999_999

_SelectionData = tuple[list[str], list[str], list[str]]


class HeaderFrame(msgspec.Struct, array_like=True, tag=0, forbid_unknown_fields=True):
    """What a document says of itself; the first frame. Times are µs since 1970 in UTC."""

    app: str
    schema: str | None
    created_at: int | None
    generator: str
    changeset: str | None
    merged: list[tuple[str, _SelectionData]]
    selection: _SelectionData
    full_state: bool
    apps: list[tuple[str, str | None, str | None]]


class SetFrame(msgspec.Struct, array_like=True, tag=1, forbid_unknown_fields=True):
    """A set, or its beginning: entries by column, a column of one value everywhere as that value.

    ``values`` are canonical texts.
    """

    app: str
    scope: str
    owner: str
    keys: list[str]
    values: list[str]
    times: int | list[int]
    sources: str | list[str]
    actors: str | list[str]


class MoreFrame(msgspec.Struct, array_like=True, tag=2, forbid_unknown_fields=True):
    """Further entries of the set before."""

    keys: list[str]
    values: list[str]
    times: int | list[int]
    sources: str | list[str]
    actors: str | list[str]


class RecordFrame(msgspec.Struct, array_like=True, tag=3, forbid_unknown_fields=True):
    """A record: its kind, and its data as canonical text."""

    kind: str
    data: str


class TrailerFrame(msgspec.Struct, array_like=True, tag=4, forbid_unknown_fields=True):
    """What is only known at the end; the last frame."""

    sets: int
    entries: int
    records: int
    digest: str


Frame = HeaderFrame | SetFrame | MoreFrame | RecordFrame | TrailerFrame


def header_frame(header: Header) -> HeaderFrame:
    """Give the frame of a header."""
    return HeaderFrame(
        app=header.app,
        schema=header.schema,
        created_at=None if header.created_at is None else to_micros(header.created_at),
        generator=header.generator,
        changeset=header.changeset,
        merged=[(changeset, _selection_data(one)) for changeset, one in header.merged],
        selection=_selection_data(header.selection),
        full_state=header.full_state,
        apps=[(one.app, one.schema, one.changeset) for one in header.apps],
    )


def header_of(frame: HeaderFrame) -> Header:
    """Give the header of a frame; raises ValueError with what is wrong."""
    at = frame.created_at
    if at is not None and not FIRST_MICROS <= at <= LAST_MICROS:
        raise ValueError("it was made at a time that no calendar has")
    apps = [AppHeader(app, schema, changeset) for app, schema, changeset in frame.apps]
    names = [one.app for one in apps]
    if "" in names or names != sorted(set(names)):
        raise ValueError("its applications do not stand sorted by name, each once")
    if apps and (frame.app, frame.schema, frame.changeset) != ("", None, None):
        raise ValueError("it is of several applications, and of one too")
    return Header(
        app=frame.app,
        schema=frame.schema,
        created_at=None if at is None else from_micros(at),
        generator=frame.generator,
        changeset=frame.changeset,
        merged=tuple((changeset, _selection_of(one)) for changeset, one in frame.merged),
        selection=_selection_of(frame.selection),
        full_state=frame.full_state,
        apps=tuple(apps),
    )


def _selection_of(data: _SelectionData) -> Selection:
    try:
        return Selection(*data)
    except UsageError as error:
        raise ValueError(error.message) from error


def trailer_frame(trailer: Trailer) -> TrailerFrame:
    """Give the frame of a trailer."""
    return TrailerFrame(trailer.sets, trailer.entries, trailer.records, trailer.digest)


def _selection_data(selection: Selection) -> _SelectionData:
    return list(selection.scopes), list(selection.owners), list(selection.keys)
