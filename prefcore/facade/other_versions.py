"""Stores at another version than the program, to be read: by the steps, or what is understood.

Both stand in for the store itself, for one application; of the others they give what is there. What
would change something is refused with what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn

from prefcore.audit import Logged
from prefcore.engines.migrating import Ascent
from prefcore.errors import PrefcoreError, StoreMoved, UsageError
from prefcore.interfaces import (
    Edit,
    KeyState,
    Layer,
    SafetyCopy,
    Snapshot,
    Store,
    StoreProblem,
    Transaction,
    pruned_in,
)
from prefcore.model import (
    AppState,
    AuditRecord,
    Change,
    Changeset,
    Draft,
    PreferenceSet,
    Record,
    Rename,
    Row,
    SchemaVersion,
    Selection,
)
from prefcore.schema import SchemaDocument
from prefcore.values import from_text, is_sealed_text
from prefcore.vault import memory_uuid

__all__ = ["NewerStore", "OlderStore", "OtherVersion"]


class OtherVersion:
    """A ``Store`` of which one application is read at the version of a schema, and never written.

    ``behind`` is the store itself, ``held`` the version it is at (None: it records none),
    ``schema`` the program's. ``refusal`` gives the error for what would change something. Reading
    raises StoreMoved where the store is at another version by now.
    """

    def __init__(
        self,
        behind: Store,
        held: str | None,
        schema: SchemaDocument,
        refusal: Callable[[], PrefcoreError],
    ) -> None:
        self.behind = behind
        self.held = held
        self.schema = schema
        self.url = behind.url
        self.read_only = True
        self._refusal = refusal
        self._declarations: Mapping[str, str] | None = None

    def set_of(self, view: Snapshot, scope: str, owner: str) -> PreferenceSet:
        """Give one set as the program sees it."""
        raise NotImplementedError

    def sets_of(self, view: Snapshot, selection: Selection) -> Iterator[PreferenceSet]:
        """Give the selected sets as the program sees them, by scope and owner."""
        raise NotImplementedError

    def sources(self, scope: str, owner: str) -> list[Row]:
        """Give what is stored that any value seen in a set may have been made of, if not itself."""
        return []

    def held_of(self, view: Snapshot, key: str) -> Iterator[PreferenceSet]:
        """Give a key's values as the program sees them, of the sets that may be read."""
        return self.sets_of(view, Selection.of_keys([key]))

    def is_audited(self, key: str) -> bool:
        """Say whether the store asks for a record of a secret's readings, whatever our schema."""
        return False

    # ---------------------------------------------------------------------------- reading

    def layers(
        self, app: str, version: str | None, key: str, sets: Sequence[tuple[str, str]]
    ) -> list[Layer]:
        if app != self.schema.app:
            return self.behind.layers(app, version, key, sets)
        found: list[Layer] = []
        with self._view() as view:
            for scope, owner in sets:
                rows = self.set_of(view, scope, owner).rows
                found += [(scope, owner, *row[1:]) for row in rows if row[0] == key]
        return found

    def declaration(self, app: str, key: str) -> tuple[str | None, str | None]:
        if app != self.schema.app:
            return self.behind.declaration(app, key)
        if key and self._declarations is None:
            self._declarations = self.schema.declarations()
        return self.schema.version, (self._declarations or {}).get(key)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._view() as view:
            yield _View(self, view)

    @contextmanager
    def _view(self) -> Iterator[Snapshot]:
        app = self.schema.app
        with self.behind.snapshot() as view:
            if view.version(app) != self.held:
                raise StoreMoved(
                    f"{self.url}: {app} is at schema version {view.version(app) or 'none'}, not "
                    f"{self.held or 'none'} as when it was opened: it was migrated meanwhile; open "
                    "it again, or call reopen()",
                    expected=self.held,
                    found=view.version(app),
                )
            yield view

    def uuid_of(self, view: Snapshot, key: str) -> str | None:
        """Give what sealed values of a key of ours are bound to."""
        return view.uuid(self.schema.app, key)

    def name_of(self, key: str) -> str:
        """Give the name that a key of ours has in the store."""
        return key

    def copies(self) -> list[SafetyCopy]:
        return self.behind.copies()

    def check(self) -> Iterator[StoreProblem]:
        return self.behind.check()

    def close(self) -> None:
        self.behind.close()

    # --------------------------------------------------------------------------- refusing

    def changeset(
        self, draft: Draft, *, version: str | None
    ) -> AbstractContextManager[Transaction]:
        if draft.app != self.schema.app:
            return self.behind.changeset(draft, version=version)
        self._refuse()

    def rehearse(self, draft: Draft, *, version: str | None) -> AbstractContextManager[Transaction]:
        if draft.app != self.schema.app:
            return self.behind.rehearse(draft, version=version)
        self._refuse()

    def save_copy(self, reason: str) -> SafetyCopy:
        return self.behind.save_copy(reason)

    def restore_copy(self, id: str) -> None:
        self._refuse()

    def load(self, sets: Iterable[PreferenceSet], records: Iterable[Record]) -> None:
        self._refuse()

    def scrub(self) -> None:
        self.behind.scrub()

    def _refuse(self) -> NoReturn:
        raise self._refusal()


