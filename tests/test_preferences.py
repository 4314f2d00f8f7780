"""The facade as an application uses it: a schema class, typed views, changes, opening."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Literal

import pytest

from prefcore import (
    InvalidSchema,
    InvalidValue,
    NotFound,
    PolicyRefused,
    Preferences,
    Schema,
    Secret,
    Section,
    Step,
    UnknownKey,
    preference,
    rename,
)
from prefcore.errors import MigrationRequired, NewerFormat, StoreMoved, UsageError
from prefcore.model import Selection


class Editor(Schema, app="acme-editor", version="1.0.0"):
    class view(Section):  # noqa: N801  # a section is named as its keys
        zoom: float = preference(1.0, gt=0)

    font_size: int = preference(12, ge=6, le=72)
    theme: Literal["light", "dark", "system"] = "system"
    plugins: list[str] = preference([])
    company: str = preference("acme", scopes=("system",), locked=True)
    shared: str = preference("none", scopes=("system", "user", "project"))
    api_token: Secret[str] | None = None


class Renamed(Schema, app="acme-editor", version="1.1.0"):
    size: int = preference(12, ge=6, le=72)
    theme: Literal["light", "dark", "system"] = "system"
    shared: str = preference("none")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "prefs.db"


@pytest.fixture
def prefs(path: Path) -> Iterator[Preferences[Editor]]:
    with Preferences.open(Editor, store=path) as opened:
        yield opened


@pytest.mark.parametrize("owners", ["kim", "user/kim"])
def test_a_selection_is_of_lists_and_of_scopes_that_there_are(owners: str) -> None:
    for name in ("scopes", "owners", "keys"):
        with pytest.raises(UsageError, match=f"takes a list: \\['{owners}'\\], not '{owners}'"):
            Selection(**{name: owners})
    with pytest.raises(UsageError, match="there is no scope 'planet'; known are system, user"):
        Selection(scopes=["user", "planet"])
    assert Selection(owners=[owners]).owners == (owners,)


def test_a_view_reads_defaults_and_what_was_assigned(prefs: Preferences[Editor]) -> None:
    alice = prefs.user("alice")
    assert (alice.font_size, alice.plugins, alice.view.zoom) == (12, [], 1.0)
    alice.font_size = 14
    alice.view.zoom = 2
    alice.plugins = ["a"]
    assert (alice.font_size, alice.plugins, alice.view.zoom) == (14, ["a"], 2.0)
    assert prefs.user("bob").font_size == 12
    del alice.font_size
    assert alice.font_size == 12


def test_what_was_set_is_there_when_opened_again(prefs: Preferences[Editor], path: Path) -> None:
    prefs.user("alice").theme = "dark"
    prefs.close()
    with Preferences.open(Editor, store=f"sqlite:{path}") as again:
        assert again.user("alice").theme == "dark"


def test_the_strongest_layer_holds_and_explain_tells_all(prefs: Preferences[Editor]) -> None:
    prefs.system.shared = "everybody's"
    prefs.user("alice").shared = "mine"
    prefs.project("p").shared = "ours"
    assert prefs.at(user="alice", project="p").shared == "ours"
    assert prefs.at(user="alice").shared == "mine"
    assert prefs.at(user="bob").shared == "everybody's"
    told = [(one.origin, one.state) for one in prefs.explain("shared", user="alice", project="p")]
    assert told == [
        ("project/p", "wins"),
        ("user/alice", "shadowed"),
        ("system", "shadowed"),
        ("default", "shadowed"),
    ]


def test_a_locked_system_value_wins(prefs: Preferences[Editor]) -> None:
    prefs.set("company", "umbrella", system=True)
    assert prefs.get("company", user="alice") == "umbrella"
    with pytest.raises(PolicyRefused, match="only in system"):
        prefs.set("company", "mine", user="alice")


def test_a_change_block_is_one_changeset_or_none(prefs: Preferences[Editor]) -> None:
    with prefs.change(user="alice", reason="new monitor") as alice:
        alice.font_size = 20
        alice.theme = "dark"
        assert prefs.user("alice").font_size == 12
        assert alice.font_size == 20
    newest = next(prefs.log())
    assert (newest.changes, newest.reason) == (2, "new monitor")
    with suppress(ZeroDivisionError), prefs.change(user="alice") as alice:
        alice.font_size = 30
        raise ZeroDivisionError
    assert prefs.user("alice").font_size == 20


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("font_size", 73, "user/alice font_size: 73 is above the maximum 72"),
        ("font_size", 5, "user/alice font_size: 5 is below the minimum 6"),
        ("font_size", "12", "user/alice font_size: .*integer"),
        ("font_size", True, "user/alice font_size: .*integer"),
        ("theme", "drak", 'user/alice theme: "drak" is not one of .*did you mean "dark"'),
        ("plugins", ["a", 1], r"user/alice plugins\[1\]"),
        ("plugins", [float("nan")], "plugins"),
    ],
    ids=["above", "below", "text", "boolean", "enum", "inside a list", "not a number"],
)
def test_a_value_that_is_not_allowed_is_refused_with_the_reason(
    prefs: Preferences[Editor], key: str, value: object, said: str
) -> None:
    with pytest.raises(InvalidValue, match=said):
        prefs.set(key, value, user="alice")
    assert prefs.read_set("user", "alice").rows == ()


def test_unknown_names_are_refused_with_the_closest_known(prefs: Preferences[Editor]) -> None:
    with pytest.raises(UnknownKey, match="did you mean 'font_size'"):
        prefs.get("fontsize", user="alice")
    with pytest.raises(UnknownKey):
        prefs.set("fontsize", 1, user="alice")
    with pytest.raises(AttributeError, match="font_size"):
        prefs.user("alice").fontsize = 1  # type: ignore[attr-defined]  # the point


def test_a_sensitive_value_is_refused_and_never_shown(prefs: Preferences[Editor]) -> None:
    with pytest.raises(
        PolicyRefused, match="no key ring to encrypt user/alice api_token"
    ) as caught:
        prefs.user("alice").api_token = Secret("s3cr3t")
    assert "s3cr3t" not in f"{caught.value!r}{caught.value.facts}{Secret('s3cr3t')!r}"


@pytest.mark.parametrize("who", [{}, {"user": "a", "project": "p"}, {"user": ""}])
def test_a_change_names_exactly_one_set(prefs: Preferences[Editor], who: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="name one set"):
        prefs.set("theme", "dark", **who)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("owner", [5, "", "a\nb", "x\x1b[31m", "x" * 501])
def test_an_owner_is_named_by_printable_text(prefs: Preferences[Editor], owner: object) -> None:
    with pytest.raises(UsageError, match=r"owner|name one set"):
        prefs.set("theme", "dark", user=owner)  # type: ignore[arg-type]  # the point


@pytest.mark.parametrize("reason", [5, None])
def test_a_reason_is_text(prefs: Preferences[Editor], reason: object) -> None:
    with pytest.raises(UsageError, match="reason is text"):
        prefs.set("theme", "dark", user="alice", reason=reason)  # type: ignore[arg-type]  # the point
    assert prefs.read_set("user", "alice").rows == ()


def test_a_view_refuses_once_its_change_block_has_ended(prefs: Preferences[Editor]) -> None:
    with prefs.change(user="alice") as alice:
        alice.font_size = 20
    with pytest.raises(UsageError, match="has ended"):
        alice.font_size = 30
    assert alice.font_size == 20


def test_a_closed_facade_refuses(prefs: Preferences[Editor]) -> None:
    prefs.user("alice").theme = "dark"
    prefs.close()
    with pytest.raises(UsageError, match="was closed"):
        prefs.get("theme", user="alice")
    with pytest.raises(UsageError, match="was closed"):
        prefs.set("theme", "light", user="alice")


def test_a_store_deleted_or_replaced_while_open_is_noticed(
    prefs: Preferences[Editor], path: Path
) -> None:
    prefs.user("alice").theme = "dark"
    path.rename(path.with_name("moved.db"))
    with pytest.raises(StoreMoved, match="deleted or replaced"):
        prefs.user("alice").theme = "light"
    path.write_bytes(b"something else")
    with pytest.raises(StoreMoved, match="deleted or replaced"):
        prefs.user("alice").theme = "light"
    assert path.read_bytes() == b"something else"


@pytest.mark.parametrize("plan", [None, object(), 5])
def test_only_a_plan_can_be_applied(prefs: Preferences[Editor], plan: object) -> None:
    with pytest.raises(UsageError, match="no plan made here"):
        prefs.apply(plan)  # type: ignore[arg-type]  # the point


def test_a_required_preference_without_a_value_is_not_found(tmp_path: Path) -> None:
    class Server(Schema, app="server", version="1.0.0"):
        port: int = preference(ge=1)

    with Preferences.open(Server, store=tmp_path / "server.db") as prefs:
        with pytest.raises(NotFound, match="port"):
            _ = prefs.system.port
        prefs.system.port = 80
        assert prefs.user("alice").port == 80


def test_a_resolved_view_is_for_reading(prefs: Preferences[Editor]) -> None:
    with pytest.raises(UsageError, match="for reading"):
        prefs.at(user="alice").theme = "dark"


def test_threads_share_a_facade(prefs: Preferences[Editor]) -> None:
    def work(owner: str) -> None:
        for size in range(6, 26):
            prefs.set("font_size", size, user=owner)
            assert prefs.get("font_size", user=owner) == size

    with ThreadPoolExecutor(3) as pool:
        for done in [pool.submit(work, f"user{n}") for n in range(3)]:
            done.result()
    assert sum(1 for _ in prefs.log()) == 60
    assert list(prefs.store.check()) == []


# ------------------------------------------------------------------------------------- opening


def test_an_older_store_is_refused_or_migrated(prefs: Preferences[Editor], path: Path) -> None:
    prefs.user("alice").font_size = 14
    prefs.close()
    steps = [Step("1.0.0", "1.1.0", rename("font_size", "size"))]
    with pytest.raises(MigrationRequired, match=r"at schema 1\.0\.0 .* needs 1\.1\.0"):
        Preferences.open(Renamed, store=path, migrations=steps)
    with Preferences.open(Renamed, store=path, migrations=steps, migrate="auto") as newer:
        assert newer.user("alice").size == 14
    with (
        Preferences.open(Editor, store=path) as older,
        pytest.raises(NewerFormat, match=r"at schema 1\.1\.0, newer than 1\.0\.0"),
    ):
        older.set("font_size", 15, user="alice")


def test_a_changed_schema_of_the_same_version_is_refused(
    prefs: Preferences[Editor], path: Path
) -> None:
    prefs.user("alice").font_size = 14
    prefs.close()

    class Changed(Schema, app="acme-editor", version="1.0.0"):
        font_size: int = preference(13)

    with pytest.raises(InvalidSchema, match="a changed schema needs a new version"):
        Preferences.open(Changed, store=path)


def test_two_applications_share_a_store(prefs: Preferences[Editor], path: Path) -> None:
    class Other(Schema, app="other", version="3.0.0"):
        font_size: str = preference("big")

    prefs.user("alice").font_size = 14
    with Preferences.open(Other, store=path) as other:
        other.user("alice").font_size = "huge"
        assert (other.version, prefs.version) == ("3.0.0", "1.0.0")
    assert prefs.user("alice").font_size == 14
    with prefs.store.snapshot() as view:
        newest = next(view.changesets("other"))
    with pytest.raises(NotFound, match="is of other"):
        prefs.plan_undo(newest.id)
