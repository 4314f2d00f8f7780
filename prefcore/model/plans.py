"""Plans: what a changeset would do, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import attrs

from prefcore.errors import PrefcoreError
from prefcore.model.sets import place, strings
from prefcore.values import UNSET, Unset

__all__ = ["Conflict", "Plan", "PlanItem"]


@attrs.frozen
class Conflict:
    """Two sides that changed the same thing differently, and nothing that decides between them.

    ``base``, ``ours`` and ``theirs`` are values or UNSET, ``ours_at`` and ``theirs_at`` when each
    side changed last, ``strategy`` the merge strategy that could not decide, where one was asked.
    """

    scope: str
    owner: str
    key: str
    base: object = UNSET
    ours: object = UNSET
    theirs: object = UNSET
    reason: str = ""
    ours_at: datetime | None = None
    theirs_at: datetime | None = None
    strategy: str = ""
    sensitive: bool = False

    @property
    def place(self) -> str:
        """What messages call the set, such as ``user/alice``."""
        return place(self.scope, self.owner)


@attrs.frozen
class PlanItem:
    """One thing a plan would do: ``act`` is add, change, remove, keep, refuse, rename or park."""

    act: str
    key: str
    scope: str = ""
    owner: str = ""
    before: object | Unset = UNSET
    after: object | Unset = UNSET
    reason: str = ""
    sensitive: bool = False

    @property
    def place(self) -> str:
        """What messages call the set, such as ``user/alice``."""
        return place(self.scope, self.owner)


@attrs.frozen
class Plan:
    """What a changeset would do: printable, refusable, applicable.

    ``counts`` has the number of items of each act; ``items`` the first of them (all, up to a
    stated bound), ``conflicts`` and ``refused`` what stands in the way. ``digest`` is over all of
    it: applying checks that the act would still be the same. ``request`` is what was asked for,
    ``blocker`` the error that applying raises while something stands in the way. ``warnings`` are
    those of the ``notes`` that a reader must not miss.
    """

    app: str
    kind: str
    summary: str
    digest: str
    base_changeset: str | None
    counts: Mapping[str, int] = attrs.field(factory=dict)
    items: tuple[PlanItem, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    refused: tuple[PlanItem, ...] = ()
    notes: tuple[str, ...] = attrs.field(default=(), converter=strings)
    warnings: tuple[str, ...] = attrs.field(default=(), converter=strings)
    details: Mapping[str, object] = attrs.field(factory=dict)
    request: object = attrs.field(default=None, repr=False, eq=False)
    blocker: PrefcoreError | None = attrs.field(default=None, repr=False, eq=False)

    @property
    def is_empty(self) -> bool:
        """Whether applying it would change nothing."""
        return not any(self.counts.get(act, 0) for act in _EFFECTS)

    @property
    def is_applicable(self) -> bool:
        """Whether nothing stands in the way of applying it."""
        return not self.conflicts and not self.refused

    def of(self, act: str) -> Iterator[PlanItem]:
        """Give the items of one act."""
        return (item for item in self.items if item.act == act)


_EFFECTS = (
    *("add", "change", "remove", "rename", "park", "return"),
    *("register", "note", "version", "prune"),
)
