"""Restoring into a store that is in use: a plan, one changeset, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import (
    AppMismatch,
    IntegrityError,
    InvalidValue,
    MissingStep,
    NewerFormat,
    NotFound,
    StalePlan,
    TargetUnreachable,
    UsageError,
)
from prefcore.migration import Step, add, convert, map_values, python, remove, rename
from prefcore.model import Selection
from prefcore.schema import Snapshots
from prefcore_testing.stores.whole_state import state_of
from tests.engines.backups.world import World, world
from tests.engines.world import documents, rows, values


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        made.prefs = made.preferences(made.store, targets=True)
        yield made


def _change(here: World) -> None:
    """Add, change and remove values after a backup."""
    here.prefs.set_many("user", "alice", {"font": "new"}, unset=["tool"])
    here.prefs.set("font_size", 50, user="bob")
    here.prefs.set("font", "mine", user="dave")
    here.prefs.unset("font", system=True)


def test_values_become_what_they_are_in_the_backup(here: World) -> None:
    before = [values(here.prefs, owner) for owner in ("alice", "bob", "dave")]
    backup = here.prefs.back_up().manifest.id
    _change(here)
    plan = here.prefs.plan_restore(backup)
    assert dict(plan.counts) == {"unchanged": 3, "add": 2, "change": 1, "remove": 2}
    changeset = here.prefs.apply(plan)
    assert changeset is not None
    assert (changeset.kind, changeset.changes) == ("restore", 5)
    assert [values(here.prefs, owner) for owner in ("alice", "bob", "dave")] == before
    assert here.prefs.get("font") == "serif"
    restored = [row for row in rows(here.prefs) if row[0] == "tool"]
    assert [(source, actor) for _, _, _, source, actor in restored] == [("restore", "tester")]
    assert here.prefs.plan_restore(backup).is_empty
    assert not here.prefs.plan_restore("latest").is_empty, "that is the state before by now"
    assert list(here.store.check()) == []


def test_restore_is_undone_like_any_act(here: World) -> None:
    here.prefs.back_up()
    _change(here)
    changed = [values(here.prefs, owner) for owner in ("alice", "bob", "dave")]
    here.prefs.apply(here.prefs.plan_restore("latest"))
    here.prefs.apply(here.prefs.plan_undo())
    assert [values(here.prefs, owner) for owner in ("alice", "bob", "dave")] == changed


@pytest.mark.parametrize(
    ("selection", "restored"),
    [
        (Selection(owners=["bob"]), {"bob"}),
        (Selection(scopes=["system"]), {"system"}),
        (Selection(keys=["tool"]), {"alice"}),
        (Selection(["user"], ["alice"], ["font*"]), {"alice"}),
        (Selection(owners=["nobody"]), set()),
    ],
    ids=str,
)
def test_only_what_is_selected_is_touched(
    here: World, selection: Selection, restored: set[str]
) -> None:
    here.prefs.back_up()
    _change(here)
    plan = here.prefs.plan_restore("latest", selection=selection)
    assert {item.owner or item.scope for item in plan.items} == restored
    here.prefs.apply(plan)
    assert values(here.prefs, "dave") == {"font": "mine"}
    if selection.keys == ("tool",):
        assert values(here.prefs) == {"tool": "black", "font_size": 9, "font": "new"}


def test_present_state_is_kept_as_a_copy_and_as_a_backup(here: World) -> None:
    first = here.prefs.back_up().manifest
    _change(here)
    changed = state_of(here.store)
    with here.prefs.begin_restore("latest") as begun:
        assert len(here.files()) == 2, "a look takes no backup"
        begun.commit()
    with here.prefs.backups() as backups:
        one, other = backups.list().whole
        assert one == first
        assert other.id[:13] in begun.secured
        kept = MemoryStore()
        backups.load(other, kept)
    assert state_of(kept) == changed
    copies = here.store.copies()
    assert "restore backup" in copies[0].reason
    here.store.restore_copy(copies[0].id)
    assert state_of(here.store) == changed


def test_no_backup_is_taken_where_nothing_changed_since_or_none_is_wanted(here: World) -> None:
    here.prefs.back_up()
    _change(here)
    here.prefs.apply(here.prefs.plan_restore("latest", back_up=False))
    assert len(here.files()) == 2
    here.prefs.apply(here.prefs.plan_restore("latest"))
    assert len(here.files()) == 2, "nothing was to be restored"


def test_restore_is_refused_where_the_present_state_cannot_be_backed_up(here: World) -> None:
    manifest = here.prefs.back_up().manifest
    _change(here)
    before = state_of(here.store)
    plan = here.prefs.plan_restore(manifest.id)
    here.target.rename(here.target.with_name("moved"))
    here.target.write_text("a file")
    with pytest.raises(UsageError):
        here.prefs.apply(plan)
    assert state_of(here.store) == before


def test_plan_notices_that_the_store_moved(here: World) -> None:
    here.prefs.back_up()
    _change(here)
    plan = here.prefs.plan_restore("latest")
    here.prefs.set("font_size", 51, user="bob")
    with pytest.raises(StalePlan):
        here.prefs.apply(plan)


def test_damaged_backup_restores_nothing(here: World) -> None:
    manifest = here.prefs.back_up().manifest
    _change(here)
    before = state_of(here.store)
    path = here.target / manifest.name
    path.write_bytes(path.read_bytes().replace(b'"ruff"', b'"dprt"', 1))
    with pytest.raises(IntegrityError):
        here.prefs.plan_restore(manifest.id)
    assert state_of(here.store) == before


# --------------------------------------------------------------------------- other versions


def test_older_backup_is_migrated_over_the_steps(here: World) -> None:
    here.prefs.apply(here.prefs.plan_migration("1.0.0"))
    old = here.prefs.back_up().manifest
    here.prefs.apply(here.prefs.plan_migration("2.0.0"))
    here.prefs.set_many("user", "bob", {"font_size": 99}, unset=["tool"])
    plan = here.prefs.plan_restore(old.id)
    assert any("at schema 1.0.0" in note for note in plan.notes)
    here.prefs.apply(plan)
    assert values(here.prefs, "bob") == {"tool": "ruff", "font_size": 7}
    assert here.prefs.version == "2.0.0"


def test_newer_backup_goes_down_the_steps(here: World) -> None:
    new = here.prefs.back_up().manifest
    here.prefs.apply(here.prefs.plan_migration("1.0.0"))
    here.prefs.set("size", 99, user="bob")
    here.prefs.apply(here.prefs.plan_restore(new.id, selection=Selection(owners=["bob"])))
    assert values(here.prefs, "bob")["size"] == 7


def test_backup_of_a_schema_that_nobody_knows_is_refused(here: World, tmp_path: Path) -> None:
    newest = here.prefs.back_up().manifest
    other = MemoryStore()
    older = tmp_path / "older"
    older.mkdir()
    snapshots = Snapshots(older, "acme")
    snapshots.write(documents()["1.0.0"])
    prefs = here.preferences(other, targets=True, steps=())
    prefs = type(prefs)(
        other,
        "acme",
        schemas=older,
        actor="tester",
        plugins=prefs.plugins,
        targets={"default": here.url},
    )
    prefs.set("font", "x", user="alice")
    with pytest.raises(NewerFormat, match=r"2\.0\.0.*newer than 1\.0\.0"):
        prefs.plan_restore(newest.id)


def test_value_that_the_schema_refuses_by_now_stands_in_the_way(here: World) -> None:
    here.prefs.apply(here.prefs.plan_migration("1.0.0"))
    old = here.prefs.back_up().manifest
    steps = (Step("1.1.0", "1.2.0"), Step("1.2.0", "1.3.0"), Step("1.3.0", "2.0.0"))
    blunt = here.preferences(here.store, targets=True, steps=steps)
    here.prefs.apply(here.prefs.plan_migration("2.0.0"))
    plan = type(blunt)(
        here.store,
        "acme",
        schemas=here.folder / "schemas",
        migrations=steps,
        actor="tester",
        plugins=blunt.plugins,
        targets={"default": here.url},
    ).plan_restore(old.id)
    assert isinstance(plan.blocker, InvalidValue)
    assert "yapf" in plan.blocker.message


def test_backup_of_another_application_alone_is_refused(here: World) -> None:
    other = MemoryStore()
    here.prefs.back_up()
    with other.changeset(here.prefs._workplace.draft("set", ""), version=None) as change:
        change.write("user", "alice", [("x", "1", 1, "api", "me")])
    strange = type(here.prefs)(other, "strange", actor="me", plugins=here.prefs.plugins)
    with pytest.raises(AppMismatch, match=r"nothing of strange; it is of acme, other"):
        strange.plan_restore(here.prefs.backups().find("latest").id, target=here.url)


def test_unknown_backup_and_target_are_named(here: World) -> None:
    here.prefs.back_up()
    with pytest.raises(NotFound, match="backup list"):
        here.prefs.plan_restore("zzz")
    with pytest.raises(UsageError, match="'usb'"):
        here.prefs.plan_restore("latest", target="usb")


def test_living_store_is_not_filled(here: World) -> None:
    here.prefs.back_up()
    before = state_of(here.store)
    with here.prefs.backups() as backups, pytest.raises(UsageError, match="in use"):
        backups.load(backups.find("latest"), here.store)
    assert state_of(here.store) == before


# ------------------------------------------------------------------------- before migrations


def _at_first(here: World) -> None:
    here.prefs = here.preferences(here.store)
    here.prefs.apply(here.prefs.plan_migration("1.0.0"))
    here.prefs = here.preferences(here.store, targets=True)
    assert here.files() == {}


def test_migration_that_may_lose_something_takes_a_backup(here: World) -> None:
    _at_first(here)
    before = state_of(here.store)
    plan = here.prefs.plan_migration("2.0.0")
    assert here.files() == {}
    here.prefs.apply(plan)
    (manifest,) = here.prefs.backups().list().whole
    kept = MemoryStore()
    here.prefs.backups().load(manifest, kept)
    assert state_of(kept) == before
    assert "migrate up" in here.store.copies()[0].reason


def test_migration_that_loses_nothing_takes_none(here: World) -> None:
    _at_first(here)
    here.prefs.apply(here.prefs.plan_migration("1.2.0"))
    assert here.prefs.version == "1.2.0"
    assert here.files() == {}


def test_migration_down_takes_one(here: World) -> None:
    here.prefs.apply(here.prefs.plan_migration("1.0.0"))
    assert len(here.prefs.backups().list().whole) == 1
    here.prefs.apply(here.prefs.plan_undo())
    assert len(here.prefs.backups().list().whole) == 2


def test_migration_is_refused_where_the_backup_fails(here: World, tmp_path: Path) -> None:
    _at_first(here)
    before = state_of(here.store)
    here.url = f"file://{tmp_path}/not/mounted"
    prefs = here.preferences(here.store, targets=True)
    plan = prefs.plan_migration("2.0.0")
    with pytest.raises(TargetUnreachable, match="--no-backup"):
        prefs.apply(plan)
    assert state_of(here.store) == before
    without = here.preferences(here.store)
    without.apply(without.plan_migration("2.0.0"))
    assert without.version == "2.0.0"


def test_steps_say_whether_they_may_lose_something() -> None:
    losing = {
        "remove": remove("a"),
        "map onto one": map_values("a", {"x": "z", "y": "z"}),
        "map the rest": map_values("a", {"x": "z"}, default="w"),
        "cast without a way back": convert("a", to="string"),
        "scale that rounds": convert("a", scale="1/3", rounding="half_even"),
        "function": convert("a", up=len, down=None),
        "python": python(lambda held: {}, None, reads=["a"], writes=["b"]),
    }
    keeping = {
        "rename": rename("a", "b"),
        "add": add("a", 1),
        "map one to one": map_values("a", {"x": "z", "y": "w"}),
        "cast and back": convert("a", to="string", was="integer"),
        "scale": convert("a", scale="2"),
    }
    assert {name: one.loses for name, one in losing.items()} == dict.fromkeys(losing, True)
    assert {name: one.loses for name, one in keeping.items()} == dict.fromkeys(keeping, False)
    assert MissingStep.exit_code == NotFound.exit_code
