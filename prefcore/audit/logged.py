"""Logged: one changeset as a log tells it in bulk."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from prefcore.audit.digests import ChangedText
from prefcore.model import AuditRecord, Changeset, Rename

__all__ = ["Logged"]


@attrs.frozen
class Logged:
    """One changeset as a log tells it in bulk, with its link of the chain.

    ``changed`` comes as a digest takes it, and is drawn before the next changeset is.
    """

    changeset: Changeset
    record: AuditRecord
    renames: tuple[Rename, ...]
    changed: Iterable[ChangedText]
