"""Secrets through the facade: sealed on every way in, and opened only for who asks."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import attrs
import pytest

from prefcore.engines.importing import ImportRequest
from prefcore.errors import BrokenSeal, NotFound, PolicyRefused, PrefcoreError, WrongKey
from prefcore.facade.meeting import read_in_memory
from prefcore.interfaces import Store
from prefcore.keys import Keys
from prefcore.migration import Step, add, convert, map_values, python, remove, rename
from prefcore.model import Selection
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, Schema, SchemaDocument, Shape, preference
from prefcore.schema.secret import Secret
from prefcore.values import Sealed, canonical_text, is_sealed_text

CANARY = "canary-4711-tok"
AT = datetime(2026, 11, 26, tzinfo=UTC)
TEXT = Shape(kinds=("string",))
Prefs = Preferences[Any]


def document(version: str, **keys: bool) -> SchemaDocument:
    """Give a schema of text keys, each sensitive or not; ``__`` stands for a dot."""
    named = {name.replace("__", "."): sensitive for name, sensitive in keys.items()}
    preferences = {
        key: Preference(key, TEXT, sensitive=sensitive) for key, sensitive in named.items()
    }
    return SchemaDocument("acme", version, preferences)


FIRST = document("1.0.0", token=True, name=False)


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    """A new key ring."""
    keys = Keys(str(tmp_path / "keys"), environ={})
    keys.folder.create(AT, keys.folder.new_root_file)
    return keys


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "prefs.db"


def opened(place: Path, keys: Keys, schema: SchemaDocument = FIRST, **more: Any) -> Prefs:
    """Give a facade over the SQLite store there, with the JSON format at hand."""
    plugins = Plugins.from_environment()
    store: Store = plugins.stores.get("sqlite").open(f"sqlite:{place}", create=True)
    return Preferences(
        store, "acme", schema=schema, plugins=plugins, actor="tester", keys=keys, **more
    )


@pytest.fixture
def prefs(place: Path, keys: Keys) -> Iterator[Prefs]:
    with opened(place, keys) as prefs:
        yield prefs


def files_with(folder: Path, text: str = CANARY) -> list[str]:
    """Give the files below a folder that hold a text."""
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and text.encode() in path.read_bytes()
    ]


def texts(prefs: Prefs, owner: str = "alice") -> dict[str, str]:
    return {row[0]: row[1] for row in prefs.read_set("user", owner).rows}


def exported(prefs: Prefs, **how: Any) -> bytes:
    out = BytesIO()
    prefs.export(out, format="json", **how)
    return out.getvalue()


# ----------------------------------------------------------------------------- set and get


def test_a_secret_is_sealed_in_the_store_and_opened_for_who_asks(
    prefs: Prefs, tmp_path: Path
) -> None:
    prefs.set("token", CANARY, user="alice")
    found = prefs.get("token", user="alice")
    assert found == Secret(CANARY)
    assert is_sealed_text(texts(prefs)["token"])
    assert files_with(tmp_path) == []


def test_what_is_no_secret_stays_as_it_is(prefs: Prefs) -> None:
    prefs.set("name", "Alice", user="alice")
    assert texts(prefs) == {"name": '"Alice"'}
    assert prefs.get("name", user="alice") == "Alice"


def test_setting_the_same_secret_again_changes_nothing(prefs: Prefs) -> None:
    assert prefs.set("token", CANARY, user="alice") is not None
    before = texts(prefs)
    assert prefs.set("token", CANARY, user="alice") is None
    assert texts(prefs) == before
    plan = prefs.plan_set("user", "alice", {"token": CANARY})
    assert plan.counts == {"unchanged": 1}


def test_a_secret_may_be_set_from_a_holder(prefs: Prefs) -> None:
    prefs.set("token", Secret(CANARY), user="alice")
    assert prefs.get("token", user="alice") == Secret(CANARY)


def test_an_empty_secret_is_sealed_too(prefs: Prefs) -> None:
    prefs.set("token", "", user="alice")
    assert is_sealed_text(texts(prefs)["token"])
    assert prefs.get("token", user="alice") == Secret("")


class Typed(Schema, app="acme", version="1.0.0"):
    token: Secret[str] | None = None
    name: str = preference("nobody")


def test_a_typed_view_gives_the_holder(place: Path, keys: Keys) -> None:
    with Preferences.open(Typed, store=place, keys=keys, actor="tester") as prefs:
        alice = prefs.user("alice")
        alice.token = Secret(CANARY)
        assert alice.token == Secret(CANARY)
        with prefs.change(user="alice") as change:
            change.token = Secret("other")
            change.name = "Alice"
        assert (alice.token, alice.name) == (Secret("other"), "Alice")
        assert prefs.at(user="alice").token == Secret("other")


def test_without_a_key_ring_a_secret_is_refused_and_the_way_named(
    place: Path, tmp_path: Path
) -> None:
    with opened(place, Keys(str(tmp_path / "none"), environ={})) as prefs:
        with pytest.raises(PolicyRefused, match=r"user/alice token.*prefcore keys init") as caught:
            prefs.set("token", CANARY, user="alice")
        assert CANARY not in str(caught.value.facts) + str(caught.value)
        prefs.set("name", "Alice", user="alice")
    assert files_with(tmp_path) == []


def test_a_ring_that_is_made_later_is_used_at_once(place: Path, tmp_path: Path) -> None:
    keys = Keys(str(tmp_path / "keys"), environ={})
    with opened(place, keys) as prefs:
        with pytest.raises(PolicyRefused):
            prefs.set("token", CANARY, user="alice")
        keys.folder.create(AT, keys.folder.new_root_file)
        prefs.set("token", CANARY, user="alice")
        keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))
        prefs.set("token", "new", user="bob")
        assert prefs.get("token", user="alice") == Secret(CANARY)


def test_without_its_key_a_secret_stays_sealed(place: Path, keys: Keys, tmp_path: Path) -> None:
    with opened(place, keys) as prefs:
        prefs.set("token", CANARY, user="alice")
        prefs.set("name", "Alice", user="alice")
    with opened(place, Keys(str(tmp_path / "none"), environ={})) as prefs:
        with pytest.raises(WrongKey, match=r"user/alice token is sealed.*keys import"):
            prefs.get("token", user="alice")
        assert prefs.get("name", user="alice") == "Alice"
        assert isinstance(prefs.explain("token", user="alice")[0].value, Sealed)


def test_a_secret_moved_to_another_owner_or_key_does_not_open(place: Path, keys: Keys) -> None:
    with opened(place, keys, document("1.0.0", token=True, other=True)) as prefs:
        prefs.set_many("user", "alice", {"token": CANARY, "other": "x"})
        prefs.set_many("user", "bob", {"token": "y"})
        row = next(row for row in prefs.read_set("user", "alice").rows if row[0] == "token")
        draft = prefs._workplace.draft("tampering", "")
        with prefs.store.changeset(draft, version=prefs.version) as transaction:
            transaction.write("user", "bob", [row])
            transaction.write("user", "alice", [("other", *row[1:])])
        for key, user in (("token", "bob"), ("other", "alice")):
            with pytest.raises(BrokenSeal, match="moved here from elsewhere") as caught:
                prefs.get(key, user=user)
            assert caught.value.exit_code == 13
        with pytest.raises(BrokenSeal, match=r"^user/(alice other|bob token): .*moved here"):
            exported(prefs)


# ------------------------------------------------------------------- history, undo and plans


def test_history_plans_and_undo_hold_it_sealed(prefs: Prefs, tmp_path: Path) -> None:
    prefs.set("token", CANARY, user="alice")
    prefs.set("token", "second", user="alice")
    plan = prefs.plan_undo()
    assert CANARY not in repr(plan) + repr(attrs.asdict(plan, recurse=False))
    prefs.apply(plan)
    assert prefs.get("token", user="alice") == Secret(CANARY)
    story = prefs.history("token", "user", "alice")
    assert {type(change.after.value) for _, change in story if change.after} == {Sealed}
    assert files_with(tmp_path) == []


def test_a_plan_for_a_new_key_still_holds_when_it_is_applied(prefs: Prefs) -> None:
    plan = prefs.plan_set("user", "alice", {"token": CANARY, "name": "Alice"})
    assert CANARY not in repr(plan)
    prefs.apply(plan)
    assert prefs.get("token", user="alice") == Secret(CANARY)


def test_undo_goes_on_after_a_rotation_and_sealing_anew(prefs: Prefs, keys: Keys) -> None:
    prefs.set("token", CANARY, user="alice")
    prefs.set("token", "second", user="alice")
    keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))
    assert prefs.set("token", "second", user="alice") is None
    prefs.apply(prefs.plan_undo())
    assert prefs.get("token", user="alice") == Secret(CANARY)
    assert list(prefs.store.check()) == []


# ------------------------------------------------------------------------ export and import


def test_a_document_holds_secrets_sealed_for_it(prefs: Prefs, place: Path, keys: Keys) -> None:
    prefs.set_many("user", "alice", {"token": CANARY, "name": "Alice"})
    data = exported(prefs)
    assert CANARY.encode() not in data
    assert b"$sealed" in data
    other = place.with_name("other.db")
    source = place.with_name("alice.json")
    source.write_bytes(data)
    with opened(other, keys) as there:
        plan = there.plan_import(source)
        assert CANARY not in repr(plan)
        there.apply(plan)
        assert there.get("token", user="alice") == Secret(CANARY)
        assert there.plan_import(source).is_empty
        assert texts(there)["token"] != texts(prefs)["token"]
    assert files_with(place.parent) == []


def test_of_a_sets_secrets_an_export_leaves_out_those_whose_key_is_not_here(
    place: Path, keys: Keys, tmp_path: Path
) -> None:
    schema = document("1.0.0", token=True, other=True)
    strange = Keys(str(tmp_path / "strange"), environ={})
    strange.folder.create(AT, strange.folder.new_root_file)
    for ring, values in ((strange, {"other": "x"}), (keys, {"token": CANARY})):
        with opened(place, ring, schema) as prefs:
            prefs.set_many("user", "alice", values)
    with opened(place, keys, schema) as prefs:
        source = tmp_path / "alice.json"
        source.write_bytes(exported(prefs))
    with opened(tmp_path / "there.db", keys, schema) as there:
        there.apply(there.plan_import(source))
        assert set(texts(there)) == {"token"}
        assert there.get("token", user="alice") == Secret(CANARY)


def test_a_sealed_value_in_a_document_belongs_to_its_owner_and_key(
    prefs: Prefs, place: Path
) -> None:
    prefs.set("token", CANARY, user="alice")
    source = place.with_name("swapped.json")
    source.write_bytes(exported(prefs).replace(b'"owner": "alice"', b'"owner": "mallory"'))
    with pytest.raises(BrokenSeal, match="user/mallory token"):
        prefs.plan_import(source)


def test_without_the_key_a_documents_secrets_are_left_out_and_told(
    prefs: Prefs, place: Path, tmp_path: Path
) -> None:
    prefs.set_many("user", "alice", {"token": CANARY, "name": "Alice"})
    source = place.with_name("alice.json")
    source.write_bytes(exported(prefs))
    with opened(place.with_name("other.db"), Keys(str(tmp_path / "none"), environ={})) as there:
        plan = there.plan_import(source)
        assert plan.counts["left out"] == 1
        assert any("user/alice token" in warning for warning in plan.warnings)
        there.apply(plan)
        assert texts(there) == {"name": '"Alice"'}


def test_what_a_document_could_not_hold_is_not_taken_for_removed(prefs: Prefs, place: Path) -> None:
    prefs.set_many("user", "alice", {"token": CANARY, "name": "Alice"})
    source = place.with_name("alice.json")
    source.write_bytes(exported(prefs, secrets="redacted"))
    assert b"token" not in source.read_bytes()
    prefs.set("name", "Bob", user="alice")
    with prefs.begin_import(source) as begun:
        begun.commit()
    assert prefs.get("token", user="alice") == Secret(CANARY)


def test_three_way_merging_sees_equal_secrets_as_equal(
    prefs: Prefs, place: Path, keys: Keys
) -> None:
    prefs.set_many("user", "alice", {"token": CANARY, "name": "Alice"})
    source = place.with_name("alice.json")
    source.write_bytes(exported(prefs))
    with opened(place.with_name("other.db"), keys) as there:
        there.apply(there.plan_import(source))
        there.set("token", "theirs", user="alice")
        back = place.with_name("back.json")
        back.write_bytes(exported(there))
    keys.folder.change(lambda ring: ring.rotated(AT, os.urandom))
    prefs.set("name", "ours", user="alice")
    prefs.apply(prefs.plan_import(back))
    assert prefs.get("token", user="alice") == Secret("theirs")
    assert prefs.get("name", user="alice") == "ours"


def test_two_secrets_that_differ_are_a_conflict_that_shows_neither(
    prefs: Prefs, place: Path
) -> None:
    prefs.set("token", CANARY, user="alice")
    source = place.with_name("alice.json")
    source.write_bytes(exported(prefs, secrets="clear").replace(b"4711", b"0815"))
    plan = prefs.plan_import(ImportRequest(path=source, name="alice.json", two_ways=True))
    (conflict,) = plan.conflicts
    assert conflict.key == "token"
    assert "canary" not in repr(plan) + str(plan.blocker)


def test_secrets_in_clear_are_sealed_on_their_way_in(
    prefs: Prefs, place: Path, tmp_path: Path
) -> None:
    source = tmp_path / "in" / "plain.json"
    source.parent.mkdir()
    source.write_text(json.dumps({"token": CANARY, "github.apiKey": CANARY}))
    request = ImportRequest(
        path=source, name="plain.json", into=("user", "alice"), keep_unknown=True
    )
    plan = prefs.plan_import(request)
    assert CANARY not in repr(plan)
    prefs.apply(plan)
    assert all(is_sealed_text(text) for text in texts(prefs).values())
    assert len(texts(prefs)) == 2
    assert files_with(tmp_path) == ["plain.json"]


def test_exporting_in_clear_is_recorded(prefs: Prefs) -> None:
    prefs.set("token", CANARY, user="alice")
    assert CANARY.encode() in exported(prefs, secrets="clear")
    newest = next(prefs.log())
    assert (newest.kind, newest.details) == ("export", {"secrets": "clear", "encrypted": False})


def test_a_plain_file_has_no_secrets_unless_asked_for(prefs: Prefs) -> None:
    prefs.set_many("user", "alice", {"token": CANARY, "name": "Alice"})
    out = BytesIO()
    told = prefs.export(out, format="json", plain=True)
    assert json.loads(out.getvalue()) == {"name": "Alice"}
    assert told.secrets_left_out == ("token",)


def test_a_set_of_secrets_alone_is_not_said_to_hold_nothing(prefs: Prefs) -> None:
    prefs.set("token", CANARY, user="alice")
    with pytest.raises(NotFound, match="nothing that may stand in a plain file, only token"):
        prefs.export(BytesIO(), format="json", plain=True)
    with pytest.raises(NotFound, match="user/alice holds only secrets, and a template takes none"):
        prefs.templates.plan_save("night", "user", "alice")


@pytest.mark.parametrize("how", [{"encrypt": True}, {"passphrase": Secret("sesame")}], ids=str)
def test_a_whole_document_can_be_encrypted(prefs: Prefs, place: Path, how: dict[str, Any]) -> None:
    prefs.set_many("user", "alice", {"token": CANARY, "name": "Alice"})
    data = exported(prefs, secrets="clear", **how)
    assert CANARY.encode() not in data
    assert b"Alice" not in data
    source = place.with_name("alice.sealed")
    source.write_bytes(data)
    keys = Keys(prefs.keys.path, environ={"PREFCORE_FILE_PASSPHRASE": "sesame"})
    with opened(place.with_name("other.db"), keys) as there:
        there.apply(there.plan_import(source))
        assert there.get("token", user="alice") == Secret(CANARY)
    source.write_bytes(data[:-1])
    with opened(place.with_name("third.db"), keys) as there:
        with pytest.raises(BrokenSeal):
            there.plan_import(source)
        assert there.version is None
    assert files_with(place.parent) == []


# ---------------------------------------------------------------------------------- migrating


def migrated(place: Path, keys: Keys, schemas: list[SchemaDocument], steps: list[Step]) -> Prefs:
    """Give a facade over a store brought up through the schemas."""
    first, *more = schemas
    held = {"token": CANARY, "name": "Alice"}
    with opened(place, keys, first) as prefs:
        known = {key: value for key, value in held.items() if key in first.preferences}
        prefs.set_many("user", "alice", known)
        for one in more:
            prefs.register(one)
    prefs = opened(place, keys, schemas[-1], migrations=tuple(steps))
    try:
        with prefs.begin_migration(schemas[-1].version) as begun:
            assert CANARY not in repr(begun.plan)
            begun.commit()
    except BaseException:
        prefs.close()
        raise
    return prefs


RENAMED = document("2.0.0", login__token=True, name=False)


def test_a_renamed_key_keeps_its_secret(place: Path, keys: Keys, tmp_path: Path) -> None:
    with migrated(
        place, keys, [FIRST, RENAMED], [Step("1.0.0", "2.0.0", rename("token", "login.token"))]
    ) as prefs:
        assert prefs.get("login.token", user="alice") == Secret(CANARY)
        prefs.apply(prefs.plan_undo())
        assert prefs.get("token", user="alice") == Secret(CANARY)
    assert files_with(tmp_path) == []


def test_a_secret_renamed_onto_a_held_key_stays_one(
    place: Path, keys: Keys, tmp_path: Path
) -> None:
    newer = document("2.0.0", name=False)
    step = Step("1.0.0", "2.0.0", rename("token", "name", wins="token"))
    with migrated(place, keys, [FIRST, newer], [step]) as prefs:
        assert is_sealed_text(texts(prefs)["name"])
        assert prefs.get("name", user="alice") == Secret(CANARY)
    assert files_with(tmp_path) == []


STEPS: dict[str, tuple[Any, str]] = {
    "mapped": (map_values("token", {"a": "b"}, default="mapped"), "mapped"),
    "converted": (convert("token", up=str.upper), CANARY.upper()),
    "computed": (
        python(lambda held: {"token": held["token"] + "!"}, reads=["token"], writes=["token"]),
        CANARY + "!",
    ),
}


@pytest.mark.parametrize(("operation", "value"), STEPS.values(), ids=list(STEPS))
def test_steps_work_on_opened_secrets(
    place: Path, keys: Keys, tmp_path: Path, operation: Any, value: str
) -> None:
    newer = document("2.0.0", token=True, name=False)
    with migrated(place, keys, [FIRST, newer], [Step("1.0.0", "2.0.0", operation)]) as prefs:
        assert prefs.get("token", user="alice") == Secret(value)
        prefs.apply(prefs.plan_undo())
        assert prefs.get("token", user="alice") == Secret(CANARY)
        assert list(prefs.store.check()) == []
    assert files_with(tmp_path) == []


def test_an_edit_is_carried_down_in_the_open_and_sealed_again(
    place: Path, keys: Keys, tmp_path: Path
) -> None:
    step = Step("1.0.0", "2.0.0", rename("token", "login.token"), map_values("name", {"A": "B"}))
    with migrated(place, keys, [FIRST, RENAMED], [step]) as prefs:
        prefs.set("login.token", CANARY + "-edited", user="alice")
        with prefs.begin_migration("1.0.0") as begun:
            begun.commit()
        assert prefs.get("token", user="alice") == Secret(CANARY + "-edited")
    assert files_with(tmp_path) == []


def test_a_removed_secret_comes_back_from_its_parking(place: Path, keys: Keys) -> None:
    without = document("2.0.0", name=False)
    again = document("3.0.0", name=False, token=True)
    steps = [Step("1.0.0", "2.0.0", remove("token")), Step("2.0.0", "3.0.0", add("token"))]
    with migrated(place, keys, [FIRST, without, again], steps) as prefs:
        assert prefs.get("token", user="alice") == Secret(CANARY)


CLEAR = document("1.0.0", token=False, name=False)


def test_a_key_declared_sensitive_later_is_sealed_in_history_too(
    place: Path, keys: Keys, tmp_path: Path
) -> None:
    with opened(place, keys, CLEAR) as prefs:
        prefs.set("token", CANARY + "-older", user="alice")
        prefs.set("token", CANARY + "-removed", user="bob")
        prefs.unset("token", user="bob")
    assert files_with(tmp_path)
    newer = document("2.0.0", token=True, name=False)
    with migrated(place, keys, [CLEAR, newer], []) as prefs:
        assert prefs.get("token", user="alice") == Secret(CANARY)
        assert {
            type(c.before.value) for _, c in prefs.history("token", "user", "bob") if c.before
        } == {Sealed}
        assert list(prefs.store.check()) == []
        with prefs.store.snapshot() as view:
            assert [one.kind for one in view.changesets()][:2] == ["checkpoint", "migrate"]
        copies = {copy.id for copy in prefs.store.copies()}
        found = files_with(tmp_path)
        assert all(any(id in name for id in copies) or "copies" in name for name in found), found
        prefs.apply(prefs.plan_undo())
        assert prefs.get("token", user="alice") == Secret(CANARY)


def test_a_migration_that_has_to_open_a_secret_says_so_without_keys(
    place: Path, keys: Keys, tmp_path: Path
) -> None:
    with opened(place, keys) as prefs:
        prefs.set("token", CANARY, user="alice")
        prefs.register(document("2.0.0", token=True, name=False))
    step = Step("1.0.0", "2.0.0", map_values("token", {"a": "b"}))
    none = Keys(str(tmp_path / "none"), environ={})
    newer = document("2.0.0", token=True, name=False)
    with opened(place, none, newer, migrations=(step,)) as prefs:
        with pytest.raises(WrongKey, match="user/alice token"):
            prefs.plan_migration("2.0.0")
        assert prefs.version == "1.0.0"


def test_errors_of_steps_and_schemas_do_not_hold_the_secret(place: Path, keys: Keys) -> None:
    def fails(value: str) -> str:
        raise ValueError(f"cannot convert {value}")

    newer = document("2.0.0", token=True, name=False)
    with pytest.raises(PrefcoreError) as caught:
        migrated(place, keys, [FIRST, newer], [Step("1.0.0", "2.0.0", convert("token", up=fails))])
    error: BaseException | None = caught.value
    while error is not None:
        assert CANARY not in str(error) + repr(getattr(error, "facts", ""))
        error = error.__cause__


# ------------------------------------------------------------------------------------ the rest


def test_validating_opens_what_it_checks(prefs: Prefs, place: Path, tmp_path: Path) -> None:
    prefs.set("token", CANARY, user="alice")
    assert list(prefs.faults()) == []
    with opened(place, Keys(str(tmp_path / "none"), environ={})) as locked:
        ((at, key, fault),) = locked.faults()
        assert (at, key) == ("user/alice", "token")
        assert "keys import" in fault


def test_a_secret_shows_itself_in_nothing_python_prints(prefs: Prefs) -> None:
    prefs.set("token", CANARY, user="alice")
    held = prefs.get("token", user="alice")
    shown = [prefs, held, prefs.read_set("user", "alice"), prefs.effective(user="alice")]
    shown += [list(prefs.sets(Selection())), prefs.explain("token", user="alice")]
    assert CANARY not in repr(shown)
    with pytest.raises(TypeError):
        pickle.dumps(held)


def test_the_refusal_of_what_no_format_can_carry_shows_no_part_of_a_secret(
    place: Path, keys: Keys
) -> None:
    table = Preference("table", Shape(kinds=("object",)), sensitive=True)
    with opened(place, keys, SchemaDocument("acme", "1.0.0", {"table": table})) as prefs:
        for value in ({CANARY: object()}, {CANARY: {CANARY: 1 << 70}}, {"a": f"{CANARY}\ud800"}):
            with pytest.raises(PrefcoreError, match=r"^user/alice table: ") as caught:
                prefs.set("table", Secret(value), user="alice")
            error: BaseException | None = caught.value
            assert CANARY not in str(error) + repr(caught.value.facts)
            assert caught.value.__cause__ is None


def test_a_value_that_looks_sealed_cannot_be_set(prefs: Prefs) -> None:
    forged = Sealed("k1", b"data", b"tag")
    with pytest.raises(PrefcoreError):
        prefs.set("name", forged, user="alice")
    with pytest.raises(PrefcoreError):
        prefs.set("token", forged, user="alice")
    assert canonical_text(forged) not in texts(prefs).values()


def test_what_a_step_raises_on_the_way_down_does_not_tell_the_secret(
    place: Path, keys: Keys
) -> None:
    def fail(value: object) -> object:
        raise ValueError(value)

    step = Step("1.0.0", "2.0.0", convert("token", up=lambda value: f"{value}!", down=fail))
    second = document("2.0.0", token=True, name=False)
    with opened(place, keys) as first:
        first.set("token", "other", user="alice")
    with opened(place, keys, second, migrations=[step]) as prefs:
        prefs.apply(prefs.plan_migration("2.0.0"))
        prefs.set("token", CANARY, user="alice")
        plan = prefs.plan_migration("1.0.0")
        assert [one.sensitive for one in plan.conflicts] == [True]
        assert CANARY not in repr(plan) + repr(plan.conflicts) + repr(plan.blocker)
        with pytest.raises(PrefcoreError) as caught:
            prefs.apply(plan)
        assert CANARY not in str(caught.value) + repr(caught.value.facts)


def test_nor_where_the_log_does_not_tell_how_it_was_before(place: Path, keys: Keys) -> None:
    def fail(value: object) -> object:
        raise ValueError(value)

    step = Step("1.0.0", "2.0.0", convert("token", up=lambda value: f"{value}!", down=fail))
    second = document("2.0.0", token=True, name=False)
    with opened(place, keys, second, migrations=[step]) as prefs:
        prefs.register(FIRST)
        prefs.set("token", CANARY, user="alice")
        with pytest.raises(PrefcoreError) as caught:
            prefs.apply(prefs.plan_migration("1.0.0"))
        assert CANARY not in str(caught.value) + repr(caught.value.facts)
        assert caught.value.__cause__ is None


def test_without_its_key_a_secret_hides_no_other_value_of_a_store_read_through_steps(
    place: Path, keys: Keys, tmp_path: Path
) -> None:
    def longer(values: dict[str, Any]) -> dict[str, Any]:
        return {"both": f"{values['token']} of {values['name']}"}

    with opened(place, keys, document("1.0.0", token=True, name=False, other=False)) as prefs:
        prefs.set_many("user", "alice", {"token": CANARY, "name": "Alice", "other": "x"})
    step = Step(
        "1.0.0",
        "2.0.0",
        python(longer, reads=["token", "name"], writes=["both"]),
        rename("token", "key"),
        map_values("other", {"x": "y"}),
    )
    newer = document("2.0.0", key=True, both=True, name=False, other=False)
    none = Keys(str(tmp_path / "none"), environ={})
    for ring in (keys, none):
        with opened(place, ring, newer, migrations=[step]) as prefs:
            workplace = prefs._workplace
            prefs._use(read_in_memory(workplace, "1.0.0", newer))
            assert prefs.get("name", user="alice") == "Alice"
            assert prefs.get("other", user="alice") == "y"
            told = [one[1].key for one in prefs.history("key", "user", "alice")]
            assert told == ["token"]
            for key, value in (("key", CANARY), ("both", f"{CANARY} of Alice")):
                if ring is keys:
                    assert prefs.get(key, user="alice") == Secret(value)
                else:
                    with pytest.raises(WrongKey, match=f"user/alice {key} is sealed"):
                        prefs.get(key, user="alice")


def test_what_is_a_secret_only_at_the_newer_version_is_not_read_without_a_ring(
    place: Path, keys: Keys, tmp_path: Path
) -> None:
    none = Keys(str(tmp_path / "none"), environ={})
    with opened(place, none, document("1.0.0", plain=False, name=False)) as prefs:
        prefs.set_many("user", "alice", {"plain": CANARY, "name": "Alice"})
    newer = document("2.0.0", plain=True, name=False)
    with opened(place, none, newer) as prefs:
        prefs._use(read_in_memory(prefs._workplace, "1.0.0", newer))
        assert prefs.get("name", user="alice") == "Alice"
        with pytest.raises(WrongKey, match="keys init"):
            prefs.get("plain", user="alice")
