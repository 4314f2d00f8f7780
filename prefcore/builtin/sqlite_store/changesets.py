"""Rows of changesets as values; rows that this store never wrote are refused, and named."""

from __future__ import annotations

from typing import Any

from prefcore.errors import DamagedStore
from prefcore.model import AuditRecord, Changeset, from_micros
from prefcore.values import from_text

__all__ = ["CHANGESET", "LINK", "changeset_of", "link_of"]

#: What ``changeset_of`` and ``link_of`` take, of ``c`` and its application ``a``.
CHANGESET = """
SELECT c.rev, c.id, a.name, c.actor, c.kind, c.at, c.reason, c.changes,
       c.version_before, c.version_after, c.details
FROM changesets c LEFT JOIN apps a ON a.id = c.app_id
"""
LINK = """
SELECT c.rev, c.id, c.actor, c.kind, c.at, c.reason, c.changes, c.algorithm, c.digest, c.chain
FROM changesets c
"""


def changeset_of(row: tuple[Any, ...]) -> Changeset:
    """Give the changeset of a row of ``CHANGESET``; raises DamagedStore."""
    revision, id, app, actor, kind, at, reason, changes, before, after, details = row
    if type(at) is not int or type(changes) is not int:
        raise _damaged(revision)
    try:
        facts: Any = from_text(details)
        moment = from_micros(at)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise _damaged(revision) from error
    if not isinstance(facts, dict):
        raise _damaged(revision)
    return Changeset(
        id=str(id),
        revision=revision,
        app=str(app),
        actor=str(actor),
        kind=str(kind),
        at=moment,
        reason=str(reason),
        changes=changes,
        schema_before=None if before is None else str(before),
        schema_after=None if after is None else str(after),
        details=facts,
    )


def link_of(row: tuple[Any, ...]) -> AuditRecord:
    """Give the link of the audit chain of a row of ``LINK``; raises DamagedStore."""
    revision, id, actor, kind, at, reason, changes, *link = row
    try:
        moment = from_micros(at)
    except (TypeError, OverflowError) as error:
        raise _damaged(revision) from error
    algorithm, digest, chain = map(str, link)
    return AuditRecord(
        revision=revision,
        changeset=str(id),
        at=moment,
        actor=str(actor),
        kind=str(kind),
        reason=str(reason),
        changes=changes,
        algorithm=algorithm,
        digest=digest,
        chain=chain,
    )


def _damaged(revision: object) -> DamagedStore:
    return DamagedStore(
        f"the changeset of revision {revision} holds what prefcore never writes: the store was "
        "edited or damaged; keep it, and restore a backup or a safety copy",
        revision=revision,
    )
