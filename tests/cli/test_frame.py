"""The frame: global options on both sides, errors, interrupts and readers that go away."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from prefcore.cli import failures, program
from prefcore.cli.output import amount
from tests.cli.shell import HEEDING, PREFCORE, Shell, at_a_terminal, ended, sentence


def test_global_options_stand_before_or_after_the_verb(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    here = str(shell.folder / "prefcore.toml")
    elsewhere = Shell(shell.home)
    before = elsewhere.run("--config", here, "--json", "get", "size", "--user", "bo")
    after = elsewhere.run("get", "size", "--user", "bo", "--json", "--config", here)
    assert before.out == after.out
    assert before.json["value"] == 13
    words = ("--app", "acme", "--store", str(shell.db), "migrate", "status", "--json")
    assert elsewhere.run(*words).json["version"] == "1.0.0"
    assert elsewhere.run(*words[4:6], *words[:4], "--json").json["version"] == "1.0.0"


@pytest.mark.parametrize("words", ["--version", "get --version", "migrate --version"])
def test_the_version_is_told_anywhere(bare: Shell, words: str) -> None:
    assert bare.run(*words.split()).out.startswith("prefcore 0.")


def test_the_environment_names_what_no_option_does(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo", env={"PREFCORE_ACTOR": "robot"})
    assert shell.run("history", "--json").json[0]["actor"] == "robot"
    env = {"PREFCORE_CONFIG": str(shell.folder / "prefcore.toml")}
    assert Shell(shell.home).run("get", "size", "--user", "bo", env=env).out == "13\n"
    store = {"PREFCORE_APP": "acme", "PREFCORE_STORE": f"sqlite:{shell.db}"}
    assert Shell(shell.home).run("get", "size", "--user", "bo", env=store).out == "13\n"


@pytest.mark.parametrize("option", ["--store", "--app", "--actor", "--config"])
def test_a_global_option_that_is_given_nothing_is_refused(shell: Shell, option: str) -> None:
    before = shell.dump()
    told = f"{option} is given nothing; name one, or leave it out"
    assert told in shell.fails(2, "set", "size", "13", option, "")
    assert told in shell.fails(2, f"{option}=", "set", "size", "13")
    assert shell.dump() == before


@pytest.mark.parametrize("verb", ["history", "audit list", "history size"])
def test_more_than_any_number_that_can_be_counted_to_is_refused(shell: Shell, verb: str) -> None:
    assert "-n" in shell.fails(2, *verb.split(), "-n", "9" * 20)


def test_times_are_told_in_utc_where_the_zone_is_none(shell: Shell) -> None:
    shell.run("set", "size", "13")
    env = {"TZ": "UTC+99"}
    told = shell.process("history", env=env).out
    assert told == shell.process("history").out
    assert shell.process("audit", "list", env=env).out == shell.process("audit", "list").out
    said = sentence(shell.process("audit", "list", "--since", "2026-01-31", env=env, code=2))
    assert said.startswith("--since 2026-01-31 has no zone")
    since = ("--since", "2026-01-31T12:00+00:00")
    assert shell.process("audit", "list", *since, env=env).out


def test_verbose_tells_what_is_used(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    ran = shell.run("get", "size", "-v")
    assert str(shell.folder / "prefcore.toml") in ran.err
    assert str(shell.db) in ran.err


def test_debug_shows_where_an_error_arose(shell: Shell) -> None:
    plain = shell.run("set", "size", "5", code=5)
    told = shell.run("set", "size", "5", "--debug", code=5)
    assert "Traceback" not in plain.err
    assert "Traceback" in told.err
    assert told.err.endswith(plain.err)


def test_a_bug_is_one_sentence_too(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: object) -> None:
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.setattr("prefcore.cli.session.Session.open_store", broken)
    assert shell.fails(failures.BUG, "get", "size") == (
        "a bug in prefcore, ZeroDivisionError: by nothing; --debug shows where, please report it"
    )
    assert "test_frame.py" in shell.run("get", "size", "--debug", code=failures.BUG).err


def _opened_for_writing(pipe: Path, child: subprocess.Popen[bytes]) -> int:
    """Open a pipe once a child has opened it to read."""
    end = time.monotonic() + 120
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it as yet
            if child.poll() is not None or time.monotonic() > end:
                child.kill()
                raise
            time.sleep(0.01)


def test_an_interrupt_exits_with_130(shell: Shell) -> None:
    os.mkfifo(shell.folder / "pipe")
    with subprocess.Popen(
        [*HEEDING, PREFCORE, "import", "pipe"],
        cwd=shell.folder,
        env=shell.environ,
        stderr=subprocess.PIPE,
    ) as child:
        # Before it reads, an interrupt may meet Python starting, which swallows some.
        writing = _opened_for_writing(shell.folder / "pipe", child)
        child.send_signal(signal.SIGINT)
        err = ended(child)
        os.close(writing)
    assert (child.returncode, err) == (failures.INTERRUPTED, b"prefcore: interrupted\n")


@pytest.mark.parametrize(
    "words",
    ["export out.json --plaintext-secrets", "export mine.yaml --update --owner bo"],
)
def test_a_question_is_answered_with_no(shell: Shell, words: str) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    mine = shell.write("mine.yaml", "size: 12 # points\n")
    assert "--yes" in shell.fails(2, *words.split())
    code, shown = at_a_terminal(shell, "n\n", *words.split())
    assert code == 17
    assert "prefcore: error: not confirmed; nothing was changed" in shown
    assert mine.read_text() == "size: 12 # points\n"
    assert not (shell.folder / "out.json").exists()


def test_a_reader_that_goes_away_is_no_error(shell: Shell) -> None:
    shell.write("many.json", "{" + ",".join(f'"k{i}": "{"x" * 99}"' for i in range(3000)) + "}")
    shell.run("import", "many.json", "--user", "bo", "--unknown", "keep", "-q")
    for words in ("list --user bo", "list --user bo --json", "export", "history --changeset"):
        more = [shell.run("history", "--json").json[0]["id"]] if words.endswith("set") else []
        with subprocess.Popen(
            [PREFCORE, *words.split(), *more, "--quiet"],
            cwd=shell.folder,
            env=shell.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as child:
            assert child.stdout is not None
            child.stdout.read(10)
            child.stdout.close()
            child.stdout = None
            err = ended(child)
        assert err == b"", words
        assert child.returncode in (0, failures.READER_GONE), words


def test_no_color_where_nobody_sees_it_or_wants_it(shell: Shell) -> None:
    words = ("set", "size=13", "--user", "bo", "--dry-run")
    assert "\x1b" not in shell.process(*words).out
    assert "\x1b" not in shell.process(*words, env={"NO_COLOR": "1"}).out


def test_plans_are_cut_short_until_all_is_asked_for(shell: Shell) -> None:
    shell.write("many.json", "{" + ",".join(f'"k{i}": {i}' for i in range(100)) + "}")
    words = ("import", "many.json", "--user", "bo", "--unknown", "keep", "--dry-run")
    assert "… and 60 more (-v lists them)" in shell.run(*words).out
    assert len(shell.run(*words, "-v").out.splitlines()) > 100


def test_every_verb_has_help_and_every_group_lists_its_commands(bare: Shell) -> None:
    for verb in program.VERBS:
        told = bare.run(verb, "--help").out
        assert told.startswith(f"Usage: prefcore {verb}")
        assert "Global options:" in told
    for group in ("schema", "migrate", "plugins"):
        assert bare.run(group).out == bare.run(group, "--help").out
    assert bare.run().out == bare.run("--help").out


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 values"), (1, "1 value"), (2, "2 values"), (1200, "1,200 values")]
)
def test_amounts_are_told_as_people_write_them(number: int, words: str) -> None:
    assert amount(number, "value") == words
