"""What an encrypted document begins with; known without loading the ciphers."""

from __future__ import annotations

__all__ = ["MAGIC", "is_encrypted"]

MAGIC = b"prefcore-sealed\n"


def is_encrypted(head: bytes) -> bool:
    """Say whether a file that begins so is an encrypted document."""
    return head.startswith(MAGIC)
