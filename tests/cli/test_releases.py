"""schema snapshot, check and diff: a declaration against the versions released before."""

from __future__ import annotations

import json
from pathlib import Path
from secrets import token_hex

import pytest

from tests.cli.shell import Shell

CLASS = """
from typing import Literal

from prefcore import Schema, Section, preference


class Settings(Schema, app="acme", version="1.0.0"):
    theme: Literal["light", "dark", "grey"] = "light"
    size: int = preference(12, ge=6, le=72)
    token: str = preference("hush", sensitive=True)

    class Ui(Section):
        zoom: float = preference(1.0, unit="x")
"""
STEP = """
from prefcore.migration import Step, map_values
step = Step("1.0.0", "2.0.0", map_values("theme", {"grey": "dark"}))
"""
CONFIG = """
app = "acme"
store = "sqlite:prefs.db"
schemas = "MODULE:Settings"
migrations = "steps"
"""


def declare(shell: Shell, text: str, more: str = "") -> None:
    """Let the class say this from now on; in a module of its own, as Python keeps those it read."""
    for old in shell.folder.glob("settings_*.py"):
        old.unlink()
    name = f"settings_{token_hex(8)}"
    shell.write(f"{name}.py", text)
    shell.write("prefcore.toml", CONFIG.replace("MODULE", name) + more)


def change(shell: Shell, *pairs: tuple[str, str], more: str = "") -> None:
    """Change the class's text."""
    (path,) = shell.folder.glob("settings_*.py")
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    declare(shell, text, more)


@pytest.fixture
def released(bare: Shell) -> Shell:
    """A folder with a class whose version 1.0.0 was released, and values of it in a store."""
    declare(bare, CLASS)
    bare.write("steps/.keep", "")
    bare.run("init")
    bare.run("schema", "snapshot")
    for user, theme in (("al", "grey"), ("bo", "grey"), ("cy", "dark")):
        bare.run("set", "theme", theme, "--user", user)
    bare.run("set", "theme", "grey", "--project", "p")
    return bare


NO_GREY = (', "grey"', "")


def test_a_snapshot_is_written_once_and_never_over(released: Shell) -> None:
    path = released.folder / "schemas/1.0.0.json"
    content = json.loads(path.read_text())
    assert (content["app"], content["version"]) == ("acme", "1.0.0")
    ran = released.run("schema", "snapshot", "--json")
    assert (ran.json["written"], ran.json["path"]) == (False, str(path))
    change(released, NO_GREY)
    held = path.read_bytes()
    told = released.fails(5, "schema", "snapshot")
    assert "holds another schema of version 1.0.0; give the changed one a new version" in told
    assert path.read_bytes() == held


def test_a_snapshot_of_a_foreign_file_is_taken_too(released: Shell) -> None:
    schema = {"x-prefcore-version": "0.9.0", "properties": {"a": {"type": "string"}}}
    released.write("old.json", json.dumps(schema))
    released.run("schema", "snapshot", "old.json")
    assert (released.folder / "schemas/0.9.0.json").is_file()
    assert "K01" in released.run("schema", "diff", "0.9.0", "1.0.0").out


def test_check_fails_a_version_that_was_not_bumped_enough_and_passes_after(
    released: Shell,
) -> None:
    assert "is the first version" in released.run("schema", "check").err
    change(released, NO_GREY)
    ran = released.run("schema", "check", code=1)
    assert "M04" in ran.out
    assert "still called 1.0.0; call it 2.0.0" in ran.out
    change(released, ("1.0.0", "1.1.0"))
    ran = released.run("schema", "check", code=1)
    assert "1.1.0 is too small a step from 1.0.0 for a major change" in ran.out
    assert "use 2.0.0 or higher" in ran.err
    released.write("steps/two.py", STEP)
    change(released, ("1.1.0", "2.0.0"))
    ran = released.run("schema", "check")
    assert "2.0.0 is the smallest version that will do" in ran.err
    assert '"grey" is no longer allowed (a step takes care of it)' in ran.out


