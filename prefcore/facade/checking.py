"""Checking: what is to be set or unset, by its names, for this actor, as the schema allows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from prefcore.access.key_names import Judged, KeyNames
from prefcore.access.known_declarations import KnownDeclarations
from prefcore.errors import InvalidValue, UsageError
from prefcore.facade.performing import Performer
from prefcore.facade.workplace import roles_of
from prefcore.model import SOURCES, Row, Scope, set_fault, to_micros
from prefcore.model.sets import place
from prefcore.schema import SchemaDocument
from prefcore.schema.secret import Secret
from prefcore.values import canonical_text

__all__ = ["Checker", "owner_of"]


class Checker(Performer):
    """Says what a value would become in a set, and refuses what may not stand there."""

    def parse(self, key: str, text: str) -> object:
        """Give the value that a command line's text means for a key, by its declared type."""
        self.permit("inspect")
        key = self._key(key)
        return self._document(key).parse(key, text)

    def check(self, scope: str, owner: str, key: str, value: object) -> None:
        """Raise what setting the value would raise, and warn of it, without setting it."""
        self._permit_write(scope, owner, [self._key(key)])
        self._checked_text(scope, owner, self._key(key), value)
        self._tell_deprecated([key])

    def judged(self, key: str) -> tuple[Judged, tuple[str, ...]]:
        """Give a key as rules judge it, by its names, and the roles that changing it takes."""
        self.permit("inspect")
        with self._view() as view:
            (judged,) = KeyNames(view.names(self.app)).judged(key)
        declared = self.schema.preferences.get(key)
        said = self._known_declarations().of(key) if declared is None else (declared,)
        return judged, roles_of(said)

    def _named(
        self, values: Mapping[str, object], unset: Iterable[str]
    ) -> tuple[dict[str, object], list[str]]:
        """Give what is to be set and unset by key, and warn of names that will go.

        To unset a deprecated preference is what its warning asks for; another name of it is not.
        """
        unset = list(unset)
        earlier = [name for name in unset if self.declared(name).key]
        self._tell_deprecated([*values, *earlier])
        found, gone = self._by_key(values), [self._key(name) for name in unset]
        for key in gone:
            if key in found:
                raise UsageError(f"{key} is to be both set and unset; name it once", key=key)
        return found, gone

    def _by_key(self, values: Mapping[str, object]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in values.items():
            key = self._key(name)
            if key in found:
                raise UsageError(f"{key} is given twice, by two of its names; give it once")
            found[key] = value
        return found

    def _key(self, name: str) -> str:
        """Give the key that a name means, perhaps one that it had in an earlier version."""
        return self.declared(name).key or name

    def _tell_deprecated(self, names: Iterable[str]) -> None:
        for name in names:
            deprecated = self.declared(name).deprecated
            if deprecated is not None:
                self._used_deprecated(name, deprecated)

    def _checked_rows(
        self,
        scope: str,
        owner: str,
        values: Mapping[str, object],
        unset: Iterable[str],
        source: str,
    ) -> list[Row]:
        owner_of(Scope.named(scope), owner)
        self._permit_write(scope, owner, [*values, *unset])
        self._refuse_if_newer()
        if source not in SOURCES:
            raise UsageError(f"there is no source '{source}'; known are {', '.join(SOURCES)}")
        for key in unset:
            self._known_or_held(scope, owner, key)
        at = to_micros(datetime.now(UTC))
        return [
            (key, self._checked_text(scope, owner, key, value), at, source, self.actor)
            for key, value in values.items()
        ]

    def _checked_text(self, scope: str, owner: str, key: str, value: object) -> str:
        document = self._document(key)
        where = place(scope, owner)
        if isinstance(value, Secret):
            value = value.reveal()
        if document.preference(key).sensitive:
            self.keys.needed(f"{where} {key}")
        try:
            text = canonical_text(value, path=key)
        except InvalidValue:  # it may show parts of the value, such as an object's keys
            if document.preference(key).sensitive:
                said = f"{where} {key}: the value holds what no format can carry"
                raise InvalidValue(said, key=key, place=where) from None
            raise
        document.validate(key, value, scope=scope, place=where)
        return text

    def _known_or_held(self, scope: str, owner: str, key: str) -> None:
        if not self._store.layers(self.app, self._version, key, [(scope, owner)]):
            self._document(key).preference(key)

    def _permit_write(self, scope: str, owner: str, keys: Iterable[str]) -> None:
        permit = self._workplace.permitting(
            self._judge, self._document, self._known_declarations().of
        )
        if permit is not None:
            with self._recorded():
                permit(scope, owner, keys)

    def _known_declarations(self) -> KnownDeclarations:
        return self._workplace.declarations(self._store.snapshot)

    def _document(self, key: str) -> SchemaDocument:
        """Give a schema document that declares the key: the whole one only where it is at hand."""
        version = self._version
        own = self._workplace.known.own(version)
        if own is not None and own.validators.checks:
            return self.schema  # no text in the store tells the application's functions
        if version is not None and version not in self._documents:
            if key not in self._documents:
                found, text = self._store.declaration(self.app, key)
                if found != version or text is None:
                    return self.schema
                self._documents[key] = SchemaDocument.from_declaration(self.app, version, key, text)
            return self._documents[key]
        return self.schema


def owner_of(scope: str, owner: str) -> str:
    """Give the name of a set back; raises UsageError where it is none."""
    fault = set_fault(scope, owner)
    if fault:
        raise UsageError(fault, scope=scope)
    return owner
