"""Plugin packages to begin with: for each kind its files, in which words in ``<>`` are filled in.

``<NAME>`` is the id, ``<DISTRIBUTION>`` and ``<PACKAGE>`` are what is installed and imported. What
a file leaves open raises NotImplementedError, so that its suite fails.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from prefcore.cli.scaffolds import format, key_provider, steps, store, strategy, target
from prefcore.cli.scaffolds.common import COMMON

__all__ = ["KINDS", "distribution_of", "files_of"]

#: What users call a kind → the kind, and the files of its own.
KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "format": ("formats", format.FILES),
    "key-provider": ("key_providers", key_provider.FILES),
    "steps": ("migrations", steps.FILES),
    "store": ("stores", store.FILES),
    "strategy": ("merge_strategies", strategy.FILES),
    "target": ("backup_targets", target.FILES),
}


def files_of(word: str, name: str, version: str) -> dict[str, str]:
    """Give the files of a new package by path; ``version`` is the prefcore it is made for."""
    kind, own = KINDS[word]
    parts = re.split("[._-]", name)
    module = "_".join(parts).lower()
    words = {
        "DISTRIBUTION": distribution_of(name),
        "PACKAGE": f"prefcore_{module}",
        "CLASS": "".join(part.capitalize() for part in parts),
        "MODULE": module,
        "VERSION": version,
        "NAME": name,
        "KIND": kind,
        "WORD": word.replace("-", " "),
    }
    return {_filled(path, words): _filled(text, words) for path, text in {**COMMON, **own}.items()}


def distribution_of(name: str) -> str:
    """Give the name of a new package's distribution, as the packaging standards normalise it."""
    return "prefcore-" + re.sub("[._-]+", "-", name).lower()


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"<{word}>", value)
    return text.lstrip("\n")
