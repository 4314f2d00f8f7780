"""What asks before an act, and what is told after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from prefcore.model import Change, Changeset, Draft, Rename

__all__ = ["WatcherInfo"]


@attrs.frozen(kw_only=True)
class WatcherInfo:
    """A watcher of acts, in use where it is passed in or named in ``[plugins] watch``.

    ``veto`` is asked before an act is committed, with its draft and what it changes (sealed values
    stay sealed); raising refuses it, and nothing is changed. ``observe`` is told afterwards; what
    it raises is logged, and the act stands.
    """

    id: str
    summary: str
    veto: Callable[[Draft, Iterator[Change | Rename]], None] | None = None
    observe: Callable[[Changeset], None] | None = None
