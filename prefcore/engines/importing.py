"""Importing: a file becomes sets, sets are checked and merged into the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

import attrs

from prefcore.canonical import Tally
from prefcore.errors import (
    AppMismatch,
    DamagedDocument,
    ForeignFile,
    InvalidValue,
    PluginMissing,
    PolicyRefused,
    PrefcoreError,
    UnknownKey,
    UsageError,
)
from prefcore.interfaces import (
    CONFLICT,
    FormatInfo,
    Limits,
    MergeStrategyInfo,
    Sides,
    Transaction,
)
from prefcore.merge import Decision, Side, Undecided, merge_rows
from prefcore.migration import Edge, Rows
from prefcore.model import (
    Conflict,
    Document,
    Header,
    PlainDocument,
    PlanItem,
    PreferenceSet,
    Row,
    Scope,
    Selection,
    place,
    to_micros,
)
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument
from prefcore.security import is_telling_name
from prefcore.values import UNSET, canonical_text, from_text

__all__ = [
    "ImportRequest",
    "Imported",
    "import_document",
    "naming_file",
    "opened_document",
    "pick_format",
]


@attrs.frozen(kw_only=True)
class ImportRequest:
    """What an import is asked to do.

    ``path`` is read twice (for the plan, for the act); ``name`` is what messages call it. ``into``
    is the set that a plain file goes to. ``merge`` are (key glob, strategy id) pairs, the first
    that matches decides, ``strategy`` where none does. ``keep_unknown`` takes keys that the
    schema does not declare.
    """

    path: Path
    name: str
    format: str | None = None
    into: tuple[str, str] = ("user", "")
    selection: Selection = Selection()
    strategy: str = "fail"
    merge: tuple[tuple[str, str], ...] = ()
    keep_unknown: bool = False
    from_schema: str | None = None
    limits: Limits = attrs.field(factory=Limits)


@attrs.frozen
class Imported:
    """An opened file: the format found, and what it holds."""

    format: FormatInfo
    document: Document | PlainDocument

    @property
    def header(self) -> Header | None:
        """The document's header; None for a plain file."""
        return self.document.header if isinstance(self.document, Document) else None


def pick_format(name: str, head: bytes, formats: Iterable[FormatInfo]) -> FormatInfo:
    """Give the format of a file by its first bytes, then by its suffix.

    Raises ForeignFile, listing the formats, when none or several fit.
    """
    formats = sorted(formats, key=lambda one: one.id)
    if not formats:
        raise PluginMissing("no format is installed; `pip install prefcore-json` brings JSON")
    known = ", ".join(one.id for one in formats)
    by_content = [one for one in formats if one.detect(head)]
    by_suffix = [one for one in formats if any(name.endswith(end) for end in one.suffixes)]
    if len(by_content) == 1:
        return by_content[0]
    candidates = [one for one in by_content if one in by_suffix] or by_content
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        ids = ", ".join(one.id for one in candidates)
        raise ForeignFile(f"{name} may be {ids}; say which with --format", file=name)
    raise ForeignFile(
        f"{name} is in no format known here (known: {known}); its plugin may be missing",
        file=name,
    )


@contextmanager
def naming_file(name: str) -> Iterator[None]:
    """Put the file's name before what its format says of a line or byte in it."""
    try:
        yield
    except PrefcoreError as error:
        if error.facts.keys().isdisjoint(("line", "byte")) or "file" in error.facts:
            raise
        raise type(error)(f"{name}: {error.message}", **error.facts, file=name) from error


def opened_document(
    source: BinaryIO, request: ImportRequest, formats: Iterable[FormatInfo]
) -> Imported:
    """Detect the format of a file and open it; errors name the file."""
    head = source.read(4096)
    source.seek(0)
    found = {one.id: one for one in formats}
    if request.format is None:
        format = pick_format(request.name, head, found.values())
    else:
        format = found[request.format]
    return Imported(format, format.factory().read(source, request.limits))


