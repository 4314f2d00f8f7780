"""Loads plugins: one at a time, by id, when asked for; a broken one hurts nobody else.

Nothing is global: an application composes its own set.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from threading import RLock
from typing import TYPE_CHECKING, Generic, TypeVar, cast

import attrs

from prefcore.errors import PluginError, UsageError
from prefcore.plugins.holding import Holder
from prefcore.plugins.index import KINDS, PluginEntry, Status, absence, builtin_entries, scan
from prefcore.plugins.loading import Broken, Declared, guarded
from prefcore.plugins.policy import Policy, resolve
from prefcore.plugins.problems import Problem, did_you_mean

if TYPE_CHECKING:
    from prefcore.interfaces import (
        FormatInfo,
        KeyProviderInfo,
        MergeStrategyInfo,
        MigrationsInfo,
        StoreInfo,
        TargetInfo,
        WatcherInfo,
    )

__all__ = ["PluginEntry", "PluginKind", "Plugins", "Problem"]

Info = TypeVar("Info")
#: What is entered while a plugin is loaded.
Loading = Callable[[PluginEntry], AbstractContextManager[object]]


class PluginKind(Generic[Info]):
    """The plugins of one kind, typed: ``plugins.formats.get("json")`` is a FormatInfo."""

    def __init__(self, plugins: Plugins, kind: str) -> None:
        self._plugins = plugins
        self.kind = kind

    def get(self, id: str) -> Info:
        """Load the plugin of that id and give what it declares; see ``Plugins.get``."""
        return cast(Info, self._plugins.get(self.kind, id))

    def ids(self) -> tuple[str, ...]:
        """Give the ids that may be asked for, sorted; imports nothing."""
        return tuple(sorted(entry.id for entry in self._plugins.usable(self.kind)))

    def all(self) -> tuple[Info, ...]:
        """Load the whole kind, in the index's order; broken ones are left to ``problems``."""
        return tuple(cast(Info, info) for info in self._plugins.load_kind(self.kind))


