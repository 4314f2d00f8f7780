"""Checking: whether entries, log and audit chain of a state agree."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise

from prefcore.audit import expected_digests, faults, prunings, state_faults
from prefcore.builtin.memory_store.reading import View
from prefcore.builtin.memory_store.state import Cell, Place, State
from prefcore.full_state import names_told
from prefcore.interfaces import StoreProblem
from prefcore.model import PreferenceSet

__all__ = ["problems"]


def problems(state: State) -> Iterator[StoreProblem]:
    """Give what does not agree."""
    yield from _check_chain(state)
    yield from _check_entries(state)
    yield from _check_names(state)


def _check_names(state: State) -> Iterator[StoreProblem]:
    """Look for a rename in the log for each name that a key got after its first, or gave up."""
    told = {
        (record.bare.app, record.bare.revision): {
            name for one in record.renames for name in (one.before, one.after)
        }
        for record in state.log
    }
    for app, held in sorted(state.apps.items()):
        for uuid, key in sorted(held.keys.items()):
            names = names_told(key.names)
            for (_, was), (revision, name) in pairwise(names):
                moved = {one for one in (was, name) if one is not None}
                if not moved <= told.get((app, revision), set()):
                    yield StoreProblem(
                        "a name that a key got, or gave up, without a rename in the log",
                        f"{app}: {name or was} ({uuid}) at revision {revision}",
                        "restore a safety copy or a backup",
                        revision=revision,
                    )


def _check_chain(state: State) -> Iterator[StoreProblem]:
    """Compute every digest and link again."""
    changesets = [record.changeset for record in state.log]
    sealed_later, pruned = expected_digests(changesets), prunings(changesets)
    view = View(state)
    found = chain(
        faults(view.log(), sealed_later, pruned),
        state_faults(lambda app, at: view.sets(app, at=at), pruned),
    )
    for fault in found:
        where = f"revision {fault.revision}"
        yield StoreProblem(
            fault.what, where, "restore a safety copy or a backup", revision=fault.revision
        )


def _check_entries(state: State) -> Iterator[StoreProblem]:
    """Play the log through from nothing, and compare what it leaves with the entries held."""
    played: dict[tuple[str, Place, str], Cell] = {}
    touched: set[tuple[str, Place, str]] = set()
    for record in state.log:
        app, revision = record.bare.app, record.bare.revision
        for delta in record.deltas:
            entry = (app, delta.place, delta.uuid)
            begins = delta.before if entry not in touched and state.app(app).pruned else None
            if played.get(entry, begins) != delta.before:
                yield _entry_problem("a change begins with another entry", state, entry, revision)
            touched.add(entry)
            if delta.after is None:
                played.pop(entry, None)
            else:
                played[entry] = delta.after
    held = {
        (name, where, uuid): cell
        for name, app in state.apps.items()
        for where, cells in app.sets.items()
        for uuid, cell in cells.items()
    }
    for entry in sorted(played.keys() | held.keys()):
        if entry not in touched and state.app(entry[0]).pruned:
            continue  # of what was pruned: the state that stood then is compared as a whole
        if played.get(entry) != held.get(entry):
            yield _entry_problem("the entry is not what the log left", state, entry)


def _entry_problem(
    what: str, state: State, entry: tuple[str, Place, str], revision: int | None = None
) -> StoreProblem:
    app, where, uuid = entry
    key = state.app(app).keys[uuid].name or uuid
    at = f" at revision {revision}" if revision else ""
    return StoreProblem(
        what, f"{app}: {PreferenceSet(*where).place} {key}{at}", "restore a safety copy or a backup"
    )