def import_document(
    transaction: Transaction,
    builder: PlanBuilder,
    imported: Imported,
    request: ImportRequest,
    *,
    schema: SchemaDocument,
    path: tuple[Edge, ...],
    upwards: bool,
    strategies: Mapping[str, MergeStrategyInfo],
    at: datetime,
    actor: str,
) -> None:
    """Check and merge every selected set, writing what the merge takes and telling the builder.

    ``path`` leads from the document's schema version to the store's. Nothing here commits: the
    caller abandons the transaction where the builder says that something stands in the way.
    """
    walk = _Walk(transaction, builder, request, schema, path, upwards, strategies, at, actor)
    document = imported.document
    if isinstance(document, PlainDocument):
        walk.take(walk.plain_set(document.values))
        return
    if document.header.app != schema.app:
        raise AppMismatch(
            f"{request.name} holds preferences of {document.header.app}, not of {schema.app}",
            file=request.name,
        )
    tally = Tally(document.header)
    for one in tally.sets(document.sets):
        if request.selection.takes_set(one.scope, one.owner):
            walk.take(one)
    for _ in tally.records(document.records):
        pass  # an import takes the values; the history of another store is for a restore
    told, counted = document.trailer(), tally.trailer()
    if told is not None and told.digest != counted.digest:
        builder.note(f"{request.name} was edited by hand since it was exported: its digest differs")
    if told is not None and (told.sets, told.entries) != (counted.sets, counted.entries):
        raise DamagedDocument(
            f"{request.name} tells of {told.sets} sets with {told.entries} entries and holds "
            f"{counted.sets} with {counted.entries}; export it anew",
            file=request.name,
        )


