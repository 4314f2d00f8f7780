"""backup: make, look, verify, restore; what is wrong is one sentence and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, acme, completed, sentence, write_schema


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A store with values of bo, and a target called nightly."""
    made = acme(tmp_path / "work")
    toml = (made.folder / "prefcore.toml").read_text("utf-8")
    made.write("prefcore.toml", toml + '\n[targets.nightly]\nurl = "file:backups"\n')
    made.run("set", "size=13", "theme=grey", "old=x", "--user", "bo")
    return made


def _held(shell: Shell, *words: str) -> dict[str, object]:
    rows = shell.run("list", "--user=bo", "--json", *words).json
    return {row["key"]: row["value"] for row in rows}


def _create(shell: Shell) -> str:
    made = shell.run("backup", "create", "--json").json
    assert made["new"] is True
    id: str = made["backup"]["id"]
    return id


def test_backup_is_made_told_of_and_not_made_twice(shell: Shell) -> None:
    ran = shell.run("backup", "create")
    assert ran.out == ""
    assert "backed up 3 values in 1 set to nightly" in ran.err
    assert ran.err.count("not encrypted") == 1
    assert "nothing changed since backup" in shell.run("backup", "create").err
    assert shell.run("backup", "create", "--json").json["new"] is False
    assert shell.run("backup", "create", "--always", "--json").json["new"] is True
    assert len(shell.run("backup", "list", "--json").json["backups"]) == 2
    assert shell.run("backup", "create", "--quiet").err == ""


def test_what_a_cut_off_backup_left_is_removed_and_told_of(shell: Shell) -> None:
    _create(shell)
    id = "01a21862-8618-75f1-8740-efaddda3061e"
    document = shell.folder / "backups" / f"{id}.document.json"
    note = Path(shell.environ["XDG_DATA_HOME"]) / "prefcore" / "begun" / f"{id}.begun.json"
    data = {"target": f"file://{shell.folder}/backups", "document": document.name}
    for words in ((), ("--json",)):
        document.write_text("{}")
        note.write_text(json.dumps(data))
        ran = shell.run("backup", "create", *words)
        assert f"removed the document of backup {id}" in ran.err or ran.json["swept"] == [id]
        assert not document.exists()


def test_list_and_show_tell_what_is_there(shell: Shell) -> None:
    assert "make one with" in shell.run("backup", "list").err
    first, second = _create(shell), None
    shell.run("set", "size=14", "--user", "bo")
    second = _create(shell)
    listed = shell.run("backup", "list").out.splitlines()
    assert [line[:13] for line in listed] == [second[:13], first[:13]]
    assert "3 values in 1 set" in listed[0]
    assert "acme 1.0.0" in listed[0]
    shown = shell.run("backup", "show", "latest").out
    for word in (second, "nightly", "user: 3 values in 1 set", "acme, schema 1.0.0", "encrypted"):
        assert word in shown
    data = shell.run("backup", "show", first[:30], "--json").json
    assert data["backup"]["id"] == first
    assert data["backup"]["document"]["encrypted"] is False


def test_verify_tells_of_each_backup_and_fails_for_a_damaged_one(shell: Shell) -> None:
    shell.fails(10, "backup", "verify")
    first = _create(shell)
    shell.run("set", "size=14", "--user", "bo")
    second = _create(shell)
    assert shell.run("backup", "verify").out.count("ok ") == 2
    assert "scratch store" in shell.run("backup", "verify", "latest", "--level=3").out
    document = json.loads((shell.folder / f"backups/{first}.manifest.json").read_text("utf-8"))
    path = shell.folder / "backups" / document["document"]["name"]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert shell.run("backup", "verify", "--level", "0").out.count("ok ") == 2
    for words in ((), ("--level", "1"), ("--level=3",), (first,)):
        ran = shell.run("backup", "verify", *words, code=13)
        assert "fail" in ran.out
        assert first in ran.out
    assert shell.run("backup", "verify", second).out.startswith("ok")
    told = shell.run("backup", "verify", "--json", code=13).json["backups"]
    assert [one["ok"] for one in told] == [False, True]
    shell.run("backup", "verify", "--level", "4", code=2)


def test_values_are_restored_and_the_restore_undone(shell: Shell) -> None:
    before = _held(shell)
    backup = _create(shell)
    shell.run("set", "size=20", "name=Bo", "--user", "bo")
    changed = _held(shell)
    looked = shell.run("backup", "restore", backup, "--dry-run")
    assert "~ size  20 → 13" in looked.out
    assert _held(shell) == changed
    ran = shell.run("backup", "restore", backup[:20], "--key", "size", "--reason", "oops")
    assert "restored (changeset" in ran.err
    assert "holds the state before" in ran.err
    assert _held(shell) == {**changed, "size": 13}
    shell.run("backup", "restore", backup)
    assert _held(shell) == before
    log = shell.run("history", "--json").json
    assert [one["kind"] for one in log[:2]] == ["restore", "restore"]
    shell.run("undo")
    assert _held(shell) == {**changed, "size": 13}


