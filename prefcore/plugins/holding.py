"""Holds imported plugins in pluggy's manager, and asks each alone what it declares.

The only user of that manager. pluggy and the declared types are imported when something is held: a
listing and its errors need neither, and the types alone take 40 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefcore.plugins.loading import (
    Broken,
    Declared,
    check_hook_api,
    declared_by,
    doubts_about,
    guard,
    import_value,
)

if TYPE_CHECKING:
    import pluggy

__all__ = ["Held", "Holder"]


class Held:
    """A registered plugin: what it declares by kind, and its unreported doubts."""

    def __init__(self, plugin: object, doubts: list[Broken]) -> None:
        self.plugin = plugin
        self.doubts = doubts
        self.declared: dict[str, Declared | Broken] = {}

    def take_doubts(self) -> list[Broken]:
        """Give the doubts, each once."""
        doubts, self.doubts = self.doubts, []
        return doubts


class Holder:
    """The plugins that one application has imported; whoever shares it takes turns."""

    def __init__(self) -> None:
        self._manager: pluggy.PluginManager | None = None
        self._held: dict[int, Held] = {}  # by id() of the plugin, which pluggy keeps alive
        self._values: dict[str, Held | Broken] = {}  # by entry point's value

    def imported(self, value: str) -> Held:
        """Import what an entry point names and hold it, once; raises Broken, and does so again."""
        held = self._values.get(value)
        if held is None:
            try:
                held = self.hold(import_value(value), value)
            except Broken as broken:
                held = broken
            self._values[value] = held
        if isinstance(held, Broken):
            raise held
        return held

    def hold(self, plugin: object, name: str) -> Held:
        """Register a plugin with pluggy, once, after a look at what it says of itself.

        Raises Broken.
        """
        if id(plugin) in self._held:
            return self._held[id(plugin)]
        import pluggy

        from prefcore import hookspecs
        from prefcore.interfaces import HOOK_API

        if self._manager is None:
            self._manager = pluggy.PluginManager("prefcore")
            self._manager.add_hookspecs(hookspecs)
        manager = self._manager
        check_hook_api(plugin, name, HOOK_API)
        with guard("signature", "hooks take no arguments that their spec does not name"):
            doubts = doubts_about(
                plugin,
                lambda attribute: manager.parse_hookimpl_opts(plugin, attribute),
                [hook for hook, _ in hookspecs.KINDS.values()],
            )
            manager.register(plugin, name)
        self._held[id(plugin)] = Held(plugin, doubts)
        return self._held[id(plugin)]

    def declared(self, held: Held, kind: str) -> Declared:
        """Call the one plugin's hook of a kind, once; pluggy itself would call everybody's.

        Raises Broken.
        """
        from prefcore import hookspecs

        known = held.declared.get(kind)
        if known is None:
            hook, due = hookspecs.KINDS[kind]
            assert self._manager is not None  # it holds the plugin
            implementations = getattr(self._manager.hook, hook).get_hookimpls()
            own = [impl.function for impl in implementations if impl.plugin is held.plugin]
            try:
                known = declared_by(own, hook, due)
            except Broken as broken:
                known = broken
            held.declared[kind] = known
        if isinstance(known, Broken):
            raise known
        return known
