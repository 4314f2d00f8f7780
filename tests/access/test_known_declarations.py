"""What known versions declare of undeclared keys: looked up once, however many keys are asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import prefcore_json
import pytest

from prefcore import ImportRequest, Preferences
from prefcore.access.known_declarations import KnownDeclarations
from prefcore.access.policy import Access, AccessPolicy
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.builtin.sqlite_store.reading import SqliteSnapshot
from prefcore.engines.registering import KnownSchemas
from prefcore.model import Draft
from prefcore.plugins.manager import Plugins
from prefcore.schema import SchemaDocument

APP = "acme"
#: Who asks: nobody is asked about, or one whom a policy judges, so that roles are looked up too.
ACCESS = {
    "no policy": None,
    "a policy": Access("me", [AccessPolicy({"user": ("me",)}, (), "the policy", "root")]),
}


def document(**declared: object) -> SchemaDocument:
    return SchemaDocument.from_document(
        {"prefcore_schema": 1, "app": APP, "version": "1.0.0", "preferences": declared}
    )


TEXT = {"shape": {"type": "string"}}
SCHEMA = document(size=TEXT, card={**TEXT, "sensitive": True})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.open(f"sqlite:{tmp_path}/prefs.db", create=True)
    yield opened
    opened.close()


def lookups(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give a list that grows whenever all names of an application are read."""
    asked: list[str] = []
    names = SqliteSnapshot.names

    def counted(self: SqliteSnapshot, app: str) -> object:
        asked.append(app)
        return names(self, app)

    monkeypatch.setattr(SqliteSnapshot, "names", counted)
    return asked


def facade(store: SqliteStore, access: Access | None) -> Preferences[Any]:
    return Preferences(
        store,
        APP,
        schema=SCHEMA,
        plugins=Plugins([prefcore_json]),
        access=access,
        actor="me",
        environ={},
    )


@pytest.mark.parametrize("who", ACCESS)
def test_names_are_not_read_for_each_undeclared_key_of_an_import(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    prefs, asked = facade(store, ACCESS[who]), lookups(monkeypatch)
    counts = []
    for many in (2, 200):
        file = tmp_path / "in.json"
        file.write_text(json.dumps({f"k{many}_{i}": "v" for i in range(many)}))
        asked.clear()
        made = prefs.apply(
            prefs.plan_import(
                ImportRequest(path=file, name="in.json", into=("user", "me"), keep_unknown=True)
            )
        )
        assert made is not None
        assert made.changes == many
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0


def test_names_are_not_read_for_each_undeclared_key_that_is_unset(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in.json"
    file.write_text(json.dumps({f"k{i}": "v" for i in range(50)}))
    boss = facade(store, None)
    request = ImportRequest(path=file, name="in.json", into=("user", "me"), keep_unknown=True)
    boss.apply(boss.plan_import(request))
    prefs, asked = facade(store, ACCESS["a policy"]), lookups(monkeypatch)
    made = prefs.set_many("user", "me", {}, unset=[f"k{i}" for i in range(50)])
    assert made is not None
    assert made.changes == 50
    assert len(asked) <= 2  # once to judge keys by their names, once for what they need


def test_a_key_renamed_in_the_same_transaction_is_judged_by_its_old_name_too(
    store: SqliteStore,
) -> None:
    boss = facade(store, None)
    boss.set("size", "x", user="me")
    known = KnownSchemas(APP, own=SCHEMA)
    draft = Draft(APP, "me", "migrate", datetime.now(UTC), "", {})
    with store.changeset(draft, version="1.0.0") as begun:
        begun.mint("card")
        begun.note()
    with store.changeset(draft, version="1.0.0") as begun:
        declared = KnownDeclarations(known, lambda: nullcontext(begun))
        transaction = boss._workplace.vault.sealing(
            begun,
            draft,
            lambda key: any(one.sensitive for one in declared.of(key)),
            moved=declared.forget,
        )
        assert not transaction.hides("size")
        transaction.rename("card", "pay")
        assert transaction.hides("pay")
        begun.abandon()
