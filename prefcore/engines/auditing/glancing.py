"""Glancing: how far signatures reach, seen by a log's newest checkpoints alone."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import attrs

from prefcore.engines.auditing.comparing import Anchor, Trust, compared
from prefcore.engines.auditing.verifying import checkpoints_in
from prefcore.facade.heads import head_of
from prefcore.interfaces import Snapshot, StoreProblem

__all__ = ["Glance", "glance"]

#: So many of the newest changesets are looked through for checkpoints.
_MOST = 2_000


@attrs.frozen(kw_only=True)
class Glance:
    """What the newest checkpoints say: what is wrong, the newest that agrees, and what follows it.

    ``unsigned`` is how many changesets came after ``last``; without one, how many there are.
    """

    problems: tuple[StoreProblem, ...]
    last: Anchor | None
    unsigned: int


def glance(view: Snapshot, kept: Iterable[Anchor], trust: Trust) -> Glance:
    """Compare the log with its newest checkpoints and those ``kept`` elsewhere.

    It costs the same however long the log is: no digest is computed, and no value looked at. Raises
    IntegrityError where the log cannot be read.
    """
    head = head_of(view)
    held, unreadable = checkpoints_in(islice(view.changesets(), _MOST))
    found = compared(view, head, held, kept, trust)
    signed = found.last.revision if found.last else 0
    return Glance(
        problems=(*unreadable, *found.problems, *found.disputed),
        last=found.last,
        unsigned=head.revision - signed,
    )
