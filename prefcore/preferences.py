"""The facade an application holds: read and change preferences, plan an act, apply it, undo it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Generic, NamedTuple, TypeVar

import attrs

from prefcore import __version__
from prefcore.acts import (
    baseline_act,
    import_act,
    migration_act,
    register_act,
    restore_act,
    set_act,
    undo_act,
    undo_migration_act,
    write_set,
)
from prefcore.backups import Backups, Taken, target_named
from prefcore.browsing import Browser
from prefcore.compression import compressing
from prefcore.documents import values_of
from prefcore.engines import exporting, registering, updating
from prefcore.engines.backups import SHORT
from prefcore.engines.importing import ImportRequest
from prefcore.errors import (
    AppMismatch,
    ConflictError,
    NotFound,
    PolicyRefused,
    PrefcoreError,
    StoreMoved,
    UsageError,
)
from prefcore.host import default_actor, default_store
from prefcore.interfaces import Layer, Snapshot, Store
from prefcore.keys import Keys, default_folder
from prefcore.meeting import MODES, met, newer_refusal, read_in_memory
from prefcore.migration import Step
from prefcore.model import (
    SOURCES,
    Changeset,
    Draft,
    Plan,
    Progress,
    Row,
    Scope,
    Selection,
    place,
    set_fault,
    to_micros,
)
from prefcore.other_versions import NewerStore, OtherVersion
from prefcore.plugins import Plugins
from prefcore.registry import Registry
from prefcore.schema import SchemaDocument, Snapshots, Version
from prefcore.schema.secret import Secret
from prefcore.sealed_files import encrypting
from prefcore.security import is_telling_name
from prefcore.templating import Templates
from prefcore.values import canonical_text, from_text, same_text
from prefcore.views import Buffered, Live, Resolved
from prefcore.workplace import Act, Begun, Workplace

if TYPE_CHECKING:
    from prefcore.engines.reencrypting import Reencrypted
    from prefcore.schema import Binding, Schema

__all__ = ["Preferences"]

S = TypeVar("S", bound="Schema")

_GENERATOR = f"prefcore {__version__}"


class _Opening(NamedTuple):
    """How ``open`` was called: what opens the store (and makes one), schema, and mode."""

    store: Callable[..., Store]
    document: SchemaDocument
    migrate: str


def _silent(entries: int, part: float | None) -> None:
    """Tell nobody how far an act has come."""


class Preferences(Browser, Generic[S]):
    """The preferences of one application in one store.

    Made by ``open`` for an application with a schema class. Made directly it works at whatever
    schema version is in force, as the command line does: ``schema`` is the application's own
    document, ``schemas`` a folder of snapshots, ``migrations`` steps or a folder of step files
    (run as code when a migration needs them). ``targets`` has the URLs of backup targets by name;
    where there are some, a migration that may lose something takes a backup first.
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
        environ: Mapping[str, str] = os.environ,
        keys: Keys | None = None,
        targets: Mapping[str, str] | None = None,
    ) -> None:
        plugins = plugins or Plugins.from_environment()
        snapshots = None
        if schemas is not None:
            decode = partial(values_of, find=plugins.formats.get)
            snapshots = Snapshots(schemas, app, decode=decode)
        workplace = Workplace(
            app,
            store,
            known=registering.KnownSchemas(app, own=schema, snapshots=snapshots),
            migrations=migrations,
            plugins=plugins,
            actor=actor or default_actor(environ),
            keys=keys or _user_keys(plugins, environ),
        )
        super().__init__(workplace, environ)
        self._class: type[S] | None = None
        self._opening: _Opening | None = None
        self._targets = dict(targets or {})

    @classmethod
    def open(
        cls,
        schema: type[S],
        *,
        store: str | Path | None = None,
        schemas: Path | None = None,
        migrations: Path | Iterable[Step] = (),
        migrate: str = "require",
        read_only: bool = False,
        actor: str | None = None,
        plugins: Plugins | None = None,
        environ: Mapping[str, str] = os.environ,
        keys: Keys | None = None,
        targets: Mapping[str, str] | None = None,
    ) -> Preferences[S]:
        """Open the preferences of an application at its schema class's version.

        ``store`` is a URL (``sqlite:PATH``) or a path; by default a file in the platform's data
        folder. A fresh store starts at the class's version. ``keys`` is the key ring that sensitive
        values are encrypted with; by default the user's.

        An older one is migrated with ``migrate="auto"``, refused with MigrationRequired with
        ``"require"``, and with ``"never"`` read through the migration steps in memory, as is every
        older store that can only be read. A newer one is read for the keys that the class
        understands. What is read so is not changed: that raises ReadOnly, MigrationRequired or
        NewerFormat. ``read_only`` opens the store for reading.
        """
        if migrate not in MODES:
            raise UsageError(f"migrate is 'auto', 'require' or 'never', not {migrate!r}")
        document = schema.document()
        plugins = plugins or Plugins.from_environment()
        url = _store_url(store, document.app, environ)
        scheme = url.partition(":")[0]

        def open_store(*, create: bool) -> Store:
            return plugins.stores.get(scheme).open(url, create=create, read_only=read_only)

        opened = open_store(create=not read_only)
        try:
            prefs = cls(
                opened,
                document.app,
                schema=document,
                schemas=schemas,
                migrations=migrations,
                actor=actor,
                plugins=plugins,
                environ=environ,
                keys=keys,
                targets=targets,
            )
            prefs._class = schema
            prefs._opening = _Opening(open_store, document, migrate)
            prefs._meet(opened)
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

    def reopen(self) -> None:
        """Go on with the store as it is now, after StoreMoved: migrated, or replaced by another.

        What was read of schemas is forgotten, views stay usable, and the store is met as ``open``
        met it. Raises what opening raises; then this object works as before.
        """
        store = self._store.behind if isinstance(self._store, OtherVersion) else self._store
        try:
            with store.snapshot():
                pass
        except StoreMoved:  # it is another file by now
            if self._opening is None:
                raise
            gone, store = store, self._opening.store(create=False)
            self._meet(store)
            gone.close()
        else:
            self._meet(store)

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed here: what would change something raises."""
        return self._store.read_only

    def read_at_newest(self) -> None:
        """Read on at the newest version known, in memory, where the store is older than that.

        Only where the store can only be read; else nothing changes. Raises MissingStep, and what
        reading the steps raises.
        """
        newest, held = self._workplace.known.newest, self._version
        if not self._store.read_only or newest is None or held is None:
            return
        if Version.parse(held) < Version.parse(newest):
            self._use(read_in_memory(self._workplace, held, self._workplace.schema(newest)))

    @property
    def is_newer(self) -> bool:
        """Whether the version worked at is above all that the application's schemas tell."""
        newest, held = self._workplace.known.newest, self._version
        if newest == held or newest is None or held is None:
            return False
        return Version.parse(newest) < Version.parse(held)

    @property
    def stored_version(self) -> str | None:
        """The version the store is at: another than ``version`` where it is read as it is not."""
        store = self._store
        return store.held if isinstance(store, OtherVersion) else self._version

    @property
    def actor(self) -> str:
        """Who changes are attributed to."""
        return self._workplace.actor

    @property
    def keys(self) -> Keys:
        """The key ring that sensitive values are encrypted with."""
        return self._workplace.keys

    @property
    def plugins(self) -> Plugins:
        """The plugins in use."""
        return self._workplace.plugins

    def steps(self) -> tuple[Step, ...]:
        """Give the migration steps, reading their files when first asked."""
        return self._workplace.steps()

    @property
    def newest_version(self) -> str | None:
        """The version the application's own schemas end at; None where none is known."""
        return self._workplace.known.newest

    @property
    def store(self) -> Store:
        """The store, for what this facade does not offer."""
        return self._store

    @property
    def templates(self) -> Templates:
        """The templates: named sets that others are made from."""
        return Templates(self)

    # -------------------------------------------------------------------------- schema

    def register(self, document: SchemaDocument, *, reason: str = "") -> Changeset | None:
        """Record a schema version without applying it; None where it was recorded already.

        Raises InvalidSchema when the version is recorded with another content, and AppMismatch.
        """
        return self._act(self._registering(document, reason))

    def plan_register(self, document: SchemaDocument, *, reason: str = "") -> Plan:
        """Say what ``register`` would do."""
        return self._plan(self._registering(document, reason))

    def _registering(self, document: SchemaDocument, reason: str) -> Act:
        if document.app != self.app:
            raise AppMismatch(f"this is a schema of {document.app}, not of {self.app}")
        return register_act(document, reason)

    @property
    def registry(self) -> Registry:
        """The registry of schema versions: what is said of them, and what lies between them."""
        return Registry(self._workplace, self._version, self._plan)

    # --------------------------------------------------------------------- one's own values

    def user(self, id: str) -> S:
        """Give a live, typed view of a user's preferences: reading resolves, assigning sets."""
        return self._bound(Live(self, "user", id, {"user": id}))

    def project(self, id: str) -> S:
        """Give a live, typed view of a project's preferences."""
        return self._bound(Live(self, "project", id, {"project": id}))

    @property
    def system(self) -> S:
        """A live, typed view of the system's preferences."""
        return self._bound(Live(self, "system", "", {}))

    def at(self, *, user: str | None = None, project: str | None = None) -> S:
        """Give a typed view for reading: what holds for this user in this project."""
        return self._bound(Resolved(self, {"user": user, "project": project}))

    @contextmanager
    def change(
        self,
        *,
        user: str | None = None,
        project: str | None = None,
        system: bool = False,
        reason: str = "",
    ) -> Iterator[S]:
        """Change several preferences of one set at once: all when the block ends well, or none.

        Raises ConflictError where somebody else, another block included, changed one of the same
        keys after this one began; then nothing was changed. Begin another block, and look again.
        """
        scope, owner = _one_set(user, project, system)
        buffered = Buffered(self, scope, owner, {"user": user, "project": project})
        began = {row[0]: row[1] for row in self.read_set(scope, owner).rows}
        try:
            yield self._bound(buffered)
        finally:
            buffered.ended = True
        self._set_all(
            scope, owner, buffered.values, buffered.unset_keys, "api", reason, began=began
        )

    def _bound(self, binding: Binding) -> S:
        if self._class is None:
            raise UsageError("typed views need Preferences.open with a schema class; use get, set")
        view: S = self._class.bound(binding)
        return view

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
        self._tell_deprecated(values)
        values, unset = self._by_key(values), [self._key(name) for name in unset]
        return self._set_all(scope, owner, values, unset, source, reason)

    def _key(self, name: str) -> str:
        """Give the key that a name means, perhaps one that it had in an earlier version."""
        return self.declared(name).key or name

    def _by_key(self, values: Mapping[str, object]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in values.items():
            key = self._key(name)
            if key in found:
                raise UsageError(f"{key} is given twice, by two of its names; give it once")
            found[key] = value
        return found

    def _set_all(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        unset: list[str],
        source: str,
        reason: str,
        *,
        began: Mapping[str, str] | None = None,
    ) -> Changeset | None:
        """Set and unset; with ``began``, only what the set held then may be overwritten."""
        version = self._version
        try:
            return self._set_once(scope, owner, values, unset, source, reason, began)
        except StoreMoved as moved:
            self._meet_beginning(version, moved)
            return self._set_once(scope, owner, values, unset, source, reason, began)

    def _set_once(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        unset: list[str],
        source: str,
        reason: str,
        began: Mapping[str, str] | None,
    ) -> Changeset | None:
        rows = self._checked_rows(scope, owner, values, unset, source)
        draft = self._workplace.draft("set" if rows else "unset", reason)
        version = self._version
        with self._store.changeset(draft, version=version) as begun:
            transaction = self._workplace.vault.sealing(begun, draft, self._hides)
            if version is None:
                self._workplace.put_in_force(transaction, self._workplace.first_version())
            if began is not None:
                held = {row[0]: row[1] for row in transaction.read_set(self.app, scope, owner).rows}
                wanted = {row[0]: row[1] for row in rows} | dict.fromkeys(unset)
                self._refuse_overwriting(place(scope, owner), began, held, wanted)
            write_set(transaction, scope, owner, rows, unset)
            for error in self._workplace.broken_rules(transaction, version):
                raise error
            self._workplace.watch.judge(draft, transaction)
        return self._done(transaction.result())

    def _refuse_if_newer(self) -> None:
        """Refuse to change values at a version above all whose schemas the application has."""
        if self.is_newer:
            newest, held = str(self.newest_version), str(self._version)
            raise newer_refusal(self._store.url, self.app, held, newest)

    def _refuse_overwriting(
        self,
        where: str,
        began: Mapping[str, str],
        held: Mapping[str, str],
        wanted: Mapping[str, str | None],
    ) -> None:
        """Refuse to take the place of a value that was not there when a block began."""
        for key, text in wanted.items():
            now = held.get(key)
            if same_text(now, began.get(key)):
                continue
            secret = self.declared(key).sensitive
            shown = ("********" if secret and one else one or "nothing" for one in (now, text))
            theirs, ours = shown
            raise ConflictError(
                f"{where} {key}: it holds {theirs} by now, changed by somebody else since this "
                f"change() block began, which would make it {ours}; nothing was changed, begin "
                "another block and look again",
                key=key,
                place=where,
                **({} if secret else {"theirs": now, "ours": text}),
            )

    def _hides(self, key: str) -> bool:
        preference = self._document(key).preferences.get(key)
        return is_telling_name(key) if preference is None else preference.sensitive

    def _checked_rows(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        unset: Iterable[str],
        source: str,
    ) -> list[Row]:
        fault = set_fault(Scope.named(scope), owner)
        if fault:
            raise UsageError(fault)
        self._refuse_if_newer()
        if source not in SOURCES:
            raise UsageError(f"there is no source '{source}'; known are {', '.join(SOURCES)}")
        for key in unset:
            self._known_or_held(scope, owner, key)
        at = to_micros(datetime.now(UTC))
        return [
            (key, self._checked_text(scope, owner, key, value), at, source, self.actor)
            for key, value in values.items()
        ]

    def parse(self, key: str, text: str) -> object:
        """Give the value that a command line's text means for a key, by its declared type."""
        key = self._key(key)
        return self._document(key).parse(key, text)

    def check(self, scope: str, owner: str, key: str, value: object) -> None:
        """Raise what setting the value would raise, and warn of it, without setting it."""
        self._checked_text(scope, owner, self._key(key), value)
        self._tell_deprecated([key])

    def _tell_deprecated(self, names: Iterable[str]) -> None:
        for name in names:
            deprecated = self.declared(name).deprecated
            if deprecated is not None:
                self._used_deprecated(name, deprecated)

    def _checked_text(self, scope: str, owner: str, key: str, value: object) -> str:
        document = self._document(key)
        where = place(scope, owner)
        if isinstance(value, Secret):
            value = value.reveal()
        if document.preference(key).sensitive:
            self.keys.needed(f"{where} {key}")
        text = canonical_text(value, path=key)
        document.validate(key, value, scope=scope, place=where)
        return text

    def _document(self, key: str) -> SchemaDocument:
        """Give a schema document that declares the key: the whole one only where it is at hand."""
        version = self._version
        own = self._workplace.known.own(version)
        if own is not None and own.validators.checks:
            return self.schema  # no text in the store tells the application's functions
        if version is not None and version not in self._documents:
            if key not in self._documents:
                found, text = self._store.declaration(self.app, key)
                if found != version or text is None:
                    return self.schema
                self._documents[key] = SchemaDocument.from_declaration(self.app, version, key, text)
            return self._documents[key]
        return self.schema

    def _known_or_held(self, scope: str, owner: str, key: str) -> None:
        if not self._store.layers(self.app, self._version, key, [(scope, owner)]):
            self._document(key).preference(key)

    # ------------------------------------------------------------------------ plan and act

    def apply(self, plan: Plan) -> Changeset | None:
        """Do what a plan of this facade says; None where it says that nothing changes.

        Raises StalePlan when the same act would do something else by now, and the plan's blocker
        when something stands in its way; then nothing was changed.
        """
        act = getattr(plan, "request", None)
        if not isinstance(act, Act):
            raise UsageError("this is no plan made here; plan the act, then apply it")
        return self._act(act, expected=plan.digest)

    def export(
        self,
        out: BinaryIO,
        *,
        format: str,
        selection: Selection = Selection(),
        plain: bool = False,
        compress: str = "none",
        secrets: str = "sealed",
        encrypt: bool = False,
        passphrase: Secret[str] | None = None,
        progress: Progress = _silent,
    ) -> exporting.Exported:
        """Write the selected sets to ``out`` in a format; raises PluginMissing, NotFound.

        ``compress`` is ``none``, ``zstd`` or ``gzip``. ``secrets`` are ``sealed`` for the document,
        under the key ring (left out where it is not here, and of a plain file), ``redacted``, or
        ``clear``, which is recorded in the history. With ``encrypt`` all of it is encrypted: to
        the ``passphrase``, or else to the key ring.
        ``progress`` is told after each set of a document of how many entries more were written,
        and which part of the store that makes.
        """
        info = self.plugins.formats.get(format)
        treated = self._treatment(secrets, plain=plain)
        if secrets == "clear":
            encrypted = encrypt or passphrase is not None
            self.record(
                "export", {"secrets": "clear", "encrypted": encrypted}, reason="secrets in clear"
            )
        with ExitStack() as stack:
            view, document = stack.enter_context(self._whole())
            if encrypt or passphrase is not None:
                known = None if passphrase is None else passphrase.reveal()
                out = stack.enter_context(encrypting(out, self.keys, known))
            out = stack.enter_context(compressing(out, compress))
            if plain:
                return exporting.export_plain(view, document, selection, info, out, secrets=treated)
            return exporting.export_document(
                view,
                document,
                selection,
                info,
                out,
                at=datetime.now(UTC),
                generator=_GENERATOR,
                secrets=treated,
                progress=progress,
            )

    def update(
        self, held: Mapping[str, object], *, selection: Selection = Selection()
    ) -> updating.Updated:
        """Say what a plain file with these values is to hold when it tells of the selected set.

        Names in it that nobody knows stay. Raises UsageError when several sets are selected,
        NotFound when the set holds nothing, and InvalidValue where the file spells a key twice.
        """
        with self._whole() as (view, document):
            sets = view.sets(self.app, Selection(selection.scopes, selection.owners))
            one = exporting.only_set(sets)
            known = {key.name for key in view.keys(self.app)}
            return updating.updated_values(held, one, document, known, selection)

    @contextmanager
    def _whole(self) -> Iterator[tuple[Snapshot, SchemaDocument]]:
        """Give all that is stored and its schema: of a newer store also what is not understood."""
        store = self._store
        if isinstance(store, NewerStore):
            with store.behind.snapshot() as view:
                yield view, self._workplace.known.load(view, str(view.version(self.app)))
        else:
            with self._view() as view:
                yield view, self.schema

    def reveal(self, scope: str, owner: str, key: str) -> Secret[object]:
        """Give the secret that one set holds itself; raises NotFound, WrongKey and BrokenSeal."""
        with self._store.snapshot() as view:
            for row in view.read_set(self.app, scope, owner).rows:
                if row[0] == key:
                    text = self._workplace.vault.opened(view, scope, owner, row)[1]
                    return Secret(from_text(text))
        raise NotFound(f"{place(scope, owner)} holds no {key}", key=key)

    def reencrypt(self, progress: Callable[[int], None] | None = None) -> Reencrypted:
        """Seal all secrets of the store, of every application, under the ring's active key.

        ``progress`` is told how many values were seen. What is interrupted goes on when it is
        called again. Raises PolicyRefused where there is no key ring, ReadOnly and BrokenSeal.
        """
        from prefcore.engines.reencrypting import reencrypt

        def draft(app: str) -> Draft:
            return attrs.evolve(self._workplace.draft("keys", "re-encrypt"), app=app)

        told = reencrypt(
            self._store, draft, lambda: self.keys.needed("the values of the store"), progress
        )
        if told.done:
            active = self.keys.needed("the values of the store").active
            details = {"act": "reencrypt", "id": active, "values": told.done}
            self.record("keys", details, reason=f"re-encrypt under {active}")
        return told

    def _treatment(self, secrets: str, *, plain: bool) -> exporting.Secrets:
        vault = self._workplace.vault
        sealed = vault.redacted if plain else vault.for_documents()
        treatments = {"sealed": sealed, "redacted": vault.redacted, "clear": vault.in_clear}
        if secrets not in treatments:
            raise UsageError(f"secrets are sealed, redacted or clear, not '{secrets}'")
        return treatments[secrets]

    def record(self, kind: str, details: Mapping[str, object], *, reason: str = "") -> None:
        """Put an act that changes nothing into the history; raises ReadOnly."""
        draft = self._workplace.draft(kind, reason, details)
        with self._store.changeset(draft, version=self._version) as transaction:
            transaction.note()

    def plan_set(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        *,
        unset: Iterable[str] = (),
        source: str = "api",
        reason: str = "",
    ) -> Plan:
        """Say what ``set_many`` would do; raises what it would raise."""
        values, unset = self._by_key(values), [self._key(name) for name in unset]
        rows = self._checked_rows(scope, owner, values, unset, source)
        return self._plan(set_act(self.schema, scope, owner, rows, unset, reason=reason))

    def plan_import(self, source: str | Path | ImportRequest, *, reason: str = "") -> Plan:
        """Say what importing a file would do; ``apply`` does it.

        A path alone takes everything in the document, and decides no conflict. Raises what
        reading the file raises; refused values and conflicts are in the plan.
        """
        return self._plan(self._importing(source, reason))

    def begin_import(
        self,
        source: str | Path | ImportRequest,
        *,
        reason: str = "",
        rehearsed: bool = False,
        progress: Progress = _silent,
    ) -> AbstractContextManager[Begun]:
        """Import a file in a transaction that stays open: look at its ``plan``, then ``commit``.

        It reads the file once, where ``plan_import`` and ``apply`` read it twice, and holds the
        store's write lock until then. What is not committed in the block leaves no trace. With
        ``rehearsed`` it works on a private copy of the store, and can only be looked at.
        ``progress`` is told after each set of how many entries more were read, and which part of
        the file that makes.
        """
        act = self._importing(source, reason)
        return self._begun(act, rehearsed=rehearsed, progress=progress)

    def _importing(self, source: str | Path | ImportRequest, reason: str) -> Act:
        self._refuse_if_newer()
        if isinstance(source, ImportRequest):
            request = source
        else:
            request = ImportRequest(path=Path(source), name=str(source))
        return import_act(self._workplace, request, self._version, reason=reason)

    def plan_undo(self, id: str | None = None, *, skip: bool = False, reason: str = "") -> Plan:
        """Say what undoing a changeset (the newest, if none is named) would do.

        Undoing a migration is migrating back. With ``skip``, entries that changed again since
        are left alone instead of being conflicts. Raises NotFound, and PolicyRefused while a later
        migration stands on the changeset.
        """
        return self._plan(self._undoing(id, skip=skip, reason=reason))

    def begin_undo(
        self,
        id: str | None = None,
        *,
        skip: bool = False,
        reason: str = "",
        rehearsed: bool = False,
    ) -> AbstractContextManager[Begun]:
        """Undo a changeset in a transaction that stays open, as ``begin_import`` imports."""
        return self._begun(self._undoing(id, skip=skip, reason=reason), rehearsed=rehearsed)

    def _newest_to_undo(self) -> Changeset | None:
        """Give the newest changeset that changed values or the version; acts on keys did not."""
        for one in self.log():
            if one.changes or one.schema_before != one.schema_after:
                return one
        return None

    def _undoing(self, id: str | None, *, skip: bool, reason: str) -> Act:
        changeset = self.changeset(id) if id is not None else self._newest_to_undo()
        if changeset is None:
            raise NotFound("there is nothing to undo: the history holds no change")
        if changeset.app != self.app:
            raise NotFound(f"changeset {changeset.id[:8]} is of {changeset.app}, not {self.app}")
        before, after = changeset.schema_before, changeset.schema_after
        if before == after or before is None:
            self._refuse_if_newer()
            return undo_act(changeset, self.schema, skip=skip, reason=reason)
        if after != self._version:
            raise PolicyRefused(
                f"changeset {changeset.id[:8]} migrated {before} → {after}, and later "
                "migrations stand on it; undo those first",
                changeset=changeset.id,
            )
        return undo_migration_act(
            self._workplace,
            changeset,
            reason=reason,
            secure=self._secure(None) if self._targets else None,
        )

    def plan_migration(
        self, to: str | None = None, *, take_before: bool = False, reason: str = ""
    ) -> Plan:
        """Say what migrating to a version (the newest, if none is named) would do, up or down.

        On the way down, an edit that the older schema refuses is a conflict; with
        ``take_before`` what stood before the upgrade takes its place. Raises MissingStep,
        InvalidValue or ConflictError where a value would be lost on the way.
        """
        return self._plan(self._migrating(to, take_before=take_before, reason=reason))

    def begin_migration(
        self,
        to: str | None = None,
        *,
        take_before: bool = False,
        reason: str = "",
        rehearsed: bool = False,
        progress: Progress = _silent,
    ) -> AbstractContextManager[Begun]:
        """Migrate in a transaction that stays open, as ``begin_import`` imports."""
        act = self._migrating(to, take_before=take_before, reason=reason)
        return self._begun(act, rehearsed=rehearsed, progress=progress)

    def _migrating(self, to: str | None, *, take_before: bool, reason: str) -> Act:
        start = self._version
        if start is None:
            raise NotFound(
                f"the store holds nothing of {self.app} yet; there is nothing to migrate"
            )
        goal = to or self._workplace.known.newest or start
        return migration_act(
            self._workplace,
            start,
            goal,
            take_before=take_before,
            reason=reason,
            secure=self._secure(None) if self._targets else None,
        )

    # ----------------------------------------------------------------------------- backups

    def backups(self, target: str | None = None) -> Backups:
        """Give the backups in a target, to list, verify and load.

        ``target`` is the name of a configured one, or a URL; by default the one called
        ``default``, or the only one. Raises UsageError, PluginMissing.
        """
        name, url = target_named(target, self._targets)
        return Backups(url, plugins=self.plugins, name=name)

    def back_up(
        self, *, target: str | None = None, format: str | None = None, always: bool = False
    ) -> Taken:
        """Back the whole store up, all its applications; see ``Backups.create``."""
        with self.backups(target) as backups:
            return backups.create(self._stored, format=format, always=always)

    @property
    def _stored(self) -> Store:
        """The store as it is, whatever version it is read at."""
        store = self._store
        return store.behind if isinstance(store, OtherVersion) else store

    def plan_restore(
        self,
        id: str,
        *,
        target: str | None = None,
        selection: Selection = Selection(),
        back_up: bool = True,
        reason: str = "",
    ) -> Plan:
        """Say what making the selected values what they are in a backup would do.

        Values of this application alone, in one changeset that can be undone; what the backup does
        not hold of the selection is removed. A backup of the present state is taken first, unless
        not to ``back_up``. Raises NotFound, IntegrityError, AppMismatch, NewerFormat, MissingStep;
        values that the schema refuses are in the plan.
        """
        return self._plan(self._restoring(id, target, selection, reason, back_up=back_up))

    def begin_restore(
        self,
        id: str,
        *,
        target: str | None = None,
        selection: Selection = Selection(),
        back_up: bool = True,
        reason: str = "",
        rehearsed: bool = False,
    ) -> AbstractContextManager[Begun]:
        """Restore in a transaction that stays open, as ``begin_import`` imports."""
        act = self._restoring(id, target, selection, reason, back_up=back_up)
        return self._begun(act, rehearsed=rehearsed)

    def _restoring(
        self, id: str, target: str | None, selection: Selection, reason: str, *, back_up: bool
    ) -> Act:
        with self.backups(target) as backups:
            manifest = backups.find(id, store=self._stored)
        return restore_act(
            self._workplace,
            lambda: self.backups(target),
            manifest,
            self._version,
            selection,
            reason=reason,
            secure=self._secure(target) if back_up else None,
        )

    def _secure(self, target: str | None) -> Callable[[], str]:
        """Give what takes a backup before an act, and says so; where it fails, so does the act."""

        def secure() -> str:
            try:
                with self.backups(target) as backups:
                    taken = backups.create(self._stored)
            except PrefcoreError as error:
                raise type(error)(
                    f"no backup of the present state could be taken, and nothing was changed: "
                    f"{error.message}; to go on without one, give --no-backup",
                    **error.facts,
                ) from error
            return f"backup {taken.manifest.id[:SHORT]} in {backups.name} holds the state before"

        return secure

    # -------------------------------------------------------------------------------- inside

    def _plan(self, act: Act) -> Plan:
        with self._begun(act, rehearsed=True) as begun:
            return begun.plan

    def _act(self, act: Act, *, expected: str | None = None) -> Changeset | None:
        with self._begun(act) as begun:
            return begun.commit(expected=expected)

    def _begun(
        self, act: Act, *, rehearsed: bool = False, progress: Progress = _silent
    ) -> AbstractContextManager[Begun]:
        return self._workplace.begun(
            act, self._version, self._done, rehearsed=rehearsed, progress=progress
        )

    def _done(self, changeset: Changeset | None) -> Changeset | None:
        if changeset is not None and changeset.schema_after != self._version:
            self._work_at(changeset.schema_after)
        self._workplace.watch.tell(changeset)
        return changeset

    def _meet(self, store: Store) -> None:
        """Work on an opened store: as it is, migrated, or read at the program's version."""
        self._use(store)
        if self._opening is None:
            return
        program = self._opening.document
        self._use(met(self._workplace, program, self._opening.migrate))
        if self._version is None and self._workplace.version_held() is not None:
            self._act(baseline_act(self._workplace))
        if self._version not in (None, program.version):
            with self.begin_migration(program.version, reason="opened by a newer program") as begun:
                begun.commit()
        _ = self.schema  # loading compares it with the one recorded, and raises where they differ

    def _strange(self, key: str, sets: list[tuple[str, str]]) -> list[Layer]:
        store = self._store
        return store.strange(key, sets) if isinstance(store, NewerStore) else []

    def _use(self, store: Store) -> None:
        self._store = self._workplace.store = store
        self._work_at(store.declaration(self.app, "")[0])


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


def _user_keys(plugins: Plugins, environ: Mapping[str, str]) -> Keys:
    return Keys(
        default_folder(environ),
        environ=environ,
        provider=lambda id, settings: plugins.key_providers.get(id).factory(settings),
    )


def _store_url(store: str | Path | None, app: str, environ: Mapping[str, str]) -> str:
    if store is None:
        return default_store(app, environ)
    text = str(store)
    scheme = text.partition(":")[0]
    return text if ":" in text and scheme.isalpha() and len(scheme) > 1 else f"sqlite:{text}"
