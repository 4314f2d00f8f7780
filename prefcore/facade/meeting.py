"""Meeting a store: how a program reads one that is at another schema version than its own."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from prefcore.access.known_declarations import KnownDeclarations
from prefcore.access.sources import Sources
from prefcore.engines.migrating import Ascent, Migration
from prefcore.errors import MigrationRequired, NewerFormat, PrefcoreError, ReadOnly
from prefcore.facade.other_versions import NewerStore, OlderStore
from prefcore.facade.workplace import Workplace
from prefcore.interfaces import Store
from prefcore.schema import SchemaDocument, Version

__all__ = ["MODES", "met", "newer_refusal", "read_in_memory"]

#: What an application may say of an older store: migrate it, refuse it, or leave it as it is.
MODES = ("auto", "require", "never")


def met(workplace: Workplace, program: SchemaDocument, migrate: str) -> Store:
    """Give the workplace's store as a program with that schema may use it.

    The store itself, where it is at that version, or is older and to be migrated; else one that
    stands in for it, to be read, after a warning. Raises MigrationRequired with ``"require"``.
    """
    store = workplace.store
    held = workplace.version_held()
    if held is None or held == program.version:
        return store
    app, url = program.app, store.url
    if Version.parse(program.version) < Version.parse(held):
        _warn(
            f"{url}: {app} is at schema {held}, newer than this program's {program.version}; it is "
            f"read for the keys that {program.version} understands and cannot be changed: upgrade "
            f"the program to {held}"
        )
        in_force, _ = store.declaration(app, "")
        return NewerStore(
            store, in_force, program, lambda: newer_refusal(url, app, held, program.version)
        )
    if store.read_only or migrate == "never":
        return read_in_memory(workplace, held, program)
    if migrate == "require":
        raise MigrationRequired(
            f"{url}: {app} is at schema {held} and the program needs {program.version}; run "
            "`prefcore migrate up`, or open with migrate='auto'",
            found=held,
            needed=program.version,
        )
    return store


def read_in_memory(workplace: Workplace, held: str, program: SchemaDocument) -> OlderStore:
    """Give an older store as it would read at the program's version; raises MissingStep."""
    store, goal = workplace.store, program.version
    path, _ = workplace.way(held, goal)
    documents = {v: workplace.schema(v) for edge in path for v in (edge.older, edge.newer)}
    migration = Migration(
        app=program.app,
        actor=f"the steps {held} → {goal}, in memory",
        at=datetime.now(UTC),
        load=lambda version: documents.get(version) or workplace.schema(version),
        find_path=workplace.find_path,
    )

    def refusal() -> PrefcoreError:
        is_at = f"{store.url}: {program.app} is at schema {held}"
        if store.read_only:
            return ReadOnly(
                f"{is_at}, and the store can only be read: what is read at {goal} was migrated in "
                "memory, and nothing was changed; make the store writable and migrate it",
                found=held,
                needed=goal,
            )
        return MigrationRequired(
            f"{is_at}, and was opened with migrate='never': what is read at {goal} was migrated in "
            "memory, and nothing was changed; run `prefcore migrate up`, or open with "
            "migrate='auto'",
            found=held,
            needed=goal,
        )

    _warn(
        f"{store.url}: {program.app} is at schema {held}; it is read at {goal} through the "
        "migration steps in memory, and cannot be changed"
    )
    in_force, _ = store.declaration(program.app, "")
    ascent = Ascent(migration, path, workplace.vault, _ward(workplace, held))
    return OlderStore(store, in_force, program, ascent, refusal)


def _ward(workplace: Workplace, held: str) -> Sources:
    """Give what judges the values of a store at a version before steps in memory get them."""
    document = workplace.schema(held)
    known = KnownDeclarations(workplace.known, workplace.store.snapshot)

    @cache
    def audited(key: str) -> bool:
        declared = document.preferences.get(key)
        return any(one.audited for one in (known.of(key) if declared is None else [declared]))

    return Sources(workplace.app, workplace.in_force.now, audited)


def newer_refusal(url: str, app: str, held: str, newest: str) -> NewerFormat:
    """Give the error for a change of a store that is newer than the schemas at hand."""
    return NewerFormat(
        f"{url}: {app} is at schema {held}, newer than {newest}, the newest known here, so nothing "
        f"was changed; upgrade to what knows {held}, or migrate down to {newest}",
        found=held,
        newest=newest,
    )


def _warn(sentence: str) -> None:
    import logging  # late: 5 ms, and most stores are at their program's version

    logging.getLogger("prefcore").warning("%s", sentence)
