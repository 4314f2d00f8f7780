"""Documents of a whole store, written from a snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO, TypeVar

import attrs

from prefcore.audit import is_pruned
from prefcore.canonical import Tally
from prefcore.detection import guarded
from prefcore.errors import PluginError
from prefcore.interfaces import Capability, FormatInfo, Snapshot, pruned_in
from prefcore.model import AppHeader, Document, Header, PreferenceSet, Progress, Record, Trailer

__all__ = ["Counting", "Held", "write_state"]

_T = TypeVar("_T")


class Counting:
    """Counts sets and entries by scope as they flow by."""

    def __init__(self) -> None:
        self._sets: Counter[str] = Counter()
        self._entries: Counter[str] = Counter()

    def sets(self, sets: Iterable[PreferenceSet]) -> Iterator[PreferenceSet]:
        """Pass sets on, counting each."""
        for one in sets:
            self._sets[str(one.scope)] += 1
            self._entries[str(one.scope)] += len(one.rows)
            yield one

    @property
    def counts(self) -> Mapping[str, tuple[int, int]]:
        """What was counted: sets and entries by scope."""
        return {scope: (count, self._entries[scope]) for scope, count in self._sets.items()}


@attrs.frozen
class Held:
    """What a document turned out to hold."""

    apps: tuple[AppHeader, ...]
    scopes: Mapping[str, tuple[int, int]]
    trailer: Trailer


class _Drawing:
    """Passes on what a store gives, and remembers what it raised."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def all(self, items: Iterable[_T]) -> Iterator[_T]:
        """Give the items."""
        try:
            yield from items
        except Exception as error:
            self.error = error
            raise


class _Told:
    """Tells how far the writing of a state has come; the history is part of it."""

    def __init__(self, progress: Progress, entries: int, view: Snapshot) -> None:
        self._progress = progress
        self._whole = entries + _changes(view)
        self._done = 0

    def sets(self, sets: Iterable[PreferenceSet]) -> Iterator[PreferenceSet]:
        for one in sets:
            yield one
            self._tell(len(one.rows), len(one.rows))

    def records(self, records: Iterable[Record]) -> Iterator[Record]:
        for one in records:
            yield one
            parts = (one.data.get(name) for name in ("added", "before"))
            self._tell(0, sum(len(part) for part in parts if isinstance(part, Sequence)))

    def _tell(self, entries: int, done: int) -> None:
        self._done += done
        self._progress(entries, self._done / self._whole if self._whole else None)


def _changes(view: Snapshot) -> int:
    """Give how many changes the log still has."""
    through = {app: pruned_in(view, app) for app in view.apps()}
    return sum(
        one.changes for one in view.changesets() if not is_pruned(one, through.get(one.app, 0))
    )


def write_state(
    view: Snapshot,
    format: FormatInfo,
    out: BinaryIO,
    *,
    at: datetime,
    generator: str,
    progress: Progress = lambda entries, part: None,
) -> Held:
    """Write all that a store holds as one document; gives what that was.

    ``progress`` is told after each set, and each part of the history.
    Raises PluginError where the format does not carry whole stores.
    """
    if Capability.FULL_STATE not in format.capabilities:
        raise PluginError(
            f"the format {format.id} does not carry a whole store; choose another with --format",
            format=format.id,
        )
    states = [view.state(app) for app in view.apps()]
    header = Header(
        app="",
        schema=None,
        created_at=at,
        generator=generator,
        full_state=True,
        apps=[AppHeader(one.app, one.version, one.last_changeset) for one in states],
    )
    tally, counting, drawing = Tally(header), Counting(), _Drawing()
    told = _Told(progress, sum(one.entries for one in states), view)
    sets = (
        PreferenceSet(str(one.scope), one.owner, one.rows, state.app)
        for state in states
        for one in told.sets(view.sets(state.app))
    )
    document = Document(
        header,
        tally.sets(counting.sets(drawing.all(sets))),
        tally.records(told.records(drawing.all(view.records()))),
        tally.trailer,
    )
    try:
        with guarded(format):
            format.factory().write(document, out)
    except PluginError:
        if drawing.error is not None:  # the store's, and not the format's
            raise drawing.error from None
        raise
    return Held(header.apps, counting.counts, tally.trailer())
