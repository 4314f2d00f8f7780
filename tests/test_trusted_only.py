"""Keys that ask for trust: what a project, an import or a template says of them counts on trust."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefcore import ImportRequest, Preferences, Schema, Selection, preference
from prefcore.resolution import Declared, explain, trusted, winner
from prefcore.values import canonical_text
from tests.cli.shell import Shell, acme


class Editor(Schema, app="acme", version="1.0.0"):
    shell: str = preference("sh", trusted_only=True)
    theme: str = "light"


@pytest.fixture
def prefs() -> Preferences[Editor]:
    prefs = Preferences.open(Editor, store="memory:", actor="kim")
    prefs.set("shell", "zsh", user="kim")
    prefs.set_many("project", "p", {"shell": "evil", "theme": "dark"})
    return prefs


def test_a_project_s_value_counts_only_on_trust(
    prefs: Preferences[Editor], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "prefcore"):
        assert prefs.get("shell", user="kim", project="p") == "zsh"
        assert prefs.get("shell", project="p") == "sh"
    assert caplog.messages == [
        (
            "project/p shell: what it says is passed over, for the key is declared trusted_only; "
            "read it with trust (--trust) where you trust the project"
        )
    ]
    assert prefs.get("shell", user="kim", project="p", trust=True) == "evil"
    assert prefs.get("theme", user="kim", project="p") == "dark", "others count as ever"


def test_views_and_lists_and_explanations_agree(prefs: Preferences[Editor]) -> None:
    for trust, value in ((False, "zsh"), (True, "evil")):
        where: dict[str, Any] = {"user": "kim", "project": "p", "trust": trust}
        assert prefs.at(**where).shell == value
        held = {key: value for key, value, _ in prefs.effective(**where)}
        assert held == {"shell": value, "theme": "dark"}
        states = {one.origin: one.state for one in prefs.explain("shell", **where)}
        assert states["project/p"] == ("wins" if trust else "not trusted")
        assert states["user/kim"] == ("shadowed" if trust else "wins")
    assert prefs.project("p").shell == "sh"
    assert prefs.project("p", trust=True).shell == "evil"


_SCOPES = ("system", "user", "project", "environment")


@given(st.sets(st.sampled_from(_SCOPES)), st.booleans(), st.booleans())
def test_what_wins_is_never_what_is_not_trusted(
    scopes: set[str], locked: bool, trust: bool
) -> None:
    declared = Declared(locked=locked, trusted_only=True)
    layers = [(scope, scope, canonical_text(scope), 1, "api", "kim") for scope in scopes]
    best = winner(declared, trusted(declared, layers, trust=trust))
    told = explain(declared, layers, [(one, one) for one in _SCOPES], trust=trust)
    wins = [one.value for one in told if one.state == "wins"]
    assert wins == ([] if best is None else [best[0]])
    assert trust or "project" not in wins


def test_an_import_leaves_them_out_and_says_so(prefs: Preferences[Editor], tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"shell": "evil", "theme": "dark"}), encoding="utf-8")
    request = ImportRequest(path=file, name="mine.json", into=("user", "kim"), strategy="theirs")
    plan = prefs.plan_import(request)
    assert {name: count for name, count in plan.counts.items() if count} == {
        "left out": 1,
        "add": 1,
    }
    assert plan.warnings == (
        (
            "mine.json: user/kim shell: the key is declared trusted_only, so it was left out; "
            "take it with trust (--trust) if you trust where it comes from"
        ),
    )
    prefs.apply(plan)
    assert prefs.get("shell", user="kim") == "zsh"
    prefs.apply(prefs.plan_import(attrs.evolve(request, trust=True)))
    assert prefs.get("shell", user="kim") == "evil"


def test_what_is_left_out_is_not_taken_for_removed(
    prefs: Preferences[Editor], tmp_path: Path
) -> None:
    """Of a merge with a base, one side seems to lack the key then."""
    out = io.BytesIO()
    prefs.export(out, format="json", selection=Selection(["user"]))
    file = tmp_path / "state.json"
    file.write_bytes(out.getvalue())
    prefs.set("theme", "dark", user="kim")
    prefs.apply(prefs.plan_import(file))
    assert prefs.get("shell", user="kim") == "zsh"


def test_a_template_gives_them_only_on_trust(prefs: Preferences[Editor]) -> None:
    prefs.set_many("template", "t", {"shell": "evil", "theme": "dark"})
    plan = prefs.templates.plan_apply("t", "user", "kim")
    assert plan.counts == {"left out": 1, "add": 1}
    assert "template/t shell: the key is declared trusted_only" in plan.warnings[0]
    prefs.apply(plan)
    assert prefs.get("shell", user="kim") == "zsh"
    prefs.apply(prefs.templates.plan_apply("t", "user", "kim", trust=True))
    assert prefs.get("shell", user="kim") == "evil"


# --------------------------------------------------------------------------------- at the shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = acme(tmp_path / "work")
    file = shell.folder / "schemas" / "1.0.0.json"
    schema = json.loads(file.read_text("utf-8"))
    schema["preferences"]["theme"]["trusted_only"] = True
    file.write_text(json.dumps(schema), encoding="utf-8")
    return shell


def test_the_command_line_passes_them_over_and_says_so(shell: Shell) -> None:
    told = shell.run("set", "theme", "dark", "--project", "p").err
    assert "theme is declared trusted_only: here it counts only with --trust" in told
    ran = shell.run("get", "theme", "--project", "p")
    assert ran.out == "light\n"
    assert ran.err.count("project/p theme: what it says is passed over") == 1
    assert shell.run("get", "theme", "--project", "p", "--trust") == (0, "dark\n", "")
    assert "not trusted" in shell.run("explain", "theme", "--project", "p").out
    assert "→  project/p" in shell.run("explain", "theme", "--project", "p", "--trust").out
    assert "dark" not in shell.run("list", "--project", "p").out
    assert "dark" in shell.run("list", "--project", "p", "--trust").out


def test_an_import_at_the_command_line_needs_trust(shell: Shell) -> None:
    shell.write("mine.json", '{"theme": "dark", "size": 20}')
    ran = shell.run("import", "mine.json", code=3)
    assert "theme: the key is declared trusted_only, so it was left out" in ran.out + ran.err
    assert shell.run("get", "theme").out == "light\n"
    shell.run("import", "mine.json", "--trust")
    assert shell.run("get", "theme").out == "dark\n"


def test_a_template_at_the_command_line_needs_trust(shell: Shell) -> None:
    shell.run("set", "theme", "dark", "size=20", "--template", "t", code=2)
    shell.run("set", "theme=dark", "size=20", "--template", "t")
    ran = shell.run("template", "apply", "t", "--dry-run")
    assert "theme: the key is declared trusted_only" in ran.out + ran.err
    shell.run("template", "apply", "t", "--trust")
    assert shell.run("get", "theme").out == "dark\n"
