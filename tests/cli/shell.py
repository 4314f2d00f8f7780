"""A folder with a configured application, and prefcore run in it: in this process or its own."""

from __future__ import annotations

import json
import os
import pty
import select
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner

from prefcore.cli import cli

PREFCORE = Path(sys.executable).with_name("prefcore")
#: Begins a command that an interrupt ends: a shell's background job, such as these tests may be,
#: ignores interrupts and hands that on.
HEEDING = (
    sys.executable,
    "-c",
    (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "os.execv(sys.argv[1], sys.argv[1:])"
    ),
)
#: What bash has in COMP_WORDBREAKS.
BREAKS = " \t\n\"'@><=;|&(:"
#: Seconds that a command at a terminal may show nothing.
LONGEST = 120
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "first-upgrade"

STEP = """
from prefcore.migration import Step, map_values, remove
step = Step("1.0.0", "2.0.0", remove("old"), map_values("theme", {"grey": "dark"}), summary="tidy")
"""

_V1: dict[str, object] = {
    "size": {"shape": {"type": "integer", "minimum": 6, "maximum": 72}, "default": 12},
    "theme": {"shape": {"type": "string", "enum": ["light", "dark", "grey"]}, "default": "light"},
    "name": {"shape": {"type": "string", "maxLength": 9}, "help": "What to call you."},
    "ratio": {"shape": {"type": "number"}},
    "tags": {"shape": {"type": "array", "items": {"type": "string"}}, "default": []},
    "blob": {"shape": {"type": "bytes"}},
    "day": {"shape": {"type": "date"}},
    "proxy": {"shape": {"type": "string"}, "locked": True},
    "secret.key": {"shape": {"type": "string"}, "sensitive": True, "default": "hush"},
    "only.user": {"shape": {"type": "boolean"}, "scopes": ["user"]},
    "here": {"shape": {"type": "string"}, "portable": False},
    "old": {"shape": {"type": "string"}},
}
_V2 = {
    **{key: value for key, value in _V1.items() if key != "old"},
    "theme": {"shape": {"type": "string", "enum": ["light", "dark"]}, "default": "light"},
}


class Ran(NamedTuple):
    """What a run left: its exit code, what it printed, and where."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """A folder to work in, with HOME and data folder of its own; the environment is clean."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder.parent / f"{folder.name}-home"
        self.home.mkdir(exist_ok=True)
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{PREFCORE.parent}:{os.environ['PATH']}",
            "XDG_DATA_HOME": str(self.home / "data"),
            "TZ": "UTC",
        }

    @property
    def db(self) -> Path:
        return self.folder / "prefs.db"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(
        self, *words: str, stdin: str | bytes = b"", env: Mapping[str, str] = {}, code: int = 0
    ) -> Ran:
        """Run a command line in this process, quickly, and check its exit code."""
        ran = self.ran(*words, stdin=stdin, env=env)
        assert ran.code == code, ran
        return ran

    def ran(self, *words: str, stdin: str | bytes = b"", env: Mapping[str, str] = {}) -> Ran:
        """Run a command line in this process, whatever comes of it."""
        gone = {name: None for name in os.environ if name.startswith("PREFCORE_")}
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            result = CliRunner().invoke(
                cli, list(words), input=stdin, env={**gone, **self.environ, **env}
            )
        finally:
            os.chdir(before)
        return Ran(result.exit_code, result.stdout, result.stderr)

    def fails(self, code: int, *words: str, **more: Any) -> str:
        """Run what must fail with a code, in one sentence and without a traceback; give it."""
        return sentence(self.run(*words, code=code, **more))

    def process(
        self, *words: str, stdin: bytes = b"", env: Mapping[str, str] = {}, code: int = 0
    ) -> Ran:
        """Run the console script as a user does."""
        done = subprocess.run(
            [PREFCORE, *words],
            input=stdin,
            capture_output=True,
            cwd=self.folder,
            env={**self.environ, **env},
            check=False,
            timeout=300,
        )
        ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert ran.code == code, ran
        return ran

    def dump(self) -> str:
        """Give all that the store holds, as SQL, for comparing."""
        connection = sqlite3.connect(self.db)
        try:
            return "\n".join(connection.iterdump())
        finally:
            connection.close()


def ended(child: subprocess.Popen[bytes], *, within: float = 120) -> bytes:
    """Wait until a child ends, and give its standard error; one that hangs is killed, and raises.

    Leaving the ``with`` block of a child that hangs would wait for it for ever.
    """
    try:
        return child.communicate(timeout=within)[1]
    except subprocess.TimeoutExpired:
        child.kill()
        raise


def at_a_terminal(shell: Shell, answers: str, *words: str, prompt: bytes = b"") -> tuple[int, str]:
    """Run at a terminal of its own; gives the exit code and all that was shown.

    The answers are typed once what is shown ends with ``prompt``: what is typed before a passphrase
    is asked for is thrown away. A command that waits for more is killed, and fails the test.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [PREFCORE, *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=shell.folder,
        env={**shell.environ, "TERM": "dumb"},
        start_new_session=True,  # else a passphrase would be asked of the terminal of the tests
    ) as child:
        os.close(theirs)
        shown = b""
        while True:
            if answers and shown.endswith(prompt):
                os.write(ours, answers.encode())
                answers = ""
            if not select.select([ours], [], [], LONGEST)[0]:
                child.kill()
                raise AssertionError(f"it waits for an answer that nobody gives: {shown.decode()}")
            try:
                piece = os.read(ours, 4096)
            except OSError:  # Linux's way to say that nobody holds the other end
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    return child.returncode, shown.decode()


def completed(shell: Shell, line: str, asks: str = "zsh") -> set[str]:
    """Give the words that are offered, each with what the script is told of it."""
    env = {"_PREFCORE_COMPLETE": f"{asks}_complete", "COMP_WORDS": f"prefcore {line}"}
    env["COMP_CWORD"] = str(line.count(" ") + 1) if asks == "zsh" else line.rpartition(" ")[2]
    if asks == "bash":
        env = {"_PREFCORE_COMPLETE": "bash_complete", "COMP_LINE": f"prefcore {line}"}
        env["COMP_WORDBREAKS"] = BREAKS
    ran = shell.run(env=env)
    assert ran.err == ""
    lines = ran.out.splitlines()
    return set(lines[1::3] if asks == "zsh" else [one.partition(",")[2] for one in lines if one])


def sentence(ran: Ran) -> str:
    """Give the one sentence of an error."""
    errors = [line for line in ran.err.splitlines() if "error:" in line]
    assert len(errors) == 1, ran
    assert errors[0].startswith("prefcore: error: "), ran
    assert "Traceback" not in ran.err, ran
    return errors[0].removeprefix("prefcore: error: ")


def acme(folder: Path, *, newest: str = "1.0.0") -> Shell:
    """Give a shell in a folder configured for a small application, its store made."""
    folder.mkdir()
    shell = Shell(folder)
    write_schema(shell, "1.0.0")
    if newest != "1.0.0":
        write_schema(shell, newest)
    shell.write("steps/.keep", "")
    shell.run(
        "init", "--app", "acme", "--schemas=schemas", "--migrations=steps", "--store=prefs.db"
    )
    return shell


def write_schema(shell: Shell, version: str) -> None:
    """Put a version of the small application's schema into its folder."""
    document = {
        "prefcore_schema": 1,
        "app": "acme",
        "version": version,
        "preferences": _V1 if version.startswith("1.") else _V2,
    }
    shell.write(f"schemas/{version}.json", json.dumps(document))
