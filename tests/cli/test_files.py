"""export and import: files written whole, read from anywhere, merged as asked."""

from __future__ import annotations

import gzip
import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from backports import zstd

from tests.cli.shell import EXAMPLE, PREFCORE, Shell, acme, ended


@pytest.fixture
def held(shell: Shell) -> Shell:
    shell.run("set", "size=13", "name=Bo", "here=box", "--user", "bo")
    shell.run("set", "size", "30", "--project", "p")
    return shell


def test_what_was_exported_imports_elsewhere_as_it_was(held: Shell, tmp_path: Path) -> None:
    ran = held.run("export", "all.json")
    assert ran.err == (
        "prefcore: warning: left out, because they belong to this machine: here\n"
        "exported 2 sets with 3 values to all.json (json)\n"
    )
    other = acme(tmp_path / "other")
    other.run("import", str(held.folder / "all.json"))
    again = other.run("export", "again.json", "--json").json
    assert again["digest"] == held.run("export", "all.json", "--json").json["digest"]
    assert (again["sets"], again["entries"], again["format"]) == (2, 3, "json")


def test_standard_output_and_input_join_two_machines(held: Shell, tmp_path: Path) -> None:
    other = acme(tmp_path / "other")
    document = held.process("export", "--owner", "bo").out
    other.process("import", "-", stdin=document.encode())
    assert other.run("get", "size", "--user", "bo").out == "13\n"
    assert other.run("history", "--json").json[0]["details"]["file"] == "standard input"


def test_a_pipe_can_be_imported_although_it_reads_once(shell: Shell) -> None:
    pipe = shell.folder / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [PREFCORE, "import", "pipe", "--user", "bo"],
        cwd=shell.folder,
        env=shell.environ,
        stdout=subprocess.DEVNULL,
    ) as child:
        pipe.write_text('{"size": 14}')
    assert child.returncode == 0
    assert shell.run("get", "size", "--user", "bo").out == "14\n"


def test_a_selection_takes_sets_and_keys(held: Shell) -> None:
    for words, sets, entries in (
        (("--scope", "user"), 1, 2),
        (("--owner", "p", "--owner", "bo"), 2, 3),
        (("--key", "s*"), 2, 2),
        (("--key", "n*", "--key", "size", "--scope", "user"), 1, 2),
    ):
        told = held.run("export", "x.json", *words, "--json").json
        assert (told["sets"], told["entries"]) == (sets, entries), words
    ran = held.run("export", "x.json", "--owner", "nobody")
    assert "warning: nothing matches the selection" in ran.err


def test_a_plain_file_holds_one_set(held: Shell) -> None:
    held.run("export", "plain.json", "--plain", "--scope", "user")
    assert '"size": 13' in (held.folder / "plain.json").read_text()
    held.run("import", "plain.json", "--template", "start")
    assert held.run("get", "name", "--template", "start").out == "Bo\n"
    assert "choose one with --scope and --owner" in held.fails(2, "export", "--plain")


def test_an_import_goes_to_the_set_that_is_named(shell: Shell) -> None:
    shell.write("plain.json", '{"size": 14}')
    for words in (("--user", "al"), ("--project", "q"), ("--system",), ("--template", "t")):
        shell.run("import", "plain.json", *words)
        assert shell.run("get", "size", *words).out == "14\n"


@pytest.mark.parametrize(
    ("merge", "size", "name"),
    [
        (("ours",), 13, "Bo"),
        (("theirs",), 14, "Al"),
        (("s*=theirs", "ours"), 14, "Bo"),
        (("ours", "name=theirs"), 13, "Al"),
        (("size=ours", "*=theirs"), 13, "Al"),
    ],
    ids=["ours", "theirs", "one theirs", "general first", "first glob wins"],
)
def test_merge_strategies_by_key(held: Shell, merge: tuple[str, ...], size: int, name: str) -> None:
    held.write("new.json", '{"size": 14, "name": "Al", "theme": "dark"}')
    words = [word for one in merge for word in ("--merge", one)]
    plan = held.run("import", "new.json", "--user", "bo", *words, "--dry-run", "--json").json
    held.run("import", "new.json", "--user", "bo", *words)
    rows = {row["key"]: row["value"] for row in held.run("list", "--user", "bo", "--json").json}
    assert (rows["size"], rows["name"], rows["theme"]) == (size, name, "dark")
    assert plan["counts"]["add"] == 1


