"""The promises between prefcore and its plugins: six kinds, each a protocol and a declaration.

A plugin's hook returns declarations: frozen objects that say what a thing is called, what it can
do and how to make one. prefcore chooses by id, never by order. Everything named here, in
``prefcore.model``, ``prefcore.values``, ``prefcore.errors`` and ``prefcore.hookspecs`` is public.
"""

from __future__ import annotations

from prefcore.interfaces.formats import (
    Capability,
    Format,
    FormatInfo,
    Likeness,
    Limits,
    UpdatingFormat,
)
from prefcore.interfaces.key_providers import KeyProvider, KeyProviderInfo
from prefcore.interfaces.snapshots import Edit, KeyState, Layer, Snapshot, pruned_in
from prefcore.interfaces.steps import MigrationsInfo
from prefcore.interfaces.stores import SafetyCopy, Store, StoreInfo, StoreProblem
from prefcore.interfaces.strategies import CONFLICT, MergeStrategyInfo, Sides
from prefcore.interfaces.targets import StoredObject, Target, TargetInfo
from prefcore.interfaces.transactions import SealedCell, Summary, Transaction
from prefcore.interfaces.watchers import WatcherInfo

__all__ = [
    "CONFLICT",
    "HOOK_API",
    "Capability",
    "Edit",
    "Format",
    "FormatInfo",
    "KeyProvider",
    "KeyProviderInfo",
    "KeyState",
    "Layer",
    "Likeness",
    "Limits",
    "MergeStrategyInfo",
    "MigrationsInfo",
    "SafetyCopy",
    "SealedCell",
    "Sides",
    "Snapshot",
    "Store",
    "StoreInfo",
    "StoreProblem",
    "StoredObject",
    "Summary",
    "Target",
    "TargetInfo",
    "Transaction",
    "UpdatingFormat",
    "WatcherInfo",
    "pruned_in",
]

#: The version of this contract; a plugin may declare the range it supports.
HOOK_API = "1.0"