class OlderStore(OtherVersion):
    """A store that is behind the program: each set is taken up the steps in memory when it is read.

    Raises, naming edge, set and key, what migrating would raise: MissingStep, InvalidValue,
    ConflictError, StepFailed. And NotPermitted, for a set that holds what may not be read: a step
    could give it any name.
    """

    def __init__(
        self,
        behind: Store,
        held: str | None,
        schema: SchemaDocument,
        ascent: Ascent,
        refusal: Callable[[], PrefcoreError],
    ) -> None:
        super().__init__(behind, held, schema, refusal)
        self._ascent = ascent

    def set_of(self, view: Snapshot, scope: str, owner: str) -> PreferenceSet:
        return self._ascent.one_set(view, scope, owner)

    def sets_of(self, view: Snapshot, selection: Selection) -> Iterator[PreferenceSet]:
        return self._ascent.sets(view, selection)

    def held_of(self, view: Snapshot, key: str) -> Iterator[PreferenceSet]:
        return self._ascent.sets(view, Selection.of_keys([key]), readable=True)

    def sources(self, scope: str, owner: str) -> list[Row]:
        with self._view() as view:
            held = list(view.read_set(self.schema.app, scope, owner).rows)
            return held + self._ascent.returning_to(view, scope, owner)

    def uuid_of(self, view: Snapshot, key: str) -> str | None:
        return memory_uuid(key)

    def name_of(self, key: str) -> str:
        return self._ascent.name_before(key)


class NewerStore(OtherVersion):
    """A store that is ahead of the program: read for the keys that the program understands.

    Those are the declared ones, as far as what is stored for them is a value that it takes. The
    rest stays in the store untouched.
    """

    def set_of(self, view: Snapshot, scope: str, owner: str) -> PreferenceSet:
        held = view.read_set(self.schema.app, scope, owner)
        return PreferenceSet(scope, owner, filter(self.understands, held.rows))

    def sets_of(self, view: Snapshot, selection: Selection) -> Iterator[PreferenceSet]:
        for one in view.sets(self.schema.app, selection):
            rows = tuple(filter(self.understands, one.rows))
            if rows:
                yield PreferenceSet(one.scope, one.owner, rows)

    def is_audited(self, key: str) -> bool:
        _, text = self.behind.declaration(self.schema.app, key)
        declaration = None if text is None else from_text(text)
        fields = declaration["preference"] if isinstance(declaration, dict) else {}
        return bool(fields.get("audited", False))

    def understands(self, row: Row) -> bool:
        """Say whether the program can take what a row holds; a sealed value is not looked at."""
        key, text = row[:2]
        if key not in self.schema.preferences:
            return False
        return is_sealed_text(text) or self.schema.check(key, from_text(text)) is None

    def strange(self, key: str, sets: Sequence[tuple[str, str]]) -> list[Layer]:
        """Give what those sets hold for a declared key and the program does not understand."""
        layers = self.behind.layers(self.schema.app, self.held, key, sets)
        return [layer for layer in layers if not self.understands((key, *layer[2:]))]


class _View:
    """A ``Snapshot`` that shows one application's sets at the program's version.

    What the log tells is of the store itself, under the names of then.
    """

    def __init__(self, store: OtherVersion, view: Snapshot) -> None:
        self._store = store
        self._view = view

    def _is_ours(self, app: str) -> bool:
        return app == self._store.schema.app

    def apps(self) -> list[str]:
        return self._view.apps()

    def version(self, app: str) -> str | None:
        return self._store.schema.version if self._is_ours(app) else self._view.version(app)

    def state(self, app: str) -> AppState:
        state = self._view.state(app)
        return AppState(app, self.version(app), state.last_changeset, state.sets, state.entries)

    def read_set(self, app: str, scope: str, owner: str) -> PreferenceSet:
        if not self._is_ours(app):
            return self._view.read_set(app, scope, owner)
        return self._store.set_of(self._view, scope, owner)

    def sets(
        self, app: str, selection: Selection = Selection(), *, at: int | None = None
    ) -> Iterator[PreferenceSet]:
        if at is not None or not self._is_ours(app):
            return self._view.sets(app, selection, at=at)
        return self._store.sets_of(self._view, selection)

    def keys(self, app: str) -> list[KeyState]:
        return self._view.keys(app)

    def names(self, app: str) -> Mapping[str, tuple[tuple[int, str | None], ...]]:
        return self._view.names(app)

    def held(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        if not self._is_ours(app):
            yield from self._view.held(app, key)
            return
        for one in self._store.held_of(self._view, key):
            for row in one.rows:
                yield one.scope, one.owner, row

    def uuid(self, app: str, key: str, *, at: int | None = None) -> str | None:
        if at is not None or not self._is_ours(app):
            return self._view.uuid(app, key, at=at)
        return self._store.uuid_of(self._view, key)

    def schema(self, app: str, version: str) -> str | None:
        return self._view.schema(app, version)

    def schema_versions(self, app: str) -> list[SchemaVersion]:
        return self._view.schema_versions(app)

    def changesets(self, app: str | None = None) -> Iterator[Changeset]:
        return self._view.changesets(app)

    def changeset(self, id: str) -> Changeset:
        return self._view.changeset(id)

    def pruned(self, app: str) -> int:
        return pruned_in(self._view, app)

    def changes(self, revision: int) -> Iterator[Change | Rename]:
        return self._view.changes(revision)

    def history(
        self, app: str, scope: str, owner: str, key: str
    ) -> Iterator[tuple[Changeset, Change]]:
        name = self._store.name_of(key) if self._is_ours(app) else key
        return self._view.history(app, scope, owner, name)

    def edits_since(
        self, app: str, revision: int, *, ignoring: Collection[int] = ()
    ) -> Iterator[Edit]:
        return self._view.edits_since(app, revision, ignoring=ignoring)

    def parked(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        return self._view.parked(app, key)

    def audit(self, *, since: int = 1) -> Iterator[AuditRecord]:
        return self._view.audit(since=since)

    def log(self) -> Iterator[Logged]:
        return self._view.log()

    def records(self) -> Iterator[Record]:
        raise UsageError("what is seen at another version is no whole state; ask the store itself")