def test_check_tells_programs_everything(released: Shell) -> None:
    change(released, NO_GREY, ("1.0.0", "1.1.0"))
    data = released.run("schema", "check", "--json", code=1).json
    assert {name: data[name] for name in ("declared", "last", "bump", "smallest", "good")} == {
        "declared": "1.1.0",
        "last": "1.0.0",
        "bump": "major",
        "smallest": "2.0.0",
        "good": False,
    }
    found = {one["rule"]: one for one in data["findings"]}
    assert set(found) == {"E02", "M01", "M04"}
    assert (found["E02"]["refused"], found["E02"]["key"]) == ("grey", "theme")
    assert found["E02"]["place"] == "/preferences/theme/shape/enum"
    assert (found["E02"]["backward"], found["E02"]["forward"]) == ("incompatible", "compatible")


def test_annotations_lead_to_the_line_of_the_declaration(released: Shell) -> None:
    change(released, NO_GREY, ('unit="x"', 'unit="%"'), ("1.0.0", "2.0.0"))
    lines = released.run("schema", "check", "--github", code=1).out.splitlines()
    places = {line.split("title=")[1][:3]: line.split("title=")[0] for line in lines}
    (module,) = released.folder.glob("settings_*.py")
    assert places["E02"] == f"::notice file={module.name},line=8,"
    assert places["T07"] == f"::error file={module.name},line=13,"
    unit = next(line for line in lines if "T07" in line)
    assert "from x to %25" in unit


def test_annotations_lead_into_a_schema_file(released: Shell) -> None:
    change(released, ("size: int = preference(12, ge=6, le=72)", "size: str = 'x'"))
    change(released, ("1.0.0", "1.1.0"))
    released.run("schema", "snapshot")
    released.write("prefcore.toml", CONFIG.replace("MODULE:Settings", "schemas"))
    found = released.run("schema", "check", "--github", code=1).out.splitlines()
    (line,) = [one for one in found if "title=T03" in one]
    number = int(line.split("line=")[1].split(",")[0])
    text = (released.folder / "schemas/1.1.0.json").read_text().splitlines()
    assert '"size"' in "".join(text[number - 4 : number])


def test_stored_values_are_counted_by_scope_and_secrets_redacted(released: Shell) -> None:
    change(
        released, NO_GREY, ("1.0.0", "2.0.0"), ("sensitive=True", "max_length=2, sensitive=True")
    )
    change(released, ('"hush"', '"h"'))
    data = released.run("schema", "check", "--against-store", "--json", code=1).json
    assert [(one["scope"], one["key"], one["count"]) for one in data["refused"]] == [
        ("project", "theme", 1),
        ("user", "theme", 2),
    ]
    sample = data["refused"][1]["sample"]
    assert sample.startswith('user/al theme: "grey" is not one of the allowed values')
    secret = next(one for one in data["findings"] if one["rule"] == "N01")
    assert secret["refused"] == "********"
    assert "was allowed" in secret["message"]
    assert "xxx" not in secret["message"]


def test_the_steps_take_stored_values_along_before_they_are_counted(released: Shell) -> None:
    change(released, NO_GREY, ("1.0.0", "2.0.0"))
    released.write("steps/two.py", STEP)
    data = released.run("schema", "check", "--against-store", "--json").json
    assert (data["refused"], data["changed_steps"], data["good"]) == ([], [], True)
    assert released.run("get", "theme", "--user", "al").out == "grey\n"


def test_a_step_that_was_changed_after_it_was_applied_is_told(released: Shell) -> None:
    change(released, NO_GREY, ("1.0.0", "2.0.0"))
    released.write("steps/two.py", STEP)
    released.run("schema", "snapshot")
    released.run("migrate", "up")
    released.run("schema", "check", "--against-store")
    released.write("steps/two.py", STEP.replace('"dark"', '"light"'))
    ran = released.run("schema", "check", "--against-store", code=1)
    assert "error  M06: the step 1.0.0 → 2.0.0 was applied by changeset" in ran.out


def test_a_step_that_raises_is_told_and_nothing_is_changed(released: Shell) -> None:
    change(released, NO_GREY, ("1.0.0", "2.0.0"))
    step = STEP.replace("map_values", "convert").replace('{"grey": "dark"}', "up=lambda v: 1 / 0")
    released.write("steps/two.py", step)
    data = released.run("schema", "check", "--against-store", "--json", code=1).json
    assert "M02" in {one["rule"] for one in data["findings"]}
    assert all("step 1.0.0 → 2.0.0" in one["sample"] for one in data["refused"])


