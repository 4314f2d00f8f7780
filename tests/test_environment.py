"""Values by environment variables: their names, their types, their place among the layers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import assume
from hypothesis import given as drawn
from hypothesis import strategies as st

from prefcore import InvalidValue, Preferences, Schema, Secret, Section, preference
from prefcore.environment import OWN, given, variable_of
from prefcore.errors import UsageError
from prefcore.schema import Preference, SchemaDocument, Shape


class Editor(Schema, app="acme-editor", version="1.0.0"):
    class view(Section):  # noqa: N801  # a section is named as its keys
        zoom: float = preference(1.0, gt=0)

    font_size: int = preference(12, ge=6, le=72)
    theme: Literal["light", "dark"] = "light"
    plugins: list[str] = preference([])
    day: date | None = None
    proxy: str = preference("none", env="HTTPS_PROXY")
    company: str = preference("acme", scopes=("system",), locked=True)
    api_token: Secret[str] | None = None


def _open(tmp_path: Path, **environ: str) -> Preferences[Editor]:
    return Preferences.open(Editor, store=tmp_path / "prefs.db", environ=environ)


@pytest.mark.parametrize(
    ("app", "key", "name"),
    [
        ("acme-editor", "font_size", "ACME_EDITOR_FONT_SIZE"),
        ("acme-editor", "view.zoom", "ACME_EDITOR_VIEW__ZOOM"),
        ("golang.go", "go.formatTool", "GOLANG_GO_GO__FORMATTOOL"),
        ("app", "[go].editor@home/x", "APP__GO___EDITOR_HOME_X"),
        ("app", "größe", "APP_GR__E"),
    ],
)
def test_a_variable_follows_from_application_and_key(app: str, key: str, name: str) -> None:
    assert variable_of(app, key) == name


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("ACME_EDITOR_FONT_SIZE", "20", "font_size", 20),
        ("ACME_EDITOR_VIEW__ZOOM", "2", "view.zoom", 2),
        ("ACME_EDITOR_THEME", "dark", "theme", "dark"),
        ("ACME_EDITOR_PLUGINS", '["a", "b"]', "plugins", ["a", "b"]),
        ("ACME_EDITOR_DAY", "2026-01-31", "day", date(2026, 1, 31)),
        ("HTTPS_PROXY", "http://p", "proxy", "http://p"),
        ("ACME_EDITOR_API_TOKEN", "s3cr3t", "api_token", Secret("s3cr3t")),
    ],
)
def test_a_variable_is_read_by_the_declared_type(
    tmp_path: Path, name: str, text: str, key: str, value: object
) -> None:
    with _open(tmp_path, **{name: text}) as prefs:
        assert prefs.get(key, user="alice") == value
        layer = prefs.explain(key)[0]
        assert (layer.origin, layer.state, layer.value) == (f"environment/{name}", "wins", value)
        assert layer.updated_at is None
        assert prefs.effective() == [(key, value, f"environment/{name}")]


def test_a_variable_wins_over_all_but_a_locked_system_value(tmp_path: Path) -> None:
    with _open(tmp_path, ACME_EDITOR_FONT_SIZE="20", ACME_EDITOR_COMPANY="mine") as prefs:
        prefs.set("font_size", 14, project="p")
        prefs.set("font_size", 13, user="alice")
        assert prefs.at(user="alice", project="p").font_size == 20
        assert prefs.user("alice").font_size == prefs.system.font_size == 20
        told = prefs.explain("font_size", user="alice", project="p")
        assert [(one.origin, one.state) for one in told] == [
            ("environment/ACME_EDITOR_FONT_SIZE", "wins"),
            ("project/p", "shadowed"),
            ("user/alice", "shadowed"),
            ("system", "unset"),
            ("default", "shadowed"),
        ]
        assert prefs.get("company") == "mine"
        prefs.set("company", "umbrella", system=True)
        assert prefs.get("company") == "umbrella"
        assert ("company", "umbrella", "system") in prefs.effective()
        assert prefs.explain("company")[1].state == "shadowed"


def test_nothing_of_the_environment_is_stored_or_exported(tmp_path: Path) -> None:
    with _open(tmp_path, ACME_EDITOR_FONT_SIZE="20") as prefs:
        prefs.set("theme", "dark", user="alice")
        assert [row[0] for row in prefs.read_set("user", "alice").rows] == ["theme"]
        assert prefs.explain("theme", user="alice")[0].origin == "user/alice"


@pytest.mark.parametrize(
    ("name", "text", "key", "said"),
    [
        ("ACME_EDITOR_FONT_SIZE", "large", "font_size", "integer"),
        ("ACME_EDITOR_FONT_SIZE", "5", "font_size", "5 is below the minimum 6"),
        ("ACME_EDITOR_THEME", "drak", "theme", 'did you mean "dark"'),
        ("ACME_EDITOR_PLUGINS", "[1", "plugins", "array"),
    ],
)
def test_a_refused_variable_is_named_when_its_key_is_read(
    tmp_path: Path, name: str, text: str, key: str, said: str
) -> None:
    with _open(tmp_path, **{name: text}) as prefs:
        for read in (prefs.get, prefs.explain):
            with pytest.raises(InvalidValue, match=said) as raised:
                read(key)
            assert raised.value.message.startswith(f"the variable {name}: {key}")
            assert (raised.value.variable, raised.value.key) == (name, key)
        assert prefs.get("day") is None  # others can be read


def test_a_secret_of_the_environment_does_not_show_itself(tmp_path: Path) -> None:
    with _open(tmp_path, ACME_EDITOR_API_TOKEN="s3cr3t") as prefs:
        shown = [prefs.get("api_token"), prefs.explain("api_token"), prefs.effective()]
        assert "s3cr3t" not in repr(shown)
        token = prefs.user("alice").api_token
        assert token is not None
        assert token.reveal() == "s3cr3t"


def test_a_refused_secret_is_not_told(tmp_path: Path) -> None:
    class Locked(Schema, app="acme", version="1.0.0"):
        pin: Secret[int] | None = None

    environ = {"ACME_PIN": "s3cr3t"}
    with Preferences.open(Locked, store=tmp_path / "p.db", environ=environ) as prefs:
        with pytest.raises(InvalidValue, match="the variable ACME_PIN: pin") as raised:
            prefs.get("pin")
        assert "s3cr3t" not in f"{raised.value}{raised.value.facts}{raised.value.__cause__}"


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    with _open(tmp_path, ACME_EDITOR_FONT_SIZE="", HTTPS_PROXY="") as prefs:
        assert (prefs.get("font_size"), prefs.get("proxy")) == (12, "none")


def test_the_environment_is_that_of_the_start(tmp_path: Path) -> None:
    environ = {"ACME_EDITOR_FONT_SIZE": "20"}
    with Preferences.open(Editor, store=tmp_path / "p.db", environ=environ) as prefs:
        environ["ACME_EDITOR_FONT_SIZE"] = "30"
        assert prefs.get("font_size") == 20


# --------------------------------------------------------------------------------- collisions


def _document(app: str, *preferences: Preference) -> SchemaDocument:
    return SchemaDocument(app, "1.0.0", preferences)


_TEXT = Shape(kinds=("string",))


def test_one_name_that_follows_from_two_keys_speaks_for_neither() -> None:
    document = _document("a", Preference("b-c", _TEXT), Preference("b_c", _TEXT))
    assert given(document, {}).variables == {}
    errors = given(document, {"A_B_C": "x"}).layers
    assert set(errors) == {"b-c", "b_c"}
    error = errors["b-c"]
    assert isinstance(error, UsageError)
    assert error.message == (
        "the variable A_B_C may mean b-c or b_c; unset it, and declare env= for them"
    )


def test_a_declared_name_goes_before_one_that_follows_from_a_key() -> None:
    document = _document("a", Preference("b", _TEXT), Preference("c", _TEXT, env="A_B"))
    found = given(document, {"A_B": "x", "A_C": "y"})
    assert found.variables == {"c": "A_B"}
    assert [(key, layer[2]) for key, layer in found.layers.items()] == [("c", '"x"')]  # type: ignore[index]  # no error


def test_one_variable_may_be_declared_for_several_keys() -> None:
    document = _document("a", Preference("b", _TEXT, env="X"), Preference("c", _TEXT, env="X"))
    assert set(given(document, {"X": "x"}).layers) == {"b", "c"}


def test_what_configures_prefcore_itself_speaks_for_no_key() -> None:
    keys = [Preference(name.removeprefix("PREFCORE_").lower(), _TEXT) for name in OWN]
    document = _document("prefcore", *keys, Preference("other", _TEXT))
    assert given(document, dict.fromkeys(OWN, "x")) == ({"other": "PREFCORE_OTHER"}, {})


_KEYS = st.lists(
    st.from_regex(r"[aAbB_é@-]{1,3}(\.[aAbB_-]{1,2})?", fullmatch=True), unique=True, max_size=6
)


@drawn(
    keys=_KEYS,
    environ=st.dictionaries(st.from_regex(r"X_[AB_]{1,5}", fullmatch=True), st.just("v")),
)
def test_each_variable_that_is_set_speaks_for_one_key_or_is_an_error(
    keys: list[str], environ: dict[str, str]
) -> None:
    assume(not any(one.startswith(f"{key}.") for key in keys for one in keys))
    found = given(_document("x", *(Preference(key, _TEXT) for key in keys)), environ)
    assert len(set(found.variables.values())) == len(found.variables)
    for key in keys:
        name = variable_of("x", key)
        alone = [one for one in keys if variable_of("x", one) == name] == [key]
        assert (found.variables.get(key) == name) == alone
        assert (key in found.layers) == (name in environ)
        assert isinstance(found.layers.get(key), tuple) == (alone and name in environ)
