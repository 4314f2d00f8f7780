"""Reading the log: changesets and their changes, each checked with those before it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from operator import lt
from typing import cast

from prefcore.audit import FIRST, Pruning, chain, is_pruned
from prefcore.full_state.fields import UUID, Fields, is_canonical, is_time
from prefcore.full_state.parts import Before, ChangesetPart, ChangesPart
from prefcore.model import Changeset, Rename, Scope, from_micros, set_fault
from prefcore.model.sets import place
from prefcore.values import from_text

__all__ = ["LogReader", "known_app"]

_HEX = re.compile(r"[0-9a-f]{64}")
_SCOPES = frozenset(map(str, Scope))
_ARRAYS = (list, tuple)
_TYPES_BEFORE = (int, str, int, str, str)
#: Canonical at sight; other texts are decoded and encoded again.
_PLAIN = re.compile(r'"[^"\\\x00-\x1f\ud800-\udfff]*+"|true|false|null|0|-?[1-9][0-9]{0,17}')


def known_app(fields: Fields, apps: Collection[str]) -> str:
    """Give the application that a record is of."""
    app = fields.text("app")
    if app not in apps:
        fields.fail(f"there is no application {app[:80]!r} among the records")
    return app


class LogReader:
    """Remembers of the log so far what later records have to go with.

    By application: ``versions`` has the one in force, ``pruned`` the revision up to which there are
    no changes, ``keys`` the numbers of keys; by number of a key, ``named_since`` has the revision
    that named it. The reader of the records before the log fills them.
    """

    def __init__(
        self,
        versions: Mapping[str, str | None],
        pruned: Mapping[str, int],
        keys: Mapping[str, range],
        named_since: Sequence[int],
    ) -> None:
        self._versions = versions
        self._pruned = pruned
        self._keys = keys
        self._named_since = named_since
        self._told: dict[str, int] = {}  # up to which revision the log says that it was pruned
        self._lost: dict[str, int] = {}  # the last revision that has no changes any more
        self._revision = 0
        self._link = FIRST
        self._reached: dict[str, str | None] = {}  # versions that the log leaves in force
        self._app = ""  # of the changeset that changes are of
        self._changes_due = 0
        self._last_place: tuple[str, str] = ("", "")
        self._last_added = self._last_before = -1

    def changeset_part(self, fields: Fields) -> ChangesetPart:
        """Give what the record of a changeset tells."""
        self._end_changeset(fields)
        details = fields.canonical("details")
        renames = fields.pairs("renames", (str,), (str,))
        one = Changeset(
            id=fields.text("id"),
            revision=fields.count("revision"),
            app=known_app(fields, self._versions),
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
        if not UUID.fullmatch(one.id):
            fields.fail("'id' is no UUID")
        if not _HEX.fullmatch(part.digest):
            fields.fail("'digest' is not 64 hexadecimal digits")
        if part.chain != chain(self._link, one.revision, part.digest):
            fields.fail(f"the audit chain is broken at revision {one.revision}")
        if one.schema_before != self._reached.get(one.app):
            fields.fail(f"it says that {one.app} was at another schema version before it")
        self._reached[one.app] = one.schema_after
        self._revision, self._link, self._app = one.revision, part.chain, one.app
        self._changes_due = 0 if self._is_pruned(one) else one.changes
        self._last_place = ("", "")
        return part

    def changes_part(self, fields: Fields) -> ChangesPart:
        """Give what a record of changes tells, which is of the changeset before it."""
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

    def _is_pruned(self, one: Changeset) -> bool:
        """Say whether a changeset has no changes any more; and note what it says that it pruned."""
        pruning = Pruning.told_by(one)
        if pruning is not None and self._told.get(one.app, 0) < pruning.through < one.revision:
            self._told[one.app] = pruning.through
        if not is_pruned(one, self._pruned.get(one.app, 0)):
            return False
        self._lost[one.app] = one.revision
        return True

    def end(self, fields: Fields) -> None:
        """Look at what can only be judged when all records were read."""
        self._end_changeset(fields)
        for app, version in self._versions.items():
            if app not in self._reached or self._reached[app] != version:
                fields.fail(f"the log does not leave {app} at schema {version}")
            told = {each.get(app, 0) for each in (self._pruned, self._told, self._lost)}
            if len(told) > 1:
                fields.fail(f"the log of {app} is not pruned as it says")


def _check_rows(rows: Sequence[Before], fields: Fields) -> None:
    for row in rows:
        if type(row) not in _ARRAYS or tuple(map(type, row)) != _TYPES_BEFORE:
            fields.fail("what stood before is not key, text, time, source and actor")
        if not is_time(row[2]):
            fields.fail("a time is not in the years 1 to 9999")
        if not _PLAIN.fullmatch(row[1]) and not is_canonical(row[1]):
            fields.fail("the text of a value is not canonical")