def test_modes_and_overrides_are_configured_as_data(released: Shell) -> None:
    change(released, NO_GREY, ("1.0.0", "1.0.1"))
    override = """
[compatibility]
remedy = "strict"

[[compatibility.overrides]]
key = "theme"
reason = "nobody used it"
expires = {day}
"""
    change(released, more=override.format(day="2999-01-01"))
    ran = released.run("schema", "check")
    assert "(overridden until 2999-01-01: nobody used it)" in ran.out
    assert "(BACKWARD_TRANSITIVE, strict)" in ran.out
    change(released, more=override.format(day="2020-01-01"))
    ran = released.run("schema", "check", code=1)
    assert "(overridden no longer: it expired on 2020-01-01: nobody used it)" in ran.out
    assert released.run("schema", "check", "--mode", "NONE", code=1).out.count("error") == 1


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('mode = "ALL"', "there is no mode 'ALL'"),
        ("mode = 3", "'mode' is a text, not 3"),
        ('moed = "FULL"', "there is no setting 'moed'; did you mean 'mode'?"),
        ("overrides = [1]", "'overrides' is a list of tables"),
        ('overrides = [{key = "a"}]', "an override needs a reason"),
    ],
)
def test_a_bad_policy_is_a_usage_error_that_names_the_file(
    released: Shell, table: str, said: str
) -> None:
    change(released, more=f"\n[compatibility]\n{table}\n")
    told = released.fails(2, "schema", "check")
    assert said in told
    assert "prefcore.toml" in told


def test_diff_shows_two_versions_or_files(released: Shell) -> None:
    change(released, NO_GREY, ("1.0.0", "2.0.0"))
    released.run("schema", "snapshot")
    ran = released.run("schema", "diff", "1.0.0", "2.0.0")
    assert ran.out.splitlines()[0] == "acme 1.0.0 → 2.0.0"
    assert 'E02  major  data, callers  theme: "grey" is no longer allowed' in ran.out
    assert "a major change: the smallest version after 1.0.0 is 2.0.0" in ran.err
    by_file = released.run("schema", "diff", "1.0.0", "schemas/2.0.0.json", "--json").json
    assert [one["rule"] for one in by_file["findings"]] == ["E02"]
    assert "name the older one first" in released.fails(2, "schema", "diff", "2.0.0", "1.0.0")
    assert "neither a version" in released.fails(10, "schema", "diff", "1.0.0", "3")
    assert "nothing changed" in released.run("schema", "diff", "1.0.0", "1.0.0").err


def test_renames_are_told_by_steps_and_never_guessed(released: Shell) -> None:
    change(released, ("    size: int", "    points: int"), ("1.0.0", "2.0.0"))
    ran = released.run("schema", "check", code=1)
    assert "K04" in ran.out
    assert "If it became points, say so" in ran.out
    step = STEP.replace("map_values", "rename").replace(
        '"theme", {"grey": "dark"}', '"size", "points"'
    )
    released.write("steps/two.py", step)
    data = released.run("schema", "check", "--json", code=1).json
    assert [one["rule"] for one in data["findings"]] == ["K08", "K05"]


def test_without_snapshots_a_check_says_how_to_begin(bare: Shell) -> None:
    declare(bare, CLASS)
    bare.write("steps/.keep", "")
    assert "write the first with: prefcore schema snapshot" in bare.fails(10, "schema", "check")


def test_the_class_and_its_snapshots_are_known_together(released: Shell) -> None:
    more = '[compatibility]\nsnapshots = "schemas"\n'
    change(released, NO_GREY, ("1.0.0", "2.0.0"), more=more)
    released.write("steps/two.py", STEP)
    assert [one["version"] for one in released.run("schema", "list", "--json").json] == [
        "1.0.0",
        "2.0.0",
    ]
    ran = released.run("migrate", "up")
    assert "migrated up 1.0.0 → 2.0.0" in ran.err
    assert Path(released.folder / "schemas").is_dir()
