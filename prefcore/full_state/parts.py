"""Parts: the things that records of a full state tell of, and how each becomes its record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from prefcore.model import Changeset, Record, Rename, to_micros
from prefcore.values import canonical_text

__all__ = [
    "AppPart",
    "Before",
    "ChangedKey",
    "ChangesPart",
    "ChangesetPart",
    "KeyPart",
    "Part",
    "PrunedPart",
    "SchemaPart",
    "changes_parts",
    "names_told",
]

#: What stood before a change: number of the key, canonical text, time in µs, source, actor.
Before: TypeAlias = tuple[int, str, int, str, str]
#: A changed key: its number, and what stood before, the text being None where nothing did.
ChangedKey: TypeAlias = tuple[int, str | None, int, str, str]

#: A record of changes is full with so many keys, or so many characters of values.
_MOST_KEYS = 1000
_MOST_TEXT = 1 << 20


@attrs.frozen
class AppPart:
    """An application, and its schema version in force."""

    app: str
    schema: str | None

    def record(self) -> Record:
        """Give the record that says so."""
        return Record("app", {"app": self.app, "schema": self.schema})


@attrs.frozen
class PrunedPart:
    """That an application's history was pruned: the last revision that lost its changes."""

    app: str
    revision: int

    def record(self) -> Record:
        """Give the record that says so."""
        return Record("pruned", {"app": self.app, "revision": self.revision})


@attrs.frozen(kw_only=True)
class SchemaPart:
    """A registered schema version; times are µs since 1970 UTC, ``facts`` a canonical text."""

    app: str
    version: str
    text: str
    declarations: Mapping[str, str]
    registered_at: int
    registered_by: str
    applied_at: int | None = None
    applied_by: str = ""
    facts: str = "{}"

    def record(self) -> Record:
        """Give the record that says so."""
        return Record("schema", attrs.asdict(self, recurse=False))


@attrs.frozen
class KeyPart:
    """A key: its number in the document, its UUID, and its names by the revision that gave them.

    A name of None was given up. ``displaced`` is the number of the key whose name it took.
    """

    app: str
    id: int
    uuid: str
    names: tuple[tuple[int, str | None], ...]
    displaced: int | None = None

    @property
    def name(self) -> str | None:
        """The name it has today."""
        return self.names[-1][1] if self.names else None

    def record(self) -> Record:
        """Give the record that says so."""
        data = {
            "app": self.app,
            "id": self.id,
            "uuid": self.uuid,
            "names": list(map(list, self.names)),
            "displaced": self.displaced,
        }
        return Record("key", data)


@attrs.frozen(kw_only=True)
class ChangesetPart:
    """A changeset with its renames, its details as text, and its link of the audit chain."""

    changeset: Changeset
    details: str
    renames: tuple[Rename, ...]
    algorithm: str
    digest: str
    chain: str

    def record(self) -> Record:
        """Give the record that says so."""
        one = self.changeset
        data = {
            "revision": one.revision,
            "id": one.id,
            "app": one.app,
            "actor": one.actor,
            "kind": one.kind,
            "at": to_micros(one.at),
            "reason": one.reason,
            "changes": one.changes,
            "schema_before": one.schema_before,
            "schema_after": one.schema_after,
            "details": self.details,
            "renames": [[rename.before, rename.after] for rename in self.renames],
            "algorithm": self.algorithm,
            "digest": self.digest,
            "chain": self.chain,
        }
        return Record("changeset", data)


@attrs.frozen
class ChangesPart:
    """What a changeset did to keys of one set: numbers of those it added, and what stood before."""

    revision: int
    scope: str
    owner: str
    added: Sequence[int]
    before: Sequence[Before]

    def record(self) -> Record:
        """Give the record that says so, with its text: there may be one for each set and act."""
        data = {
            "revision": self.revision,
            "scope": self.scope,
            "owner": self.owner,
            "added": self.added,
            "before": self.before,
        }
        quoted = canonical_text
        before = ",".join(
            f"[{key},{quoted(text)},{at},{quoted(source)},{quoted(actor)}]"
            for key, text, at, source, actor in self.before
        )
        text = (
            f'{{"added":[{",".join(map(str, self.added))}],"before":[{before}],'
            f'"owner":{quoted(self.owner)},"revision":{self.revision},'
            f'"scope":{quoted(self.scope)}}}'
        )
        return Record("changes", data, text)


Part: TypeAlias = AppPart | PrunedPart | SchemaPart | KeyPart | ChangesetPart | ChangesPart


def changes_parts(
    revision: int, scope: str, owner: str, changed: Iterable[ChangedKey]
) -> Iterator[ChangesPart]:
    """Give the parts for the changes of one set, which come by number of their keys."""
    added: list[int] = []
    before: list[Before] = []
    size = 0
    for key, text, at, source, actor in changed:
        if text is None:
            added.append(key)
        else:
            before.append((key, text, at, source, actor))
            size += len(text)
        if size >= _MOST_TEXT or len(added) + len(before) >= _MOST_KEYS:
            yield ChangesPart(revision, scope, owner, added, before)
            added, before, size = [], [], 0
    if added or before:
        yield ChangesPart(revision, scope, owner, added, before)


def names_told(names: Iterable[tuple[int, str | None]]) -> tuple[tuple[int, str | None], ...]:
    """Give a key's names as a part has them: what changes nothing is left out."""
    told: list[tuple[int, str | None]] = []
    for revision, name in names:
        if name != (told[-1][1] if told else None):
            told.append((revision, name))
    return tuple(told)
