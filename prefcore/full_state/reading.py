"""Reading: from records to parts, each checked by itself and against those before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import lt
from typing import cast

from prefcore.audit import FIRST, chain
from prefcore.errors import NewerFormat
from prefcore.full_state.fields import Fields, is_canonical, is_time
from prefcore.full_state.parts import (
    AppPart,
    Before,
    ChangesetPart,
    ChangesPart,
    KeyPart,
    Part,
    SchemaPart,
)
from prefcore.model import Changeset, Record, Rename, Scope, from_micros, set_fault
from prefcore.model.sets import place
from prefcore.values import MAX_INTEGER, from_text

__all__ = ["read_parts"]

#: The fields of each kind, in the order in which the kinds come.
_FIELDS: Mapping[str, frozenset[str]] = {
    kind: frozenset(names.split())
    for kind, names in {
        "app": "app schema",
        "schema": "app version text declarations registered_at registered_by applied_at applied_by "
        "facts",
        "key": "app id uuid names displaced",
        "changeset": "revision id app actor kind at reason changes schema_before schema_after "
        "details renames algorithm digest chain",
        "changes": "revision scope owner added before",
    }.items()
}
_ORDER = {"app": 0, "schema": 1, "key": 2, "changeset": 3, "changes": 3}
_HEX = re.compile(r"[0-9a-f]{64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SCOPES = frozenset(map(str, Scope))
_ARRAYS = (list, tuple)
_TYPES_BEFORE = (int, str, int, str, str)
#: Canonical at sight; other texts are decoded and encoded again.
_PLAIN = re.compile(r'"[^"\\\x00-\x1f\ud800-\udfff]*+"|true|false|null|0|-?[1-9][0-9]{0,17}')


def read_parts(records: Iterable[Record]) -> Iterator[Part]:
    """Give what records tell, as they are drawn.

    Whatever does not go together, as far as it shows without the sets, raises DamagedDocument,
    and what this code does not know NewerFormat; each names the record. Memory grows with the
    applications, versions and keys, not with sets or changes.
    """
    reader = _Reader()
    for number, record in enumerate(records, 1):
        yield reader.part(record, number)
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
        self._revision = 0
        self._link = FIRST
        self._reached: dict[str, str | None] = {}  # versions that the log leaves in force
        self._app = ""  # of the changeset that changes are of
        self._changes_due = 0
        self._last_place: tuple[str, str] = ("", "")
        self._last_added = self._last_before = -1
        self._take: Mapping[str, Callable[[Fields], Part]] = {
            "app": self._app_part,
            "schema": self._schema_part,
            "key": self._key_part,
            "changeset": self._changeset_part,
            "changes": self._changes_part,
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
        if stage == 3 > self._stage:
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

    def _schema_part(self, fields: Fields) -> SchemaPart:
        applied = None if fields.is_none("applied_at") else fields.time("applied_at")
        part = SchemaPart(
            app=self._known_app(fields),
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
            self._known_app(fields),
            fields.count("id"),
            fields.text("uuid"),
            tuple(cast("list[tuple[int, str | None]]", names)),
            displaced,
        )
        number = sum(map(len, self._keys.values()))
        if part.id != number or (part.app, part.uuid) <= self._last_key:
            fields.fail("keys are not numbered and sorted by application and UUID")
        if not _UUID.fullmatch(part.uuid):
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

    def _known_app(self, fields: Fields) -> str:
        app = fields.text("app")
        if app not in self._versions:
            fields.fail(f"there is no application {app[:80]!r} among the records")
        return app

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

    # -------------------------------------------------------------------------------- the log

    def _changeset_part(self, fields: Fields) -> ChangesetPart:
        self._end_changeset(fields)
        details = fields.canonical("details")
        renames = fields.pairs("renames", (str,), (str,))
        one = Changeset(
            id=fields.text("id"),
            revision=fields.count("revision"),
            app=self._known_app(fields),
            actor=fields.text("actor"),
            kind=fields.text("kind"),
            at=from_micros(fields.time("at")),
            reason=fields.text("reason"),
            changes=fields.count("changes"),
            schema_before=fields.text_or_none("schema_before"),
            schema_after=fields.text_or_none("schema_after"),
            details=cast("Mapping[str, object]", from_text(details)),
        )
        part = ChangesetPart(
            changeset=one,
            details=details,
            renames=tuple(Rename(str(before), str(after)) for before, after in renames),
            algorithm=fields.text("algorithm"),
            digest=fields.text("digest"),
            chain=fields.text("chain"),
        )
        if one.revision != self._revision + 1:
            fields.fail(f"revision {one.revision} follows on {self._revision}")
        if not _UUID.fullmatch(one.id):
            fields.fail("'id' is no UUID")
        if not _HEX.fullmatch(part.digest):
            fields.fail("'digest' is not 64 hexadecimal digits")
        if part.chain != chain(self._link, one.revision, part.digest):
            fields.fail(f"the audit chain is broken at revision {one.revision}")
        if one.schema_before != self._reached.get(one.app):
            fields.fail(f"it says that {one.app} was at another schema version before it")
        self._reached[one.app] = one.schema_after
        self._revision, self._link, self._app = one.revision, part.chain, one.app
        self._changes_due = one.changes
        self._last_place = ("", "")
        return part

    def _changes_part(self, fields: Fields) -> ChangesPart:
        part = ChangesPart(
            fields.count("revision"),
            fields.text("scope"),
            fields.text("owner"),
            cast("list[int]", fields.array("added")),
            cast("list[Before]", fields.array("before")),
        )
        now = (part.scope, part.owner)
        if part.revision != self._revision or not self._revision:
            fields.fail(f"it is of revision {part.revision}, among those of {self._revision}")
        if part.scope not in _SCOPES or set_fault(part.scope, part.owner):
            fields.fail(f"there is no set {place(part.scope[:40], part.owner[:40])!r}")
        if now != self._last_place:
            if now < self._last_place:
                fields.fail(f"the set {place(*now)} is out of order")
            self._last_place = now
            self._last_added = self._last_before = -1
        _check_rows(part.before, fields)
        numbers = [row[0] for row in part.before]
        self._last_added = self._checked_keys(part.added, self._last_added, fields)
        self._last_before = self._checked_keys(numbers, self._last_before, fields)
        if not set(numbers).isdisjoint(part.added):
            fields.fail("a key stands twice")
        self._changes_due -= len(part.added) + len(numbers)
        return part

    def _checked_keys(self, keys: Sequence[int], last: int, fields: Fields) -> int:
        """Give the last of some numbers of keys; they ascend, after ``last``."""
        if not keys:
            return last
        if set(map(type, keys)) != {int} or not all(map(lt, keys, islice(keys, 1, None))):
            fields.fail("the numbers of keys do not ascend")
        mine = self._keys[self._app]
        if keys[0] not in mine or keys[-1] not in mine or keys[0] <= last:
            fields.fail(f"the numbers of keys are not those of {self._app}, each once")
        if max(map(self._named_since.__getitem__, keys)) > self._revision:
            fields.fail(f"a key is changed in revision {self._revision} that was not there yet")
        return keys[-1]

    def _end_changeset(self, fields: Fields) -> None:
        if self._changes_due:
            fields.fail(
                f"revision {self._revision} counts {abs(self._changes_due)} changes "
                f"{'more' if self._changes_due > 0 else 'less'} than there are"
            )

    def end(self) -> None:
        """Look at what can only be judged when all records were read."""
        fields = Fields(Record("the last one", {}), self._number, frozenset())
        if self._stage < 3:
            self._end_keys(fields)
        self._end_changeset(fields)
        for app, version in self._versions.items():
            if app not in self._reached or self._reached[app] != version:
                fields.fail(f"the log does not leave {app} at schema {version}")


def _check_rows(rows: Sequence[Before], fields: Fields) -> None:
    for row in rows:
        if type(row) not in _ARRAYS or tuple(map(type, row)) != _TYPES_BEFORE:
            fields.fail("what stood before is not key, text, time, source and actor")
        if not is_time(row[2]):
            fields.fail("a time is not in the years 1 to 9999")
        if not _PLAIN.fullmatch(row[1]) and not is_canonical(row[1]):
            fields.fail("the text of a value is not canonical")
