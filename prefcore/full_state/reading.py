"""Reading: from records to parts, each checked by itself and against those before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import lt
from typing import cast

from prefcore.errors import NewerFormat, PluginError
from prefcore.full_state.fields import UUID, Fields
from prefcore.full_state.log_reading import LogReader, known_app
from prefcore.full_state.parts import AppPart, KeyPart, Part, PrunedPart, SchemaPart
from prefcore.model import Record
from prefcore.values import MAX_INTEGER

__all__ = ["read_parts"]

#: The fields of each kind, in the order in which the kinds come.
_FIELDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "app": "app schema",
        "pruned": "app revision",
        "schema": "app version text declarations registered_at registered_by applied_at applied_by "
        "facts",
        "key": "app id uuid names displaced",
        "changeset": "revision id app actor kind at reason changes schema_before schema_after "
        "details renames algorithm digest chain",
        "changes": "revision scope owner added before",
    }.items()
}
_ORDER = {"app": 0, "pruned": 1, "schema": 2, "key": 3, "changeset": 4, "changes": 4}
_LOG = 4


def read_parts(records: Iterable[Record], *, takes_pruned: bool = False) -> Iterator[Part]:
    """Give what records tell, as they are drawn.

    A store that does not keep the promise of ``Transaction.prune`` cannot hold a history that was
    pruned; unless it says that it ``takes_pruned``, such a one raises PluginError.

    Whatever does not go together, as far as it shows without the sets, raises DamagedDocument,
    and what this code does not know NewerFormat; each names the record. Memory grows with the
    applications, versions and keys, not with sets or changes.
    """
    reader = _Reader()
    for number, record in enumerate(records, 1):
        part = reader.part(record, number)
        if isinstance(part, PrunedPart) and not takes_pruned:
            raise PluginError(
                f"the history of {part.app} was pruned up to revision {part.revision}, and this "
                "kind of store cannot hold that; restore it into another, such as sqlite:PATH"
            )
        yield part
    reader.end()


class _Reader:
    """Remembers of the records so far what later ones have to go with."""

    def __init__(self) -> None:
        self._stage = 0
        self._number = 0
        self._versions: dict[str, str | None] = {}  # in force, by application
        self._registered: dict[str, set[str]] = {}
        self._last_schema_app = ""
        self._keys: dict[str, range] = {}  # their numbers, by application
        self._named_since: list[int] = []  # by number
        self._last_key = ("", "")
        self._names: set[tuple[str, str]] = set()
        self._displaced: list[tuple[str, int]] = []
        self._pruned: dict[str, int] = {}  # up to which revision, by application
        self._log = LogReader(self._versions, self._pruned, self._keys, self._named_since)
        self._take: Mapping[str, Callable[[Fields], Part]] = {
            "app": self._app_part,
            "pruned": self._pruned_part,
            "schema": self._schema_part,
            "key": self._key_part,
            "changeset": self._log.changeset_part,
            "changes": self._log.changes_part,
        }

    def part(self, record: Record, number: int) -> Part:
        """Give what the next record tells."""
        names = _FIELDS.get(record.kind)
        if names is None:
            raise NewerFormat(
                f"record {number} is of a kind '{record.kind[:80]}', which this prefcore does not "
                "know; upgrade prefcore",
                record=number,
            )
        fields = Fields(record, number, names)
        stage = _ORDER[record.kind]
        if stage < self._stage:
            fields.fail("it stands too late among the records")
        if stage == _LOG > self._stage:
            self._end_keys(fields)
        self._stage = stage
        self._number = number
        return self._take[record.kind](fields)

    # ------------------------------------------------------------ applications, schemas, keys

    def _app_part(self, fields: Fields) -> AppPart:
        part = AppPart(fields.text("app"), fields.text_or_none("schema"))
        if self._versions and part.app <= max(self._versions):
            fields.fail(f"the application {part.app[:80]!r} is out of order")
        self._versions[part.app] = part.schema
        self._registered[part.app] = set()
        self._keys[part.app] = range(0)
        return part

    def _pruned_part(self, fields: Fields) -> PrunedPart:
        part = PrunedPart(known_app(fields, self._versions), fields.count("revision"))
        if part.revision == 0 or (self._pruned and part.app <= max(self._pruned)):
            fields.fail(f"that {part.app[:80]!r} was pruned is out of order, twice or of nothing")
        self._pruned[part.app] = part.revision
        return part

    def _schema_part(self, fields: Fields) -> SchemaPart:
        applied = None if fields.is_none("applied_at") else fields.time("applied_at")
        part = SchemaPart(
            app=known_app(fields, self._versions),
            version=fields.text("version"),
            text=fields.canonical("text"),
            declarations=fields.texts("declarations"),
            registered_at=fields.time("registered_at"),
            registered_by=fields.text("registered_by"),
            applied_at=applied,
            applied_by=fields.text("applied_by"),
            facts=fields.canonical("facts"),
        )
        if part.app < self._last_schema_app or part.version in self._registered[part.app]:
            fields.fail(f"schema {part.version[:80]!r} of {part.app} is out of order, or twice")
        self._last_schema_app = part.app
        self._registered[part.app].add(part.version)
        return part

    def _key_part(self, fields: Fields) -> KeyPart:
        displaced = None if fields.is_none("displaced") else fields.count("displaced")
        names = fields.pairs("names", (int,), (str, type(None)))
        part = KeyPart(
            known_app(fields, self._versions),
            fields.count("id"),
            fields.text("uuid"),
            tuple(cast("list[tuple[int, str | None]]", names)),
            displaced,
        )
        number = sum(map(len, self._keys.values()))
        if part.id != number or (part.app, part.uuid) <= self._last_key:
            fields.fail("keys are not numbered and sorted by application and UUID")
        if not UUID.fullmatch(part.uuid):
            fields.fail("'uuid' is none")
        revisions = [revision for revision, _ in part.names]
        if not all(map(lt, [0, *revisions], revisions)) or (names and names[0][1] is None):
            fields.fail("the names do not come by revision, from the first on")
        if part.name is not None:
            if (part.app, part.name) in self._names:
                fields.fail(f"two keys are called {part.name[:80]!r}")
            self._names.add((part.app, part.name))
        if displaced is not None:
            self._displaced.append((part.app, displaced))
        mine = self._keys[part.app]
        self._keys[part.app] = range(mine.start if mine else number, number + 1)
        self._last_key = (part.app, part.uuid)
        self._named_since.append(revisions[0] if revisions else MAX_INTEGER)
        return part

    def _end_keys(self, fields: Fields) -> None:
        """Look at what can only be judged when applications, schemas and keys are all there."""
        for app, version in self._versions.items():
            if version is not None and version not in self._registered[app]:
                fields.fail(f"{app} is at schema {version}, which is not among the records")
        for app, displaced in self._displaced:
            if displaced not in self._keys[app]:
                fields.fail(f"a key of {app} displaced the key {displaced}, which is not its own")
        self._names.clear()
        self._displaced.clear()

    def end(self) -> None:
        """Look at what can only be judged when all records were read."""
        fields = Fields(Record("the last one", {}), self._number, frozenset())
        if self._stage < _LOG:
            self._end_keys(fields)
        self._log.end(fields)
