"""Schema versions as a store registers them, and where an application stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

__all__ = ["AppState", "SchemaVersion"]


@attrs.frozen
class SchemaVersion:
    """One registered version of an application's schema.

    ``facts`` are what was said of it since, in a portable object: a store keeps them and does not
    read them. What they may hold, ``prefcore.engines.registry`` says.
    """

    version: str
    digest: str
    registered_at: datetime | None = None
    registered_by: str = ""
    applied_at: datetime | None = None
    applied_by: str = ""
    facts: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class AppState:
    """Where one application stands in a store.

    ``version`` is the schema version in force (None before the first), ``last_changeset`` the
    UUID of the newest changeset, ``sets`` and ``entries`` how much is held.
    """

    app: str
    version: str | None
    last_changeset: str | None
    sets: int
    entries: int
