"""What verbs say of keys that are declared deprecated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from prefcore.cli.output import escaped, warn
from prefcore.deprecation import sentence

if TYPE_CHECKING:
    from prefcore.lookup import Lookup

__all__ = ["tell_deprecated"]


def tell_deprecated(lookup: Lookup, keys: Iterable[str]) -> None:
    """Warn of those of the keys that are deprecated, saying what to use instead."""
    for key in keys:
        deprecation = lookup.declared(key).deprecated
        if deprecation is not None:
            warn(escaped(" ".join(f"{key} {sentence(deprecation)}".split())))