class Plugins:
    """A set of plugins: those passed in, core's own and, where asked, those installed.

    ``plugins`` are modules or objects with ``@hookimpl`` functions; with them alone no metadata
    is read, so frozen applications work. ``allow``, ``deny`` and ``choose`` are as in ``Policy``
    and hold before anything is imported. A broken plugin is recorded in ``problems``, and told
    once: by the error where it was asked for, else by the logger ``prefcore``; with ``strict`` it
    raises PluginError at once. ``watch`` names the installed watchers that are in use; those passed
    in always are. What ``loading`` gives for an installed plugin is entered while that is imported,
    asked what it declares, or made.
    """

    def __init__(
        self,
        plugins: Iterable[object] = (),
        *,
        discover: bool = False,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        choose: Mapping[str, str] = {},
        strict: bool = False,
        watch: Iterable[str] = (),
        loading: Loading = nullcontext,
    ) -> None:
        self.strict = strict
        #: Formats that documents are written in.
        self.formats: PluginKind[FormatInfo] = PluginKind(self, "formats")
        #: Ways to decide between two changes.
        self.merge_strategies: PluginKind[MergeStrategyInfo] = PluginKind(self, "merge_strategies")
        #: Applications' migration steps; the id is the application.
        self.migrations: PluginKind[MigrationsInfo] = PluginKind(self, "migrations")
        #: Places where backups live; the id is the scheme of their URLs.
        self.backup_targets: PluginKind[TargetInfo] = PluginKind(self, "backup_targets")
        #: Stores that hold preferences; the id is the scheme of their URLs.
        self.stores: PluginKind[StoreInfo] = PluginKind(self, "stores")
        #: Holders of root keys.
        self.key_providers: PluginKind[KeyProviderInfo] = PluginKind(self, "key_providers")
        #: Vetoes of acts, and observers of them.
        self.watchers: PluginKind[WatcherInfo] = PluginKind(self, "watchers")
        self._watch = tuple(watch)
        self._loading = loading
        self._passed = tuple(plugins)
        self._discover = discover
        self._policy = Policy.of(allow, deny, choose)
        self._lock = RLock()
        self._entries: list[PluginEntry] | None = None  # made when first needed
        self._infos: dict[PluginEntry, object] = {}  # by the entry as found
        self._problems: list[Problem] = []
        self._failures: dict[str, Problem] = {}  # by kind and id
        self._warned: list[BaseException] = []
        self._holder = Holder()
        for plugin in self._passed:
            if isinstance(plugin, str):
                raise UsageError(f"a plugin is a module or object, not the text '{plugin}'")

    @classmethod
    def from_environment(
        cls,
        *,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        choose: Mapping[str, str] = {},
        strict: bool = False,
        watch: Iterable[str] = (),
        loading: Loading = nullcontext,
        environ: Mapping[str, str] = os.environ,
    ) -> Plugins:
        """Give the installed plugins, as the command line uses them.

        The environment variables PREFCORE_PLUGINS_ALLOW and PREFCORE_PLUGINS_DENY hold further
        rules, separated by commas. They only take away: a plugin must pass both allow lists.
        """
        plugins = cls(
            discover=True,
            allow=allow,
            deny=deny,
            choose=choose,
            strict=strict,
            watch=watch,
            loading=loading,
        )
        allowed, denied = (
            [rule for rule in environ.get(name, "").split(",") if rule.strip()]
            for name in ("PREFCORE_PLUGINS_ALLOW", "PREFCORE_PLUGINS_DENY")
        )
        plugins._policy = plugins._policy.narrowed(Policy.of(allowed, denied))
        return plugins

    # -- what there is

    @property
    def index(self) -> tuple[PluginEntry, ...]:
        """Every plugin that was found, sorted by distribution and id; imports none of them."""
        with self._lock:
            return tuple(self._index())

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What went wrong so far, as data; ``load_all`` first, to know all of it."""
        with self._lock:
            self._index()
            return tuple(self._problems)

    def usable(self, kind: str) -> list[PluginEntry]:
        """Give the plugins of a kind that are, as far as is known, fit for use."""
        return [entry for entry in self.index if entry.kind == kind and entry.is_usable]

    # -- loading

    def get(self, kind: str, id: str) -> object:
        """Give what the plugin of that kind and id declares, importing that one only.

        Raises PluginMissing when there is none, naming the known ones and what to install, and
        PluginError when it is broken, incompatible, denied or claimed by two distributions.
        """
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS) or f"known are {', '.join(KINDS)}"
            raise UsageError(f"there is no kind of plugins '{kind}'; {hint}", kind=kind)
        with self._lock:
            for entry in self.usable(kind):
                if entry.id == id:
                    return self._load(entry)
            failure = self._failures.get(f"{kind}.{id}")
            raise failure.error if failure else absence(self._index(), kind, id)

    def watching(self) -> list[WatcherInfo]:
        """Give the watchers in use: those passed in, and those named by ``watch``.

        Nothing is looked up where there can be none. Raises PluginError where a named one cannot
        be loaded.
        """
        if not self._watch and not self._passed:
            return []
        passed = [entry.id for entry in self.usable("watchers") if not entry.distribution]
        return [self.watchers.get(id) for id in dict.fromkeys([*passed, *self._watch])]

    def load_kind(self, kind: str) -> list[object]:
        """Load every plugin of a kind and give what they declare; the broken ones are warned of."""
        with self._lock:
            usable = self.usable(kind)
            for problem in self._problems:
                if problem.kind == kind:
                    self._warn(problem)
            infos = []
            for entry in usable:
                try:
                    infos.append(self._load(entry))
                except PluginError:
                    if self.strict:
                        raise
                    self._warn(self._failures[entry.name])
            return infos

    def load_all(self) -> tuple[PluginEntry, ...]:
        """Load every plugin that may be used, and give the index as it stands then."""
        with self._lock:
            self._index()
            for problem in self._problems:
                self._warn(problem)
            for kind in KINDS:
                self.load_kind(kind)
            return self.index

    def _index(self) -> list[PluginEntry]:
        if self._entries is None:
            entries, problems = scan() if self._discover else (builtin_entries(), [])
            passed = self._take_passed(problems)
            # What is passed in may be installed too; that is one plugin, not two.
            own = {(entry.name, entry.value) for entry in passed}
            entries = [entry for entry in entries if (entry.name, entry.value) not in own]
            judged, clashes = resolve([*entries, *passed], self._policy)
            problems += clashes
            if self.strict and problems:
                raise problems[0].error
            self._entries, self._infos, self._problems = judged, passed, problems
            self._failures = {f"{p.kind}.{p.id}": p for p in clashes}
        return self._entries

    def _take_passed(self, problems: list[Problem]) -> dict[PluginEntry, object]:
        """Give what the plugins passed in declare, adding to the problems."""
        infos: dict[PluginEntry, object] = {}
        names: set[str] = set()
        for number, plugin in enumerate(self._passed, 1):
            name = str(getattr(plugin, "__name__", type(plugin).__qualname__))
            name = f"{name}#{number}" if name in names else name
            names.add(name)
            failures: list[Broken] = []
            try:
                held = self._holder.hold(plugin, name)
                failures += held.take_doubts()
                for kind in KINDS:
                    for id, info in self._holder.declared(held, kind):
                        entry = PluginEntry(kind, id, "", "", name, "loaded")
                        if entry in infos:
                            raise Broken("declaration", f"it declares {entry.name} twice")
                        infos[entry] = info
            except Broken as broken:
                failures.append(broken)
            for failure in failures:
                problem = Problem(name, "", "", "", failure.stage, failure.cause, failure.hint)
                problems.append(problem)
                if not self.strict:
                    self._warn(problem)
        return infos

    def _load(self, entry: PluginEntry) -> object:
        found = attrs.evolve(entry, status="loaded")
        if found in self._infos:
            return self._infos[found]
        try:
            with self._around(entry):
                info = self._fetch(entry)
        except Broken as broken:
            problem = self._problem(entry, broken)
            if self.strict:
                raise problem.error from broken.cause
            self._problems.append(problem)
            self._failures[entry.name] = problem
            status: Status = "incompatible" if broken.stage == "hook-api" else "broken"
            self._replace(entry, attrs.evolve(entry, status=status, reason=problem.message))
            raise problem.error from broken.cause
        if entry.distribution:
            info = guarded(
                info,
                lambda: self._around(entry),
                lambda broken: self._problem(entry, broken).error,
            )
        self._replace(entry, found)
        self._infos[found] = info
        return info

    def _around(self, entry: PluginEntry) -> AbstractContextManager[object]:
        return nullcontext() if entry.is_core else self._loading(entry)

    def _fetch(self, entry: PluginEntry) -> object:
        held = self._holder.imported(entry.value)
        new = entry.kind not in held.declared
        declared = self._holder.declared(held, entry.kind)
        infos = [info for id, info in declared if id == entry.id]
        if not infos and held.doubts:
            raise held.doubts[0]
        if len(infos) != 1:
            ids = ", ".join(id for id, _ in declared) or "nothing"
            raise Broken(
                "declaration",
                f"its entry point is named {entry.id}, but it declares {ids}",
                "the name of an entry point is the one id it stands for",
            )
        if new:
            held.doubts += self._unlisted(entry, declared)
        for doubt in held.take_doubts():
            self._record(entry, doubt)
        return infos[0]

    def _unlisted(self, entry: PluginEntry, declared: Declared) -> list[Broken]:
        """Give what a plugin declares and no entry point names: it can never be asked for."""
        listed = {e.id for e in self._index() if (e.kind, e.value) == (entry.kind, entry.value)}
        return [
            Broken(
                "declaration",
                f"it declares {id} too, which no entry point names",
                f"its author should add {id} to its entry points of prefcore.{entry.kind}",
            )
            for id, _ in declared
            if id not in listed
        ]

    def _problem(self, entry: PluginEntry, broken: Broken) -> Problem:
        return Problem(
            entry.distribution,
            entry.version,
            entry.kind,
            entry.id,
            broken.stage,
            broken.cause,
            broken.hint,
        )

    def _record(self, entry: PluginEntry, broken: Broken) -> Problem:
        problem = self._problem(entry, broken)
        if self.strict:
            raise problem.error
        self._problems.append(problem)
        self._warn(problem)
        return problem

    def warn(self, message: str) -> None:
        """Tell the log (logger ``prefcore``) what went wrong with a plugin in use."""
        import logging

        logging.getLogger("prefcore").warning("%s", message)

    def _warn(self, problem: Problem) -> None:
        # One cause may break several ids; it is told once.
        if not any(problem.exception is told for told in self._warned):
            self._warned.append(problem.exception)
            import logging  # late: 5 ms, and most commands have nothing to warn of

            logging.getLogger("prefcore").warning("%s", problem.message)

    def _replace(self, entry: PluginEntry, successor: PluginEntry) -> None:
        entries = self._index()
        entries[entries.index(entry)] = successor
