"""Templates through the facade: saved from a set, applied to others, deleted, each by a plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from prefcore import InvalidValue, NotFound, PolicyRefused, Preferences, Schema, preference
from prefcore.errors import UsageError


class Editor(Schema, app="acme-editor", version="1.0.0"):
    font_size: int = preference(12, ge=6, le=72)
    theme: str = "light"
    own: str = preference("", scopes=("user",))


@pytest.fixture
def prefs(tmp_path: Path) -> Iterator[Preferences[Editor]]:
    with Preferences.open(Editor, store=tmp_path / "prefs.db", actor="alice") as opened:
        opened.set_many("user", "alice", {"font_size": 20, "theme": "dark"})
        yield opened


def _held(prefs: Preferences[Editor], scope: str, owner: str) -> dict[str, object]:
    return {one.key: one.value for one in prefs.read_set(scope, owner).entries}


def test_a_template_is_saved_and_applied_and_what_else_is_held_stays(
    prefs: Preferences[Editor],
) -> None:
    assert list(prefs.templates) == []
    plan = prefs.templates.plan_save("night", "user", "alice", reason="for all")
    assert (plan.counts, list(prefs.templates)) == ({"add": 2}, [])
    prefs.apply(plan)
    assert [one.owner for one in prefs.templates] == ["night"]
    prefs.set("own", "mine", user="bob")
    prefs.set("theme", "blue", user="bob")
    prefs.apply(prefs.templates.plan_apply("night", "user", "bob"))
    assert _held(prefs, "user", "bob") == {"font_size": 20, "theme": "dark", "own": "mine"}
    row = prefs.read_set("user", "bob").rows[0]
    assert row[3] == "template"
    assert next(prefs.log()).reason == "template night"
    assert prefs.user("carol").theme == "light"  # a template holds for nobody
    prefs.apply(prefs.plan_undo())
    assert _held(prefs, "user", "bob") == {"theme": "blue", "own": "mine"}


def test_saving_again_leaves_just_the_new_values(prefs: Preferences[Editor]) -> None:
    prefs.apply(prefs.templates.plan_save("night", "user", "alice"))
    prefs.unset("theme", user="alice")
    prefs.set("own", "mine", user="alice")
    plan = prefs.templates.plan_save("night", "user", "alice", keys="[!o]*")
    assert plan.counts == {"unchanged": 1, "remove": 1}
    prefs.apply(plan)
    assert _held(prefs, "template", "night") == {"font_size": 20}


def test_a_deleted_template_leaves_what_was_made_from_it(prefs: Preferences[Editor]) -> None:
    prefs.apply(prefs.templates.plan_save("night", "user", "alice"))
    prefs.apply(prefs.templates.plan_apply("night", "project", "p"))
    prefs.apply(prefs.templates.plan_delete("night"))
    assert list(prefs.templates) == []
    assert _held(prefs, "project", "p") == {"font_size": 20, "theme": "dark"}
    prefs.apply(prefs.plan_undo())
    assert _held(prefs, "template", "night") == {"font_size": 20, "theme": "dark"}


def test_a_template_that_the_scope_refuses_changes_nothing(prefs: Preferences[Editor]) -> None:
    prefs.set("own", "mine", user="alice")
    prefs.apply(prefs.templates.plan_save("all", "user", "alice"))
    with pytest.raises(
        PolicyRefused, match="project/p own: this preference may stand only in user"
    ):
        prefs.templates.plan_apply("all", "project", "p")
    assert _held(prefs, "project", "p") == {}


def test_what_is_not_there_or_makes_no_sense_is_refused(prefs: Preferences[Editor]) -> None:
    with pytest.raises(NotFound, match="there is no template 'none'"):
        prefs.templates.plan_apply("none", "user", "bob")
    with pytest.raises(NotFound, match="there is no template 'none'"):
        prefs.templates.plan_delete("none")
    with pytest.raises(NotFound, match="user/bob holds nothing to save"):
        prefs.templates.plan_save("night", "user", "bob")
    with pytest.raises(NotFound, match="user/alice holds nothing that matches x\\*"):
        prefs.templates.plan_save("night", "user", "alice", keys="x*")
    prefs.apply(prefs.templates.plan_save("night", "user", "alice"))
    with pytest.raises(UsageError, match="is that set already"):
        prefs.templates.plan_save("night", "template", "night")
    with pytest.raises(UsageError, match="applied to a user, a project or the system"):
        prefs.templates.plan_apply("night", "template", "day")
    with pytest.raises(UsageError, match="printable"):
        prefs.templates.plan_save("a\nb", "user", "alice")


def test_a_template_may_be_made_from_another(prefs: Preferences[Editor]) -> None:
    prefs.apply(prefs.templates.plan_save("night", "user", "alice"))
    prefs.apply(prefs.templates.plan_save("late", "template", "night", keys="theme"))
    assert _held(prefs, "template", "late") == {"theme": "dark"}
    with pytest.raises(InvalidValue):
        prefs.set_many("template", "late", {"font_size": 99})
