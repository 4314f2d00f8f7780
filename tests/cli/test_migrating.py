"""migrate and schema: look first, go up, come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, acme, write_schema


@pytest.fixture
def older(tmp_path: Path) -> Shell:
    """A store at 1.0.0 with two values of bo, and 2.0.0 with its step."""
    shell = acme(tmp_path / "work")
    shell.run("set", "old=x", "theme=grey", "size=13", "--user", "bo")
    write_schema(shell, "2.0.0")
    shell.write("steps/up.py", STEP)
    return shell


def _held(shell: Shell) -> dict[str, object]:
    return {row["key"]: row["value"] for row in shell.run("list", "--user=bo", "--json").json}


def test_up_and_down_bring_every_value_back(older: Shell) -> None:
    before = _held(older)
    ran = older.run("migrate", "up")
    assert "step 1.0.0 → 2.0.0: tidy" in ran.out
    assert '- old    "x"' in ran.out
    assert '~ theme  "grey" → "dark"' in ran.out
    assert "1 changed, 1 removed" in ran.out
    assert "take it back with: prefcore migrate down --to 1.0.0" in ran.err
    assert _held(older) == {"theme": "dark", "size": 13}
    older.run("set", "size", "20", "--user", "bo")
    older.run("migrate", "down")
    assert _held(older) == {**before, "size": 20}


def test_down_takes_back_one_migration_after_the_other(older: Shell) -> None:
    write_schema(older, "2.1.0")
    before = _held(older)
    older.run("migrate", "up", "--to", "2.0.0")
    older.run("migrate", "up")
    for version in ("2.0.0", "1.0.0"):
        older.run("migrate", "down")
        assert older.run("migrate", "status", "--json").json["version"] == version
    assert _held(older) == before
    older.run("migrate", "up")
    older.run("migrate", "down")
    message = older.fails(2, "migrate", "down")
    assert "there is no migration up to take back; say where to go with --to VERSION" in message


def test_a_dry_run_and_a_plan_change_nothing(older: Shell) -> None:
    before = older.dump()
    plan = older.run("migrate", "plan", "--json").json
    assert plan["counts"] == {"change": 1, "remove": 1}
    assert older.run("migrate", "up", "--dry-run").out.startswith("would migrate up 1.0.0 → 2.0.0")
    assert older.dump() == before


def test_a_plan_is_carried_out_only_while_it_holds(older: Shell) -> None:
    digest = older.run("migrate", "plan", "--json").json["digest"]
    older.run("set", "theme", "light", "--user", "bo")
    before = older.dump()
    assert "the plan is another by now" in older.fails(1, "migrate", "up", "--plan", digest)
    assert older.dump() == before
    digest = older.run("migrate", "plan", "--json").json["digest"]
    older.run("migrate", "up", "--plan", digest[:23])


@pytest.mark.parametrize(
    ("before", "state", "command"),
    [
        ((), "required", "prefcore migrate up"),
        ((("unset", "old", "theme", "--user", "bo"),), "optional", "prefcore migrate up"),
        ((("migrate", "up"),), "none", ""),
    ],
    ids=["required", "optional", "none"],
)
def test_status_says_what_is_due_and_what_to_run(
    older: Shell, before: tuple[tuple[str, ...], ...], state: str, command: str
) -> None:
    for words in before:
        older.run(*words)
    status = older.run("migrate", "status", "--json").json
    assert (status["state"], status["command"]) == (state, command)
    assert f"migration: {state}" in older.run("migrate", "status").out


def test_status_of_a_store_that_is_newer_or_empty_or_stuck(older: Shell, tmp_path: Path) -> None:
    assert (
        acme(tmp_path / "new")
        .run("migrate", "status")
        .out.endswith("migration: none (nothing is stored yet)\n")
    )
    (older.folder / "steps/up.py").unlink()
    assert "required (but not possible: " in older.run("migrate", "status").out
    older.write("steps/up.py", STEP)
    older.run("migrate", "up")
    (older.folder / "schemas/2.0.0.json").unlink()
    assert "prefcore migrate down --to 1.0.0" in older.run("migrate", "status").out


def test_an_edit_that_the_older_schema_refuses_is_a_conflict(tmp_path: Path) -> None:
    shell = acme(tmp_path / "work")
    shell.run("set", "theme", "grey", "--user", "bo")
    write_schema(shell, "2.0.0")
    path = shell.folder / "schemas/2.0.0.json"
    path.write_text(path.read_text().replace('"enum": ["light"', '"enum": ["blue", "light"'))
    shell.write("steps/up.py", STEP)
    shell.run("migrate", "up")
    shell.run("set", "theme", "blue", "--user", "bo")
    before = shell.dump()
    ran = shell.run("migrate", "down", code=1)
    assert '? user/bo theme: before the upgrade "grey", now "blue"' in ran.out
    assert "--take before" in ran.err
    assert shell.dump() == before
    shell.run("migrate", "down", "--take", "before")
    assert shell.run("get", "theme", "--user", "bo").out == "grey\n"


def test_the_wrong_direction_names_the_right_one(older: Shell) -> None:
    assert "migrate up --to 2.0.0" in older.fails(2, "migrate", "down", "--to", "2.0.0")
    older.run("migrate", "up")
    assert "migrate down --to 1.0.0" in older.fails(2, "migrate", "up", "--to", "1.0.0")
    assert older.run("migrate", "up").err == "already at 2.0.0: nothing to do\n"
    older.run("migrate", "down")
    assert "say where to go with --to" in older.fails(2, "migrate", "down")


def test_undo_of_a_migration_migrates_back(older: Shell) -> None:
    before = _held(older)
    older.run("migrate", "up")
    older.run("undo")
    assert _held(older) == before
    assert older.run("schema", "list", "--json").json[0]["in_force"] is True


def test_safety_copies_are_listed_and_put_back(older: Shell) -> None:
    before = _held(older)
    assert "no safety copy" in older.run("migrate", "copies").err
    older.run("migrate", "up")
    (copy,) = older.run("migrate", "copies", "--json").json
    assert "before migrate up" in copy["reason"]
    assert "confirm with --yes" in older.fails(2, "migrate", "recover", copy["id"])
    older.run("migrate", "recover", copy["id"], "--dry-run")
    assert _held(older) != before
    older.run("migrate", "recover", copy["id"], "--yes")
    assert _held(older) == before


def test_schema_list_show_and_register(older: Shell) -> None:
    listed = older.run("schema", "list").out.splitlines()
    assert [line.split() for line in listed] == [["→", "1.0.0", "in", "force"], ["2.0.0"]]
    assert "acme 2.0.0, 11 preferences" in older.run("schema", "show", "2.0.0").out
    assert older.run("schema", "show", "--json").json["version"] == "1.0.0"
    before = older.dump()
    older.run("schema", "register", "2.0.0", "--dry-run")
    assert older.dump() == before
    older.run("schema", "register", "schemas/2.0.0.json")
    assert older.run("schema", "list", "--json").json[1]["registered"] is True
    assert "nothing changed" in older.run("schema", "register", "2.0.0").err
    write_schema(older, "2.0.0")
    path = older.folder / "schemas/2.0.0.json"
    path.write_text(path.read_text().replace("72", "73"))
    assert "another content" in older.fails(5, "schema", "show", "2.0.0")


def test_a_schema_class_and_a_steps_module_beside_the_file_work(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    shell = Shell(tmp_path / "work")
    shell.write(
        "acme_settings.py",
        "from prefcore import Schema, Step\n"
        'class Settings(Schema, app="acme", version="1.0.0"):\n'
        "    size: int = 12\n"
        "steps = [Step('1.0.0', '1.1.0')]\n",
    )
    shell.run(
        "init", "--app=acme", "--schemas=acme_settings:Settings", "--migrations=acme_settings.x",
        "--store=prefs.db",
    )  # fmt: skip
    shell.process("set", "size", "14", "--user", "bo")
    assert shell.process("get", "size", "--user", "bo").out == "14\n"
