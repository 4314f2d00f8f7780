"""The facade an application holds: read and change preferences, plan an act, apply it, undo it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

import attrs

from prefcore.config import default_actor, default_store
from prefcore.engines import exporting, history, importing, migrating, registering
from prefcore.errors import (
    InvalidSchema,
    MigrationRequired,
    NewerFormat,
    NotFound,
    PolicyRefused,
    StalePlan,
    UsageError,
)
from prefcore.interfaces import FormatInfo, Snapshot, Store, Transaction
from prefcore.lookup import Lookup
from prefcore.migration import Edge, Step, find_path, read_steps
from prefcore.model import (
    Change,
    Changeset,
    Draft,
    Plan,
    PreferenceSet,
    Rename,
    Row,
    SchemaVersion,
    Scope,
    Selection,
    place,
    to_micros,
)
from prefcore.planning import PlanBuilder
from prefcore.plugins import Plugins
from prefcore.resolution import Declared
from prefcore.schema import Schema, SchemaDocument, Snapshots, Version
from prefcore.values import UNSET, canonical_text, from_text

__all__ = ["Act", "Preferences"]

S = TypeVar("S", bound=Schema)


@attrs.frozen(kw_only=True)
class Act:
    """Something that becomes one changeset: what it is called, and the code that does it.

    The same code makes the plan and does the act. ``to_version`` is the schema version in force
    afterwards, where it changes; ``careful`` keeps a safety copy of the store first.
    """

    kind: str
    summary: str
    run: Callable[[Transaction, PlanBuilder], None]
    reason: str = ""
    details: Mapping[str, object] = attrs.field(factory=dict)
    to_version: str | None = None
    careful: bool = False


class Preferences(Lookup, Generic[S]):
    """The preferences of one application in one store.

    Made by ``open`` for an application with a schema class. Made directly it works at whatever
    schema version is in force, as the command line does: ``schema`` is the application's own
    document, ``schemas`` a folder of snapshots, ``migrations`` steps or a folder of step files
    (run as code when a migration needs them).
    """

    def __init__(
        self,
        store: Store,
        app: str,
        *,
        schema: SchemaDocument | None = None,
        schemas: Path | None = None,
        migrations: Path | Iterable[Step] = (),
        actor: str | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        super().__init__(store, app)
        self.actor = actor or default_actor()
        self.plugins = plugins or Plugins.from_environment()
        snapshots = Snapshots(schemas, app) if schemas is not None else None
        self._known = registering.KnownSchemas(app, own=schema, snapshots=snapshots)
        self._migrations = migrations
        self._class: type[S] | None = None
        self._documents: dict[str, SchemaDocument] = {}

    @classmethod
    def open(
        cls,
        schema: type[S],
        *,
        store: str | Path | None = None,
        schemas: Path | None = None,
        migrations: Path | Iterable[Step] = (),
        migrate: str = "require",
        actor: str | None = None,
        plugins: Plugins | None = None,
    ) -> Preferences[S]:
        """Open the preferences of an application at its schema class's version.

        ``store`` is a URL (``sqlite:PATH``) or a path; by default a file in the platform's data
        folder. A fresh store starts at the class's version. An older one is migrated with
        ``migrate="auto"``, or refused with MigrationRequired (``"require"``); a newer one is
        refused with NewerFormat.
        """
        if migrate not in ("auto", "require"):
            raise UsageError(f"migrate is 'auto' or 'require', not {migrate!r}")
        document = schema.document()
        plugins = plugins or Plugins.from_environment()
        url = _store_url(store, document.app)
        opened = plugins.stores.get(url.partition(":")[0]).open(url, create=True, read_only=False)
        try:
            prefs = cls(
                opened,
                document.app,
                schema=document,
                schemas=schemas,
                migrations=migrations,
                actor=actor,
                plugins=plugins,
            )
            prefs._class = schema
            prefs._reach(document, auto=migrate == "auto")
        except BaseException:
            opened.close()
            raise
        return prefs

    def __enter__(self) -> Preferences[S]:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up the store's files and connections."""
        self._store.close()

    @property
    def store(self) -> Store:
        """The store, for what this facade does not offer."""
        return self._store

    # -------------------------------------------------------------------------- schema

    @property
    def schema(self) -> SchemaDocument:
        """The schema in force, or, while the store records none, the one it will start at."""
        version = self._version or self._known.newest
        if version is None:
            raise NotFound(
                f"no schema of {self.app} is known: the store records none and no folder of "
                "snapshots is configured; set `schemas` in prefcore.toml",
            )
        if version not in self._documents:
            with self._store.snapshot() as view:
                self._documents[version] = self._known.load(view, version)
        return self._documents[version]

    def versions(self) -> list[str]:
        """Give every known schema version, lowest first."""
        with self._store.snapshot() as view:
            return self._known.versions(view)

    def schema_named(self, version: str) -> tuple[SchemaDocument, SchemaVersion | None]:
        """Give a version's schema, and its record where the store has one; raises NotFound."""
        with self._store.snapshot() as view:
            return registering.version_named(view, self._known, version)

    def register(self, document: SchemaDocument, *, reason: str = "") -> Changeset | None:
        """Record a schema version without applying it; None where it was recorded already.

        Raises InvalidSchema when the version is recorded with another content.
        """
        if document.app != self.app:
            raise InvalidSchema(f"this is a schema of {document.app}, not of {self.app}")
        act = Act(
            kind="register",
            summary=f"register schema {document.version}",
            reason=reason,
            details={"version": document.version},
            run=lambda transaction, builder: registering.register(transaction, document),
        )
        return self._carry_out(act)[1]

    def _undeclared(self, key: str) -> Declared:
        # A fresh store holds no declarations yet; and the full schema knows the closest key.
        preference = self.schema.preference(key)
        return Declared(preference.default, preference.locked, preference.sensitive)

    # --------------------------------------------------------------------- one's own values

    def user(self, id: str) -> S:
        """Give a live, typed view of a user's preferences: reading resolves, assigning sets."""
        return self._bound(_Live(self, "user", id, {"user": id}))

    def project(self, id: str) -> S:
        """Give a live, typed view of a project's preferences."""
        return self._bound(_Live(self, "project", id, {"project": id}))

    @property
    def system(self) -> S:
        """A live, typed view of the system's preferences."""
        return self._bound(_Live(self, "system", "", {}))

    def at(self, *, user: str | None = None, project: str | None = None) -> S:
        """Give a typed view for reading: what holds for this user in this project."""
        return self._bound(_Resolved(self, {"user": user, "project": project}))

    @contextmanager
    def change(
        self,
        *,
        user: str | None = None,
        project: str | None = None,
        system: bool = False,
        reason: str = "",
    ) -> Iterator[S]:
        """Change several preferences of one set at once: all when the block ends well, or none."""
        scope, owner = _one_set(user, project, system)
        buffered = _Buffered(self, scope, owner, {"user": user, "project": project})
        yield self._bound(buffered)
        self.set_many(scope, owner, buffered.values, unset=buffered.unset_keys, reason=reason)

    def _bound(self, binding: _Live) -> S:
        if self._class is None:
            raise UsageError("typed views need Preferences.open with a schema class; use get, set")
        return self._class.bound(binding)

    def set(
        self,
        key: str,
        value: object,
        *,
        user: str | None = None,
        project: str | None = None,
        system: bool = False,
        reason: str = "",
    ) -> Changeset | None:
        """Set one value durably; gives the changeset, or None where it was so already.

        Raises UnknownKey, InvalidValue, PolicyRefused (scope not allowed, sensitive), ReadOnly,
        LockedError, StoreMoved or NoSpace; then nothing was changed.
        """
        scope, owner = _one_set(user, project, system)
        return self.set_many(scope, owner, {key: value}, reason=reason)

    def unset(
        self,
        key: str,
        *,
        user: str | None = None,
        project: str | None = None,
        system: bool = False,
        reason: str = "",
    ) -> Changeset | None:
        """Take one value out of a set; None where it held none."""
        scope, owner = _one_set(user, project, system)
        return self.set_many(scope, owner, {}, unset=[key], reason=reason)

    def set_many(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        *,
        unset: Iterable[str] = (),
        source: str = "api",
        reason: str = "",
    ) -> Changeset | None:
        """Set and unset values of one set in one changeset; see ``set`` for what it raises."""
        texts = {key: self._checked_text(scope, owner, key, value) for key, value in values.items()}
        unset = list(unset)
        for key in unset:
            self._known_or_held(scope, owner, key)
        draft = Draft(self.app, self.actor, "unset" if unset and not texts else "set", _now(),
                      reason)  # fmt: skip
        at = to_micros(draft.at)
        rows: list[Row] = [
            (key, text, at, source, self.actor) for key, text in texts.items()
        ]
        with self._store.changeset(draft, version=self._version) as transaction:
            self._start(transaction)
            if rows:
                transaction.write(scope, owner, rows)
            if unset:
                transaction.remove(scope, owner, unset)
        return self._done(transaction)

    def parse(self, key: str, text: str) -> object:
        """Give the value that a command line's text means for a key, by its declared type."""
        return self._document(key).parse(key, text)

    def check(self, scope: str, owner: str, key: str, value: object) -> None:
        """Raise what setting the value would raise, without setting it."""
        self._checked_text(scope, owner, key, value)

    def _checked_text(self, scope: str, owner: str, key: str, value: object) -> str:
        document = self._document(key)
        where = place(scope, owner)
        if document.preference(key).sensitive:
            raise PolicyRefused(
                f"{where} {key} is sensitive, and secrets cannot be stored yet; keep it elsewhere",
                key=key,
            )
        text = canonical_text(value, path=key)
        document.validate(key, value, scope=scope, place=where)
        return text

    def _document(self, key: str) -> SchemaDocument:
        """Give a schema document that declares the key: the whole one only where it is at hand."""
        version = self._version
        if version is not None and version not in self._documents:
            if key not in self._documents:
                found, text = self._store.declaration(self.app, key)
                if found != version or text is None:
                    return self.schema
                self._documents[key] = SchemaDocument.from_declaration(
                    self.app, version, key, text
                )
            return self._documents[key]
        return self.schema

    def _known_or_held(self, scope: str, owner: str, key: str) -> None:
        if not self._store.layers(self.app, self._version, key, [(scope, owner)]):
            self._document(key).preference(key)

    # ------------------------------------------------------------------- looking at what is

    def read_set(self, scope: str, owner: str) -> PreferenceSet:
        """Give what one set itself holds."""
        with self._store.snapshot() as view:
            return view.read_set(self.app, scope, owner)

    def sets(self, selection: Selection = Selection()) -> Iterator[PreferenceSet]:
        """Give the selected sets, sorted by scope and owner."""
        with self._store.snapshot() as view:
            yield from view.sets(self.app, selection)

    def effective(
        self,
        *,
        user: str | None = None,
        project: str | None = None,
        glob: str = "*",
        defaults: bool = False,
    ) -> list[tuple[str, object, str]]:
        """Give key, value and origin of what holds, sorted by key; with defaults on request."""
        found: dict[str, tuple[object, str]] = {}
        preferences = self.schema.preferences
        if defaults:
            for key, preference in preferences.items():
                if preference.default is not UNSET:
                    found[key] = (preference.default, "default")
        layers = [("system", ""), ("user", user), ("project", project)]
        with self._store.snapshot() as view:
            held = [
                view.read_set(self.app, scope, owner)
                for scope, owner in layers
                if owner is not None
            ]
        for one in held:
            for row in one.rows:
                found[row[0]] = (from_text(row[1]), one.place)
        for row in held[0].rows:
            if row[0] in preferences and preferences[row[0]].locked:
                found[row[0]] = (from_text(row[1]), held[0].place)
        return [(key, *found[key]) for key in sorted(found) if fnmatchcase(key, glob)]

    def faults(self, selection: Selection = Selection()) -> Iterator[tuple[str, str, str]]:
        """Give place, key and fault of every stored value that the schema in force refuses."""
        document = self.schema
        for one in self.sets(selection):
            for key, text, *_ in one.rows:
                if key not in document.preferences:
                    yield one.place, key, f"{one.place} {key}: the schema declares no such key"
                    continue
                problem = document.check(key, from_text(text))
                if problem is not None:
                    value = from_text(text)
                    refusal = document.refusal(key, value, problem, place=one.place)
                    yield one.place, key, refusal.message

    def log(self) -> Iterator[Changeset]:
        """Give the changesets of the application, newest first."""
        with self._store.snapshot() as view:
            yield from view.changesets(self.app)

    def changes(self, changeset: Changeset) -> Iterator[Change | Rename]:
        """Give what a changeset did."""
        with self._store.snapshot() as view:
            yield from view.changes(changeset.revision)

    def changeset(self, id: str) -> Changeset:
        """Give a changeset by its UUID or a unique beginning of it; raises NotFound."""
        with self._store.snapshot() as view:
            return view.changeset(id)

    def history(self, key: str, scope: str, owner: str) -> list[tuple[Changeset, Change]]:
        """Give one entry's changes, newest first, through renames of its key."""
        with self._store.snapshot() as view:
            return list(view.history(self.app, scope, owner, key))

    # ------------------------------------------------------------------------ plan and act

    def apply(self, plan: Plan) -> Changeset | None:
        """Do what a plan of this facade says; None where it says that nothing changes.

        Raises StalePlan when the same act would do something else by now, and the plan's blocker
        when something stands in its way; then nothing was changed.
        """
        if not isinstance(plan.request, Act):
            raise UsageError("this plan was not made here; plan the act again, then apply it")
        return self._carry_out(plan.request, expected=plan.digest)[1]

    def export(
        self,
        out: BinaryIO,
        *,
        format: str,
        selection: Selection = Selection(),
        plain: bool = False,
    ) -> exporting.Exported:
        """Write the selected sets to ``out`` in a format; raises PluginMissing, NotFound."""
        info = self.plugins.formats.get(format)
        document = self.schema
        with self._store.snapshot() as view:
            if plain:
                return exporting.export_plain(view, document, selection, info, out)
            return exporting.export_document(
                view, document, selection, info, out, at=_now(), generator=_generator()
            )

    def plan_import(self, request: importing.ImportRequest, *, reason: str = "") -> Plan:
        """Say what importing a file would do; ``apply`` does it.

        Raises what reading the file raises; refused values and conflicts are in the plan.
        """
        formats = self._formats(request.format)
        strategies = {one.id: one for one in self.plugins.merge_strategies.all()}
        chosen = [request.strategy, *(id for _, id in request.merge)]
        for id in chosen:
            if id not in strategies:
                raise UsageError(
                    f"there is no merge strategy '{id}'; known are "
                    f"{', '.join(sorted(strategies))}",
                    strategy=id,
                )
        with request.path.open("rb") as source:
            header = importing.opened_document(source, request, formats).header
        target = self._starting_version(request.from_schema)
        source_version = request.from_schema or (header.schema if header else None) or target
        path: tuple[Edge, ...] = ()
        upwards = Version.parse(source_version) < Version.parse(target)
        if source_version != target:
            path = self._find_path(source_version, target)
        with self._store.snapshot() as view:
            document = self._known.load(view, target)

        def run(transaction: Transaction, builder: PlanBuilder) -> None:
            with request.path.open("rb") as source:
                importing.import_document(
                    transaction,
                    builder,
                    importing.opened_document(source, request, formats),
                    request,
                    schema=document,
                    path=path,
                    upwards=upwards,
                    strategies=strategies,
                    at=_now(),
                    actor=self.actor,
                )

        details: dict[str, object] = {"file": request.name, "schema": source_version}
        if header is not None and header.changeset is not None:
            details["source_changeset"] = header.changeset
            details["selection"] = {
                name: list(value) for name, value in attrs.asdict(request.selection).items()
            }
        act = Act(
            kind="import",
            summary=f"import {request.name}",
            reason=reason,
            details=details,
            run=run,
            to_version=target,
        )
        return self._carry_out(act, dry=True)[0]

    def plan_undo(self, id: str | None = None, *, skip: bool = False, reason: str = "") -> Plan:
        """Say what undoing a changeset (the newest, if none is named) would do."""
        if id is None:
            changeset = next(self.log(), None)
            if changeset is None:
                raise NotFound("there is nothing to undo: the history is empty")
        else:
            changeset = self.changeset(id)
        if changeset.app != self.app:
            raise NotFound(f"changeset {changeset.id[:8]} is of {changeset.app}, not {self.app}")
        before, after = changeset.schema_before, changeset.schema_after
        if before != after and before is not None:
            if after != self._version:
                raise PolicyRefused(
                    f"changeset {changeset.id[:8]} migrated {before} → {after}, and later "
                    "migrations stand on it; undo those first",
                    changeset=changeset.id,
                )
            return self.plan_migration(before, reason=reason or f"undo {changeset.id}")
        act = Act(
            kind="undo",
            summary=f"undo {changeset.kind} of {changeset.at:%Y-%m-%d %H:%M:%S}",
            reason=reason,
            details={"changeset": changeset.id},
            run=lambda transaction, builder: history.undo_changeset(
                transaction, builder, changeset, skip=skip
            ),
        )
        return self._carry_out(act, dry=True)[0]

    def plan_migration(
        self, to: str | None = None, *, take_before: bool = False, reason: str = ""
    ) -> Plan:
        """Say what migrating to a version (the newest, if none is named) would do, up or down."""
        start = self._version
        if start is None:
            raise NotFound(f"the store holds nothing of {self.app} yet; there is nothing to migrate")
        goal = to or self._known.newest or start
        path = self._find_path(start, goal)
        upwards = Version.parse(start) < Version.parse(goal)
        with self._store.snapshot() as view:
            documents = {
                version: self._known.load(view, version)
                for edge in path
                for version in (edge.older, edge.newer)
            }

        def run(transaction: Transaction, builder: PlanBuilder) -> None:
            migration = migrating.Migration(
                app=self.app,
                actor=self.actor,
                at=_now(),
                load=documents.__getitem__,
                find_path=self._find_path,
            )
            if upwards:
                migrating.migrate_up(transaction, builder, migration, path)
            elif path:
                undo = migrating.undoing(transaction, self.app, goal)
                migrating.migrate_down(
                    transaction, builder, migration, path, undo, take_before=take_before
                )

        act = Act(
            kind="migrate",
            summary=f"migrate {'up' if upwards else 'down'} {start} → {goal}",
            reason=reason,
            details=_migration_details(path, start, goal, upwards=upwards),
            run=run,
            to_version=goal,
            careful=True,
        )
        return self._carry_out(act, dry=True)[0]

    # -------------------------------------------------------------------------------- inside

    def _carry_out(
        self, act: Act, *, dry: bool = False, expected: str | None = None
    ) -> tuple[Plan, Changeset | None]:
        """Run an act in one transaction: for its plan alone, or to be committed."""
        draft = Draft(self.app, self.actor, act.kind, _now(), act.reason, act.details)
        with self._store.changeset(draft, version=self._version) as transaction:
            base = transaction.state(self.app).last_changeset
            builder = PlanBuilder()
            builder.details.update(act.details)
            act.run(transaction, builder)
            self._start(transaction, act.to_version)
            plan = builder.build(
                app=self.app, kind=act.kind, summary=act.summary, base=base, request=act
            )
            if dry:
                transaction.abandon()
            elif expected is not None and plan.digest != expected:
                raise StalePlan(
                    f"{act.summary}: the state moved since the plan was made, and it would now do "
                    "something else; plan it again",
                    expected=expected,
                    found=plan.digest,
                )
            elif plan.blocker is not None:
                raise plan.blocker
            elif act.careful and not (plan.is_empty and act.to_version == self._version):
                self._store.save_copy(f"before {act.summary}")
        return plan, None if dry else self._done(transaction)

    def _start(self, transaction: Transaction, version: str | None = None) -> None:
        """Put a schema version in force: the one asked for, or in a fresh store the newest."""
        version = version or self._version or self.schema.version
        if version != self._version:
            registering.register(transaction, self._known.load(transaction, version))
            transaction.apply_version(version)

    def _done(self, transaction: Transaction) -> Changeset | None:
        changeset = transaction.result()
        if changeset is not None and changeset.schema_after != self._version:
            self._version = changeset.schema_after
            self._documents.clear()
            self._declared.clear()
        return changeset

    def _starting_version(self, from_schema: str | None) -> str:
        """Give the version an import goes to: the one in force, or the first in an empty store."""
        with self._store.snapshot() as view:
            state = view.state(self.app)
        if from_schema is not None and state.entries == 0 and state.last_changeset is None:
            return from_schema
        return self._version or self.schema.version

    def _reach(self, document: SchemaDocument, *, auto: bool) -> None:
        """Bring an opened store to the version of the application's own schema."""
        if self._version is None:
            return
        if self._version == document.version:
            assert self.schema.text == document.text  # noqa: S101  # loading compares and raises
            return
        if Version.parse(document.version) < Version.parse(self._version):
            raise NewerFormat(
                f"{self._store.url}: {self.app} is at schema {self._version}, newer than this "
                f"program's {document.version}; upgrade the program, or migrate down",
                found=self._version,
            )
        if not auto:
            raise MigrationRequired(
                f"{self._store.url}: {self.app} is at schema {self._version} and the program "
                f"needs {document.version}; run `prefcore migrate up`, or open with migrate='auto'",
                found=self._version,
                needed=document.version,
            )
        self.apply(self.plan_migration(document.version, reason="opened by a newer program"))

    def _find_path(self, start: str, goal: str) -> tuple[Edge, ...]:
        with self._store.snapshot() as view:
            versions = self._known.versions(view)
        return find_path(versions, self.steps(), start, goal)

    def steps(self) -> tuple[Step, ...]:
        """Give the migration steps, reading their files when first asked."""
        if isinstance(self._migrations, Path):
            self._migrations = read_steps(self._migrations)
        else:
            self._migrations = tuple(self._migrations)
        return self._migrations

    def _formats(self, id: str | None) -> tuple[FormatInfo, ...]:
        return self.plugins.formats.all() if id is None else (self.plugins.formats.get(id),)