def test_keys_that_the_schema_does_not_declare_are_kept_on_request(shell: Shell) -> None:
    shell.write("new.json", '{"size": 14, "later": {"x": 1}}')
    assert "--unknown keep" in shell.fails(10, "import", "new.json", "--user", "bo")
    shell.run("import", "new.json", "--user", "bo", "--unknown", "keep")
    assert shell.run("get", "later", "--user", "bo").out == '{"x":1}\n'
    assert "the schema declares no such key" in shell.run("validate", code=1).out
    shell.run("unset", "later", "--user", "bo")
    shell.run("validate")


def test_a_secret_by_its_name_is_not_kept(shell: Shell) -> None:
    shell.write("new.json", '{"api_token": "hush"}')
    for more in ((), ("--json",)):
        ran = shell.run("import", "new.json", "--unknown", "keep", *more, code=17)
        assert "hush" not in ran.out + ran.err


def test_an_import_is_undone_whole(held: Shell) -> None:
    before = held.run("list", "--user", "bo", "--json").out
    held.write("new.json", '{"size": 14, "theme": "dark"}')
    ran = held.run("import", "new.json", "--user", "bo", "--merge", "theirs", "--reason", "moving")
    assert "~ size   13 → 14" in ran.out
    id = held.run("history", "--json").json[0]["id"]
    assert ran.err == (
        f"imported new.json (changeset {id[:8]}); take it back with: prefcore undo {id[:8]}\n"
    )
    held.run("undo", id[:8])
    assert held.run("list", "--user", "bo", "--json").out == before


def test_importing_the_same_again_changes_nothing(held: Shell) -> None:
    held.run("export", "x.json")
    before = held.dump()
    ran = held.run("import", "x.json")
    assert ran.err.endswith("imported x.json: nothing changed\n")
    assert held.dump() == before


def test_a_document_edited_by_hand_is_warned_of(held: Shell) -> None:
    held.run("export", "x.json")
    path = held.folder / "x.json"
    path.write_text(path.read_text().replace('"value": 13', '"value": 15'))
    ran = held.run("import", "x.json", "--merge", "theirs")
    assert "prefcore: warning: x.json was edited by hand" in ran.err
    assert held.run("get", "size", "--user", "bo").out == "15\n"


# ---------------------------------------------------------------------------- written whole


def test_an_export_replaces_the_file_that_a_link_points_to(held: Shell) -> None:
    real = held.write("real.json", "old")
    real.chmod(0o640)
    link = held.folder / "link.json"
    link.symlink_to("real.json")
    held.run("export", "link.json")
    assert link.is_symlink()
    assert real.read_text().startswith('{"prefcore"')
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_a_device_is_written_not_replaced(held: Shell) -> None:
    held.run("export", "/dev/null")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


def test_a_failed_export_leaves_the_old_file_and_no_other(held: Shell) -> None:
    held.write("x.json", "old")
    before = sorted(held.folder.iterdir())
    held.fails(2, "export", "x.json", "--plain")
    assert (held.folder / "x.json").read_text() == "old"
    assert sorted(held.folder.iterdir()) == before


@pytest.mark.parametrize("name", ["x", "x.json", "x.prefs"])
def test_a_suffix_that_no_format_has_means_json(held: Shell, name: str) -> None:
    held.run("export", name)
    assert (held.folder / name).read_text().startswith('{"prefcore"')


def test_real_settings_of_2020_come_in_as_they_were_published(tmp_path: Path) -> None:
    (tmp_path / "go").mkdir()
    shell = Shell(tmp_path / "go")
    schemas = str(EXAMPLE / "schemas")
    shell.run("init", "--app", "golang.go", "--schemas", schemas, "--store", "prefs.db")
    file = str(EXAMPLE / "users" / "2020-remote-kind.json")
    ran = shell.run("import", file, "--user", "kim", "--from-schema", "0.14.4")
    assert "15 added" in ran.out
    assert shell.run("get", "go.liveErrors", "--user", "kim").out == '{"delay":0,"enabled":true}\n'


# ------------------------------------------------------------------------------- merged three ways


