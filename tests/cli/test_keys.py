"""Keys and secrets at the command line, as a user meets them."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.shell import Shell

CANARY = "canary-4711-tok"
PHRASE = {"PREFCORE_FILE_PASSPHRASE": "sesame"}


@pytest.fixture
def keyed(shell: Shell) -> Shell:
    """The small application, with a key ring and a secret of user bo."""
    shell.run("keys", "init")
    shell.run("set", "secret.key", "-", "--user", "bo", stdin=CANARY)
    return shell


def ring_of(shell: Shell) -> Path:
    return Path(shell.run("keys", "list", "--json").json["path"]).parent


def keys_of(shell: Shell) -> list[tuple[str, str]]:
    return [(key["id"], key["state"]) for key in shell.run("keys", "list", "--json").json["keys"]]


def holders(*folders: Path) -> list[str]:
    """Give the files that hold the canary."""
    return [
        str(path)
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and CANARY.encode() in path.read_bytes()
    ]


def test_a_secret_is_never_taken_from_the_command_line(keyed: Shell) -> None:
    said = keyed.fails(17, "set", "secret.key", CANARY, "--user", "bo")
    assert "on a command line others can see" in said
    assert CANARY not in said
    assert "standard input" in keyed.fails(17, "set", f"secret.key={CANARY}", "size=9")


def test_a_secret_is_masked_until_it_is_to_be_revealed(keyed: Shell) -> None:
    told = [keyed.run(*words) for words in (
        ("get", "secret.key", "--user", "bo"),
        ("get", "secret.key", "--user", "bo", "--json"),
        ("list", "--user", "bo"),
        ("explain", "secret.key", "--user", "bo"),
        ("history",),
        ("history", "secret.key", "--user", "bo", "--json"),
        ("undo", "--dry-run"),
        ("validate",),
        ("doctor",),
    )]  # fmt: skip
    assert not any(CANARY in one.out + one.err for one in told)
    assert keyed.run("get", "secret.key", "--user", "bo", "--reveal").out == CANARY + "\n"
    revealed = keyed.run("get", "secret.key", "--user", "bo", "--reveal", "--json").json
    assert revealed["value"] == CANARY


def test_a_template_keeps_secrets_too(keyed: Shell) -> None:
    keyed.run("set", "secret.key", "-", "--template", "t", stdin=CANARY)
    assert CANARY not in keyed.run("get", "secret.key", "--template", "t").out
    assert keyed.run("get", "secret.key", "--template", "t", "--reveal").out == CANARY + "\n"


def test_the_ring_is_made_once_and_warned_about_until_it_is_copied(shell: Shell) -> None:
    assert "no copy of your key ring" in shell.run("keys", "init").err
    assert "already" in shell.fails(17, "keys", "init")
    assert "keys export" in shell.run("keys", "check", code=1).out
    set_secret = ("set", "secret.key", "-")
    assert "no copy" in shell.run(*set_secret, stdin="x").err
    shell.run("keys", "export", "ring.copy", env=PHRASE)
    assert (shell.folder / "ring.copy").stat().st_mode & 0o777 == 0o600
    assert "no copy" not in shell.run(*set_secret, stdin="y").err
    shell.run("keys", "check")
    assert "lack the new key" in shell.run("keys", "rotate").err


def test_init_tells_of_sensitive_preferences_and_makes_no_ring(bare: Shell, shell: Shell) -> None:
    told = shell.run("--store", "other.db", "init").err
    assert "a preference is sensitive" in told
    assert "prefcore keys init" in shell.fails(10, "keys", "list")


def test_rotating_and_encrypting_anew_leave_nothing_under_the_old_key(keyed: Shell) -> None:
    keyed.run("set", "secret.key", "-", "--user", "bo", stdin="second")
    ((old, _),) = keys_of(keyed)
    keyed.run("keys", "rotate")
    assert keys_of(keyed)[0] == (old, "decrypt-only")
    assert old in keyed.dump()
    told = keyed.run("keys", "reencrypt", "--json").json
    assert told == {"reencrypted": 2, "current": 0, "locked": 0}
    values = "\n".join(_texts(keyed))
    assert old not in values
    assert keys_of(keyed)[1][0] in values
    assert keyed.run("keys", "reencrypt", "--json").json["current"] == 2
    keyed.run("undo", keyed.run("history", "--json").json[2]["id"])
    assert keyed.run("get", "secret.key", "--user", "bo", "--reveal").out == CANARY + "\n"
    assert "fail" not in keyed.run("doctor").out


def _texts(shell: Shell) -> list[str]:
    connection = sqlite3.connect(shell.db)
    try:
        rows = connection.execute("SELECT value FROM entries UNION ALL SELECT value FROM changes")
        return [text for (text,) in rows if text is not None]
    finally:
        connection.close()


def test_a_compromised_key_is_replaced_and_named_until_nothing_needs_it(keyed: Shell) -> None:
    ((old, _),) = keys_of(keyed)
    keyed.run("keys", "compromise", old[:6])
    assert [state for _, state in keys_of(keyed)] == ["compromised", "active"]
    assert keyed.run("get", "secret.key", "--user", "bo", "--reveal").out == CANARY + "\n"
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    told = keyed.run("keys", "check", code=1).out
    assert f"{old} is compromised, and 1 value of sqlite:{keyed.db} is under it" in told
    keyed.run("keys", "reencrypt")
    ran = keyed.run("keys", "check")
    assert (ran.out, f"nothing in sqlite:{keyed.db} is under it any more" in ran.err) == ("", True)
    (note,) = keyed.run("keys", "check", "--json").json["notes"]
    assert "backups, exports and other stores may hold what it opens" in note
    keyed.db.rename(keyed.folder / "away.db")
    assert "no store is configured here" in keyed.run("keys", "check", code=1).out
    (keyed.folder / "away.db").rename(keyed.db)
    assert "no key 'nothing'" in keyed.fails(10, "keys", "compromise", "nothing")


def test_acts_on_keys_and_exports_in_clear_are_in_the_history(keyed: Shell) -> None:
    keyed.run("keys", "rotate")
    keyed.run("export", "clear.json", "--plaintext-secrets", "--yes")
    log = keyed.run("history", "--json").json
    assert [one["kind"] for one in log[:2]] == ["export", "keys"]


def test_a_ring_under_a_passphrase_needs_it(shell: Shell) -> None:
    new, old = {"PREFCORE_NEW_PASSPHRASE": "sesame"}, {"PREFCORE_PASSPHRASE": "sesame"}
    shell.run("keys", "init", "--passphrase", env=new)
    assert list((shell.home / "data" / "prefcore" / "keys").glob("*.key")) == []
    assert "PREFCORE_PASSPHRASE" in shell.fails(12, "set", "secret.key", "-", stdin=CANARY)
    shell.run("set", "secret.key", "-", stdin=CANARY, env=old)
    assert shell.run("get", "secret.key", "--reveal", env=old).out == CANARY + "\n"
    wrong = {"PREFCORE_PASSPHRASE": "parsley"}
    assert "stays locked" in shell.fails(12, "get", "secret.key", "--reveal", env=wrong)
    shell.run("keys", "rewrap", env=old)
    assert shell.run("get", "secret.key", "--reveal").out == CANARY + "\n"


def test_a_passphrase_may_come_from_a_descriptor(shell: Shell) -> None:
    shell.run("keys", "init", "--passphrase", env={"PREFCORE_NEW_PASSPHRASE": "sesame"})
    reading, writing = os.pipe()
    os.write(writing, b"sesame\nmore")
    os.close(writing)
    env = {"PREFCORE_PASSPHRASE_FD": str(reading)}
    shell.run("keys", "rotate", env=env)
    os.close(reading)
    assert "no open descriptor" in shell.fails(2, "keys", "rotate", env=env)


def test_a_copy_brings_the_ring_to_another_machine(keyed: Shell, bare: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    keyed.run("export", "bo.json")
    bare.write("ring.copy", (keyed.folder / "ring.copy").read_bytes())
    wrong = {"PREFCORE_FILE_PASSPHRASE": "parsley"}
    assert "stays locked" in bare.fails(12, "keys", "import", "ring.copy", env=wrong)
    bare.run("keys", "import", "ring.copy", env=PHRASE)
    assert keys_of(bare) == keys_of(keyed)
    bare.run("keys", "import", "ring.copy", env=PHRASE)
    assert "is no key ring" in bare.fails(13, "keys", "import", str(bare.write("x", "x")))


def test_a_root_key_that_others_may_read_is_refused(keyed: Shell) -> None:
    (key,) = (keyed.home / "data" / "prefcore" / "keys").glob("*.key")
    key.chmod(0o640)
    assert "chmod 600" in keyed.fails(4, "get", "secret.key", "--user", "bo", "--reveal")


def test_a_document_is_encrypted_and_opened_by_passphrase(keyed: Shell) -> None:
    keyed.run("export", "all.sealed", "--passphrase", env=PHRASE)
    assert b"secret.key" not in (keyed.folder / "all.sealed").read_bytes()
    keyed.run("unset", "secret.key", "--user", "bo")
    keyed.run("import", "all.sealed", "--base", "none", env=PHRASE)
    assert keyed.run("get", "secret.key", "--user", "bo", "--reveal").out == CANARY + "\n"
    wrong = {"PREFCORE_FILE_PASSPHRASE": "parsley"}
    assert "stays locked" in keyed.fails(12, "import", "all.sealed", env=wrong)
    assert "FILE_PASSPHRASE" in keyed.fails(12, "import", "all.sealed")


def test_the_reader_of_the_documentation_opens_an_export(keyed: Shell) -> None:
    long = "x" * 200_000  # several chunks
    keyed.run("import", str(keyed.write("tags.json", json.dumps({"tags": [long]}))), "--user", "bo")
    keyed.run("export", "all.sealed", "--passphrase", "--plaintext-secrets", "--yes", env=PHRASE)
    reader = Path(__file__).parents[2] / "docs" / "examples" / "open-encrypted.py"
    phrase = next(iter(PHRASE.values())) + "\n"
    command = [sys.executable, "-I", str(reader), "all.sealed", "opened.json"]
    subprocess.run(command, input=phrase.encode(), cwd=keyed.folder, check=True)
    (held,) = json.loads((keyed.folder / "opened.json").read_text())["sets"]
    assert held["entries"]["secret.key"]["value"] == CANARY
    assert held["entries"]["tags"]["value"] == [long]
    (keyed.folder / "opened.json").unlink()


def test_a_document_without_its_keys_is_imported_in_part(keyed: Shell) -> None:
    keyed.run("set", "size=13", "--user", "bo")
    keyed.run("export", "bo.json")
    away = {"PREFCORE_KEYS": str(keyed.folder / "away")}
    keyed.run("--store", "other.db", "init", env=away)
    ran = keyed.run("--store", "other.db", "import", "bo.json", env=away, code=3)
    assert "user/bo secret.key" in ran.err
    assert keyed.run("--store", "other.db", "get", "size", "--user", "bo", env=away).out == "13\n"
    assert "left out" in keyed.run("export", "no.json", env=away, code=3).err
    assert "secret.key" not in (keyed.folder / "no.json").read_text()


def test_secrets_in_clear_are_confirmed_and_the_file_is_the_users_alone(keyed: Shell) -> None:
    assert "confirm with --yes" in keyed.fails(2, "export", "x.json", "--plaintext-secrets")
    assert not (keyed.folder / "x.json").exists()
    keyed.run("export", "x.json", "--plaintext-secrets", "--yes")
    assert (keyed.folder / "x.json").stat().st_mode & 0o777 == 0o600
    assert CANARY in (keyed.folder / "x.json").read_text()
    assert "give one" in keyed.fails(2, "export", "--plaintext-secrets", "--redact")
    assert "secret.key" not in keyed.run("export", "--redact").out


def test_no_file_but_the_one_asked_for_holds_a_secret(keyed: Shell) -> None:
    keyed.run("export", "bo.json")
    keyed.run("export", "all.sealed", "--encrypt")
    keyed.run("keys", "rotate")
    keyed.run("keys", "reencrypt")
    keyed.run("undo", "--dry-run")
    assert holders(keyed.folder, keyed.home) == []


# ------------------------------------------------------------------ what doctor sees of keys


def _doctor(shell: Shell, *, code: int = 0, **more: Any) -> list[str]:
    """Give what it tells of keys; it exits with 1 where something fails, or values are locked."""
    found = shell.run("doctor", "--json", code=code, **more).json
    return [f"{one['state']}: {one['message']}" for one in found if one["check"] == "keys"]


def test_doctor_tells_that_there_is_no_ring(shell: Shell, keyed: Shell) -> None:
    shutil.rmtree(ring_of(keyed))
    (told,) = _doctor(keyed, code=1)
    assert told == "fail: there is no key ring to open 1 encrypted value with"
    keyed.run("unset", "secret.key", "--user", "bo")
    assert _doctor(keyed, code=1)[0].startswith("fail"), "the history holds it still"


def test_doctor_opens_the_ring_and_misses_a_copy(keyed: Shell) -> None:
    opens, uncopied, used = _doctor(keyed)
    assert opens.startswith("ok: ")
    assert "opens, with 1 key" in opens
    assert uncopied == "warn: there is no copy of the key ring"
    assert used == "ok: 1 encrypted value under keys of the ring, none of them compromised"
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    assert len(_doctor(keyed)) == 2
    keyed.run("keys", "rotate")
    assert "lacks the newest key" in _doctor(keyed)[1]


def test_doctor_counts_what_is_under_compromised_and_missing_keys(
    keyed: Shell, tmp_path: Path
) -> None:
    keyed.run("set", "secret.key", "-", "--user", "bo", stdin="second")
    ((old, _),) = keys_of(keyed)
    keyed.run("keys", "compromise", old)
    *_, told = _doctor(keyed, code=1)
    assert told == f"fail: 2 encrypted values under compromised keys ({old})"
    keyed.run("keys", "reencrypt")
    assert "none of them compromised" in _doctor(keyed)[-1]
    shutil.rmtree(ring_of(keyed))
    keyed.run("keys", "init")
    assert "2 encrypted values under keys not in the ring" in _doctor(keyed, code=1)[-1]


def test_doctor_asks_nobody_for_the_rings_passphrase(shell: Shell) -> None:
    ring = {"PREFCORE_PASSPHRASE": "barley"}
    shell.run("keys", "init", "--passphrase", env={"PREFCORE_NEW_PASSPHRASE": "barley"})
    assert "under a passphrase that was not asked for" in _doctor(shell)[0]
    assert "opens, with 1 key" in _doctor(shell, env=ring)[0]
    (told,) = _doctor(shell, env={"PREFCORE_PASSPHRASE": "rye"}, code=1)
    assert "the passphrase is not the one" in told


@pytest.mark.parametrize(
    ("mode", "told"), [(0o750, "warn: others may read"), (0o777, "fail: others may write")]
)
def test_doctor_sees_who_may_get_at_the_ring(keyed: Shell, mode: int, told: str) -> None:
    ring_of(keyed).chmod(mode)
    assert _doctor(keyed, code=int(mode == 0o777))[0].startswith(told)
    ring_of(keyed).chmod(0o700)
    (ring_of(keyed) / "ring").write_bytes(b"prefcore-keyring 1\nx\n{}\n")
    assert "is damaged" in _doctor(keyed, code=1)[0]


# ------------------------------------------------------------------------------ small mends


def test_a_copy_is_not_written_over_another(keyed: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    first = (keyed.folder / "ring.copy").read_bytes()
    assert "--force" in keyed.fails(17, "keys", "export", "ring.copy", env=PHRASE)
    assert (keyed.folder / "ring.copy").read_bytes() == first
    keyed.run("keys", "export", "ring.copy", "--force", env=PHRASE)
    assert (keyed.folder / "ring.copy").read_bytes() != first


def test_a_ring_that_does_not_open_is_no_ring_that_lacks_a_key(keyed: Shell) -> None:
    keyed.run("keys", "rewrap", "--passphrase", env={"PREFCORE_NEW_PASSPHRASE": "barley"})
    ring = {"PREFCORE_PASSPHRASE": "barley"}
    keyed.run("export", "all.json", env=ring)
    keyed.run("set", "size=40", "--user", "ann")
    before = keyed.dump()
    for env in ({"PREFCORE_PASSPHRASE": "rye"}, {}):
        said = keyed.fails(12, "import", "all.json", env=env)
        assert "the secrets of user/bo need your key ring" in said
        assert "stays locked" in said or "PREFCORE_PASSPHRASE" in said
    assert keyed.dump() == before
    keyed.run("import", "all.json", env=ring)


def _opens(shell: Shell) -> None:
    assert shell.run("get", "secret.key", "--user", "bo", "--reveal").out == f"{CANARY}\n"


def test_a_copy_is_taken_in_where_the_root_key_is_lost(keyed: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    keyed.run("keys", "rotate")
    newest = keys_of(keyed)[-1][0]
    (root,) = ring_of(keyed).glob("root-*.key")
    kept = (ring_of(keyed) / "ring").read_bytes()
    root.unlink()
    assert "prefcore keys import FILE" in keyed.fails(12, "keys", "check")
    said = keyed.run("keys", "import", "ring.copy", env=PHRASE).err
    assert f"the copy lacks {newest}, made after it" in said
    (aside,) = ring_of(keyed).glob("ring.broken-*")
    assert str(aside) in said
    assert aside.read_bytes() == kept
    _opens(keyed)


def test_a_copy_is_taken_in_for_a_damaged_ring_only_when_that_is_meant(keyed: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    folder = ring_of(keyed)
    os.truncate(folder / "ring", 100)
    assert "is damaged; take in the copy" in keyed.fails(13, "keys", "check")
    said = keyed.fails(17, "keys", "import", "ring.copy", env=PHRASE)
    assert "is damaged, and the copy ring.copy may be of another ring" in said
    assert said.endswith("give --yes")
    assert (folder / "ring").stat().st_size == 100
    keyed.run("keys", "import", "ring.copy", "--yes", env=PHRASE)
    assert len(list(folder.glob("ring.broken-*"))) == 1
    _opens(keyed)


def test_the_copy_is_what_is_damaged_where_it_is(keyed: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    os.truncate(keyed.folder / "ring.copy", 200)
    said = keyed.fails(13, "keys", "import", "ring.copy", env=PHRASE)
    assert "ring.copy is damaged: this is the copy; your key ring stays as it was" in said
    _opens(keyed)


def test_the_ring_of_somebody_else_takes_no_broken_ones_place(keyed: Shell, tmp_path: Path) -> None:
    other = {"PREFCORE_KEYS": str(tmp_path / "other")}
    keyed.run("keys", "init", env=other)
    keyed.run("keys", "export", "other.copy", env=other | PHRASE)
    (root,) = ring_of(keyed).glob("root-*.key")
    root.unlink()
    said = keyed.fails(17, "keys", "import", "other.copy", env=PHRASE)
    assert "is not there, and the copy other.copy is of another ring" in said
    assert list(ring_of(keyed).glob("ring.broken-*")) == []


def _under(shell: Shell, passphrase: str) -> None:
    new = {"PREFCORE_NEW_PASSPHRASE": passphrase}
    shell.run("keys", "rewrap", "--passphrase", env=new)


def test_a_copy_takes_the_place_of_a_ring_whose_passphrase_is_forgotten(keyed: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    _under(keyed, "barley")
    kept = (ring_of(keyed) / "ring").read_bytes()
    wrong = PHRASE | {"PREFCORE_PASSPHRASE": "rye"}
    said = keyed.fails(12, "keys", "import", "ring.copy", env=wrong)
    assert "stays locked" in said
    assert said.endswith("if it will never open again, --force puts it aside for the copy")
    said = keyed.fails(12, "keys", "import", "ring.copy", "--force", env=PHRASE)
    assert "nobody can be asked" in said
    assert (ring_of(keyed) / "ring").read_bytes() == kept
    said = keyed.run("keys", "import", "ring.copy", "--force", env=wrong).err
    (aside,) = ring_of(keyed).glob("ring.broken-*")
    assert str(aside) in said
    assert aside.read_bytes() == kept
    _opens(keyed)


def test_a_ring_that_opens_is_not_put_aside_by_force(keyed: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    _under(keyed, "barley")
    right = PHRASE | {"PREFCORE_PASSPHRASE": "barley"}
    told = keyed.run("keys", "import", "ring.copy", "--force", env=right).err
    assert "added 0 keys to your ring" in told
    assert list(ring_of(keyed).glob("ring.broken-*")) == []


def test_the_root_key_of_a_ring_that_was_put_aside_is_not_called_needless(keyed: Shell) -> None:
    folder = ring_of(keyed)
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    (root,) = folder.glob("root-*.key")
    root.rename(folder / "elsewhere")
    keyed.run("keys", "import", "ring.copy", env=PHRASE)
    (folder / "elsewhere").rename(root)  # found again
    (folder / "root-00000000.key").write_text("of nobody")
    (aside,) = folder.glob("ring.broken-*")
    told = keyed.run("keys", "check", code=1).out
    assert f"{root} is a root key" not in told
    assert "root-00000000.key is a root key that no ring here uses" in told
    assert f"{aside} is a ring that was put aside; keep it" in told
    os.truncate(aside, 90)
    assert "is a root key" not in keyed.run("keys", "check", code=1).out


def test_check_tells_of_a_copy_that_lacks_the_newest_key(keyed: Shell) -> None:
    keyed.run("keys", "export", "ring.copy", env=PHRASE)
    keyed.run("keys", "check")
    keyed.run("keys", "rotate")
    assert "lacks the newest key; make another" in keyed.run("keys", "check", code=1).out
    if os.name == "posix":
        assert (ring_of(keyed) / "lock").stat().st_mode & 0o077 == 0
