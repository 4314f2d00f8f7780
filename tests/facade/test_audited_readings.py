"""Secrets whose readings are recorded: first, by every way that opens one, without the value."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prefcore import InvalidSchema, PrefcoreError, Preferences, Schema, Secret, preference
from prefcore.builtin.memory_store import MemoryStore
from prefcore.builtin.sqlite_store.store import SqliteStore
from prefcore.errors import ReadOnly
from prefcore.interfaces import Store
from prefcore.keys import Keys
from prefcore.migration import Step, convert, python, rename
from prefcore.schema import SchemaDocument
from tests.cli.shell import Shell, acme


class Editor(Schema, app="acme", version="1.0.0"):
    token: Secret[str] | None = preference(None, audited=True)
    other: Secret[str] | None = None


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    keys = Keys(str(tmp_path_factory.mktemp("ring") / "keys"), environ={})
    keys.folder.create(datetime.now(UTC), keys.folder.new_root_file)
    return keys


@pytest.fixture
def prefs(tmp_path: Path, keys: Keys) -> Iterator[Preferences[Editor]]:
    with Preferences.open(Editor, store=tmp_path / "p.db", actor="kim", keys=keys) as prefs:
        prefs.set_many("user", "kim", {"token": Secret("hush"), "other": Secret("hist")})
        yield prefs


def readings(prefs: Preferences[Any]) -> list[Any]:
    return [one for one in prefs.log() if one.kind == "read"]


WAYS: dict[str, Callable[[Preferences[Editor]], object]] = {
    "get": lambda prefs: prefs.get("token", user="kim"),
    "a view": lambda prefs: prefs.user("kim").token,
    "at": lambda prefs: prefs.at(user="kim").token,
    "reveal": lambda prefs: prefs.reveal("user", "kim", "token"),
    "values_of": lambda prefs: prefs.values_of(prefs.read_set("user", "kim"))["token"],
}


@pytest.mark.parametrize("way", WAYS)
def test_a_reading_is_a_changeset_without_changes_and_value(
    prefs: Preferences[Editor], way: str, tmp_path: Path
) -> None:
    found = WAYS[way](prefs)
    assert isinstance(found, Secret)
    assert found.reveal() == "hush"
    (one,) = readings(prefs)
    assert (one.actor, one.changes, one.reason) == ("kim", 0, "read user/kim token")
    assert one.details == {"scope": "user", "owner": "kim", "key": "token"}
    assert b"hush" not in (tmp_path / "p.db").read_bytes()
    assert list(prefs.problems()) == [], "the audit chain holds it"


def test_others_are_not_recorded_and_neither_is_what_is_only_looked_at(
    prefs: Preferences[Editor],
) -> None:
    prefs.get("other", user="kim")
    prefs.explain("token", user="kim")
    prefs.effective(user="kim")
    prefs.read_set("user", "kim")
    list(prefs.faults())
    prefs.export(io.BytesIO(), format="json")
    prefs.export(io.BytesIO(), format="json", secrets="redacted")
    prefs.reencrypt()
    assert readings(prefs) == []


@pytest.mark.parametrize("plain", [False, True])
def test_an_export_in_clear_records_once_what_it_reads(
    prefs: Preferences[Editor], plain: bool
) -> None:
    out = io.BytesIO()
    prefs.export(out, format="json", secrets="clear", plain=plain)
    assert b"hush" in out.getvalue()
    (one,) = readings(prefs)
    assert one.details == {"keys": {"token": 1}}


def test_undo_passes_over_readings(prefs: Preferences[Editor]) -> None:
    prefs.set("other", Secret("new"), user="kim")
    prefs.get("token", user="kim")
    prefs.apply(prefs.plan_undo())
    found = prefs.get("other", user="kim")
    assert isinstance(found, Secret)
    assert found.reveal() == "hist"


@pytest.mark.parametrize("way", WAYS)
def test_what_cannot_be_recorded_is_not_opened(
    prefs: Preferences[Editor], keys: Keys, tmp_path: Path, way: str
) -> None:
    prefs.close()
    with Preferences.open(
        Editor, store=tmp_path / "p.db", actor="kim", keys=keys, read_only=True
    ) as reading:
        with pytest.raises(PrefcoreError) as caught:
            WAYS[way](reading)
        assert caught.value.exit_code == 19
        assert reading.get("other", user="kim") == Secret("hist")
        out = io.BytesIO()
        with pytest.raises(PrefcoreError):
            reading.export(out, format="json", secrets="clear")
        assert out.getvalue() == b""


def test_only_secrets_are_declared_so() -> None:
    document = {
        "prefcore_schema": 1,
        "app": "acme",
        "version": "1.0.0",
        "preferences": {"size": {"audited": True}},
    }
    with pytest.raises(InvalidSchema, match="size is declared audited, and only readings of secre"):
        SchemaDocument.from_document(document)


def test_the_command_line_records_too(tmp_path: Path) -> None:
    shell: Shell = acme(tmp_path / "work")
    file = shell.folder / "schemas" / "1.0.0.json"
    schema = json.loads(file.read_text("utf-8"))
    schema["preferences"]["secret.key"]["audited"] = True
    file.write_text(json.dumps(schema), encoding="utf-8")
    shell.run("keys", "init")
    shell.run("set", "secret.key", "-", stdin="psst")

    def read() -> list[str]:
        told = shell.run("history", "--json").json
        return [one["reason"] for one in told if one["kind"] == "read"]

    assert shell.run("get", "secret.key").out == "********\n"
    shell.run("list")
    assert read() == []
    assert shell.run("get", "secret.key", "--reveal").out == "psst\n"
    assert len(read()) == 1
    shell.run("export", "x.json", "--plaintext-secrets", "--yes")
    assert read()[0] == "read for an export in clear"
    assert "each time its value is opened" in shell.run("describe", "secret.key").out
    assert "psst" not in shell.run("history").out


# ------------------------------------------------------------------------- steps of one's own

_AUDITED = {"shape": {"type": "string"}, "sensitive": True, "audited": True}


def _schema(version: str, *keys: str) -> SchemaDocument:
    return SchemaDocument.from_document(
        {
            "prefcore_schema": 1,
            "app": "acme",
            "version": version,
            "preferences": {**dict.fromkeys(keys, _AUDITED), "size": {"shape": {}}},
        }
    )


_OLD, _NEW = _schema("1.0.0", "token"), _schema("2.0.0", "pass")
_SEEN: list[str] = []


def _looks(held: dict[str, Any]) -> dict[str, object]:
    _SEEN.append(held.get("pass", ""))
    return {}


def _upper(value: str) -> str:
    _SEEN.append(value)
    return value.upper()


STEPS = {
    "python": (rename("token", "pass"), python(_looks, _looks, reads=["pass"], writes=["size"])),
    "convert": (convert("token", up=_upper, down=str.lower), rename("token", "pass")),
}


@pytest.fixture(params=STEPS)
def steps(request: pytest.FixtureRequest) -> tuple[Step, ...]:
    _SEEN.clear()
    return (Step("1.0.0", "2.0.0", *STEPS[request.param]),)


def _facade(store: Store, keys: Keys, document: SchemaDocument, *steps: Step) -> Preferences[Any]:
    return Preferences(
        store, "acme", schema=document, keys=keys, environ={}, actor="kim", migrations=steps
    )


def _migrate(prefs: Preferences[Any], to: str | None = None) -> None:
    with prefs.begin_migration(to) as begun:
        begun.commit()


def _told(prefs: Preferences[Any]) -> list[tuple[str, object]]:
    return [(one.reason, one.details) for one in readings(prefs)]


def test_what_steps_of_a_migration_are_given_is_recorded_before(
    keys: Keys, steps: tuple[Step, ...]
) -> None:
    store = MemoryStore()
    for owner in ("kim", "bo"):
        _facade(store, keys, _OLD).set("token", Secret("hush"), user=owner)
    prefs = _facade(store, keys, _NEW, *steps)
    expected = ("read by steps to migrate up 1.0.0 → 2.0.0", {"keys": {"token": 2}})
    prefs.plan_migration()  # its steps run too
    assert (_told(prefs), len(_SEEN)) == ([expected], 2)
    _migrate(prefs)
    assert _told(prefs) == [expected] * 2
    kinds = [one.kind for one in prefs.log()]
    assert kinds.index("migrate") < kinds.index("read"), "first, and the newest comes first"
    prefs.set("pass", Secret("hist"), user="kim")
    _migrate(prefs, "1.0.0")
    newest = _told(prefs)[0]
    assert newest == ("read by steps to migrate down 2.0.0 → 1.0.0", {"keys": {"pass": 2}})
    assert list(prefs.problems()) == []


def test_steps_without_functions_are_given_nothing(keys: Keys) -> None:
    store = MemoryStore()
    _facade(store, keys, _OLD).set("token", Secret("hush"), user="kim")
    prefs = _facade(store, keys, _NEW, Step("1.0.0", "2.0.0", rename("token", "pass")))
    _migrate(prefs)
    assert readings(prefs) == []


def test_what_steps_of_an_import_are_given_is_recorded_before(
    keys: Keys, steps: tuple[Step, ...], tmp_path: Path
) -> None:
    older = _facade(MemoryStore(), keys, _OLD)
    older.set("token", Secret("hush"), user="kim")
    older.set("size", 1, user="bo")
    with (tmp_path / "old.json").open("wb") as out:
        older.export(out, format="json")
    prefs = _facade(MemoryStore(), keys, _NEW, *steps)
    prefs.register(_OLD)
    prefs.set("size", 2, user="ann")
    prefs.apply(prefs.plan_import(tmp_path / "old.json"))
    reason = f"read by steps to import {tmp_path / 'old.json'}"
    assert _told(prefs) == [(reason, {"keys": {"token": 1}})] * 2
    assert len([one for one in _SEEN if one]) == 2
    found = prefs.reveal("user", "kim", "pass")
    assert isinstance(found, Secret)
    assert str(found.reveal()).lower() == "hush"


def test_steps_are_not_given_what_cannot_be_recorded(
    keys: Keys, steps: tuple[Step, ...], tmp_path: Path
) -> None:
    url = f"sqlite:{tmp_path / 'p.db'}"
    with closing(SqliteStore.open(url, create=True)) as store:
        _facade(store, keys, _OLD).set("token", Secret("hush"), user="kim")
    with (
        closing(SqliteStore.open(url, create=False, read_only=True)) as store,
        pytest.raises(ReadOnly),
    ):
        _facade(store, keys, _NEW, *steps).plan_migration()
    assert _SEEN == []
