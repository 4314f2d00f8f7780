"""A pruned store is verified as others are: what is done to it behind prefcore's back is found.

Each tampering is done with SQL alone. The forger of the last tests knows prefcore, and uses it.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from prefcore.audit import PRUNING
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.model import Draft
from tests.cli.shell import Shell, acme
from tests.cli.test_access import released

APP = "acme"


def _log(shell: Shell) -> None:
    """1 size 9, which stays; 2 theme dark, by eve; 3 theme light; 4 a name; 5 the pruning; 6 tags.

    Pruned are 1 to 3.
    """
    shell.run("set", "size=9", "--user", "bo", "--reason", "first")
    shell.run("set", "theme=dark", "--user", "bo", "--actor", "eve")
    shell.run("set", "theme=light", "--user", "bo")
    shell.run("set", "name=ann", "--user", "bo")
    shell.run("history", "prune", "--keep-last", "1", "--yes", "--reason", "space")
    shell.run("set", 'tags=["a"]', "--user", "bo")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, bytes]:
    shell = acme(tmp_path_factory.mktemp("audit") / "work")
    _log(shell)
    return shell, shell.db.read_bytes()


@pytest.fixture
def shell(made: tuple[Shell, bytes]) -> Shell:
    shell, whole = made
    for path in shell.folder.glob("prefs.db*"):
        path.unlink()
    shell.db.write_bytes(whole)
    return shell


def _problems(shell: Shell) -> list[str]:
    found = shell.run("audit", "verify", "--json", code=13).json["problems"]
    return [f"{one['where']}: {one['what']}" for one in found]


def test_pruned_store_verifies_and_says_what_was_pruned(shell: Shell) -> None:
    found = shell.run("audit", "verify", "--json").json
    assert (found["ok"], found["changesets"], found["pruned"]) == (True, 6, {APP: 3})
    shown = shell.run("audit", "verify")
    assert shown.out.startswith("ok    ")
    assert "the history of acme was pruned up to revision 3" in shown.err
    doctor = shell.run("doctor").out
    assert "entries, history and audit chain agree" in doctor
    assert "was pruned (revision 3)" in doctor


@attrs.frozen
class Tampering:
    """What is done with SQL, and what finds it."""

    name: str
    sql: str
    found: str


TAMPERINGS = [
    Tampering(
        "changes of a changeset taken out, and no pruning",
        "DELETE FROM changes WHERE rev = 4",
        "it counts 1 changes, and has 0",
    ),
    Tampering(
        "a value that did not change since",
        "UPDATE entries SET value = '71' WHERE value = '9'",
        "the values of acme are not those that stood after revision 3",
    ),
    Tampering(
        "a value that stood there, as a later change tells it",
        "UPDATE entries SET rev = 3 WHERE value = '\"ann\"'; DELETE FROM changes WHERE rev = 4",
        "the values of acme are not those that stood after revision 3",
    ),
    Tampering(
        "an entry taken out that did not change since",
        "DELETE FROM entries WHERE value = '9'",
        "edited, added or removed",
    ),
    Tampering(
        "an entry put in as if it had stood there",
        "INSERT INTO entries SELECT owner_id, (SELECT id FROM keys WHERE name = 'tags'), 2, at, "
        "provenance_id, '[]' FROM entries WHERE value = '9' ON CONFLICT DO UPDATE SET rev = 2",
        "edited, added or removed",
    ),
    Tampering("who", "UPDATE changesets SET actor = 'ann' WHERE actor = 'eve'", "edited"),
    Tampering("when", "UPDATE changesets SET at = at - 1 WHERE rev = 2", "what one of them says"),
    Tampering("why", "UPDATE changesets SET reason = 'x' WHERE rev = 1", "what one of them says"),
    Tampering(
        "how much", "UPDATE changesets SET changes = 2 WHERE rev = 3", "what one of them says"
    ),
    Tampering(
        "that it changed something",
        "UPDATE changesets SET changes = 0 WHERE rev = 2",
        "the set by eve",
    ),
    Tampering(
        "a rename put in", "INSERT INTO renames VALUES (2, 0, 'a', 'b')", "what one of them says"
    ),
    Tampering(
        "a change put back",
        "INSERT INTO changes SELECT 2, owner_id, key_id, 0, NULL, NULL, NULL FROM entries "
        "WHERE value = '9'",
        "1 of its changes are in the log, and all of them were pruned",
    ),
    Tampering("a record taken out", "DELETE FROM changesets WHERE rev = 2", "gap"),
    Tampering(
        "how far",
        "UPDATE changesets SET details = replace(details, '\"through\":3', '\"through\":4') "
        "WHERE rev = 5; DELETE FROM changes WHERE rev = 4",
        "the prune by",
    ),
    Tampering(
        "that it was pruned", "UPDATE changesets SET kind = 'set' WHERE rev = 5", "and has 0"
    ),
    Tampering(
        "what vouches for it",
        'UPDATE changesets SET details = replace(details, \'"facts":"\', \'"facts":"0\') '
        "WHERE rev = 5",
        "it says that it pruned what it cannot have pruned",
    ),
    Tampering(
        "a pruning of what is to come",
        "UPDATE changesets SET details = replace(details, '\"through\":3', '\"through\":6') "
        "WHERE rev = 5",
        "it says that it pruned what it cannot have pruned",
    ),
    Tampering(
        "a pruning forged from another",
        "INSERT INTO changesets SELECT 7, '00000000-0000-4000-8000-000000000000', app_id, actor, "
        "kind, at, reason, changes, version_before, version_after, "
        "replace(details, '\"through\":3', '\"through\":4'), algorithm, digest, chain "
        "FROM changesets WHERE rev = 5; DELETE FROM changes WHERE rev = 4",
        "the changesets up to revision 4 are not those that it pruned",
    ),
]


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda one: one.name)
def test_tampering_is_found(shell: Shell, tampering: Tampering) -> None:
    database = sqlite3.connect(shell.db)
    before = list(database.iterdump())
    database.executescript(tampering.sql)
    database.commit()
    assert list(database.iterdump()) != before, "nothing was done to the store"
    database.close()
    told = _problems(shell)
    assert any(tampering.found in one for one in told), told


def test_log_that_does_not_verify_is_not_pruned(shell: Shell) -> None:
    database = sqlite3.connect(shell.db)
    database.execute("UPDATE entries SET value = '71' WHERE value = '9'")
    database.commit()
    database.close()
    before = shell.dump()
    told = shell.fails(13, "history", "prune", "--keep-last", "0", "--yes")
    assert "pruning would remove what shows that" in told
    assert shell.dump() == before


# ------------------------------------------------------------------------- with a key ring


@pytest.fixture
def signed(tmp_path: Path) -> Shell:
    shell = acme(tmp_path / "work")
    shell.run("keys", "init")
    _log(shell)
    return shell


def _forge(shell: Shell) -> None:
    """Prune with the program's own code, as somebody without the key ring can."""
    store = SqliteStore.open(f"sqlite:{shell.db}")
    version, _ = store.declaration(APP, "")
    draft = Draft(APP, "mallory", PRUNING, datetime.now(UTC))
    with store.changeset(draft, version=version) as transaction:
        assert transaction.prune(99) is not None
    store.close()


