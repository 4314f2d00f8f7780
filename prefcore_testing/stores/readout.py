"""The readout: everything a view of a store shows, in a form that two stores can be compared by.

What each store draws for itself is replaced: a changeset's id by its revision, a key's UUID by a
label that stays with it, and digests and links, which cover the id, by the finding that they are
true. Values stand as canonical texts, for Python takes 1, 1.0 and True for equal.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from prefcore.audit import FIRST, ChangesetDigest, Pruning, chain, is_pruned
from prefcore.errors import HistoryPruned
from prefcore.interfaces import Edit, Snapshot
from prefcore.model import Change, Changeset, Entry, Rename
from prefcore.values import canonical_text

__all__ = ["Readout", "audit_faults", "comparable"]


class Readout:
    """Reads views of one store; it remembers the UUIDs it has met."""

    def __init__(self) -> None:
        self._labels: dict[str, str] = {}

    def everything(self, view: Snapshot) -> dict[str, object]:
        """Give all that a view shows of all applications."""
        apps = view.apps()
        shown: dict[str, object] = {"apps": apps, "audit faults": list(audit_faults(view))}
        for app in apps:
            shown[app] = self.names(view, app) | self.entries(view, app) | self._past(view, app)
        shown["log"] = [_changeset(one) for one in view.changesets()]
        shown["changes"] = {one.revision: _changes(view, one) for one in view.changesets()}
        return shown

    def names(self, view: Snapshot, app: str) -> dict[str, object]:
        """Give how much is held, under which keys, what is parked, and the schema versions."""
        state, keys = view.state(app), view.keys(app)
        return {
            "state": (state.app, state.version, state.sets, state.entries),
            "keys": [(key.name, self._label(key.uuid), key.holders) for key in keys],
            "names": sorted(view.names(app).values(), key=repr),
            "parked": {key.name: list(view.parked(app, key.name)) for key in keys},
            "versions": view.schema_versions(app),
            "schemas": [view.schema(app, one.version) for one in view.schema_versions(app)],
        }

    def entries(self, view: Snapshot, app: str) -> dict[str, object]:
        """Give all entries with their metadata, by set and by key."""
        return {
            "sets": [(str(one.scope), one.owner, one.rows) for one in view.sets(app)],
            "held": {key.name: list(view.held(app, key.name)) for key in view.keys(app)},
        }

    def _past(self, view: Snapshot, app: str) -> dict[str, object]:
        log, through = list(view.changesets(app)), view.pruned(app)
        names = [key.name for key in view.keys(app)]
        touched = sorted(
            {
                (str(change.scope), change.owner)
                for one in log
                if not is_pruned(one, through)
                for change in view.changes(one.revision)
                if isinstance(change, Change)
            }
            | {(str(one.scope), one.owner) for one in view.sets(app)}
        )
        odd = [one.revision for one in log if one.revision % 2]
        return {
            "pruned": through,
            "as it was": {
                one.revision: [(str(each.scope), each.owner, each.rows) for each in found]
                for one in log
                if one.revision % 3 == 0 and one.revision >= through
                for found in [view.sets(app, at=one.revision)]
            },
            "last": view.changeset(view.state(app).last_changeset or "?").revision,
            "log": [_changeset(one) for one in log],
            "history": {
                (scope, owner, name): [
                    (changeset.revision, _change(change))
                    for changeset, change in view.history(app, scope, owner, name)
                ]
                for scope, owner in touched
                for name in names
            },
            "edits": {
                one.revision: _edits(view.edits_since(app, one.revision))
                for one in log
                if one.revision > through
            },
            "edits but of odd": {
                one.revision: _edits(view.edits_since(app, one.revision, ignoring=odd))
                for one in log
                if one.revision > through
            },
        }

    def _label(self, uuid: str) -> str:
        return self._labels.setdefault(uuid, f"key {len(self._labels) + 1}")


def audit_faults(view: Snapshot) -> Iterator[str]:
    """Give what is wrong with the audit chain, computed again from what the log shows."""
    log = list(view.changesets())[::-1]
    chained = list(view.audit())
    if [one.revision for one in chained] != [one.revision for one in log]:
        yield "the audit chain has other revisions than the log"
        return
    previous = FIRST
    for one, link in zip(log, chained, strict=True):
        facts = (link.changeset, link.at, link.actor, link.kind, link.reason, link.changes)
        if facts != (one.id, one.at, one.actor, one.kind, one.reason, one.changes):
            yield f"revision {one.revision}: the audit record has other facts than the log"
        is_gone = is_pruned(one, view.pruned(one.app))
        if link.algorithm == "sha256" and not is_gone and link.digest != _digest(view, one):
            yield f"revision {one.revision}: the digest is not that of the changes"
        if link.chain != chain(previous, one.revision, link.digest):
            yield f"revision {one.revision}: the link does not follow from the one before"
        previous = link.chain


def _digest(view: Snapshot, one: Changeset) -> str:
    digest = ChangesetDigest()
    renames = []
    for change in view.changes(one.revision):
        if isinstance(change, Rename):
            renames.append(change)
        else:
            texts = (_text(change.before), _text(change.after))
            digest.entry(str(change.scope), change.owner, change.key, *texts)
    for rename in renames:
        digest.rename(rename.before, rename.after)
    digest.facts(one)
    return digest.hexdigest()


def _text(entry: Entry | None) -> str | None:
    return None if entry is None else canonical_text(entry.value)


def _changeset(one: Changeset) -> tuple[object, ...]:
    return (
        one.revision,
        one.app,
        one.actor,
        one.kind,
        one.at.isoformat(),
        one.reason,
        one.changes,
        one.schema_before,
        one.schema_after,
        canonical_text(comparable(one).details),
    )


def comparable(one: Changeset) -> Changeset:
    """Give a changeset without what each store draws for itself: its id, and digests over ids."""
    pruning = Pruning.told_by(one)
    if pruning is not None:
        pruning = attrs.evolve(pruning, facts="0" * 64)
        one = attrs.evolve(one, details={**one.details, **pruning.as_details()})
    return attrs.evolve(one, id="")


def _changes(view: Snapshot, one: Changeset) -> object:
    try:
        return [_change(change) for change in view.changes(one.revision)]
    except HistoryPruned:
        return "pruned"


def _change(change: Change | Rename) -> tuple[object, ...]:
    if isinstance(change, Rename):
        return (change.before, change.after)
    sides = (_entry(change.before), _entry(change.after))
    return (str(change.scope), change.owner, change.key, *sides)


def _entry(entry: Entry | None) -> tuple[object, ...] | None:
    if entry is None:
        return None
    text, at = canonical_text(entry.value), entry.updated_at.isoformat()
    return (entry.key, text, at, entry.source, entry.actor)


def _edits(edits: Iterator[Edit]) -> list[Edit]:
    """Give edits in their order, those that the contract leaves in any order sorted."""
    found = list(edits)
    order = [(one.scope, one.owner, one.key) for one in found]
    assert order == sorted(order), "edits do not come by scope, owner and key"
    return sorted(found, key=lambda one: (one.scope, one.owner, one.key, repr(one)))