class _Live:
    """Binds a typed view to one set: reading resolves for its owner, assigning is durable."""

    def __init__(
        self, prefs: Preferences[S], scope: str, owner: str, who: Mapping[str, str | None]
    ) -> None:
        self._prefs = prefs
        self._set = (scope, owner)
        self._who = who

    def get(self, key: str) -> object:
        return self._prefs.get(key, **self._who)

    def set(self, key: str, value: object) -> None:
        self._prefs.set_many(*self._set, {key: value})

    def unset(self, key: str) -> None:
        self._prefs.set_many(*self._set, {}, unset=[key])


class _Resolved(_Live):
    """Binds a typed view for reading."""

    def __init__(self, prefs: Preferences[S], who: Mapping[str, str | None]) -> None:
        super().__init__(prefs, "", "", who)

    def set(self, key: str, value: object) -> None:
        raise UsageError(
            f"{key}: a resolved view is for reading; assign through user(), project() or system"
        )

    def unset(self, key: str) -> None:
        self.set(key, UNSET)


class _Buffered(_Live):
    """Binds a typed view whose assignments wait for the end of a ``change`` block."""

    def __init__(
        self, prefs: Preferences[S], scope: str, owner: str, who: Mapping[str, str | None]
    ) -> None:
        super().__init__(prefs, scope, owner, who)
        self.values: dict[str, object] = {}
        self.unset_keys: list[str] = []

    def get(self, key: str) -> object:
        return self.values[key] if key in self.values else super().get(key)

    def set(self, key: str, value: object) -> None:
        self._prefs.check(*self._set, key, value)
        self.values[key] = value
        self.unset_keys = [one for one in self.unset_keys if one != key]

    def unset(self, key: str) -> None:
        self.values.pop(key, None)
        self.unset_keys.append(key)


