"""Opening a store at another version than the program's: migrated, refused, or only read."""

from __future__ import annotations

import io
import logging
import sqlite3
from pathlib import Path
from typing import Any, Literal

import pytest

from prefcore import (
    UNSET,
    Preferences,
    ReadOnly,
    Schema,
    Step,
    StoreMoved,
    UnknownKey,
    convert,
    preference,
    remove,
    rename,
)
from prefcore.errors import MigrationRequired, MissingStep, NewerFormat, NotFound, UsageError


class Old(Schema, app="acme-editor", version="1.0.0"):
    font_size: int = preference(12, ge=6, le=72)
    theme: Literal["light", "dark"] = "light"
    gone: str = "there"
    width: int = 80


class New(Schema, app="acme-editor", version="2.0.0"):
    size: int = preference(12, ge=6, le=72)
    theme: Literal["light", "dark", "system"] = "light"
    width: float = 40.0
    extra: bool = False


STEPS = [
    Step(
        "1.0.0", "2.0.0", rename("font_size", "size"), remove("gone"), convert("width", scale="1/2")
    )
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store at 1.0.0 with two users' values."""
    path = tmp_path / "prefs.db"
    with Preferences.open(Old, store=path, actor="alice") as prefs:
        prefs.set_many("user", "alice", {"font_size": 14, "theme": "dark", "width": 81})
        prefs.set_many("user", "bob", {"gone": "soon"})
        prefs.set("font_size", 10, system=True)
    return path


@pytest.fixture
def newer(path: Path) -> Path:
    """The same store at 2.0.0, with values that only 2.0.0 can hold."""
    with Preferences.open(New, store=path, migrations=STEPS, migrate="auto") as prefs:
        prefs.set_many("user", "alice", {"theme": "system", "extra": True, "width": 40.5})
        prefs.set("theme", "dark", user="bob")
    return path


def _dump(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return "\n".join(connection.iterdump())
    finally:
        connection.close()


# ------------------------------------------------------------------------------------ older


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"migrate": "never"}, MigrationRequired),
        ({"migrate": "never", "read_only": True}, ReadOnly),
        ({"migrate": "require", "read_only": True}, ReadOnly),
        ({"migrate": "auto", "read_only": True}, ReadOnly),
    ],
    ids=["never", "never, for reading", "require, for reading", "auto, for reading"],
)
def test_an_older_store_is_read_through_the_steps_and_left_as_it_is(
    path: Path, more: dict[str, Any], error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    before = _dump(path)
    with Preferences.open(New, store=path, migrations=STEPS, **more) as prefs:
        assert [record.levelno for record in caplog.records] == [logging.WARNING]
        assert "is at schema 1.0.0; it is read at 2.0.0 through the migration steps" in caplog.text
        assert (prefs.version, prefs.stored_version, prefs.read_only) == ("2.0.0", "1.0.0", True)
        alice, bob = prefs.user("alice"), prefs.user("bob")
        assert (alice.size, alice.theme, alice.width, alice.extra) == (14, "dark", 40.5, False)
        assert (bob.size, bob.width) == (10, 40.0)
        assert prefs.effective(user="alice") == [
            ("size", 14, "user/alice"),
            ("theme", "dark", "user/alice"),
            ("width", 40.5, "user/alice"),
        ]
        assert list(prefs.faults()) == []
        with pytest.raises(UnknownKey):
            prefs.get("font_size", user="alice")
        for change in (
            lambda: prefs.set("size", 15, user="alice"),
            lambda: prefs.unset("size", user="alice"),
            lambda: setattr(alice, "theme", "light"),
            lambda: prefs.plan_set("user", "alice", {"size": 15}),
            lambda: prefs.plan_undo(),
            lambda: prefs.register(New.document()),
            lambda: prefs.store.restore_copy("any"),
        ):
            with pytest.raises(error, match=r"is at schema 1\.0\.0.*nothing was changed; "):
                change()
        assert len(caplog.records) == 1
    assert _dump(path) == before


def test_explain_tells_what_the_steps_made(path: Path) -> None:
    with Preferences.open(New, store=path, migrations=STEPS, migrate="never") as prefs:
        width = prefs.explain("width", user="alice")[0]
        assert (width.state, width.value, width.source) == ("wins", 40.5, "migration")
        assert width.actor == "the steps 1.0.0 → 2.0.0, in memory"
        theme = prefs.explain("theme", user="alice")[0]
        assert (theme.state, theme.source, theme.actor) == ("wins", "api", "alice")


def test_an_export_of_an_older_store_is_at_the_programs_version(path: Path, tmp_path: Path) -> None:
    with Preferences.open(New, store=path, migrations=STEPS, migrate="never") as prefs:
        out = io.BytesIO()
        prefs.export(out, format="json")
    (tmp_path / "out.json").write_bytes(out.getvalue())
    with Preferences.open(New, store=tmp_path / "other.db") as other:
        other.apply(other.plan_import(tmp_path / "out.json"))
        assert (other.user("alice").size, other.user("alice").width) == (14, 40.5)
        assert other.at().size == 10


def test_an_older_store_is_read_as_it_changes(path: Path) -> None:
    with (
        Preferences.open(New, store=path, migrations=STEPS, migrate="never") as prefs,
        Preferences.open(Old, store=path) as other,
    ):
        other.set("font_size", 20, user="alice")
        assert prefs.user("alice").size == 20
        other.unset("font_size", user="alice")
        assert prefs.user("alice").size == 10


def test_a_store_without_a_way_to_the_program_is_refused(path: Path) -> None:
    with (
        Preferences.open(New, store=path, migrate="never") as prefs,
        pytest.raises(
            MissingStep, match=r"font_size is gone in 2\.0\.0 and (user/alice|system) holds it"
        ),
    ):
        prefs.get("size", user="alice")


def test_a_mode_is_one_of_three(path: Path) -> None:
    with pytest.raises(UsageError, match="'auto', 'require' or 'never', not 'maybe'"):
        Preferences.open(New, store=path, migrate="maybe")


def test_nothing_is_made_where_a_store_is_opened_for_reading(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Preferences.open(New, store=tmp_path / "none.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_store_at_the_programs_version_is_opened_for_reading(path: Path) -> None:
    with Preferences.open(Old, store=path, read_only=True) as prefs:
        assert (prefs.user("alice").font_size, prefs.read_only) == (14, True)
        with pytest.raises(ReadOnly):
            prefs.set("theme", "light", user="alice")


# ------------------------------------------------------------------------------------ newer


@pytest.mark.parametrize("migrate", ["auto", "require", "never"])
def test_a_newer_store_is_read_for_what_the_program_understands(
    newer: Path, migrate: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = _dump(newer)
    caplog.clear()
    with Preferences.open(Old, store=newer, migrate=migrate) as prefs:
        (record,) = caplog.records
        assert "newer than this program's 1.0.0" in record.getMessage()
        assert record.getMessage().endswith("upgrade the program to 2.0.0")
        assert (prefs.version, prefs.stored_version, prefs.read_only) == ("1.0.0", "2.0.0", True)
        alice = prefs.user("alice")
        assert alice.theme == "light"  # "system" is no theme of 1.0.0
        assert alice.width == 80  # nor is 40.5 a width
        assert prefs.user("bob").theme == "dark"
        assert prefs.effective(user="alice") == []
        told = [(one.origin, one.state, one.value) for one in prefs.explain("theme", user="alice")]
        assert told == [
            ("user/alice", "not understood", "system"),
            ("system", "unset", UNSET),
            ("default", "wins", "light"),
        ]
        with pytest.raises(UnknownKey):
            prefs.get("extra", user="alice")
        for change in (
            lambda: prefs.set("theme", "dark", user="alice"),
            lambda: prefs.plan_set("user", "bob", {"theme": "light"}),
            lambda: prefs.plan_undo(),
            lambda: prefs.plan_migration("1.0.0"),
        ):
            with pytest.raises(NewerFormat, match=r"at schema 2\.0\.0.* upgrade to what") as raised:
                change()
            assert raised.value.exit_code == 16
    assert _dump(newer) == before


def test_an_export_of_a_newer_store_holds_what_is_not_understood_too(
    newer: Path, tmp_path: Path
) -> None:
    out = io.BytesIO()
    with Preferences.open(Old, store=newer) as prefs:
        prefs.export(out, format="json")
    (tmp_path / "out.json").write_bytes(out.getvalue())
    with Preferences.open(New, store=tmp_path / "other.db") as other:
        other.apply(other.plan_import(tmp_path / "out.json"))
        alice = other.user("alice")
        assert (alice.theme, alice.extra, alice.width, alice.size) == ("system", True, 40.5, 14)


def test_a_facade_without_a_class_reads_all_of_a_newer_store_and_changes_nothing(
    newer: Path,
) -> None:
    with Preferences.open(New, store=newer) as prefs:
        facade: Preferences[Any] = Preferences(prefs.store, prefs.app, schema=Old.document())
        assert facade.get("extra", user="alice") is True
        for change in (
            lambda: facade.set("extra", False, user="alice"),
            lambda: facade.plan_import("anything.json"),
            lambda: facade.plan_undo(),
        ):
            with pytest.raises(NewerFormat, match=r"is at schema 2\.0\.0, newer than 1\.0\.0"):
                change()


# ------------------------------------------------------------------------- moved meanwhile


@pytest.mark.parametrize("migrate", ["require", "never"])
def test_a_store_that_is_migrated_meanwhile_gives_no_wrong_data(path: Path, migrate: str) -> None:
    """Whatever was read and kept before, reading after it raises, until the store is reopened."""
    program: Any = Old if migrate == "require" else New
    with Preferences.open(program, store=path, migrations=STEPS, migrate=migrate) as prefs:
        alice = prefs.user("alice")
        assert prefs.get("theme", user="alice") == "dark"
        assert prefs.effective(user="alice")
        with Preferences.open(New, store=path, migrations=STEPS, migrate="auto") as other:
            other.set("theme", "system", user="alice")
        for use in (
            lambda: prefs.get("theme", user="alice"),
            lambda: prefs.get("gone" if program is Old else "extra", user="bob"),
            lambda: alice.theme,
            lambda: prefs.explain("theme", user="alice"),
            lambda: prefs.effective(user="alice"),
            lambda: prefs.read_set("user", "alice"),
            lambda: list(prefs.sets()),
            lambda: list(prefs.faults()),
            lambda: prefs.history("theme", "user", "alice"),
            lambda: prefs.export(io.BytesIO(), format="json"),
        ):
            with pytest.raises(StoreMoved, match=r"at schema version 2\.0\.0, not 1\.0\.0"):
                use()
        if program is Old:
            for change in (
                lambda: prefs.set("theme", "light", user="alice"),
                lambda: prefs.plan_set("user", "alice", {"theme": "light"}),
            ):
                with pytest.raises(StoreMoved, match="migrated meanwhile"):
                    change()
        prefs.reopen()
        assert prefs.stored_version == "2.0.0"
        if program is Old:
            assert (alice.theme, prefs.read_only) == ("light", True)
        else:
            alice.theme = "light"
            assert (prefs.get("theme", user="alice"), prefs.read_only) == ("light", False)


def test_a_change_block_ends_in_an_error_where_the_store_was_migrated(path: Path) -> None:
    with Preferences.open(Old, store=path) as prefs:
        block = prefs.change(user="alice")
        view = block.__enter__()
        view.theme = "light"
        with Preferences.open(New, store=path, migrations=STEPS, migrate="auto"):
            pass
        with pytest.raises(StoreMoved):
            block.__exit__(None, None, None)
        prefs.reopen()
        assert prefs.user("alice").theme == "dark"


def test_a_store_that_was_replaced_is_opened_anew(path: Path, tmp_path: Path) -> None:
    with Preferences.open(Old, store=path) as prefs:
        with Preferences.open(Old, store=tmp_path / "other.db") as other:
            other.set("font_size", 33, user="alice")
        path.unlink()
        (tmp_path / "prefs.db-wal").unlink(missing_ok=True)
        (tmp_path / "prefs.db-shm").unlink(missing_ok=True)
        (tmp_path / "other.db").rename(path)
        with pytest.raises(StoreMoved, match="deleted or replaced"):
            prefs.set("font_size", 34, user="alice")
        prefs.reopen()
        assert prefs.user("alice").font_size == 33
        prefs.set("font_size", 34, user="alice")
        path.unlink()
        with pytest.raises(NotFound):
            prefs.reopen()


# --------------------------------------------------------------------------------- baseline


class Based(Schema, app="acme-editor", version="2.0.0", baseline="1.0.0"):
    size: int = preference(12, ge=6, le=72)
    theme: Literal["light", "dark", "system"] = "light"
    width: float = 40.0
    extra: bool = False


@pytest.fixture
def unversioned(tmp_path: Path) -> Path:
    """A store that another tool filled through the store's own interface, without a version."""
    path = tmp_path / "prefs.db"
    with Preferences.open(Old, store=path) as prefs:
        draft = prefs._workplace.draft("import", "")
        with prefs.store.changeset(draft, version=None) as transaction:
            rows = [("font_size", "14", 1, "import", "tool"), ("width", "81", 1, "import", "tool")]
            transaction.write("user", "alice", rows)
    return path


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    """A folder with the baseline's schema."""
    from prefcore.schema import Snapshots

    Snapshots(tmp_path / "schemas", "acme-editor").write(Old.document())
    return tmp_path / "schemas"


def test_a_store_without_a_version_is_taken_at_the_baseline(
    unversioned: Path, schemas: Path
) -> None:
    more: dict[str, Any] = {"store": unversioned, "migrations": STEPS, "schemas": schemas}
    with pytest.raises(MigrationRequired, match=r"is at schema 1\.0\.0 and the program needs"):
        Preferences.open(Based, **more)
    with Preferences.open(Based, migrate="never", **more) as prefs:
        assert (prefs.user("alice").size, prefs.user("alice").width) == (14, 40.5)
        assert prefs.stored_version is None
    with Preferences.open(Based, migrate="auto", **more) as prefs:
        assert (prefs.user("alice").size, prefs.user("alice").width) == (14, 40.5)
        log = [(one.kind, one.schema_before, one.schema_after) for one in prefs.log()]
        assert log[:2] == [("migrate", "1.0.0", "2.0.0"), ("register", None, "1.0.0")]
        prefs.apply(prefs.plan_migration("1.0.0"))
        assert prefs.get("width", user="alice") == 81


def test_a_fresh_store_starts_at_the_newest_whatever_the_baseline(
    tmp_path: Path, schemas: Path
) -> None:
    with Preferences.open(Based, store=tmp_path / "fresh.db", schemas=schemas) as prefs:
        prefs.user("alice").size = 14
        assert prefs.version == "2.0.0"


def test_without_a_baseline_a_store_without_a_version_is_taken_at_the_newest(
    unversioned: Path,
) -> None:
    with Preferences.open(Old, store=unversioned) as prefs:
        assert prefs.user("alice").font_size == 14
        prefs.user("alice").font_size = 15
        assert prefs.version == "1.0.0"
