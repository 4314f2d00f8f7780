"""What was encrypted anew stays so: texts under a key that nothing should be under any more."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from prefcore.interfaces import Snapshot, StoreProblem, pruned_in
from prefcore.model import Changeset
from prefcore.model.sets import place

__all__ = ["keys_in_use", "keys_told", "old_texts"]

_KEY = re.compile(r'\{"\$sealed":\["([^"]*)"')
_ADVICE = (
    "somebody put an old text back, or a program wrote that had the old key open still; if the "
    "value is right: prefcore keys reencrypt"
)


def old_texts(view: Snapshot, newer_keys: Mapping[str, Collection[str]]) -> Iterator[StoreProblem]:
    """Give texts under keys older than the one that all was encrypted under, as the log tells.

    ``newer_keys`` has for each key of a ring those that came after it; the log tells of rotations,
    too. Nothing is given where the log tells of no encryption anew that left nothing out.
    """
    told = _last_reencryption(view.changesets())
    if told is None:
        return
    revision, key, allowed = told
    allowed = {key, *allowed, *newer_keys.get(key, ())}
    anew = f"although revision {revision} encrypted all anew under {key}"
    for one in view.log():
        app = one.changeset.app
        for scope, owner, name, *texts in one.changed:
            for text in texts:
                found = _KEY.match(text) if isinstance(text, str) else None
                if found and found[1] not in allowed:
                    yield StoreProblem(
                        f"a value is encrypted under {found[1]:.40}, {anew}",
                        f"{app}: {place(scope, owner)} {name}, revision "
                        f"{one.changeset.revision} or the entry now",
                        _ADVICE,
                        revision=one.changeset.revision,
                    )
    for app in view.apps():
        if not pruned_in(view, app):
            continue
        for held in view.sets(app):  # what did not change since it was pruned, no change tells
            for row in held.rows:
                found = _KEY.match(row[1])
                if found and found[1] not in allowed:
                    yield StoreProblem(
                        f"a value is encrypted under {found[1]:.40}, {anew}",
                        f"{app}: {place(held.scope, held.owner)} {row[0]}",
                        _ADVICE,
                    )


def keys_in_use(view: Snapshot) -> Counter[str]:
    """Give how many values, in entries and in the log, are sealed under each key."""
    used = Counter[str]()
    for app in view.apps():
        for one in view.sets(app):
            used.update(_keys(row[1] for row in one.rows))
    for logged in view.log():
        used.update(_keys(row[3] for row in logged.changed))
    return used


def keys_told(changesets: Iterable[Changeset]) -> set[str]:
    """Give the ids of all keys that acts on keys in the log tell of."""
    return {
        str(one.details[name])
        for one in changesets
        if one.kind == "keys"
        for name in ("id", "active")
        if name in one.details
    }


def _keys(texts: Iterable[str | None]) -> Iterator[str]:
    for text in texts:
        found = _KEY.match(text) if isinstance(text, str) else None  # bytes: the check tells
        if found:
            yield found[1]


def _last_reencryption(changesets: Iterable[Changeset]) -> tuple[int, str, set[str]] | None:
    """Give the newest one that left nothing out: revision, key, and the keys made after it."""
    newer: set[str] = set()
    for one in changesets:
        if one.kind != "keys":
            continue
        details = one.details
        if details.get("act") == "reencrypt" and details.get("locked") == 0:
            return one.revision, str(details.get("id")), newer
        newer |= {str(details[name]) for name in ("id", "active") if name in details}
    return None
