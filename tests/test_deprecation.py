"""A deprecated preference still works, and tells whoever uses it what to use instead."""

from __future__ import annotations

import inspect
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcore import (
    ImportRequest,
    InvalidValue,
    Preferences,
    Schema,
    deprecated,
    preference,
)
from prefcore.deprecation import DeprecatedPreference, sentence
from prefcore.errors import UsageError
from prefcore.schema import Deprecation
from tests.cli.shell import Shell

SAID = "tabs is deprecated since 2.0.0 and will be removed in 3.0.0; use indent"


class Editor(Schema, app="acme", version="2.0.0"):
    indent: int = 4
    tabs: bool = preference(
        False, deprecated=deprecated(since="2.0.0", use="indent", remove_in="3.0.0")
    )


@pytest.fixture
def prefs(tmp_path: Path) -> Iterator[Preferences[Editor]]:
    with Preferences.open(Editor, store=tmp_path / "prefs.db") as opened:
        yield opened


def here() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def test_each_use_warns_at_the_line_of_the_program(prefs: Preferences[Editor]) -> None:
    me = prefs.user("kim")
    lines = []
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        me.tabs = True
        lines.append(here() - 1)
        assert me.tabs
        lines.append(here() - 1)
        prefs.set("tabs", False, user="kim")
        lines.append(here() - 1)
        prefs.get("tabs", user="kim")
        lines.append(here() - 1)
        with prefs.change(user="kim") as several:
            several.tabs = True
            lines.append(here() - 1)
    assert [(one.filename, one.lineno) for one in told] == [(__file__, line) for line in lines]
    assert {str(one.message) for one in told} == {SAID}
    assert {one.category for one in told} == {DeprecatedPreference}


def test_other_preferences_warn_of_nothing(prefs: Preferences[Editor]) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        prefs.user("kim").indent = 2
        assert prefs.user("kim").indent == 2
        prefs.unset("tabs", user="kim")  # to be rid of it is what is asked
    assert told == []


