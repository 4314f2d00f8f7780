"""What is wrong with a plugin is told once, and steers no terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from prefcore_testing.distributions import write_distribution
from tests.cli.shell import Shell

_RED = "a luckless \\x1b[31mplugin"


@pytest.fixture
def broken(tmp_path: Path) -> Mapping[str, str]:
    """Install a plugin that cannot be imported; give the environment that has it."""
    write_distribution(
        tmp_path / "site",
        "acme-brk",
        entry_points={"prefcore.formats": {"brk": "acme_brk"}},
        modules={"acme_brk": f"raise RuntimeError('{_RED}')"},
    )
    return {"PYTHONPATH": str(tmp_path / "site")}


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (18, ("plugins", "show", "brk")),
        (1, ("doctor",)),
        (18, ("export", "x", "--format", "brk")),
        (0, ("import", "mine", "--dry-run")),
    ],
    ids=["plugins show", "doctor", "export", "import"],
)
def test_a_broken_plugin_is_told_once(
    shell: Shell, broken: Mapping[str, str], code: int, words: tuple[str, ...]
) -> None:
    shell.write("mine", '{"size": 13}')
    ran = shell.process(*words, env=broken, code=code)
    assert (ran.out + ran.err).count("luckless") == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (18, ("export", "x", "--format", "brk")),
        (0, ("convert", "in.unknown", "-", "--format", "json")),
    ],
    ids=["error", "warning"],
)
def test_its_words_are_escaped_in_one_way(
    shell: Shell, broken: Mapping[str, str], code: int, words: tuple[str, ...]
) -> None:
    shell.write("in.unknown", "{}")
    ran = shell.process(*words, env=broken, code=code)
    assert "a luckless \\u001b[31mplugin" in ran.err
    assert "\x1b" not in ran.err
