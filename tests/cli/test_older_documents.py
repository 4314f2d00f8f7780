"""Exports and backups of an older version: what comes back on the way is not lost with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, acme, write_schema


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Values of bo at 1.0.0; 2.0.0 gives up the key old, and 3.0.0 declares it again."""
    made = acme(tmp_path / "work")
    toml = (made.folder / "prefcore.toml").read_text("utf-8")
    made.write("prefcore.toml", toml + '\n[targets.nightly]\nurl = "file:backups"\n')
    made.run("set", "size=13", "theme=grey", "old=x", "--user", "bo")
    return made


def _released(shell: Shell, *, again: bool) -> None:
    write_schema(shell, "2.0.0")
    shell.write("steps/two.py", STEP)
    if again:
        first = json.loads((shell.folder / "schemas/1.0.0.json").read_text("utf-8"))
        shell.write("schemas/3.0.0.json", json.dumps({**first, "version": "3.0.0"}))


def _held(shell: Shell) -> dict[str, object]:
    return {row["key"]: row["value"] for row in shell.run("list", "--user=bo", "--json").json}


def test_restoring_an_older_backup_keeps_what_migrating_keeps(shell: Shell) -> None:
    shell.run("backup", "create")
    _released(shell, again=True)
    shell.run("migrate", "up")
    assert _held(shell) == {"size": 13, "theme": "dark", "old": "x"}
    assert "  3 unchanged\n" in shell.run("backup", "restore", "latest", "--dry-run").out
    shell.run("unset", "old", "--user", "bo")
    shell.run("backup", "restore", "latest", "--key", "old")
    assert _held(shell)["old"] == "x"


def test_importing_an_older_document_keeps_what_migrating_keeps(shell: Shell) -> None:
    shell.run("export", "old.json")
    _released(shell, again=True)
    shell.run("migrate", "up")
    shell.run("unset", "old", "size", "--user", "bo")
    said = shell.run("import", "old.json", "--base", "none").err
    assert "given up" not in said
    assert _held(shell) == {"size": 13, "theme": "dark", "old": "x"}


@pytest.mark.parametrize(
    "words",
    [
        ("import", "old.json", "--base", "none", "--dry-run"),
        ("backup", "restore", "latest", "--dry-run"),
    ],
    ids=["import", "restore"],
)
def test_what_steps_give_up_of_a_document_is_told(shell: Shell, words: tuple[str, ...]) -> None:
    shell.run("export", "old.json")
    shell.run("backup", "create")
    _released(shell, again=False)
    shell.run("migrate", "up")
    ran = shell.run(*words)
    said = "old: given up by the steps to 2.0.0, and left out"
    assert said in ran.out + ran.err


def test_what_a_restore_keeps_undeclared_is_told(shell: Shell) -> None:
    write_schema(shell, "1.1.0")
    first = json.loads((shell.folder / "schemas/1.1.0.json").read_text("utf-8"))
    first["preferences"]["new"] = {"shape": {"type": "integer"}}
    shell.write("schemas/1.1.0.json", json.dumps(first))
    shell.run("migrate", "up")
    shell.run("set", "new=5", "--user", "bo")
    shell.run("backup", "create")
    shell.run("migrate", "down")
    ran = shell.run("backup", "restore", "latest")
    said = "new: schema 1.0.0 declares no such key; what the backup holds of it is kept"
    assert said in ran.out + ran.err
    shell.run("migrate", "up")
    assert _held(shell)["new"] == 5
