"""What the known versions of a schema declare of keys, in one view of a store, looked up once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from prefcore.access.key_names import KeyNames
from prefcore.engines.registering import KnownSchemas
from prefcore.interfaces import Snapshot
from prefcore.schema import Preference, SchemaDocument

__all__ = ["KnownDeclarations"]


class KnownDeclarations:
    """What every known version declares of a key, under each of its names.

    Who asks may ask for each of very many keys: so the names of all keys, and the versions, are
    read from the store once, when first asked for, and again only after ``forget``.
    """

    def __init__(
        self, known: KnownSchemas, view: Callable[[], AbstractContextManager[Snapshot]]
    ) -> None:
        self._schemas = known
        self._view = view
        self._found: tuple[KeyNames, Sequence[SchemaDocument]] | None = None

    def of(self, key: str) -> list[Preference]:
        """Give the declarations of the key that a name means now."""
        if self._found is None:
            self._found = self._looked_up()
        key_names, documents = self._found
        names = [name for one in key_names.judged(key) for name in one.names]
        return [
            one.preferences[name] for one in documents for name in names if name in one.preferences
        ]

    def forget(self) -> None:
        """Look names and versions up again: a key was renamed, or a version registered."""
        self._found = None

    def _looked_up(self) -> tuple[KeyNames, Sequence[SchemaDocument]]:
        known = self._schemas
        with self._view() as view:
            documents = [known.load(view, one) for one in known.versions(view)]
            return KeyNames(view.names(known.app)), documents
