"""Names that tell of a secret although nobody declared one."""

from __future__ import annotations

import re

__all__ = ["is_telling_name"]

_TELLING = (
    ("api", "key"),
    ("secret",),
    ("token",),
    ("password",),
    ("credential",),
    ("credentials",),
    ("private", "key"),
    ("database", "url"),
    ("connection", "string"),
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def is_telling_name(key: str) -> bool:
    """Say whether the last words of a key name a secret, such as ``github.apiKey``.

    Whole words, however they are joined: ``ui.semanticTokens`` and ``max_tokens`` tell nothing.
    """
    words = tuple(word.lower() for word in _WORD.findall(key))
    return any(words[-len(telling) :] == telling for telling in _TELLING)
