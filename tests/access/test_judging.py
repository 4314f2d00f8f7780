"""Keys are judged by what they are, not by what they happen to be called: rules outlive renames."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcore import Preferences
from prefcore.access.key_names import Judged, KeyNames
from prefcore.access.policy import Access, AccessPolicy, Rule
from prefcore.builtin.memory_store import MemoryStore
from prefcore.engines.importing import ImportRequest
from prefcore.errors import NotPermitted
from prefcore.interfaces import Store
from prefcore.keys import Keys
from prefcore.migration import Step, remove, rename
from prefcore.model import Change, Draft, Rename
from prefcore.schema import SchemaDocument
from prefcore.values import is_sealed_text

ME, APP = "me", "acme"
BOSS = Access("boss", ())


def document(version: str, *keys: str, **fields: object) -> SchemaDocument:
    declared = {key: {"shape": {"type": "string"}, **fields} for key in keys}
    return SchemaDocument.from_document(
        {"prefcore_schema": 1, "app": APP, "version": version, "preferences": declared}
    )


def acting(*rules: Rule) -> Access:
    policy = AccessPolicy({"user": (ME,), "admin": ("kim",)}, rules, "the policy", "root")
    return Access(ME, [policy])


def denied(*keys: str, action: str = "read") -> Access:
    return acting(Rule("deny", "a rule", actions=(action,), keys=keys))


def facade(store: Store, access: Access, schema: SchemaDocument, *steps: Step) -> Preferences[Any]:
    return Preferences(
        store,
        APP,
        schema=schema,
        migrations=steps,
        access=access,
        actor=access.actor,
        environ={},
    )


OLD, NEW = document("1.0.0", "card", "size"), document("2.0.0", "pay.card", "size")
STEP = Step("1.0.0", "2.0.0", rename("card", "pay.card"))


def migrated(store: Store, schema: SchemaDocument, *steps: Step) -> Preferences[Any]:
    boss = facade(store, BOSS, schema, *steps)
    with boss.begin_migration(schema.version) as begun:
        begun.commit()
    return boss


@pytest.fixture
def renamed() -> Store:
    """Give a store of which ``card`` is called ``pay.card`` by now."""
    store = MemoryStore()
    boss = facade(store, BOSS, OLD)
    boss.set_many("user", ME, {"card": "4111", "size": "x"})
    migrated(store, NEW, STEP)
    return store


READINGS: dict[str, Callable[[Preferences[Any]], object]] = {
    "get": lambda prefs: prefs.get("pay.card", user=ME),
    "explain": lambda prefs: prefs.explain("pay.card", user=ME),
    "layers": lambda prefs: prefs.layers("pay.card", [("user", ME)]),
    "effective": lambda prefs: prefs.effective(user=ME),
    "read_set": lambda prefs: prefs.read_set("user", ME),
    "sets": lambda prefs: list(prefs.sets()),
    "faults": lambda prefs: list(prefs.faults()),
    "history": lambda prefs: prefs.history("pay.card", "user", ME),
    "changes": lambda prefs: list(prefs.changes(list(prefs.log())[-1])),
    "earlier sets": lambda prefs: list(prefs.sets(at=list(prefs.log())[-1])),
    "permit": lambda prefs: prefs.permit("read", "user", ME, "pay.card"),
}


@pytest.mark.parametrize("name", READINGS)
@pytest.mark.parametrize("closed", ["card", "pay.card", "c*", "pay.*"])
def test_a_rule_that_denies_holds_by_each_name_a_key_had(
    renamed: Store, name: str, closed: str
) -> None:
    READINGS[name](facade(renamed, acting(), NEW))
    with pytest.raises(NotPermitted, match=r"may not read (system|user/me) pay\.card: a rule forb"):
        READINGS[name](facade(renamed, denied(closed), NEW))


def test_the_error_says_which_name_it_was(renamed: Store) -> None:
    with pytest.raises(NotPermitted, match=r"by the name card, which pay\.card had; only a"):
        facade(renamed, denied("card"), NEW).get("pay.card", user=ME)


def test_what_is_written_is_judged_alike(renamed: Store) -> None:
    prefs = facade(renamed, denied("card", action="write"), NEW)
    boss = facade(renamed, BOSS, NEW)
    made = boss.set("pay.card", "5555", user=ME)
    assert made is not None
    attempts: list[Callable[[], object]] = [
        lambda: prefs.set("pay.card", "6666", user=ME),
        lambda: prefs.plan_set("user", ME, {"pay.card": "6666"}),
        lambda: prefs.unset("pay.card", user=ME),
        lambda: prefs.plan_undo(made.id),
    ]
    for attempt in attempts:
        with pytest.raises(NotPermitted, match=r"may not write user/me pay\.card"):
            attempt()
    assert not prefs.may("write", "user", ME, "pay.card")
    prefs.set("size", "y", user=ME)


def test_a_rule_that_allows_holds_by_the_name_of_now_alone(renamed: Store) -> None:
    def allowed(key: str) -> Access:
        rule = Rule("allow", "a rule", actions=("write",), scopes=("project",), keys=(key,))
        return acting(rule)

    facade(renamed, allowed("pay.card"), NEW).set("pay.card", "6666", project="p")
    with pytest.raises(NotPermitted, match=r"may not write project/p pay\.card"):
        facade(renamed, allowed("card"), NEW).set("pay.card", "7777", project="p")


def test_a_key_that_took_a_name_left_behind_is_another(renamed: Store) -> None:
    third = document("3.0.0", "card", "pay.card", "size")
    boss = migrated(renamed, third, STEP)
    boss.set("card", "a new one", user=ME)
    prefs = facade(renamed, denied("pay.card"), third)
    assert prefs.get("card", user=ME) == "a new one"
    with pytest.raises(NotPermitted):
        prefs.get("pay.card", user=ME)


def test_a_key_that_was_renamed_and_removed_is_told_by_none_of_its_names(renamed: Store) -> None:
    third = document("3.0.0", "size")
    boss = migrated(renamed, third, STEP, Step("2.0.0", "3.0.0", remove("pay.card")))
    log = list(boss.log())
    for closed in ("card", "pay.card"):
        prefs = facade(renamed, denied(closed), third)
        for changeset in (log[0], log[-1]):
            told = list(prefs.changes(changeset, readable=True))
            assert all(one.key == "size" for one in told if isinstance(one, Change))
            with pytest.raises(NotPermitted, match=r"may not read user/me pay\.card"):
                list(prefs.changes(changeset))


@pytest.mark.parametrize("here", [True, False], ids=["renamed here", "renamed there"])
def test_another_store_is_judged_by_the_names_of_both(renamed: Store, here: bool) -> None:
    fresh = MemoryStore()
    facade(fresh, BOSS, NEW).set("pay.card", "4111", user=ME)
    ours, other = (renamed, fresh) if here else (fresh, renamed)
    with other.snapshot() as view:
        assert len(list(facade(ours, acting(), NEW).sets_in(view))) == 1
        with pytest.raises(NotPermitted, match=r"may not read user/me pay\.card"):
            list(facade(ours, denied("card"), NEW).sets_in(view))


# ------------------------------------------------------------------ roles that declarations ask for


def importing(prefs: Preferences[Any], folder: Path, text: str, **more: Any) -> None:
    file = folder / "plain.json"
    file.write_text(text, encoding="utf-8")
    request = ImportRequest(path=file, name=file.name, into=("user", ME), strategy="theirs", **more)
    with prefs.begin_import(request) as begun:
        begun.commit()


def test_of_a_key_that_is_not_declared_the_strictest_version_says_which_role(
    tmp_path: Path,
) -> None:
    """Else a value could wait in a set for the version that declares the key again."""
    store = MemoryStore()
    first = document("1.0.0", "card", requires_role="admin")
    second, third = document("2.0.0", "pay.card"), document("3.0.0", "size")
    facade(store, BOSS, first).set("card", "4111", system=True)
    migrated(store, second, STEP)
    prefs = facade(store, acting(), second)
    prefs.set("pay.card", "mine", user=ME)  # the version in force asks for no role
    boss = migrated(store, third, STEP, Step("2.0.0", "3.0.0", remove("pay.card")))
    prefs = facade(store, acting(), third)
    for key in ("card", "pay.card"):
        with pytest.raises(NotPermitted, match="takes the role admin"):
            importing(prefs, tmp_path, f'{{"{key}": "x"}}', keep_unknown=True)
    importing(prefs, tmp_path, '{"never.declared": "x"}', keep_unknown=True)
    importing(boss, tmp_path, '{"pay.card": "x"}', keep_unknown=True)
    with pytest.raises(NotPermitted, match="takes the role admin"):
        prefs.unset("pay.card", user=ME)


def test_what_any_version_calls_sensitive_is_sealed_though_none_in_force_declares_it(
    tmp_path: Path,
) -> None:
    keys = Keys(str(tmp_path / "keys"), environ={})
    keys.folder.create(datetime.now(UTC), keys.folder.new_root_file)
    store = MemoryStore()
    boss = facade(store, BOSS, document("1.0.0", "card", sensitive=True))
    boss.apply(boss.plan_register(document("1.0.0", "card", sensitive=True)))
    later = Preferences[Any](store, APP, schema=document("2.0.0", "size"), keys=keys, environ={})
    importing(later, tmp_path, '{"card": "4111", "other": "4111"}', keep_unknown=True)
    with store.snapshot() as view:
        texts = {row[0]: row[1] for row in view.read_set(APP, "user", ME).rows}
    assert texts["other"] == '"4111"'
    assert is_sealed_text(texts["card"])


# ------------------------------------------------------------------------ over random renames


def test_a_name_that_two_keys_had_in_one_changeset_means_both() -> None:
    names = KeyNames({"1": [(1, "a"), (3, None)], "2": [(1, "b"), (3, "a")]})
    assert names.judged("a") == [Judged("a", ("b",))]
    assert sorted(names.judged("a", 3)) == [Judged("a"), Judged("a", ("b",))]
    assert names.judged("a", 2) == [Judged("a")]
    assert names.judged("b", 2) == [Judged("a", ("b",))]
    assert names.judged("unknown") == [Judged("unknown")]


_NAMES = st.sampled_from(["a", "b", "c", "d"])
_PAIRS = st.lists(st.tuples(_NAMES, _NAMES), max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a busy machine is slow
@given(st.lists(_PAIRS, max_size=5), _NAMES)
def test_no_value_of_a_key_is_told_that_a_rule_denies_by_any_of_its_names(
    acts: list[list[tuple[str, str]]], closed: str
) -> None:
    """Each key holds its own value all along, so that values tell which key they are of."""
    store, names = MemoryStore(), {key: {key} for key in "ab"}
    now = {key: key for key in "ab"}
    with _begun(store) as transaction:
        transaction.write("user", ME, [(key, f'"{key}"', 0, "api", ME) for key in "ab"])
    for pairs in acts:
        with _begun(store) as transaction:
            for before, after in pairs:
                mine = next((key for key, name in now.items() if name == before), None)
                if mine is not None and after not in now.values():
                    transaction.rename(before, after)
                    now[mine] = after
        for key, name in now.items():  # what it is called in between, nobody sees
            names[key].add(name)
    prefs = facade(store, denied(closed), document("1.0.0", *"abcd"))
    may_read = {key for key in "ab" if closed not in names[key]}
    for key in "ab":
        assert prefs.may("read", "user", ME, now[key]) == (key in may_read)
    told = {
        one.after.value
        for changeset in prefs.log()
        for one in prefs.changes(changeset, readable=True)
        if not isinstance(one, Rename) and one.after is not None
    }
    assert told == may_read


def _begun(store: Store) -> Any:
    return store.changeset(Draft(APP, ME, "set", datetime.now(UTC), ""), version=None)
