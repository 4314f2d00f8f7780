"""Backups are encrypted once there is a key ring, and come back where that is, and nowhere else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, acme, write_schema

CANARY = "canary-4711-backup"
PHRASE = {"PREFCORE_FILE_PASSPHRASE": "sesame"}
WRONG = {"PREFCORE_FILE_PASSPHRASE": "barley"}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A store with a secret and a name of bo, a ring with a copy, and a target called nightly."""
    made = acme(tmp_path / "work")
    toml = (made.folder / "prefcore.toml").read_text("utf-8")
    made.write("prefcore.toml", toml + '\n[targets.nightly]\nurl = "file:backups"\n')
    made.run("keys", "init")
    made.run("keys", "export", "ring.copy", env=PHRASE)
    made.run("set", "name=" + CANARY[:9], "--user", "bo")
    made.run("set", "secret.key", "-", "--user", "bo", stdin=CANARY)
    return made


def _ring(shell: Shell) -> Path:
    return Path(shell.run("keys", "list", "--json").json["path"]).parent


def _manifest(shell: Shell) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = shell.run("backup", "show", "latest", "--json").json[
        "backup"
    ]
    return found


def _bytes(shell: Shell) -> bytes:
    return b"".join(path.read_bytes() for path in (shell.folder / "backups").iterdir())


def test_a_backup_is_encrypted_to_the_ring_and_says_under_which_key(shell: Shell) -> None:
    key = shell.run("keys", "list", "--json").json["keys"][0]["id"]
    assert f"encrypted under the key {key}" in shell.run("backup", "create").err
    manifest = _manifest(shell)
    assert manifest["document"]["encrypted"] is True
    assert manifest["document"]["key"] == key
    assert str(manifest["document"]["name"]).endswith(".sealed")
    assert "checkpoint" in manifest["log"]
    assert CANARY[:9].encode() not in _bytes(shell)
    assert key in shell.run("backup", "show", "latest").out
    assert "encrypted under" in shell.run("doctor").out
    assert "nothing changed" in shell.run("backup", "create").err
    assert shell.run("backup", "verify", "--level=3").out.startswith("ok")


def test_leaving_it_in_clear_is_said_and_a_backup_in_clear_does_not_stand_for_one(
    shell: Shell,
) -> None:
    told = shell.run("backup", "create", "--no-encrypt").err
    assert "not encrypted" in told
    assert CANARY[:9].encode() in _bytes(shell)
    assert CANARY.encode() not in _bytes(shell), "what is sealed in the store stays so"
    assert "encrypted under" in shell.run("backup", "create").err
    assert "nothing changed" in shell.run("backup", "create").err
    assert "give one" in shell.fails(2, "backup", "create", "--no-encrypt", "--passphrase")


def test_a_passphrase_opens_it_without_the_ring(shell: Shell) -> None:
    told = shell.run("backup", "create", "--passphrase", env=PHRASE).err
    assert "encrypted to a passphrase" in told
    assert "key" not in _manifest(shell)["document"]
    shutil.rmtree(_ring(shell))
    assert shell.run("backup", "verify", env=PHRASE).out.startswith("ok")
    assert "the passphrase is not the one" in shell.run("backup", "verify", env=WRONG, code=12).out
    assert "PREFCORE_FILE_PASSPHRASE" in shell.run("backup", "verify", code=12).out
    restored = shell.run("backup", "restore", "latest", "--to", "new.db", env=PHRASE)
    assert "restored 2 values" in restored.err
    assert CANARY[:9] in shell.run("--store", "new.db", "get", "name", "--user", "bo").out


def test_without_its_key_it_is_listed_and_hashed_but_not_opened(shell: Shell) -> None:
    shell.run("backup", "create")
    id = str(_manifest(shell)["id"])
    shutil.rmtree(_ring(shell))
    assert "2 values in 1 set" in shell.run("backup", "list").out
    shell.run("backup", "show", id)
    shell.run("backup", "verify", "--level", "1")
    for words in (("--level", "2"), ("--level=3",)):
        assert "is not in your key ring" in shell.run("backup", "verify", *words, code=12).out
    for words in (("--to", "new.db"), ("--dry-run",), ("--key", "name")):
        assert "is not in your key ring" in shell.fails(12, "backup", "restore", id, *words)
    assert not (shell.folder / "new.db").exists()
    shell.run("keys", "init")  # another ring
    assert "is not in your key ring" in shell.run("backup", "verify", code=12).out
    shell.run("keys", "import", "ring.copy", env=PHRASE)
    assert shell.run("backup", "verify", "--level=3").out.startswith("ok")


