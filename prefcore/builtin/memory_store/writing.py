"""Writing: one changeset of the memory store in the making."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import cast
from uuid import uuid4

import attrs

from prefcore.audit import FIRST, PRUNING, ChangesetDigest, Pruning, with_details
from prefcore.builtin.memory_store.pruning import pruned_log
from prefcore.builtin.memory_store.reading import View
from prefcore.builtin.memory_store.resealing import Resealing
from prefcore.builtin.memory_store.state import (
    Cell,
    Delta,
    Key,
    LogRecord,
    Place,
    Schema,
    State,
    audit_record,
)
from prefcore.errors import ConflictError, InvalidSchema, NotFound, UsageError
from prefcore.interfaces import Edit, SealedCell, Summary
from prefcore.model import (
    AuditRecord,
    Change,
    Changeset,
    Draft,
    Record,
    Rename,
    Row,
    SchemaVersion,
    Scope,
    from_micros,
    to_micros,
)
from prefcore.values import canonical_text, from_text, is_sealed_text, same_text

__all__ = ["Making"]


class Making(View):
    """A ``Transaction``: a view of a state of which one application is a copy to work on."""

    def __init__(self, base: State, draft: Draft) -> None:
        self._base = self._begun_on = base
        self._draft = attrs.evolve(draft, at=from_micros(to_micros(draft.at)))
        self._details = canonical_text(draft.details, path="details")
        self._app = base.app(draft.app).copy()
        super().__init__(attrs.evolve(base, apps={**base.apps, draft.app: self._app}))
        self._touched: set[Place] = set()
        self._renames: list[Rename] = []
        self._schema_changed = False
        self._noted = False
        self._abandoned = False
        self._ended = False
        self._result: Changeset | None = None
        self.revision = len(base.log) + 1

    def write(self, scope: str, owner: str, rows: Iterable[Row]) -> int:
        self._refuse_if_ended()
        where = (Scope.named(scope).value, owner)
        # Drawn to its end first: a source that raises has changed nothing.
        wanted = [(key, (text, at, source, by)) for key, text, at, source, by in rows]
        cells = dict(self._app.sets.get(where, {}))
        changed = 0
        for key, cell in wanted:
            uuid = self._uuid(key)
            if uuid not in cells or not same_text(cells[uuid][0], cell[0]):
                cells[uuid] = cell
                changed += 1
        self._put(where, cells)
        return changed

    def remove(self, scope: str, owner: str, keys: Iterable[str]) -> int:
        self._refuse_if_ended()
        where = (str(scope), owner)
        leaving = {self._app.uuids.get(key) for key in keys}
        cells = self._app.sets.get(where, {})
        staying = {uuid: cell for uuid, cell in cells.items() if uuid not in leaving}
        self._put(where, staying)
        return len(cells) - len(staying)

    def transform(
        self, key: str, function: Callable[[str], str | None], *, source: str = "migration"
    ) -> int:
        self._refuse_if_ended()
        uuid = self._app.uuids.get(key, "")
        found = [(where, cells) for where, cells in self._app.sets.items() if uuid in cells]
        # All are computed first: a function that raises has changed nothing.
        texts = [(where, dict(cells), function(cells[uuid][0])) for where, cells in found]
        changed = 0
        for where, cells, text in texts:
            if text == cells[uuid][0]:
                continue
            if text is None:
                del cells[uuid]
            else:
                cells[uuid] = (text, to_micros(self._draft.at), source, self._draft.actor)
            self._put(where, cells)
            changed += 1
        return changed

    def take_back(self, revision: int, *, ignoring: Collection[int]) -> Iterator[Edit]:
        edits = self.edits_since(self._draft.app, revision, ignoring=ignoring)
        for (scope, owner), group in groupby(edits, key=attrgetter("scope", "owner")):
            touched = list(group)
            held = {row[0]: row[1] for row in self.read_set(self._draft.app, scope, owner).rows}
            texts = [one.before[1] for one in touched if one.before is not None]
            texts += [held[one.key] for one in touched if one.key in held]
            edited = any(one.edited_in is not None or one.now != one.key for one in touched)
            if edited or any(map(is_sealed_text, texts)):
                yield from touched
                continue
            self.remove(scope, owner, [one.key for one in touched if one.before is None])
            self.write(scope, owner, [one.before for one in touched if one.before is not None])

    def rename(self, key: str, to: str) -> None:
        self._refuse_if_ended()
        app, uuid = self._app, self._app.uuids.get(key)
        if uuid is None or key == to:
            return
        taken = app.uuids.get(to)
        if taken is not None and any(taken in cells for cells in app.sets.values()):
            raise ConflictError(
                f"'{key}' cannot be renamed: '{to}' still holds entries; "
                "remove them first, or say which side wins",
                key=key,
                to=to,
            )
        del app.uuids[key]
        waiting = app.keys[uuid].displaced
        if waiting is not None:
            self._name(waiting, key)
        if taken is not None:
            app.keys[taken] = app.keys[taken].named(None, self.revision)
        app.keys[uuid] = attrs.evolve(app.keys[uuid], displaced=taken)
        self._name(uuid, to)
        self._renames.append(Rename(key, to))

    def register(self, version: str, text: str, *, declarations: Mapping[str, str]) -> None:
        self._refuse_if_ended()
        known = self._app.schemas.get(version)
        if known is None:
            info = SchemaVersion(
                version,
                "sha256:" + sha256(text.encode()).hexdigest(),
                registered_at=self._draft.at,
                registered_by=self._draft.actor,
            )
            self._app.schemas[version] = Schema(text, dict(declarations), info)
            self._schema_changed = True
        elif known.text != text:
            raise InvalidSchema(
                f"schema version {version} of '{self._draft.app}' is registered with another "
                "content; give the changed schema a new version",
                app=self._draft.app,
                version=version,
            )

    def apply_version(self, version: str) -> None:
        self._refuse_if_ended()
        schema = self._app.schemas.get(version)
        if schema is None:
            raise NotFound(
                f"schema version {version} of '{self._draft.app}' is not registered",
                app=self._draft.app,
                version=version,
            )
        if version != self._app.version:
            draft = self._draft
            info = attrs.evolve(schema.info, applied_at=draft.at, applied_by=draft.actor)
            self._app.schemas[version] = attrs.evolve(schema, info=info)
            self._app.version = version
            self._schema_changed = True

    def note_version(self, version: str, facts: Mapping[str, object]) -> None:
        self._refuse_if_ended()
        text = canonical_text(dict(facts))
        schema = self._app.schemas.get(version)
        if schema is None:
            raise NotFound(
                f"schema version {version} of '{self._draft.app}' is not registered",
                app=self._draft.app,
                version=version,
            )
        if canonical_text(schema.info.facts) != text:
            info = attrs.evolve(schema.info, facts=from_text(text))  # type: ignore[arg-type]  # an object
            self._app.schemas[version] = attrs.evolve(schema, info=info)
            self._schema_changed = True

    def mint(self, key: str) -> str:
        self._refuse_if_ended()
        return self._uuid(key)

    def reseal(
        self,
        function: Callable[[Sequence[SealedCell]], Sequence[str]],
        *,
        uuids: Collection[str] | None = None,
        after: object = None,
        most: int | None = None,
    ) -> object:
        self._refuse_if_ended()
        name = self._draft.app
        anew = Resealing(self._app, function, uuids)
        held = self._base.app(name).copy()
        held.sets, sets = anew.sets(held.sets), anew.sets(self._app.sets)
        log = tuple(
            anew.record(record) if record.bare.app == name else record for record in self._base.log
        )
        self._app.sets = sets  # not before: what raises has changed nothing
        self._base = attrs.evolve(self._base, apps={**self._base.apps, name: held}, log=log)
        self._state = attrs.evolve(self._base, apps={**self._base.apps, name: self._app})
        return None

    def prune(self, through: int) -> Pruning | None:
        self._refuse_if_ended()
        app = self._draft.app
        if self._draft.kind != PRUNING:
            raise UsageError(f"only a changeset of kind '{PRUNING}' prunes the history")
        found = pruned_log(self, self._base, app, through)
        if found is None:
            return None
        pruning, log = found
        self._base = attrs.evolve(self._base, log=tuple(log))
        self._app.pruned = pruning.through
        self._state = attrs.evolve(self._base, apps={**self._base.apps, app: self._app})
        self.note(pruning.as_details())
        return pruning

    def note(self, details: Mapping[str, object] | None = None) -> None:
        self._refuse_if_ended()
        self._noted = True
        told = cast(Mapping[str, object], from_text(self._details))
        self._details = canonical_text(with_details(told, details or {}), path="details")

    def pending(self) -> Iterator[Change | Rename]:
        yield from self._renames
        for delta in self._deltas():
            yield self._change(self._draft.app, self.revision, delta)

    def records(self) -> Iterator[Record]:
        raise UsageError("a changeset in the making is no whole state; take records of a snapshot")

    def summary(self) -> Summary:
        digest, counts = ChangesetDigest(), Counter[str]()
        for delta in self._deltas():
            before, after = (cell and cell[0] for cell in (delta.before, delta.after))
            key = self._app.keys[delta.uuid].name_in(self.revision)
            digest.entry(*delta.place, key, before, after)
            counts["add" if before is None else "remove" if after is None else "change"] += 1
        for one in self._renames:
            digest.rename(one.before, one.after)
        return Summary(counts["add"], counts["change"], counts["remove"], digest.hexdigest())

    def abandon(self) -> None:
        self._abandoned = True

    def result(self) -> Changeset | None:
        return self._result

    def _acts(self, app: str) -> Iterator[tuple[str, Sequence[Delta]]]:
        yield from super()._acts(app)
        if app == self._draft.app:
            yield self._draft.kind, self._deltas()

    def _deltas_since(self, app: str, revision: int) -> Iterator[Sequence[Delta]]:
        if app == self._draft.app:
            yield self._deltas()
        yield from super()._deltas_since(app, revision)

    def _refuse_if_ended(self) -> None:
        if self._ended:
            raise UsageError("this changeset has ended; begin a new one to write")

    def _uuid(self, key: str) -> str:
        """Give the UUID of the key of that name; the first time, of a new one."""
        uuid = self._app.uuids.get(key)
        if uuid is None:
            uuid = str(uuid4())
            self._app.keys[uuid] = Key(uuid, ())
            self._name(uuid, key)
        return uuid

    def _name(self, uuid: str, name: str) -> None:
        self._app.keys[uuid] = self._app.keys[uuid].named(name, self.revision)
        self._app.uuids[name] = uuid

    def _put(self, where: Place, cells: dict[str, Cell]) -> None:
        self._touched.add(where)
        self._app.sets[where] = cells
        if not cells:
            del self._app.sets[where]

    def _deltas(self) -> tuple[Delta, ...]:
        """Give what differs from the state before, in the log's order."""
        old_sets = self._base.app(self._draft.app).sets
        deltas = []
        for where in self._touched:
            old, new = old_sets.get(where, {}), self._app.sets.get(where, {})
            for uuid in old.keys() | new.keys():
                before, after = old.get(uuid), new.get(uuid)
                if before is None or after is None or not same_text(before[0], after[0]):
                    deltas.append(Delta(where, uuid, before, after))
        return tuple(sorted(deltas, key=self._log_order))

    def _log_order(self, delta: Delta) -> tuple[Place, str, bool]:
        key = self._app.keys[delta.uuid]
        return delta.place, key.name_in(self.revision), key.name is not None

    def end(self) -> None:
        """Refuse further writes."""
        self._ended = True

    def committed(self) -> State:
        """Give the state after this changeset, which is the one before if it changed nothing."""
        deltas = self._deltas()
        if self._abandoned:
            return self._begun_on
        if not (deltas or self._renames or self._schema_changed or self._noted):
            return self._base
        self._keep_old_metadata()
        draft = self._draft
        changeset = Changeset(
            str(uuid4()),
            self.revision,
            draft.app,
            draft.actor,
            draft.kind,
            draft.at,
            draft.reason,
            len(deltas),
            self._base.app(draft.app).version,
            self._app.version,
        )
        record = LogRecord(changeset, self._details, tuple(self._renames), deltas)
        self._result = record.changeset
        return State(
            self._state.apps,
            (*self._base.log, record),
            (*self._base.audit, self._link(record)),
        )

    def _keep_old_metadata(self) -> None:
        """Give entries that came back to their old text their old time, source and actor too."""
        old_sets = self._base.app(self._draft.app).sets
        for where in self._touched & self._app.sets.keys():
            old = old_sets.get(where, {})
            self._app.sets[where] = {
                uuid: old[uuid] if uuid in old and same_text(old[uuid][0], cell[0]) else cell
                for uuid, cell in self._app.sets[where].items()
            }

    def _link(self, record: LogRecord) -> AuditRecord:
        previous = self._base.audit[-1].chain if self._base.audit else FIRST
        return audit_record(record, self._app.keys, previous)
