"""Plugins that misbehave while they are loaded or made: named, and never among the data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from prefcore_testing.distributions import write_distribution
from tests.cli.shell import HEEDING, PREFCORE, Shell, ended, sentence

_HEAD = "from prefcore.hookspecs import hookimpl\nfrom prefcore.interfaces import *\n"
_FORMAT = """
@hookimpl
def prefcore_formats():
    return [FormatInfo(id="odd", summary="s", suffixes=(".odd",), media_type="a/b",
                       capabilities=frozenset(), detect=lambda head: 0, factory=made)]
"""
#: A plugin that declares one format, and what its factory does.
_MAKES = _HEAD + "def made(): {}" + _FORMAT

Installed = Callable[[str], Mapping[str, str]]


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """Give what installs a format of a body, and gives the environment that has it."""

    def install(body: str) -> Mapping[str, str]:
        site = tmp_path / "site"
        write_distribution(
            site,
            "acme-odd",
            entry_points={"prefcore.formats": {"odd": "acme_odd"}},
            modules={"acme_odd": body},
        )
        return {"PYTHONPATH": str(site)}

    return install


@pytest.mark.parametrize(
    ("does", "said"),
    [("raise SystemExit(0)", "SystemExit: 0"), ("1 / 0", "ZeroDivisionError")],
    ids=["exit", "error"],
)
def test_a_factory_that_fails_is_the_plugins_failure(
    shell: Shell, installed: Installed, does: str, said: str
) -> None:
    ran = shell.process(
        "export", "x.odd", "--format", "odd", env=installed(_MAKES.format(does)), code=18
    )
    assert sentence(ran).startswith("plugin formats.odd of acme-odd 1.0 failed in its factory: ")
    assert said in sentence(ran)
    assert not (shell.folder / "x.odd").exists()


def test_code_that_ends_the_program_later_is_no_success(shell: Shell, installed: Installed) -> None:
    body = "class F:\n    def write(self, *a): raise SystemExit(0)\n" + _MAKES.format("return F()")
    ran = shell.process("export", "x.odd", "--format", "odd", env=installed(_HEAD + body), code=18)
    assert "ended the program (acme_odd: SystemExit: 0)" in sentence(ran)
    assert not (shell.folder / "x.odd").exists()


def test_what_a_plugin_prints_while_it_is_loaded_or_made_is_not_among_the_data(
    shell: Shell, installed: Installed
) -> None:
    shell.write("in.unknown", '{"size": 13}')
    env = installed("print('NOISE')\n" + _MAKES.format("print('MORE NOISE')"))
    ran = shell.process("convert", "in.unknown", "-", "--format", "json", env=env)
    assert json.loads(ran.out) == {"size": 13}
    assert "NOISE" in ran.err
    ran = shell.process("export", "-", "--format", "odd", env=env, code=18)  # it makes None
    assert ran.out == ""
    assert "MORE NOISE" in ran.err


def test_verbose_names_the_plugin_that_is_loaded(shell: Shell, installed: Installed) -> None:
    env = installed(_MAKES.format("raise OSError"))
    ran = shell.process("-v", "export", "x.odd", "--format", "odd", env=env, code=18)
    assert "loading plugin formats.odd of acme-odd 1.0\n" in ran.err
    assert "prefcore-json" not in ran.err  # nobody asked for that


def test_a_plugin_that_interrupts_is_named(shell: Shell, installed: Installed) -> None:
    env = installed("raise KeyboardInterrupt")
    ran = shell.process("export", "x.odd", "--format", "odd", env=env, code=130)
    assert ran.err == "prefcore: interrupted while plugin formats.odd of acme-odd 1.0 was loaded\n"


def test_interrupting_a_plugin_that_hangs_names_it(
    shell: Shell, installed: Installed, tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    os.mkfifo(ready)
    env = installed(f"open({str(ready)!r}, 'w').close()\nimport time\ntime.sleep(600)")
    with subprocess.Popen(
        [*HEEDING, PREFCORE, "export", "x.odd", "--format", "odd"],
        cwd=shell.folder,
        env={**shell.environ, **env},
        stderr=subprocess.PIPE,
    ) as child:
        ready.read_text()  # until it imports the plugin
        child.send_signal(signal.SIGINT)
        said = ended(child).decode()
    assert child.returncode == 130
    assert said == "prefcore: interrupted while plugin formats.odd of acme-odd 1.0 was loaded\n"


def test_an_interrupt_while_prefcore_starts_shows_no_traceback(
    shell: Shell, tmp_path: Path
) -> None:
    # What it imports first of all is interrupted, as by Ctrl-C.
    first = tmp_path / "first"
    first.mkdir()
    (first / "click.py").write_text("raise KeyboardInterrupt\n")
    done = subprocess.run(
        [sys.executable, "-c", "from prefcore.cli import main; main()", "get", "size"],
        cwd=shell.folder,
        env={**shell.environ, "PYTHONPATH": str(first)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "prefcore: interrupted\n"


def test_a_document_that_its_name_and_content_tell_of_imports_no_other_plugin(
    shell: Shell, installed: Installed
) -> None:
    env = installed("raise RuntimeError('it was imported')")
    shell.run("set", "size=13")
    shell.run("export", "all.json")
    for words in (
        ("import", "all.json"),
        ("convert", "all.json", "b.toml"),
        ("diff", "all.json", "all.json"),
    ):
        assert "was imported" not in shell.process(*words, env=env).err
    shell.write("mine.json", '{"size": 14}')  # others might read that too
    assert "was imported" in shell.process("import", "mine.json", "--merge=theirs", env=env).err
