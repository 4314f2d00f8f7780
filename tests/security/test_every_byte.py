"""Every byte of what is sealed or encrypted counts, through all layers: exit 12 or 13."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import prefcore_json
import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import PrefcoreError
from prefcore.keys import Keys
from prefcore.model import from_micros
from prefcore.plugins.manager import Plugins
from prefcore.preferences import Preferences
from prefcore.schema import Preference, SchemaDocument, Shape
from prefcore.schema.secret import Secret
from tests.facade.test_secrets import document

SECRET = "canary-4711-byte"
AT = from_micros(1_769_860_800_000_000)
PLUGINS = Plugins([prefcore_json])


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    made = Keys(str(tmp_path / "keys"), environ={})
    made.folder.create(AT, made.folder.new_root_file)
    return made


def opened(folder: Path, keys: Keys, name: str = "prefs.db") -> Preferences[Any]:
    schema: SchemaDocument = document("1.0.0", token=True, name=False)
    store = SqliteStore.open(f"sqlite:{folder / name}", create=True)
    made = Preferences[Any](store, schema.app, schema=schema, keys=keys, plugins=PLUGINS)
    return made


def flips(whole: bytes, *, step: int = 1) -> Iterator[bytes]:
    """Give the bytes with one bit flipped, at each place."""
    for at in range(0, len(whole), step):
        yield whole[:at] + bytes([whole[at] ^ 1 << at % 7]) + whole[at + 1 :]


def refused(act: Callable[[], object]) -> None:
    """See that an act is refused with exit code 12 or 13, and that nothing tells the secret."""
    try:
        found = act()
    except PrefcoreError as raised:
        error = raised
        told = f"{error} {error.facts}"
    else:
        raise AssertionError(f"it was taken: {found!r}")
    assert error.exit_code in (12, 13), told
    assert SECRET not in told


def test_a_bit_flipped_in_any_byte_of_a_stored_secret_is_found(tmp_path: Path, keys: Keys) -> None:
    with opened(tmp_path, keys) as prefs:
        prefs.set("token", SECRET, user="alice")
    database = sqlite3.connect(tmp_path / "prefs.db")
    (text,) = database.execute("SELECT value FROM entries").fetchone()
    for number, edited in enumerate(flips(text.encode("ascii"))):
        database.execute("UPDATE entries SET value = ?", (edited.decode("ascii"),))
        database.commit()
        with opened(tmp_path, keys) as prefs:
            held = prefs.read_set("user", "alice").rows[0][1]
            if held.startswith('{"$sealed":['):
                refused(partial(prefs.get, "token", user="alice"))
            if number % 20 == 0:
                found = prefs.audit.verify().found  # of another key it is told as that
                assert found.problems or found.locked
    database.close()


MOVES = {
    "to another key": ("user", "alice", "other"),
    "to another owner": ("user", "bobby", "token"),
    "to another scope": ("project", "alice", "token"),
    "to a template": ("template", "alice", "token"),
}


@pytest.mark.parametrize("how", [*MOVES, "to another store", "to another application"])
def test_a_stored_secret_moved_elsewhere_is_found_and_not_given(
    tmp_path: Path, keys: Keys, how: str
) -> None:
    scope, owner, key = MOVES.get(how, ("user", "alice", "token"))
    app = "other" if how == "to another application" else "acme"
    names = ("prefs.db", "other.db" if how == "to another store" else "prefs.db")
    for name, of in zip(names, ("acme", app), strict=True):
        with _two_secrets(tmp_path / name, keys, of) as prefs:
            prefs.set_many("user", "alice", {"token": SECRET, "other": SECRET})
            if (scope, owner) != ("user", "alice"):
                prefs.set_many(scope, owner, {"token": "its own"})
    source = sqlite3.connect(tmp_path / names[0])
    (text,) = source.execute(f"{_VALUE} WHERE {_OF}", ("acme", "user", "alice", "token")).fetchone()
    source.close()
    target = sqlite3.connect(tmp_path / names[1])
    entry = f"(SELECT e.owner_id, e.key_id {_FROM} WHERE {_OF})"
    moved = target.execute(
        f"UPDATE entries SET value = ? WHERE (owner_id, key_id) IN {entry}",  # ours
        (text, app, scope, owner, key),
    )
    assert moved.rowcount == 1
    target.commit()
    target.close()
    with _two_secrets(tmp_path / names[1], keys, app) as prefs:
        refused(lambda: prefs.reveal(scope, owner, key))
        assert prefs.audit.verify().found.problems


_FROM = """FROM entries e JOIN owners o ON o.id = e.owner_id JOIN keys k ON k.id = e.key_id
JOIN apps a ON a.id = k.app_id"""
_VALUE = f"SELECT e.value {_FROM}"
_OF = "a.name = ? AND o.scope = ? AND o.name = ? AND k.name = ?"


def _two_secrets(path: Path, keys: Keys, app: str) -> Preferences[Any]:
    """Give a facade over a store at a schema with two secret keys."""
    text = Shape(kinds=("string",))
    declared = [Preference(key, text, sensitive=True) for key in ("token", "other")]
    schema = SchemaDocument(app, "1.0.0", declared)
    store = SqliteStore.open(f"sqlite:{path}", create=True)
    return Preferences[Any](store, app, schema=schema, keys=keys, plugins=PLUGINS)


@pytest.mark.parametrize("how", ["to the ring", "to a passphrase"])
def test_a_bit_flipped_in_an_encrypted_document_imports_nothing(
    tmp_path: Path, keys: Keys, how: str
) -> None:
    phrase = Secret("sesame") if how == "to a passphrase" else None
    file = tmp_path / "all.json"
    with opened(tmp_path, keys) as prefs:
        prefs.set("token", SECRET, user="alice")
        prefs.set("name", "Alice", user="alice")
        with file.open("wb") as out:
            prefs.export(out, format="json", encrypt=phrase is None, passphrase=phrase)
    whole = file.read_bytes()
    assert b"Alice" not in whole
    reading = Keys(keys.path, environ={"PREFCORE_FILE_PASSPHRASE": "sesame"})
    with opened(tmp_path, reading, "other.db") as prefs:
        before = list(prefs.log())
        # To derive a key takes a tenth of a second each time; all bytes are flipped in test_stream.
        for edited in flips(whole, step=len(whole) // 9 if phrase else 5):
            file.write_bytes(edited)
            refused(lambda: prefs.plan_import(file))
        for length in (60, len(whole) - 20, len(whole) - 1):
            file.write_bytes(whole[:length])
            refused(lambda: prefs.plan_import(file))
        assert list(prefs.log()) == before
        file.write_bytes(whole)
        prefs.apply(prefs.plan_import(file))
        assert prefs.get("name", user="alice") == "Alice"


def test_a_sealed_value_moved_within_a_document_imports_nothing(tmp_path: Path, keys: Keys) -> None:
    """Swapped between owners; replayed from an older export it is a value like any other."""
    file = tmp_path / "all.json"
    with opened(tmp_path, keys) as prefs:
        for owner in ("alice", "bobby"):
            prefs.set("token", f"{SECRET}-{owner}", user=owner)
        with file.open("wb") as out:
            prefs.export(out, format="json")
    text = file.read_text("utf-8")
    assert SECRET not in text
    swapped = text.replace('"alice"', '"?"').replace('"bobby"', '"alice"').replace('"?"', '"bobby"')
    assert swapped != text
    file.write_text(swapped, "utf-8")
    with opened(tmp_path, keys, "other.db") as prefs:
        refused(lambda: prefs.plan_import(file))
        assert list(prefs.log()) == []
