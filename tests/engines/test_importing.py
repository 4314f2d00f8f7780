"""Importing: what comes in is checked, merged and told, and nothing is overwritten unseen."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import prefcore_json
import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.canonical import Tally
from prefcore.conflicts import Choice, mark_of
from prefcore.engines.importing import ImportRequest
from prefcore.errors import (
    AppMismatch,
    ConflictError,
    DamagedDocument,
    ForeignFile,
    InvalidValue,
    NotFound,
    PluginError,
    PluginMissing,
    PolicyRefused,
    PrefcoreError,
    StalePlan,
    UnknownKey,
    UsageError,
)
from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Capability, FormatInfo, Limits, Transaction
from prefcore.model import Document, Header, PreferenceSet, Selection
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Schema, Secret
from prefcore.values import UNSET
from tests.engines.world import APP, STEPS, rows, start_at, values

PLUGINS = Plugins(plugins=[prefcore_json])


def machine(tmp_path: Path, version: str = "1.1.0") -> Preferences:  # type: ignore[type-arg]  # no class
    """Give the application on a machine of its own, empty, at a version."""
    folder = tmp_path / "schemas"
    store = MemoryStore()
    start_at(store, folder, version)
    return Preferences(
        store, APP, schemas=folder, migrations=STEPS, plugins=PLUGINS, actor="tester"
    )


def request(path: Path, **options: object) -> ImportRequest:
    return ImportRequest(path=path, name=path.name, into=("user", "alice"), **options)  # type: ignore[arg-type]  # by name


def exported(prefs: Preferences, path: Path, **options: object) -> Path:  # type: ignore[type-arg]  # no class
    with path.open("wb") as out:
        prefs.export(out, format="json", **options)  # type: ignore[arg-type]  # by name
    return path


def plain(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_an_exported_set_is_equal_where_it_is_imported(tmp_path: Path) -> None:
    here, there = machine(tmp_path), machine(tmp_path)
    here.set_many("user", "alice", {"font": "serif", "size": 14})
    here.set_many("project", "p", {"wrap": True})
    file = exported(here, tmp_path / "all.json")
    changeset = there.apply(there.plan_import(file))
    assert changeset is not None
    assert (changeset.kind, changeset.changes) == ("import", 3)
    assert rows(there) == rows(here)
    assert (
        exported(there, tmp_path / "copy.json").read_text().splitlines()[1:]
        == (file.read_text().splitlines()[1:])
    )
    assert there.apply(there.plan_import(file)) is None


def test_a_plan_shows_what_comes_in_and_changes_nothing(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    prefs.set("font", "serif", user="alice")
    file = plain(tmp_path / "new.json", {"font": "sans", "size": 14, "tool": "ruff"})
    plan = prefs.plan_import(request(file, strategy="theirs"))
    told = [(item.act, item.key, item.after) for item in plan.items]
    assert told == [
        ("change", "font", "sans"),
        ("add", "size", 14),
        ("add", "tool", "ruff"),
    ]
    assert values(prefs) == {"font": "serif"}


@pytest.mark.parametrize(
    ("options", "font", "size"),
    [
        ({"strategy": "ours"}, "serif", 12),
        ({"strategy": "theirs"}, "sans", 14),
        ({"strategy": "ours", "merge": (("si*", "theirs"),)}, "serif", 14),
        ({"strategy": "theirs", "selection": Selection(keys=("font",))}, "sans", 12),
    ],
    ids=["ours", "theirs", "by glob", "selected"],
)
def test_a_strategy_decides_what_both_sides_hold(
    tmp_path: Path, options: dict[str, object], font: str, size: int
) -> None:
    prefs = machine(tmp_path)
    prefs.set_many("user", "alice", {"font": "serif", "size": 12})
    file = plain(tmp_path / "new.json", {"font": "sans", "size": 14})
    prefs.apply(prefs.plan_import(request(file, **options)))
    assert values(prefs) == {"font": font, "size": size}


def test_without_a_decision_there_is_a_conflict_and_nothing_is_written(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    prefs.set("font", "serif", user="alice")
    plan = prefs.plan_import(request(plain(tmp_path / "new.json", {"font": "sans", "size": 14})))
    assert [(one.key, one.ours, one.theirs) for one in plan.conflicts] == [
        ("font", "serif", "sans")
    ]
    with pytest.raises(ConflictError, match="user/alice font"):
        prefs.apply(plan)
    assert values(prefs) == {"font": "serif"}


# ------------------------------------------------------------------------------- three ways


def passed_between(tmp_path: Path) -> tuple[Preferences, Preferences, Callable[..., None]]:  # type: ignore[type-arg]  # no class
    """Give two machines that hold the same, and what passes a document from one to another."""
    desk, laptop = machine(tmp_path), machine(tmp_path)
    desk.set_many("user", "alice", {"font": "serif", "size": 12, "tool": "ruff"})

    def pass_on(source: Preferences, target: Preferences, **options: object) -> None:  # type: ignore[type-arg]  # no class
        file = exported(source, tmp_path / "passed.json")
        target.apply(target.plan_import(request(file, **options)))

    pass_on(desk, laptop)
    return desk, laptop, pass_on


def test_documents_passed_back_and_forth_merge_three_ways(tmp_path: Path) -> None:
    desk, laptop, pass_on = passed_between(tmp_path)
    desk.set("font", "mono", user="alice")
    laptop.set("size", 20, user="alice")
    laptop.unset("tool", user="alice")
    pass_on(laptop, desk)
    assert values(desk) == {"font": "mono", "size": 20}
    pass_on(desk, laptop)
    assert values(laptop) == values(desk)
    laptop.set("wrap", True, user="alice")
    pass_on(laptop, desk)
    assert values(desk) == {"font": "mono", "size": 20, "wrap": True}


def test_only_what_both_sides_changed_is_a_conflict(tmp_path: Path) -> None:
    desk, laptop, _ = passed_between(tmp_path)
    desk.set_many("user", "alice", {"font": "mono", "size": 13})
    laptop.set_many("user", "alice", {"font": "sans", "tool": "black"})
    file = exported(laptop, tmp_path / "passed.json")
    plan = desk.plan_import(request(file))
    assert [(one.key, one.ours, one.theirs) for one in plan.conflicts] == [("font", "mono", "sans")]
    desk.apply(desk.plan_import(request(file, strategy="newest")))
    assert values(desk) == {"font": "sans", "size": 13, "tool": "black"}


def test_a_set_emptied_on_the_other_machine_is_emptied_here(tmp_path: Path) -> None:
    desk, laptop, pass_on = passed_between(tmp_path)
    desk.set("font", "mono", user="bob")
    for key in ("font", "size", "tool"):
        laptop.unset(key, user="alice")
    pass_on(laptop, desk)
    assert (values(desk), values(desk, "bob")) == ({}, {"font": "mono"})


def test_what_a_document_left_out_was_not_removed(tmp_path: Path) -> None:
    desk, laptop, _ = passed_between(tmp_path)
    laptop.set("font", "sans", user="alice")
    file = exported(laptop, tmp_path / "part.json", selection=Selection(keys=("font",)))
    desk.apply(desk.plan_import(request(file)))
    assert values(desk) == {"font": "sans", "size": 12, "tool": "ruff"}


def test_what_was_never_passed_on_is_not_removed_on_the_way_back(tmp_path: Path) -> None:
    desk, laptop = machine(tmp_path), machine(tmp_path)
    desk.set_many("user", "alice", {"font": "serif", "size": 12})
    part = exported(desk, tmp_path / "part.json", selection=Selection(keys=("font",)))
    laptop.apply(laptop.plan_import(request(part)))
    laptop.set("font", "mono", user="alice")
    desk.apply(desk.plan_import(request(exported(laptop, tmp_path / "back.json"))))
    assert values(desk) == {"font": "mono", "size": 12}


def test_a_named_base_of_an_older_version_walks_the_steps_too(tmp_path: Path) -> None:
    old, new = machine(tmp_path, "1.1.0"), machine(tmp_path, "1.2.0")
    old.set_many("user", "alice", {"size": 12, "font": "serif"})
    base = exported(old, tmp_path / "base.json")
    new.set_many("user", "alice", {"font_size": 12, "font": "mono"})
    other = machine(tmp_path, "1.2.0")
    other.set_many("user", "alice", {"font_size": 20, "font": "serif"})
    theirs = exported(other, tmp_path / "theirs.json")
    new.apply(new.plan_import(request(theirs, base=base)))
    assert values(new) == {"font": "mono", "font_size": 20}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (Selection(), Selection(keys=("a*",)), Selection(keys=("a*",))),
        (
            Selection(("user", "project")),
            Selection(("user",), ("x",)),
            Selection(("user",), ("x",)),
        ),
        (Selection(keys=("a*",)), Selection(keys=("a*",)), Selection(keys=("a*",))),
        (Selection(keys=("a*",)), Selection(keys=("*b",)), None),
        (Selection(("user",)), Selection(("project",)), None),
    ],
    ids=["all and some", "scopes and owners", "the same", "two globs", "nothing"],
)
def test_two_selections_narrow_each_other(
    one: Selection, other: Selection, both: Selection | None
) -> None:
    assert one.narrowed(other) == both
    assert other.narrowed(one) == both


def test_a_merge_reaches_over_a_migration_of_one_side(tmp_path: Path) -> None:
    desk, laptop, pass_on = passed_between(tmp_path)
    desk.apply(desk.plan_migration("1.2.0"))
    desk.set("tool", "black", user="alice")
    laptop.set("size", 20, user="alice")
    pass_on(laptop, desk)
    assert values(desk) == {"font": "serif", "font_size": 20, "tool": "black"}
    laptop.set("font", "mono", user="alice")
    pass_on(desk, laptop)
    assert values(laptop) == {"font": "mono", "size": 20, "tool": "black"}


def test_a_named_base_makes_a_plain_file_merge_three_ways(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    before = plain(tmp_path / "before.json", {"font": "serif", "size": 12, "tool": "ruff"})
    prefs.apply(prefs.plan_import(request(before)))
    prefs.set("font", "mono", user="alice")
    after = plain(tmp_path / "after.json", {"font": "serif", "size": 20})
    prefs.apply(prefs.plan_import(request(after, base=before)))
    assert values(prefs) == {"font": "mono", "size": 20}


def test_an_earlier_export_leaves_what_changed_since_unless_merged_two_ways(
    tmp_path: Path,
) -> None:
    prefs = machine(tmp_path)
    prefs.set_many("user", "alice", {"font": "serif", "size": 12})
    file = exported(prefs, tmp_path / "earlier.json")
    prefs.set("size", 30, user="alice", reason="later")
    prefs.unset("font", user="alice")
    plan = prefs.plan_import(request(file, strategy="theirs"))
    assert plan.is_empty
    assert any("an earlier state of this store" in note for note in plan.notes)
    prefs.apply(prefs.plan_import(request(file, strategy="theirs", two_ways=True)))
    assert values(prefs) == {"font": "serif", "size": 12}


@pytest.mark.parametrize("owner", ["z\x1b[31m", "a\u202eb", ""])
def test_an_owner_whose_name_would_steer_a_terminal_is_refused(tmp_path: Path, owner: str) -> None:
    here, there = machine(tmp_path), machine(tmp_path)
    here.set("size", 14, user="alice")
    file = exported(here, tmp_path / "all.json")
    named = json.dumps(owner)
    file.write_text(file.read_text().replace('"owner": "alice"', f'"owner": {named}'), "utf-8")
    with pytest.raises(PrefcoreError, match="owner"):
        there.apply(there.plan_import(file))
    assert list(there.sets()) == []


# ------------------------------------------------------------------------------ across versions


def test_a_document_of_an_older_version_walks_the_steps(tmp_path: Path) -> None:
    old, new = machine(tmp_path, "1.0.0"), machine(tmp_path, "2.0.0")
    old.set_many("user", "alice", {"size": 14, "tool": "yapf", "legacy.mode": True})
    new.apply(new.plan_import(exported(old, tmp_path / "old.json")))
    assert values(new) == {"font_size": 14, "tool": "black"}


def test_a_plain_file_of_an_older_version_is_read_by_its_schema(tmp_path: Path) -> None:
    prefs = machine(tmp_path, "2.0.0")
    file = plain(tmp_path / "old.json", {"size": 14, "legacy": {"mode": True}})
    prefs.apply(prefs.plan_import(request(file, from_schema="1.0.0")))
    assert values(prefs) == {"font_size": 14}


# ------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ({"fnt": 1}, UnknownKey, "user/alice: .*no preference 'fnt'.*did you mean .*font"),
        ({"size": "big"}, InvalidValue, "user/alice size: .*"),
        ({"size": 101}, InvalidValue, "user/alice size: 101 is above the maximum 100"),
        ({"size": 1, "tool": "none"}, InvalidValue, "user/alice tool"),
        ({"font": "x", "sub": {"font": 1}}, UnknownKey, "no preference 'sub'"),
    ],
    ids=["unknown key", "wrong type", "out of bounds", "not in enum", "unknown nested"],
)
def test_what_the_schema_refuses_refuses_the_whole_import(
    tmp_path: Path, content: object, error: type[PrefcoreError], said: str
) -> None:
    prefs = machine(tmp_path)
    plan = prefs.plan_import(request(plain(tmp_path / "new.json", content)))
    assert plan.refused
    with pytest.raises(error, match=said):
        prefs.apply(plan)
    assert values(prefs) == {}


def test_a_refusal_names_each_owner_it_meets(tmp_path: Path) -> None:
    here, there = machine(tmp_path, "1.2.0"), machine(tmp_path, "1.3.0")
    for owner in ("alice", "bob"):
        here.set("tool", "yapf", user=owner)
    there = Preferences(
        there.store, APP, schemas=tmp_path / "schemas", migrations=STEPS[:1], plugins=PLUGINS
    )
    plan = there.plan_import(exported(here, tmp_path / "old.json"))
    assert [item.owner for item in plan.refused] == ["alice", "bob"]
    assert all(f"user/{item.owner}" in item.reason for item in plan.refused)


def test_unknown_keys_are_kept_on_request_and_preserved(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    file = plain(tmp_path / "new.json", {"extra": {"a": 1}, "font": "serif"})
    prefs.apply(prefs.plan_import(request(file, keep_unknown=True)))
    assert values(prefs)["extra"] == {"a": 1}
    prefs.apply(prefs.plan_migration("2.0.0"))
    assert values(prefs)["extra"] == {"a": 1}


def test_a_telling_name_is_refused_although_unknown_keys_are_kept(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    file = plain(tmp_path / "new.json", {"github.apiToken": "s3cr3t"})
    with pytest.raises(PolicyRefused, match=r"encrypt user/alice github\.apiToken") as caught:
        prefs.apply(prefs.plan_import(request(file, keep_unknown=True)))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "error", "said"),
    [
        (lambda text: text[: len(text) // 2], DamagedDocument, "all.json"),
        (lambda text: text.replace(APP, "other"), AppMismatch, "holds preferences of other"),
        (lambda text: text.replace('"entries": 2', '"entries": 3'), DamagedDocument, "all.json"),
        (lambda text: text.replace('"user"', '"planet"'), PrefcoreError, "planet"),
        (lambda text: "[1, 2]", DamagedDocument, "all.json"),
        (lambda text: "\x00\x01\x02", DamagedDocument, "all.json"),
        (lambda text: "", DamagedDocument, "all.json"),
    ],
    ids=[
        "truncated",
        "another application",
        "miscounted",
        "scope",
        "no object",
        "no text",
        "empty",
    ],
)
def test_a_damaged_or_foreign_file_is_refused_by_name(
    tmp_path: Path, damage: Callable[[str], str], error: type[PrefcoreError], said: str
) -> None:
    here, there = machine(tmp_path), machine(tmp_path)
    here.set_many("user", "alice", {"font": "serif", "size": 14})
    file = exported(here, tmp_path / "all.json")
    file.write_text(damage(file.read_text()), encoding="utf-8")
    with pytest.raises(error, match=said):
        there.apply(there.plan_import(file))
    assert values(there) == {}


@pytest.mark.parametrize("as_base", [False, True], ids=["file", "base"])
@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("gone.json", NotFound, "there is no file"),
        ("whole.json/inside", NotFound, "there is no file"),
        (".", UsageError, "is a folder; name a file in it"),
        ("pipe", UsageError, "is no plain file"),
        ("x" * 300, UsageError, "cannot be opened"),
        ("nul\0", UsageError, "cannot be opened"),
        ("ring", UsageError, "cannot be opened"),
    ],
)
def test_what_is_no_file_that_can_be_read_is_told_by_name(
    name: str, kind: type[PrefcoreError], said: str, as_base: bool, tmp_path: Path
) -> None:
    prefs = machine(tmp_path)
    whole = tmp_path / "whole.json"
    whole.write_text("{}")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "ring").symlink_to(tmp_path / "ring")
    path = tmp_path / name
    request = ImportRequest(
        path=whole if as_base else path,
        name="whole.json" if as_base else str(path),
        into=("user", "alice"),
        base=path if as_base else None,
    )
    with pytest.raises(kind, match=said) as caught:
        prefs.plan_import(request)
    assert caught.value.path == str(path)
    (tmp_path / "pipe").unlink()


def test_a_file_that_looks_like_no_format_lists_those_there_are(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    file = tmp_path / "settings"
    file.write_bytes(b"\x00\x01")
    with pytest.raises(ForeignFile, match=r"no format known here \(known: json\)"):
        prefs.plan_import(request(file))


def test_an_edited_document_is_told_of_and_taken(tmp_path: Path) -> None:
    here, there = machine(tmp_path), machine(tmp_path)
    here.set("size", 14, user="alice")
    file = exported(here, tmp_path / "all.json")
    file.write_text(file.read_text().replace('"value": 14', '"value": 15'), encoding="utf-8")
    plan = there.plan_import(file)
    assert any("edited by hand" in note for note in plan.notes)
    there.apply(plan)
    assert values(there) == {"size": 15}


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"strategy": "magic"}, UsageError, "no merge strategy 'magic'; known are ask, base, fail"),
        ({"merge": (("*", "magic"),)}, UsageError, "no merge strategy 'magic'"),
        ({"strategy": "newest"}, UsageError, "a plain file without times"),
        ({"format": "morse"}, PluginMissing, "morse"),
        ({"from_schema": "9.9.9"}, PrefcoreError, r"9\.9\.9"),
    ],
    ids=["strategy", "strategy of a glob", "newest without times", "format", "schema version"],
)
def test_a_request_that_cannot_be_met_is_refused(
    tmp_path: Path, options: dict[str, object], error: type[PrefcoreError], said: str
) -> None:
    prefs = machine(tmp_path)
    with pytest.raises(error, match=said):
        prefs.plan_import(request(plain(tmp_path / "new.json", {"font": "x"}), **options))


def test_a_file_replaced_after_the_plan_makes_it_stale(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    file = plain(tmp_path / "new.json", {"size": 14})
    plan = prefs.plan_import(request(file))
    plain(file, {"size": 15})
    with pytest.raises(StalePlan):
        prefs.apply(plan)
    assert values(prefs) == {}


class _Failing:
    """A format whose code fails wherever it is used."""

    def write(self, document: Document, out: BinaryIO) -> None:
        raise ZeroDivisionError("in write")

    def write_plain(self, values: object, out: BinaryIO) -> None:
        raise ZeroDivisionError("in write_plain")

    def read(self, source: BinaryIO, limits: Limits) -> Document:
        def sets() -> Iterator[PreferenceSet]:
            yield PreferenceSet("user", "alice")
            raise ZeroDivisionError("in the stream")

        return Document(Header(APP, "1.1.0"), sets())


class _Plugin:
    @hookimpl
    def prefcore_formats(self) -> list[FormatInfo]:
        return [
            FormatInfo(
                id="failing",
                summary="fails",
                suffixes=(".fail",),
                media_type="text/plain",
                capabilities=frozenset({Capability.PLAIN}),
                detect=lambda head: True,
                factory=_Failing,
            )
        ]


def test_a_format_that_fails_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    start_at(MemoryStore(), tmp_path / "schemas", "1.1.0")
    prefs: Preferences[Schema] = Preferences(
        MemoryStore(), APP, schemas=tmp_path / "schemas", plugins=Plugins(plugins=[_Plugin()])
    )
    file = plain(tmp_path / "all.fail", {})
    with pytest.raises(PluginError, match="'failing' failed with ZeroDivisionError: in the stream"):
        prefs.plan_import(file)
    prefs.set("font", "serif", user="alice")
    for form, said in ((False, "in write"), (True, "in write_plain")):
        with pytest.raises(PluginError, match=said):
            prefs.export(BytesIO(), format="failing", plain=form)


# ---------------------------------------------------------------------------------- deciding


def test_a_program_decides_conflicts_one_by_one(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    prefs.set_many("user", "alice", {"font": "serif", "size": 12, "tool": "ruff"})
    file = plain(tmp_path / "new.json", {"font": "sans", "size": 14, "tool": "black"})
    conflicts = prefs.plan_import(request(file)).conflicts
    assert [(one.place, one.key, one.strategy) for one in conflicts] == [
        ("user/alice", key, "fail") for key in ("font", "size", "tool")
    ]
    assert conflicts[0].ours_at == prefs.read_set("user", "alice").entries[0].updated_at
    assert conflicts[0].theirs_at is None, "a plain file tells no time"
    sides = ("theirs", "ours")
    choices = [
        Choice(one.scope, one.owner, one.key, side, mark_of(one))
        for one, side in zip(conflicts, sides, strict=False)
    ]
    plan = prefs.plan_import(request(file, choices=choices))
    assert [one.key for one in plan.conflicts] == ["tool"]
    decided = request(file, choices=choices, take=(("to*", "theirs"),))
    prefs.apply(prefs.plan_import(decided))
    assert values(prefs) == {"font": "sans", "size": 12, "tool": "black"}


def test_a_removal_can_be_chosen(tmp_path: Path) -> None:
    prefs = machine(tmp_path)
    prefs.set_many("user", "alice", {"font": "serif", "size": 13})
    base = plain(tmp_path / "base.json", {"font": "serif", "size": 12})
    file = plain(tmp_path / "new.json", {"font": "serif"})
    (conflict,) = prefs.plan_import(request(file, base=base)).conflicts
    assert (conflict.base, conflict.ours, conflict.theirs) == (12, 13, UNSET)
    for side, left in (("ours", {"size": 13}), ("base", {"size": 12}), ("theirs", {})):
        plan = prefs.plan_import(request(file, base=base, take=(("size", side),)))
        prefs.apply(plan)
        assert values(prefs) == {"font": "serif", **left}, side
        if side != "ours":
            prefs.apply(prefs.plan_undo())


def test_items_of_sensitive_keys_say_so(tmp_path: Path) -> None:
    class Safe(Schema, app="safe", version="1.0.0"):
        size: int = 12
        token: Secret[str] | None = None

    with Preferences.open(Safe, store="memory:", plugins=PLUGINS) as prefs:
        file = plain(tmp_path / "new.json", {"size": 1, "token": "hush", "other.password": "x"})
        plan = prefs.plan_import(request(file, keep_unknown=True))
        assert {item.key: item.sensitive for item in (*plan.items, *plan.refused)} == {
            "size": False,
            "token": True,
            "other.password": True,
        }
        assert "hush" not in repr(plan)


# --------------------------------------------------------------------- files that do not hold still


def test_a_plan_is_stale_if_its_file_was_written_to_although_it_says_the_same(
    tmp_path: Path,
) -> None:
    prefs = machine(tmp_path)
    file = plain(tmp_path / "new.json", {"size": 14})
    plan = prefs.plan_import(request(file))
    (tmp_path / "other.json").write_bytes(file.read_bytes())
    (tmp_path / "other.json").replace(file)
    with pytest.raises(StalePlan, match=r"new\.json was replaced or written to while it was read"):
        prefs.apply(plan)
    assert values(prefs) == {}


@pytest.mark.parametrize("which", ["file", "base"])
@pytest.mark.parametrize("what", ["grown", "cut", "replaced"])
def test_a_file_that_changes_while_it_is_read_is_noticed(
    tmp_path: Path, what: str, which: str
) -> None:
    source = machine(tmp_path)
    for owner in ("alice", "bob"):
        source.set_many("user", owner, {"font": "serif", "size": 12})
    files = {name: exported(source, tmp_path / f"{name}.json") for name in ("file", "base")}
    file = files[which]

    class Meddling(MemoryStore):
        """Lets the file change when its header was read, and its sets were not."""

        meddles = False

        @contextmanager
        def changeset(self, *arguments: Any, **options: Any) -> Iterator[Transaction]:
            with super().changeset(*arguments, **options) as transaction:
                if self.meddles:
                    text = file.read_bytes()
                    if what == "replaced":
                        file.unlink()
                    file.write_bytes(text + b"\n" if what == "grown" else text[: len(text) // 2])
                yield transaction

    store = Meddling()
    folder = tmp_path / "schemas"
    start_at(store, folder, "1.1.0")
    target: Preferences[Any] = Preferences(
        store, APP, schemas=folder, migrations=STEPS, plugins=PLUGINS, actor="tester"
    )
    store.meddles = True
    begin = target.begin_import(request(files["file"], base=files["base"]))
    with pytest.raises(StalePlan, match=rf"{which}\.json was replaced or written to"), begin:
        pass
    assert values(target) == {}


def _three_users(tmp_path: Path) -> tuple[Preferences, Path]:  # type: ignore[type-arg]  # no class
    prefs = machine(tmp_path)
    for user in ("alice", "bob", "carol"):
        prefs.set_many("user", user, {"font": "serif", "size": 14})
    return prefs, exported(prefs, tmp_path / "all.json")


def _edited(file: Path) -> Path:
    """Change a value of alice's, take bob's set out, and put in one of dora's, after carol's."""
    json_format = prefcore_json.prefcore_formats()[0].factory()
    with file.open("rb") as source:
        document = json_format.read(source, Limits())
        assert isinstance(document, Document)
        alice, _, carol = document.sets
    (font, _) = alice.rows
    tally = Tally(document.header)
    sets = [
        PreferenceSet("user", "alice", [(font[0], '"sans"', *font[2:])]),
        carol,
        PreferenceSet("user", "dora", carol.rows),
    ]
    path = file.with_name("edited.json")
    with path.open("wb") as out:
        json_format.write(Document(document.header, tally.sets(sets), (), tally.trailer), out)
    return path


@pytest.mark.parametrize("moved_on", [False, True], ids=["as exported", "moved on"])
def test_the_present_state_is_a_base_as_any_earlier_one(tmp_path: Path, moved_on: bool) -> None:
    prefs, file = _three_users(tmp_path)
    if moved_on:
        prefs.set("wrap", True, project="p")
    plan = prefs.plan_import(_edited(file))
    told = [(item.act, item.owner, item.key) for item in plan.items]
    assert told == [
        ("change", "alice", "font"),
        ("remove", "alice", "size"),
        ("remove", "bob", "font"),
        ("remove", "bob", "size"),
        ("add", "dora", "font"),
        ("add", "dora", "size"),
    ]
    assert plan.counts["unchanged"] == 2
    prefs.apply(plan)
    assert [values(prefs, user) for user in ("alice", "bob", "carol", "dora")] == [
        {"font": "sans"},
        {},
        {"font": "serif", "size": 14},
        {"font": "serif", "size": 14},
    ]


def test_what_the_store_has_just_so_comes_in_again_whatever_the_schema_says(
    tmp_path: Path,
) -> None:
    prefs = machine(tmp_path)
    file = plain(tmp_path / "kept.json", {"unknown": 1, "size": 14})
    prefs.apply(prefs.plan_import(request(file, keep_unknown=True)))
    document = exported(prefs, tmp_path / "all.json")
    assert prefs.apply(prefs.plan_import(request(document))) is None
    prefs.set("size", 15, user="alice")
    assert prefs.apply(prefs.plan_import(request(document, strategy="ours"))) is None
    document.write_text(
        document.read_text().replace('"unknown": {"value": 1', '"unknown": {"value": 2')
    )
    with pytest.raises(UnknownKey):
        prefs.apply(prefs.plan_import(request(document)))
