"""The plugin prefcore-toml: declares the TOML format; what it does is in the private modules."""

from __future__ import annotations

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Capability, Format, FormatInfo, Likeness

__all__ = ["prefcore_formats"]


@hookimpl
def prefcore_formats() -> list[FormatInfo]:
    """Declare the format ``toml``."""
    return [
        FormatInfo(
            id="toml",
            summary="TOML: documents a table an entry, and plain hand-written files",
            suffixes=(".toml",),
            media_type="application/toml",
            capabilities=_CAPABILITIES,
            detect=_detect,
            factory=_factory,
        )
    ]


_CAPABILITIES = frozenset(
    {Capability.STREAMS, Capability.FULL_STATE, Capability.PLAIN, Capability.UPDATES}
)


def _detect(head: bytes) -> Likeness:
    from prefcore_toml._detection import likeness

    return likeness(head)


def _factory() -> Format:
    # Late, because plugins are imported to be listed, and tomllib is only needed for work.
    from prefcore_toml._format import TomlFormat

    return TomlFormat()
