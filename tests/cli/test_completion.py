"""What shells complete: asked as their scripts ask, and in a bash that somebody types into."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore.cli.shells import quoted, typed
from tests.cli.shell import BREAKS, LONGEST, Shell, completed


def test_what_is_there_is_completed(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    id = shell.run("history", "--json").json[0]["id"]
    assert completed(shell, "ex") == {"explain", "export"}
    assert completed(shell, "migrate re") == {"recover"}
    assert "--dry-run" in completed(shell, "set --")
    assert completed(shell, "get s") == {"size", "secret.key"}
    assert completed(shell, "get --user b") == {"bo"}
    assert completed(shell, "export --format j") == {"json", "jsonc"}
    assert completed(shell, "export --scope p") == {"project"}
    assert completed(shell, "migrate up --to 1") == {"1.0.0"}
    assert completed(shell, f"undo {id[:2]}") == {id[:8]}
    assert "ours" in completed(shell, "import --merge o")
    assert completed(shell, "plugins show formats.j") == {"formats.json", "formats.jsonc"}
    assert completed(shell, "schema check --mode BACK") == {"BACKWARD", "BACKWARD_TRANSITIVE"}


def test_set_completes_keys_then_values_or_pairs(shell: Shell) -> None:
    assert completed(shell, "set th") == {"theme"}
    assert completed(shell, "set theme ") == {"light", "dark", "grey"}
    assert completed(shell, "set only.user ") == {"true", "false"}
    assert completed(shell, "set size ") == set()
    assert completed(shell, "set theme dark ") == set()
    assert completed(shell, "set theme=d") == {"theme=dark"}
    assert completed(shell, "set size=13 th") == {"theme="}
    assert completed(shell, "set size=13 theme=g") == {"theme=grey"}


def test_diff_completes_its_sides(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo@example.org")
    id = shell.run("history", "--json").json[0]["id"]
    assert completed(shell, "diff u") == {"user:"}
    assert completed(shell, "diff system user:") == {"user:bo@example.org"}
    assert completed(shell, f"diff @{id[0]}") == {f"@{id[:8]}"}
    asked = {
        "_PREFCORE_COMPLETE": "zsh_complete",
        "COMP_WORDS": "prefcore diff ./",
        "COMP_CWORD": "2",
    }
    assert shell.run(env=asked).out.startswith("file\n")


@pytest.mark.parametrize("asks", ["bash", "zsh", "fish"])
def test_an_option_may_be_joined_to_its_value(shell: Shell, asks: str) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    whole = "--user=bo"
    assert completed(shell, "get size --user=b", asks) == {"bo" if asks == "bash" else whole}


def test_nothing_is_given_nor_said_where_nothing_is_configured(bare: Shell) -> None:
    for line in ("get s", "get --user b", "undo 1", "migrate up --to 1", "set size ", "diff user:"):
        assert completed(bare, line, "bash") in (set(), {""})


def test_a_broken_configuration_is_survived(shell: Shell) -> None:
    (shell.folder / "prefcore.toml").write_text("app = [")
    assert completed(shell, "get s") == set()
    assert completed(shell, "export --format j") == set()
    shell.db.unlink()


# ------------------------------------------------------------------------------------ bash


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_script_is_printed(bare: Shell, name: str) -> None:
    assert f"_PREFCORE_COMPLETE={name}_complete" in bare.run("completion", name).out


@pytest.mark.parametrize(
    ("line", "before", "word", "kept", "quote"),
    [
        ("prefcore ", ("prefcore",), "", 0, ""),
        ("prefcore ge", ("prefcore",), "ge", 0, ""),
        ("prefcore  get\ts", ("prefcore", "get"), "s", 0, ""),
        ("p --user kim@ex", ("p", "--user"), "kim@ex", 3, ""),
        ("p --user=kim@ex", ("p",), "--user=kim@ex", 10, ""),
        ("p diff user:", ("p", "diff"), "user:", 5, ""),
        ("p 'Kim L", ("p",), "Kim L", 0, "'"),
        ('p --user="Kim L', ("p",), "--user=Kim L", 7, '"'),
        ("p 'a b' c", ("p", "a b"), "c", 0, ""),
        ("p '' c", ("p", ""), "c", 0, ""),
        (r"p Kim\ L", ("p",), "Kim L", 0, ""),
        (r'p "a\"b\c', ("p",), r'a"b\c', 0, '"'),
        ("p a\\", ("p",), "a", 0, ""),
        ("p 'go.*'=o", ("p",), "go.*=o", 5, ""),
    ],
)
def test_a_line_is_taken_apart_as_bash_does(
    line: str, before: tuple[str, ...], word: str, kept: int, quote: str
) -> None:
    assert typed(line, BREAKS) == (before, word, kept, quote)


@given(
    st.text(st.characters(exclude_categories=["C"]), min_size=1), st.sampled_from(["", "'", '"'])
)
def test_what_is_quoted_is_read_back(text: str, quote: str) -> None:
    line = typed(f"p {quote}{quoted(text, quote)}{quote} ", BREAKS)
    assert line.before == ("p", text)


class _Bash:
    """A bash at a terminal, which has taken in the completion script."""

    def __init__(self, shell: Shell) -> None:
        ours, theirs = pty.openpty()
        self._ours = ours
        env = {**shell.environ, "TERM": "dumb", "PS1": "", "PS2": "", "HISTFILE": ""}
        self._child = subprocess.Popen(
            ["bash", "--norc", "--noprofile", "-i"],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=shell.folder, env=env,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        # Ctrl-T shows the line as it stands, between marks, and empties it.
        self._type(
            'bind -x \'"\\C-t": printf "<<%s>>" "$READLINE_LINE"; READLINE_LINE=\';'
            " bind 'set bell-style none'; bind 'set completion-query-items 0';"
            ' eval "$(prefcore completion bash)"; printf "<<%s>>" ready\n'
        )
        assert self._shown() == "ready"

    def pressed_tab(self, line: str) -> str:
        """Give what becomes of a line when Tab is pressed behind it."""
        self._type(f"{line}\t\x14")
        return self._shown()

    def _type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def _shown(self) -> str:
        shown = b""
        while not (found := re.search(rb"<<([^%]*)>>", shown)):
            assert select.select([self._ours], [], [], LONGEST)[0], shown
            shown += os.read(self._ours, 4096)
        return found[1].decode()

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._ours)


@pytest.fixture
def bash(shell: Shell) -> Iterator[_Bash]:
    assert shutil.which("bash"), "bash is what this is about; install it"
    for owner in ("kim@example.org", "Li Wei", "o'neil"):
        shell.run("set", "size", "13", "--user", owner, "--quiet")
    shell.run("set", "size", "13", "--project", "git:acme=x", "--quiet")
    shell.write("exported/prefs.json", "{}")
    found = _Bash(shell)
    yield found
    found.close()


def test_bash_completes_what_holds_signs_that_mean_something_to_it(bash: _Bash) -> None:
    for line, whole in {
        "prefcore get si": "prefcore get size ",
        "prefcore get size --user kim@ex": "prefcore get size --user kim@example.org ",
        "prefcore get size --user=k": "prefcore get size --user=kim@example.org ",
        "prefcore get size --user L": "prefcore get size --user Li\\ Wei ",
        "prefcore get size --user 'L": "prefcore get size --user 'Li Wei' ",
        "prefcore get size --user o": "prefcore get size --user o\\'neil ",
        "prefcore get size --project git:": "prefcore get size --project git:acme=x ",
        "prefcore set theme=d": "prefcore set theme=dark ",
        "prefcore diff p": "prefcore diff project:",
        "prefcore diff system user:kim@": "prefcore diff system user:kim@example.org ",
        "prefcore import exp": "prefcore import exported/",
        "prefcore diff exported/p": "prefcore diff exported/prefs.json ",
    }.items():
        assert bash.pressed_tab(line) == whole
