"""What the memory store holds: one frozen state of applications, log and audit chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import attrs

from prefcore.audit import ALGORITHM, ChangesetDigest, chain
from prefcore.model import AuditRecord, Changeset, Rename, SchemaVersion
from prefcore.values import from_text

__all__ = ["Cell", "Delta", "Held", "Key", "LogRecord", "Place", "Schema", "State", "audit_record"]

#: An entry without its key: canonical text, updated_at in µs, source, actor.
Cell = tuple[str, int, str, str]
#: Scope and owner.
Place = tuple[str, str]


@attrs.frozen
class Key:
    """A key: its UUID and its names, each with the revision that gave it (None: it gave it up).

    ``displaced`` is the UUID of the key that gave its name up to this one, and waits for it.
    """

    uuid: str
    names: tuple[tuple[int, str | None], ...]
    displaced: str | None = None

    @property
    def name(self) -> str | None:
        """The name it has today."""
        return self.names[-1][1]

    def name_at(self, revision: int) -> str | None:
        """Give the name right after that revision."""
        return next((name for since, name in reversed(self.names) if since <= revision), None)

    def name_in(self, revision: int) -> str:
        """Give the name for the log: right after that revision, or the one given up in it."""
        name = self.name_at(revision)
        return self.name_before(revision) if name is None else name

    def name_before(self, revision: int) -> str:
        """Give the name right before a revision, at which the key is known to have had one."""
        name = self.name_at(revision - 1)
        if name is None:
            raise AssertionError(f"key {self.uuid} had no name before revision {revision}")
        return name

    def named(self, name: str | None, revision: int) -> Key:
        """Give the key with a new name from that revision on."""
        earlier = tuple(item for item in self.names if item[0] < revision)
        return attrs.evolve(self, names=(*earlier, (revision, name)))


@attrs.frozen
class Schema:
    """A registered schema version."""

    text: str
    declarations: Mapping[str, str]
    info: SchemaVersion


@attrs.define
class Held:
    """What the store holds of one application; no set is ever empty.

    ``pruned`` is the revision up to which its changesets have no changes any more.
    """

    version: str | None = None
    schemas: dict[str, Schema] = attrs.field(factory=dict)
    keys: dict[str, Key] = attrs.field(factory=dict)
    uuids: dict[str, str] = attrs.field(factory=dict)
    sets: dict[Place, dict[str, Cell]] = attrs.field(factory=dict)
    pruned: int = 0

    def copy(self) -> Held:
        """Give a copy to work on; the sets themselves are shared, and replaced, never changed."""
        return Held(
            self.version,
            dict(self.schemas),
            dict(self.keys),
            dict(self.uuids),
            dict(self.sets),
            self.pruned,
        )


@attrs.frozen
class Delta:
    """One changed entry of the log."""

    place: Place
    uuid: str
    before: Cell | None
    after: Cell | None


@attrs.frozen
class LogRecord:
    """One changeset of the log. Its details are kept as text, which nobody can change."""

    bare: Changeset
    details: str
    renames: tuple[Rename, ...]
    deltas: tuple[Delta, ...]

    @property
    def changeset(self) -> Changeset:
        """The changeset with details of the caller's own."""
        details = cast(Mapping[str, object], from_text(self.details))
        return attrs.evolve(self.bare, details=details)


@attrs.frozen
class State:
    """All that was committed. ``log[n]`` has revision n + 1."""

    apps: Mapping[str, Held] = attrs.field(factory=dict)
    log: tuple[LogRecord, ...] = ()
    audit: tuple[AuditRecord, ...] = ()

    def app(self, name: str) -> Held:
        """Give what is held of an application, or nothing's empty form."""
        return self.apps.get(name) or Held()

    def records(self, app: str, since: int = 1) -> list[LogRecord]:
        """Give one application's part of the log, oldest first."""
        return [record for record in self.log[max(since, 1) - 1 :] if record.bare.app == app]


def audit_record(record: LogRecord, keys: Mapping[str, Key], previous: str) -> AuditRecord:
    """Give a changeset's link of the audit chain, made from the log alone."""
    one, digest = record.bare, _digest(record, keys)
    link = chain(previous, one.revision, digest)
    return AuditRecord(
        one.revision,
        one.id,
        one.at,
        one.actor,
        one.kind,
        one.reason,
        one.changes,
        ALGORITHM,
        digest,
        link,
    )


def _digest(record: LogRecord, keys: Mapping[str, Key]) -> str:
    one = record.bare
    digest = ChangesetDigest()
    digest.entries(
        (
            *delta.place,
            keys[delta.uuid].name_in(one.revision),
            delta.before and delta.before[0],
            delta.after and delta.after[0],
        )
        for delta in record.deltas
    )
    for rename in record.renames:
        digest.rename(rename.before, rename.after)
    digest.facts(record.changeset)
    return digest.hexdigest()
