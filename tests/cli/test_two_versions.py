"""Two machines at two versions merge: what one of them cannot hold, it has not taken out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, acme, write_schema


def _machine(folder: Path) -> Shell:
    folder.mkdir()
    return acme(folder / "work")


def _upgraded(shell: Shell) -> None:
    write_schema(shell, "2.0.0")
    newer = json.loads((shell.folder / "schemas/2.0.0.json").read_text("utf-8"))
    newer["preferences"]["new"] = {"shape": {"type": "integer"}}
    shell.write("schemas/2.0.0.json", json.dumps(newer))
    shell.write("steps/two.py", STEP)


def _held(shell: Shell) -> dict[str, object]:
    return {row["key"]: row["value"] for row in shell.run("list", "--user=bo", "--json").json}


@pytest.mark.parametrize("edited", [False, True], ids=["", "edited meanwhile"])
def test_a_newer_machine_gives_up_nothing_of_an_older_one(tmp_path: Path, edited: bool) -> None:
    older, newer = _machine(tmp_path / "a"), _machine(tmp_path / "b")
    older.run("set", "old=precious", "size=13", "--user", "bo")
    older.run("export", "a.json")
    newer.run("import", str(older.folder / "a.json"))
    for shell in (older, newer):
        _upgraded(shell)
    newer.run("migrate", "up")
    newer.run("set", "size=20", "--user", "bo")
    newer.run("export", "b.json")
    if edited:
        older.run("set", "old=other", "--user", "bo")
    older.run("import", str(newer.folder / "b.json"))
    assert _held(older) == {"old": "other" if edited else "precious", "size": 20}


def test_an_older_machine_takes_nothing_out_of_a_newer_one(tmp_path: Path) -> None:
    newer, older = _machine(tmp_path / "a"), _machine(tmp_path / "b")
    for shell in (newer, older):
        _upgraded(shell)
    newer.run("set", "new=5", "size=13", "--user", "bo")
    newer.run("export", "a.json")
    older.run("import", str(newer.folder / "a.json"))
    older.run("migrate", "down", "--to", "1.0.0")
    older.run("set", "size=20", "--user", "bo")
    older.run("export", "b.json")
    newer.run("import", str(older.folder / "b.json"))
    assert _held(newer) == {"new": 5, "size": 20}
