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
from prefcore.migration import Step, map_values, rename
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


# --------------------------------------------------------------------------------- at an upgrade


class Before(Schema, app="acme", version="1.0.0"):
    theme: str = "light"
    tool: str = ""


class Later(Schema, app="acme", version="2.0.0"):
    theme: str = "light"
    tool: str = preference("", trusted_only=True)
    shell: str = preference("sh", trusted_only=True)


def _kept(tmp_path: Path, document: str) -> Path:
    """Give a store at the version before, into which an import brought unknown keys."""
    path, file = tmp_path / "prefs.db", tmp_path / "theirs.json"
    file.write_text(document, encoding="utf-8")
    with Preferences.open(Before, store=path, actor="kim") as prefs:
        prefs.set("theme", "dark", user="kim")
        request = ImportRequest(
            path=file, name="theirs.json", into=("user", "kim"), keep_unknown=True
        )
        prefs.apply(prefs.plan_import(request))
    return path


def _migrated(path: Path, schema: type[Schema], *steps: Step) -> tuple[Preferences[Any], list[str]]:
    prefs = Preferences.open(schema, store=path, migrate="never", migrations=steps, actor="kim")
    seen = {key: value for key, value, _ in prefs.effective(user="kim")}
    prefs.close()
    with Preferences.open(Before, store=path, migrations=steps, actor="kim") as before:
        before.register(schema.document())
        with before.begin_migration(schema.document().version) as begun:
            warnings = list(begun.plan.warnings)
            begun.commit()
    opened = Preferences.open(schema, store=path, migrations=steps, actor="kim")
    now = {key: value for key, value, _ in opened.effective(user="kim")}
    assert seen == now, "reading through the steps shows what migrating makes"
    return opened, warnings


def test_an_unknown_key_s_import_is_not_in_force_when_a_version_asks_for_trust_in_it(
    tmp_path: Path,
) -> None:
    path = _kept(tmp_path, '{"shell": "evil", "tool": "vi"}')
    prefs, warnings = _migrated(path, Later)
    with prefs:
        assert prefs.get("shell", user="kim") == "sh"
        assert prefs.get("tool", user="kim") == "vi", "it was in force before"
        assert prefs.get("theme", user="kim") == "dark"
        assert warnings == [
            (
                "shell: what was imported while no schema declared the key was taken out of "
                "user/kim, for it is trusted_only from 2.0.0 on; set it where you trust it"
            ),
            (
                "tool: what was imported or restored stays in force in user/kim; the key is "
                "trusted_only from 2.0.0 on, so see whether you trust it"
            ),
        ]
        with prefs.begin_undo() as begun:
            begun.commit()
    with Preferences.open(Before, store=path, actor="kim") as before:
        held = {row[0]: row[1] for row in before.read_set("user", "kim").rows}
        assert held == {"shell": '"evil"', "tool": '"vi"', "theme": '"dark"'}, "nothing is lost"


def test_an_unknown_key_that_another_known_version_asks_trust_for_is_left_out(
    tmp_path: Path,
) -> None:
    file = tmp_path / "theirs.json"
    file.write_text('{"shell": "evil", "other": "x"}', encoding="utf-8")
    with Preferences.open(Before, store=tmp_path / "prefs.db", actor="kim") as prefs:
        prefs.register(Later.document())
        into: dict[str, Any] = {"into": ("user", "kim"), "keep_unknown": True}
        request = ImportRequest(path=file, name="theirs.json", **into)
        plan = prefs.plan_import(request)
        assert [one.key for one in plan.items] == ["other"]
        assert "shell" in plan.warnings[0]
        plan = prefs.plan_import(attrs.evolve(request, trust=True))
        assert [one.key for one in plan.items] == ["other", "shell"]


def test_neither_a_rename_nor_a_step_that_works_on_it_makes_it_trusted(tmp_path: Path) -> None:
    path = _kept(tmp_path, '{"x.shell": "evil"}')
    step = Step("1.0.0", "2.0.0", rename("x.shell", "shell"), map_values("shell", {"evil": "bad"}))
    prefs, warnings = _migrated(path, Later, step)
    with prefs:
        assert prefs.get("shell", user="kim") == "sh"
        assert len(warnings) == 1


def test_what_one_set_oneself_stays_in_force(tmp_path: Path) -> None:
    path = _kept(tmp_path, "{}")
    with Preferences.open(Before, store=path, actor="kim") as prefs:
        prefs.set("tool", "emacs", user="kim")
    prefs, warnings = _migrated(path, Later)
    with prefs:
        assert (prefs.get("tool", user="kim"), warnings) == ("emacs", [])
