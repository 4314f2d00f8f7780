"""The registry: an application's schema versions, what is said of them, and what lies between them.

Reading needs no right beyond reading. What is registered, said or deprecated is a changeset of its
own, with its link of the audit chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial

import attrs

from prefcore.engines import registering
from prefcore.errors import ConflictError, InvalidSchema, NotFound
from prefcore.facade.act import Act
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Snapshot, Transaction
from prefcore.migration import Edge
from prefcore.migration.bridging import bridge_of
from prefcore.model import Plan, PlanItem, SchemaVersion
from prefcore.planning import PlanBuilder
from prefcore.schema import Noted, SaidVerdict, SchemaDocument, Version
from prefcore.schema.compatibility import Finding, Verdict, compare

__all__ = ["Between", "Pair", "Registry", "Standing", "VersionEntry"]

_OK = Verdict.COMPATIBLE


@attrs.frozen(kw_only=True)
class VersionEntry:
    """One schema version as the registry tells it.

    ``document`` is the schema. ``record`` is the store's, None where the version is known from the
    application's own schemas alone. ``before`` is the next lower version; against it ``breaking``
    says whether some data, old code or caller is broken, ``needs_migration`` whether some data is,
    ``steps`` the ids of the migration steps on the way. All three are empty for the lowest.
    """

    document: SchemaDocument
    record: SchemaVersion | None
    noted: Noted
    is_in_force: bool
    before: str | None = None
    breaking: tuple[Finding, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The version itself."""
        return self.document.version

    @property
    def needs_migration(self) -> bool:
        """Whether data of the version before may be refused at this one."""
        return any(one.backward is not _OK for one in self.breaking)


@attrs.frozen(kw_only=True)
class Pair:
    """Whether code at ``newer`` reads data of ``older``: computed, and as somebody says.

    ``computed`` and ``verdict`` (the one that counts) are ``compatible``, ``incompatible`` or
    ``undecided``; ``findings`` are what breaks data; ``said`` is the verdict against it, if any.
    """

    older: str
    newer: str
    computed: str
    findings: tuple[Finding, ...] = ()
    said: SaidVerdict | None = None

    @property
    def verdict(self) -> str:
        """The verdict that counts."""
        return self.computed if self.said is None else self.said.verdict


@attrs.frozen(kw_only=True)
class Between:
    """One version on the way up: its steps, and what it breaks of the version before."""

    version: str
    steps: tuple[str, ...]
    breaking: tuple[Finding, ...]


@attrs.frozen(kw_only=True)
class Standing:
    """Where a store stands.

    ``current`` is the version in force; with ``is_assumed`` none is recorded, and the schema's
    baseline is taken for it. ``latest`` is the newest version known, ``between`` are the versions
    from the one to the other. ``sets`` and ``entries`` are what the store holds; ``behind`` and
    ``sets_behind`` count the entries, and the sets with such, of keys whose data a version between
    breaks.
    """

    current: str | None
    is_assumed: bool
    latest: str | None
    between: tuple[Between, ...] = ()
    sets: int = 0
    entries: int = 0
    sets_behind: int = 0
    behind: int = 0

    @property
    def is_latest(self) -> bool:
        """Whether nothing is newer than the version in force."""
        return self.current == self.latest