class _Walk:
    """One import on its way through the sets of a document."""

    def __init__(
        self,
        transaction: Transaction,
        builder: PlanBuilder,
        request: ImportRequest,
        schema: SchemaDocument,
        path: tuple[Edge, ...],
        upwards: bool,
        strategies: Mapping[str, MergeStrategyInfo],
        at: datetime,
        actor: str,
    ) -> None:
        self._transaction = transaction
        self._builder = builder
        self._request = request
        self._schema = schema
        self._path = path
        self._upwards = upwards
        self._strategies = strategies
        self._at = to_micros(at)
        self._actor = actor
        self._verdicts: dict[tuple[str, str, str], PrefcoreError | None] = {}
        self._resolvers: dict[str, Callable[[Side], Row | None]] = {}

    def plain_set(self, values: Mapping[str, object]) -> PreferenceSet:
        """Give the set that a plain file's values make in the set chosen for them."""
        found, unknown = self._schema.flatten(values)
        for name in unknown:
            found[name] = _at_name(values, name)
        rows = [
            (key, canonical_text(value, path=key), self._at, "import", self._actor)
            for key, value in sorted(found.items())
        ]
        return PreferenceSet(*self._request.into, rows)

    def take(self, one: PreferenceSet) -> None:
        """Check one set, merge it into the store's, and write what changes."""
        scope = Scope.named(one.scope)
        if (scope is Scope.SYSTEM) != (one.owner == ""):
            raise DamagedDocument(f"{one.place}: only the system scope has no owner")
        theirs = {
            row[0]: row
            for row in self._at_our_version(one).rows
            if self._request.selection.takes_key(row[0]) and self._passes(one, row)
        }
        ours = {row[0]: row for row in self._transaction.read_set(
            self._schema.app, scope, one.owner).rows}  # fmt: skip
        if not ours:
            for row in theirs.values():
                self._tell("add", one, Side(row[0], None, None, row))
            self._transaction.write(scope, one.owner, theirs.values())
            return
        written, removed = [], []
        for decision in merge_rows(ours, theirs, self._resolve):
            if decision.act == "take" and decision.row is not None:
                written.append(decision.row)
            elif decision.act == "remove":
                removed.append(decision.side.key)
            self._tell_decision(one, decision)
        self._transaction.write(scope, one.owner, written)
        if removed:
            self._transaction.remove(scope, one.owner, removed)

    def _at_our_version(self, one: PreferenceSet) -> PreferenceSet:
        if not self._path:
            return one
        rows = Rows(one.rows, at=self._at, actor=self._actor)
        for edge in self._path:
            if edge.step is not None and self._upwards:
                edge.step.up(rows)
            elif edge.step is not None:
                edge.step.down(rows)
        return PreferenceSet(one.scope, one.owner, rows)

    def _passes(self, one: PreferenceSet, row: Row) -> bool:
        """Check a row, with the same verdict for the same text; tell the builder of a refusal."""
        key, text = row[:2]
        seen = (one.scope, key, text)
        if seen not in self._verdicts:
            if len(self._verdicts) > 100_000:
                self._verdicts.clear()
            self._verdicts[seen] = self._fault(one, key, text)
        fault = self._verdicts[seen]
        if fault is None:
            return True
        item = PlanItem("refuse", key, one.scope, one.owner, reason=fault.message)
        self._builder.refuse(item, fault)
        return False

    def _fault(self, one: PreferenceSet, key: str, text: str) -> PrefcoreError | None:
        where = place(one.scope, one.owner)
        try:
            if key not in self._schema.preferences:
                if not self._request.keep_unknown:
                    self._schema.preference(key)
                if is_telling_name(key):
                    raise PolicyRefused(
                        f"{where} {key} looks like a secret by its name; secrets cannot be "
                        "stored yet, leave it out with --key",
                        key=key,
                    )
                return None
            preference = self._schema.preference(key)
            if preference.sensitive:
                raise PolicyRefused(
                    f"{where} {key} is sensitive; secrets cannot be stored yet", key=key
                )
            self._schema.validate(key, from_text(text), scope=one.scope, place=where)
        except UnknownKey as error:
            return UnknownKey(
                f"{where}: {error.message}; --unknown keep takes keys the schema does not declare",
                key=key,
            )
        except (InvalidValue, PolicyRefused) as error:
            return error
        return None

    def _resolve(self, side: Side) -> Row | None:
        resolver = self._resolvers.get(side.key)
        if resolver is None:
            resolver = self._resolvers[side.key] = self._resolver(side.key)
        return resolver(side)

    def _resolver(self, key: str) -> Callable[[Side], Row | None]:
        chosen = next((id for glob, id in self._request.merge if fnmatchcase(key, glob)), None)
        preference = self._schema.preferences.get(key)
        chosen = chosen or (preference.merge if preference else None) or self._request.strategy
        strategy = self._strategies.get(chosen)
        if strategy is None:
            raise UsageError(
                f"there is no merge strategy '{chosen}'; known are "
                f"{', '.join(sorted(self._strategies))}",
                strategy=chosen,
            )

        def resolve(side: Side) -> Row | None:
            merged = strategy.resolve(Sides(**side.values()))  # type: ignore[arg-type]  # by name
            if merged is CONFLICT:
                raise Undecided
            if merged is UNSET:
                return None
            text = canonical_text(merged, path=side.key)
            for row in (side.ours, side.theirs, side.base):
                if row is not None and row[1] == text:
                    return row
            return (side.key, text, self._at, "import", self._actor)

        return resolve

    def _tell_decision(self, one: PreferenceSet, decision: Decision) -> None:
        side = decision.side
        if decision.act == "conflict":
            self._builder.conflict(
                Conflict(
                    one.scope,
                    one.owner,
                    side.key,
                    ours=_value(side.ours),
                    theirs=_value(side.theirs),
                    reason="both sides hold different values; choose with --merge ours or theirs",
                )
            )
        elif decision.act == "take":
            self._tell("change" if side.ours else "add", one, side, decision.row)
        elif decision.act == "remove":
            self._tell("remove", one, side)
        elif decision.act == "same":
            self._builder.counts["unchanged"] += 1
        elif side.theirs is not None:
            self._builder.counts["kept"] += 1

    def _tell(self, act: str, one: PreferenceSet, side: Side, row: Row | None = None) -> None:
        after = row or (side.theirs if act == "add" else None)
        self._builder.add(
            PlanItem(act, side.key, one.scope, one.owner, _value(side.ours), _value(after))
        )


def _value(row: Row | None) -> object:
    return UNSET if row is None else from_text(row[1])


def _at_name(values: Mapping[str, object], name: str) -> object:
    """Give the value that a dotted name has in an object that nests by any of its dots."""
    if name in values:
        return values[name]
    for head in (name[:i] for i, sign in enumerate(name) if sign == "."):
        inner = values.get(head)
        if isinstance(inner, Mapping):
            try:
                return _at_name(inner, name[len(head) + 1 :])
            except KeyError:
                continue
    raise KeyError(name)
