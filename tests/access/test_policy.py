"""Who may do what: policies, decisions, and the facade, of which every call is asked for."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prefcore import Preferences, Schema, Secret, preference
from prefcore.access.files import access_of
from prefcore.access.policy import Access, AccessPolicy, Rule
from prefcore.access.roles import ACTIONS, OF_SETS, PLACES, ROLES, TAKES, held_with
from prefcore.builtin.memory_store import MemoryStore
from prefcore.builtin.memory_store.reading import View
from prefcore.engines.importing import ImportRequest
from prefcore.errors import NotPermitted
from prefcore.facade.registry import Registry
from prefcore.facade.templating import Templates
from prefcore.interfaces import Store
from prefcore.keys import Keys
from prefcore.migration import Step, rename
from prefcore.model import Change, Selection
from prefcore.schema import SchemaDocument

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access.md"
ME, OTHER = "me", "other"
SETS = {
    "system": ("system", ""),
    "own": ("user", ME),
    "user": ("user", OTHER),
    "project": ("project", "p"),
    "template": ("template", "t"),
}


class Editor(Schema, app="acme", version="1.0.0"):
    size: int = preference(12, ge=6)
    proxy: str = preference("", requires_role="admin")
    token: Secret[str] | None = None


class Newer(Schema, app="acme", version="2.0.0"):
    size: int = preference(12, ge=6)
    proxy: str = preference("", requires_role="admin")
    token: Secret[str] | None = None
    more: bool = False


DOCUMENT, NEWER = Editor.document(), Newer.document()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    keys = Keys(str(tmp_path_factory.mktemp("ring") / "keys"), environ={})
    keys.folder.create(datetime.now(UTC), keys.folder.new_root_file)
    return keys


def facade(store: Store, access: Access, keys: Keys | None = None, **more: Any) -> Preferences[Any]:
    return Preferences(
        store,
        "acme",
        schema=more.pop("schema", DOCUMENT),
        access=access,
        keys=keys,
        environ={},
        **{"actor": access.actor, **more},
    )


def everything() -> Access:
    return Access("boss", ())


@pytest.fixture
def store(keys: Keys) -> Store:
    store = MemoryStore()
    prefs = facade(store, everything(), keys)
    for scope, owner in SETS.values():
        prefs.set_many(scope, owner, {"size": 20, "token": Secret("hush")})
    return store


def with_roles(*roles: str, rules: tuple[Rule, ...] = ()) -> Access:
    policy = AccessPolicy(dict.fromkeys(roles, (ME,)), rules, "the policy", "root")
    return Access(ME, [policy])


# ----------------------------------------------------------------------------- the matrix


def matrix() -> str:
    """Give the table of the reference, as the policy decides."""
    lines = [f"| action | {' | '.join(ROLES)} |", f"|---{'|---' * len(ROLES)}|"]
    for action in ACTIONS:
        cells = []
        for role in ROLES:
            places = [place for place in PLACES if _decided(role, action, place)]
            if action in OF_SETS:
                cells.append("all" if tuple(places) == PLACES else ", ".join(places))
            else:
                cells.append("yes" if places else "")
        lines.append(f"| `{action}` | {' | '.join(cells)} |".replace("|  |", "| |"))
    return "\n".join(lines).replace("|  |", "| |")


def _decided(role: str, action: str, place: str) -> bool:
    where = SETS[place] if action in OF_SETS else ()
    return AccessPolicy().decide(ME, held_with(role), action, *where).allowed


def documented(role: str, action: str, place: str) -> bool:
    """Read a cell of the table that the reference shows."""
    text = PAGE.read_text(encoding="utf-8")
    row = re.search(rf"^\| `{action}` \|(.*)\|$", text, re.MULTILINE)
    assert row, action
    cell = row[1].split("|")[list(ROLES).index(role)].strip()
    return cell in ("all", "yes") or (place != "" and place in cell.split(", "))


def test_the_matrix_of_the_reference_is_the_one_that_is_held() -> None:
    assert matrix() in PAGE.read_text(encoding="utf-8")


ATTEMPTS: dict[str, Callable[[Preferences[Any], Path], object]] = {
    "inspect": lambda prefs, _: prefs.versions(),
    "history": lambda prefs, _: list(prefs.log()),
    "register": lambda prefs, _: prefs.register(NEWER),
    "apply": lambda prefs, _: prefs.apply(prefs.plan_migration("2.0.0")),
    "prune": lambda prefs, _: prefs.apply(prefs.plan_prune(keep_last=1)),
    "deprecate": lambda prefs, _: prefs.apply(prefs.registry.plan_deprecate("1.0.0")),
    "backup": lambda prefs, folder: prefs.backups(folder.as_uri()),
    "keys": lambda prefs, _: prefs.reencrypt(),
    "act_as": lambda prefs, _: facade(prefs._store, prefs.access, actor="somebody"),  # type: ignore[arg-type]  # there is one
    "store": lambda prefs, _: prefs.store,
}
CELLS = [
    (role, action, place)
    for role, action in itertools.product(ROLES, ACTIONS)
    for place in (PLACES if action in OF_SETS else ("",))
]


@pytest.mark.parametrize(("role", "action", "place"), CELLS, ids=map("-".join, CELLS))
def test_each_cell_of_the_matrix_is_so_through_the_facade(
    store: Store, keys: Keys, tmp_path: Path, role: str, action: str, place: str
) -> None:
    # Of two schemas the newer one is known, so that there is something to apply.
    prefs = facade(store, with_roles(role), keys, schema=NEWER)
    before = facade(store, everything(), keys)
    if place:
        scope, owner = SETS[place]
        attempts: dict[str, Callable[[], object]] = {
            "read": lambda: prefs.read_set(scope, owner),
            "reveal": lambda: prefs.reveal(scope, owner, "token"),
            "write": lambda: prefs.set_many(scope, owner, {"size": 30}),
        }
        attempt = attempts[action]
    else:
        attempt = lambda: ATTEMPTS[action](prefs, tmp_path)  # noqa: E731  # as in the table
    if documented(role, action, place):
        attempt()
        assert not any(one.kind == "denied" for one in before.log())
    else:
        with pytest.raises(NotPermitted, match=rf"me \(.*\) may not .*{action}"):
            attempt()
        newest = next(before.log())
        assert newest.kind == "denied"
        assert newest.changes == 0
        assert newest.details["action"] == action


#: What may be tried more than once.
TRIALS: dict[str, Callable[[Preferences[Any], Path], object]] = {
    "read": lambda prefs, _: prefs.get("size", user=ME),
    "reveal": lambda prefs, _: prefs.reveal("user", ME, "token"),
    "write": lambda prefs, _: prefs.plan_set("user", ME, {"size": 30}),
    "apply": lambda prefs, _: prefs.plan_migration("2.0.0"),
    "register": lambda prefs, _: prefs.plan_register(NEWER),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_an_act_takes_besides_is_what_access_check_asks_for(
    store: Store, keys: Keys, tmp_path: Path, action: str
) -> None:
    refused = []
    for other in ACTIONS:
        policy = AccessPolicy(None, (Rule("deny", "a rule", actions=(other,)),))
        prefs = facade(store, Access(ME, [policy]), keys, schema=NEWER)
        try:
            (TRIALS.get(action) or ATTEMPTS[action])(prefs, tmp_path)
        except NotPermitted:
            refused.append(other)
    assert sorted(refused) == sorted((action, *TAKES.get(action, ())))


# --------------------------------------------------------- every call of the facade is asked for

#: What says nothing of what is stored, and changes nothing.
OPEN = {
    **dict.fromkeys(
        ("app", "version", "stored_version", "newest_version", "read_only", "is_newer", "url"),
        "what opening found; the store's values are not in it",
    ),
    **dict.fromkeys(("actor", "access", "plugins", "keys"), "what the program brought along"),
    **dict.fromkeys(("open", "close", "reopen", "read_at_newest"), "opening; reading is asked for"),
    **dict.fromkeys(("user", "project", "system", "at"), "a view; its attributes are asked for"),
    "templates": "its methods are asked for",
    "may": "it answers what would be",
}

Call = Callable[[Preferences[Any], Path], object]


def _plain(folder: Path) -> ImportRequest:
    file = folder / "plain.json"
    file.write_text('{"size": 20}', encoding="utf-8")
    return _import(file)


def _begin(act: Any) -> None:
    with act:
        pass


def _sets_in(prefs: Preferences[Any]) -> object:
    with prefs._store.snapshot() as view:
        return list(prefs.sets_in(view))


CALLS: dict[str, Call] = {
    "apply": lambda prefs, _: prefs.apply(
        facade(prefs._store, everything()).plan_set("user", ME, {"size": 9})
    ),
    "apps": lambda prefs, _: prefs.apps(),
    "audit": lambda prefs, _: prefs.audit,
    "back_up": lambda prefs, folder: prefs.back_up(target=folder.as_uri()),
    "backups": lambda prefs, folder: prefs.backups(folder.as_uri()),
    "begin_import": lambda prefs, folder: _begin(prefs.begin_import(_plain(folder))),
    "begin_migration": lambda prefs, _: _begin(prefs.begin_migration("1.0.0")),
    "begin_prune": lambda prefs, _: _begin(prefs.begin_prune(keep_last=1)),
    "begin_restore": lambda prefs, folder: prefs.begin_restore("x", target=folder.as_uri()),
    "begin_undo": lambda prefs, _: _begin(prefs.begin_undo()),
    "change": lambda prefs, _: _begin(prefs.change(user=ME)),
    "changed_steps": lambda prefs, _: prefs.changed_steps(),
    "changes": lambda prefs, _: list(
        prefs.changes(next(facade(prefs._store, everything()).log()))
    ),
    "changeset": lambda prefs, _: prefs.changeset("0"),
    "check": lambda prefs, _: prefs.check("user", ME, "size", 9),
    "copies": lambda prefs, _: prefs.copies(),
    "declared": lambda prefs, _: prefs.declared("size"),
    "effective": lambda prefs, _: prefs.effective(user=ME),
    "explain": lambda prefs, _: prefs.explain("size", user=ME),
    "export": lambda prefs, _: prefs.export(io.BytesIO(), format="json"),
    "faults": lambda prefs, _: list(prefs.faults()),
    "get": lambda prefs, _: prefs.get("size", user=ME),
    "history": lambda prefs, _: prefs.history("size", "user", ME),
    "judged": lambda prefs, _: prefs.judged("size"),
    "keys_held": lambda prefs, _: prefs.keys_held(),
    "layers": lambda prefs, _: prefs.layers("size", [("user", ME)]),
    "log": lambda prefs, _: list(prefs.log()),
    "parse": lambda prefs, _: prefs.parse("size", "9"),
    "permit": lambda prefs, _: prefs.permit("read", "user", ME, "size"),
    "plan_import": lambda prefs, folder: prefs.plan_import(_plain(folder)),
    "plan_migration": lambda prefs, _: prefs.plan_migration("1.0.0"),
    "plan_prune": lambda prefs, _: prefs.plan_prune(keep_last=1),
    "plan_register": lambda prefs, _: prefs.plan_register(NEWER),
    "plan_restore": lambda prefs, folder: prefs.plan_restore("x", target=folder.as_uri()),
    "plan_set": lambda prefs, _: prefs.plan_set("user", ME, {"size": 9}),
    "plan_undo": lambda prefs, _: prefs.plan_undo(),
    "pruned": lambda prefs, _: prefs.pruned(),
    "problems": lambda prefs, _: list(prefs.problems()),
    "read_set": lambda prefs, _: prefs.read_set("user", ME),
    "record": lambda prefs, _: prefs.record("keys", {}),
    "reencrypt": lambda prefs, _: prefs.reencrypt(),
    "refusals": lambda prefs, _: prefs.refusals(NEWER),
    "register": lambda prefs, _: prefs.register(NEWER),
    "registry": lambda prefs, _: prefs.registry,
    "reveal": lambda prefs, _: prefs.reveal("user", ME, "token"),
    "schema": lambda prefs, _: prefs.schema,
    "schema_named": lambda prefs, _: prefs.schema_named("1.0.0"),
    "schema_records": lambda prefs, _: prefs.schema_records(),
    "set": lambda prefs, _: prefs.set("size", 9, user=ME),
    "set_many": lambda prefs, _: prefs.set_many("user", ME, {"size": 9}),
    "sets": lambda prefs, _: list(prefs.sets()),
    "sets_in": lambda prefs, _: _sets_in(prefs),
    "state": lambda prefs, _: prefs.state(),
    "steps": lambda prefs, _: prefs.steps(),
    "store": lambda prefs, _: prefs.store,
    "unset": lambda prefs, _: prefs.unset("size", user=ME),
    "update": lambda prefs, _: prefs.update({}, selection=Selection(["user"], [ME])),
    "values_of": lambda prefs, _: prefs.values_of(
        facade(prefs._store, everything()).read_set("user", ME)
    ),
    "variable": lambda prefs, _: prefs.variable("size"),
    "versions": lambda prefs, _: prefs.versions(),
    # What the facade hands out.
    "templates.named": lambda prefs, _: prefs.templates.named("t"),
    "templates.__iter__": lambda prefs, _: list(prefs.templates),
    "templates.plan_apply": lambda prefs, _: prefs.templates.plan_apply("t", "user", ME),
    "templates.plan_delete": lambda prefs, _: prefs.templates.plan_delete("t"),
    "templates.plan_save": lambda prefs, _: prefs.templates.plan_save("n", "user", ME),
    "registry.compatibility": lambda prefs, _: prefs.registry.compatibility("1.0.0", "1.0.0"),
    "registry.entries": lambda prefs, _: list(prefs.registry.entries()),
    "registry.entry": lambda prefs, _: prefs.registry.entry("1.0.0"),
    "registry.matrix": lambda prefs, _: list(prefs.registry.matrix("1.0.0")),
    "registry.plan_deprecate": lambda prefs, _: prefs.registry.plan_deprecate("1.0.0"),
    "registry.plan_note": lambda prefs, _: prefs.registry.plan_note("1.0.0", name="first"),
    "registry.plan_verdict": lambda prefs, _: prefs.registry.plan_verdict(
        "1.0.0", "2.0.0", None, reason="x"
    ),
    "registry.standing": lambda prefs, _: prefs.registry.standing(),
}  # fmt: skip


def _public(owner: type, prefix: str = "") -> set[str]:
    return {prefix + name for name in dir(owner) if not name.startswith("_")}


def test_every_member_of_the_facade_is_tried_or_has_a_reason() -> None:
    members = _public(Preferences) | _public(Templates, "templates.")
    members |= _public(Registry, "registry.")
    assert members - set(OPEN) == set(CALLS) - {"templates.__iter__"}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_of_the_facade_is_refused_to_whoever_has_no_role(
    store: Store, keys: Keys, tmp_path: Path, name: str
) -> None:
    prefs = facade(store, with_roles(), keys)
    with pytest.raises(NotPermitted) as caught:
        CALLS[name](prefs, tmp_path)
    assert caught.value.facts["rule"]
    newest = next(facade(store, everything()).log())
    assert (newest.kind, newest.changes, newest.actor) == ("denied", 0, ME)


def test_signing_the_log_takes_more_than_seeing_it(store: Store, keys: Keys) -> None:
    only_look = with_roles(rules=(Rule("allow", "a rule", actions=("history",)),))
    prefs = facade(store, only_look, keys)
    assert prefs.audit.entries()
    with pytest.raises(NotPermitted):
        prefs.audit.checkpoint()


def test_typed_views_are_asked_for_when_they_are_used(tmp_path: Path) -> None:
    only_look = with_roles(rules=(Rule("allow", "a rule", actions=("inspect",)),))
    prefs = Preferences.open(Editor, store=tmp_path / "p.db", actor=ME, access=only_look)
    with prefs:
        views = [prefs.user(ME), prefs.project("p"), prefs.system, prefs.at(user=ME)]
        for view in views:
            with pytest.raises(NotPermitted, match="may not read"):
                _ = view.size
        with pytest.raises(NotPermitted, match="may not write user/me size"):
            views[0].size = 9


# ------------------------------------------------------------------------------- what is denied


def test_a_denial_says_who_what_why_and_how_and_is_recorded_without_the_value(
    store: Store,
) -> None:
    prefs = facade(store, with_roles("user"))
    with pytest.raises(NotPermitted) as caught:
        prefs.set("proxy", "http://secret.example", user=ME)
    assert caught.value.message == (
        "me (viewer, user) may not write user/me proxy: the schema declares that changing proxy "
        "takes the role admin; ask root, who keeps the policy, for the role admin"
    )
    newest = next(facade(store, everything()).log())
    assert newest.reason == "write user/me proxy"
    assert newest.details == {
        "actor": ME,
        "action": "write",
        "scope": "user",
        "owner": ME,
        "key": "proxy",
        "rule": "requires_role of proxy",
    }
    assert list(facade(store, everything()).changes(newest)) == []


def test_the_same_denial_is_recorded_once(store: Store) -> None:
    prefs = facade(store, with_roles("user"))
    for _ in range(3):
        with pytest.raises(NotPermitted):
            prefs.get("size", user=OTHER)
    with pytest.raises(NotPermitted):
        prefs.get("proxy", user=OTHER)
    assert [one.kind for one in facade(store, everything()).log()][:3] == [
        "denied",
        "denied",
        "set",
    ]


def test_a_denial_does_not_begin_a_store() -> None:
    """Else it would be taken for one of before versions were recorded, at the baseline."""

    class Later(Schema, app="acme", version="2.0.0", baseline="1.0.0"):
        size: int = 12

    store = MemoryStore()
    for _ in range(2):
        prefs = facade(store, with_roles("user"), schema=Later.document())
        with pytest.raises(NotPermitted):
            prefs.set("size", 9, system=True)
        assert prefs.version is None
    prefs.set("size", 9, user=ME)
    assert prefs.version == "2.0.0"


def test_undo_passes_over_denials(store: Store) -> None:
    prefs = facade(store, with_roles("admin"))
    prefs.set("size", 40, user=ME)
    with pytest.raises(NotPermitted):
        prefs.reencrypt()
    prefs.apply(prefs.plan_undo())
    assert prefs.get("size", user=ME) == 20


def test_where_the_store_takes_no_record_the_error_is_left(tmp_path: Path) -> None:
    with Preferences.open(Editor, store=tmp_path / "p.db", access=everything()) as boss:
        boss.set("size", 9, user=ME)
    with Preferences.open(
        Editor, store=tmp_path / "p.db", read_only=True, actor=ME, access=with_roles("user")
    ) as prefs:
        with pytest.raises(NotPermitted, match="may not read user/other"):
            prefs.get("size", user=OTHER)
        assert [one.kind for one in prefs.log()] == ["set"]


def test_a_plan_tells_nothing_that_its_maker_may_not_write(store: Store, tmp_path: Path) -> None:
    """A file that repeats what another holds would else say so, by what it counts as unchanged."""
    out = io.BytesIO()
    boss = facade(store, everything())
    boss.export(out, format="json", secrets="redacted", selection=Selection(["user"], [OTHER]))
    file = tmp_path / "other.json"
    file.write_bytes(out.getvalue())
    prefs = facade(store, with_roles("user"))
    with pytest.raises(NotPermitted, match="may not write user/other size"):
        prefs.plan_import(file)
    assert next(boss.log()).kind == "denied"
    assert facade(store, with_roles("admin")).plan_import(file).counts == {"unchanged": 1}


def test_what_another_changed_is_not_undone_or_shown(store: Store) -> None:
    boss = facade(store, everything())
    made = boss.set("size", 50, user=OTHER)
    assert made is not None
    prefs = facade(store, with_roles("user"))
    with pytest.raises(NotPermitted, match="may not write user/other size"):
        prefs.plan_undo(made.id)
    with pytest.raises(NotPermitted, match="may not read user/other size"):
        list(prefs.changes(made))
    assert boss.get("size", user=OTHER) == 50
    boss.set("size", 60, user=OTHER)
    with pytest.raises(NotPermitted, match="may not write user/other size"):
        prefs.plan_undo(made.id)  # a conflict would tell what is held


def _exported(prefs: Preferences[Any], owner: str, **more: Any) -> None:
    out = io.BytesIO()
    try:
        prefs.export(out, format="json", selection=Selection(["user"], [owner]), **more)
    finally:
        assert bool(out.getvalue()) == (owner == ME), "nothing is written before it is allowed"


READINGS: dict[str, Callable[[Preferences[Any], str], object]] = {
    "get": lambda prefs, owner: prefs.get("size", user=owner),
    "explain": lambda prefs, owner: prefs.explain("size", user=owner),
    "layers": lambda prefs, owner: prefs.layers("size", [("user", owner)]),
    "effective": lambda prefs, owner: prefs.effective(user=owner),
    "read_set": lambda prefs, owner: prefs.read_set("user", owner),
    "sets": lambda prefs, owner: list(prefs.sets(Selection(["user"], [owner]))),
    "earlier sets": lambda prefs, owner: list(
        prefs.sets(Selection(["user"], [owner]), at=next(prefs.log()))
    ),
    "faults": lambda prefs, owner: list(prefs.faults(Selection(["user"], [owner]))),
    "history": lambda prefs, owner: prefs.history("size", "user", owner),
    "update": lambda prefs, owner: prefs.update({}, selection=Selection(["user"], [owner])),
    "export": _exported,
    "plain export": lambda prefs, owner: _exported(prefs, owner, plain=True),
    "export in clear": lambda prefs, owner: _exported(prefs, owner, secrets="clear"),
    "a template": lambda prefs, owner: (
        prefs.templates.plan_save("n", "user", owner) if owner == OTHER else None
    ),
}


@pytest.mark.parametrize("name", READINGS)
def test_others_are_read_in_no_way_and_one_s_own_in_all(
    store: Store, keys: Keys, name: str
) -> None:
    prefs = facade(store, with_roles("user"), keys)
    READINGS[name](prefs, ME)
    with pytest.raises(NotPermitted, match=r"may not read user/other"):
        READINGS[name](prefs, OTHER)
    facade(store, with_roles("admin"), keys).read_set("user", OTHER)


def test_who_may_see_a_set_does_not_open_its_secrets(store: Store, keys: Keys) -> None:
    prefs = facade(store, with_roles("viewer"), keys)
    held = prefs.read_set("user", ME)
    attempts: list[Callable[[], object]] = [
        lambda: prefs.get("token", user=ME),
        lambda: prefs.values_of(held),
    ]
    for attempt in attempts:
        with pytest.raises(NotPermitted, match="may not reveal user/me token"):
            attempt()
    assert facade(store, with_roles("user"), keys).get("token", user=ME) == Secret("hush")


def test_a_restore_writes_no_more_than_its_doer_may(
    store: Store, keys: Keys, tmp_path: Path
) -> None:
    target = (tmp_path / "backups").as_uri()
    boss = facade(store, everything(), keys)
    taken = boss.back_up(target=target)
    boss.set("size", 30, user=OTHER)
    boss.set("size", 30, user=ME)
    rule = Rule("deny", "a rule", actions=("write",), scopes=("user",), owners=(OTHER,))
    prefs = facade(store, with_roles("admin", rules=(rule,)), keys)
    restore: dict[str, Any] = {"target": target, "back_up": False}
    with pytest.raises(NotPermitted, match="may not write user/other size: a rule forbids it"):
        prefs.plan_restore(taken.manifest.id, **restore)
    own = Selection(["user"], [ME])
    prefs.apply(prefs.plan_restore(taken.manifest.id, selection=own, **restore))
    assert boss.get("size", user=ME) == 20


def test_secrets_leave_the_store_in_clear_only_with_the_right_to_open_them(
    store: Store, keys: Keys
) -> None:
    """An admin reads every set, and does not open the secrets of other users."""
    prefs = facade(store, with_roles("admin"), keys)
    selection = Selection(["user"], [OTHER])
    out = io.BytesIO()
    with pytest.raises(NotPermitted, match="may not reveal user/other token"):
        prefs.export(out, format="json", selection=selection, secrets="clear")
    assert out.getvalue() == b""
    assert next(one.kind for one in prefs.log()) == "denied", "no export was recorded"
    prefs.export(out, format="json", selection=selection)
    assert b"hush" not in out.getvalue()


def test_roles_of_declared_keys_are_asked_for_by_every_act_that_changes_them(
    store: Store, tmp_path: Path
) -> None:
    boss = facade(store, everything())
    boss.set("proxy", "one", user=ME)
    prefs = facade(store, with_roles("user"))
    file = tmp_path / "mine.json"
    file.write_text('{"proxy": "two"}', encoding="utf-8")
    attempts: list[Callable[[], object]] = [
        lambda: prefs.set("proxy", "two", user=ME),
        lambda: prefs.unset("proxy", user=ME),
        lambda: prefs.plan_set("user", ME, {"proxy": "two"}),
        lambda: prefs.plan_undo(),
        lambda: prefs.plan_import(_import(file)),
    ]
    for attempt in attempts:
        with pytest.raises(NotPermitted, match="takes the role admin"):
            attempt()
    assert prefs.get("proxy", user=ME) == "one", "reading takes none"
    facade(store, with_roles("admin")).set("proxy", "two", user=ME)


@pytest.mark.parametrize("based", [True, False], ids=["three ways", "two ways"])
def test_one_s_own_export_comes_in_again_though_it_holds_what_one_may_not_change(
    store: Store, keys: Keys, tmp_path: Path, based: bool
) -> None:
    """What stays as it is is no write, for who may read it."""
    facade(store, everything(), keys).set("proxy", "one", user=ME)
    prefs = facade(store, with_roles("user"), keys)
    file = tmp_path / "mine.json"
    with file.open("wb") as out:
        prefs.export(out, format="json", selection=Selection(["user"], [ME]))
    prefs.set("size", 30, user=ME)
    request = ImportRequest(path=file, name="mine.json", strategy="theirs", two_ways=not based)
    plan = prefs.plan_import(request)
    assert [one.key for one in plan.items] == ([] if based else ["size"])
    file.write_text(file.read_text("utf-8").replace('"one"', '"two"'), encoding="utf-8")
    with pytest.raises(NotPermitted, match="takes the role admin"):
        prefs.plan_import(request)


def test_a_denial_since_does_not_have_a_base_rebuilt_from_the_log(
    store: Store, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefs = facade(store, with_roles("user"), keys)
    file = tmp_path / "mine.json"
    with file.open("wb") as out:
        prefs.export(out, format="json", selection=Selection(["user"], [ME]))
    with pytest.raises(NotPermitted):
        prefs.set("proxy", "two", user=ME)

    def rebuilt(*_: object) -> Iterator[object]:
        raise AssertionError("the base is the present state, which need not be rebuilt")

    monkeypatch.setattr(View, "_sets_at", rebuilt)
    assert prefs.plan_import(file).counts == {"unchanged": 2}
    prefs.set("size", 9, user=ME)
    with pytest.raises(AssertionError, match="need not be rebuilt"):
        prefs.plan_import(file)


def test_a_secret_is_not_guessed_by_importing_it(store: Store, keys: Keys, tmp_path: Path) -> None:
    """Who may read a set and not open its secrets is not told that one is as they say."""
    out = io.BytesIO()
    facade(store, everything(), keys).export(
        out, format="json", secrets="clear", selection=Selection(["user"], [ME])
    )
    file = tmp_path / "guess.json"
    file.write_bytes(out.getvalue())
    viewer = facade(store, with_roles("viewer"), keys)
    with pytest.raises(NotPermitted, match="may not write user/me token"):
        viewer.plan_import(file)
    assert facade(store, with_roles("user"), keys).plan_import(file).counts == {"unchanged": 2}


def _import(file: Path) -> ImportRequest:
    return ImportRequest(path=file, name=file.name, into=("user", ME), strategy="theirs")


def test_roles_that_a_program_vouches_for_take_the_place_of_the_policy_s(store: Store) -> None:
    policy = AccessPolicy({"admin": ("kim",)}, (), "the policy")
    prefs = facade(store, Access(ME, [policy], roles=["project_admin"]))
    prefs.set("size", 9, project="p")
    with pytest.raises(NotPermitted, match=r"me \(viewer, user, project_admin\) may not write sys"):
        prefs.set("size", 9, system=True)


def test_decisions_that_are_remembered_stay_bounded() -> None:
    access = with_roles("user")
    for number in range(25_000):
        access.refusal("read", "user", str(number), "size")
    assert len(access._decided) <= 10_000


def test_a_store_is_brought_up_by_security_admins_alone(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    with Preferences.open(Editor, store=path, access=everything()) as prefs:
        prefs.set("size", 9, user=ME)
    for role in ("user", "admin"):
        with pytest.raises(NotPermitted, match="from the role security_admin on"):
            Preferences.open(Newer, store=path, migrate="auto", actor=ME, access=with_roles(role))
    Preferences.open(
        Newer, store=path, migrate="auto", actor=ME, access=with_roles("security_admin")
    ).close()


def test_a_name_in_the_environment_gives_nobody_its_roles(tmp_path: Path) -> None:
    file = tmp_path / "access.toml"
    file.write_text(
        '[roles]\nadmin = ["kim"]\nsecurity_admin = ["kim"]\nuser = ["*"]\n', encoding="utf-8"
    )
    access = access_of({"PREFCORE_ACTOR": "kim"}, paths=(str(file),))
    assert access is not None
    assert access.actor != "kim"
    assert access.roles == ("viewer", "user")


def test_changes_of_values_stay_in_the_log_of_those_who_may_read_them(store: Store) -> None:
    prefs = facade(store, with_roles("user"))
    made = [one for one in prefs.log() if one.kind == "set"]
    own = [one for one in made if _reads(prefs, one)]
    places = {(one.scope, one.owner) for each in own for one in _changes(prefs, each)}
    assert places == {SETS[name] for name in ("system", "own", "project", "template")}


def test_steps_of_one_s_own_do_not_lead_around_rules_on_keys(tmp_path: Path) -> None:
    class Held(Schema, app="acme", version="1.0.0"):
        card: str = ""

    class Mine(Schema, app="acme", version="2.0.0"):
        theme: str = ""

    url, step = f"sqlite:{tmp_path / 'prefs.db'}", Step("1.0.0", "2.0.0", rename("card", "theme"))
    with Preferences.open(Held, store=url, actor="boss", access=everything(), environ={}) as first:
        first.set("card", "4111", system=True)

    def opened(*rules: Rule) -> Preferences[Mine]:
        access = with_roles("user", rules=rules)
        return Preferences.open(
            Mine,
            store=url,
            migrations=[step],
            migrate="never",
            actor=ME,
            access=access,
            environ={},
        )

    with opened() as prefs:
        assert prefs.get("theme") == "4111"
    reads: list[Callable[[Preferences[Mine]], object]] = [
        lambda prefs: prefs.get("theme"),
        lambda prefs: prefs.explain("theme"),
        lambda prefs: prefs.history("theme", "system", ""),
        lambda prefs: prefs.read_set("system", ""),
        lambda prefs: list(prefs.sets()),
        lambda prefs: prefs.effective(),
        lambda prefs: list(prefs.faults()),
    ]
    with opened(Rule("deny", "a rule", actions=("read",), keys=("card",))) as prefs:
        for read in reads:
            with pytest.raises(NotPermitted, match="may not read system card"):
                read(prefs)


@pytest.mark.parametrize("closed", ["tool.cmd", "tool.old"])
def test_the_log_is_judged_by_the_name_of_then_and_the_one_of_now(closed: str) -> None:
    fields = {"shape": {"type": "string"}}
    old, new = (
        SchemaDocument.from_document(
            {"prefcore_schema": 1, "app": "acme", "version": version, "preferences": {key: fields}}
        )
        for version, key in (("1.0.0", "tool.old"), ("2.0.0", "tool.cmd"))
    )
    store = MemoryStore()
    made = facade(store, everything(), schema=old).set("tool.old", "hush", system=True)
    step = Step("1.0.0", "2.0.0", rename("tool.old", "tool.cmd"))
    boss = facade(store, everything(), schema=new, migrations=[step])
    with boss.begin_migration("2.0.0") as begun:
        begun.commit()
    deny = Rule("deny", "a rule", actions=("read",), keys=(closed,))
    prefs = facade(store, with_roles("user", rules=(deny,)), schema=new)
    assert made is not None
    assert list(_changes(boss, made)) != []
    assert list(prefs.changes(made, readable=True)) == []
    with pytest.raises(NotPermitted, match=r"may not read system tool\.cmd: a rule forbids it"):
        list(prefs.changes(made))
    with pytest.raises(NotPermitted, match=r"may not read system tool\.cmd: a rule forbids it"):
        list(prefs.sets(at=made))


def _changes(prefs: Preferences[Any], one: Any) -> Iterator[Change]:
    return (each for each in prefs.changes(one) if isinstance(each, Change))


def _reads(prefs: Preferences[Any], one: Any) -> bool:
    try:
        return bool(list(_changes(prefs, one)))
    except NotPermitted:
        return False
