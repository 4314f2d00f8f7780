"""The memory store itself: who may write, when, and the safety copies."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import uuid4

from prefcore.builtin.memory_store.checking import problems
from prefcore.builtin.memory_store.reading import View
from prefcore.builtin.memory_store.records import loaded
from prefcore.builtin.memory_store.state import State
from prefcore.builtin.memory_store.writing import Making
from prefcore.errors import LockedError, NotFound, ReadOnly, StoreMoved, UsageError
from prefcore.interfaces import (
    Layer,
    SafetyCopy,
    Snapshot,
    StoreInfo,
    StoreProblem,
    Transaction,
)
from prefcore.model import Draft, PreferenceSet, Record

__all__ = ["INFO", "MemoryStore"]

_KEPT_COPIES = 3


class MemoryStore:
    """A ``Store`` that holds everything in this process's memory, for as long as it lives.

    ``wait`` is how many seconds a changeset waits for another one to end. Two stores share
    nothing, whatever their URL.
    """

    def __init__(self, url: str = "memory:", *, read_only: bool = False) -> None:
        self.url = url
        self.read_only = read_only
        self.wait = 5.0
        self._state = State()
        self._copies: list[tuple[SafetyCopy, State]] = []
        self._copying = threading.Lock()
        self._writing = threading.Lock()
        self._writer: int | None = None
        self._pid = os.getpid()

    def layers(
        self, app: str, version: str | None, key: str, sets: Sequence[tuple[str, str]]
    ) -> list[Layer]:
        held = self._state.app(app)
        self._refuse_if_moved(app, held.version, version)
        uuid = held.uuids.get(key, "")
        found = ((scope, owner, held.sets.get((scope, owner), {})) for scope, owner in sets)
        return [(str(scope), owner, *cells[uuid]) for scope, owner, cells in found if uuid in cells]

    def declaration(self, app: str, key: str) -> tuple[str | None, str | None]:
        held = self._state.app(app)
        if held.version is None:
            return None, None
        return held.version, held.schemas[held.version].declarations.get(key)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        yield View(self._state)

    @contextmanager
    def changeset(self, draft: Draft, *, version: str | None) -> Iterator[Transaction]:
        self._refuse_if_read_only()
        with self._turn():
            self._refuse_if_moved(draft.app, self._state.app(draft.app).version, version)
            making = Making(self._state, draft)
            try:
                yield making
            finally:
                making.end()
            self._state = making.committed()

    @contextmanager
    def rehearse(self, draft: Draft, *, version: str | None) -> Iterator[Transaction]:
        state = self._state
        self._refuse_if_moved(draft.app, state.app(draft.app).version, version)
        making = Making(state, draft)
        try:
            yield making
        finally:
            making.end()

    def save_copy(self, reason: str) -> SafetyCopy:
        self._refuse_if_read_only()
        state = self._state
        texts = (
            cell[0]
            for app in state.apps.values()
            for cells in app.sets.values()
            for cell in cells.values()
        )
        size = sum(len(text.encode()) for text in texts)
        copy = SafetyCopy(str(uuid4()), datetime.now(UTC), size, reason)
        with self._copying:
            self._copies = [(copy, state), *self._copies][:_KEPT_COPIES]
        return copy

    def copies(self) -> list[SafetyCopy]:
        return [copy for copy, _ in self._copies]

    def restore_copy(self, id: str) -> None:
        self._refuse_if_read_only()
        with self._turn():
            state = next((state for copy, state in self._copies if copy.id == id), None)
            if state is None:
                raise NotFound(f"{self.url} has no safety copy '{id}'", copy=id)
            self.save_copy("before restoring a copy")
            self._state = state

    def load(self, sets: Iterable[PreferenceSet], records: Iterable[Record]) -> None:
        self._refuse_if_read_only()
        with self._turn():
            if self._state.log:
                raise UsageError(
                    f"{self.url} is in use; a whole state goes into a new store only",
                    store=self.url,
                )
            self._state = loaded(sets, records)

    def scrub(self) -> None:
        """Do nothing: there are no files."""

    def check(self) -> Iterator[StoreProblem]:
        yield from problems(self._state)

    def close(self) -> None:
        """Do nothing: there are no files to give up."""

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold the right to write."""
        if self._pid != os.getpid():  # a forked child: the threads that held it are not here
            self._pid, self._writing, self._writer = os.getpid(), threading.Lock(), None
        me = threading.get_ident()
        if self._writer == me:
            raise LockedError(
                f"{self.url}: this thread is inside a changeset already; end it first",
                store=self.url,
            )
        if not self._writing.acquire(timeout=self.wait):
            raise LockedError(
                f"{self.url}: another thread holds a changeset (waited {self.wait:g} s); "
                "try again later",
                store=self.url,
            )
        try:
            self._writer = me
            yield
        finally:
            self._writer = None
            self._writing.release()

    def _refuse_if_read_only(self) -> None:
        if self.read_only:
            raise ReadOnly(f"{self.url} was opened for reading only", store=self.url)

    def _refuse_if_moved(self, app: str, version: str | None, expected: str | None) -> None:
        if version != expected:
            raise StoreMoved(
                f"{self.url}: '{app}' is at schema version {version or 'none'} now, "
                f"no longer {expected or 'none'}; open it again",
                store=self.url,
                app=app,
                version=version,
            )


def _open(url: str = "memory:", *, create: bool = True, read_only: bool = False) -> MemoryStore:
    if not create:
        raise NotFound(f"{url} begins empty each time: there is nothing to open", store=url)
    return MemoryStore(url, read_only=read_only)


#: The declaration of this store, for ``prefcore_stores``.
INFO = StoreInfo(id="memory", summary="in this process's memory, for tests", open=_open)
