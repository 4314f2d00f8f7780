"""What the formats JSON and JSONC declare; their implementations are imported when opened."""

from __future__ import annotations

from prefcore.interfaces import Capability, Format, FormatInfo
from prefcore_json._detection import looks_like_json, looks_like_jsonc

__all__ = ["JSON", "JSONC"]

_CAPABILITIES = frozenset(
    {Capability.STREAMS, Capability.FULL_STATE, Capability.PLAIN, Capability.UPDATES}
)


# Late, because plugins are imported to be listed, and msgspec is only needed for work.
def _json() -> Format:
    from prefcore_json._format import JsonFormat

    return JsonFormat()


def _jsonc() -> Format:
    from prefcore_json._format import JsoncFormat

    return JsoncFormat()


JSON = FormatInfo(
    id="json",
    summary="JSON: documents one entry a line, and plain hand-written files",
    suffixes=(".json",),
    media_type="application/json",
    capabilities=_CAPABILITIES,
    detect=looks_like_json,
    factory=_json,
)

JSONC = FormatInfo(
    id="jsonc",
    summary="JSON with comments and trailing commas, as editors' settings have them",
    suffixes=(".jsonc", ".json"),
    media_type="application/jsonc",
    capabilities=_CAPABILITIES,
    detect=looks_like_jsonc,
    factory=_jsonc,
)
