"""Stores at another version than the configured schemas, and stores that can only be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, acme, write_schema


@pytest.fixture
def older(tmp_path: Path) -> Shell:
    """A store at 1.0.0 with bo's values, in a folder whose schemas end at 2.0.0."""
    shell = acme(tmp_path / "work")
    shell.run("set", "theme=grey", "old=thing", "size=13", "--user", "bo")
    write_schema(shell, "2.0.0")
    shell.write("steps/two.py", STEP)
    return shell


@pytest.fixture
def newer(older: Shell) -> Shell:
    """The same store at 2.0.0, in a folder whose schemas end at 1.0.0."""
    older.run("migrate", "up")
    (older.folder / "schemas" / "2.0.0.json").unlink()
    return older


_TOLD = "acme is at schema 1.0.0; it is read at 2.0.0 through the migration steps in memory"


@pytest.mark.parametrize(
    ("words", "said", "unsaid"),
    [
        (("get", "theme", "--user", "bo"), "dark\n", "grey"),
        (("list", "--user", "bo"), 'theme  "dark"', "old"),
        (("explain", "theme", "--user", "bo"), "the steps 1.0.0 → 2.0.0, in memory", "grey"),
        (("export",), '"schema": "2.0.0"', "grey"),
        (("validate",), "2 values checked against 2.0.0: all valid", "old"),
        (("describe", "theme"), "dark", "grey"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_an_older_store_for_reading_is_read_through_the_steps(
    older: Shell, words: tuple[str, ...], said: str, unsaid: str
) -> None:
    before = older.dump()
    ran = older.run(*words, "--read-only")
    assert said in ran.out + ran.err
    assert unsaid not in ran.out
    assert ran.err.count(_TOLD) == 1
    assert older.dump() == before
    stored = older.run(*words)  # one that can be written is told as it is stored
    assert _TOLD not in stored.err


def test_what_the_steps_take_away_is_unknown_there(older: Shell) -> None:
    message = older.fails(10, "get", "old", "--user", "bo", "--read-only")
    assert "acme 2.0.0 has no preference 'old'" in message
    assert older.run("get", "old", "--user", "bo").out == "thing\n"


def test_where_the_steps_cannot_be_had_it_is_read_as_stored(older: Shell) -> None:
    (older.folder / "steps" / "two.py").chmod(0o666)
    ran = older.run("get", "theme", "--user", "bo", "--read-only")
    assert ran.out == "grey\n"
    assert "warning: acme is read at 1.0.0, as it is stored: the migration steps in" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("set", "size=20"),
        ("unset", "size", "--user", "bo"),
        ("undo",),
        ("migrate", "up"),
        ("import", "in.json"),
    ],
    ids=" ".join,
)
def test_a_store_for_reading_is_planned_on_and_not_changed(
    older: Shell, words: tuple[str, ...]
) -> None:
    older.write("in.json", '{"size": 21}')
    before = older.dump()
    told = older.run(*words, "--dry-run", "--read-only")
    assert told.out.startswith("would ")
    message = older.fails(19, *words, "--read-only")
    assert message.endswith("prefs.db can only be read; nothing was changed")
    assert older.dump() == before
    assert older.run(*words, "--dry-run").out == told.out


def test_migrate_and_doctor_look_at_a_store_for_reading(older: Shell) -> None:
    assert "would migrate up 1.0.0 → 2.0.0" in older.run("migrate", "plan", "--read-only").out
    assert older.run("migrate", "status", "--json", "--read-only").json["state"] == "required"
    told = older.run("doctor", "--read-only").out
    assert "prefs.db can only be read; nothing can be changed" in told
    assert "1.0.0 in force, the configured schemas end at 2.0.0" in told


def test_nothing_is_made_for_reading(bare: Shell) -> None:
    message = bare.fails(10, "get", "a", "--app", "x", "--store", "none.db", "--read-only")
    assert "there is no store" in message
    assert not (bare.folder / "none.db").exists()


# ------------------------------------------------------------------------------------ newer


def test_a_newer_store_is_read_and_its_values_are_not_changed(newer: Shell) -> None:
    assert newer.run("get", "theme", "--user", "bo").out == "dark\n"
    listed = newer.run("list", "--user", "bo")
    assert 'theme  "dark"' in listed.out
    assert listed.err == (
        "prefcore: warning: acme is at 2.0.0, newer than 1.0.0, the newest schema configured: all "
        "of it can be read, and changes are refused\n"
    )
    assert '"schema": "2.0.0"' in newer.run("export").out
    assert "against 2.0.0: all valid" in newer.run("validate").err
    newer.write("in.json", '{"size": 21}')
    before = newer.dump()
    for words in (
        ("set", "size=20"),
        ("set", "size=20", "--dry-run"),
        ("unset", "size", "--user", "bo"),
        ("import", "in.json"),
        ("import", "in.json", "--dry-run"),
    ):
        message = newer.fails(16, *words)
        assert "acme is at schema 2.0.0, newer than 1.0.0, the newest known here" in message
    assert newer.dump() == before


def test_a_newer_store_is_told_of_and_can_be_migrated_back(newer: Shell) -> None:
    told = newer.run("doctor").out
    assert "2.0.0 in force, newer than 1.0.0, the newest configured" in told
    assert "prefcore migrate down --to 1.0.0" in told
    assert "the store is newer than the schemas here" in newer.run("migrate", "status").out
    newer.run("migrate", "down", "--to", "1.0.0")
    assert newer.run("get", "theme", "--user", "bo").out == "grey\n"
    newer.run("set", "size=20")


def test_a_secret_is_revealed_under_the_name_it_is_shown_by(tmp_path: Path) -> None:
    shell = acme(tmp_path / "work")
    shell.run("keys", "init")
    shell.run("set", "secret.key", "-", "--user", "bo", stdin="psst")
    document = json.loads((shell.folder / "schemas" / "1.0.0.json").read_text("utf-8"))
    document["preferences"]["secret.new"] = document["preferences"].pop("secret.key")
    shell.write("schemas/2.0.0.json", json.dumps({**document, "version": "2.0.0"}))
    operation = 'rename("secret.key", "secret.new")'
    step = f'Step("1.0.0", "2.0.0", {operation})'
    shell.write("steps/two.py", f"from prefcore.migration import Step, rename\nstep = {step}\n")
    told = shell.run("get", "secret.new", "--user", "bo", "--reveal", "--read-only")
    assert told.out == "psst\n"
    assert told.err.count(_TOLD) == 1
