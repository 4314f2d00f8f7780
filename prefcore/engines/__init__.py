"""The acts of prefcore, one module each; loaded when first used, for start-up speed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from prefcore.engines import (
        converting,
        exporting,
        history,
        importing,
        migrating,
        registering,
        updating,
    )

__all__ = [
    "converting",
    "exporting",
    "history",
    "importing",
    "migrating",
    "registering",
    "updating",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"prefcore.engines.{name}")
    raise AttributeError(name)
