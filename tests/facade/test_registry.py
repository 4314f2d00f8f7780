"""The registry: what is said of versions is kept, told, audited; and where a store stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from prefcore import ConflictError, InvalidSchema, NotFound, Preferences, Step, remove, rename
from prefcore.audit import registered_by
from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import PolicyRefused
from prefcore.model import Plan
from prefcore.schema import Noted, Preference, SchemaDocument, Shape, Snapshots
from tests.cli.shell import Shell


def number(**rules: int) -> Shape:
    return Shape(kinds=("integer",), **rules)  # type: ignore[arg-type]  # counts and bounds


V1 = SchemaDocument(
    "acme", "1.0.0", [Preference("a", number()), Preference("old"), Preference("b", number())]
)
V2 = SchemaDocument("acme", "2.0.0", [Preference("a", number(maximum=9)), Preference("new")])
V3 = SchemaDocument("acme", "2.1.0", [*V2.preferences.values(), Preference("more", number())])
STEP = Step("1.0.0", "2.0.0", rename("old", "new"), remove("b"), summary="tidy")


@pytest.fixture
def prefs(tmp_path: Path) -> Preferences:  # type: ignore[type-arg]  # no class
    snapshots = Snapshots(tmp_path / "schemas", "acme")
    for one in (V1, V2, V3):
        snapshots.write(one)
    store = MemoryStore()
    first: Preferences = Preferences(store, "acme", schema=V1)  # type: ignore[type-arg]  # no class
    first.set("a", 12, user="kim")
    first.set("old", "x", user="kim")
    first.set("old", "y", user="bo")
    return Preferences(store, "acme", schemas=tmp_path / "schemas", migrations=[STEP])


def test_standing_says_what_lies_between_and_who_is_behind(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    standing = prefs.registry.standing()
    assert (standing.current, standing.latest, standing.is_latest) == ("1.0.0", "2.1.0", False)
    assert [(one.version, one.steps) for one in standing.between] == [
        ("2.0.0", ("1.0.0 → 2.0.0",)),
        ("2.1.0", ()),
    ]
    broken = {one.key for one in standing.between[0].breaking}
    assert broken == {"a", "b", "new"}  # `old` is `new` by now, as the step says
    assert standing.between[1].breaking == ()
    assert (standing.sets, standing.entries) == (2, 3)
    assert (standing.sets_behind, standing.behind) == (1, 1)  # `a` alone may be refused


def test_standing_at_the_newest_and_of_an_empty_store(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    empty = Preferences(MemoryStore(), "acme", schema=V3).registry.standing()
    assert (empty.current, empty.latest, empty.entries) == (None, "2.1.0", 0)
    prefs.set("a", 5, user="kim")
    prefs.apply(prefs.plan_migration())
    standing = prefs.registry.standing()
    assert (standing.current, standing.is_latest, standing.between) == ("2.1.0", True, ())


def test_what_is_said_is_kept_with_who_and_when(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    plan = prefs.registry.plan_note(
        "2.0.0", name="Spring", minimum_application=">=3.2", metadata={"team": "core"}
    )
    assert {item.act for item in plan.items} == {"register", "note"}
    changeset = prefs.apply(plan)
    assert changeset is not None
    assert (changeset.kind, changeset.details["version"]) == ("note", "2.0.0")
    entry = prefs.registry.entry("2.0.0")
    assert entry.noted == Noted(
        name="Spring", minimum_application=">=3.2", metadata={"team": "core"}
    )
    assert entry.record is not None
    assert (entry.before, entry.steps, entry.needs_migration) == ("1.0.0", ("1.0.0 → 2.0.0",), True)
    again = prefs.registry.plan_note("2.0.0", name="Spring")
    assert again.is_empty
    assert prefs.apply(again) is None
    with prefs.store.snapshot() as view:
        assert [one.kind for one in view.audit()][-1] == "note"


def test_deprecation_is_told_in_plans_and_taken_back(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    prefs.set("a", 5, user="kim")
    prefs.apply(prefs.registry.plan_deprecate("2.1.0", notice="wait for 2.2.0"))
    noted = prefs.registry.entry("2.1.0").noted
    assert (noted.is_deprecated, noted.deprecated_by) == (True, prefs.actor)
    assert prefs.plan_migration().warnings == ("schema 2.1.0 is deprecated; wait for 2.2.0",)
    assert prefs.plan_migration("2.0.0").warnings == ()
    prefs.apply(prefs.registry.plan_deprecate("2.1.0", undo=True))
    assert prefs.registry.entry("2.1.0").noted == Noted()
    assert prefs.plan_migration().warnings == ()


def test_the_matrix_is_computed_and_somebody_may_know_better(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    registry = prefs.registry
    assert [(one.older, one.newer, one.verdict) for one in registry.matrix("2.0.0")] == [
        ("1.0.0", "2.0.0", "incompatible"),
        ("2.0.0", "2.1.0", "compatible"),
    ]
    assert registry.compatibility("2.0.0", "1.0.0") == registry.compatibility("1.0.0", "2.0.0")
    prefs.apply(registry.plan_verdict("1.0.0", "2.0.0", "compatible", reason="a is below 9"))
    pair = prefs.registry.compatibility("1.0.0", "2.0.0")
    assert (pair.verdict, pair.computed) == ("compatible", "incompatible")
    assert pair.said is not None
    assert (pair.said.reason, pair.said.by) == ("a is below 9", prefs.actor)
    prefs.apply(prefs.registry.plan_verdict("1.0.0", "2.0.0", None, reason=""))
    assert prefs.registry.compatibility("1.0.0", "2.0.0").said is None


def test_bad_sayings_are_refused(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    registry = prefs.registry
    with pytest.raises(NotFound, match="no schema version 9"):
        registry.plan_note("9.0.0", name="x")
    with pytest.raises(InvalidSchema, match="range"):
        registry.plan_note("2.0.0", minimum_application=">>1")
    with pytest.raises(InvalidSchema, match="metadata"):
        registry.plan_note("2.0.0", metadata={"x": object()})
    with pytest.raises(InvalidSchema, match="needs a reason"):
        registry.plan_verdict("1.0.0", "2.0.0", "compatible", reason=" ")
    with pytest.raises(InvalidSchema, match="is not above"):
        registry.plan_verdict("2.0.0", "1.0.0", "compatible", reason="x")
    with pytest.raises(InvalidSchema, match="no verdict"):
        registry.plan_verdict("1.0.0", "2.0.0", "fine", reason="x")


def test_two_who_speak_at_once_do_not_overwrite_each_other(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    one = prefs.registry.plan_note("2.0.0", name="one")
    other = prefs.registry.plan_note("2.0.0", name="other")
    prefs.apply(one)
    with pytest.raises(ConflictError, match="somebody else"):
        prefs.apply(other)
    assert prefs.registry.entry("2.0.0").noted.name == "one"


def test_facts_that_are_none_of_ours_are_named(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    with pytest.raises(InvalidSchema, match="'colour'"):
        Noted.from_facts({"colour": "red"})
    with pytest.raises(InvalidSchema, match="no object"):
        Noted.from_facts({"verdicts": [1]})
    with pytest.raises(InvalidSchema, match="damaged"):
        Noted.from_facts({"verdicts": {"1.0.0": {"verdict": "compatible"}}})


# --------------------------------------------------------------------------- the command line


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    snapshots = Snapshots(tmp_path / "schemas", "acme")
    snapshots.write(V1)
    shell.run("init", "--app", "acme", "--store", "p.db", "--schemas", "schemas")
    shell.run("set", "a=5", "old=x", "--user", "kim")
    for one in (V2, V3):
        snapshots.write(one)
    return shell


def test_schema_status_at_the_command_line(shell: Shell) -> None:
    out = shell.run("schema", "status").out
    assert out.splitlines()[:2] == ["in force  1.0.0", "latest    2.1.0"]
    told = shell.run("schema", "status", "--json").json
    assert (told["current"], told["is_latest"], told["entries"]) == ("1.0.0", False, 2)


def test_what_is_said_of_a_version_is_taken_back_by_its_own_verb_and_not_by_undo(
    prefs: Preferences,  # type: ignore[type-arg]  # no class
) -> None:
    registry = prefs.registry
    said: dict[str, tuple[Callable[[], Plan], str]] = {
        "note": (lambda: registry.plan_note("2.0.0", name="two"), "schema note"),
        "deprecate": (lambda: registry.plan_deprecate("2.0.0"), "deprecate VERSION --undo"),
        "verdict": (
            lambda: registry.plan_verdict("1.0.0", "2.0.0", "compatible", reason="tried"),
            "verdict OLDER NEWER computed",
        ),
    }
    for kind, (plan, way) in said.items():
        made = prefs.apply(plan())
        assert made is not None
        assert made.kind == kind
        with pytest.raises(PolicyRefused, match=f"changed no value.*{way}") as caught:
            prefs.plan_undo(made.id)
        assert (caught.value.exit_code, caught.value.kind) == (17, kind)
    assert prefs.registry.entry("2.0.0").noted.is_deprecated
    undone = prefs.apply(prefs.plan_undo())
    assert undone is not None
    assert undone.changes == 1, "undo without an id passes over them"


def test_schema_note_deprecate_and_list_at_the_command_line(shell: Shell) -> None:
    shell.run("schema", "note", "1.0.0", "--name", "Spring", "--meta", "team=core")
    shell.run("schema", "deprecate", "2.0.0", "--notice", "use 2.1.0", "--reason", "bug 12")
    listed = shell.run("schema", "list").out.splitlines()
    assert listed[0].split(None, 2) == ["→", "1.0.0", 'in force, "Spring"']
    assert listed[1].split(None, 1) == ["2.0.0", "registered, deprecated, use 2.1.0"]
    rows = shell.run("schema", "list", "--json").json
    assert (rows[0]["name"], rows[0]["metadata"]) == ("Spring", {"team": "core"})
    assert rows[1]["notice"] == "use 2.1.0"
    shell.run("schema", "note", "1.0.0", "--meta", "team=")
    assert "metadata" not in shell.run("schema", "list", "--json").json[0]
    assert "nothing changed" in shell.run("schema", "note", "1.0.0", "--name", "Spring").err
    assert "say something" in shell.fails(2, "schema", "note", "1.0.0")
    assert "NAME=TEXT" in shell.fails(2, "schema", "note", "1.0.0", "--meta", "team")
    assert "leave out" in shell.fails(2, "schema", "deprecate", "2.0.0", "--undo", "--notice", "x")


def test_schema_matrix_and_verdict_at_the_command_line(shell: Shell) -> None:
    before = shell.run("schema", "matrix", "2.0.0").out.splitlines()
    assert before[0].split() == ["1.0.0", "→", "2.0.0", "incompatible", "a"]
    assert "needs a --reason" in shell.fails(2, "schema", "verdict", "1.0.0", "2.0.0", "compatible")
    words = ("schema", "verdict", "1.0.0", "2.0.0", "compatible", "--reason", "nobody is above 9")
    shell.run(*words, "--dry-run")
    assert shell.run("schema", "matrix", "2.0.0").out.splitlines() == before
    shell.run(*words)
    (row, _) = shell.run("schema", "matrix", "2.0.0", "--json").json
    assert (row["verdict"], row["computed"]) == ("compatible", "incompatible")
    assert row["said"]["reason"] == "nobody is above 9"


def test_schemas_that_a_changeset_registers_stand_under_one_name(prefs: Preferences) -> None:  # type: ignore[type-arg]  # no class
    prefs.apply(prefs.registry.plan_note("2.0.0", name="Spring"))
    (one,) = (one for one in prefs.log() if one.kind == "note")
    assert set(one.details) == {"version", "facts", "registered"}
    assert one.details["registered"] == {"2.0.0": V2.digest}
    assert registered_by(one) == {"2.0.0": V2.digest}
    before = attrs.evolve(one, details={"file": "x", "schema 2.0.0": V2.digest})
    assert registered_by(before) == {"2.0.0": V2.digest}
