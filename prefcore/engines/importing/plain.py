"""The set that a plain file's values make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from prefcore.model import PreferenceSet, to_micros
from prefcore.schema import SchemaDocument
from prefcore.values import canonical_text

__all__ = ["plain_set"]


def plain_set(
    values: Mapping[str, object],
    into: tuple[str, str],
    schema: SchemaDocument,
    *,
    at: datetime,
    actor: str,
) -> PreferenceSet:
    """Give the set that a plain file's values make; ``schema`` says which names are keys."""
    held, unknown = schema.flatten(values)
    found = {key: schema.spelled(key, value) for key, value in held.items()}
    for name in unknown:
        found[name] = _at_name(values, name)
    stamp = (to_micros(at), "import", actor)
    rows = [(key, canonical_text(value, path=key), *stamp) for key, value in sorted(found.items())]
    return PreferenceSet(*into, rows)


def _at_name(values: Mapping[str, object], name: str) -> object:
    """Give the value that a dotted name has in an object that nests by any of its dots."""
    if name in values:
        return values[name]
    for head in (name[:i] for i, sign in enumerate(name) if sign == "."):
        inner = values.get(head)
        if isinstance(inner, Mapping):
            try:
                return _at_name(inner, name[len(head) + 1 :])
            except KeyError:
                continue
    raise KeyError(name)
