"""Padding: texts of one bucket have one length, so that a ciphertext does not tell it.

ISO/IEC 7816-4: one byte 0x80, then zeros. UTF-8 of a canonical text never ends in either.
"""

from __future__ import annotations

from prefcore.errors import BrokenSeal

__all__ = ["padded", "unpadded"]

_SMALLEST = 32
_STEP = 4096


def padded(text: bytes) -> bytes:
    """Give a text filled up to its bucket: 32, 64, 128 … 4096 bytes, then multiples of 4096."""
    needed = len(text) + 1
    if needed <= _STEP:
        bucket = max(_SMALLEST, 1 << (needed - 1).bit_length())
    else:
        bucket = -(-needed // _STEP) * _STEP
    return (text + b"\x80").ljust(bucket, b"\0")


def unpadded(data: bytes) -> bytes:
    """Give the text that ``padded`` filled up; raises BrokenSeal."""
    text = data.rstrip(b"\0")
    if not text.endswith(b"\x80"):
        raise BrokenSeal("an opened value has no padding: another program sealed it")
    return text[:-1]
