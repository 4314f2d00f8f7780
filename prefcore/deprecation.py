"""Deprecation: telling whoever still uses a preference that it will go, and what to use instead.

On the start-up path of `prefcore get`, so without attrs.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping

__all__ = ["DeprecatedPreference", "sentence", "warn_of"]


class DeprecatedPreference(FutureWarning):
    """A program uses a preference that is declared deprecated.

    Python shows a warning once for each place in the program, unless it is told otherwise.
    """


def sentence(deprecation: Mapping[str, str]) -> str:
    """Give what a warning says after a key's name; the fields are those of ``Deprecation``."""
    parts = ["is deprecated"]
    if deprecation.get("since"):
        parts.append(f"since {deprecation['since']}")
    if deprecation.get("remove_in"):
        parts.append(f"and will be removed in {deprecation['remove_in']}")
    text = " ".join(parts)
    if deprecation.get("use"):
        text += f"; use {deprecation['use']}"
    return f"{text}: {deprecation['message']}" if deprecation.get("message") else text


def warn_of(key: str, deprecation: Mapping[str, str]) -> None:
    """Warn the code that called into prefcore, at its own line."""
    frame = sys._getframe(1)
    level = 3  # of whoever called the frame: 1 is this function
    while frame.f_back is not None and _is_ours(frame.f_back.f_globals):
        frame = frame.f_back
        level += 1
    text = " ".join(f"{key} {sentence(deprecation)}".split())
    warnings.warn(text, DeprecatedPreference, stacklevel=level)


def _is_ours(names: Mapping[str, object]) -> bool:
    return str(names.get("__name__", "")).partition(".")[0] in ("prefcore", "contextlib")
