"""Browsing: whole sets, schemas and history; what the facade reads beyond single values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from fnmatch import fnmatchcase

from prefcore.deprecation import warn_of
from prefcore.engines import registering
from prefcore.environment import given, variable_of
from prefcore.errors import PrefcoreError
from prefcore.facade.guarding import Guard, warn
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Layer, Snapshot, pruned_in
from prefcore.model import (
    AppState,
    AuditRecord,
    Change,
    Changeset,
    PreferenceSet,
    Rename,
    SchemaVersion,
    Scope,
    Selection,
)
from prefcore.resolution import Declared
from prefcore.schema import SchemaDocument
from prefcore.schema.secret import Secret
from prefcore.security import is_telling_name
from prefcore.values import UNSET, Sealed, from_text

__all__ = ["Browser"]


class Browser(Guard):
    """Reads all there is of one application: its schemas, sets and log."""

    def __init__(self, workplace: Workplace, environ: Mapping[str, str]) -> None:
        super().__init__(workplace)
        self._untrusted: set[tuple[str, str]] = set()
        self._documents: dict[str, SchemaDocument] = {}
        self._environ = dict(environ)
        self._variables: Mapping[str, str] = {}
        self._given: Mapping[str, Layer | PrefcoreError] | None = None

    @property
    def schema(self) -> SchemaDocument:
        """The schema in force, or, while the store records none, the one it will start at."""
        self.permit("inspect")
        version = self._version or self._workplace.first_version()
        if version not in self._documents:
            self._documents[version] = self._workplace.schema(version)
        return self._documents[version]

    def _work_at(self, version: str | None) -> None:
        super()._work_at(version)
        self._documents.clear()
        self._given = None

    def variable(self, key: str) -> str | None:
        self.permit("inspect")
        self._read_environment()
        return self._variables.get(key)

    def _from_environment(self, key: str) -> list[Layer]:
        layer = self._read_environment().get(key)
        if isinstance(layer, PrefcoreError):
            raise layer.again()
        return [] if layer is None else [layer]

    def _read_environment(self) -> Mapping[str, Layer | PrefcoreError]:
        """Give what the environment says, as it was at the start, under the schema in force."""
        if self._given is None:
            self._variables, self._given = given(self.schema, self._environ)
        return self._given

    @contextmanager
    def _view(self) -> Iterator[Snapshot]:
        """Open one consistent view at the version worked at; raises StoreMoved where it is not.

        Whoever puts a schema beside what is stored reads here: the two have to fit together.
        """
        self.permit("inspect")  # here, for a denial is recorded while nothing is open
        with self._store.snapshot() as view:
            found = view.version(self.app)
            if found != self._version:
                self._meet_beginning(self._version, self._moved(found))
                if found != self._version:
                    raise self._moved(found)
            yield view

    def apps(self) -> list[str]:
        """Give the applications that the store holds something of, sorted."""
        self.permit("inspect")
        with self._store.snapshot() as view:
            return view.apps()

    def versions(self) -> list[str]:
        """Give every known schema version, lowest first."""
        self.permit("inspect")
        with self._store.snapshot() as view:
            return self._workplace.known.versions(view)

    def schema_records(self) -> list[SchemaVersion]:
        """Give what the store has recorded of schema versions, lowest first."""
        self.permit("inspect")
        with self._store.snapshot() as view:
            return view.schema_versions(self.app)

    def schema_named(self, version: str) -> tuple[SchemaDocument, SchemaVersion | None]:
        """Give a version's schema, and its record where the store has one; raises NotFound."""
        self.permit("inspect")
        with self._store.snapshot() as view:
            return registering.version_named(view, self._workplace.known, version)

    def _opened(self, key: str, layer: Layer, value: Sealed) -> object:
        scope, owner, text, at, source, actor = layer
        self.permit("reveal", scope, owner, key)
        self._permit_sources("reveal", [(scope, owner)])
        self._record_reading(scope, owner, key)
        row = (key, text, at, source, actor)
        with self._store.snapshot() as view:
            text = self._workplace.vault.opened(view, scope, owner, row)[1]
        return Secret(from_text(text))

    def _secret(self, value: object) -> object:
        return Secret(value)

    def values_of(self, one: PreferenceSet) -> dict[str, object]:
        """Give a set's values by key, what is stored encrypted as a ``Secret``; raises WrongKey."""
        values: dict[str, object] = {}
        for key, text, at, source, actor in one.rows:
            value = from_text(text)
            if type(value) is Sealed:
                layer = (one.scope, one.owner, text, at, source, actor)
                value = self._opened(key, layer, value)
            values[key] = value
        return values

    def _undeclared(self, key: str) -> Declared:
        # A fresh store holds no declarations yet; and the full schema knows the closest key.
        # Keys that an import kept although nothing declares them can be read nevertheless.
        own = self.schema.key_of(key)
        if own != key:
            return self.declared(own)._replace(key=own, deprecated={"use": own})
        if key not in self.schema.preferences and self._is_held(key):
            return Declared(sensitive=is_telling_name(key))
        preference = self.schema.preference(key)
        variable = preference.env or variable_of(self.app, key)
        deprecated = None if preference.deprecated is None else preference.deprecated.fields
        return Declared(
            preference.default,
            preference.locked,
            preference.sensitive,
            variable,
            deprecated,
            trusted_only=preference.trusted_only,
            audited=preference.audited,
        )

    def _used_deprecated(self, key: str, deprecation: Mapping[str, str]) -> None:
        warn_of(key, deprecation)

    def _not_trusted(self, key: str, project: str) -> None:
        if (key, project) not in self._untrusted:
            self._untrusted.add((key, project))
            warn(
                f"project/{project} {key}: what it says is passed over, for the key is declared "
                "trusted_only; read it with trust (--trust) where you trust the project"
            )

    def _is_held(self, key: str) -> bool:
        with self._view() as view:
            return next(view.held(self.app, key), None) is not None

    def read_set(self, scope: str, owner: str) -> PreferenceSet:
        """Give what one set itself holds; raises StoreMoved, and UsageError for another scope."""
        Scope.named(scope)
        with self._recorded(), self._view() as view:
            held = view.read_set(self.app, scope, owner)
            judge = self._judge_of(view)
            if judge is not None:
                judge.check_rows(scope, owner, held.rows)
            return held

    def sets(
        self, selection: Selection = Selection(), *, at: Changeset | None = None
    ) -> Iterator[PreferenceSet]:
        """Give the selected sets, sorted by scope and owner; raises StoreMoved.

        ``at`` is the changeset after which they were so; now, where none is given. Raises
        HistoryPruned where that cannot be told any more.
        """
        with self._recorded(), ExitStack() as stack:
            if at is None:
                view = stack.enter_context(self._view())
            else:
                view = stack.enter_context(self._store.snapshot())
            revision = None if at is None else at.revision
            self._check_selected(view, selection, at=revision)
            yield from view.sets(self.app, selection, at=revision)

    def sets_in(
        self, view: Snapshot, selection: Selection = Selection()
    ) -> Iterator[PreferenceSet]:
        """Give the selected sets of another store; raises NotPermitted before one not to be read.

        Its keys are judged by all names that they have or had, there and in this store.
        """
        judges = [one for one in (self._judge_of(view), self._judge) if one is not None]
        with self._recorded():
            for one in view.sets(self.app, selection):
                for judge in judges:
                    judge.check_rows(one.scope, one.owner, one.rows)
                yield one

    def keys_held(self) -> list[str]:
        """Give the keys that some set holds a value of, sorted."""
        self.permit("inspect")
        with self._store.snapshot() as view:
            return sorted(one.name for one in view.keys(self.app) if one.holders)

    def state(self) -> AppState:
        """Give how much the store holds of the application."""
        self.permit("inspect")
        with self._store.snapshot() as view:
            return view.state(self.app)

    def effective(
        self,
        *,
        user: str | None = None,
        project: str | None = None,
        glob: str = "*",
        defaults: bool = False,
        trust: bool = False,
    ) -> list[tuple[str, object, str]]:
        """Give key, value and origin of what holds, sorted by key; with defaults on request.

        What the project says of ``trusted_only`` keys counts only with ``trust``.
        """
        layers = [("system", ""), ("user", user), ("project", project)]
        with self._recorded(), self._view() as view:
            held = [
                view.read_set(self.app, scope, owner)
                for scope, owner in layers
                if owner is not None
            ]
            judge = self._judge_of(view)
            if judge is not None:
                for one in held:
                    rows = [row for row in one.rows if fnmatchcase(row[0], glob)]
                    judge.check_rows(one.scope, one.owner, rows)
            preferences = self.schema.preferences
        found: dict[str, tuple[object, str]] = {}
        if defaults:
            for key, preference in preferences.items():
                if preference.default is not UNSET:
                    found[key] = (preference.default, "default")
        for one in held:
            for row in one.rows:
                declared = preferences.get(row[0])
                asks = declared is not None and declared.trusted_only and not trust
                if asks and one.scope == "project":
                    if fnmatchcase(row[0], glob):
                        self._not_trusted(row[0], one.owner)
                    continue
                found[row[0]] = (from_text(row[1]), one.place)
        for key in self._read_environment():
            for layer in self._from_environment(key):
                value = from_text(layer[2])
                if key in preferences and preferences[key].sensitive:
                    value = self._secret(value)
                found[key] = (value, f"environment/{layer[1]}")
        for row in held[0].rows:
            if row[0] in preferences and preferences[row[0]].locked:
                found[row[0]] = (from_text(row[1]), held[0].place)
        return [(key, *found[key]) for key in sorted(found) if fnmatchcase(key, glob)]

    def log(self) -> Iterator[Changeset]:
        """Give the changesets of the application, newest first."""
        self.permit("history")
        with self._store.snapshot() as view:
            yield from view.changesets(self.app)

    def changes(self, changeset: Changeset, *, readable: bool = False) -> Iterator[Change | Rename]:
        """Give what a changeset did; only that of it which the actor may read, if so asked.

        Raises HistoryPruned where that was pruned.
        """
        self.permit("history")
        with self._recorded(), self._store.snapshot() as view:
            judge, revision = self._judge_of(view, changeset.app), changeset.revision
            for one in view.changes(revision):
                if judge is not None and isinstance(one, Change):
                    act = ("read", one.scope, one.owner, one.key)
                    if readable and judge.refusal(*act, revision=revision):
                        continue
                    judge.check(*act, revision=revision)
                yield one

    def pruned(self) -> AuditRecord | None:
        """Give the last changeset whose changes were pruned, and those of all before it.

        By its link of the audit chain, which says what it was; None where nothing was pruned.
        """
        self.permit("history")
        with self._store.snapshot() as view:
            through = pruned_in(view, self.app)
            return next(iter(view.audit(since=through)), None) if through else None

    def changeset(self, id: str) -> Changeset:
        """Give a changeset by its UUID or a unique beginning of it; raises NotFound."""
        self.permit("history")
        with self._store.snapshot() as view:
            return view.changeset(id)

    def history(self, key: str, scope: str, owner: str) -> list[tuple[Changeset, Change]]:
        """Give one entry's changes, newest first, through renames of its key.

        They end where the history was pruned. Raises UsageError where there is no such scope.
        """
        Scope.named(scope)
        self._permit_sources("read", [(scope, owner)])
        with self._recorded(), self._view() as view:
            judge = self._judge_of(view)
            if judge is not None:
                judge.check("read", scope, owner, key)
            return list(view.history(self.app, scope, owner, key))
