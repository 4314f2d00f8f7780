"""A rollback to a version that calls a secret none: it stays sealed, and so does its export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell, acme

SECRET = "tokcanary"


@pytest.fixture
def below(tmp_path: Path) -> Shell:
    """A store at 1.0.0, where s is no secret, with one that 1.1.0 sealed."""
    shell = acme(tmp_path / "work")
    first = json.loads((shell.folder / "schemas/1.0.0.json").read_text("utf-8"))
    for version, fields in (("1.0.0", {}), ("1.1.0", {"sensitive": True})):
        first["preferences"]["name"] = {"shape": {"type": "string"}, **fields}
        shell.write(f"schemas/{version}.json", json.dumps({**first, "version": version}))
    shell.run("keys", "init")
    shell.write("in.json", json.dumps({"name": SECRET, "size": 13}))
    shell.run("import", "in.json", "--user", "kim", "--from-schema", "1.0.0")
    shell.run("migrate", "up")
    shell.run("migrate", "down")
    shell.run("export", "own.json")
    return shell


def _is_nowhere(shell: Shell, said: str) -> None:
    assert SECRET not in said
    assert SECRET not in (shell.folder / "own.json").read_text("utf-8")


def test_importing_ones_own_export_changes_nothing(below: Shell) -> None:
    before = below.dump()
    ran = below.run("import", "own.json")
    assert "nothing to change" in ran.out + ran.err or "2 unchanged" in ran.out + ran.err
    _is_nowhere(below, ran.out + ran.err)
    assert below.dump() == before


def test_what_was_taken_out_stays_out(below: Shell) -> None:
    below.run("unset", "name", "--user", "kim")
    ran = below.run("import", "own.json")
    _is_nowhere(below, ran.out + ran.err)
    assert [row["key"] for row in below.run("list", "--user=kim", "--json").json] == ["size"]


def test_a_conflict_does_not_tell_it(below: Shell) -> None:
    below.run("set", "name", "another", "--user", "kim")
    ran = below.ran("import", "own.json", "--base", "none")
    assert ran.code == 1
    _is_nowhere(below, ran.out + ran.err)
    below.run("import", "own.json", "--base", "none", "--merge", "theirs")
    listed = below.run("list", "--user=kim", "--json").out
    _is_nowhere(below, listed)
    assert below.run("get", "name", "--user=kim", "--reveal").out == f"{SECRET}\n"


def test_a_redacted_export_takes_nothing_out(below: Shell) -> None:
    below.ran("export", "own.json", "--redact")
    assert SECRET not in (below.folder / "own.json").read_text("utf-8")
    below.run("import", "own.json")
    assert below.run("get", "name", "--user=kim", "--reveal").out == f"{SECRET}\n"


def test_a_rollback_into_a_run_converts_secrets_as_the_run_did(tmp_path: Path) -> None:
    shell = acme(tmp_path / "work")
    first = json.loads((shell.folder / "schemas/1.0.0.json").read_text("utf-8"))
    first["preferences"]["pin"] = {"shape": {"type": "integer"}, "sensitive": True}
    shell.write("schemas/1.0.0.json", json.dumps(first))
    shell.run("keys", "init")
    shell.run("set", "pin", "-", "--user", "kim", stdin="5")
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        shell.write(f"schemas/{version}.json", json.dumps({**first, "version": version}))
    shell.write(
        "steps/ten.py",
        "from prefcore import Step, convert\n"
        'step = Step("1.1.0", "1.2.0", convert("pin", scale=10))',
    )
    shell.run("migrate", "up")
    for version, value in (("1.2.0", "50"), ("1.1.0", "5"), ("1.0.0", "5")):
        shell.run("migrate", "down", "--to", version)
        assert shell.run("get", "pin", "--user=kim", "--reveal").out == f"{value}\n"
    assert '"$sealed"' in shell.run("export").out


def test_a_plan_that_seals_under_a_key_of_its_own_can_be_carried_out(tmp_path: Path) -> None:
    shell = acme(tmp_path / "work")
    shell.run("keys", "init")
    shell.run("set", "name", SECRET, "--user", "kim")
    first = json.loads((shell.folder / "schemas/1.0.0.json").read_text("utf-8"))
    first["preferences"]["token"] = {"shape": {"type": "string"}, "sensitive": True}
    shell.write("schemas/1.1.0.json", json.dumps({**first, "version": "1.1.0"}))
    shell.write(
        "steps/copy.py",
        "from prefcore import Step, python\n\n\ndef up(held):\n"
        "    return {'token': held['name'], 'name': held['name']}\n\n\n"
        "step = Step('1.0.0', '1.1.0', python(up, reads=['name'], writes=['token', 'name']))\n",
    )
    digest = shell.run("migrate", "plan", "--json").json["digest"]
    shell.run("migrate", "up", "--plan", digest)
    assert shell.run("get", "token", "--user=kim", "--reveal").out == f"{SECRET}\n"
