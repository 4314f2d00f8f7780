"""set, unset, undo and history."""

from __future__ import annotations

import os
import pty
import subprocess

import pytest

from tests.cli.shell import PREFCORE, Shell, ended


def test_set_says_in_one_line_what_happened(shell: Shell) -> None:
    ran = shell.run("set", "size", "13", "--user", "bo")
    assert ran.out == ""
    id = shell.run("history", "--json").json[0]["id"]
    assert ran.err == f"set size for user/bo (changeset {id[:8]})\n"
    again = shell.run("set", "size", "13", "--user", "bo")
    assert again.err == "size for user/bo: so already, nothing changed\n"
    assert shell.run("set", "size", "14", "--user", "bo", "-q").err == ""
    told = shell.run("set", "size", "15", "--user", "bo", "--json").json
    assert (told["set"], told["keys"]) == ("user/bo", ["size"])


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (("ratio", "-0.5"), "ratio", -0.5),
        (("ratio=-5",), "ratio", -5),
        (("tags", '["a=b"]'), "tags", ["a=b"]),
        (("name", "a=b"), "name", "a=b"),
        (("name", "12"), "name", "12"),
        (("name", ""), "name", ""),
        (("size=13", "name=x=y"), "name", "x=y"),
    ],
    ids=["negative", "negative pair", "list", "equals sign", "digits as text", "empty", "pairs"],
)
def test_values_are_read_by_the_declared_type(
    shell: Shell, words: tuple[str, ...], key: str, value: object
) -> None:
    shell.run("set", *words, "--user", "bo")
    assert shell.run("get", key, "--user", "bo", "--json").json["value"] == value


@pytest.mark.parametrize("text", ["Bo", "Bo\n", "Bo\r\n"], ids=["bare", "line", "crlf"])
def test_a_dash_reads_the_standard_input_less_one_line_end(shell: Shell, text: str) -> None:
    shell.run("set", "name", "-", "--user", "bo", stdin=text)
    assert shell.run("get", "name", "--user", "bo").out == "Bo\n"


def test_several_values_are_set_together_or_not_at_all(shell: Shell) -> None:
    before = shell.dump()
    shell.fails(5, "set", "size=13", "theme=pink", "--user", "bo")
    assert shell.dump() == before
    shell.run("set", "size=13", "theme=dark", "--user", "bo")
    assert len(shell.run("history", "--json").json) == 1


def test_a_dry_run_shows_the_change_and_makes_none(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    before = shell.dump()
    told = shell.run("set", "size=14", "name=Bo", "--user", "bo", "--dry-run").out
    assert "~ size  13 → 14" in told
    assert '+ name  "Bo"' in told
    plan = shell.run("unset", "size", "--user", "bo", "--dry-run", "--json").json
    assert (plan["applied"], plan["counts"]) == (False, {"remove": 1})
    shell.run("undo", "--dry-run")
    assert shell.dump() == before


def test_unset_lets_the_default_hold_again(shell: Shell) -> None:
    shell.run("set", "size=13", "name=Bo", "--user", "bo")
    shell.run("unset", "size", "name", "--user", "bo", "--reason", "new start")
    assert shell.run("get", "size", "--user", "bo").out == "12\n"
    assert "not set, nothing changed" in shell.run("unset", "size", "--user", "bo").err
    assert "“new start”" in shell.run("history").out


def test_a_locked_value_of_the_system_is_told_of(shell: Shell) -> None:
    shell.run("set", "proxy", "corp", "--system")
    ran = shell.run("set", "proxy", "mine", "--user", "bo")
    assert "prefcore: warning: proxy: the system's value is locked" in ran.err
    assert shell.run("get", "proxy", "--user", "bo").out == "corp\n"


def test_history_tells_who_did_what_newest_first(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo", "--actor", "ann")
    shell.run("set", "size", "14", "--user", "bo", "--actor", "eve", "--reason", "bigger")
    lines = shell.run("history").out.splitlines()
    assert "eve  set  user/bo size: 13 → 14  “bigger”" in lines[0]
    assert "ann  set  user/bo size: unset → 13 (began at schema 1.0.0)" in lines[1]
    story = shell.run("history", "size", "--user", "bo", "--json").json
    assert [(one.get("before"), one["after"]) for one in story] == [(13, 14), (None, 13)]
    assert "before" not in story[1]
    assert shell.run("history", "-n", "1").err == "… and 1 older (-n 0 shows all)\n"
    id = story[0]["id"]
    assert shell.run("history", "--changeset", id[:6], "--json").json["changed"][0]["after"] == 14
    assert "was never set" in shell.run("history", "size", "--user", "al").err
    shell.fails(10, "history", "nix")
    shell.fails(10, "history", "--changeset", "nix")


def test_undo_takes_back_the_newest_and_can_be_undone(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    shell.run("set", "size", "14", "--user", "bo")
    shell.run("undo")
    assert shell.run("get", "size", "--user", "bo").out == "13\n"
    shell.run("undo")
    assert shell.run("get", "size", "--user", "bo").out == "14\n"


def test_undo_of_what_changed_again_is_a_conflict_and_changes_nothing(shell: Shell) -> None:
    shell.run("set", "size=13", "name=Bo", "--user", "bo")
    first = shell.run("history", "--json").json[0]["id"]
    shell.run("set", "size", "14", "--user", "bo")
    before = shell.dump()
    assert "changed again since" in shell.fails(1, "undo", first)
    assert shell.dump() == before
    shell.run("undo", first[:8], "--skip-conflicts")
    assert shell.run("get", "size", "--user", "bo").out == "14\n"
    shell.fails(10, "get", "name", "--user", "bo")


def test_nothing_to_undo_exits_with_10(shell: Shell) -> None:
    assert shell.fails(10, "undo") == "there is nothing to undo: the history holds no change"


def test_a_missing_value_is_asked_for_on_a_terminal_only(shell: Shell) -> None:
    assert "no value is given" in shell.fails(2, "set", "name", "--user", "bo")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PREFCORE, "set", "name", "--user", "bo"],
        stdin=theirs,
        stderr=subprocess.PIPE,
        cwd=shell.folder,
        env=shell.environ,
    ) as child:
        os.write(ours, b"Bo\n")
        err = ended(child)
    os.close(ours)
    os.close(theirs)
    assert child.returncode == 0, err
    assert b"name for user/bo" in err
    assert shell.run("get", "name", "--user", "bo").out == "Bo\n"


def test_undo_passes_over_acts_that_change_no_value(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    shell.run("schema", "note", "1.0.0", "--name", "Spring")
    shell.run("undo")
    assert shell.run("get", "size", "--user", "bo").out == "12\n"


def test_a_value_that_was_set_is_no_failure_where_the_schema_was_edited(shell: Shell) -> None:
    shell.run("set", "size=13", "--user", "bo")
    path = shell.folder / "schemas" / "1.0.0.json"
    path.write_text(path.read_text().replace("What to call you.", "Your name."))
    said = shell.run("set", "size=14", "--user", "bo").err
    assert said.startswith("set size for user/bo")
    assert "warning: whether that value holds could not be looked up: acme 1.0.0 is" in said
    shell.write("schemas/1.0.0.json", path.read_text().replace("Your name.", "What to call you."))
    assert shell.run("get", "size", "--user", "bo").out == "14\n"