class Registry:
    """The registry of one application in one store; ``prefs.registry`` gives it."""

    def __init__(
        self,
        workplace: Workplace,
        version: str | None,
        plan: Callable[[Act], Plan],
    ) -> None:
        self._workplace = workplace
        self._version = version
        self._plan = plan

    # ---------------------------------------------------------------------------- reading

    def entries(self) -> Iterator[VersionEntry]:
        """Give every known version, lowest first."""
        with self._workplace.store.snapshot() as view:
            versions = self._workplace.known.versions(view)
            for i, version in enumerate(versions):
                yield self._entry(view, version, versions[i - 1] if i else None)

    def entry(self, version: str) -> VersionEntry:
        """Give one version; raises NotFound."""
        for one in self.entries():
            if one.version == version:
                return one
        raise self._no_version(version)

    def compatibility(self, older: str, newer: str) -> Pair:
        """Say whether code at one version reads data of another; raises NotFound."""
        with self._workplace.store.snapshot() as view:
            return self._pair(view, older, newer)

    def matrix(self, version: str) -> Iterator[Pair]:
        """Give a version with every other: data of lower ones, and what higher ones make of its.

        Raises NotFound.
        """
        with self._workplace.store.snapshot() as view:
            versions = self._workplace.known.versions(view)
            if version not in versions:
                raise self._no_version(version)
            place = versions.index(version)
            for other in versions[:place]:
                yield self._pair(view, other, version)
            for other in versions[place + 1 :]:
                yield self._pair(view, version, other)

    def standing(self) -> Standing:
        """Say where the store stands, and what lies between it and the newest version."""
        workplace = self._workplace
        latest = workplace.known.newest
        current = self._version
        with workplace.store.snapshot() as view:
            state = view.state(workplace.app)
            versions = workplace.known.versions(view)
            latest = versions[-1] if versions else latest
        assumed = current is None and latest is not None and bool(state.entries)
        if assumed:
            current = workplace.first_version()
        standing = Standing(
            current=current,
            is_assumed=assumed,
            latest=latest,
            sets=state.sets,
            entries=state.entries,
        )
        if current is None or latest is None or current == latest:
            return standing
        return self._with_way(standing, current, latest)

    def _with_way(self, standing: Standing, current: str, latest: str) -> Standing:
        path, _ = self._workplace.way(current, latest)
        with self._workplace.store.snapshot() as view:
            between = tuple(self._between(view, path))
            keys = {one.key for step in between for one in step.breaking if one.backward is not _OK}
            sets, entries = set(), 0
            for key in sorted(keys):
                for scope, owner, _ in view.held(self._workplace.app, key):
                    sets.add((scope, owner))
                    entries += 1
        return attrs.evolve(standing, between=between, sets_behind=len(sets), behind=entries)

    def _between(self, view: Snapshot, path: tuple[Edge, ...]) -> Iterator[Between]:
        load = partial(self._workplace.known.load, view)
        for edge in path:
            bridge = bridge_of([edge], load)
            breaking = _breaking(load(edge.older), load(edge.newer), bridge.renames)
            yield Between(version=edge.newer, steps=bridge.steps, breaking=breaking)

    def _entry(self, view: Snapshot, version: str, before: str | None) -> VersionEntry:
        workplace = self._workplace
        document, record = registering.version_named(view, workplace.known, version)
        breaking: tuple[Finding, ...] = ()
        steps: tuple[str, ...] = ()
        if before is not None:
            load = partial(workplace.known.load, view)
            path, _ = workplace.way(before, version)
            bridge = bridge_of(path, load)
            breaking, steps = _breaking(load(before), document, bridge.renames), bridge.steps
        return VersionEntry(
            document=document,
            record=record,
            noted=_noted(record),
            is_in_force=version == self._version,
            before=before,
            breaking=breaking,
            steps=steps,
        )

    def _pair(self, view: Snapshot, older: str, newer: str) -> Pair:
        known = self._workplace.known
        if Version.parse(newer) < Version.parse(older):
            older, newer = newer, older
        documents = [registering.version_named(view, known, one) for one in (older, newer)]
        (old, _), (new, record) = documents
        findings = tuple(one for one in compare(old, new).findings if one.backward is not _OK)
        computed = _OK
        if findings:
            undecided = all(one.backward is Verdict.UNDECIDED for one in findings)
            computed = Verdict.UNDECIDED if undecided else Verdict.INCOMPATIBLE
        said = _noted(record).verdicts.get(older)
        return Pair(older=older, newer=newer, computed=str(computed), findings=findings, said=said)

    def _no_version(self, version: str) -> NotFound:
        return NotFound(
            f"there is no schema version {version} of {self._workplace.app}; `prefcore schema "
            "list` shows those there are",
            version=version,
        )

    # ----------------------------------------------------------------------------- saying

    def plan_note(
        self,
        version: str,
        *,
        name: str | None = None,
        notice: str | None = None,
        minimum_application: str | None = None,
        metadata: Mapping[str, object] | None = None,
        reason: str = "",
    ) -> Plan:
        """Plan to say of a version what it is called, what to know of it, and who may work at it.

        What is None stays as it is. ``minimum_application`` is a range of the application's
        versions in node-semver's grammar. ``Preferences.apply`` does it; a version that the store
        has no record of is registered on the way. Raises NotFound and InvalidSchema.
        """
        given = {"name": name, "notice": notice, "minimum_application": minimum_application}
        changes: dict[str, object] = {word: one for word, one in given.items() if one is not None}
        if metadata is not None:
            changes["metadata"] = metadata
        return self._noting("note", version, reason, lambda _: changes, word="describe")

    def plan_deprecate(
        self, version: str, *, notice: str = "", undo: bool = False, reason: str = ""
    ) -> Plan:
        """Plan to say that a version should not be migrated to any more; ``undo`` takes it back."""
        now, by = datetime.now(UTC), self._workplace.actor

        def changes(noted: Noted) -> Mapping[str, object]:
            if undo:
                return {"deprecated_at": None, "deprecated_by": "", "notice": ""}
            if noted.is_deprecated:
                return {"notice": notice or noted.notice}
            return {"deprecated_at": now, "deprecated_by": by, "notice": notice}

        word = "take back the deprecation of" if undo else "deprecate"
        return self._noting("deprecate", version, reason, changes, word=word)

    def plan_verdict(self, older: str, newer: str, verdict: str | None, *, reason: str) -> Plan:
        """Plan to say that ``newer`` reads data of ``older`` or does not, whatever is computed.

        None takes back what was said. Raises InvalidSchema without a reason, or for two versions
        in the wrong order.
        """
        if not Version.parse(older) < Version.parse(newer):
            raise InvalidSchema(f"{newer} is not above {older}; name the lower version first")
        self.compatibility(older, newer)
        now, by = datetime.now(UTC), self._workplace.actor

        def changes(noted: Noted) -> Mapping[str, object]:
            verdicts = {k: one for k, one in noted.verdicts.items() if k != older}
            if verdict is not None:
                verdicts[older] = SaidVerdict(older, verdict, reason, now, by)
            return {"verdicts": verdicts}

        return self._noting("verdict", newer, reason, changes, word="judge")

    def _noting(
        self,
        kind: str,
        version: str,
        reason: str,
        change: Callable[[Noted], Mapping[str, object]],
        *,
        word: str,
    ) -> Plan:
        entry = self.entry(version)
        document = entry.document
        after = attrs.evolve(entry.noted, **change(entry.noted))  # type: ignore[arg-type]  # its own names
        # In the details, the audit chain vouches for it.
        details: dict[str, object] = {"version": version, "facts": after.facts()}

        def run(transaction: Transaction, builder: PlanBuilder) -> None:
            known = {one.version: one for one in transaction.schema_versions(document.app)}
            if _noted(known.get(version)) not in (entry.noted, after):
                raise ConflictError(
                    f"somebody else said something of schema {version} meanwhile; plan it again"
                )
            if version not in known:
                builder.add(PlanItem("register", version))
                self._workplace.record(transaction, document, builder)
            if after != entry.noted:
                before, said = entry.noted.facts(), after.facts()
                builder.add(PlanItem("note", version, before=before, after=said))
                transaction.note_version(version, said)

        summary = f"{word} schema {version}"
        action = "register" if kind == "note" else "deprecate"
        act = Act(
            kind=kind, summary=summary, reason=reason, details=details, run=run, action=action
        )
        return self._plan(act)


def _noted(record: SchemaVersion | None) -> Noted:
    return Noted() if record is None else Noted.from_facts(record.facts)


def _breaking(
    older: SchemaDocument, newer: SchemaDocument, renames: Mapping[str, str]
) -> tuple[Finding, ...]:
    return tuple(
        one
        for one in compare(older, newer, renames=renames).findings
        if (one.backward, one.forward, one.callers) != (_OK, _OK, _OK)
    )
