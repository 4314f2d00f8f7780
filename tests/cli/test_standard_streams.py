"""Standard streams that are closed: nobody takes them for an empty text, or for a reader."""

from __future__ import annotations

import subprocess

import pytest

from tests.cli.shell import Ran, Shell, sentence


def _at_the_shell(shell: Shell, line: str, code: int) -> Ran:
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec prefcore {line}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=shell.folder,
        env=shell.environ,
        check=False,
        timeout=120,
    )
    ran = Ran(done.returncode, done.stdout, done.stderr)
    assert ran.code == code, ran
    return ran


@pytest.mark.parametrize("line", ["set name -", "import -"])
def test_a_closed_standard_input_is_no_empty_text(shell: Shell, line: str) -> None:
    before = shell.dump()
    said = sentence(_at_the_shell(shell, f"{line} <&-", 2))
    assert said == "standard input is closed; give one that is open, or a file"
    assert shell.dump() == before


@pytest.mark.parametrize(
    "line", ["get size", "get size --json", "list --defaults", "export -", "audit export"]
)
def test_a_closed_standard_output_takes_no_data(shell: Shell, line: str) -> None:
    shell.run("set", "size", "13")
    said = sentence(_at_the_shell(shell, f"{line} >&-", 2))
    assert said == "standard output is closed; give one that is open, or a file"


def test_an_act_that_prints_no_data_needs_no_standard_stream(shell: Shell) -> None:
    _at_the_shell(shell, "set size 14 <&- >&- 2>&-", 0)
    assert shell.run("get", "size").out == "14\n"
    _at_the_shell(shell, "export x.json <&- >&- 2>&-", 0)
    assert (shell.folder / "x.json").stat().st_size > 0
