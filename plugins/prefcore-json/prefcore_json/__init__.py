"""The plugin prefcore-json: declares the JSON format; what it does is in the private modules."""

from __future__ import annotations

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Capability, Format, FormatInfo, Likeness

__all__ = ["prefcore_formats"]


@hookimpl
def prefcore_formats() -> list[FormatInfo]:
    """Declare the format ``json``."""
    return [
        FormatInfo(
            id="json",
            summary="JSON: documents one entry a line, and plain hand-written files",
            suffixes=(".json",),
            media_type="application/json",
            capabilities=frozenset({Capability.STREAMS, Capability.FULL_STATE, Capability.PLAIN}),
            detect=_detect,
            factory=_factory,
        )
    ]


def _detect(head: bytes) -> Likeness:
    # A byte order mark is refused when read, with a hint that "unknown format" could not give.
    begun = head.removeprefix(b"\xef\xbb\xbf").lstrip(_SPACE)
    if not begun.startswith(b"{"):
        return Likeness.NO
    inner = begun[1:].lstrip(_SPACE)
    if inner.startswith(b'"prefcore"'):
        value = inner[10:].lstrip(_SPACE).removeprefix(b":").lstrip(_SPACE)
        return Likeness.CERTAIN if value.startswith(b"{") else Likeness.LIKELY
    return Likeness.LIKELY if inner.startswith((b'"', b"}")) else Likeness.POSSIBLE


_SPACE = b" \t\r\n"


def _factory() -> Format:
    # Late, because plugins are imported to be listed, and msgspec is only needed for work.
    from prefcore_json._format import JsonFormat

    return JsonFormat()
