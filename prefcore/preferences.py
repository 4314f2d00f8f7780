"""The facade an application holds: opened at a schema class's version, and met again there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from prefcore.access.policy import Access
from prefcore.engines.importing import missing_strategies
from prefcore.errors import InvalidSchema, StoreMoved, UsageError
from prefcore.facade.acts import baseline_act
from prefcore.facade.changing import Changer
from prefcore.facade.meeting import MODES, met, read_in_memory
from prefcore.facade.moving import Mover
from prefcore.facade.other_versions import OtherVersion
from prefcore.facade.pruning import Pruner
from prefcore.facade.registry import Registry
from prefcore.facade.revealing import Revealer
from prefcore.facade.templating import Templates
from prefcore.facade.upgrading import Upgrader
from prefcore.host import default_store
from prefcore.interfaces import Store
from prefcore.keys import Keys
from prefcore.migration import Step
from prefcore.plugins.manager import Plugins
from prefcore.schema import SchemaDocument, Version

if TYPE_CHECKING:
    from prefcore.schema import Schema

__all__ = ["Preferences"]

S = TypeVar("S", bound="Schema")


class _Opening(NamedTuple):
    """How ``open`` was called: what opens the store (and makes one), schema, and mode."""

    store: Callable[..., Store]
    document: SchemaDocument
    migrate: str


class Preferences(Changer[S], Mover, Upgrader, Pruner, Revealer):
    """The preferences of one application in one store.

    Made by ``open`` for an application with a schema class. Made directly it works at whatever
    schema version is in force, as the command line does: ``schema`` is the application's own
    document, ``schemas`` a folder of snapshots, ``migrations`` steps or a folder of step files
    (run as code when a migration needs them). ``targets`` has the URLs of backup targets by name;
    where there are some, a migration that may lose something takes a backup first. ``vouch`` is
    called before a schema comes into the store that it does not hold, and raises PolicyRefused
    where that may be a stranger's.
    """

    _opening: _Opening | None = None

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
        access: Access | None = None,
    ) -> Preferences[S]:
        """Open the preferences of an application at its schema class's version.

        ``store`` is a URL (``sqlite:PATH``) or a path; by default a file in the platform's data
        folder. A fresh store starts at the class's version. ``keys`` is the key ring that sensitive
        values are encrypted with; by default the user's. ``access`` is who acts and what they may
        do; by default the access policies of the system and the user say what ``actor`` may, as
        they are when something is done.

        An older one is migrated with ``migrate="auto"``, refused with MigrationRequired with
        ``"require"``, and with ``"never"`` read through the migration steps in memory, as is every
        older store that can only be read. A newer one is read for the keys that the class
        understands. What is read so is not changed: that raises ReadOnly, MigrationRequired or
        NewerFormat. ``read_only`` opens the store for reading.
        """
        if migrate not in MODES:
            raise UsageError(f"migrate is 'auto', 'require' or 'never', not {migrate!r}")
        if not callable(getattr(schema, "document", None)):
            raise UsageError(f"preferences are opened by a schema class, not by {schema!r:.60}")
        document = schema.document()
        plugins = plugins or Plugins.from_environment()
        _refuse_unknown_strategies(document, plugins)
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
                access=access,
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

    def read_at_newest(self) -> None:
        """Read on at the newest version known, in memory, where the store is older than that.

        Only where the store can only be read; else nothing changes. Raises MissingStep, what
        reading the steps raises, and PolicyRefused where that version may be a stranger's.
        """
        newest, held = self._workplace.known.newest, self._version
        if not self._store.read_only or newest is None or held is None:
            return
        if Version.parse(held) < Version.parse(newest):
            with self._store.snapshot() as view:
                objection = self._workplace.known.objection(view, newest)
            if objection is not None:
                raise objection
            self._use(read_in_memory(self._workplace, held, self._workplace.schema(newest)))

    @property
    def templates(self) -> Templates:
        """The templates: named sets that others are made from."""
        return Templates(self)

    @property
    def registry(self) -> Registry:
        """The registry of schema versions: what is said of them, and what lies between them."""
        self.permit("inspect")
        return Registry(self._workplace, self._version, self._plan)

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


def _refuse_unknown_strategies(document: SchemaDocument, plugins: Plugins) -> None:
    """Raise InvalidSchema where a program's own schema names a merge strategy that there is not.

    A schema of a folder or a store may come from a machine with other plugins, and is opened.
    """
    if all(one.merge is None for one in document.preferences.values()):
        return  # nearly always, and then no plugin is looked for
    known = plugins.merge_strategies.ids()
    for strategy, keys in missing_strategies(document, known).items():
        raise InvalidSchema(
            f"{document.app} {document.version}: {keys[0]} is to be merged by '{strategy}', and "
            f"there is no such strategy; known are {', '.join(known)}; name one of them, or "
            "install the plugin that brings it",
            key=keys[0],
            strategy=strategy,
        )


def _store_url(store: str | Path | None, app: str, environ: Mapping[str, str]) -> str:
    if store is None:
        return default_store(app, environ)
    if not isinstance(store, str | Path):
        raise UsageError(f"a store is named by a URL or a path, not by {store!r:.40}")
    text = str(store)
    scheme = text.partition(":")[0]
    return text if ":" in text and scheme.isalpha() and len(scheme) > 1 else f"sqlite:{text}"
