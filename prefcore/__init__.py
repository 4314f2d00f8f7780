"""prefcore keeps an application's preferences safe through their whole life.

This door holds what an application needs; each name is loaded when first used. Authors of plugins
also use ``prefcore.hookspecs``, ``prefcore.interfaces``, ``prefcore.model``, ``prefcore.values``
and ``prefcore.canonical``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefcore.access.files import policy_from_text, read_policy
    from prefcore.access.policy import Access
    from prefcore.engines.importing import ImportRequest
    from prefcore.errors import (
        ConflictError,
        InvalidSchema,
        InvalidValue,
        LockedError,
        NotFound,
        NotPermitted,
        PolicyRefused,
        PrefcoreError,
        ReadOnly,
        StoreMoved,
        UnknownKey,
    )
    from prefcore.migration import Step, add, convert, map_values, python, remove, rename
    from prefcore.model import Changeset, Entry, Plan, PreferenceSet, Scope, Selection
    from prefcore.plugins.manager import Plugins
    from prefcore.preferences import Preferences
    from prefcore.schema import (
        Schema,
        SchemaDocument,
        Secret,
        Section,
        deprecated,
        preference,
        rule,
    )
    from prefcore.values import UNSET

__all__ = [
    "UNSET",
    "Access",
    "Changeset",
    "ConflictError",
    "Entry",
    "ImportRequest",
    "InvalidSchema",
    "InvalidValue",
    "LockedError",
    "NotFound",
    "NotPermitted",
    "Plan",
    "Plugins",
    "PolicyRefused",
    "PrefcoreError",
    "PreferenceSet",
    "Preferences",
    "ReadOnly",
    "Schema",
    "SchemaDocument",
    "Scope",
    "Secret",
    "Section",
    "Selection",
    "Step",
    "StoreMoved",
    "UnknownKey",
    "add",
    "convert",
    "deprecated",
    "map_values",
    "policy_from_text",
    "preference",
    "python",
    "read_policy",
    "remove",
    "rename",
    "rule",
]

__version__ = "0.1.0"

_HOMES = {
    "access.policy": ("Access",),
    "access.files": ("policy_from_text", "read_policy"),
    "engines.importing": ("ImportRequest",),
    "errors": (
        "ConflictError",
        "InvalidSchema",
        "InvalidValue",
        "LockedError",
        "NotFound",
        "NotPermitted",
        "PolicyRefused",
        "PrefcoreError",
        "ReadOnly",
        "StoreMoved",
        "UnknownKey",
    ),
    "migration": ("Step", "add", "convert", "map_values", "python", "remove", "rename"),
    "model": ("Changeset", "Entry", "Plan", "PreferenceSet", "Scope", "Selection"),
    "plugins.manager": ("Plugins",),
    "preferences": ("Preferences",),
    "schema": ("Schema", "SchemaDocument", "Secret", "Section", "deprecated", "preference", "rule"),
    "values": ("UNSET",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'prefcore' has no attribute '{name}'")
    value = getattr(import_module(f"prefcore.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
