"""The canary in a program: what Python shows of a secret, and of what goes wrong on its way."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import prefcore_json

from prefcore import Secret
from prefcore.access.policy import Access, AccessPolicy, Rule
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import ConflictError, HistoryPruned, NotPermitted, PrefcoreError
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import WatcherInfo
from prefcore.keys import Keys
from prefcore.model import Change, Changeset, Draft, Rename, Selection
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Schema
from tests.canary.searching import STEM
from tests.canary.telling import Heard
from tests.cli.shell import Shell

__all__ = ["play"]


class Typed(Schema, app="typed", version="1.0.0"):
    token: Secret[str] | None = None
    pair: Secret[list[int]] | None = None
    size: int = 12


class Watcher:
    """A plugin that keeps what its veto and its observer are told, and fails with all of it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @hookimpl
    def prefcore_watchers(self) -> list[WatcherInfo]:
        return [WatcherInfo(id="canary", summary="", veto=self._veto, observe=self._observe)]

    def _veto(self, draft: Draft, changes: Iterator[Change | Rename]) -> None:
        told = f"{draft!r} {list(changes)!r}"
        self.told.append(told)
        if draft.reason in ("no", "fail"):
            raise (NotPermitted if draft.reason == "no" else ValueError)(told)

    def _observe(self, changeset: Changeset) -> None:
        self.told.append(repr(changeset))
        raise ValueError(repr(changeset))


def play(shell: Shell) -> Iterator[Heard]:
    """Set it, look at it, and do what is refused; give all that is shown."""
    keys = Keys(_folder(shell), environ=shell.environ)
    yield from _by_key(shell, keys)
    yield from _typed(shell, keys)


def _by_key(shell: Shell, keys: Keys) -> Iterator[Heard]:
    store = SqliteStore.open(f"sqlite:{shell.db}")
    prefs = Preferences[object](  # type: ignore[type-var]  # no schema class: values by key
        store, "acme", schemas=shell.folder / "schemas", keys=keys, environ=shell.environ
    )
    try:
        secret = prefs.get("secret.key", user="bo")
        assert isinstance(secret, Secret)
        assert secret.reveal() == f"{STEM}-theirs"
        plan = prefs.plan_set("user", "bo", {"secret.key": f"{STEM}-planned"})
        shown: list[object] = [prefs, secret, plan, plan.items, plan.details]
        shown += [prefs.explain("secret.key", user="bo"), prefs.effective(user="bo")]
        shown += [list(prefs.sets(Selection())), prefs.read_set("user", "bo").entries]
        shown += [list(prefs.log()), keys, keys.ring, keys.sealer]
        shown += _changes(prefs)
        shown += [prefs.history("secret.key", "user", "bo"), prefs.audit.verify()]
        shown += [prefs.state(), list(prefs.faults()), prefs.schema]
        yield Heard("repr", repr(shown) + str(shown))
        for bad in (f"no {STEM}", [STEM], {STEM: STEM}, Secret(f"no {STEM}"), 1.5):
            yield _refused(lambda bad=bad: prefs.set("secret.key", bad, user="bo"))  # type: ignore[misc]  # bound now
    finally:
        store.close()


def _changes(prefs: Preferences[object]) -> Iterator[object]:  # type: ignore[type-var]  # as above
    """Give what is told of each changeset's changes, the pruned ones among them."""
    for one in prefs.log():
        try:
            yield list(prefs.changes(one))
        except HistoryPruned as error:
            yield (error, error.facts)


def _typed(shell: Shell, keys: Keys) -> Iterator[Heard]:
    """What a program with a schema class does: views, change() blocks, documents, undo."""
    watcher = Watcher()
    plugins = Plugins([watcher, prefcore_json])

    def opened(access: Access | None = None) -> Preferences[Typed]:
        return Preferences.open(
            Typed,
            store=shell.folder / "typed.db",
            keys=keys,
            environ=shell.environ,
            plugins=plugins,
            actor="bo",
            access=access,
        )

    with opened() as prefs:
        bo = prefs.user("bo")
        bo.token = Secret(f"{STEM}-view")
        with prefs.change(user="bo") as change:
            change.token = Secret(f"{STEM}-block")
            change.size = 14
            yield Heard("views", f"{bo!r} {change!r} {prefs.at(user='bo')!r} {vars(change)!r}")
        yield _refused(lambda: _conflict(prefs))
        assert bo.token == Secret(f"{STEM}-meanwhile")
        yield _refused(lambda: setattr(bo, "token", [STEM]))
        yield _refused(lambda: setattr(bo, "pair", Secret([STEM])))
        yield _refused(lambda: prefs.set("token", f"{STEM}-no", user="bo", reason="no"))
        yield _refused(lambda: prefs.set("token", f"{STEM}-no", user="bo", reason="fail"))
        out = BytesIO()
        told = prefs.export(out, format="json")
        document = shell.folder / "typed.json"
        document.write_bytes(out.getvalue())
        prefs.set("token", f"{STEM}-since", user="bo")
        plans = [prefs.plan_import(document), prefs.plan_undo()]
        with prefs.begin_import(document) as begun:
            plans.append(begun.plan)
        prefs.apply(plans[1])
        yield Heard("plans", f"{plans!r} {told!r} {[vars_of(one) for one in plans]!r}")
    nobody = AccessPolicy(rules=(Rule("deny", actions=("write",)),))
    with opened(Access("mallory", [nobody])) as prefs:
        yield _refused(lambda: prefs.set("token", f"{STEM}-denied", user="bo"))
    yield Heard("watcher", "\n".join(watcher.told))
    assert len(watcher.told) > 8


def vars_of(plan: object) -> dict[str, object]:
    """Give all that a plan holds, what its repr leaves out too."""
    return {name: getattr(plan, name) for name in plan.__slots__ if hasattr(plan, name)}  # type: ignore[attr-defined]  # attrs gives it


def _conflict(prefs: Preferences[Typed]) -> None:
    with prefs.change(user="bo") as change:
        change.token = Secret(f"{STEM}-late")
        prefs.set("token", f"{STEM}-meanwhile", user="bo")


def _refused(act: Callable[[], object]) -> Heard:
    """Give all that an error tells: its text, facts, causes and notes."""
    try:
        act()
    except (PrefcoreError, ConflictError) as error:
        # Lines of this file say what is set; the frames of a traceback show them.
        told = "".join(traceback.format_exception_only(error))
        chain: BaseException | None = error
        while chain is not None:
            told += f"{chain}{chain!r}{getattr(chain, 'facts', '')}{vars(chain)}"
            chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
        return Heard("error", told)
    raise AssertionError("it was taken")


def _folder(shell: Shell) -> str:
    return str(Path(shell.run("keys", "list", "--json").json["path"]).parent)
