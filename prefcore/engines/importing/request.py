"""What an import is asked to do, and what both sides of it started from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import attrs

from prefcore.conflicts import Choice
from prefcore.errors import NotFound
from prefcore.interfaces import Limits, Snapshot
from prefcore.merge import LastDrawn
from prefcore.model import Changeset, Header, PreferenceSet, Selection

__all__ = ["Base", "ImportRequest", "Passage", "common_changeset"]

#: Takes a set of a document to our schema version. It gets the keys whose values are secrets, too,
#: and adds those whose values are made of such.
Passage: TypeAlias = Callable[[PreferenceSet, set[str]], PreferenceSet]


@attrs.frozen(kw_only=True)
class ImportRequest:
    """What an import is asked to do.

    ``path`` is read twice (for the plan, for the act); ``name`` is what messages call it. ``into``
    is the set that a plain file goes to. ``merge`` are (key glob, strategy id) pairs, the first
    that matches decides, ``strategy`` where none does. ``keep_unknown`` takes keys that the
    schema does not declare, ``trust`` values of ``trusted_only`` keys, which are left out, and
    told, without it. ``base`` is a file that both sides started from, in place of the one
    that the log may tell; with ``two_ways`` there is none, so that ``theirs`` takes an earlier
    state of this very store back as it was.

    What no strategy decides is a conflict. ``take`` are (key glob, side) pairs, ``choices`` what
    somebody decided one by one, such as ``conflicts.read_choices`` reads them from a file.
    """

    path: Path
    name: str
    format: str | None = None
    into: tuple[str, str] = ("user", "")
    selection: Selection = Selection()
    strategy: str = "fail"
    merge: tuple[tuple[str, str], ...] = ()
    take: tuple[tuple[str, str], ...] = ()
    choices: tuple[Choice, ...] = ()
    keep_unknown: bool = False
    trust: bool = False
    from_schema: str | None = None
    base: Path | None = None
    two_ways: bool = False
    limits: Limits = attrs.field(factory=Limits)


@attrs.frozen
class Base:
    """What both sides of a merge started from: sorted sets, and what takes them to our version.

    ``selections`` say together which sets and keys the base speaks of; outside of them the merge
    has two sides. ``revision`` is the one whose state the sets are; None where they are a file's.
    Where that is the present state, ``is_present`` says so: the sets are ours, too.
    """

    sets: LastDrawn = attrs.field(converter=LastDrawn)
    passage: Passage | None = None
    selections: tuple[Selection, ...] = ()
    revision: int | None = None
    is_present: bool = False


def common_changeset(
    view: Snapshot, app: str, header: Header
) -> tuple[Changeset, Selection] | None:
    """Give the newest changeset that the document's store and ours have both seen, if any.

    It is one of ours that the document names: as its store's last, or as taken in by import,
    then with the selection that was taken.
    """
    named = [(id, selection) for id, selection in header.merged]
    if header.changeset is not None:
        named.append((header.changeset, Selection()))
    found = []
    for id, selection in named:
        try:
            changeset = view.changeset(id)
        except NotFound:
            continue
        if changeset.app == app and changeset.id == id:
            found.append((changeset, selection))
    return max(found, key=lambda one: one[0].revision, default=None)
