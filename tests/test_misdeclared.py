"""A store whose registered schema says what no declaration may say can be left behind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import InvalidSchema
from prefcore.model import Draft
from prefcore.preferences import Preferences
from prefcore.schema import Schema, SchemaDocument, preference
from prefcore.values import canonical_text

APP = "acme"


class Corrected(Schema, app=APP, version="1.0.1"):
    size: int = preference(1, help="how large")
    name: str = ""


def misdeclared(url: str, **fields: object) -> None:
    """Make a store as a program could that did not check what it declared."""
    declared = {
        "size": {"shape": {"type": "integer"}, "default": 1, **fields},
        "name": {"shape": {"type": "string"}, "default": ""},
    }
    head = {"prefcore_schema": 1, "app": APP, "version": "1.0.0"}
    texts = {key: canonical_text({"preference": one}) for key, one in declared.items()}
    store = SqliteStore.open(url, create=True)
    draft = Draft(APP, "me", "set", datetime.now(UTC), "", {})
    with store.changeset(draft, version=None) as transaction:
        transaction.register(
            "1.0.0", canonical_text({**head, "preferences": declared}), declarations=texts
        )
        transaction.apply_version("1.0.0")
        transaction.write("user", "me", [("size", "5", 0, "api", "me")])
    store.close()


WRONG: dict[str, dict[str, object]] = {
    "help": {"help": 3},
    "unit": {"unit": ["pt"], "title": None, "category": False},
    "order": {"order": "first"},
    "flags": {"locked": 1, "portable": "yes"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_corrected_class_migrates_it_and_the_way_back_stays(tmp_path: Path, wrong: str) -> None:
    url = f"sqlite:{tmp_path}/prefs.db"
    misdeclared(url, **WRONG[wrong])
    with Preferences.open(Corrected, store=url, migrate="auto") as prefs:
        mine = prefs.user("me")
        assert mine.size == 5
        mine.size = 6
        prefs.apply(prefs.plan_migration("1.0.0"))
    with Preferences.open(Corrected, store=url, migrate="auto") as prefs:
        assert prefs.user("me").size == 6


def test_what_decides_of_a_key_is_never_guessed(tmp_path: Path) -> None:
    url = f"sqlite:{tmp_path}/prefs.db"
    misdeclared(url, requires_role=3)
    with pytest.raises(InvalidSchema, match="size: requires_role takes text, not integer"):
        Preferences.open(Corrected, store=url, migrate="auto").close()


def test_a_flag_that_is_neither_protects_as_it_did() -> None:
    head = {"prefcore_schema": 1, "app": APP, "version": "1.0.0"}
    text = canonical_text({**head, "preferences": {"token": {"sensitive": "yes", "help": 3}}})
    document = SchemaDocument.registered(text)
    assert document.preferences["token"].sensitive is True
    assert document.text == text
