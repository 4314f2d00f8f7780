"""An application's own functions refuse values, alone or together, on every way into a store."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from prefcore import (
    ImportRequest,
    InvalidSchema,
    InvalidValue,
    Preferences,
    Schema,
    Secret,
    Section,
    preference,
    rule,
)
from prefcore.errors import ValidatorFailed
from prefcore.migration import Step, map_values
from prefcore.schema import Preference, SchemaDocument
from tests.cli.shell import Shell


def even(value: int) -> None:
    if value % 2:
        raise ValueError("should be even")


def real(value: Path) -> None:
    if not isinstance(value, Path):
        raise TypeError
    if value == Path("/nowhere"):
        raise ValueError("is no folder")


def long(value: Secret[str]) -> None:
    if len(value.reveal()) < 8:
        raise ValueError("should have 8 characters or more")


class Editor(Schema, app="acme", version="1.0.0"):
    size: int = preference(12, ge=6, check=even)
    folder: Path = preference(Path(), check=real)
    token: Secret[str] = preference(check=long)
    least: int = 1
    most: int = 9
    note: str = preference()

    class Ui(Section):
        zoom: float = preference(1.0, check=lambda value: None)

    @staticmethod
    @rule("least", "most")
    def ordered(least: int, most: int) -> None:
        if least > most:
            raise ValueError("least should not be above most")

    @staticmethod
    @rule("note", "folder")
    def noted(note: str, folder: Path) -> None:
        if note == folder.name:
            raise ValueError("note repeats the folder")


@pytest.fixture
def prefs(tmp_path: Path) -> Iterator[Preferences[Editor]]:
    with Preferences.open(Editor, store=tmp_path / "prefs.db") as opened:
        yield opened


def test_a_function_judges_the_value_as_its_declared_type(prefs: Preferences[Editor]) -> None:
    me = prefs.user("kim")
    me.size = 14
    with pytest.raises(InvalidValue, match=r"^user/kim size: 13 should be even$") as caught:
        me.size = 13
    assert (caught.value.rule, caught.value.key) == ("check", "size")
    with pytest.raises(InvalidValue, match="is no folder"):
        me.folder = Path("/nowhere")
    assert me.size == 14


def test_the_declared_bounds_come_first(prefs: Preferences[Editor]) -> None:
    with pytest.raises(InvalidValue, match="below the minimum 6"):
        prefs.user("kim").size = 5


def test_the_refusal_of_a_secret_does_not_show_it() -> None:
    document = Editor.document()
    problem = document.check("token", "hush")
    assert problem is not None
    error = document.refusal("token", "hush", problem, place="user/kim")
    assert error.message == "user/kim token: the value should have 8 characters or more"
    assert "hush" not in str(error.facts)


def test_a_default_that_its_own_function_refuses_is_an_error() -> None:
    with pytest.raises(InvalidSchema, match=r"size: its default does not fit .*13 should be even"):

        class Odd(Schema, app="acme", version="1.0.0"):
            size: int = preference(13, check=even)


def test_a_rule_goes_by_defaults_where_the_set_holds_nothing(prefs: Preferences[Editor]) -> None:
    me = prefs.user("kim")
    with pytest.raises(
        InvalidValue, match=r"^user/kim least, most: least should not be above"
    ) as e:
        me.least = 10
    assert (e.value.keys, e.value.rule) == (("least", "most"), "ordered")
    with prefs.change(user="kim") as several:
        several.least = 10
        several.most = 20
    with pytest.raises(InvalidValue, match="least should not be above"):
        del me.most
    assert (me.least, me.most) == (10, 20)


def test_a_rule_is_not_asked_where_a_key_has_no_value(prefs: Preferences[Editor]) -> None:
    me = prefs.user("kim")
    me.folder = Path("/home")
    with pytest.raises(InvalidValue, match="note repeats the folder"):
        me.note = "home"


def test_a_rule_is_asked_only_where_one_of_its_keys_changed(prefs: Preferences[Editor]) -> None:
    store = prefs.store
    draft = prefs._workplace.draft("set", "")  # another program, without the rule
    with store.changeset(draft, version=None) as transaction:
        prefs._workplace.put_in_force(transaction, "1.0.0")
        transaction.write("user", "kim", [("least", "50", 1, "api", "x")])
    prefs.close()
    with Preferences.open(Editor, store=store.url) as again:
        again.user("kim").size = 8
        with pytest.raises(InvalidValue, match="least should not"):
            again.user("kim").most = 10


def test_imports_are_held_to_functions_and_rules(
    prefs: Preferences[Editor], tmp_path: Path
) -> None:
    file = tmp_path / "odd.json"
    file.write_text('{"size": 13, "least": 50, "note": "x"}')
    plan = prefs.plan_import(ImportRequest(path=file, name="odd.json", into=("user", "kim")))
    assert [one.reason for one in plan.refused] == [
        "user/kim size: 13 should be even",
        "user/kim least, most: least should not be above most",
    ]
    with pytest.raises(InvalidValue, match="13 should be even"):
        prefs.apply(plan)
    assert prefs.read_set("user", "kim").rows == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"size": 13}', "user/kim size: 13 should be even"),
        ('{"least": 10}', "user/kim least, most: least should not be above most"),
    ],
)
def test_the_command_line_with_the_class_refuses_the_same(
    tmp_path: Path, text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "judged_editor", raising=False)
    shell = Shell(tmp_path)
    shell.write(
        "judged_editor.py",
        "from prefcore import Schema, preference, rule\n"
        "def even(value: int) -> None:\n"
        "    if value % 2:\n"
        "        raise ValueError('should be even')\n"
        "class Editor(Schema, app='acme', version='1.0.0'):\n"
        "    size: int = preference(12, check=even)\n"
        "    least: int = 1\n"
        "    most: int = 9\n"
        "    @staticmethod\n"
        "    @rule('least', 'most')\n"
        "    def ordered(least: int, most: int) -> None:\n"
        "        if least > most:\n"
        "            raise ValueError('least should not be above most')\n",
    )
    shell.write(
        "prefcore.toml", 'app = "acme"\nstore = "sqlite:p.db"\nschemas = "judged_editor:Editor"\n'
    )
    shell.run("init", "--app", "acme")
    ((key, value),) = json.loads(text).items()
    shell.run("set", "size", "14", "--user", "bo")
    assert said in shell.fails(5, "set", key, str(value), "--user", "kim")
    shell.write("in.json", text)
    assert said in shell.fails(5, "import", "in.json", "--user", "kim")
    assert said in shell.fails(5, "set", key, str(value), "--user", "kim", "--dry-run")
    assert shell.run("list", "--user", "kim").out == ""


def test_undo_is_held_to_rules(prefs: Preferences[Editor]) -> None:
    me = prefs.user("kim")
    me.most = 20
    first = next(prefs.log())
    me.least = 15
    plan = prefs.plan_undo(first.id)
    assert [one.reason for one in plan.refused] == [
        "user/kim least, most: least should not be above most"
    ]
    with pytest.raises(InvalidValue):
        prefs.apply(plan)


class Before(Schema, app="acme", version="0.9.0"):
    size: int = 12
    folder: Path = Path()


class Later(Schema, app="acme", version="1.0.0"):
    size: int = preference(12, check=even)
    folder: Path = preference(Path())


@pytest.mark.parametrize("migrate", ["auto", "never"])
def test_a_migration_asks_the_function_of_a_key_that_no_declaration_changes(
    migrate: str, tmp_path: Path
) -> None:
    store = tmp_path / "prefs.db"
    with Preferences.open(Before, store=store) as prefs:
        prefs.set("size", 13, user="kim")
        prefs.set("size", 14, user="lee")
    said = r"user/kim size: 13 should be even"
    with (
        pytest.raises(InvalidValue, match=said),
        Preferences.open(Later, store=store, migrate=migrate) as prefs,
    ):
        prefs.get("size", user="kim")
    with Preferences.open(Before, store=store) as prefs:
        prefs.set("size", 16, user="kim")
    with Preferences.open(Later, store=store, migrate=migrate) as prefs:
        assert [prefs.get("size", user=name) for name in ("kim", "lee")] == [16, 14]


@pytest.mark.parametrize("migrate", ["auto", "never"])
def test_what_a_step_writes_is_judged_where_the_declaration_is_the_same(
    migrate: str, tmp_path: Path
) -> None:
    class One(Schema, app="acme", version="1.0.0"):
        size: int = preference(12, le=72)

    class Two(Schema, app="acme", version="2.0.0"):
        size: int = preference(12, le=72)

    with Preferences.open(One, store=tmp_path / "prefs.db") as first:
        first.set("size", 13, user="kim")
    step = Step("1.0.0", "2.0.0", map_values("size", {13: 130}))
    store = tmp_path / "prefs.db"
    with (
        pytest.raises(InvalidValue, match=r"user/kim size: .*above the maximum 72"),
        Preferences.open(Two, store=store, migrate=migrate, migrations=[step]) as prefs,
    ):
        prefs.get("size", user="kim")
    with Preferences.open(One, store=tmp_path / "prefs.db") as again:
        assert again.get("size", user="kim") == 13


def _broken(value: Any, other: Any = None) -> None:
    raise KeyError(f"no such thing as {value}")


class Faulty(Schema, app="acme", version="1.0.0"):
    size: int = preference(check=_broken)
    token: Secret[str] = preference(check=_broken)
    one: int = 1
    two: int = 2

    @staticmethod
    @rule("one", "two")
    def paired(one: int, two: int) -> None:
        _broken(one, two)


@pytest.mark.parametrize("key", ["size", "one"])
def test_a_function_that_raises_something_else_is_told_as_the_application_s_fault(
    key: str, tmp_path: Path
) -> None:
    with Preferences.open(Faulty, store=tmp_path / "prefs.db") as prefs:
        with pytest.raises(ValidatorFailed, match=r"raised KeyError; .* mend the app") as caught:
            prefs.set(key, 7, user="kim")
        assert caught.value.exit_code == 18
        assert key in caught.value.message
        assert isinstance(caught.value.__cause__, KeyError)
        assert prefs.read_set("user", "kim").rows == ()


def test_what_such_a_function_raises_does_not_tell_a_secret() -> None:
    with pytest.raises(ValidatorFailed, match="token: its check raised KeyError") as caught:
        Faulty.document().check("token", "hunter2")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_functions_are_no_part_of_the_document() -> None:
    plain = SchemaDocument.from_document(Editor.document().as_document())
    assert plain == Editor.document()
    assert plain.check("size", 13) is None
    assert Editor.document().only("size").check("size", 13) is not None


def test_rules_about_what_is_not_there_are_refused() -> None:
    with pytest.raises(InvalidSchema, match="the rule is about 'lest', which is not declared"):

        class Wrong(Schema, app="acme", version="1.0.0"):
            least: int = 1

            @staticmethod
            @rule("lest")
            def low(least: int) -> None: ...

    with pytest.raises(InvalidSchema, match="put @staticmethod above @rule"):

        class Bound(Schema, app="acme", version="1.0.0"):
            least: int = 1

            @rule("least")
            def low(self, least: int) -> None: ...

    with pytest.raises(InvalidSchema, match="names the keys"):
        rule()


def test_a_subclass_may_give_a_rule_anew() -> None:
    class Wider(Editor, app="acme", version="1.1.0"):
        @staticmethod
        @rule("least")
        def ordered(least: int, most: int = 0) -> None:
            if least < 0:
                raise ValueError("least should not be below 0")

    rules = {one.name: one.keys for one in Wider.document().validators.rules}
    assert rules == {"ordered": ("least",), "noted": ("note", "folder")}
    assert Wider.document().check("size", 13) is not None
    assert isinstance(Wider.document().preferences["size"], Preference)
