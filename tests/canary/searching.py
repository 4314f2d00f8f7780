"""The search for the canary, in whatever form it might hide."""

from __future__ import annotations

import io
from base64 import b64encode

from prefcore.compression import decompressed, method_of
from prefcore.interfaces import Limits

__all__ = ["STEM", "found_in"]

#: What no file, output or log may hold, in any form; the secrets of the story are made of it.
STEM = "Zc4nary7Qx"


def _forms() -> dict[str, bytes]:
    """Give the forms in which it might hide: encodings of text, and of bytes as text."""
    plain, wide = STEM.encode(), STEM.encode("utf-16-le")
    forms = {"text": plain, "UTF-16": wide, "UTF-16, big end first": STEM.encode("utf-16-be")}
    for name, data in (("text", plain), ("UTF-16", wide)):
        forms[f"hexadecimal of {name}"] = data.hex().encode()
        forms[f"hexadecimal of {name}, upper case"] = data.hex().upper().encode()
        for before in range(3):  # its Base64 depends on how many bytes stand before it
            whole = b64encode(b"\0" * before + data)
            forms[f"Base64 of {name}, {before} bytes on"] = whole[4 if before else 0 : -4]
    return forms


_FORMS = _forms()


def found_in(data: bytes) -> list[str]:
    """Give the forms of the secret that bytes hold, also where they are compressed."""
    found = [name for name, form in _FORMS.items() if form in data]
    if data.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd")):
        found += found_in(_decompressed(data))
    return found


def _decompressed(data: bytes) -> bytes:
    limits = Limits()
    with decompressed(
        io.BytesIO(data),
        method_of(data),
        max_bytes=limits.max_bytes,
        max_ratio=limits.max_ratio,
        max_window_bytes=limits.max_window_bytes,
    ) as source:
        return source.read()
