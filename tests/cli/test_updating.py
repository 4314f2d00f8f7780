"""export --update: a file that people edit holds what the set holds, and keeps the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.shell import Shell

SETTINGS = """\
{
  // mine
  "size": 12, // points
  "other.tool": {"size": 1}, // of somebody else
  "here": "elsewhere",
  "theme": "dark",
}
"""


@pytest.fixture
def held(shell: Shell) -> Shell:
    shell.run("set", "size=13", "name=Bo", "here=box", "--user", "bo")
    shell.write("settings.json", SETTINGS)
    return shell


def text(shell: Shell, name: str = "settings.json") -> str:
    return (shell.folder / name).read_text(encoding="utf-8")


def test_values_change_and_all_else_in_the_file_stays(held: Shell) -> None:
    ran = held.run("export", "--update", "settings.json", "--dry-run")
    assert ran.out.splitlines() == [
        "would update settings.json",
        "  user/bo",
        '    + name   "Bo"',
        "    ~ size   12 → 13",
        '    - theme  "dark"',
        "  1 added, 1 changed, 1 removed",
    ]
    assert text(held) == SETTINGS
    ran = held.run("export", "--update", "settings.json")
    assert "warning: left out, because they stay out of files: here" in ran.err
    updated = SETTINGS.replace("12", "13").replace('"theme": "dark"', '"name": "Bo"')
    assert text(held) == updated
    ran = held.run("export", "--update", "settings.json")
    assert "settings.json holds all of it already: nothing changed" in ran.err
    assert text(held) == updated


def test_only_what_is_selected_is_touched(held: Shell) -> None:
    told = held.run("export", "--update", "settings.json", "--key", "s*", "--json").json
    assert told["counts"] == {"change": 1}
    assert (told["format"], told["changed"]) == ("jsonc", True)
    assert text(held) == SETTINGS.replace("12", "13")
    held.run("set", "size", "20", "--project", "p")
    message = held.fails(2, "export", "--update", "settings.json")
    assert "a plain file holds one set" in message
    held.run("export", "--update", "settings.json", "--scope", "project", "--key", "size")
    assert text(held) == SETTINGS.replace("12", "20")


def test_nested_files_stay_nested(held: Shell) -> None:
    held.run("set", "only.user", "true", "--user", "bo")
    nested = '{\n  "only": {\n    "more": 1\n  },\n  "size": 13,\n  "name": "Bo"\n}\n'
    held.write("nested.json", nested)
    held.run("export", "--update", "nested.json")
    assert text(held, "nested.json") == nested.replace(
        '"more": 1\n', '"more": 1,\n    "user": true\n'
    )
    held.run("unset", "only.user", "--user", "bo")
    held.run("export", "--update", "nested.json")
    assert text(held, "nested.json") == nested
    held.write("twice.json", '{"only": {"user": true}, "only.user": false}')
    assert "only.user stands twice" in held.fails(5, "export", "--update", "twice.json")


def test_a_link_and_the_permissions_stay(held: Shell) -> None:
    path = held.folder / "settings.json"
    path.chmod(0o640)
    (held.folder / "link.json").symlink_to("settings.json")
    held.run("export", "--update", "link.json", "--quiet")
    assert (held.folder / "link.json").is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert '"size": 13, // points' in text(held)
    assert sorted(one.name for one in held.folder.glob("*.new")) == []


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (None, 10, "there is no file bad.json to update"),
        ('{"size": 12', 13, "cut off"),
        ("<settings/>", 13, "bad.json: line 1, column 1: expected a value"),
        ("\x1f\x8b\x08\x00", 13, "bad.json"),
    ],
    ids=["no file", "cut", "foreign", "damaged gzip"],
)
def test_what_is_no_plain_file_is_left_as_it_is(
    held: Shell, content: str | None, code: int, told: str
) -> None:
    if content is not None:
        held.write("bad.json", content.encode("latin-1"))
    assert told in held.fails(code, "export", "--update", "bad.json")
    if content is not None:
        assert (held.folder / "bad.json").read_bytes() == content.encode("latin-1")


def test_documents_and_compressed_files_are_exported_anew(held: Shell) -> None:
    for name, told in (("all.json", "is a document of prefcore"), ("all.json.gz", "document")):
        held.run("export", name, "--quiet")
        before = (held.folder / name).read_bytes()
        assert told in held.fails(2, "export", "--update", name)
        assert (held.folder / name).read_bytes() == before
    held.run("export", "plain.json.gz", "--plain", "--quiet")
    assert "is compressed" in held.fails(2, "export", "--update", "plain.json.gz")


def test_combinations_that_make_no_sense_are_refused(held: Shell) -> None:
    for words in (
        "--update",
        "--update -",
        "--update x.json --compress gzip",
        "--update x.json --encrypt",
    ):
        assert "--update changes a plain FILE" in held.fails(2, "export", *words.split())
    assert "--dry-run is for --update" in held.fails(2, "export", "x.json", "--dry-run")


def test_a_format_that_keeps_no_comments_asks(held: Shell) -> None:
    held.write("settings.yaml", "# mine\nsize: 12\nunknown: [1]\n")
    message = held.fails(2, "export", "--update", "settings.yaml")
    assert "comments and layout of settings.yaml do not survive" in message
    assert text(held, "settings.yaml").startswith("# mine")
    told = held.run("export", "--update", "settings.yaml", "--dry-run").err
    assert "warning: comments and layout of settings.yaml do not survive" in told
    assert text(held, "settings.yaml").startswith("# mine")
    held.run("export", "--update", "settings.yaml", "--yes", "--quiet")
    told = held.run("export", "--update", "settings.yaml", "--dry-run").err
    assert "comments" not in told, "nothing would be written"
    held.run("import", "settings.yaml", "--user", "al", "--unknown", "keep", "--quiet")
    rows = held.run("list", "--user", "al", "--json").json
    assert {row["key"]: row["value"] for row in rows} == {"name": "Bo", "size": 13, "unknown": [1]}


def test_a_file_that_somebody_saves_meanwhile_is_not_overwritten(
    held: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from prefcore_json._format import JsoncFormat

    real = JsoncFormat.update

    def saved_meanwhile(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]  # handed on
        held.write("settings.json", "{}")
        os.utime(held.folder / "settings.json", ns=(1, 1))

    monkeypatch.setattr(JsoncFormat, "update", saved_meanwhile)
    message = held.fails(1, "export", "--update", "settings.json")
    assert "settings.json was replaced or written to" in message
    assert text(held) == "{}"
