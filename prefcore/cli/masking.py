"""Masking: which values are never shown, and putting a mask in their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefcore.cli.output import MASK
from prefcore.errors import PrefcoreError
from prefcore.security import is_telling_name
from prefcore.values import UNSET, Sealed

if TYPE_CHECKING:
    from prefcore.preferences import Preferences
    from prefcore.schema import Schema, SchemaDocument

__all__ = ["Masks"]


class Masks:
    """Knows which keys are sensitive: declared so, or undeclared with a telling name."""

    def __init__(self, *documents: SchemaDocument) -> None:
        self._documents = documents

    @classmethod
    def of(cls, prefs: Preferences[Schema], *versions: str) -> Masks:
        """Give the masks of the schema in force and of further versions, where they are known."""
        documents = []
        for version in (None, *versions):
            try:
                document = prefs.schema if version is None else prefs.schema_named(version)[0]
            except PrefcoreError:
                continue  # without a schema, names alone tell
            documents.append(document)
        return cls(*documents)

    def hides(self, key: str) -> bool:
        """Say whether a key's values must not be shown."""
        declared = [one.preferences[key] for one in self._documents if key in one.preferences]
        if not declared:
            return is_telling_name(key)
        return any(preference.sensitive for preference in declared)

    def masked(self, key: str, value: object) -> object:
        """Give a key's value as it may be shown; null is no secret, but says that there is none."""
        if value is UNSET or value is None:
            return value
        return MASK if isinstance(value, Sealed) or self.hides(key) else value
