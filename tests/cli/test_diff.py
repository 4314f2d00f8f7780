"""``prefcore diff``: sets, files, states of the history and other stores against each other."""

from __future__ import annotations

import shutil

import pytest

from tests.cli.shell import Shell, write_schema


@pytest.fixture
def held(shell: Shell) -> Shell:
    shell.run("set", "size=13", "theme=dark", "--user", "bo")
    shell.run("set", "size=14", "name=al", "--user", "al")
    return shell


def test_two_sets_are_compared_key_by_key(held: Shell) -> None:
    told = held.run("diff", "user:bo", "user:al", code=1)
    assert told.out.splitlines() == [
        "user/bo",
        '  + name   "al"',
        "  ~ size   13 → 14",
        '  - theme  "dark"',
    ]
    assert held.run("diff", "user:bo", "user:al", "--json", code=1).json == [
        {"act": "add", "scope": "user", "owner": "bo", "key": "name", "after": "al"},
        {
            "act": "change", "scope": "user", "owner": "bo", "key": "size",
            "before": 13, "after": 14,
        },
        {"act": "remove", "scope": "user", "owner": "bo", "key": "theme", "before": "dark"},
    ]  # fmt: skip
    same = held.run("diff", "user:bo", "user:bo")
    assert (same.out, same.err) == ("", "user:bo and user:bo hold the same\n")
    assert held.run("diff", "user:bo", "user:al", "--key", "x*", "--json").json == []


def test_an_export_is_compared_with_what_is_there_now(held: Shell) -> None:
    held.run("export", "all.json")
    assert held.run("diff", "all.json", f"sqlite:{held.db}").out == ""
    held.run("set", "size=20", "--user", "bo")
    held.run("set", "proxy=corp", "--system")
    told = held.run("diff", "all.json", f"sqlite:{held.db}", code=1).out
    assert told.splitlines() == ["system", '  + proxy  "corp"', "user/bo", "  ~ size  13 → 20"]
    alone = held.run("diff", "user:bo", "all.json", code=1).out
    assert alone.splitlines() == ["user/bo", "  ~ size  20 → 13"]
    only = held.run("diff", "all.json", f"sqlite:{held.db}", "--scope", "system", code=1).out
    assert only.splitlines() == ["system", '  + proxy  "corp"']
    assert held.run("diff", "template:none", "all.json").out == ""


def test_a_plain_file_is_compared_with_one_set(held: Shell) -> None:
    held.write("plain.json", '{"size": 13, "theme": "light"}')
    told = held.run("diff", "user:bo", "plain.json", code=1).out
    assert told.splitlines() == ["user/bo", '  ~ theme  "dark" → "light"']
    back = held.run("diff", "plain.json", "user:bo", code=1).out
    assert back.splitlines() == ["user/bo", '  ~ theme  "light" → "dark"']
    held.write("other.json", '{"size": 14, "theme": "light"}')
    both = held.run("diff", "plain.json", "other.json", code=1).out
    assert both.splitlines() == ["  ~ size  13 → 14"], "they are of nobody"
    assert held.run("diff", "-", "user:bo", stdin='{"size": 13, "theme": "dark"}').out == ""
    held.write("secret.json", '{"secret.key": "hunter2", "my.password": "hunter2"}')
    told = held.run("diff", "secret.json", "user:none", code=1).out
    assert told.splitlines()[1:] == ['  - my.password  "********"', '  - secret.key   "********"']
    message = held.fails(2, "diff", "plain.json", f"sqlite:{held.db}")
    assert message.startswith("plain.json is a plain file of one set, and sqlite:")


def test_states_of_the_history_are_compared(held: Shell) -> None:
    first, second = (one["id"][:8] for one in reversed(held.run("history", "--json").json))
    told = held.run("diff", f"@{first}", f"@{second}", code=1).out
    assert told.splitlines() == ["user/al", '  + name  "al"', "  + size  14"]
    held.run("unset", "size", "--user", "bo")
    told = held.run("diff", f"@{second}", f"sqlite:{held.db}", code=1).out
    assert told.splitlines() == ["user/bo", "  - size  13"]


def test_states_of_two_versions_are_compared_as_they_stand(held: Shell) -> None:
    held.run("export", "old.json")
    write_schema(held, "2.0.0")
    held.run("migrate", "up")
    told = held.run("diff", "old.json", "user:bo")
    assert told.out == ""
    assert "warning: old.json is at schema 1.0.0, user:bo at 2.0.0: values are compared" in told.err


def test_another_store_is_left_as_it_is(held: Shell) -> None:
    shutil.copy(held.db, held.folder / "copy.db")
    held.run("set", "size=20", "--user", "bo")
    before = (held.folder / "copy.db").read_bytes()
    told = held.run("diff", "sqlite:copy.db", "user:bo", code=1).out
    assert told.splitlines() == ["user/bo", "  ~ size  13 → 20"]
    assert (held.folder / "copy.db").read_bytes() == before


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (10, ("none.json", "user:bo"), "none.json"),
        (10, ("@ffffffff", "user:bo"), "there is no changeset 'ffffffff'"),
        (10, ("sqlite:none.db", "user:bo"), "there is no store at"),
        (2, ("user:", "user:bo"), "user: takes a printable name"),
        (2, ("-", "-"), "the standard input can be read once"),
        (13, ("broken.json", "user:bo"), "broken.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_compared_is_said(
    held: Shell, code: int, words: tuple[str, ...], said: str
) -> None:
    held.write("broken.json", '{"size": ')
    assert said in held.fails(code, "diff", *words)
