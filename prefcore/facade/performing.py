"""Performing: acts planned, done and told of; what every part of the facade stands on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from prefcore.access.in_force import AccessInForce
from prefcore.access.policy import Access
from prefcore.audit import is_claim
from prefcore.documents import values_of
from prefcore.engines import registering
from prefcore.errors import AppMismatch, UsageError
from prefcore.facade.act import Act, Begun
from prefcore.facade.acts import register_act
from prefcore.facade.inspecting import Inspector
from prefcore.facade.meeting import newer_refusal
from prefcore.facade.notary import Notary
from prefcore.facade.other_versions import NewerStore, OtherVersion
from prefcore.facade.workplace import Workplace
from prefcore.host import default_actor
from prefcore.interfaces import Layer, Store
from prefcore.keys import Keys, default_folder
from prefcore.migration import Step
from prefcore.model import Changeset, Plan, Progress
from prefcore.plugins.manager import Plugins
from prefcore.schema import SchemaDocument, Snapshots, Version

__all__ = ["Performer", "silent"]


def silent(entries: int, part: float | None) -> None:
    """Tell nobody how far an act has come."""


class Performer(Inspector):
    """Reads all there is of one application, and turns acts into plans and changesets."""

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
        access: Access | AccessInForce | None = None,
        vouch: Callable[[], None] = lambda: None,
    ) -> None:
        if access is None:
            access = AccessInForce(environ, actor)
        elif isinstance(access, Access):
            access = AccessInForce.fixed(access)
        plugins = plugins or Plugins.from_environment()
        snapshots = None
        if schemas is not None:
            decode = partial(values_of, find=plugins.formats.get)
            snapshots = Snapshots(schemas, app, decode=decode)
        workplace = Workplace(
            app,
            store,
            known=registering.KnownSchemas(app, own=schema, snapshots=snapshots, vouch=vouch),
            migrations=migrations,
            plugins=plugins,
            actor=actor or default_actor(environ),
            keys=keys or _user_keys(plugins, environ),
            access=access,
        )
        super().__init__(workplace, environ)
        self._targets = dict(targets or {})
        held = access.now()
        if held is not None and self.actor != held.actor:
            self.permit("act_as")

    @property
    def url(self) -> str:
        """Where the store is."""
        return self._store.url

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed here: what would change something raises."""
        return self._store.read_only

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
        self.permit("inspect")
        return self._workplace.steps()

    @property
    def newest_version(self) -> str | None:
        """The version the application's own schemas end at; None where none is known."""
        return self._workplace.known.newest

    @property
    def store(self) -> Store:
        """The store, for what this facade does not offer; no rule holds there."""
        self.permit("store")
        return self._store

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
        return register_act(self._workplace, document, reason)

    def record(self, kind: str, details: Mapping[str, object], *, reason: str = "") -> None:
        """Put an act on one's keys, which changes nothing, into the history; raises ReadOnly.

        Nothing where the log holds nothing of the application: no secret here is concerned.
        """
        self.permit("inspect")
        with self._store.snapshot() as view:
            if self.app not in view.apps():
                return
        self._record(kind, details, reason=reason)

    # -------------------------------------------------------------------------------- inside

    def _plan(self, act: Act) -> Plan:
        with self._begun(act, rehearsed=True) as begun:
            return begun.plan

    def _act(self, act: Act, *, expected: str | None = None) -> Changeset | None:
        with self._begun(act) as begun:
            return begun.commit(expected=expected)

    @contextmanager
    def _begun(
        self, act: Act, *, rehearsed: bool = False, progress: Progress = silent
    ) -> Iterator[Begun]:
        with self._recorded():
            access = self._workplace.in_force.renewed()
            if act.action != "write" and access is not None:
                access.check(act.action)
            self._record_given(act)
            with self._workplace.begun(
                act, self._version, self._done, rehearsed=rehearsed, progress=progress
            ) as begun:
                yield begun

    def _record_given(self, act: Act) -> None:
        """Record which audited secrets the steps of an act will be given; raises ReadOnly.

        For a plan too, whose steps run as well; and first, for they may tell of them at once.
        """
        given = act.given()
        if given:
            self._record("read", {"keys": dict(given)}, reason=f"read by steps to {act.summary}")

    def _done(self, changeset: Changeset | None) -> Changeset | None:
        if changeset is not None and changeset.schema_after != self._version:
            self._work_at(changeset.schema_after)
        self._workplace.watch.tell(changeset)
        if changeset is not None:
            notary = Notary(self._stored, self.keys, actor=self.actor, app=self.app)
            claiming = changeset.id if is_claim(changeset) else None
            notary.record_in_passing(changeset.revision, claiming=claiming)
        return changeset

    def _refuse_if_newer(self) -> None:
        """Refuse to change values at a version above all whose schemas the application has."""
        if self.is_newer:
            newest, held = str(self.newest_version), str(self._version)
            raise newer_refusal(self._store.url, self.app, held, newest)

    @property
    def _stored(self) -> Store:
        """The store as it is, whatever version it is read at."""
        store = self._store
        return store.behind if isinstance(store, OtherVersion) else store

    def _strange(self, key: str, sets: list[tuple[str, str]]) -> list[Layer]:
        store = self._store
        return store.strange(key, sets) if isinstance(store, NewerStore) else []

    def _use(self, store: Store) -> None:
        self._store = self._workplace.store = store
        self._work_at(store.declaration(self.app, "")[0])


def _user_keys(plugins: Plugins, environ: Mapping[str, str]) -> Keys:
    return Keys(
        default_folder(environ),
        environ=environ,
        provider=lambda id, settings: plugins.key_providers.get(id).factory(settings),
    )
