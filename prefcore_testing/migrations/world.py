"""A world to migrate in: a memory store at some version, with sets to take up and down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from prefcore.builtin.memory_store import MemoryStore
from prefcore.engines.migrating import Migration, migrate_back, migrate_up, undoing
from prefcore.keys import Keys
from prefcore.migration import Edge, Step, find_path
from prefcore.model import Changeset, Conflict, Draft, Row, to_micros
from prefcore.planning import PlanBuilder
from prefcore.schema import SchemaDocument, Version
from prefcore.values import UNSET, canonical_text, from_text
from prefcore.vault import Vault

__all__ = ["Place", "Sets", "World"]

#: Scope and owner of a set.
Place = tuple[str, str]
#: Values by key, by set. UNSET takes a value out.
Sets = Mapping[Place, Mapping[str, object]]

_BEGIN = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)


class World:
    """One application in a memory store, migrated by the engine that stores are migrated by."""

    def __init__(
        self, schemas: Mapping[str, SchemaDocument], steps: Iterable[Step], start: str
    ) -> None:
        self.store = MemoryStore()
        self.schemas = dict(schemas)
        self.steps = tuple(steps)
        self.version = start
        self.app = self.schemas[start].app
        self._changesets = 0
        with self.store.changeset(self._draft("register", "setup"), version=None) as transaction:
            for version, document in self.schemas.items():
                transaction.register(version, document.text, declarations={})
            transaction.apply_version(start)

    def write(self, sets: Sets, *, source: str = "manual") -> None:
        """Write values into sets, each set as its owner does."""
        with self.store.changeset(self._draft("set", "user"), version=self.version) as transaction:
            for place, values in sets.items():
                at = to_micros(self._now())
                held = {key: one for key, one in values.items() if one is not UNSET}
                rows: list[Row] = [
                    (key, canonical_text(one), at + i, source, place[1])
                    for i, (key, one) in enumerate(held.items())
                ]
                transaction.write(*place, rows)
                transaction.remove(*place, [key for key in values if key not in held])

    def migrate(self, goal: str, *, take_before: bool = False) -> Changeset | None:
        """Migrate in one changeset; raises as the engine does, and then nothing changed."""
        conflicts, changeset = self._run(goal, take_before=take_before, dry=False)
        assert not conflicts, f"conflicts, although they were not to be told: {conflicts}"
        return changeset

    def conflicts(self, goal: str) -> tuple[Conflict, ...]:
        """Give the conflicts of the plan to migrate; nothing changes."""
        return self._run(goal, take_before=False, dry=True)[0]

    def _run(
        self, goal: str, *, take_before: bool, dry: bool
    ) -> tuple[tuple[Conflict, ...], Changeset | None]:
        builder = PlanBuilder()
        migration = Migration(
            app=self.app,
            actor="migrator",
            at=self._now(),
            load=self.schemas.__getitem__,
            find_path=self._find_path,
        )
        path = self._find_path(self.version, goal)
        draft = self._draft("migrate", "migrator")
        # Steps see what is stored in clear; how secrets are sealed around them is none of theirs.
        vault = Vault(self.app, Keys("", environ={}))
        with self.store.changeset(draft, version=self.version) as begun:
            transaction = vault.sealing(begun, draft, lambda key: False)
            if _lower(self.version, goal):
                migrate_up(transaction, builder, migration, path)
            elif path:
                undo = undoing(transaction, self.app, goal)
                migrate_back(transaction, builder, migration, path, undo, take_before=take_before)
            transaction.apply_version(goal)
            if dry or builder.conflicts:
                transaction.abandon()
        if not dry and not builder.conflicts:
            self.version = goal
        return tuple(builder.conflicts), transaction.result()

    def rows(self) -> dict[Place, tuple[Row, ...]]:
        """Give all that is held, with its metadata, by set."""
        with self.store.snapshot() as view:
            return {(one.scope, one.owner): one.rows for one in view.sets(self.app)}

    def texts(self) -> dict[Place, dict[str, str]]:
        """Give the canonical texts that are held, by set and key."""
        return {place: {key: text for key, text, *_ in rows} for place, rows in self.rows().items()}

    def faults(self) -> list[str]:
        """Give what the schema in force refuses of what is held, in words."""
        schema = self.schemas[self.version]
        found = []
        for (scope, owner), texts in self.texts().items():
            for key, text in texts.items():
                at = f"{scope}/{owner} {key}"
                preference = schema.preferences.get(key)
                if preference is None:
                    found.append(f"{at} is held, and {self.version} does not declare it")
                    continue
                problem = schema.check(key, from_text(text))
                if problem is not None:
                    found.append(f"{at}: {problem.message}")
                if scope not in preference.scopes:
                    found.append(f"{at} may not stand in {scope}")
        return found

    def _find_path(self, start: str, goal: str) -> tuple[Edge, ...]:
        return find_path(self.schemas, self.steps, start, goal) if start != goal else ()

    def _now(self) -> datetime:
        return _BEGIN + timedelta(hours=self._changesets)

    def _draft(self, kind: str, actor: str) -> Draft:
        self._changesets += 1
        return Draft(self.app, actor, kind, self._now())


def _lower(one: str, other: str) -> bool:
    return Version.parse(one) < Version.parse(other)
