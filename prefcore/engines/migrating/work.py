"""What a migration works with, and whether a schema takes a value."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import attrs

from prefcore.errors import (
    InvalidValue,
    PolicyRefused,
    PrefcoreError,
)
from prefcore.migration import Edge, Rows
from prefcore.model import Progress, Row, to_micros
from prefcore.model.sets import place
from prefcore.schema import SchemaDocument, Version
from prefcore.values import from_text

__all__ = ["Changed", "FindPath", "Load", "Migration", "fault_of", "is_lower"]

#: Gives the schema of a version.
Load = Callable[[str], SchemaDocument]
#: The keys that an edge adds, removes and changes, each sorted.
Changed = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
#: Gives the edges between two versions, in walking order.
FindPath = Callable[[str, str], tuple[Edge, ...]]


@attrs.frozen(kw_only=True)
class Migration:
    """What a migration works with: the application, who migrates and when, schemas and paths."""

    app: str
    actor: str
    at: datetime
    load: Load
    find_path: FindPath
    progress: Progress = lambda entries, part: None
    _sensitive: dict[str, frozenset[str]] = attrs.field(factory=dict, init=False, repr=False)
    _changed: dict[tuple[str, str], Changed] = attrs.field(factory=dict, init=False, repr=False)

    def changed_keys(self, edge: Edge) -> Changed:
        """Give the keys that an edge adds, removes and changes; compared once."""
        ends = (edge.older, edge.newer)
        if ends not in self._changed:
            self._changed[ends] = self.load(edge.older).changed_keys(self.load(edge.newer))
        return self._changed[ends]

    def sensitive_keys(self, version: str) -> frozenset[str]:
        """Give the keys whose values are secrets in a version."""
        if version not in self._sensitive:
            declared = self.load(version).preferences
            self._sensitive[version] = frozenset(k for k, one in declared.items() if one.sensitive)
        return self._sensitive[version]

    def judged_keys(self, edge: Edge) -> set[str]:
        """Give the keys of which every held value is judged at the newer end of an edge.

        Those it declares anew or otherwise, those the step may write, and those that a function of
        the application judges: no declaration tells whether it is the same as before.
        """
        newer = self.load(edge.newer)
        added, _, changed = self.changed_keys(edge)
        written = (
            [key for one in edge.step.operations for key in one.newer_keys] if edge.step else []
        )
        declared = newer.preferences.keys() & written
        return {*added, *changed, *declared, *newer.validators.checks}

    def rows(self, rows: Iterable[Row]) -> Rows:
        """Give rows that a step can work on, stamped with this migration."""
        return Rows(rows, at=to_micros(self.at), actor=self.actor)


def fault_of(
    schema: SchemaDocument, key: str, text: str, scope: str, owner: str, *, hidden: bool
) -> PrefcoreError | None:
    """Give the error for which a schema refuses a text; None where it takes it.

    A ``hidden`` value, which is a secret in another version, is not in the error.
    """
    where = place(scope, owner)
    try:
        schema.validate(key, from_text(text), scope=scope, place=where)
    except (InvalidValue, PolicyRefused) as error:
        if hidden and not schema.preference(key).sensitive:
            said = f"{where} {key}: the sealed value is refused by schema {schema.version}"
            return type(error)(said, key=key)
        return error
    return None


def is_lower(one: str, other: str) -> bool:
    """Say whether a version comes before another, by SemVer's precedence."""
    return Version.parse(one) < Version.parse(other)