def test_lost_store_comes_back_whole_and_can_be_migrated_back(shell: Shell) -> None:
    before = _held(shell)
    write_schema(shell, "2.0.0")
    shell.write("steps/up.py", STEP)
    assert "holds the state before" in shell.run("migrate", "up").err
    shell.run("backup", "create")
    log = shell.run("history", "--json").json
    for path in shell.folder.glob("prefs.db*"):
        if path.is_file():
            path.unlink()
    assert "would restore" in shell.run("backup", "restore", "latest", "--dry-run").err
    assert not shell.db.exists()
    assert "leave out --scope" in shell.fails(2, "backup", "restore", "latest", "--owner", "bo")
    shell.run("backup", "restore", "latest")
    assert shell.run("history", "--json").json == log
    shell.run("migrate", "down")
    assert _held(shell) == before
    assert "fail" not in shell.run("doctor").out


def test_another_store_is_filled_once(shell: Shell) -> None:
    _create(shell)
    data = shell.run("backup", "restore", "latest", "--to", "other.db", "--json").json
    assert data["restored"] is True
    assert _held(shell, "--store", "other.db") == _held(shell)
    assert "in use" in shell.fails(2, "backup", "restore", "latest", "--to", "other.db")


def test_migration_that_may_lose_something_needs_its_backup(shell: Shell) -> None:
    write_schema(shell, "2.0.0")
    shell.write("steps/up.py", STEP)
    before = shell.dump()
    shell.write("backups", "a file in the way")
    error = shell.fails(2, "migrate", "up")
    assert "nothing was changed" in error
    assert "--no-backup" in error
    assert shell.dump() == before
    assert "warning: no backup is taken" in shell.run("migrate", "up", "--no-backup").err
    assert _held(shell) == {"size": 13, "theme": "dark"}


def test_targets_are_named_or_refused(shell: Shell) -> None:
    assert "configured are nightly" in shell.fails(2, "backup", "list", "--target", "usb")
    shell.run("backup", "create", "--target", "file:elsewhere")
    assert list((shell.folder / "elsewhere").glob("*.manifest.json"))
    shell.run("backup", "restore", "latest", "--target", "file:elsewhere")
    assert "pip install prefcore-s3" in shell.fails(18, "backup", "list", "--target", "s3://bucket")
    error = shell.fails(15, "backup", "create", "--target", f"file://{shell.folder}/no/folder")
    assert "cannot be reached" in error
    (shell.folder / "link").symlink_to(shell.folder / "elsewhere")
    assert "symbolic link" in shell.fails(2, "backup", "create", "--target", "file:link")
    toml = (shell.folder / "prefcore.toml").read_text("utf-8")
    shell.write("prefcore.toml", toml.replace('[targets.nightly]\nurl = "file:backups"\n', ""))
    assert "--target" in shell.fails(2, "backup", "create")


def test_wrong_words_are_refused_in_one_sentence(shell: Shell) -> None:
    _create(shell)
    assert "backup list" in shell.fails(10, "backup", "restore", "zzz")
    assert "backup list" in shell.fails(10, "backup", "show", "zzz")
    shell.fails(18, "backup", "create", "--always", "--format", "cbor")
    other = acme(shell.folder.parent / "fresh")
    error = other.fails(10, "backup", "create", "--target", f"file:{shell.folder}/backups")
    assert "nothing to back up" in error


def test_foreign_and_incomplete_files_are_told_of(shell: Shell) -> None:
    whole = _create(shell)
    shell.write("backups/notes.txt", "mine")
    cut = shell.run("backup", "create", "--always", "--json").json["backup"]["id"]
    (shell.folder / f"backups/{cut}.manifest.json").unlink()
    ran = shell.run("backup", "list")
    assert "notes.txt" in ran.err
    assert "cut off" in ran.err
    assert "incomplete" in ran.out
    assert [one["state"] for one in shell.run("backup", "list", "--json").json["backups"]] == [
        "incomplete",
        "ok",
    ]
    assert shell.run("backup", "show", "latest", "--json").json["backup"]["id"] == whole
    shell.run("backup", "verify", code=13)
    told = shell.run("doctor").out
    assert "warn  backups in nightly" in told
    assert "ok    backups in nightly: 1 whole" in told
    assert "notes.txt" in shell.run("backup", "list", "--json").json["foreign"]


def test_document_of_a_backup_is_not_imported(shell: Shell) -> None:
    made = shell.run("backup", "create", "--format", "json", "--json").json
    error = shell.fails(13, "import", f"backups/{made['backup']['document']['name']}")
    assert "prefcore backup restore" in error


def test_ids_and_targets_are_completed(shell: Shell) -> None:
    id = _create(shell)
    assert id in completed(shell, "backup show ")
    assert completed(shell, "backup restore lat") == {"latest"}
    assert completed(shell, "backup list --target n") == {"nightly"}


def test_sentence_names_what_is_wrong_with_a_damaged_backup(shell: Shell) -> None:
    id = _create(shell)
    shell.run("set", "size=20", "--user", "bo")
    before = shell.dump()
    (path,) = (shell.folder / "backups").glob("*.document*")
    content = path.read_bytes()
    path.write_bytes(content[:200] + b"\0" + content[201:])
    ran = shell.run("backup", "restore", id, code=13)
    assert id in sentence(ran)
    assert shell.dump() == before


def test_a_damaged_backup_leaves_no_empty_store_behind(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    shell.run("backup", "create", "--target", "file:backups")
    (document,) = (
        one for one in (shell.folder / "backups").iterdir() if ".manifest" not in one.name
    )
    data = bytearray(document.read_bytes())
    data[len(data) // 2] ^= 1
    document.write_bytes(data)
    shell.fails(13, "backup", "restore", "latest", "--target", "file:backups", "--to", "new.db")
    assert not (shell.folder / "new.db").exists()