def _moved(shell: Shell, tmp_path: Path, *, in_use: bool = False) -> Shell:
    """Give another machine that has the folder, but not the ring, and a store only if in use."""
    there = acme(tmp_path / "there")
    for name in ("backups", "ring.copy", "prefcore.toml"):
        source = shell.folder / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, there.folder / name)
    if not in_use:
        there.db.unlink()
    return there


@pytest.mark.parametrize("options", [(), ("--no-encrypt",)], ids=["encrypted", "in clear"])
def test_secrets_open_on_another_machine_with_the_ring_and_nowhere_else(
    shell: Shell, tmp_path: Path, options: tuple[str, ...]
) -> None:
    shell.run("backup", "create", *options)
    there = _moved(shell, tmp_path)
    if options:  # the store comes back, its secrets stay shut
        there.run("backup", "restore", "latest")
        reveal = ("get", "secret.key", "--user", "bo", "--reveal")
        assert "no key ring to open it" in there.fails(12, *reveal)
        assert "is not valid" not in there.run("list", "--user", "bo").out
    there.run("keys", "import", "ring.copy", env=PHRASE)
    if not options:
        there.run("backup", "restore", "latest")
    assert there.run("get", "secret.key", "--user", "bo", "--reveal").out == CANARY + "\n"
    there.run("audit", "verify")
    there.run("undo")
    assert there.run("get", "secret.key", "--user", "bo", "--reveal").out == "hush\n"


def test_by_a_plan_secrets_come_back_into_their_own_store(shell: Shell) -> None:
    shell.run("backup", "create")
    id = str(_manifest(shell)["id"])
    shell.run("set", "secret.key", "-", "--user", "bo", stdin="another")
    shell.run("keys", "rotate")
    shell.run("keys", "reencrypt")
    looked = shell.run("backup", "restore", id, "--key", "secret.key", "--dry-run")
    assert "1 changed" in looked.out
    assert CANARY not in looked.out + looked.err
    shell.run("backup", "restore", id, "--key", "secret.key")
    assert shell.run("get", "secret.key", "--user", "bo", "--reveal").out == CANARY + "\n"
    shell.run("audit", "verify")  # what came back is under the newest key


def test_by_a_plan_secrets_of_another_store_are_refused_and_the_way_is_named(
    shell: Shell, tmp_path: Path
) -> None:
    """They are bound to keys of that store; all of it goes into a new one."""
    shell.run("backup", "create")
    id = str(_manifest(shell)["id"])
    there = _moved(shell, tmp_path, in_use=True)
    there.run("set", "size=30", "--user", "ann")
    assert "is not in your key ring" in there.fails(12, "backup", "restore", id)
    there.run("keys", "import", "ring.copy", env=PHRASE)
    for words in ((), ("--dry-run",)):
        said = there.fails(17, "backup", "restore", id, "--owner", "bo", *words)
        assert "user/bo secret.key is encrypted, and the backup is of another store" in said
        assert "--to a new store" in said
    there.run("backup", "restore", id, "--owner", "bo", "--key", "name")
    assert there.run("get", "name", "--user", "bo").out == CANARY[:9] + "\n"
    there.run("backup", "restore", id, "--to", "new.db")
    reveal = ("--store", "new.db", "get", "secret.key", "--user", "bo", "--reveal")
    assert there.run(*reveal).out == CANARY + "\n"
    there.run("audit", "verify")


def test_a_store_brought_back_goes_on_where_its_backups_went_another_way(shell: Shell) -> None:
    shell.run("backup", "create")
    first = str(_manifest(shell)["id"])
    shell.run("set", "size=13", "--user", "bo")
    shell.run("backup", "create")
    for path in shell.folder.glob("prefs.db*"):
        path.unlink()
    shell.run("backup", "restore", first)
    shell.run("audit", "verify")  # the second backup's checkpoint is of a log that was given up
    shell.run("set", "size=14", "--user", "bo")
    shell.run("backup", "create")
    shell.run("audit", "verify")
    manifest = next((shell.folder / "backups").glob(f"{first}*manifest.json"))
    data = json.loads(manifest.read_text("utf-8"))
    assert data["log"]["checkpoint"]["revision"] == data["log"]["revision"]


def test_a_safety_copy_put_back_on_purpose_is_no_tampering(shell: Shell) -> None:
    write_schema(shell, "2.0.0")
    shell.write("steps/up.py", STEP)
    shell.run("migrate", "up")
    shell.run("audit", "checkpoint")
    (copy,) = shell.run("migrate", "copies", "--json").json
    shell.run("migrate", "recover", copy["id"], "--yes")
    shell.run("audit", "verify")
