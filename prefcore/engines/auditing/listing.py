"""Listing: the changesets of a store's log that somebody asks for, and what each changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice

import attrs

from prefcore.audit import ChangedText, Logged, is_pruned
from prefcore.canonical import iso_time
from prefcore.errors import NotFound
from prefcore.interfaces import Snapshot, pruned_in
from prefcore.model import Change, Changeset, Rename, Selection, to_micros

__all__ = ["Told", "Wanted", "exported", "facts_of", "listed", "pruned_apps", "shown"]

#: So many keys of one changeset stand in one line of an export; more come in lines after it.
MOST = 1000


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True)
class Wanted:
    """Which changesets are meant; what is empty, or None, leaves nothing out.

    From ``since`` on, and before ``until``. ``selection`` is of sets and keys that they changed; a
    rename counts by both names, where no sets are selected. What a changeset changed whose changes
    were pruned is not known, so a selection leaves it out.
    """

    actors: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    kinds: tuple[str, ...] = attrs.field(default=(), converter=_texts)
    since: datetime | None = None
    until: datetime | None = None
    selection: Selection = Selection()

    def takes(self, one: Changeset) -> bool:
        """Say whether a changeset is meant, by what it says of itself."""
        return (
            (not self.actors or one.actor in self.actors)
            and (not self.kinds or one.kind in self.kinds)
            and (self.since is None or self.since <= one.at)
            and (self.until is None or one.at < self.until)
        )

    def touches(self, one: Logged) -> bool:
        """Say whether a changeset changed something that is selected."""
        selection = self.selection
        if selection.is_everything:
            return True
        names = {name for each in one.renames for name in (each.before, each.after)}
        is_renamed = not selection.scopes and not selection.owners
        if is_renamed and any(map(selection.takes_key, names)):
            return True
        return any(
            selection.takes_set(scope, owner) and selection.takes_key(key)
            for scope, owner, key, *_ in one.changed
        )


def pruned_apps(view: Snapshot) -> dict[str, int]:
    """Give the revision up to which each application's history was pruned; 0 where it was not."""
    return {app: pruned_in(view, app) for app in view.apps()}


def listed(view: Snapshot, wanted: Wanted, limit: int | None) -> list[Changeset]:
    """Give the newest changesets that are wanted, newest first; all where there is no limit."""
    if wanted.selection.is_everything:
        return list(islice(filter(wanted.takes, view.changesets()), limit))
    found = deque[Changeset](maxlen=limit)
    for one in view.log():
        if wanted.takes(one.changeset) and wanted.touches(one):
            found.append(one.changeset)
    return list(reversed(found))


@attrs.frozen(kw_only=True)
class Told:
    """One changeset with its link of the chain, and what it did: no values, only where.

    Of one whose changes were ``pruned`` only its renames are known.
    """

    changeset: Changeset
    digest: str
    chain: str
    changed: tuple[dict[str, object], ...]
    pruned: bool = False

    def as_data(self) -> dict[str, object]:
        """Give it as a portable object."""
        facts = _facts(self.changeset, self.digest, self.chain, pruned=self.pruned)
        return {**facts, "changed": list(self.changed)}


def shown(view: Snapshot, id: str) -> Told:
    """Give one changeset of any application by its UUID or a beginning of it; raises NotFound."""
    one = view.changeset(id)
    link = next(iter(view.audit(since=one.revision)), None)
    if link is None or link.revision != one.revision:
        raise NotFound(f"changeset {one.id} has no link of the audit chain", id=id)
    pruned = is_pruned(one, pruned_in(view, one.app))
    changed = () if pruned else tuple(map(_change, view.changes(one.revision)))
    return Told(changeset=one, digest=link.digest, chain=link.chain, changed=changed, pruned=pruned)


def _change(one: Change | Rename) -> dict[str, object]:
    if isinstance(one, Rename):
        return _renamed(one)
    act = "add" if one.before is None else "remove" if one.after is None else "change"
    return {"act": act, "scope": str(one.scope), "owner": one.owner, "key": one.key}


def exported(view: Snapshot, wanted: Wanted) -> Iterator[Mapping[str, object]]:
    """Give the wanted part of the log, oldest first, as objects for a line each.

    A changeset comes with the first keys that it changed; further ones come in objects of their own
    with its ``revision``. Values stand in none of them.
    """
    narrow = attrs.evolve(wanted, selection=Selection())
    chosen = None
    if not wanted.selection.is_everything:
        chosen = {one.revision for one in listed(view, wanted, None)}
    through = pruned_apps(view)
    for one in view.log():
        revision = one.changeset.revision
        if not narrow.takes(one.changeset) or (chosen is not None and revision not in chosen):
            continue
        changes = _changes(one)
        pruned = is_pruned(one.changeset, through[one.changeset.app])
        facts = _facts(one.changeset, one.record.digest, one.record.chain, pruned=pruned)
        yield {**facts, "changed": list(islice(changes, MOST))}
        while more := list(islice(changes, MOST)):
            yield {"revision": revision, "changed": more}


def _changes(one: Logged) -> Iterator[dict[str, object]]:
    yield from map(_renamed, one.renames)
    yield from map(_text_change, one.changed)


def _text_change(row: ChangedText) -> dict[str, object]:
    scope, owner, key, before, after = row
    act = "add" if before is None else "remove" if after is None else "change"
    return {"act": act, "scope": scope, "owner": owner, "key": key}


def _renamed(one: Rename) -> dict[str, object]:
    return {"act": "rename", "key": one.before, "after": one.after}


def facts_of(one: Changeset, *, pruned: bool) -> dict[str, object]:
    """Give what a changeset says of itself as a portable object, and whether it was pruned."""
    return {
        "revision": one.revision,
        "id": one.id,
        "app": one.app,
        "at": iso_time(to_micros(one.at)),
        "actor": one.actor,
        "kind": one.kind,
        "reason": one.reason,
        "changes": one.changes,
        "pruned": pruned,
        "schema_before": one.schema_before,
        "schema_after": one.schema_after,
        "details": dict(one.details),
    }


def _facts(one: Changeset, digest: str, chain: str, *, pruned: bool) -> dict[str, object]:
    return {**facts_of(one, pruned=pruned), "digest": digest, "chain": chain}
