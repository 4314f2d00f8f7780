"""Heads: where a store's log stands, and which log it is."""

from __future__ import annotations

import attrs

from prefcore.audit import FIRST
from prefcore.interfaces import Snapshot

__all__ = ["Head", "head_of"]


@attrs.frozen
class Head:
    """Where a store's log stands: its first changeset, newest revision and link; None if empty."""

    lineage: str | None
    revision: int
    chain: str


def head_of(view: Snapshot) -> Head:
    """Give where a store's log stands; the log is not gone through."""
    newest = next(iter(view.changesets()), None)
    first = next(iter(view.audit()), None)
    last = None if newest is None else next(iter(view.audit(since=newest.revision)), None)
    if first is None or last is None:
        return Head(None, 0, FIRST)
    return Head(first.changeset, last.revision, last.chain)