def test_checkpoint_right_after_vouches_for_it(signed: Shell) -> None:
    kinds = [one["kind"] for one in signed.run("audit", "list", "--json").json]
    assert kinds[kinds.index("prune") - 1] == "checkpoint"
    found = signed.run("audit", "verify", "--json").json
    assert found["ok"] is True
    signed.run("history", "prune", "--keep-last", "0", "--yes")
    assert signed.run("audit", "verify", "--json").json["ok"] is True


def test_forged_pruning_of_what_was_signed_is_found(signed: Shell) -> None:
    signed.run("audit", "checkpoint")
    _forge(signed)
    told = _problems(signed)
    assert any("were pruned, and no checkpoint vouches for that" in one for one in told), told
    assert "nobody vouches" in signed.fails(13, "audit", "checkpoint")
    signed.run("audit", "checkpoint", "--accept", "--yes")
    assert signed.run("audit", "verify", "--json").json["ok"] is True


def test_backup_from_before_shows_what_was_made_anew(signed: Shell, tmp_path: Path) -> None:
    target = f"file://{tmp_path}/backups"
    signed.run("backup", "create", "--target", target)
    signed.run("history", "prune", "--keep-last", "0", "--yes")
    assert signed.run("audit", "verify", "--against", target, "--json").json["ok"] is True


@pytest.fixture
def renamed(tmp_path: Path) -> Shell:
    """1 name, which is called label since 2; 3 and 4 size; all up to 3 pruned by 5."""
    shell = acme(tmp_path / "work")
    shell.run("set", "name=ann", "--user", "bo")
    released(shell, "1.1.0", name="label")
    shell.run("migrate", "up")
    shell.run("set", "size=9", "--user", "bo")
    shell.run("set", "size=10", "--user", "bo")
    shell.run("history", "prune", "--keep-last", "1", "--yes")
    return shell


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("DELETE FROM names WHERE name = 'name'", "a key with entries from before it had a name"),
        ("UPDATE names SET name = 'x' WHERE name = 'name'", "a name that no key had"),
    ],
)
def test_earlier_name_taken_away_is_found(renamed: Shell, sql: str, found: str) -> None:
    assert renamed.run("audit", "verify", "--json").json["ok"]
    database = sqlite3.connect(renamed.db)
    assert database.execute(sql).rowcount == 1
    database.commit()
    database.close()
    told = _problems(renamed)
    assert any(found in one for one in told), told
