"""The workplace: one application in one store, where acts become changesets.

An act is planned and done by the same code in one transaction, so a plan cannot lie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from prefcore.access.in_force import AccessInForce
from prefcore.access.judging import Judge, Permit
from prefcore.access.known_declarations import KnownDeclarations
from prefcore.access.policy import Access
from prefcore.engines import registering
from prefcore.errors import (
    InvalidValue,
    NotFound,
)
from prefcore.facade.act import Act, Begun
from prefcore.interfaces import Snapshot, Store, Transaction
from prefcore.keys import Keys
from prefcore.migration import Edge, Step, find_path, in_order, read_steps
from prefcore.model import Change, Changeset, Draft, PlanItem, Progress, Scope
from prefcore.planning import PlanBuilder
from prefcore.plugins.manager import Plugins
from prefcore.plugins.watching import Watch
from prefcore.schema import Preference, SchemaDocument, Version
from prefcore.security import is_telling_name
from prefcore.values import from_text
from prefcore.vault import SealingTransaction, Vault

__all__ = ["Workplace", "roles_of"]


class Workplace:
    """What acts work with: one application in one store, its schemas, steps and plugins."""

    def __init__(
        self,
        app: str,
        store: Store,
        *,
        known: registering.KnownSchemas,
        migrations: Path | Iterable[Step],
        plugins: Plugins,
        actor: str,
        keys: Keys,
        access: AccessInForce,
    ) -> None:
        self.app = app
        self.in_force = access
        self.keys = keys
        self.vault = Vault(app, keys)
        self.store = store
        self.known = known
        self.plugins = plugins
        self.watch = Watch(plugins)
        self.actor = actor
        self._migrations = migrations

    @property
    def access(self) -> Access | None:
        """What the actor may do by the access policies in force; None where there is none."""
        return self.in_force.now()

    def steps(self) -> tuple[Step, ...]:
        """Give the migration steps, reading (running) their files when first asked."""
        if isinstance(self._migrations, Path):
            self._migrations = read_steps(self._migrations)
        else:
            self._migrations = in_order(self._migrations)
        return self._migrations

    def find_path(self, start: str, goal: str) -> tuple[Edge, ...]:
        """Give the edges from one version to another; raises MissingStep."""
        with self.store.snapshot() as view:
            versions = self.known.versions(view)
        return find_path(versions, self.steps(), start, goal)

    def way(self, start: str, goal: str) -> tuple[tuple[Edge, ...], bool]:
        """Give the edges between two versions (none where they are one), and whether it is up."""
        if start == goal:
            return (), True
        return self.find_path(start, goal), Version.parse(start) < Version.parse(goal)

    def schema(self, version: str) -> SchemaDocument:
        """Give a version's schema; raises MissingStep where it is not known."""
        with self.store.snapshot() as view:
            return self.known.load(view, version)

    def first_version(self) -> str:
        """Give the version that a store without a recorded one is taken at.

        The newest known; but the baseline that this declares, where the store holds something of
        the application already. Raises NotFound where no schema is known.
        """
        newest = self.known.newest
        if newest is None:
            with self.store.snapshot() as view:
                others = [app for app in view.apps() if app != self.app]
            holds = f" (it holds {', '.join(others)})" if others else ""
            raise NotFound(
                f"no schema of {self.app} is known: the store records none{holds}, and "
                + (
                    "no folder of snapshots is configured; set `schemas` in prefcore.toml"
                    if self.known.folder is None
                    else f"{self.known.folder} holds none; write one there, such as 1.0.0.json"
                ),
            )
        with self.store.snapshot() as view:
            baseline = self.known.load(view, newest).baseline
            return newest if baseline is None or self.is_unused(view) else baseline

    def is_unused(self, view: Snapshot) -> bool:
        """Say whether a store holds nothing of the application, and never did.

        What is only told in the log, such as a denial, does not count.
        """
        return all(
            not one.changes and one.schema_after is None for one in view.changesets(self.app)
        )

    def version_held(self) -> str | None:
        """Give the version of what is stored; None where that is nothing, at no version."""
        version, _ = self.store.declaration(self.app, "")
        if version is not None:
            return version
        with self.store.snapshot() as view:
            if self.is_unused(view):
                return None
        return self.first_version()

    def record(
        self, transaction: Transaction, document: SchemaDocument, builder: PlanBuilder | None = None
    ) -> None:
        """Record a schema version, where it is not yet.

        One that may be a stranger's stands in the way of the plan; without a builder it raises.
        """
        objection = self.known.objection(transaction, document.version)
        if objection is not None:
            if builder is None:
                raise objection
            item = PlanItem("refuse", document.version, reason=objection.message)
            builder.refuse(item, objection)
        registering.register(transaction, document)

    def put_in_force(
        self, transaction: Transaction, version: str, builder: PlanBuilder | None = None
    ) -> None:
        """Record a schema version, where it is not yet, and apply it; see ``record``."""
        self.record(transaction, self.known.load(transaction, version), builder)
        transaction.apply_version(version)

    def broken_rules(
        self, transaction: SealingTransaction, version: str | None
    ) -> Iterator[InvalidValue]:
        """Give an error for each rule across keys that a set changed so far breaks.

        Only rules on keys that changed in the set are asked: what was so before stays. A template
        is no set that anything reads; its copies are asked.
        """
        document = self.known.own(version)
        if document is None or not document.validators.rules:
            return
        keys = {key for rule in document.validators.rules for key in rule.keys}
        changes = (one for one in transaction.pending() if isinstance(one, Change))
        for (scope, owner), group in groupby(changes, key=attrgetter("scope", "owner")):
            changed = keys.intersection(one.key for one in group)
            if scope == Scope.TEMPLATE or not changed:
                continue
            rows = transaction.read_set(self.app, scope, owner).rows
            opened = (transaction.opened(scope, owner, row) for row in rows if row[0] in keys)
            values = {row[0]: from_text(row[1]) for row in opened}
            yield from document.broken_rules(values, changed, scope=scope, owner=owner)

    def permitting(
        self,
        judge: Judge | None,
        document: Callable[[str], SchemaDocument],
        said_of: Callable[[str], Iterable[Preference]],
    ) -> Permit | None:
        """Give what raises NotPermitted where a value may not be written; None: all may be.

        ``document`` gives a schema that says which role a key needs. Of a key that it does not
        declare, all that ``said_of`` gives holds: else a value could wait for the version that
        declares the key again.
        """
        if judge is None:
            return None

        @cache
        def needed(key: str) -> tuple[str, ...]:
            declared = document(key).preferences.get(key)
            return roles_of(said_of(key) if declared is None else (declared,))

        return Permit(judge, needed)

    def _sealing(self, act: Act, declared: KnownDeclarations) -> Callable[[str], bool]:
        """Give what says which keys an act seals, also of those that its schemas do not declare."""

        def hides(key: str) -> bool:
            if act.hides(key):
                return True
            if not act.schemas or any(key in one.preferences for one in act.schemas):
                return False
            return any(one.sensitive for one in declared.of(key))

        return hides

    def declarations(
        self, view: Callable[[], AbstractContextManager[Snapshot]]
    ) -> KnownDeclarations:
        """Give what the known versions declare of the keys of the view that ``view`` opens."""
        return KnownDeclarations(self.known, view)

    def _permitting(
        self, act: Act, view: Snapshot, version: str | None, declared: KnownDeclarations
    ) -> Permit | None:
        """Give what an act asks before it writes a value; None where it is permitted as a whole."""
        if act.action != "write":
            return None

        @cache
        def document() -> SchemaDocument:
            return self.schema(act.to_version or version or self.first_version())

        access = self.access
        judge = None if access is None else Judge.of(access, view, self.app)
        return self.permitting(judge, lambda key: document(), declared.of)

    def _hiding(self, *versions: str | None) -> Callable[[str], bool]:
        """Give what says which keys are sensitive at one of the versions, looked up when asked."""

        @cache
        def documents() -> list[SchemaDocument]:
            return [self.schema(one) for one in dict.fromkeys(versions) if one is not None]

        @cache
        def hides(key: str) -> bool:
            declared = [one.preferences[key] for one in documents() if key in one.preferences]
            return any(one.sensitive for one in declared) if declared else is_telling_name(key)

        return hides

    def draft(self, kind: str, reason: str, details: Mapping[str, object] | None = None) -> Draft:
        """Give the draft of a changeset made now.

        Its details say ``by`` whom it is where somebody acts under another name. A denial is of who
        was denied, whatever name (``as``) was given.
        """
        actor, told = self.actor, dict(details or {})
        access = self.access
        if access is not None and access.actor != actor:
            if kind == "denied":
                actor, told["as"] = access.actor, actor
            else:
                told["by"] = access.actor
        return Draft(self.app, actor, kind, datetime.now(UTC), reason, told)

    @contextmanager
    def begun(
        self,
        act: Act,
        version: str | None,
        done: Callable[[Changeset | None], object],
        *,
        rehearsed: bool = False,
        progress: Progress = lambda entries, part: None,
    ) -> Iterator[Begun]:
        """Run an act in one transaction, and give it with its plan, to be committed or let go.

        ``version`` is the schema version in force; ``done`` is told of what was committed. The
        transaction holds the store's write lock until it is committed, let go, or the block ends,
        which lets it go. ``rehearsed`` runs it on a private copy of the store instead, for its
        plan alone. ``progress`` is told of how far it has come. Raises what a watcher's veto
        raises, for a plan too.
        """
        draft = self.draft(act.kind, act.reason, act.details)
        begin = self.store.rehearse if rehearsed else self.store.changeset
        with ExitStack() as ending:
            begun = ending.enter_context(begin(draft, version=version))
            declared = self.declarations(lambda: nullcontext(begun))
            permit = self._permitting(act, begun, version, declared)
            hides = self._sealing(act, declared)
            transaction = self.vault.sealing(begun, draft, hides, permit, moved=declared.forget)
            last = next(transaction.changesets(self.app), None)
            base = None if last is None else last.id
            goal = act.to_version or version or self.first_version()
            hiding = self._hiding(version, goal)
            builder = PlanBuilder(
                lambda key: hiding(key) or transaction.hides(key), transaction.printed, progress
            )
            builder.details.update(act.details)
            act.run(transaction, builder)
            if goal != version:
                self.put_in_force(transaction, goal, builder)
            for error in self.broken_rules(transaction, goal):
                key, scope, owner = (str(error.facts[name]) for name in ("key", "scope", "owner"))
                builder.refuse(PlanItem("refuse", key, scope, owner, reason=error.message), error)
            self.watch.judge(draft, transaction)
            plan = builder.build(
                app=self.app, kind=act.kind, summary=act.summary, base=base, request=act
            )
            copied = act.careful and not (plan.is_empty and goal == version)
            one = Begun(
                plan,
                transaction,
                ending,
                done,
                copied=self.store if copied else None,
                scrubbed=self.store if transaction.sealed_in_place or act.scrubs else None,
                secure=None if plan.is_empty else act.secure,
                is_rehearsal=rehearsed,
            )
            try:
                yield one
            finally:
                one.let_go()


def roles_of(declared: Iterable[Preference]) -> tuple[str, ...]:
    """Give the roles that declarations ask for, each once."""
    roles = dict.fromkeys(one.requires_role for one in declared)
    return tuple(role for role in roles if role is not None)
