"""A secret goes every way there is, and nothing that is left or said holds it, in any form."""

from __future__ import annotations

import base64
import gzip
import tempfile
from pathlib import Path

import pytest

from tests.canary import STEM, found_in, play, prepare, shell_in
from tests.cli.shell import Shell, at_a_terminal


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = shell_in(tmp_path)
    prepare(made, tmp_path / "given")
    monkeypatch.setattr(tempfile, "tempdir", made.environ["TMPDIR"])
    return made


def test_a_secret_shows_in_nothing_that_is_left_or_said(shell: Shell, tmp_path: Path) -> None:
    said = list(play(shell, tmp_path / "given"))
    assert len(said) > 150, "parts of the story were not told"
    leaks = [(one.by, form) for one in said for form in found_in(one.text.encode())]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    left = [path for path in files if "given" not in path.parts]
    assert len(left) > 30
    leaks += [(str(path), form) for path in left for form in found_in(path.read_bytes())]
    assert leaks == []


def test_a_secret_that_is_typed_at_a_prompt_is_not_echoed(shell: Shell, tmp_path: Path) -> None:
    shell.run("keys", "init")
    words = ("set", "secret.key", "--user", "bo")
    code, shown = at_a_terminal(shell, f"{STEM}-typed\n", *words, prompt=b": ")
    assert code == 0, shown
    got = shell.run("get", "secret.key", "--user", "bo", "--reveal").out
    assert got == f"{STEM}-typed\n"
    code, more = at_a_terminal(shell, f"no {STEM}\n", *words, prompt=b": ")
    assert code == 5, more
    assert found_in((shown + more).encode()) == []


@pytest.mark.parametrize(
    "hidden",
    [
        STEM.encode(),
        STEM.encode("utf-16-le"),
        STEM.encode("utf-16-be"),
        STEM.encode().hex().encode(),
        STEM.encode().hex().upper().encode(),
    ],
)
def test_the_search_finds_what_it_looks_for(hidden: bytes) -> None:
    assert found_in(b"something " + hidden + b" else")
    assert found_in(gzip.compress(b"x" * 100 + hidden))
    for before in range(6):
        whole = base64.b64encode(b"a" * before + STEM.encode() + b"and more")
        assert found_in(b'"' + whole + b'"'), before
    assert found_in(b"nothing of the kind") == []
