"""What is done to a store behind prefcore's back is found, and told where; what is not is told too.

Each tampering is done with SQL alone; ``_stamp_anew`` is what a forger does who knows prefcore.
"""

from __future__ import annotations

import shutil
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import attrs
import pytest

from prefcore.audit import FIRST, SEALED_DIGESTS, ChangesetDigest, chain
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.security.ring import KeyRing
from prefcore.security.signing import signed
from prefcore.values import Sealed, canonical_text, from_text
from tests.cli.shell import Ran, Shell, acme, at_a_terminal
from tests.security.randomness import seeded

CANARY = "canary-4711-audit"


@attrs.frozen
class Scene:
    """A store with a history that can be put back, as it was before each tampering.

    Its log: 1 size 9; 2 theme, by eve; 3 the key ring made; 5 a secret; 6 another; 7 the keys
    rotated; 9 and used for all; 11 size 10; 13 size 11, which nothing signs. 4, 8, 10 and 12 are
    checkpoints, of which a copy of the last stands beside the key ring.
    """

    shell: Shell
    whole: bytes
    keys: Path
    old_secrets: tuple[str, str]

    def put_back(self) -> None:
        for path in self.shell.folder.glob("prefs.db*"):
            if path.is_file():
                path.unlink()
        self.shell.db.write_bytes(self.whole)
        shutil.rmtree(self.keys, ignore_errors=True)
        shutil.copytree(f"{self.keys}.kept", self.keys)

    def verify(self, *words: str, code: int = 13) -> Ran:
        return self.shell.run("audit", "verify", *words, code=code)

    def problems(self, *words: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.verify("--json", *words).json["problems"]
        return found


def _secret(shell: Shell) -> str:
    database = sqlite3.connect(shell.db)
    (text,) = database.execute(
        "SELECT value FROM entries WHERE value LIKE '{\"$sealed%'"
    ).fetchone()
    database.close()
    return str(text)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    shell = acme(tmp_path_factory.mktemp("audit") / "work")
    shell.run("set", "size=9", "--user", "bo", "--reason", "first")
    shell.run("set", "theme=dark", "--user", "bo", "--actor", "eve")
    shell.run("keys", "init")
    shell.run("set", "secret.key", "-", "--user", "bo", stdin=CANARY)
    first = _secret(shell)
    shell.run("set", "secret.key", "-", "--user", "bo", stdin=CANARY + "2")
    second = _secret(shell)
    shell.run("keys", "rotate")
    shell.run("keys", "reencrypt")
    shell.run("set", "size=10", "--user", "bo")
    shell.run("audit", "checkpoint")
    shell.run("set", "size=11", "--user", "bo")
    keys = Path(shell.run("keys", "list", "--json").json["path"]).parent
    shutil.copytree(keys, f"{keys}.kept")
    return Scene(shell, shell.db.read_bytes(), keys, (first, second))


@pytest.fixture
def scene(made: Scene) -> Scene:
    made.put_back()
    return made


def _changesets(database: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    yield from database.execute("SELECT rev, kind FROM changesets ORDER BY rev")


def _revision_of(database: sqlite3.Connection, kind: str, *, last: bool = False) -> int:
    found = [revision for revision, one in _changesets(database) if one == kind]
    return found[-1 if last else 0]


def _digests(shell: Shell) -> dict[int, str]:
    """Give the digest of every changeset as it is now."""
    store = SqliteStore.open(f"sqlite:{shell.db}")
    found = {}
    with store.snapshot() as view:
        for one in view.log():
            digest = ChangesetDigest()
            digest.entries(one.changed)
            for rename in one.renames:
                digest.rename(rename.before, rename.after)
            digest.facts(one.changeset)
            found[one.changeset.revision] = digest.hexdigest()
    store.close()
    return found


def _stamp_anew(shell: Shell) -> None:
    """Compute every digest and link of the log again, as it is now."""
    stamps, previous = [], FIRST
    for number, (revision, digest) in enumerate(_digests(shell).items(), 1):
        previous = chain(previous, number, digest)
        stamps.append((digest, previous, revision))
    database = sqlite3.connect(shell.db)
    database.executemany("UPDATE changesets SET digest = ?, chain = ? WHERE rev = ?", stamps)
    database.commit()
    database.close()


def _leave_out(database: sqlite3.Connection, revision: int) -> None:
    """Remove a changeset that changed nothing, and close the gap."""
    database.execute("DELETE FROM changesets WHERE rev = ?", (revision,))
    for later in range(revision + 1, 20):
        for table, column in (("changesets", "rev"), ("changes", "rev"), ("entries", "rev")):
            database.execute(
                f"UPDATE {table} SET {column} = {column} - 1 WHERE {column} = ?", (later,)
            )
        database.execute(
            "UPDATE changes SET before_rev = before_rev - 1 WHERE before_rev = ?", (later,)
        )


def _cut(database: sqlite3.Connection, revision: int) -> None:
    """Take back all changesets from a revision on, and their changes."""
    for rev in range(20, revision - 1, -1):
        database.execute(
            "UPDATE entries SET (rev, at, provenance_id, value) = (SELECT c.before_rev, "
            "coalesce(c.at, 0), coalesce(c.provenance_id, 0), c.value FROM changes c WHERE "
            "c.rev = entries.rev AND c.owner_id = entries.owner_id AND c.key_id = entries.key_id) "
            "WHERE rev = ?",
            (rev,),
        )
        database.execute("DELETE FROM changes WHERE rev = ?", (rev,))
        database.execute("DELETE FROM changesets WHERE rev = ?", (rev,))
    database.execute("DELETE FROM entries WHERE rev = 0")


def _edit_checkpoint(
    database: sqlite3.Connection, change: Callable[[dict[str, object]], object]
) -> None:
    revision = _revision_of(database, "checkpoint", last=True)
    (text,) = database.execute(
        "SELECT details FROM changesets WHERE rev = ?", (revision,)
    ).fetchone()
    details = from_text(text)
    assert isinstance(details, dict)
    change(details["checkpoint"])
    database.execute(
        "UPDATE changesets SET details = ? WHERE rev = ?", (canonical_text(details), revision)
    )


def _forge(database: sqlite3.Connection) -> None:
    """Edit the value, and sign what comes of it with a key of one's own."""
    ring = KeyRing.fresh(datetime.now(UTC), seeded("forger"))
    (lineage,) = database.execute("SELECT id FROM changesets WHERE rev = 1").fetchone()

    def change(checkpoint: dict[str, object]) -> None:
        forged = signed(
            ring,
            lineage=lineage,
            revision=int(str(checkpoint["revision"])),
            chain=str(checkpoint["chain"]),
            at=datetime.now(UTC),
        )
        checkpoint.update(forged.as_data())

    _edit_checkpoint(database, change)


def _edit_schema(database: sqlite3.Connection) -> None:
    """Have nothing be sensitive, everywhere that the store says it."""
    for table in ("versions", "declarations"):
        for end in (",", "}"):
            database.execute(
                f"UPDATE {table} SET text = replace(text, ?, ?)",
                (f',"sensitive":true{end}', end),
            )
    for id, text in database.execute("SELECT id, text FROM versions").fetchall():
        digest = "sha256:" + sha256(text.encode()).hexdigest()
        database.execute("UPDATE versions SET digest = ? WHERE id = ?", (digest, id))


def _insert_changeset(database: sqlite3.Connection) -> None:
    """Put an act of somebody else in between."""
    for table in ("changesets", "changes", "entries"):
        for later in range(20, 2, -1):
            database.execute(f"UPDATE {table} SET rev = rev + 1 WHERE rev = ?", (later,))
    database.execute("UPDATE changes SET before_rev = before_rev + 1 WHERE before_rev > 2")
    database.execute(
        "INSERT INTO changesets SELECT 3, '00000000-0000-4000-8000-000000000000', app_id, "
        "'mallory', 'denied', at, '', 0, version_before, version_after, '{}', algorithm, "
        "digest, chain FROM changesets WHERE rev = 2"
    )


@attrs.frozen
class Tampering:
    """What is done with SQL, whether the chain is computed anew after it, and what finds it."""

    name: str
    sql: str | Callable[[sqlite3.Connection], None]
    found: str
    stamped: bool = False


def _put(text: str, *, at: str = "entries") -> str:
    quoted = text.replace("'", "''")
    return f"UPDATE {at} SET value = '{quoted}' WHERE value LIKE '{{\"$sealed%'"


def _tag(database: sqlite3.Connection) -> str:
    (text,) = database.execute(
        "SELECT value FROM entries WHERE value LIKE '{\"$sealed%'"
    ).fetchone()
    sealed = from_text(text)
    assert isinstance(sealed, Sealed)
    return b64encode(sealed.tag).decode()


def _put_with_tag(form: str, *, at: str = "entries") -> Callable[[sqlite3.Connection], None]:
    """Put a text of this form in the place of sealed ones, with their own tag in it."""

    def tamper(database: sqlite3.Connection) -> None:
        database.executescript(_put(form.replace("TAG", _tag(database)), at=at))

    return tamper


TAMPERINGS = [
    Tampering(
        "a secret replaced under its tag, by what only begins as one that is sealed",
        _put_with_tag('{"$sealed":["junk"],"x":["y","TAG"]}'),
        "is not what its digest says",
    ),
    Tampering(
        "a secret replaced by what stands for it in a digest",
        _put_with_tag('{"$sealed":"TAG"}'),
        "is not what its digest says",
    ),
    Tampering(
        "a secret of the past replaced by what stands for it in a digest",
        _put_with_tag('{"$sealed":"TAG"}', at="changes"),
        "is not what its digest says",
    ),
    Tampering(
        "a sealed value with an alphabet of its own",
        _put_with_tag('{"$sealed":["k","*","TAG"]}'),
        "is not what its digest says",
    ),
    Tampering(
        "no entry before, told as a text",
        "UPDATE changes SET value = '-', at = 0, provenance_id = (SELECT min(id) FROM provenance) "
        "WHERE value IS NULL AND rev = 1",
        "a value before or after it is no text that prefcore writes",
    ),
    Tampering("a value of now", "UPDATE entries SET value = '71' WHERE value = '11'", "by"),
    Tampering("a value of the log", "UPDATE changes SET value = '71' WHERE value = '9'", "by"),
    Tampering("who", "UPDATE changesets SET actor = 'ann' WHERE actor = 'eve'", "by ann"),
    Tampering("when", "UPDATE changesets SET at = at - 1 WHERE rev = 2", "by eve"),
    Tampering("why", "UPDATE changesets SET reason = 'x' WHERE rev = 1", "digest"),
    Tampering("which", "UPDATE changesets SET kind = 'import' WHERE rev = 1", "digest"),
    Tampering("a record in the middle", "DELETE FROM changesets WHERE rev = 2", "gap"),
    Tampering(
        "records swapped",
        "UPDATE changesets SET rev = -1 WHERE rev = 1; UPDATE changesets SET rev = 1 WHERE rev = 2;"
        "UPDATE changesets SET rev = 2 WHERE rev = -1",
        "does not follow",
    ),
    Tampering(
        "the end, checkpoint and all",
        lambda database: _cut(database, 11),
        "the log ends at revision 10 already",
    ),
    Tampering(
        "the chain made anew after an edit",
        "UPDATE changes SET value = '71' WHERE value = '9'",
        "at or before revision 3",
        stamped=True,
    ),
    Tampering(
        "a checkpoint taken out, and the chain made anew",
        lambda database: _leave_out(database, 12),
        "beside your key ring",
        stamped=True,
    ),
    Tampering(
        "a checkpoint edited, and the chain made anew",
        lambda database: _edit_checkpoint(database, lambda one: one.update(chain="0" * 64)),
        "its signature is not genuine",
        stamped=True,
    ),
    Tampering(
        "a checkpoint that is none",
        lambda database: _edit_checkpoint(database, lambda one: one.pop("chain")),
        "has not the fields",
        stamped=True,
    ),
    Tampering(
        "a checkpoint signed by another, and the chain made anew",
        _forge,
        "not the key of your ring",
        stamped=True,
    ),
    Tampering(
        "a changeset put in between",
        _insert_changeset,
        "does not follow",
    ),
    Tampering(
        "a changeset put in between, and the chain made anew",
        _insert_changeset,
        "was made anew",
        stamped=True,
    ),
    Tampering("an entry taken out", "DELETE FROM entries WHERE value = '11'", "without an entry"),
    Tampering(
        "an entry put in",
        "INSERT INTO entries SELECT owner_id, key_id + 77, rev, at, provenance_id, value "
        "FROM entries WHERE value = '11'",
        "not in the log",
    ),
    Tampering("another's", "UPDATE owners SET name = 'eve'", "digest"),
    Tampering("another key's", "UPDATE keys SET name = 'name' WHERE name = 'theme'", "last one"),
    Tampering(
        "a secret of the past that does not open",
        "UPDATE changes SET value = substr(value, 1, 40) || 'AAAA' || substr(value, 45) "
        "WHERE value LIKE '{\"$sealed%'",
        "user/bo secret.key, before revision 6",
    ),
    Tampering(
        "a key that never was",
        'UPDATE entries SET value = \'{"$sealed":["kdead\' || substr(value, 19) '
        "WHERE value LIKE '{\"$sealed%'",
        "the log tells of no such key",
    ),
    Tampering(
        "a key that never was, in the past",
        'UPDATE changes SET value = \'{"$sealed":["kdead\' || substr(value, 19) '
        "WHERE value LIKE '{\"$sealed%'",
        "before revision 6: a sealed value of user/bo is sealed under the key kdead",
    ),
    Tampering(
        "two names swapped, and no rename in the log",
        "UPDATE names SET to_rev = 14 WHERE name IN ('size', 'theme');"
        "UPDATE keys SET name = '?' WHERE name = 'size';"
        "UPDATE keys SET name = 'size' WHERE name = 'theme';"
        "UPDATE keys SET name = 'theme' WHERE name = '?';"
        "INSERT INTO names SELECT id, 14, NULL, name FROM keys WHERE name IN ('size', 'theme')",
        "without a rename in the log",
    ),
    Tampering(
        "two names at once",
        "INSERT INTO names SELECT id, 13, NULL, 'other' FROM keys WHERE name = 'size'",
        "two names at once",
    ),
    Tampering(
        "all sets moved to an application that is not in the log",
        "INSERT INTO apps(id, name, version_id, epoch) SELECT 9, 'ghost', version_id, 9 FROM apps;"
        "UPDATE owners SET app_id = 9; UPDATE keys SET app_id = 9",
        "of another application than its changeset",
    ),
    Tampering(
        "an application put in",
        "INSERT INTO apps(id, name) VALUES (9, 'ghost')",
        "an application that the log knows nothing of",
    ),
    Tampering(
        "another version in force", "UPDATE apps SET version_id = NULL", "at another version"
    ),
    Tampering(
        "a declaration that is not sensitive any more",
        "UPDATE declarations SET text = replace(text, '\"sensitive\":true', '\"sensitive\":false')",
        "the declaration of secret.key is not the one",
    ),
    Tampering(
        "a schema that is not sensitive any more, with its digest and declarations",
        lambda database: _edit_schema(database),
        "the registered schema is not the one that the log tells of",
    ),
    Tampering(
        "a schema put in that nobody registered",
        "INSERT INTO versions(app_id, version, digest, text, registered_at, registered_by) "
        "SELECT app_id, '9.0.0', digest, text, registered_at, registered_by FROM versions",
        "9.0.0: no changeset tells that this schema was registered",
    ),
    Tampering(
        "a schema taken out that is not in force any more",
        "UPDATE changesets SET version_before = NULL, version_after = NULL; "
        "UPDATE apps SET version_id = NULL; DELETE FROM declarations; DELETE FROM versions",
        "1.0.0: the log tells that this schema was registered, and it is not in the store",
    ),
    *(
        Tampering(
            f"bytes in the place of a text: {column}",
            f"UPDATE {table} SET {column} = CAST({column} AS BLOB)",
            f"a text in {table}.{column} is bytes",
        )
        for table, column in (
            ("entries", "value"),
            ("changes", "value"),
            ("keys", "name"),
            ("names", "name"),
            ("owners", "name"),
            ("versions", "text"),
            ("provenance", "actor"),
        )
    ),
    Tampering(
        "a trigger planted",
        "CREATE TRIGGER planted BEFORE INSERT ON changesets WHEN new.kind = 'denied' "
        "BEGIN SELECT raise(ignore); END",
        "the trigger 'planted'",
    ),
    Tampering("a table put in", "CREATE TABLE more(a)", "the table 'more'"),
    Tampering(
        "a view in the place of a table",
        "ALTER TABLE declarations RENAME TO hidden; CREATE VIEW declarations AS SELECT version_id, "
        "key, replace(text, '\"sensitive\":true', '\"sensitive\":false') AS text FROM hidden",
        "the view 'declarations' is not of a store's own",
    ),
    Tampering(
        "a column put in",
        "ALTER TABLE keys ADD COLUMN more TEXT",
        "the table 'keys' is not what a store makes it",
    ),
    Tampering(
        "a column that fills itself",
        "ALTER TABLE declarations RENAME COLUMN text TO inner; "
        "ALTER TABLE declarations ADD COLUMN text AS (replace(inner, 'true', 'false'))",
        "the table 'declarations' is not what a store makes it",
    ),
    Tampering("an index taken out", "DROP INDEX removed", "the index 'removed' is missing"),
    Tampering(
        "a check written into a table's declaration",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'reason TEXT NOT "
        "NULL', 'reason TEXT NOT NULL CHECK(kind <> ''denied'')') WHERE name = 'changesets'",
        "the table 'changesets' is not what a store makes it",
    ),
    Tampering(
        "facts that are none", "UPDATE changesets SET details = '{' WHERE rev = 2", "never writes"
    ),
    Tampering(
        "a time that is none", "UPDATE changesets SET at = 'noon' WHERE rev = 2", "never writes"
    ),
    Tampering(
        "a secret that does not open",
        "UPDATE entries SET value = substr(value, 1, 40) || 'AAAA' || substr(value, 45) "
        "WHERE value LIKE '{\"$sealed%'",
        "secret.key",
    ),
]


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda one: one.name)
def test_tampering_is_found(scene: Scene, tampering: Tampering) -> None:
    database = sqlite3.connect(scene.shell.db)
    before = list(database.iterdump())
    if isinstance(tampering.sql, str):
        database.executescript(tampering.sql)
    else:
        tampering.sql(database)
    database.commit()
    assert list(database.iterdump()) != before, "nothing was done to the store"
    database.close()
    if tampering.stamped:
        _stamp_anew(scene.shell)
    problems = scene.problems()
    told = [f"{one['where']}: {one['what']}" for one in problems]
    assert any(tampering.found in one for one in told), told
    shown = scene.verify()
    assert shown.out.startswith("fail  ")
    assert "Traceback" not in shown.err
    assert CANARY not in shown.out + shown.err


def test_a_value_that_is_bytes_is_damage_for_who_reads_it(scene: Scene) -> None:
    database = sqlite3.connect(scene.shell.db)
    database.execute("UPDATE entries SET value = CAST(value AS BLOB)")
    database.commit()
    database.close()
    for words in (("get", "size", "--user", "bo"), ("list", "--user", "bo"), ("export",)):
        assert "it is no text" in scene.shell.fails(13, *words)
    assert "bytes" in scene.shell.run("doctor", code=1).out
    told_too = [str(one["what"]) for one in scene.problems()]
    assert any("revision" in one or "by" in one for one in told_too[1:]), told_too


def test_a_name_that_is_bytes_is_damage_for_who_reads_it(scene: Scene) -> None:
    database = sqlite3.connect(scene.shell.db)
    database.execute("UPDATE keys SET name = CAST(name AS BLOB) WHERE name = 'size'")
    database.commit()
    database.close()
    for words in (("list", "--user", "bo"), ("export",)):
        assert "whose name is no text" in scene.shell.fails(13, *words)
    assert "a text in keys.name is bytes" in scene.shell.run("doctor", code=1).out


def test_untouched_store_is_told_to_be_so_and_how_far_it_is_signed(scene: Scene) -> None:
    found = scene.verify("--json", code=0).json
    assert found["ok"] is True
    assert found["changesets"] == 13
    assert (found["signed_revision"], found["unsigned"]) == (12, 1)
    shown = scene.verify(code=0)
    assert shown.out.startswith("ok    ")
    assert "1 changeset came after it" in shown.err
    assert "is not found" in shown.err


@pytest.mark.parametrize("which", [0, 1], ids=["an older value", "the same value"])
def test_an_old_ciphertext_put_back_is_found(scene: Scene, which: int) -> None:
    database = sqlite3.connect(scene.shell.db)
    database.execute(_put(scene.old_secrets[which]))
    database.commit()
    database.close()
    (first, *_) = scene.problems()
    if which == 0:
        assert "is not what its digest says" in str(first["what"])
    else:
        assert "although revision 9 encrypted all anew" in str(first["what"])
        assert "user/bo secret.key" in str(first["where"])


@pytest.mark.parametrize(
    ("kind", "revision", "found"),
    [
        ("migrate", 5, "no checkpoint vouches for that"),
        ("set", 5, "the set by eve"),
        ("migrate", 1, "the set by eve"),
    ],
    ids=["where a secret was set", "by another act", "where nothing is sealed"],
)
def test_history_is_not_rewritten_by_who_says_that_values_were_sealed_later(
    scene: Scene, kind: str, revision: int, found: str
) -> None:
    database = sqlite3.connect(scene.shell.db)
    database.execute("UPDATE changesets SET actor = 'eve' WHERE rev = ?", (revision,))
    database.commit()
    digests = _digests(scene.shell)
    details = canonical_text({SEALED_DIGESTS: {str(revision): digests[revision]}})
    database.execute("UPDATE changesets SET details = ?, kind = ? WHERE rev = 13", (details, kind))
    database.commit()
    (before,) = database.execute("SELECT chain FROM changesets WHERE rev = 12").fetchone()
    digest = _digests(scene.shell)[13]
    database.execute(
        "UPDATE changesets SET digest = ?, chain = ? WHERE rev = 13",
        (digest, chain(before, 13, digest)),
    )
    database.commit()
    database.close()
    told = [str(one["what"]) for one in scene.problems()]
    assert any(found in one for one in told), told
    if "vouches" in found:
        assert "nobody vouches" in scene.shell.fails(13, "audit", "checkpoint")
        listed = scene.shell.run("audit", "checkpoint", "--accept", code=2).err
        assert "it says that values of signed revisions" in listed
        scene.verify()


def test_undo_puts_no_damaged_secret_into_force(scene: Scene) -> None:
    shell = scene.shell
    database = sqlite3.connect(shell.db)
    database.execute(
        "UPDATE changes SET value = substr(value, 1, 40) || 'AAAA' || substr(value, 45) "
        "WHERE value LIKE '{\"$sealed%'"
    )
    (id,) = database.execute("SELECT id FROM changesets WHERE rev = 6").fetchone()
    database.commit()
    database.close()
    before = _secret(shell)
    assert "user/bo secret.key" in shell.fails(13, "undo", id)
    assert _secret(shell) == before


def test_an_older_file_put_back_whole_is_found(scene: Scene) -> None:
    shell = scene.shell
    older = shell.db.read_bytes()
    shell.run("set", "size=12", "--user", "bo")
    shell.run("audit", "checkpoint")
    shell.db.write_bytes(older)
    (problem,) = scene.problems()
    assert "an older state was put back" in str(problem["what"])
    assert "--accept" in shell.fails(13, "audit", "checkpoint")
    assert "confirm with --yes" in shell.fails(2, "audit", "checkpoint", "--accept")
    said = shell.run("audit", "checkpoint", "--accept", "--yes").err
    assert "remembered beside your key ring: the checkpoint of revision" in said
    scene.verify(code=0)


def test_what_comes_after_the_last_checkpoint_is_not_found_and_said_so(scene: Scene) -> None:
    database = sqlite3.connect(scene.shell.db)
    _cut(database, 13)
    database.commit()
    database.close()
    assert scene.verify("--json", code=0).json["unsigned"] == 0


def test_without_a_key_ring_the_chain_alone_is_checked_and_said_so(scene: Scene) -> None:
    shutil.rmtree(scene.keys)
    shown = scene.verify(code=0)
    assert "no key ring is here; 4 checkpoints in the log could not be judged" in shown.err
    database = sqlite3.connect(scene.shell.db)
    database.execute("UPDATE changes SET value = '71' WHERE value = '9'")
    database.commit()
    database.close()
    scene.verify()
    _stamp_anew(scene.shell)
    scene.verify(code=0)  # as it says


def test_an_auditor_needs_the_public_key_alone(scene: Scene) -> None:
    signer = scene.shell.run("audit", "checkpoint", "--json").json["signer"]
    shutil.rmtree(scene.keys)
    found = scene.verify("--json", "--signer", signer.upper(), code=0).json
    assert (found["judged"], found["checkpoints"]) == (True, 5)
    assert "not the key" in str(scene.problems("--signer", "0" * 64)[0]["what"])
    assert "64 hexadecimal digits" in scene.shell.fails(2, "audit", "verify", "--signer", "xyz")


def test_checking_signatures_asks_nobody_for_a_passphrase(scene: Scene) -> None:
    new, ring = {"PREFCORE_NEW_PASSPHRASE": "barley"}, {"PREFCORE_PASSPHRASE": "barley"}
    scene.shell.run("keys", "rewrap", "--passphrase", env=new)
    scene.shell.run("set", "size=12", "--user", "bo")
    signer = scene.shell.run("audit", "checkpoint", "--json", env=ring).json["signer"]
    code, shown = at_a_terminal(scene.shell, "", "audit", "verify", "--signer", signer)
    assert code == 0, shown
    assert "Passphrase" not in shown
    assert "secrets were not opened" in shown
    assert "agree, the newest of revision" in shown
    code, shown = at_a_terminal(scene.shell, "barley\n", "audit", "verify", prompt=b": ")
    assert code == 0, shown
    assert "Passphrase of your key ring" in shown


def _doctor(shell: Shell, *, code: int = 0) -> list[str]:
    found = shell.run("doctor", "--json", code=code).json
    return [f"{one['state']}: {one['message']}" for one in found if one["check"] == "signatures"]


def test_doctor_sees_how_far_signatures_reach_and_that_an_end_was_cut_off(scene: Scene) -> None:
    shell = scene.shell
    shell.run("audit", "checkpoint")
    older = shell.db.read_bytes()
    (told,) = _doctor(shell)
    assert told.startswith("ok: signed up to revision")
    shell.run("set", "size=12", "--user", "bo")
    assert _doctor(shell)[0].endswith(", 1 changeset came since")
    shell.run("audit", "checkpoint")
    shell.db.write_bytes(older)
    failed, reached = _doctor(shell, code=1)
    assert failed.startswith("fail: the checkpoint of revision")
    assert "an older state was put back" in failed
    assert reached.startswith("ok: signed up to revision")
    shutil.rmtree(scene.keys / "checkpoints")
    assert _doctor(shell)[0].startswith("ok: ")
    shutil.rmtree(scene.keys)
    assert _doctor(shell, code=1) == ["ok: there is no key ring to sign the log with"]


def test_doctor_finds_a_checkpoint_that_was_edited_or_never_made(scene: Scene) -> None:
    shell = scene.shell
    shell.run("keys", "init", env={"PREFCORE_KEYS": str(shell.folder / "other")})
    env = {"PREFCORE_KEYS": str(shell.folder / "other")}
    found = shell.run("doctor", "--json", env=env, code=1).json
    told = [one["message"] for one in found if one["check"] == "signatures"]
    strange = [one for one in told if "not the key of your ring" in one]
    assert len(strange) == 4, "those of the other ring"
    assert [one for one in told if one not in strange] == [told[-1]]
    assert told[-1].startswith("signed up to revision")
    shell.run("--store", "fresh.db", "init")
    shell.run("--store", "fresh.db", "set", "size=9", "--user", "bo")
    found = shell.run("--store", "fresh.db", "doctor", "--json").json
    (told,) = [one for one in found if one["check"] == "signatures"]
    assert (told["state"], told["message"]) == ("warn", "the log is not signed, 1 changeset")


def test_a_ring_that_nobody_opens_judges_by_the_key_that_signed_last(scene: Scene) -> None:
    scene.shell.run("keys", "rewrap", "--passphrase", env={"PREFCORE_NEW_PASSPHRASE": "barley"})
    told = scene.verify(code=0)
    assert "secrets were not opened: the passphrase of your key ring is needed" in told.err
    assert "6 checkpoints agree" in told.err
    with_passphrase = scene.shell.run("audit", "verify", env={"PREFCORE_PASSPHRASE": "barley"})
    assert "secrets were not opened" not in with_passphrase.err
    said = scene.shell.fails(12, "audit", "verify", env={"PREFCORE_PASSPHRASE": "rye"})
    assert "the passphrase is not the one" in said
    database = sqlite3.connect(scene.shell.db)
    database.execute("UPDATE changes SET value = '71' WHERE value = '9'")
    database.commit()
    database.close()
    _stamp_anew(scene.shell)
    assert "at or before revision 3" in scene.verify().out


def test_manifests_of_backups_show_a_cut_that_the_store_cannot(scene: Scene) -> None:
    shell = scene.shell
    target = f"file:{shell.folder / 'backups'}"
    shell.run("backup", "create", "--target", target)
    shutil.rmtree(scene.keys / "checkpoints")
    database = sqlite3.connect(shell.db)
    _cut(database, 11)
    database.commit()
    database.close()
    scene.verify(code=0)
    (problem,) = scene.problems("--against", target)
    assert "the log ends at revision 10 already" in str(problem["what"])
    assert str(problem["where"]).startswith("backup 0")
    toml = shell.folder / "prefcore.toml"
    text = toml.read_text("utf-8")
    toml.write_text(f'{text}\n[targets.nightly]\nurl = "{target}"\n', "utf-8")
    assert scene.problems() == [{**problem, "where": f"{str(problem['where'])[:20]} in nightly"}]
    shutil.move(shell.folder / "backups", shell.folder / "gone")
    toml.write_text(f'{text}\n[targets.nightly]\nurl = "nosuch:there"\n', "utf-8")
    assert "were not looked at" in scene.verify(code=0).err
    shell.fails(18, "audit", "verify", "--against", "nightly")
    toml.write_text(text, "utf-8")


def test_heads_that_nobody_signed_count_where_a_target_is_named(scene: Scene) -> None:
    shell = scene.shell
    shutil.rmtree(scene.keys)
    target = f"file:{shell.folder / 'unsigned'}"
    shell.run("backup", "create", "--target", target)
    scene.verify("--against", target, code=0)
    database = sqlite3.connect(shell.db)
    database.execute("UPDATE changes SET value = '71' WHERE value = '9'")
    database.commit()
    database.close()
    _stamp_anew(shell)
    (problem,) = scene.problems("--against", target)
    assert str(problem["what"]).startswith("the head of the log of revision 13")
