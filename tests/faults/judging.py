"""Judging what a hurt act left: the old or the new state, whole; no false success; no leftovers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import attrs

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import PrefcoreError
from prefcore_testing.stores.whole_state import state_of
from tests.faults import story
from tests.faults.acts import ACTS
from tests.faults.judging_keys import KEYED, faults_of_keys
from tests.faults.story import State

__all__ = ["ENCRYPTED", "WITH_BACKUPS", "Prepared", "faults_of"]

#: Acts that work with a target: how many backups there are then, at least and after the act.
WITH_BACKUPS = {"backup": (1, 2), "encrypted": (1, 2), "restore": (1, 2), "load": (1, 1)}
#: Acts that leave the store as it was.
_KEEPING = ("backup", "load", "export")
#: What puts a signed checkpoint into the log, and ends well without where the disk is full.
ENCRYPTED = "encrypted"


@attrs.frozen
class Prepared:
    """One act in a folder before it, with the states before and after it."""

    act: str
    folder: Path
    before: State
    after: State

    @property
    def changes(self) -> bool:
        """Whether the act changes the store."""
        return self.act not in _KEEPING


def faults_of(prepared: Prepared, folder: Path, code: int) -> Iterator[str]:
    """Give what is wrong with a folder after an act that ended so, and after the next run."""
    if prepared.act in KEYED:
        yield from faults_of_keys(prepared.act, prepared.folder, prepared.before, folder, code)
        if left := list(_leftovers(folder)):
            yield f"files are left behind: {left}"
        return
    state = State(folder)
    if not state.is_whole():
        yield f"the store is not whole: {state.problems}"
        return
    is_old = state.is_exactly(prepared.before)
    if not is_old and not _is_new(prepared, state):
        yield "the state is neither the old nor the new one"
    if code == 0 and is_old and prepared.changes and prepared.act != ENCRYPTED:
        yield "it ended well, and the state is the old one"
    if prepared.act in WITH_BACKUPS:
        yield from _faults_of_backups(prepared, folder, code)
    if prepared.act == "load":
        yield from _faults_of_copy(folder, code)
    if prepared.act == "prune":
        yield from _faults_of_forgetting(folder, code)
    if prepared.act == "export":
        yield from _faults_of_export(folder, code)
    if is_old:
        ended = _again(prepared.act, folder)
        if ended or not _is_new(prepared, State(folder)):
            yield f"the next run does not lead to the new state (exit code {ended})"
    with story.opened(folder) as prefs:
        prefs.set("key1", "afterwards", user="user0001")
        if prepared.act in WITH_BACKUPS:
            prefs.back_up(target=story.target(folder))
    if left := list(_leftovers(folder)):
        yield f"files are left behind: {left}"


def _faults_of_forgetting(folder: Path, code: int) -> Iterator[str]:
    """Give what is wrong with a file that something is to be gone from; a next run sees to it."""
    if code == 0 and (left := story.holds_forgotten(folder)):
        yield f"it ended well, and what was forgotten stands in {left}"
    copy = shutil.copytree(folder, folder.parent / "again")
    ended, left = _again("prune", copy), story.holds_forgotten(copy)
    if ended or left:
        yield f"the next run (exit code {ended}) leaves what is to be forgotten in {left}"
    shutil.rmtree(copy)


def _is_new(prepared: Prepared, state: State) -> bool:
    before, after = prepared.before, prepared.after
    if not prepared.changes:
        return state.is_exactly(before)
    is_next = state.follows(before, 1)
    return is_next and (state.version, state.values) == (after.version, after.values)


def _faults_of_backups(prepared: Prepared, folder: Path, code: int) -> Iterator[str]:
    """Give what is wrong with the backups: one was there before, and the act takes one."""
    with story.opened(folder) as prefs, prefs.backups(story.target(folder)) as backups:
        found = backups.list()
        states = [one.state for one in found.backups]
        if set(states) - {"ok", "incomplete"} or found.foreign:
            yield f"backups are {states}, and others {found.foreign}"
        for manifest in found.whole:
            try:
                backups.verify(manifest, level=3)
            except PrefcoreError as error:
                yield f"a backup is told of that is none: {error.message}"
    least, most = WITH_BACKUPS[prepared.act]
    if not (most if code == 0 else least) <= len(found.whole) <= most:
        yield f"it ended with {code}, and there are {len(found.whole)} whole backups"


def _faults_of_copy(folder: Path, code: int) -> Iterator[str]:
    """Give what is wrong with the store made of a backup: it is the other one, or holds nothing."""
    with story.opened(folder) as prefs:
        whole = state_of(prefs.store)
    if not (folder / "new.db").exists():
        if code == 0:
            yield "it ended well, and there is no store"
        return
    store = SqliteStore.open(f"sqlite:{folder}/new.db", create=True)
    try:
        found = state_of(store)
        if found not in (([], []), whole) or list(store.check()):
            yield "the new store holds neither nothing nor all"
        if code == 0 and found != whole:
            yield "it ended well, and the new store holds nothing"
    finally:
        store.close()
    if found == whole:
        for file in folder.glob("new.db*"):
            file.unlink()


def _faults_of_export(folder: Path, code: int) -> Iterator[str]:
    """Give what is wrong with the exported file: it is what stood there before, or all of it."""
    file = folder / story.EXPORTED
    if file.read_text(encoding="utf-8") == story.BEFORE_EXPORT:
        if code == 0:
            yield "it ended well, and the file is the old one"
        return
    with story.opened(folder) as prefs:
        plan = prefs.plan_import(file)
        if plan.counts != {"unchanged": prefs.state().entries} or plan.warnings:
            yield f"the exported file does not hold what the store does: {plan.counts}"


def _again(act: str, folder: Path) -> int:
    """Do an act to its end, here; give its exit code."""
    try:
        with story.opened(folder) as prefs:
            next(ACTS[act](prefs, folder))()
    except PrefcoreError as error:
        return error.exit_code
    return 0


def _leftovers(folder: Path) -> Iterator[str]:
    """Give the files that no finished act leaves."""
    known = {"prefs.db", "import.json", "new.db", story.EXPORTED}
    yield from sorted(
        one.name for one in folder.iterdir() if one.is_file() if one.name not in known
    )
    copies = (folder / "prefs.db.copies").glob("*")
    yield from sorted(one.name for one in copies if one.suffix != ".db")
    yield from sorted(one.name for one in (folder / "data").rglob("*") if _is_left(one))
    in_target = {one.name for one in (folder / "backups").glob("*")}
    manifests = {name for name in in_target if name.endswith(".manifest.json")}
    plain = {name.replace(".manifest.", ".document.") for name in manifests}
    documents = {name for name in in_target if name.removesuffix(".sealed") in plain}
    yield from sorted(in_target - manifests - documents)


def _is_left(path: Path) -> bool:
    """Whether a file of the user's data folder is not one that a key ring consists of."""
    kept = (r"ring|lock|root-[0-9a-f]{8}\.key", r"[0-9a-f]{32}\.json")
    named = kept[path.parent.name == "checkpoints"]
    return path.is_file() and not re.fullmatch(named, path.name)
