"""Documents in flow: a header, sets and records as they are drawn, a trailer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import attrs

from prefcore.model.sets import PreferenceSet, Selection

__all__ = ["AppHeader", "Document", "Header", "PlainDocument", "Record", "Trailer"]


def _apps(apps: Iterable[AppHeader]) -> tuple[AppHeader, ...]:
    return tuple(apps)


@attrs.frozen
class AppHeader:
    """One application in a document of several: its schema version and last changeset, if any."""

    app: str
    schema: str | None = None
    changeset: str | None = None


@attrs.frozen
class Header:
    """What a document says of itself before its sets.

    A document of one application names it in ``app``. One of several has them in ``apps``, sorted
    by name; its ``app`` is empty, its ``schema`` and ``changeset`` None, and each of its sets says
    whose it is.

    ``changeset`` is the UUID of the source store's last changeset, ``merged`` those of other
    stores' changesets it had taken in by import (newest last), each with the selection taken:
    both serve to find a merge base. ``full_state`` marks a document that carries records.
    """

    app: str
    schema: str | None
    created_at: datetime | None = None
    generator: str = ""
    changeset: str | None = None
    merged: tuple[tuple[str, Selection], ...] = ()
    selection: Selection = Selection()
    full_state: bool = False
    layout: int = 1
    apps: tuple[AppHeader, ...] = attrs.field(default=(), converter=_apps)


@attrs.frozen
class Record:
    """One further thing in a full-state document: a schema version, a key, a changeset.

    docs/reference/full-state.md tells the kinds there are. ``text`` is the canonical text of the
    data, where who made the record has it at hand; it saves making it again.
    """

    kind: str
    data: Mapping[str, object]
    text: str | None = attrs.field(default=None, repr=False, eq=False)


@attrs.frozen
class Trailer:
    """What is only known at a document's end: how much it held, and its digest.

    ``digest`` is over the canonical content (``prefcore.canonical``), so the same in every format.
    """

    sets: int
    entries: int
    records: int
    digest: str


@attrs.define
class Document:
    """A document in flow: the header at once, the sets and records as they are drawn.

    ``sets`` come sorted by application, scope and owner, each with its rows sorted by key;
    ``records`` follow and are drawn after the sets. A reader calls ``trailer()`` when both are
    exhausted.

    Who draws the sets of a document may put into ``expected`` what gives the set of a scope and
    owner as it may stand there. Where the file says the very same, its format may give that set
    back instead of decoding its own.
    """

    header: Header
    sets: Iterable[PreferenceSet]
    records: Iterable[Record] = ()
    trailer: Callable[[], Trailer | None] = lambda: None
    expected: Callable[[str, str], PreferenceSet | None] = lambda scope, owner: None


@attrs.frozen
class PlainDocument:
    """A file without our header, such as people write: one object of names and values."""

    values: Mapping[str, object]
