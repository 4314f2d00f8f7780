"""``prefcore template``: list, show, save, apply and delete, as a user types them."""

from __future__ import annotations

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def held(shell: Shell) -> Shell:
    shell.run("set", "size=13", "theme=dark", "--user", "bo")
    return shell


def test_a_template_goes_from_one_set_to_another(held: Shell) -> None:
    nothing = held.run("template", "list")
    assert (nothing.out, nothing.err) == (
        "", "there are no templates; make one with: prefcore template save NAME\n",
    )  # fmt: skip
    saved = held.run("template", "save", "night", "--user", "bo", "--reason", "for all")
    assert saved.out.splitlines() == [
        "save template night from user/bo",
        "  template/night",
        "    + size   13",
        '    + theme  "dark"',
        "  2 added",
    ]
    assert "saved template night (changeset " in saved.err
    assert held.run("template", "list").out == "night  2 values\n"
    assert held.run("template", "list", "--json").json == [
        {"template": "night", "keys": ["size", "theme"]}
    ]
    assert held.run("template", "show", "night").out == 'size   13\ntheme  "dark"\n'
    assert held.run("template", "show", "night", "--json").json[0] == {"key": "size", "value": 13}
    before = held.dump()
    plan = held.run("template", "apply", "night", "--project", "p", "--dry-run", "--json").json
    assert (plan["counts"], plan["applied"], held.dump()) == ({"add": 2}, False, before)
    applied = held.run("template", "apply", "night", "--project", "p")
    assert "applied template night (changeset " in applied.err
    assert held.run("get", "size", "--project", "p").out == "13\n"
    told = held.run("explain", "size", "--project", "p").out
    assert "wins, template by" in told
    deleted = held.run("template", "delete", "night")
    assert "deleted template night (changeset " in deleted.err
    assert "take it back with: prefcore undo" in deleted.err
    held.run("undo")
    assert held.run("template", "list").out == "night  2 values\n"


def test_only_some_keys_are_saved(held: Shell) -> None:
    held.run("template", "save", "sizes", "--key", "s*", "--user", "bo")
    assert held.run("template", "show", "sizes").out == "size  13\n"


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        (10, ("show", "none"), "there is no template 'none'; `prefcore template list` shows"),
        (10, ("apply", "none"), "there is no template 'none'"),
        (10, ("delete", "none"), "there is no template 'none'"),
        (10, ("save", "x", "--user", "nobody"), "user/nobody holds nothing to save"),
        (2, ("save", ""), "NAME takes a printable name"),
        (2, ("show", "a\x1b[31m"), "NAME takes a printable name"),
        (2, ("save", "x", "--user", "a", "--system"), "name one set"),
        (2, ("save", "x", "--template", "y"), "no such option --template"),
        (17, ("apply", "mine", "--project", "p"), "project/p only.user: this preference may stand"),
    ],
    ids=lambda value: " ".join(map(repr, value)) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said(
    held: Shell, code: int, words: tuple[str, ...], said: str
) -> None:
    held.run("set", "only.user=true", "--template", "mine")
    assert said in held.fails(code, "template", *words)


def test_a_templates_secret_is_masked_applied_and_not_saved(held: Shell) -> None:
    held.run("keys", "init")
    held.run("set", "secret.key", "-", "--template", "t", stdin="hunter2")
    assert held.run("template", "show", "t").out == 'secret.key  "********"\n'
    applied = held.run("template", "apply", "t", "--user", "bo")
    assert "hunter2" not in applied.out + applied.err
    told = held.run("diff", "template:t", "user:bo", "--key", "secret.*", code=1).out
    assert told == 'template/t\n  ~ secret.key  "********" → "********"\n'
    assert held.run("get", "secret.key", "--user", "bo", "--reveal").out == "hunter2\n"
    held.run("template", "save", "t", "--user", "bo")
    assert held.run("template", "show", "t").out == 'size   13\ntheme  "dark"\n'
    assert "hunter2" not in held.run("template", "delete", "t").out


def test_a_template_leaves_out_keys_that_the_schema_does_not_declare(shell: Shell) -> None:
    shell.write("a.json", '{"size": 9, "nosuch.key": 5}')
    shell.run("import", "a.json", "--unknown", "keep", "--user", "bo")
    ran = shell.run("template", "save", "mine", "--user", "bo")
    assert "nosuch.key: the schema does not declare the key" in ran.out + ran.err
    assert shell.run("template", "show", "mine", "--json").json == [{"key": "size", "value": 9}]
    said = shell.fails(10, "template", "save", "other", "--user", "bo", "--key", "nosuch.*")
    assert "holds nothing declared that matches nosuch.* to save" in said