def test_two_machines_that_pass_documents_merge_without_a_conflict(
    held: Shell, tmp_path: Path
) -> None:
    other = acme(tmp_path / "other")
    document = str(tmp_path / "shared.json")
    held.run("export", document, "--owner", "bo")
    other.run("import", document)
    other.run("set", "name", "Al", "--user", "bo")
    held.run("set", "size", "20", "--user", "bo")
    other.run("export", document, "--owner", "bo")
    plan = held.run("import", document, "--dry-run").out
    assert '~ name  "Bo" → "Al"' in plan
    assert "note: merged three ways, from changeset " in plan
    held.run("import", document)
    values = {row["key"]: row["value"] for row in held.run("list", "--user=bo", "--json").json}
    assert (values["name"], values["size"]) == ("Al", 20)


def test_a_base_can_be_named(held: Shell) -> None:
    held.write("base.json", '{"size": 13, "name": "Bo"}')
    held.write("new.json", '{"size": 13, "name": "Al"}')
    assert "both sides hold different" in held.fails(1, "import", "new.json", "--user", "bo")
    held.run("import", "new.json", "--base", "base.json", "--user", "bo")
    assert held.run("get", "name", "--user", "bo").out == "Al\n"
    words = ("import", "new.json", "--user", "bo")
    assert "there is no file nix.json" in held.fails(10, *words, "--base", "nix.json")
    held.fails(2, "import", "-", "--base", "-")


@pytest.mark.parametrize(
    ("words", "method", "magic"),
    [
        pytest.param(("all.json.zst",), "zstd", b"\x28\xb5\x2f\xfd", id="by suffix, zstd"),
        pytest.param(("all.json.gz",), "gzip", b"\x1f\x8b", id="by suffix, gzip"),
        pytest.param(
            ("all.bin", "--compress", "zstd"), "zstd", b"\x28\xb5\x2f\xfd", id="by option"
        ),
        pytest.param(("all.json", "--compress", "none"), "none", b"{", id="not at all"),
    ],
)
def test_exports_are_compressed_and_imports_undo_it(
    held: Shell, tmp_path: Path, words: tuple[str, ...], method: str, magic: bytes
) -> None:
    told = held.run("export", *words, "--json").json
    assert told["compression"] == method
    assert told["format"] == "json"
    data = (held.folder / words[0]).read_bytes()
    assert data.startswith(magic)
    other = acme(tmp_path / "other")
    other.process("import", "-", stdin=data)
    assert other.run("export", "again.json", "--json").json["digest"] == told["digest"]


def test_a_plain_file_may_be_compressed_and_undone(held: Shell) -> None:
    held.run("export", "plain.json.gz", "--plain", "--scope", "user")
    assert b'"size": 13' in gzip.decompress((held.folder / "plain.json.gz").read_bytes())
    held.run("import", "plain.json.gz", "--template", "start")
    assert held.run("get", "name", "--template", "start").out == "Bo\n"


def test_a_name_that_says_another_compression_is_refused(held: Shell) -> None:
    assert "says zstd" in held.fails(2, "export", "x.json.zst", "--compress", "gzip")
    assert "says gzip" in held.fails(2, "export", "x.json.gz", "--compress", "none")
    assert "not .xz" in held.fails(2, "export", "x.json.xz")
    assert sorted(held.folder.glob("x.json*")) == []


def test_damaged_bombs_and_twice_compressed_files_leave_the_store_as_it_was(held: Shell) -> None:
    held.run("export", "all.json.gz")
    data = (held.folder / "all.json.gz").read_bytes()
    before = held.dump()
    held.write("cut.json.gz", data[:-9])
    assert "cut.json.gz: byte 0: the gzip member" in held.fails(13, "import", "cut.json.gz")
    held.write("tail.json.gz", data + b"x")
    assert f"byte {len(data)}: something" in held.fails(13, "import", "tail.json.gz")
    held.write("twice.json.gz", gzip.compress(data))
    assert "compressed twice" in held.fails(13, "import", "twice.json.gz")
    document = gzip.decompress(data)
    held.write("bomb.json.zst", zstd.compress(document.rstrip() + b" " * (64 << 20)))
    assert "max_ratio" in held.fails(13, "import", "bomb.json.zst")
    assert held.dump() == before


