"""One run of the command line: its global options, and the configuration and store they lead to.

On the way of ``prefcore get``: what only other verbs need is imported where it is used, and
``os.path`` stands for pathlib, which costs 5 ms to import.
"""
# ruff: noqa: PTH100, PTH109

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING

from prefcore.config import Config, find
from prefcore.errors import PrefcoreError, UsageError

if TYPE_CHECKING:
    from prefcore.access.in_force import AccessInForce
    from prefcore.access.policy import Access
    from prefcore.interfaces import Store
    from prefcore.keys import Keys
    from prefcore.plugins.manager import PluginEntry, Plugins
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema
    from prefcore.trust import Trusted

__all__ = ["Session"]


class Session:
    """What the global options say, and what follows from them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.config = ""
        self.store = ""
        self.app = ""
        self.actor = ""
        self.read_only = False
        self.json = False
        self.no_input = False
        self.quiet = False
        self.verbose = False
        self.debug = False
        self._configuration: Config | None = None
        self._plugins: Plugins | None = None
        self._keys: Keys | None = None
        self._in_force: AccessInForce | None = None

    @property
    def configuration(self) -> Config:
        """What is configured, the command line's own options first; UsageError where too little."""
        if self._configuration is None:
            self._configuration = self._load()
        return self._configuration

    @property
    def file(self) -> str | None:
        """The path of the prefcore.toml that holds; None where there is none."""
        return os.path.abspath(self.config) if self.config else find(os.getcwd(), self.environ)

    def _load(self) -> Config:
        found = Config.load(self.file, self.environ, app=self.app, store=self.store)
        if not found.app:
            if found.path:
                raise UsageError(f'{found.path} names no application; add app = "NAME" to it')
            raise UsageError(
                "no application is named, and there is no prefcore.toml here or above; make one "
                "with `prefcore init --app NAME`, or give --app NAME"
            )
        return found

    @property
    def plugins(self) -> Plugins:
        """The plugins that the configuration lets through; also where nothing is configured."""
        if self._plugins is None:
            from prefcore.cli.warnings import tell_warnings
            from prefcore.plugins.manager import Plugins

            tell_warnings(self)
            settings = Config.load(self.file, self.environ).plugins
            self._plugins = Plugins.from_environment(
                allow=settings.allow,
                deny=settings.deny,
                choose=settings.choose,
                strict=settings.strict,
                watch=settings.watch,
                loading=self._loading,
                environ=self.environ,
            )
        return self._plugins

    @contextmanager
    def _loading(self, entry: PluginEntry) -> Iterator[None]:
        """Say under -v, and where the user interrupts it, which plugin is being loaded.

        The standard output is for data: what a plugin prints meanwhile goes to the standard error.
        """
        who = f"plugin {entry.name} of {entry.distribution} {entry.version}"
        if self.verbose:
            from prefcore.cli.output import say

            say(self, f"loading {who}")
        try:
            with redirect_stdout(sys.stderr):
                yield
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(f"while {who} was loaded") from error

    @property
    def keys(self) -> Keys:
        """The user's key ring; passphrases are asked for on a terminal."""
        if self._keys is None:
            from prefcore.keys import Keys, default_folder

            self._keys = Keys(
                default_folder(self.environ),
                environ=self.environ,
                ask=self._asked if self.may_ask else None,
                provider=lambda id, settings: self.plugins.key_providers.get(id).factory(settings),
            )
        return self._keys

    @property
    def may_ask(self) -> bool:
        """Whether somebody is there to answer."""
        return not self.no_input and sys.stdin.isatty()

    def _asked(self, what: str) -> str:
        import click

        return str(click.prompt(f"Passphrase of {what}", err=True, hide_input=True))

    @property
    def trusted(self) -> Trusted:
        """The folders whose code this user allowed to run."""
        from prefcore.trust import Trusted

        return Trusted(self.environ)

    @property
    def access(self) -> Access | None:
        """What the operating system's user may do by the access policies; None without one.

        ``--actor`` and PREFCORE_ACTOR have no say in it: anybody may write anything there.
        """
        return self._policies.now()

    @property
    def _policies(self) -> AccessInForce:
        if self._in_force is None:
            from prefcore.access.in_force import AccessInForce

            self._in_force = AccessInForce(self.environ)
        return self._in_force

    def permit(self, action: str) -> None:
        """Raise NotPermitted where the user may not do what a verb does beside the facade."""
        if self.access is not None and self.access.refusal(action):
            with suppress(PrefcoreError), self.preferences() as prefs:
                prefs.permit(action)  # records the denial, where there is a store
            self.access.check(action)

    @property
    def me(self) -> str:
        """The operating system's name of this user: whose preferences are meant by default."""
        from prefcore.host import default_actor

        return default_actor({k: v for k, v in self.environ.items() if k != "PREFCORE_ACTOR"})

    def open_store(self, *, create: bool = False) -> Store:
        """Open the configured store; raises what opening it raises."""
        url = self.configuration.store
        scheme = url.partition(":")[0]
        if scheme == "sqlite" and self._is_core_store():
            from prefcore.builtin.sqlite_store.store import SqliteStore

            store: Store = SqliteStore.open(url, create=create, read_only=self.read_only)
        else:
            kind = self.plugins.stores.get(scheme)
            store = kind.open(url, create=create, read_only=self.read_only)
        if self.verbose:
            self.tell_place(store)
        return store

    def _is_core_store(self) -> bool:
        """Whether no rule for plugins takes ``sqlite:`` away from core, which needs no look-up."""
        settings = self.configuration.plugins
        denied = {*settings.deny, *self.environ.get("PREFCORE_PLUGINS_DENY", "").split(",")}
        return "stores.sqlite" not in settings.choose and denied.isdisjoint(
            ("sqlite", "stores.sqlite", "prefcore")
        )

    def tell_place(self, store: Store) -> None:
        """Say which configuration, store and application are used (``-v``)."""
        import click

        found = self.configuration
        click.echo(f"prefcore: configuration {found.path or 'none'}", err=True)
        click.echo(f"prefcore: application {found.app}, store {store.url}", err=True)

    @property
    def targets(self) -> dict[str, str]:
        """The URLs of the backup targets that are configured, by their names."""
        tables = self.configuration.targets
        return {name: str(table["url"]) for name, table in tables.items()}

    @contextmanager
    def preferences(self, *, back_up: bool = True) -> Iterator[Preferences[Schema]]:
        """Open the store and give the facade over it, closed afterwards.

        Without ``back_up`` it knows of no targets, so that no act takes a backup first.
        """
        store = self.open_store()
        try:
            yield self.facade(store, back_up=back_up)
        finally:
            store.close()

    @contextmanager
    def reading(self) -> Iterator[Preferences[Schema]]:
        """As ``preferences``, for verbs that only read: as the newest program would see it.

        An older store that can only be read is read through the migration steps, in memory; where
        those cannot be had, as it is stored. Either is told, and so is a newer store.
        """
        with self.preferences() as prefs:
            self.read_at_newest(prefs)
            if prefs.is_newer:
                from prefcore.cli.output import warn

                warn(
                    f"{prefs.app} is at {prefs.version}, newer than {prefs.newest_version}, the "
                    "newest schema configured: all of it can be read, and changes are refused"
                )
            yield prefs

    def read_at_newest(self, prefs: Preferences[Schema]) -> None:
        """Have a store that can only be read seen at the newest version known."""
        from prefcore.cli.output import warn

        try:
            prefs.read_at_newest()
        except PrefcoreError as error:
            warn(f"{prefs.app} is read at {prefs.version}, as it is stored: {error.message}")

    def facade(self, store: Store, *, back_up: bool = True) -> Preferences[Schema]:
        """Give the facade over an opened store, at the schema version in force."""
        import warnings

        from prefcore.cli.sources import known_folder, own_schema, steps
        from prefcore.deprecation import DeprecatedPreference
        from prefcore.preferences import Preferences

        found = self.configuration
        # Verbs tell it in their own words; a warning of Python's would name our code.
        warnings.simplefilter("ignore", DeprecatedPreference)
        return Preferences(
            store,
            found.app,
            schema=own_schema(found, self.plugins, self.trusted),
            schemas=known_folder(found),
            migrations=steps(found, self.plugins, self.trusted),
            actor=self.actor or None,
            plugins=self.plugins,
            environ=self.environ,
            keys=self.keys,
            targets=self.targets if back_up else {},
            access=self._policies,
            vouch=lambda: self.trusted.check_schemas(found),
        )
