"""A secret goes every way there is, and nothing that is left or said holds it, in any form."""

from __future__ import annotations

import base64
import gzip
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.canary import STEM, found_in, play, prepare, shell_in
from tests.canary.story import listening, reading, schema_text
from tests.canary.telling import Told
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


def test_a_conflict_that_is_asked_about_shows_neither_secret(shell: Shell, tmp_path: Path) -> None:
    shell.run("keys", "init")
    shell.run("set", "secret.key", "-", "--user", "bo", stdin=f"{STEM}-ours")
    theirs = str(tmp_path / "given" / "theirs.json")
    words = ("import", theirs, "--user", "bo", "--merge", "ask", "-v")
    code, shown = at_a_terminal(shell, "t\n", *words, prompt=b": ")
    assert code == 0, shown
    assert "in the file" in shown
    assert found_in(shown.encode()) == []
    got = shell.run("get", "secret.key", "--user", "bo", "--reveal").out
    assert got == f"{STEM}-theirs\n"


def test_what_is_declared_secret_later_stays_only_in_the_copy_that_is_told_of(
    shell: Shell, tmp_path: Path
) -> None:
    def run(*words: str, **more: Any) -> Told:
        return shell.run(*words, **more), words

    text: dict[str, object] = {"shape": {"type": "string"}}
    shell.write("schemas/1.0.0.json", schema_text("1.0.0", {"note": text}))
    shell.run("keys", "init")
    for word in ("older", "now"):
        shell.run("set", f"note={STEM}-{word}", "--user", "bo")
    shell.write("schemas/2.0.0.json", schema_text("2.0.0", {"note": {**text, "sensitive": True}}))
    with listening() as logged:
        said = [shell.run("migrate", "plan", "--json"), shell.run("migrate", "up", "-v")]
        said += [ran for ran, _ in reading(run)]
        said += [shell.run("undo"), shell.run("history", "note", "--user", "bo", "--json")]
    assert [form for one in said for form in found_in((one.out + one.err).encode())] == []
    assert found_in("\n".join(logged.texts).encode()) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    left = [one for one in files if "given" not in one.parts and found_in(one.read_bytes())]
    copies = {one["id"] for one in shell.run("migrate", "copies", "--json").json}
    assert left
    assert {one.parent.name for one in left} == {"prefs.db.copies"}
    assert all(any(id in one.name for id in copies) for one in left)
    assert "safety copies" in said[1].err


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
