"""Reading: one consistent view of a state of the memory store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import attrs

from prefcore.audit import Logged, is_pruned, pruned_refusal, refuse_older
from prefcore.builtin.memory_store.records import parts
from prefcore.builtin.memory_store.state import Cell, Delta, Place, State
from prefcore.errors import NotFound
from prefcore.full_state import names_told
from prefcore.interfaces import Edit, KeyState
from prefcore.model import (
    AppState,
    AuditRecord,
    Change,
    Changeset,
    Entry,
    PreferenceSet,
    Record,
    Rename,
    Row,
    SchemaVersion,
    Selection,
)

__all__ = ["View"]


class View:
    """A ``Snapshot`` of one state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def apps(self) -> list[str]:
        return sorted({record.bare.app for record in self._state.log})

    def version(self, app: str) -> str | None:
        return self._state.app(app).version

    def state(self, app: str) -> AppState:
        held = self._state.app(app)
        records = self._state.records(app)
        return AppState(
            app,
            held.version,
            records[-1].bare.id if records else None,
            len(held.sets),
            sum(map(len, held.sets.values())),
        )

    def read_set(self, app: str, scope: str, owner: str) -> PreferenceSet:
        return PreferenceSet(str(scope), owner, self._rows(app, (scope, owner)))

    def sets(
        self, app: str, selection: Selection = Selection(), *, at: int | None = None
    ) -> Iterator[PreferenceSet]:
        if at is not None:
            yield from self._sets_at(app, selection, at)
            return
        for scope, owner in sorted(self._state.app(app).sets):
            if selection.takes_set(scope, owner):
                rows = self._rows(app, (scope, owner), selection)
                if rows:
                    yield PreferenceSet(scope, owner, rows)

    def _sets_at(self, app: str, selection: Selection, at: int) -> Iterator[PreferenceSet]:
        held = self._state.app(app)
        refuse_older(held.pruned, app, at, f"the values as they were after revision {at}")
        sets = {where: dict(cells) for where, cells in held.sets.items()}
        for deltas in self._deltas_since(app, at + 1):
            for delta in deltas:
                cells = sets.setdefault(delta.place, {})
                cells.pop(delta.uuid, None)
                if delta.before is not None:
                    cells[delta.uuid] = delta.before
        for (scope, owner), cells in sorted(sets.items()):
            named = ((held.keys[uuid].name_in(at), cell) for uuid, cell in cells.items())
            rows = sorted((name, *cell) for name, cell in named if selection.takes_key(name))
            if rows and selection.takes_set(scope, owner):
                yield PreferenceSet(scope, owner, rows)

    def _deltas_since(self, app: str, revision: int) -> Iterator[Sequence[Delta]]:
        """Give what each changeset from a revision on changed, newest first."""
        for record in reversed(self._state.records(app, revision)):
            yield record.deltas

    def _rows(self, app: str, where: Place, selection: Selection = Selection()) -> list[Row]:
        held = self._state.app(app)
        named = ((held.keys[uuid].name, cell) for uuid, cell in held.sets.get(where, {}).items())
        return sorted(
            (name, *cell) for name, cell in named if name is not None and selection.takes_key(name)
        )

    def keys(self, app: str) -> list[KeyState]:
        held = self._state.app(app)
        return [
            KeyState(name, uuid, sum(uuid in cells for cells in held.sets.values()))
            for name, uuid in sorted(held.uuids.items())
        ]

    def uuid(self, app: str, key: str, *, at: int | None = None) -> str | None:
        held = self._state.app(app)
        if at is None:
            return held.uuids.get(key)
        return next((one.uuid for one in held.keys.values() if one.name_at(at) == key), None)

    def names(self, app: str) -> dict[str, tuple[tuple[int, str | None], ...]]:
        told = {uuid: names_told(key.names) for uuid, key in self._state.app(app).keys.items()}
        return {uuid: names for uuid, names in told.items() if names}

    def held(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        for scope, owner in sorted(self._state.app(app).sets):
            held = self._state.app(app)
            cell = held.sets.get((scope, owner), {}).get(held.uuids.get(key, ""))
            if cell is not None:
                yield scope, owner, (key, *cell)

    def schema(self, app: str, version: str) -> str | None:
        schema = self._state.app(app).schemas.get(version)
        return schema.text if schema else None

    def schema_versions(self, app: str) -> list[SchemaVersion]:
        return [schema.info for schema in self._state.app(app).schemas.values()]

    def changesets(self, app: str | None = None) -> Iterator[Changeset]:
        for record in reversed(self._state.log):
            if app is None or record.bare.app == app:
                yield record.changeset

    def changeset(self, id: str) -> Changeset:
        found = [record for record in self._state.log if record.bare.id.startswith(id)]
        if len(found) != 1:
            many = f"{len(found)} changesets begin" if found else "no changeset begins"
            raise NotFound(f"{many} with '{id}'; `history` lists them", changeset=id)
        return found[0].changeset

    def pruned(self, app: str) -> int:
        return self._state.app(app).pruned

    def changes(self, revision: int) -> Iterator[Change | Rename]:
        if 1 <= revision <= len(self._state.log):
            record = self._state.log[revision - 1]
            through = self.pruned(record.bare.app)
            if is_pruned(record.bare, through):
                raise pruned_refusal(
                    f"what changeset {record.bare.id[:8]} changed is not known any more",
                    record.bare.app,
                    revision=revision,
                    through=through,
                )
            yield from record.renames
            for delta in record.deltas:
                yield self._change(record.bare.app, revision, delta)

    def _change(self, app: str, revision: int, delta: Delta) -> Change:
        key = self._state.app(app).keys[delta.uuid]
        return Change(
            *delta.place,
            key.name_in(revision),
            delta.before and _entry(key.name_before(revision), delta.before),
            delta.after and _entry(key.name_in(revision), delta.after),
        )

    def history(
        self, app: str, scope: str, owner: str, key: str
    ) -> Iterator[tuple[Changeset, Change]]:
        uuid, where = self._state.app(app).uuids.get(key), (scope, owner)
        for record in reversed(self._state.records(app)):
            for delta in record.deltas:
                if delta.uuid == uuid and delta.place == where:
                    yield record.changeset, self._change(app, record.bare.revision, delta)

    def edits_since(
        self, app: str, revision: int, *, ignoring: Collection[int] = ()
    ) -> Iterator[Edit]:
        keys = self._state.app(app).keys
        refuse_older(
            self.pruned(app), app, revision - 1, f"the changes from revision {revision} on"
        )
        edits: dict[tuple[Place, str], Edit] = {}
        for record in self._state.records(app, revision):
            now = record.bare.revision
            for delta in record.deltas:
                key, entry = keys[delta.uuid], (delta.place, delta.uuid)
                name = key.name_in(now)
                if entry not in edits:
                    before = delta.before and (key.name_before(revision), *delta.before)
                    earlier = key.name_at(revision - 1)
                    name_then = name if earlier is None else earlier
                    edits[entry] = Edit(
                        *delta.place, name_then, before, None, None, key.name, key.uuid
                    )
                if now not in ignoring:
                    after = delta.after and (name, *delta.after)
                    edits[entry] = attrs.evolve(edits[entry], key=name, edit=after, edited_in=now)
        yield from sorted(
            edits.values(),
            key=lambda one: (one.scope, one.owner, one.key, one.now == one.key, one.uuid),
        )

    def parked(self, app: str, key: str) -> Iterator[tuple[str, str, Row]]:
        uuid = self._state.app(app).uuids.get(key)
        last: dict[Place, tuple[str, Delta]] = {}
        for kind, deltas in self._acts(app):
            last.update((delta.place, (kind, delta)) for delta in deltas if delta.uuid == uuid)
        for where, (kind, delta) in sorted(last.items(), key=lambda item: item[0]):
            if kind == "migrate" and delta.after is None and delta.before is not None:
                yield *where, (key, *delta.before)

    def _acts(self, app: str) -> Iterator[tuple[str, Sequence[Delta]]]:
        """Give kind and deltas of each act, oldest first."""
        for record in self._state.records(app):
            yield record.bare.kind, record.deltas

    def audit(self, *, since: int = 1) -> Iterator[AuditRecord]:
        yield from self._state.audit[max(since, 1) - 1 :]

    def log(self) -> Iterator[Logged]:
        for record, link in zip(self._state.log, self._state.audit, strict=True):
            one = record.bare
            keys = self._state.app(one.app).keys
            texts = (
                (
                    *delta.place,
                    keys[delta.uuid].name_in(one.revision),
                    delta.before and delta.before[0],
                    delta.after and delta.after[0],
                )
                for delta in record.deltas
            )
            yield Logged(record.changeset, link, record.renames, texts)

    def records(self) -> Iterator[Record]:
        for part in parts(self._state):
            yield part.record()


def _entry(key: str, cell: Cell) -> Entry:
    return Entry.from_row((key, *cell))