def test_two_imports_at_once_are_both_whole_and_the_later_sees_the_first(held: Shell) -> None:
    many = {f"n{i}": i for i in range(2000)}
    files = {name: {"name": name, **many, f"only.{name}": 1} for name in ("one", "two")}
    children = []
    for name, content in files.items():
        held.write(f"{name}.json", json.dumps(content))
        words = ("import", f"{name}.json", "--user", "al", "--unknown", "keep")
        children.append(
            subprocess.Popen(
                [PREFCORE, *words, "--merge", "theirs", "--quiet"],
                cwd=held.folder,
                env=held.environ,
                stderr=subprocess.PIPE,
            )
        )
    for child in children:
        assert ended(child) == b""
        assert child.returncode == 0
    later, first = held.run("history", "--limit", "2", "--json").json
    assert first["changes"] == 2002
    assert later["changes"] == 2, "what the first brought is there already"
    winner = later["details"]["file"].removesuffix(".json")
    rows = held.run("list", "--user", "al", "--json").json
    assert {row["key"]: row["value"] for row in rows if row["origin"] == "user/al"} == {
        **files["one"],
        **files["two"],
        "name": winner,
    }
    assert "ok    store: entries, history and audit chain agree" in held.run("doctor").out


def test_what_a_selection_leaves_out_is_told(held: Shell) -> None:
    held.run("export", "all.json", "--quiet")
    for selected in ("--owner nobody", "--key no.such.*", "--scope template"):
        ran = held.run("import", "all.json", *selected.split())
        assert "prefcore: warning: nothing in all.json matches the selection" in ran.err, selected
    held.write("plain.json", '{"size": 20, "name": "Bo"}')
    refused = "plain.json is a plain file and goes to user/bo, which the selection leaves out"
    for selected in ("--scope project", "--owner al", "--owner al --scope user"):
        words = ("import", "plain.json", "--user", "bo", *selected.split())
        assert held.fails(2, *words).startswith(refused), selected
    message = "the system's set has no owner: leave out --owner, or --scope system"
    for verb in ("export", "import", "validate"):
        file = ["x.json"] if verb != "validate" else []
        assert held.fails(2, verb, *file, "--scope", "system", "--owner", "bo") == message


def test_a_selection_holds_for_plain_files_and_for_removals(held: Shell) -> None:
    held.write("base.json", '{"size": 13, "name": "Bo", "ratio": 1.5}')
    held.write("new.json", '{"tags": ["a"]}')
    selected = ("--key", "n*", "--key", "t*", "--scope", "user", "--owner", "bo")
    held.run("import", "new.json", "--user", "bo", "--base", "base.json", *selected)
    rows = held.run("list", "--user", "bo", "--json").json
    assert {row["key"]: row["value"] for row in rows} == {"here": "box", "size": 13, "tags": ["a"]}
    held.run("export", "out.json", "--plain", "--key", "s*", "--owner", "bo")
    assert json.loads((held.folder / "out.json").read_text(encoding="utf-8")) == {"size": 13}


_OTHERS = (
    '{"prefcore": {"layout": 1, "app": "other", "schema": "1.0.0"}, "sets": [], "records": [], '
    f'"trailer": {{"sets": 0, "entries": 0, "records": 0, "digest": "sha256:{64 * "0"}"}}}}'
)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        (_OTHERS, 13, "bad.json holds preferences of other, not of acme"),
        ('{"size": 14', 13, "cut off"),
        ('{"size": 14, "size": 15}', 13, "twice"),
        ('{"size": 14, // years\n"name": NaN}', 13, "line 2"),
        ("// {}", 13, "line 1"),
        ('{"size": 14, /* open', 13, "no end"),
        ('{"ratio": 1e400}', 5, "beyond"),
    ],
    ids=["other application", "cut", "key twice", "NaN", "only a comment", "open comment", "1e400"],
)
def test_bad_files_are_refused_with_their_place(
    held: Shell, text: str, code: int, told: str
) -> None:
    held.write("bad.json", text)
    before = held.dump()
    message = held.fails(
        code, "import", "bad.json", *(() if "layout" in text else ("--user", "bo"))
    )
    assert message.startswith("bad.json")
    assert told in message
    assert held.dump() == before
