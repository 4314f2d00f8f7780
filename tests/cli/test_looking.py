"""init, validate, doctor, plugins and schemas as files."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.shell import STEP, Shell, write_schema

# ------------------------------------------------------------------------------------- init


def test_init_writes_the_file_and_makes_the_store(bare: Shell) -> None:
    ran = bare.run("init", "--app", "acme", "--store", "prefs.db")
    path = bare.folder / "prefcore.toml"
    assert path.read_text() == 'app = "acme"\nstore = "sqlite:prefs.db"\n'
    assert (bare.db.stat().st_mode & 0o777, ran.out) == (0o600, "")
    assert "wrote" in ran.err
    assert "no schemas are configured" in ran.err


def test_init_tells_of_a_folder_that_holds_no_schema_yet(bare: Shell) -> None:
    (bare.folder / "lg").mkdir()
    ran = bare.run("init", "--app", "acme", "--schemas", "lg", "--store", "prefs.db")
    assert f"{bare.folder / 'lg'} holds none; write one there, such as 1.0.0.json" in ran.err
    assert "configured" not in ran.err


def test_init_says_why_the_file_has_its_name(bare: Shell) -> None:
    said = bare.fails(2, "init", "--app", "acme", "--config", "f.toml")
    assert f"by that name it is found in a folder and above; give --config {bare.folder}" in said


def test_init_twice_says_so_and_changes_nothing(shell: Shell) -> None:
    held = {path: path.read_bytes() for path in shell.folder.rglob("*.toml")}
    ran = shell.run("init", "--app", "acme")
    assert "all is there already; nothing changed" in ran.err
    assert {path: path.read_bytes() for path in held} == held
    assert "edit it" in shell.fails(2, "init", "--app", "other")
    assert "with schemas = " in shell.fails(2, "init", "--schemas", "elsewhere")


def test_init_by_default_keeps_the_store_in_the_data_folder(bare: Shell) -> None:
    assert bare.run("init", "--app", "acme", "--json").json["made_store"] is True
    assert (bare.home / "data/prefcore/acme/prefs.db").is_file()


def test_init_leaves_no_file_that_cannot_be_read_back(bare: Shell) -> None:
    bare.fails(2, "init")
    bare.fails(2, "init", "--app", "acme", "--store", "a/b:c")
    assert not (bare.folder / "prefcore.toml").exists()


def test_without_configuration_every_verb_says_what_to_do(bare: Shell) -> None:
    told = bare.fails(2, "get", "size")
    assert told == (
        "no application is named, and there is no prefcore.toml here or above; make one with "
        "`prefcore init --app NAME`, or give --app NAME"
    )


def test_the_file_is_found_upward(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    (shell.folder / "a/b").mkdir(parents=True)
    inner = Shell(shell.folder / "a/b")
    assert inner.run("get", "size", "--user", "bo").out == "13\n"


# ------------------------------------------------------------------------ validate and doctor


def test_validate_finds_what_the_schema_refuses(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    assert "1 value checked against 1.0.0: all valid" in shell.run("validate").err
    _spoil(shell)
    ran = shell.run("validate", code=1)
    assert ran.out == "user/bo size: 3 is below the minimum 6\n"
    assert shell.run("validate", "--json", code=1).json["faults"][0]["key"] == "size"
    shell.run("validate", "--key", "name")


def _spoil(shell: Shell) -> None:
    with sqlite3.connect(shell.db) as connection:
        connection.execute("UPDATE entries SET value = '3' WHERE value = '13'")
    connection.close()


def _states(shell: Shell, code: int = 0) -> dict[str, str]:
    return {one["check"]: one["state"] for one in shell.run("doctor", "--json", code=code).json}


def test_doctor_of_a_healthy_store_says_ok_on_every_line(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    assert set(_states(shell).values()) == {"ok"}
    assert all(line.startswith("ok ") for line in shell.run("doctor").out.splitlines())


def test_doctor_names_what_is_wrong_and_what_to_do(shell: Shell) -> None:
    shell.run("set", "size", "13", "--user", "bo")
    shell.db.chmod(0o644)
    write_schema(shell, "2.0.0")
    shell.write("steps/up.py", STEP)
    assert _states(shell)["permissions"] == "warn"
    assert _states(shell)["schema"] == "warn"
    shell.db.chmod(0o666)
    (shell.folder / "steps").chmod(0o777)
    _spoil(shell)
    states = _states(shell, code=1)
    assert (states["permissions"], states["values"], states["store"]) == ("fail", "fail", "fail")
    assert states["migrations"] == "warn"
    assert f"chmod 600 {shell.db}" in shell.run("doctor", code=1).out


def test_doctor_only_warns_of_keys_that_were_kept_without_being_declared(shell: Shell) -> None:
    shell.write("in.json", '{"size": 13, "odd": 1}')
    shell.run("import", "in.json", "--user", "bo", "--unknown", "keep")
    assert _states(shell)["values"] == "warn"
    assert "user/bo odd: the schema declares no such key; it is kept" in shell.run("doctor").out


def test_doctor_finds_snapshots_that_migrations_do_not_know(bare: Shell) -> None:
    bare.write("one.json", json.dumps({"prefcore_schema": 1, **_ONE}))
    bare.write("prefcore.toml", 'app = "acme"\nstore = "sqlite:prefs.db"\nschemas = "one.json"\n')
    bare.run("init", "--quiet")
    assert "snapshots" not in _states(bare)
    bare.run("schema", "snapshot")
    assert _states(bare)["snapshots"] == "warn"
    out = bare.run("doctor").out
    assert 'under [compatibility], add snapshots = "schemas"' in out
    bare.write(
        "prefcore.toml",
        (bare.folder / "prefcore.toml").read_text() + _KNOWN,
    )
    assert "snapshots" not in _states(bare)


_ONE = {"app": "acme", "version": "1.0.0", "preferences": {"size": {"shape": {"type": "integer"}}}}
_KNOWN = '[compatibility]\nsnapshots = "schemas"\n'


def test_doctor_tells_of_a_store_that_does_not_open(shell: Shell) -> None:
    shell.db.write_bytes(b"not a database, by any means" * 100)
    ran = shell.run("doctor", code=1)
    assert "fail  store:" in ran.out
    assert "not a prefcore store" in ran.out


def test_doctor_without_configuration_fails_in_words(bare: Shell) -> None:
    assert "fail  configuration: no application is named" in bare.run("doctor", code=1).out


# ---------------------------------------------------------------------------------- plugins


def test_plugins_are_listed_without_being_imported(bare: Shell) -> None:
    rows = bare.run("plugins", "list", "--json").json
    assert {"formats", "stores", "merge_strategies"} <= {row["kind"] for row in rows}
    (format,) = (row for row in rows if (row["kind"], row["id"]) == ("formats", "json"))
    assert (format["distribution"], format["status"]) == ("prefcore-json", "found")
    assert "streams" in bare.run("plugins", "show", "json").out
    assert bare.run("plugins", "show", "stores.sqlite", "--json").json["id"] == "sqlite"


def test_a_denied_plugin_is_not_used_and_says_why(shell: Shell) -> None:
    env = {"PREFCORE_PLUGINS_DENY": "prefcore-json"}
    assert "denied" in shell.run("plugins", "list", env=env).out
    assert "denied by the rule" in shell.fails(18, "export", env=env)


def test_without_a_format_prefcore_says_what_to_install(shell: Shell, tmp_path: Path) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    for name in ("prefcore", "attr", "attrs", "click", "pluggy", "cattrs"):
        found = Path(sys.modules[name].__file__ or "").parent if name in sys.modules else None
        if found is None:
            continue
        shutil.copytree(found, alone / name, ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        f"import sys; sys.path.insert(0, {str(alone)!r}); from prefcore.cli import main; main()"
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-S", "-c", program, *words],
            cwd=shell.folder, env=shell.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert "no format is installed" in run("plugins", "list").stderr
    done = run("export")
    assert done.returncode == 18
    assert "install it with: pip install prefcore-json" in done.stderr


# ------------------------------------------------------------------------- schemas as files


def test_schema_export_writes_each_form(shell: Shell) -> None:
    snapshot = json.loads((shell.folder / "schemas/1.0.0.json").read_text())
    assert json.loads(shell.run("schema", "export").out) == snapshot
    page = shell.run("schema", "export", "--markdown").out
    assert page.startswith("# Settings of acme\n\nVersion 1.0.0.\n")
    assert "hush" not in page
    ran = shell.run("schema", "export", "1.0.0", "--json-schema", "-o", "out.json")
    assert ran.out == ""
    assert "wrote schema 1.0.0 to out.json (json-schema)" in ran.err
    assert 'blob: JSON has no type bytes: such values stand as {"$bytes": "…"}' in ran.err
    told = shell.run("schema", "export", "--json-schema", "-o", "out.json", "--json").json
    assert (told["form"], told["version"], len(told["notes"])) == ("json-schema", "1.0.0", 2)


def test_schema_export_refuses_what_contradicts_itself(shell: Shell) -> None:
    assert "give one" in shell.fails(2, "schema", "export", "--markdown", "--json-schema")
    assert "name a file" in shell.fails(2, "schema", "export", "--json")
    assert "no schema version 9.0.0" in shell.fails(10, "schema", "export", "9.0.0")
    assert "no/where.md: no such file" in shell.fails(10, "schema", "export", "-o", "no/where.md")


def test_schema_import_makes_a_snapshot_of_another_form(shell: Shell) -> None:
    shell.run("schema", "export", "--json-schema", "-o", "acme.schema.json")
    text = (shell.folder / "acme.schema.json").read_text()
    (shell.folder / "next.json").write_text(text.replace('"1.0.0"', '"1.1.0"'))
    assert "would write" in shell.run("schema", "import", "next.json", "--dry-run").err
    assert not (shell.folder / "schemas/1.1.0.json").exists()
    told = shell.run("schema", "import", "next.json", "--json").json
    assert (told["version"], told["written"], told["notes"]) == ("1.1.0", True, [])
    before, after = (
        json.loads((shell.folder / f"schemas/{one}.json").read_text()) for one in ("1.0.0", "1.1.0")
    )
    assert {**after, "version": "1.0.0"} == before
    (shell.folder / "next.json").write_text(text.replace('"1.0.0"', '"1.1.0"').replace("72", "73"))
    assert "another schema of version 1.1.0" in shell.fails(5, "schema", "import", "next.json")


def test_schema_import_asks_for_a_version_that_is_nowhere(shell: Shell) -> None:
    (shell.folder / "plain.json").write_text('{"properties": {"a": {"type": "string"}, "not": 1}}')
    assert "does not say its version" in shell.fails(5, "schema", "import", "plain.json")
    ran = shell.run("schema", "import", "plain.json", "--as-version", "3.0.0")
    assert "3.0.0, 2 preferences" in ran.err
    assert "SemVer" in shell.fails(5, "schema", "import", "plain.json", "--as-version", "x")


def test_a_schema_may_be_one_file_in_the_format_of_a_plugin(shell: Shell) -> None:
    shell.write(
        "acme.yaml",
        "prefcore_schema: 1\napp: acme\nversion: 2.0.0\npreferences:\n"
        "  size:\n    shape: {type: integer, minimum: 6}\n    default: 9\n"
        "  on: {shape: {type: boolean}, help: Is it on?}\n",
    )
    (shell.folder / "prefcore.toml").write_text(
        'app = "acme"\nstore = "sqlite:other.db"\nschemas = "acme.yaml"\n'
    )
    shell.run("init", "--app", "acme")
    assert shell.run("schema", "list").out.split() == ["2.0.0"]
    assert "below the minimum 6" in shell.fails(5, "set", "size", "3")
    assert shell.run("get", "size").out == "9\n"


def test_a_folder_holds_schemas_of_several_formats(shell: Shell) -> None:
    shell.write("schemas/1.1.0.schema.yaml", "properties: {size: {type: integer}, new: {}}\n")
    assert shell.run("schema", "list", "--json").json[1]["version"] == "1.1.0"
    assert "new" in shell.run("schema", "show", "1.1.0").out
    shell.write("schemas/1.1.0.json", "{}")
    assert "are both of version 1.1.0" in shell.fails(5, "schema", "list")


def test_a_schema_file_that_is_damaged_is_told_with_its_line(shell: Shell) -> None:
    shell.write("schemas/1.1.0.yaml", "a: 1\na: 2\n")
    told = shell.fails(13, "schema", "show", "1.1.0")
    assert "schemas/1.1.0.yaml: " in told
    assert "line 2" in told


@pytest.mark.parametrize(
    ("mode", "code", "told"),
    [
        (0o660, 0, "warn  permissions: all of its group may write "),
        (0o666, 1, "fail  permissions: others may write "),
    ],
)
def test_doctor_tells_a_shared_store_from_an_open_one(
    shell: Shell, mode: int, code: int, told: str
) -> None:
    shell.db.chmod(mode)
    assert told in shell.run("doctor", code=code).out
