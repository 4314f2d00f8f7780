"""One person's fifteen states of VS Code settings, imported in turn, told, and taken back."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from prefcore_json import jsonc

from prefcore.interfaces import Limits
from prefcore.model import PlainDocument
from tests.cli.shell import EXAMPLE, Shell

ONE_PERSON = EXAMPLE.with_name("one-person")
STATES = sorted((ONE_PERSON / "states").glob("*.jsonc"))


def content(state: Path) -> dict[str, object]:
    (info,) = jsonc.prefcore_formats()
    document = info.factory().read(io.BytesIO(state.read_bytes()), Limits())
    assert isinstance(document, PlainDocument)
    return dict(document.values)


def held(shell: Shell) -> dict[str, object]:
    shell.run("export", "plain.json", "--plain", "--quiet")
    return content(shell.folder / "plain.json")


def digest(shell: Shell) -> object:
    return shell.run("export", "all.json", "--json").json["digest"]


@pytest.fixture
def empty(bare: Shell) -> Shell:
    bare.run("init", "--app", "vscode", f"--schemas={ONE_PERSON / 'vscode'}", "--store=prefs.db")
    return bare


def test_fifteen_states_come_and_go(empty: Shell) -> None:
    contents = [content(state) for state in STATES]
    assert len(contents) == 15
    keep = ("--unknown", "keep", "--user", "anthony", "--quiet")
    empty.run("import", str(STATES[0]), *keep)
    digests = [digest(empty)]
    for number in range(1, 15):
        empty.run("import", str(STATES[number]), "--base", str(STATES[number - 1]), *keep)
        assert held(empty) == contents[number], STATES[number].name
        digests.append(digest(empty))
    assert len(set(digests)) == 15

    log = empty.run("history", "--json").json
    assert [one["details"]["file"] for one in reversed(log)] == [str(state) for state in STATES]
    for number in range(1, 15):
        before, after = contents[number - 1], contents[number]
        told = empty.run("history", "--changeset", log[14 - number]["id"], "--json").json["changed"]
        assert {one["key"]: (one.get("before"), one.get("after")) for one in told} == {
            key: (before.get(key), after.get(key))
            for key in {*before, *after}
            if before.get(key) != after.get(key)
        }

    for number, changeset in zip(range(13, -1, -1), log, strict=False):
        empty.run("undo", changeset["id"], "--quiet")
        assert digest(empty) == digests[number]
    assert held(empty) == contents[0]


def test_what_was_set_here_stays_when_the_next_state_comes_in(empty: Shell) -> None:
    keep = ("--unknown", "keep", "--user", "anthony", "--quiet")
    empty.run("import", str(STATES[0]), *keep)
    empty.run("set", "editor.tabSize", "8", "--user", "anthony")
    empty.run("import", str(STATES[14]), "--base", str(STATES[0]), *keep)
    assert held(empty) == {**content(STATES[14]), "editor.tabSize": 8}
