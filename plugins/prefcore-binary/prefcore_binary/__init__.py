"""The plugin prefcore-binary: declares the binary format; private modules do the work."""

from __future__ import annotations

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Capability, Format, FormatInfo, Likeness

__all__ = ["prefcore_formats"]


@hookimpl
def prefcore_formats() -> list[FormatInfo]:
    """Declare the format ``binary``."""
    return [
        FormatInfo(
            id="binary",
            summary="Binary: MessagePack in checksummed frames, small and fast, for backups",
            suffixes=(".msgpack",),
            media_type="application/vnd.msgpack",
            capabilities=frozenset({Capability.STREAMS, Capability.FULL_STATE}),
            detect=_detect,
            factory=_factory,
        )
    ]


def _detect(head: bytes) -> Likeness:
    return Likeness.CERTAIN if head.startswith(b"\xa8prefcore") else Likeness.NO


def _factory() -> Format:
    # Late, because plugins are imported to be listed, and msgspec is only needed for work.
    from prefcore_binary._format import BinaryFormat

    return BinaryFormat()
