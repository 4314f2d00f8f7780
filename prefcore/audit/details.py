"""Details: what changesets say of themselves under fixed names, put together call by call."""

from __future__ import annotations

from collections.abc import Mapping

from prefcore.model import Changeset

__all__ = ["REGISTERED", "registered_by", "with_details"]

#: Where a changeset's details hold the digests of the schemas that it registered, by version.
REGISTERED = "registered"
#: What their names began with before, a name for each version.
_BEFORE = "schema "


def with_details(details: Mapping[str, object], more: Mapping[str, object]) -> dict[str, object]:
    """Give details with more beside them.

    A name that is there holds what comes later; but an object's members come beside those that it
    holds already.
    """
    found = dict(details)
    for name, value in more.items():
        held = found.get(name)
        if isinstance(held, Mapping) and isinstance(value, Mapping):
            value = {**held, **value}
        found[name] = value
    return found


def registered_by(changeset: Changeset) -> dict[str, str]:
    """Give the digests of the schemas that a changeset says it registered, by version."""
    told = changeset.details.get(REGISTERED)
    found = {str(one): str(it) for one, it in told.items()} if isinstance(told, Mapping) else {}
    for name, digest in changeset.details.items():
        if name.startswith(_BEFORE):
            found[name.removeprefix(_BEFORE)] = str(digest)
    return found
