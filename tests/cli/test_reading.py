"""get, list, explain and describe: what holds, and why."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def held(shell: Shell) -> Shell:
    shell.run("set", "size=13", "name=Bo", "--user", "bo")
    shell.run("set", "size=20", "proxy=corp", "--system")
    shell.run("set", "size", "30", "--project", "p")
    shell.run("set", "theme", "dark", "--template", "night")
    return shell


@pytest.mark.parametrize(
    ("words", "out"),
    [
        ("get size --user bo", "13"),
        ("get size --user nobody", "20"),
        ("get size --user bo --project p", "30"),
        ("get size --project p", "30"),
        ("get size --system", "20"),
        ("get name --user bo", "Bo"),
        ("get theme --user bo", "light"),
        ("get theme --template night", "dark"),
        ("get tags --user bo", "[]"),
        ("get size --user bo --show-origin", "user/bo\t13"),
        ("get theme --user bo --show-origin", "default\tlight"),
    ],
)
def test_get_prints_text_bare_and_everything_else_as_json(
    held: Shell, words: str, out: str
) -> None:
    assert held.run(*words.split()).out == f"{out}\n"


def test_get_reads_the_current_user_by_default(shell: Shell) -> None:
    shell.run("set", "size", "33")
    assert shell.run("get", "size").out == "33\n"
    assert shell.run("get", "size", env={"PREFCORE_ACTOR": "robot"}).out == "33\n"


def test_get_as_json_has_key_value_and_origin(held: Shell) -> None:
    assert held.run("get", "size", "--user", "bo", "--json").json == {
        "key": "size",
        "value": 13,
        "origin": "user/bo",
    }


def test_bytes_and_dates_are_printed_in_their_tagged_form(shell: Shell) -> None:
    shell.run("set", "blob=AAE=", "day=2026-01-31", "--user", "bo")
    assert shell.run("get", "day", "--user", "bo").out == '{"$date":"2026-01-31"}\n'
    rows = shell.run("list", "--json", "--user", "bo").json
    assert [row["value"] for row in rows] == [{"$bytes": "AAE="}, {"$date": "2026-01-31"}]


def test_a_key_without_value_and_default_exits_with_10(held: Shell) -> None:
    assert held.fails(10, "get", "name", "--user", "al") == (
        "name is not set for user/al and has no default"
    )
    assert "template/night" in held.fails(10, "get", "name", "--template", "night")
    assert "did you mean 'size'" in held.fails(10, "get", "sise")


def test_a_sensitive_value_is_masked_everywhere(held: Shell) -> None:
    words = ("get", "explain", "describe")
    for verb in words:
        for more in ((), ("--json",)):
            ran = held.run(verb, "secret.key", *more)
            assert "hush" not in ran.out + ran.err, verb
    assert held.run("get", "secret.key").out == "********\n"
    assert "hush" not in held.run("list", "--defaults", "--json").out
    assert "hush" not in held.run("schema", "show").out
    assert "hush" not in held.run("schema", "show", "--json").out


def test_a_secret_that_nobody_set_is_told_as_null(shell: Shell) -> None:
    path = shell.folder / "schemas" / "1.0.0.json"
    document = json.loads(path.read_text())
    document["preferences"]["token"] = {
        "shape": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "sensitive": True,
        "default": None,
    }
    path.write_text(json.dumps(document))
    assert shell.run("get", "token").out == "null\n"
    assert shell.run("get", "token", "--json").json["value"] is None
    assert shell.run("list", "token", "--defaults").out == "token  null\n"
    assert shell.run("explain", "token", "--json").json["layers"][-1]["value"] is None
    assert shell.run("describe", "token", "--json").json["default"] is None
    assert "default      null" in shell.run("describe", "token").out
    assert shell.run("schema", "show", "--json").json["preferences"]["token"]["default"] is None


def test_describe_as_json_says_where_a_key_may_stand(held: Shell) -> None:
    told = held.run("describe", "size", "--json").json
    assert (told["scopes"], told["variable"]) == (["system", "user", "project"], "ACME_SIZE")
    assert held.run("describe", "only.user", "--json").json["scopes"] == ["user"]


def test_a_section_is_told_from_a_key_that_there_is_not(held: Shell) -> None:
    for verb in ("get", "describe"):
        said = held.fails(10, verb, "only")
        assert said.endswith("it is a section of 1: prefcore list 'only.*' --defaults")
    assert "section" not in held.fails(10, "get", "onl")


def test_a_value_that_begins_with_a_dash_is_told_where_to_stand(held: Shell) -> None:
    assert "a value that begins so goes after --" in held.fails(2, "set", "name", "-x")
    held.run("set", "name", "--", "-x")
    assert held.run("get", "name").out == "-x\n"


def test_list_shows_what_holds(held: Shell) -> None:
    rows = held.run("list", "--user", "bo", "--json").json
    assert {row["key"]: (row["value"], row["origin"]) for row in rows} == {
        "name": ("Bo", "user/bo"),
        "proxy": ("corp", "system"),
        "size": (13, "user/bo"),
    }
    assert held.run("list", "s*", "--user", "bo").out == "size  13\n"
    assert held.run("list", "s*", "--user", "bo", "--show-origin").out == "size  user/bo  13\n"
    assert held.run("list", "--template", "night").out == 'theme  "dark"\n'
    assert "tags" in held.run("list", "--user", "bo", "--defaults").out
    nothing = held.run("list", "x*", "--user", "bo")
    assert (nothing.out, nothing.err) == ("", "nothing is set that matches x*\n")


def test_explain_names_every_layer_and_the_winner(held: Shell) -> None:
    layers = held.run("explain", "size", "--user", "bo", "--project", "p", "--json").json["layers"]
    assert [(one["origin"], one["state"]) for one in layers] == [
        ("project/p", "wins"),
        ("user/bo", "shadowed"),
        ("system", "shadowed"),
        ("default", "shadowed"),
    ]
    told = held.run("explain", "proxy", "--user", "bo").out
    assert "→  system (locked)" in told
    assert "--template" not in held.run("explain", "--help").out


def test_describe_says_what_a_key_may_hold(held: Shell) -> None:
    told = held.run("describe", "size").out
    for part in ("integer", "at least", "6", "at most", "72", "default", "12", "user, project"):
        assert part in told
    assert "What to call you." in held.run("describe", "name").out
    assert held.run("describe", "size", "--json").json["default"] == 12


def test_values_cannot_steer_a_terminal(shell: Shell) -> None:
    shell.run("set", "tags", '["\\u001b[31m", "\\u202e"]', "--user", "bo")
    for words in (("list",), ("explain", "tags")):
        told = shell.run(*words, "--user", "bo").out
        assert "\x1b" not in told
        assert "\u202e" not in told


def test_all_json_tells_times_in_one_form(shell: Shell) -> None:
    """In UTC, to the microsecond, with a Z: a program compares them as texts."""
    shell.run("set", "size", "13", "--user", "bo")
    told: list[str] = []
    for command in (
        ("explain", "size", "--user", "bo"),
        ("schema", "list"),
        ("history",),
        ("audit", "list"),
    ):
        text = shell.run(*command, "--json").out
        found = re.findall(r'"\d{4}-\d\d-\d\dT[^"]*"', text)
        assert found, command
        told += found
    assert [at for at in told if not re.fullmatch(r'"[-\d]+T[:\d]{8}\.\d{6}Z"', at)] == []