def _one_set(user: str | None, project: str | None, system: bool) -> tuple[str, str]:
    chosen = [
        (scope, owner)
        for scope, owner in (
            (Scope.USER, user),
            (Scope.PROJECT, project),
            (Scope.SYSTEM, "" if system else None),
        )
        if owner is not None
    ]
    if len(chosen) != 1 or (chosen[0][1] == "") != system:
        raise UsageError("name one set: user=, project= or system=True")
    return chosen[0]


def _migration_details(
    path: Iterable[Edge], start: str, goal: str, *, upwards: bool
) -> dict[str, object]:
    steps = [edge.step for edge in path if edge.step is not None]
    return {
        "direction": "up" if upwards else "down",
        "from": start,
        "to": goal,
        "steps": [
            {
                "step": step.id,
                "summary": step.summary,
                "checksum": step.checksum,
                "operations": [str(operation) for operation in step.operations],
            }
            for step in steps
        ],
    }


def _store_url(store: str | Path | None, app: str) -> str:
    if store is None:
        return default_store(app)
    text = str(store)
    scheme = text.partition(":")[0]
    return text if ":" in text and scheme.isalpha() and len(scheme) > 1 else f"sqlite:{text}"


def _generator() -> str:
    from prefcore import __version__

    return f"prefcore {__version__}"


def _now() -> datetime:
    return datetime.now(UTC)


