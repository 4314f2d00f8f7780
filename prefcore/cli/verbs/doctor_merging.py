"""What ``prefcore doctor`` looks at of merging: the strategies that a schema names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prefcore.engines.importing import missing_strategies

if TYPE_CHECKING:
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema

__all__ = ["merging_findings"]

#: So many keys of a strategy are named.
_NAMED = 3


def merging_findings(prefs: Preferences[Schema]) -> Iterator[tuple[str, str, str]]:
    """Give state, message and advice for each strategy that no plugin here has."""
    if prefs.version is None:
        return
    missing = missing_strategies(prefs.schema, prefs.plugins.merge_strategies.ids())
    for strategy, keys in sorted(missing.items()):
        named = ", ".join(keys[:_NAMED]) + (", …" if len(keys) > _NAMED else "")
        told = f"schema {prefs.version} merges {named} by '{strategy}', which no plugin here has"
        advice = "install its plugin, or say at an import: --merge 'KEY=STRATEGY'"
        yield "warn", told, advice
