"""convert: files in one format written again in another, whole or not at all."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.cli.shell import Shell, acme


def test_a_document_goes_through_formats_and_imports_as_it_was(
    shell: Shell, tmp_path: Path
) -> None:
    shell.run("set", "size=13", "name=Bo", "--user", "bo")
    digest = shell.run("export", "a.json", "--json").json["digest"]
    names = ["a.json", "b.yaml", "c.msgpack", "d.jsonc.zst", "e.json.gz"]
    for source, target in itertools.pairwise(names):
        told = shell.run("convert", source, target, "--json").json
        assert (told["digest"], told["sets"], told["entries"]) == (digest, 1, 2)
        assert told["to"] == target
    other = acme(tmp_path / "other")
    other.run("import", str(shell.folder / "e.json.gz"))
    assert other.run("export", "x.json", "--json").json["digest"] == digest


def test_it_needs_no_store_and_no_configuration(bare: Shell) -> None:
    bare.write("settings.json", '{ // mine\n "a": {"b": [1, null]}, }')
    ran = bare.run("convert", "settings.json", "settings.yaml")
    assert ran.err == "converted settings.json (jsonc) to settings.yaml (yaml): 1 value\n"
    done = bare.process("convert", "-", "--format", "json", stdin=b"a:\n  b: [1, null]\n")
    assert done.out == '{\n  "a": {"b": [1, null]}\n}\n'
    assert sorted(one.name for one in bare.folder.iterdir()) == ["settings.json", "settings.yaml"]


def test_what_cannot_be_converted_leaves_the_target_as_it_was(bare: Shell) -> None:
    bare.write("to.json", "mine")
    bare.write("plain.json", '{"a": 1}')
    bare.write("cut.json", '{"a": 1')
    for code, words, told in (
        (13, "cut.json to.json", "cut.json: line 1"),
        (10, "gone.json to.json", "there is no file gone.json"),
        (18, "plain.json to.json --format binary", "no plain form"),
        (18, "plain.json to.json --format nix", "no format 'nix'"),
        (18, "plain.json to.json --from nix", "no format 'nix'"),
        (2, "plain.json to.json.gz --compress zstd", "contradicts the name"),
        (2, "plain.json - --json", "name a file TO"),
    ):
        assert told in bare.fails(code, "convert", *words.split()), words
    assert (bare.folder / "to.json").read_text(encoding="utf-8") == "mine"
    assert not list(bare.folder.glob("*.new"))


def test_a_file_may_be_converted_onto_itself(bare: Shell) -> None:
    bare.write("a.json", '{"b": 1, /* x */}')
    bare.run("convert", "a.json", "a.json", "--quiet")
    assert (bare.folder / "a.json").read_text(encoding="utf-8") == '{\n  "b": 1\n}\n'


def test_an_encrypted_document_is_opened_and_written_in_clear(shell: Shell) -> None:
    shell.run("set", "size=13", "--user", "bo")
    sesame = {"PREFCORE_FILE_PASSPHRASE": "sesame"}
    shell.run("export", "shut.json", "--passphrase", env=sesame)
    said = shell.run("convert", "shut.json", "open.yaml", env=sesame).err
    assert "warning: shut.json is encrypted, and open.yaml is in clear" in said
    assert (shell.folder / "open.yaml").stat().st_mode & 0o077 == 0
    assert shell.run("diff", "open.yaml", "shut.json", env=sesame).out == ""
    said = shell.fails(12, "convert", "shut.json", "other.yaml")
    assert "the passphrase of shut.json is needed" in said
    assert "the passphrase of shut.json is needed" in shell.fails(
        12, "diff", "shut.json", "user:bo"
    )
    assert not (shell.folder / "other.yaml").exists()


@pytest.mark.parametrize("name", ["one.json", "one.yaml", "one.toml"])
def test_a_date_that_people_write_as_a_text_is_taken(shell: Shell, name: str) -> None:
    plain = {
        "one.json": '{"day": "2026-01-31", "blob": "aGk="}',
        "one.yaml": "day: 2026-01-31\nblob: aGk=\n",
        "one.toml": 'day = "2026-01-31"\nblob = "aGk="\n',
    }
    shell.write(name, plain[name])
    shell.run("import", name, "--user", "bo")
    assert shell.run("get", "day", "--user", "bo", "--json").json["value"] == {
        "$date": "2026-01-31"
    }
    assert shell.run("get", "blob", "--user", "bo", "--json").json["value"] == {"$bytes": "aGk="}
    shell.write(name, plain[name].replace("01-31", "02-31"))
    assert "day" in shell.fails(5, "import", name, "--user", "bo")