def test_a_program_is_told_once_for_each_place(tmp_path: Path) -> None:
    program = (
        "from tests.test_deprecation import Editor\n"
        "from prefcore import Preferences\n"
        f"prefs = Preferences.open(Editor, store={str(tmp_path / 'p.db')!r})\n"
        "for _ in range(3):\n"
        "    prefs.user('kim').tabs\n"
        "prefs.user('kim').tabs = True\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr.count(SAID) == 2
    assert "<string>:5: DeprecatedPreference: " in ran.stderr
    assert "<string>:6: DeprecatedPreference: " in ran.stderr


def test_the_words_say_what_is_known() -> None:
    assert sentence({}) == Deprecation().sentence == "is deprecated"
    assert sentence({"message": "gone"}) == "is deprecated: gone"
    assert f"tabs {sentence(Editor.document().preferences['tabs'].deprecated.fields)}" == SAID  # type: ignore[union-attr]  # declared above


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.write(
        "schemas/2.0.0.json",
        '{"prefcore_schema": 1, "app": "acme", "version": "2.0.0", "preferences": {'
        '"indent": {"shape": {"type": "integer"}, "default": 4}, "tabs": {"default": false, '
        '"deprecated": {"since": "2.0.0", "use": "indent", "remove_in": "3.0.0"}}}}',
    )
    shell.run("init", "--app", "acme", "--store", "p.db", "--schemas", "schemas")
    return shell


@pytest.mark.parametrize("words", ["set tabs true", "set tabs true --dry-run", "explain tabs"])
def test_the_command_line_warns_and_does_it(shell: Shell, words: str) -> None:
    assert f"prefcore: warning: {SAID}\n" in shell.run(*words.split(), "--user", "kim").err


def test_get_prints_the_value_and_warns_beside_it(shell: Shell) -> None:
    before = shell.run("get", "tabs", "--user", "kim")  # no declaration is stored yet
    shell.run("set", "tabs", "true", "--user", "kim")
    after = shell.run("get", "tabs", "--user", "kim")
    assert (before.out, after.out) == ("false\n", "true\n")
    assert before.err == after.err == f"prefcore: warning: {SAID}\n"


def test_list_names_the_deprecated_ones_that_are_set(shell: Shell) -> None:
    assert "nothing deprecated is set" in shell.run("list", "--deprecated", "--user", "kim").err
    shell.run("set", "tabs=true", "indent=2", "--user", "kim")
    assert shell.run("list", "--deprecated", "--user", "kim").out.split(None, 2) == [
        "tabs",
        "true",
        SAID.removeprefix("tabs ") + "\n",
    ]
    told = shell.run("list", "--deprecated", "--user", "kim", "--json").json
    assert told == [
        {
            "key": "tabs",
            "value": True,
            "origin": "user/kim",
            "deprecated": SAID.removeprefix("tabs "),
        }
    ]
    assert "deprecated" not in shell.run("list", "--user", "kim", "--json").json[0]


# ------------------------------------------------------------- names of earlier versions


class Renamed(Schema, app="acme", version="3.0.0"):
    indent: int = preference(4, aliases=["tab_width", "editor.tabs"])
    other: int = 0


@pytest.fixture
def renamed(tmp_path: Path) -> Iterator[Preferences[Renamed]]:
    with Preferences.open(Renamed, store=tmp_path / "prefs.db") as opened:
        yield opened


def test_a_name_of_an_earlier_version_still_leads_to_the_key(
    renamed: Preferences[Renamed],
) -> None:
    with pytest.warns(DeprecatedPreference, match="tab_width is deprecated; use indent") as told:
        renamed.set("tab_width", 2, user="kim")
    assert [one.filename for one in told] == [__file__]
    assert renamed.user("kim").indent == 2
    with pytest.warns(DeprecatedPreference, match=r"editor\.tabs is deprecated; use indent"):
        assert renamed.get("editor.tabs", user="kim") == 2
    assert [row[0] for row in renamed.read_set("user", "kim").rows] == ["indent"]
    with pytest.warns(DeprecatedPreference, match="tab_width is deprecated; use indent"):
        assert renamed.explain("tab_width", user="kim")[0].value == 2
    with pytest.warns(DeprecatedPreference, match="tab_width is deprecated; use indent"):
        renamed.plan_set("user", "kim", {"tab_width": 3})
    with pytest.warns(DeprecatedPreference, match="tab_width is deprecated") as told:
        renamed.unset("tab_width", user="kim")
    assert [one.filename for one in told] == [__file__]
    assert renamed.user("kim").indent == 4


def test_both_names_at_once_are_refused(renamed: Preferences[Renamed]) -> None:
    with pytest.warns(DeprecatedPreference), pytest.raises(UsageError, match="indent is given twi"):
        renamed.set_many("user", "kim", {"tab_width": 1, "indent": 2})
    with pytest.warns(DeprecatedPreference), pytest.raises(UsageError, match="indent is given twi"):
        renamed.plan_set("user", "kim", {"tab_width": 1, "indent": 2})


@pytest.mark.filterwarnings("ignore::prefcore.deprecation.DeprecatedPreference")
@pytest.mark.parametrize("name", ["indent", "tab_width"])
def test_a_key_that_is_both_set_and_unset_is_refused(
    renamed: Preferences[Renamed], name: str
) -> None:
    for act in (renamed.set_many, renamed.plan_set):
        with pytest.raises(UsageError, match="indent is to be both set and unset"):
            act("user", "kim", {"indent": 2}, unset=[name])
    assert renamed.read_set("user", "kim").rows == ()


def test_a_file_may_use_the_earlier_name(renamed: Preferences[Renamed], tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"editor": {"tabs": 3}, "other": 1}')
    renamed.apply(
        renamed.plan_import(ImportRequest(path=file, name="settings.json", into=("user", "kim")))
    )
    assert (renamed.user("kim").indent, renamed.user("kim").other) == (3, 1)
    file.write_text('{"editor.tabs": 3, "indent": 5}')
    with pytest.raises(InvalidValue, match="indent stands twice, by two spellings"):
        renamed.plan_import(file)


def test_the_command_line_takes_the_earlier_name_and_warns(shell: Shell) -> None:
    shell.write(
        "schemas/3.0.0.json",
        '{"prefcore_schema": 1, "app": "acme", "version": "3.0.0", "preferences": {'
        '"indent": {"shape": {"type": "integer"}, "default": 4, "aliases": ["tab_width"]}}}',
    )
    said = "prefcore: warning: tab_width is deprecated; use indent\n"
    assert said in shell.run("set", "tab_width", "2", "--user", "kim").err
    ran = shell.run("get", "tab_width", "--user", "kim")
    assert (ran.out, ran.err) == ("2\n", said)
    assert shell.run("list", "--user", "kim").out.split() == ["indent", "2"]
    shell.run("unset", "tab_width", "--user", "kim")
    assert shell.run("get", "indent", "--user", "kim").out == "4\n"
