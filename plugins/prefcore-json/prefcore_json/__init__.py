"""The plugin prefcore-json: declares JSON and JSONC; what they do is in the private modules."""

from __future__ import annotations

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import FormatInfo
from prefcore_json._declared import JSON, JSONC

__all__ = ["jsonc", "prefcore_formats"]


@hookimpl
def prefcore_formats() -> list[FormatInfo]:
    """Declare the format ``json``."""
    return [JSON]


class _Jsonc:
    """A plugin of its own, for a module declares one, and an id needs one."""

    @hookimpl
    def prefcore_formats(self) -> list[FormatInfo]:
        """Declare the format ``jsonc``."""
        return [JSONC]


jsonc = _Jsonc()
