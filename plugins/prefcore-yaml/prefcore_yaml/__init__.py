"""The plugin prefcore-yaml: declares the YAML format; what it does is in the private modules."""

from __future__ import annotations

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Capability, Format, FormatInfo, Likeness

__all__ = ["prefcore_formats"]


@hookimpl
def prefcore_formats() -> list[FormatInfo]:
    """Declare the format ``yaml``."""
    return [
        FormatInfo(
            id="yaml",
            summary="YAML: documents in block style, and plain hand-written files",
            suffixes=(".yaml", ".yml"),
            media_type="application/yaml",
            capabilities=frozenset({Capability.STREAMS, Capability.FULL_STATE, Capability.PLAIN}),
            detect=_detect,
            factory=_factory,
        )
    ]


def _detect(head: bytes) -> Likeness:
    from prefcore_yaml._detection import likeness

    return likeness(head)


def _factory() -> Format:
    # Late, because plugins are imported to be listed, and PyYAML is only needed for work.
    from prefcore_yaml._format import YamlFormat

    return YamlFormat()
