"""Declaring preferences: versions, shapes of values, schema documents and typed classes.

This door imports nothing until a name is asked for: ``prefcore get`` must start fast, and most
commands need one or two of these rooms.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefcore.schema.checks import Check, Problem, compile_check
    from prefcore.schema.declaration import SchemaDocument
    from prefcore.schema.declared import Deprecation, Preference, check_key
    from prefcore.schema.json_schema import from_json_schema
    from prefcore.schema.json_schema_writing import JsonSchema, to_json_schema
    from prefcore.schema.markdown import to_markdown
    from prefcore.schema.noted import Noted, SaidVerdict
    from prefcore.schema.passing import Passing
    from prefcore.schema.shape import Shape
    from prefcore.schema.snapshots import Snapshots, read_schema, to_snapshot
    from prefcore.schema.typed import (
        Binding,
        Schema,
        Secret,
        Section,
        deprecated,
        preference,
        rule,
    )
    from prefcore.schema.validators import Rule
    from prefcore.schema.versions import Version, sorted_versions
    from prefcore.schema.vscode import from_vscode

__all__ = [
    "Binding",
    "Check",
    "Deprecation",
    "JsonSchema",
    "Noted",
    "Passing",
    "Preference",
    "Problem",
    "Rule",
    "SaidVerdict",
    "Schema",
    "SchemaDocument",
    "Secret",
    "Section",
    "Shape",
    "Snapshots",
    "Version",
    "check_key",
    "compile_check",
    "deprecated",
    "from_json_schema",
    "from_vscode",
    "preference",
    "read_schema",
    "rule",
    "sorted_versions",
    "to_json_schema",
    "to_markdown",
    "to_snapshot",
]

_HOMES = {
    "checks": ("Check", "Problem", "compile_check"),
    "declaration": ("SchemaDocument",),
    "declared": ("Deprecation", "Preference", "check_key"),
    "json_schema": ("from_json_schema",),
    "json_schema_writing": ("JsonSchema", "to_json_schema"),
    "markdown": ("to_markdown",),
    "noted": ("Noted", "SaidVerdict"),
    "passing": ("Passing",),
    "shape": ("Shape",),
    "snapshots": ("Snapshots", "read_schema", "to_snapshot"),
    "typed": ("Binding", "Schema", "Section", "Secret", "deprecated", "preference", "rule"),
    "validators": ("Rule",),
    "versions": ("Version", "sorted_versions"),
    "vscode": ("from_vscode",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # hidden from type checkers, which would accept any name

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
