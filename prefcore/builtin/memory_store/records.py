"""Records: a state as the parts of a full state, and a state made of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import groupby

import attrs

from prefcore.builtin.memory_store.state import (
    Cell,
    Delta,
    Held,
    Key,
    LogRecord,
    Place,
    Schema,
    State,
)
from prefcore.errors import DamagedDocument
from prefcore.full_state import (
    AppPart,
    ChangedKey,
    ChangesetPart,
    ChangesPart,
    KeyPart,
    Part,
    PrunedPart,
    SchemaPart,
    changes_parts,
    names_told,
    read_parts,
)
from prefcore.model import (
    AuditRecord,
    PreferenceSet,
    Record,
    SchemaVersion,
    Scope,
    from_micros,
    set_fault,
    to_micros,
)
from prefcore.values import canonical_text, from_text

__all__ = ["loaded", "parts"]

#: Application, place and key: one entry, whatever it is called.
_Entry = tuple[str, Place, str]


def parts(state: State) -> Iterator[Part]:
    """Give all of a state but its sets."""
    apps = sorted({record.bare.app for record in state.log})
    for app in apps:
        yield AppPart(app, state.app(app).version)
    for app in apps:
        if state.app(app).pruned:
            yield PrunedPart(app, state.app(app).pruned)
    for app in apps:
        for version, schema in state.app(app).schemas.items():
            yield _schema_part(app, version, schema)
    keys = [(app, uuid) for app in apps for uuid in sorted(state.app(app).keys)]
    numbers = {uuid: number for number, (_, uuid) in enumerate(keys)}
    for app, uuid in keys:
        key = state.app(app).keys[uuid]
        displaced = None if key.displaced is None else numbers[key.displaced]
        yield KeyPart(app, numbers[uuid], uuid, names_told(key.names), displaced)
    for record, link in zip(state.log, state.audit, strict=True):
        yield ChangesetPart(
            changeset=record.bare,
            details=record.details,
            renames=record.renames,
            algorithm=link.algorithm,
            digest=link.digest,
            chain=link.chain,
        )
        for (scope, owner), deltas in groupby(record.deltas, key=lambda delta: delta.place):
            changed: list[ChangedKey] = []
            for delta in deltas:
                text, at, source, actor = delta.before or (None, 0, "", "")
                changed.append((numbers[delta.uuid], text, at, source, actor))
            changed.sort()
            yield from changes_parts(record.bare.revision, scope, owner, changed)


def _schema_part(app: str, version: str, schema: Schema) -> SchemaPart:
    info = schema.info
    assert info.registered_at is not None  # every version here was registered
    return SchemaPart(
        app=app,
        version=version,
        text=schema.text,
        declarations=schema.declarations,
        registered_at=to_micros(info.registered_at),
        registered_by=info.registered_by,
        applied_at=None if info.applied_at is None else to_micros(info.applied_at),
        applied_by=info.applied_by,
        facts=canonical_text(dict(info.facts)),
    )


def loaded(sets: Iterable[PreferenceSet], records: Iterable[Record]) -> State:
    """Give the state that sets and records tell of; raises DamagedDocument."""
    loading = _Loading()
    by_name = _by_name(sets)
    for part in read_parts(records, takes_pruned=True):
        loading.part(part)
    return loading.state(by_name)


def _by_name(sets: Iterable[PreferenceSet]) -> dict[tuple[str, Place], dict[str, Cell]]:
    found: dict[tuple[str, Place], dict[str, Cell]] = {}
    last: tuple[str, Place] = ("", ("", ""))
    for one in sets:
        now = (one.app, (str(one.scope), one.owner))
        if now <= last:
            raise DamagedDocument(f"the set {one.place} is out of order; get a whole copy")
        if one.scope not in _SCOPES or set_fault(one.scope, one.owner):
            raise DamagedDocument(f"there is no set {one.place}; get a whole copy")
        last = now
        cells = found[now] = {key: (text, at, by, who) for key, text, at, by, who in one.rows}
        if len(cells) != len(one.rows):
            raise DamagedDocument(f"a key stands twice in {one.place}; get a whole copy")
    return found


_SCOPES = frozenset(map(str, Scope))


class _Loading:
    """Takes parts in order, and makes a state of them at the end."""

    def __init__(self) -> None:
        self._apps: dict[str, Held] = {}
        self._keys: list[KeyPart] = []
        self._log: list[ChangesetPart] = []
        self._ids: set[str] = set()
        self._before: list[list[tuple[_Entry, Cell | None]]] = []

    def part(self, part: Part) -> None:
        match part:
            case AppPart():
                self._apps[part.app] = Held(part.schema)
            case PrunedPart():
                self._apps[part.app].pruned = part.revision
            case SchemaPart():
                self._apps[part.app].schemas[part.version] = _schema(part)
            case KeyPart():
                self._keys.append(part)
                if part.name is not None:
                    self._apps[part.app].uuids[part.name] = part.uuid
            case ChangesetPart():
                if part.changeset.id in self._ids:
                    raise DamagedDocument(f"two changesets have the UUID {part.changeset.id}")
                self._ids.add(part.changeset.id)
                self._log.append(part)
                self._before.append([])
            case ChangesPart():
                app, where = self._log[-1].changeset.app, (part.scope, part.owner)
                changed = self._before[-1]
                for key in part.added:
                    changed.append(((app, where, self._keys[key].uuid), None))
                for key, text, at, source, actor in part.before:
                    cell = (text, at, source, actor)
                    changed.append(((app, where, self._keys[key].uuid), cell))

    def state(self, by_name: Mapping[tuple[str, Place], Mapping[str, Cell]]) -> State:
        self._put_keys()
        after = self._put_sets(by_name)
        log: list[LogRecord] = []
        for part, changed in zip(reversed(self._log), reversed(self._before), strict=True):
            deltas = []
            for entry, before in changed:
                deltas.append(Delta(entry[1], entry[2], before, after.pop(entry, None)))
                if before is not None:
                    after[entry] = before
            log.append(self._record(part, deltas))
        unknown = [entry for entry in after if not self._apps[entry[0]].pruned]
        if unknown:
            raise DamagedDocument(
                f"the state has {len(unknown)} entries that the log knows nothing of; "
                "get a whole copy"
            )
        log.reverse()
        return State(self._apps, tuple(log), tuple(map(_link, self._log)))

    def _put_keys(self) -> None:
        for part in self._keys:
            displaced = None if part.displaced is None else self._keys[part.displaced].uuid
            names = part.names or ((1, None),)
            self._apps[part.app].keys[part.uuid] = Key(part.uuid, names, displaced)

    def _put_sets(
        self, by_name: Mapping[tuple[str, Place], Mapping[str, Cell]]
    ) -> dict[_Entry, Cell]:
        """Put the sets in place; gives every entry that is held."""
        held: dict[_Entry, Cell] = {}
        for (app, where), named in by_name.items():
            if app not in self._apps:
                raise DamagedDocument(f"a set is of {app}, which is not among the records")
            uuids = self._apps[app].uuids
            unknown = named.keys() - uuids.keys()
            if unknown:
                raise DamagedDocument(f"the key {min(unknown)} of {app} is not among the records")
            cells = {uuids[name]: cell for name, cell in named.items()}
            if cells:
                self._apps[app].sets[where] = cells
            held.update(((app, where, uuid), cell) for uuid, cell in cells.items())
        return held

    def _record(self, part: ChangesetPart, deltas: list[Delta]) -> LogRecord:
        one = part.changeset
        keys = self._apps[one.app].keys

        def log_order(delta: Delta) -> tuple[Place, str, bool]:
            key = keys[delta.uuid]
            return delta.place, key.name_in(one.revision), key.name_at(one.revision) is not None

        return LogRecord(
            attrs.evolve(one, details={}),
            part.details,
            part.renames,
            tuple(sorted(deltas, key=log_order)),
        )


def _schema(part: SchemaPart) -> Schema:
    info = SchemaVersion(
        part.version,
        "sha256:" + sha256(part.text.encode()).hexdigest(),
        registered_at=from_micros(part.registered_at),
        registered_by=part.registered_by,
        applied_at=None if part.applied_at is None else from_micros(part.applied_at),
        applied_by=part.applied_by,
        facts=from_text(part.facts),  # type: ignore[arg-type]  # the reading saw to it
    )
    return Schema(part.text, dict(part.declarations), info)


def _link(part: ChangesetPart) -> AuditRecord:
    one = part.changeset
    return AuditRecord(
        one.revision,
        one.id,
        one.at,
        one.actor,
        one.kind,
        one.reason,
        one.changes,
        part.algorithm,
        part.digest,
        part.chain,
    )
