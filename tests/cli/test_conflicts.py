"""Conflicts of an import: shown, written out, decided in a file, by an option or when asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell, at_a_terminal, sentence

HELD = {"size": 13, "name": "Bo", "theme": "dark", "tags": ["a"]}


@pytest.fixture
def held(shell: Shell) -> Shell:
    """A shell whose user bo holds values, and a file with others, of which one is new."""
    shell.write("held.json", json.dumps(HELD))
    shell.run("import", "held.json", "--user", "bo", "--quiet")
    file = {"size": 20, "name": "Bob", "theme": "dark", "ratio": 0.5}
    shell.write("new.json", json.dumps(file))
    return shell


def bo(shell: Shell) -> dict[str, object]:
    rows = shell.run("list", "--user", "bo", "--json").json
    return {row["key"]: row["value"] for row in rows}


def choose(shell: Shell, **choices: str) -> None:
    """Edit the conflict file as a person does."""
    path = shell.folder / "c.json"
    values = json.loads(path.read_text(encoding="utf-8").removeprefix("// decided\n"))
    for one in values["conflicts"]:
        one["choice"] = choices.get(one["key"], "")
    path.write_text("// decided\n" + json.dumps(values), encoding="utf-8")


def test_conflicts_are_written_decided_and_taken_back(held: Shell) -> None:
    before = held.dump()
    ran = held.run("import", "new.json", "--user", "bo", "--conflicts", "c.json", code=1)
    assert "wrote 2 conflicts to c.json" in ran.err
    assert "size: here 13, in the file 20" in ran.out
    assert held.dump() == before
    choose(held, size="theirs")
    ran = held.run("import", "new.json", "--user", "bo", "--resolve", "c.json", code=1)
    assert sentence(ran).startswith("user/bo name: both sides hold different values; choose with")
    assert held.dump() == before
    choose(held, size="theirs", name="ours")
    held.run("import", "new.json", "--user", "bo", "--resolve", "c.json")
    assert bo(held) == {**HELD, "size": 20, "ratio": 0.5}
    held.run("undo")
    assert bo(held) == HELD


def test_what_is_left_can_be_written_again(held: Shell) -> None:
    held.run("import", "new.json", "--user", "bo", "--conflicts", "c.json", code=1)
    choose(held, size="theirs")
    words = ("--resolve", "c.json", "--conflicts", "left.json")
    held.run("import", "new.json", "--user", "bo", *words, code=1)
    left = json.loads((held.folder / "left.json").read_text(encoding="utf-8"))
    assert [one["key"] for one in left["conflicts"]] == ["name"]
    taken = ("--take", "theirs", "size", "--take", "ours", "name")
    assert "did nothing" not in held.run("import", "new.json", "--user", "bo", *taken).err
    assert bo(held) == {**HELD, "size": 20, "ratio": 0.5}


def test_a_dry_run_writes_conflicts_and_changes_nothing(held: Shell) -> None:
    before = held.dump()
    ran = held.run(
        "import", "new.json", "--user", "bo", "--conflicts", "c.json", "--dry-run", "--json", code=1
    )
    assert [one["key"] for one in ran.json["conflicts"]] == ["name", "size"]
    assert (held.folder / "c.json").exists()
    assert held.dump() == before


def test_three_sides_are_shown_and_the_base_can_be_taken(held: Shell) -> None:
    held.write("base.json", json.dumps({**HELD, "size": 10}))
    words = ("import", "new.json", "--user", "bo", "--base", "base.json")
    ran = held.run(*words, "--conflicts", "c.json", code=1)
    assert "size: common base 10, here 13, in the file 20" in ran.out
    (one,) = json.loads((held.folder / "c.json").read_text(encoding="utf-8"))["conflicts"]
    assert (one["base"], one["ours"], one["theirs"]) == (10, 13, 20)
    choose(held, size="base")
    held.run(*words, "--resolve", "c.json")
    assert bo(held) == {"size": 10, "name": "Bob", "theme": "dark", "ratio": 0.5}


def test_without_a_conflict_no_file_is_written(held: Shell) -> None:
    held.write("new.json", '{"ratio": 0.5}')
    ran = held.run("import", "new.json", "--user", "bo", "--conflicts", "c.json")
    assert "no conflicts: c.json was not written" in ran.err
    assert not (held.folder / "c.json").exists()


def test_sides_are_taken_by_key_or_glob(held: Shell) -> None:
    words = ("import", "new.json", "--user", "bo", "--take", "theirs", "s*")
    assert sentence(held.run(*words, code=1)).startswith("user/bo name:")
    ran = held.run(*words, "--take", "ours", "name", "--take", "theirs", "no.such")
    assert "warning: nothing that matches 'no.such' is in conflict; --take did nothing" in ran.err
    assert bo(held) == {**HELD, "size": 20, "ratio": 0.5}


@pytest.mark.parametrize(
    ("code", "words", "told"),
    [
        (2, ("--take", "mine", "size"), "there is no side 'mine' to take; known are"),
        (5, ("--take", "base", "size"), "user/bo size has no base to go back to"),
        (2, ("--resolve", "new.json"), "new.json is no conflict file; `import --conflicts FILE`"),
        (10, ("--resolve", "gone.json"), "there is no file gone.json"),
        (2, ("--conflicts", "-"), "--conflicts needs a file"),
        (10, ("--conflicts", "no/folder/c.json"), "no/folder/c.json"),
        (2, ("--merge", "ask"), "--merge ask needs a terminal to ask at"),
        (2, ("--merge", "s*=ask"), "--merge ask needs a terminal to ask at"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    held: Shell, code: int, words: tuple[str, ...], told: str
) -> None:
    before = held.dump()
    assert told in held.fails(code, "import", "new.json", "--user", "bo", *words)
    assert held.dump() == before


def test_choices_on_a_state_that_moved_are_stale(held: Shell) -> None:
    held.run("import", "new.json", "--user", "bo", "--conflicts", "c.json", code=1)
    choose(held, size="theirs", name="theirs")
    held.run("set", "size", "14", "--user", "bo")
    words = ("import", "new.json", "--user", "bo", "--resolve", "c.json")
    assert held.fails(1, *words).startswith("user/bo size holds something else by now")
    held.run("set", "size", "20", "--user", "bo")
    assert held.fails(1, *words).startswith("user/bo size is in no conflict any more")


def test_a_conflict_file_that_was_edited_is_refused_with_its_place(held: Shell) -> None:
    held.run("import", "new.json", "--user", "bo", "--conflicts", "c.json", code=1)
    text = (held.folder / "c.json").read_text(encoding="utf-8")
    held.write("c.json", text.replace("20", "21"))
    words = ("import", "new.json", "--user", "bo", "--resolve", "c.json")
    assert held.fails(5, *words) == (
        "c.json, conflict 2, user/bo size: something but the choice was edited; write the file anew"
    )
    held.write("c.json", text[: len(text) // 2])
    assert held.fails(13, *words).startswith("c.json: line ")


def test_asking_goes_through_the_conflicts_one_by_one(held: Shell) -> None:
    words = ("import", "new.json", "--user", "bo", "--merge", "ask")
    code, shown = at_a_terminal(held, "x\nt\no\n", *words)
    assert "1 of 2: user/bo name" in shown
    assert "2 of 2: user/bo size" in shown
    assert 'in the file  "Bob"' in shown
    assert "(b)ase" not in shown
    assert code == 0
    assert bo(held) == {**HELD, "name": "Bob", "ratio": 0.5}


@pytest.mark.parametrize("answers", ["t\ns\n", "q\n", "\x04"], ids=["skip", "quit", "end"])
def test_what_is_not_answered_leaves_everything_as_it_was(held: Shell, answers: str) -> None:
    before = held.dump()
    words = ("import", "new.json", "--user", "bo", "--merge", "ask")
    code, shown = at_a_terminal(held, answers, *words)
    assert code == (130 if answers == "\x04" else 1)
    assert "Traceback" not in shown
    assert held.dump() == before


def test_only_what_is_to_be_asked_is_asked_and_a_dry_run_asks_nothing(held: Shell) -> None:
    words = ("import", "new.json", "--user", "bo", "--merge", "ours", "--merge", "name=ask")
    code, shown = at_a_terminal(held, "", *words, "--dry-run")
    assert (code, "(o)urs" in shown) == (1, False)
    code, shown = at_a_terminal(held, "t\n", *words)
    assert (code, "1 of 1: user/bo name" in shown) == (0, True)
    assert bo(held) == {**HELD, "name": "Bob", "ratio": 0.5}
    ran = held.run(*words, "--no-input", code=2)
    assert "--merge ask needs a terminal" in sentence(ran)


def test_a_schema_may_leave_a_key_to_be_asked_about(held: Shell, tmp_path: Path) -> None:
    path = held.folder / "schemas" / "1.0.0.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["preferences"]["name"]["merge"] = "ask"
    document["version"] = "1.1.0"
    held.write("schemas/1.1.0.json", json.dumps(document))
    held.run("migrate", "up")
    words = ("import", "new.json", "--user", "bo", "--merge", "ours")
    assert held.fails(1, *words).startswith("user/bo name: both sides hold different values")
    code, _ = at_a_terminal(held, "t\n", *words)
    assert code == 0
    assert bo(held) == {**HELD, "name": "Bob", "ratio": 0.5}
