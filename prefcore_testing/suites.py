"""The suite of an installed plugin, made from its declaration alone."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, TypeVar
from urllib.parse import quote

from prefcore.errors import UsageError
from prefcore.interfaces import (
    FormatInfo,
    KeyProvider,
    KeyProviderInfo,
    MergeStrategyInfo,
    Store,
    StoredObject,
    StoreInfo,
    Target,
    TargetInfo,
)
from prefcore.plugins.manager import Plugins
from prefcore_testing.formats import FormatSuite
from prefcore_testing.guard import Suite
from prefcore_testing.key_providers import KeyProviderSuite
from prefcore_testing.running import why_not
from prefcore_testing.stores import StoreSuite
from prefcore_testing.strategies import MergeStrategySuite
from prefcore_testing.targets import TargetSuite

__all__ = ["suite_for", "suite_of"]

_Thing = TypeVar("_Thing", Store, Target)


def suite_of(kind: str, id: str, *, distribution: str = "", trial: str = "") -> type[Suite]:
    """Give the suite of an installed plugin, of that distribution where two offer the id.

    Raises PluginMissing, PluginError, and UsageError where a declaration does not tell enough.
    """
    choose = {f"{kind}.{id}": distribution} if distribution else {}
    plugins = Plugins.from_environment(choose=choose)
    info = plugins.get(kind, id)
    entry = next(
        one for one in plugins.index if (one.kind, one.id, one.status) == (kind, id, "loaded")
    )
    return suite_for(info, entry.value.partition(":")[0], trial=trial)


def suite_for(info: object, module: str, *, trial: str = "") -> type[Suite]:
    """Give the suite of what a plugin module declares; ``trial`` stands for the declared one.

    Raises UsageError where a suite needs more than the declaration tells (``running.why_not``).
    """
    if reason := why_not(info, trial):
        raise UsageError(reason)
    if isinstance(info, FormatInfo):
        return _format_suite(info, module)
    if isinstance(info, MergeStrategyInfo):
        return _strategy_suite(info, module)
    if isinstance(info, KeyProviderInfo):
        return _key_provider_suite(info)
    if isinstance(info, StoreInfo):
        return _store_suite(info, module, trial or info.trial)
    if isinstance(info, TargetInfo):
        return _target_suite(info, module, trial or info.trial)
    raise UsageError(f"there is no suite for a {type(info).__name__}")


def _format_suite(declared: FormatInfo, plugin: str) -> type[FormatSuite]:
    class TestFormat(FormatSuite):
        info = declared
        module = plugin

    return TestFormat


def _strategy_suite(declared: MergeStrategyInfo, plugin: str) -> type[MergeStrategySuite]:
    class TestMergeStrategy(MergeStrategySuite):
        info = declared
        module = plugin

    return TestMergeStrategy


def _key_provider_suite(info: KeyProviderInfo) -> type[KeyProviderSuite]:
    class TestKeyProvider(KeyProviderSuite):
        def make(self) -> KeyProvider:
            return info.factory(info.trials[0])

        def make_other(self) -> KeyProvider:
            return info.factory(info.trials[1])

    return TestKeyProvider


class _Urls(dict[int, str]):
    """The URL of each thing that a suite made, by id(); the things are kept, so ids stay theirs."""

    def __init__(self) -> None:
        self._kept: list[object] = []

    def keep(self, made: _Thing, url: str) -> _Thing:
        self._kept.append(made)
        self[id(made)] = url
        return made


def _at(trial: str, folder: Path) -> str:
    return trial.replace("{folder}", quote(folder.as_posix()))


def _store_suite(info: StoreInfo, plugin: str, trial: str) -> type[StoreSuite]:
    class TestStore(StoreSuite):
        module = plugin
        urls: ClassVar[_Urls] = _Urls()

        def make(self, tmp_path: Path) -> Store:
            url = _at(trial, tmp_path)
            return self.urls.keep(info.open(url, create=True, read_only=False), url)

    class TestPersistentStore(TestStore):
        persistent = True

        def reopen(self, store: Store, *, read_only: bool = False) -> Store:
            url = self.urls[id(store)]
            store.close()
            return self.urls.keep(info.open(url, create=False, read_only=read_only), url)

    return TestPersistentStore if info.persistent else TestStore


def _target_suite(info: TargetInfo, plugin: str, trial: str) -> type[TargetSuite]:
    class TestTarget(TargetSuite):
        module = plugin
        persistent = True
        urls: ClassVar[_Urls] = _Urls()

        def make(self, tmp_path: Path) -> Target:
            url = _at(trial, tmp_path)
            return self.urls.keep(info.factory(url), url)

        def raw(self, target: Target) -> dict[str, bytes]:
            """Look through a second target; an author's own tests use none of its code."""
            other = info.factory(self.urls[id(target)])
            try:
                return {one.name: _bytes(other, one) for one in other.list()}
            finally:
                other.close()

        def reopen(self, target: Target) -> Target:
            url = self.urls[id(target)]
            target.close()
            return self.urls.keep(info.factory(url), url)

    return TestTarget


def _bytes(target: Target, stored: StoredObject) -> bytes:
    with target.get(stored.name) as source:
        return source.read()
