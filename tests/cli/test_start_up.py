"""``prefcore get`` must start fast: what it loads is part of its contract."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from prefcore.cli.program import VERBS
from tests.cli.shell import PREFCORE, Shell

# The console script itself, with its modules listed at the end.
_SPY = """
import atexit, json, runpy, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""
_FORBIDDEN = {
    "attrs",
    "attr",
    "pluggy",
    "cattrs",
    "cattr",
    "cryptography",
    "importlib.metadata",
    "hashlib",
    "pathlib",
    "logging",
    "prefcore.interfaces",
    "prefcore.model",
    "prefcore.plugins.manager",
    "prefcore.preferences",
    "prefcore.schema",
    "prefcore_json",
}


def _modules(shell: Shell, *words: str, code: int = 0) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", _SPY, str(PREFCORE), *words],
        capture_output=True,
        cwd=shell.folder,
        env=shell.environ,
        text=True,
        check=False,
    )
    assert done.returncode == code, done
    return set(json.loads(done.stderr.splitlines()[-1]))


# Modules that site-packages' .pth files load before we are asked.
def _loaded_by_site(shell: Shell) -> set[str]:
    program = "import json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=shell.environ,
        check=True,
    )  # fmt: skip
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "words",
    [
        ("get", "size"),
        ("get", "size", "--json"),
        ("get", "theme", "--user", "bo", "--project", "p"),
    ],
    ids=["plain", "json", "layers"],
)
def test_get_loads_neither_plugins_nor_schemas_nor_attrs(
    shell: Shell, words: tuple[str, ...]
) -> None:
    shell.run("set", "size=13", "theme=dark", "--user", "bo")
    loaded = _modules(shell, *words) - _loaded_by_site(shell)
    assert loaded & _FORBIDDEN == set()
    ours = {name for name in loaded if name.startswith("prefcore.cli.verbs.")}
    assert ours == {"prefcore.cli.verbs.get"}


def test_get_of_a_key_in_a_fresh_store_takes_the_longer_way(shell: Shell) -> None:
    assert "prefcore.preferences" in _modules(shell, "get", "size")


@pytest.mark.parametrize(
    "words", [("--help",), ("--version",), ()], ids=["help", "version", "bare"]
)
def test_the_list_of_commands_imports_none_of_them(shell: Shell, words: tuple[str, ...]) -> None:
    loaded = _modules(shell, *words) - _loaded_by_site(shell)
    assert not any(name.startswith("prefcore.cli.verbs.") for name in loaded)
    assert loaded & _FORBIDDEN == set()


def test_each_command_begins_its_help_with_the_words_of_the_list(bare: Shell) -> None:
    for verb, (_, line) in VERBS.items():
        first = bare.run(verb, "--help").out.splitlines()[2].split()
        assert first[:2] == line.split()[:2], verb
