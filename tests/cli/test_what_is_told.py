"""What is told beside what was asked for: of names that there are not, and in whose words."""

from __future__ import annotations

import json
import sqlite3

import pytest

from prefcore.builtin.sqlite_store.connection import translated
from prefcore.errors import NoSpace
from tests.cli.shell import STEP, Shell, write_schema


def test_a_verdict_on_a_key_that_nobody_declares_says_so(shell: Shell) -> None:
    ran = shell.run("access", "check", "read", "sise")
    assert ran.out.startswith("allowed: ")
    assert "acme 1.0.0 has no preference 'sise'; did you mean 'size'?; what follows" in ran.err
    assert shell.run("access", "check", "read", "size").err == ""


def test_a_backup_that_there_is_not_is_an_error(shell: Shell) -> None:
    shell.run("set", "size=13")
    target = f"--target=file://{shell.folder}/target"
    (shell.folder / "target").mkdir()
    shell.run("backup", "create", target)
    for ids in (("zz",), ("latest", "zz")):
        ran = shell.run("backup", "verify", *ids, target, code=10)
        assert (ran.out, ran.err.count("no backup begins with 'zz'")) == ("", 1)
    (backup,) = shell.run("backup", "list", target, "--json").json["backups"]
    (shell.folder / "target" / backup["document"]["name"]).unlink()
    ran = shell.run("backup", "verify", target, code=13)  # it is there, and is told as a result
    assert (ran.out.startswith("fail  "), ran.err) == (True, "")


def test_of_an_application_that_nobody_has_the_others_are_told(shell: Shell) -> None:
    shell.run("set", "size=13")
    config = shell.folder / "prefcore.toml"
    text = config.read_text()
    config.write_text(text.replace("schemas", "#", 1))
    assert "(it holds acme)" in shell.fails(10, "--app", "other", "list")
    schema = (shell.folder / "schemas/1.0.0.json").read_text()
    shell.write("others/1.0.0.json", schema.replace('"acme"', '"other"'))
    config.write_text(text.replace('schemas = "schemas"', 'schemas = "others"'))
    ran = shell.run("--app", "other", "list")
    assert ran.err == "nothing is set: the store holds nothing of other, but of acme\n"


def test_sets_that_are_the_same_are_told_where_they_are_empty(shell: Shell) -> None:
    told = "user:nobody and user:no hold the same: nothing\n"
    assert shell.run("diff", "user:nobody", "user:no").err == told
    shell.run("set", "size=13", "--user", "a")
    shell.run("set", "size=13", "--user", "b")
    assert shell.run("diff", "user:a", "user:b").err == "user:a and user:b hold the same\n"
    ran = shell.run("diff", "user:nobody", "user:a", code=1)
    assert (ran.out.splitlines()[0], ran.err) == ("user/nobody", "user:nobody holds nothing\n")
    told = "user:a and user:b hold the same: nothing, of what is selected\n"
    assert shell.run("diff", "user:a", "user:b", "--key", "theme").err == told


@pytest.mark.parametrize("value", ["no", "true"])
def test_what_a_hand_wrote_for_a_boolean_is_told_how_to_write(shell: Shell, value: str) -> None:
    shell.write("mine.json", json.dumps({"only.user": value}))
    said = shell.fails(5, "import", "mine.json")
    assert said.endswith(f'"{value}" is a string, not a boolean; write true or false')


def test_plans_are_called_what_was_asked_for(shell: Shell) -> None:
    shell.run("set", "size=13", "--user", "a")
    out = shell.run("template", "save", "t", "--user", "a").out
    assert out.startswith("save template t from user/a\n")
    assert shell.run("template", "apply", "t").out.startswith("apply template t to user/")
    assert shell.run("template", "delete", "t").out.startswith("delete template t\n")
    for words in (("--undo",), (), ("--undo",)):
        ran = shell.run("schema", "deprecate", "1.0.0", *words)
        called = "take back the deprecation of schema 1.0.0" if words else "deprecate schema 1.0.0"
        assert ran.out.startswith(f"{called}\n")
        assert ran.err.startswith(called)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("export", ""), "it is empty; name a file"),
        (("import", ""), "it is empty; name a file"),
        (("convert", "", "x.json"), "it is empty; name a file"),
        (("keys", "import", ""), "it is empty; name a file"),
        (("access", "show", "--policy", ""), "it is empty; name a file"),
        (("list", ""), "GLOB is empty"),
        (("completion",), "choose from: bash, zsh, fish (see"),
    ],
)
def test_words_that_say_nothing_are_told(shell: Shell, words: tuple[str, ...], told: str) -> None:
    said = shell.fails(2, *words)
    assert told in said.replace("Choose", "choose")
    assert "  " not in said


def test_a_name_that_tells_another_format_is_told(shell: Shell) -> None:
    shell.write("a.json", '{"size": 13}')
    ran = shell.run("convert", "a.json", "b.yaml", "--format", "toml")
    assert "b.yaml is called as yaml is, and is written as toml, as --format says" in ran.err
    assert "called as" not in shell.run("convert", "a.json", "b.yml", "--format", "yaml").err
    assert "called as" not in shell.run("convert", "a.json", "b.txt", "--format", "toml").err
    shell.run("set", "size=13")
    assert "b.json.gz"[:-3] in shell.run("export", "b.json.gz", "--format", "toml").err


def test_only_what_a_person_said_stands_in_quotes(shell: Shell) -> None:
    shell.run("set", "size=13", "--reason", "new glasses")
    shell.run("keys", "init")
    for verb in (("history",), ("audit", "list")):
        out = shell.run(*verb).out
        assert "“new glasses”" in out
        assert "init " in out
        assert "“init" not in out


def test_a_migration_that_was_taken_back_says_which(shell: Shell) -> None:
    shell.run("set", "size=13")
    write_schema(shell, "2.0.0")
    shell.write("steps/2.0.0.py", STEP)
    shell.run("migrate", "up")
    up = shell.run("history", "--json").json[0]
    shell.run("undo")
    newest = shell.run("history", "--json").json[0]
    assert (newest["reason"], newest["details"]["changeset"]) == ("", up["id"])
    told = shell.run("history").out.splitlines()[0]
    assert told.endswith(f"2.0.0 → 1.0.0, 0 values, undo of {up['id'][:8]}")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_IOERR_SHMSIZE, "let processes share the file's -shm beside it"),
        (sqlite3.SQLITE_IOERR_SHORT_READ, "read it"),
        (sqlite3.SQLITE_IOERR_FSYNC, "write it through"),
        (sqlite3.SQLITE_IOERR_VNODE, "read or write it"),
    ],
)
def test_what_a_disk_refuses_is_said_in_words(code: int, told: str) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    names = {getattr(sqlite3, name): name for name in dir(sqlite3) if "IOERR_" in name}
    error.sqlite_errorname = names[code]
    said = translated(error, "prefs.db")
    assert isinstance(said, NoSpace)
    assert f"the disk refused to {told};" in said.message
