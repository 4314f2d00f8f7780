"""Steps that were applied and are others by now (M06): told by status, validate and doctor."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, acme, write_schema

_COMPUTED = """
from prefcore.migration import Step, convert, remove

def dark(value):
    return {body}

step = Step("1.0.0", "2.0.0", remove("old"), convert("theme", up=dark))
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = acme(tmp_path / "work")
    shell.run("set", "theme=grey", "old=thing", "--user", "bo")
    write_schema(shell, "2.0.0")
    return shell


def _told(shell: Shell) -> list[tuple[str, str]]:
    """Give severity and message of each changed step, once all three verbs agree on them."""
    steps = shell.run("migrate", "status", "--json").json["steps"]
    found = [(one["severity"], one["message"]) for one in steps]
    is_error = any(severity == "error" for severity, _ in found)
    validated = shell.run("validate", "--json", code=int(is_error))
    assert validated.json["steps"] == steps
    text = shell.run("validate", code=int(is_error))
    assert ("changed since\n" in text.err) == bool(found)
    status = shell.run("migrate", "status").out
    looked = shell.run("doctor", "--json", code=int(is_error)).json
    states = {"error": "fail", "warning": "warn"}
    for severity, message in found:
        assert message in (text.out if severity == "error" else text.err)
        assert f"{severity}: {message}" in status
        assert {"state": states[severity], "check": "migrations", "message": message}.items() <= {
            key: value for one in looked if one["message"] == message for key, value in one.items()
        }.items()
    return found


def test_other_operations_are_an_error_until_they_are_put_back(shell: Shell) -> None:
    shell.write("steps/two.py", STEP)
    shell.run("migrate", "up")
    by = shell.run("history", "--json").json[0]["id"][:8]
    assert _told(shell) == []
    shell.write("steps/two.py", STEP.replace('"grey": "dark"', '"grey": "light"'))
    ((severity, message),) = _told(shell)
    assert severity == "error"
    assert message.startswith(
        f"M06: the step 1.0.0 → 2.0.0 was applied by changeset {by} with other operations than it "
        "has now ("
    )
    assert message.endswith("two.py); put it back as it was, and write a step to a newer version "
                            "for what changes")  # fmt: skip
    shell.write("steps/two.py", "# a comment\n" + STEP.replace("tidy", "tidied"))
    assert _told(shell) == []


def test_another_source_of_a_function_is_a_warning(shell: Shell) -> None:
    shell.write("steps/two.py", _COMPUTED.format(body="'dark'"))
    shell.run("migrate", "up")
    assert _told(shell) == []
    shell.write("steps/two.py", _COMPUTED.format(body="'da' + 'rk'"))
    ((severity, message),) = _told(shell)
    assert severity == "warning"
    assert "the source of its functions changed since; see that it does the same" in message


def test_a_step_that_is_gone_is_a_warning(shell: Shell) -> None:
    shell.write("steps/two.py", STEP)
    shell.run("migrate", "up")
    (shell.folder / "steps" / "two.py").unlink()
    ((severity, message),) = _told(shell)
    assert severity == "warning"
    assert "is not there any more: edits cannot be taken back through it; put it back" in message


def test_a_step_that_was_taken_back_may_change(shell: Shell) -> None:
    shell.write("steps/two.py", STEP)
    shell.run("migrate", "up")
    shell.run("migrate", "down")
    shell.write("steps/two.py", STEP.replace('"grey": "dark"', '"grey": "light"'))
    assert _told(shell) == []
    shell.run("migrate", "up")
    assert _told(shell) == []
    assert shell.run("get", "theme", "--user", "bo").out == "light\n"


def test_of_a_run_that_was_taken_back_in_part_the_rest_counts(shell: Shell) -> None:
    write_schema(shell, "3.0.0")
    third = STEP.replace('"1.0.0", "2.0.0", remove("old"), ', '"2.0.0", "3.0.0", ')
    shell.write("steps/two.py", STEP)
    shell.write("steps/three.py", third)
    shell.run("migrate", "up")
    shell.run("migrate", "down", "--to", "2.0.0")
    shell.write("steps/three.py", third.replace('"grey": "dark"', '"grey": "light"'))
    assert _told(shell) == []
    shell.write("steps/two.py", STEP.replace('"grey": "dark"', '"grey": "light"'))
    assert [severity for severity, _ in _told(shell)] == ["error"]


def test_steps_that_may_not_be_read_are_told_of(shell: Shell) -> None:
    shell.write("steps/two.py", STEP)
    shell.run("migrate", "up")
    (shell.folder / "steps" / "two.py").chmod(0o666)
    for words in (("validate",), ("migrate", "status")):
        told = shell.run(*words).err
        assert (
            "warning: the steps that were applied are not compared: the migration steps in" in told
        )
