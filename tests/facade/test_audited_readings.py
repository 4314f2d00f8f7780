"""Secrets whose readings are recorded: first, by every way that opens one, without the value."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from prefcore import InvalidSchema, PrefcoreError, Preferences, Schema, Secret, preference
from prefcore.keys import Keys
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
