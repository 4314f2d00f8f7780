"""Trust at the shell: code of folders that others may write runs once it was allowed, as it is."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from prefcore.cli import cli
from tests.cli.shell import STEP, Shell, acme, write_schema

_RUNS = "__import__('pathlib').Path('ran').touch()\n"


@pytest.fixture(autouse=True)
def _compiling() -> Iterator[None]:
    """A process that ran allowed code compiles nothing any more; this one goes on."""
    before = sys.pycache_prefix, sys.dont_write_bytecode
    yield
    sys.pycache_prefix, sys.dont_write_bytecode = before


@pytest.fixture
def shared(tmp_path: Path) -> Shell:
    """A folder that everybody may write, with a step and a newer schema."""
    shell = acme(tmp_path / "work", newest="2.0.0")
    write_schema(shell, "1.0.0")
    shell.run("schema", "register", "1.0.0")
    shell.write("steps/up.py", _RUNS + STEP)
    shell.folder.chmod(0o777)
    return shell


def records(shell: Shell) -> list[Path]:
    return list((shell.home / "data" / "prefcore" / "trusted").glob("*"))


def test_a_folder_of_others_runs_nothing_until_it_is_allowed(shared: Shell) -> None:
    told = shared.fails(17, "schema", "check")
    assert "everybody may write" in told
    assert told.endswith(f"read it, and allow it: prefcore trust {shared.folder}")
    assert not (shared.folder / "ran").exists()
    out = shared.run("trust").err
    assert "allowed the code and schemas of" in out
    assert str(shared.folder / "steps" / "up.py") in out
    assert not (shared.folder / "ran").exists(), "allowing runs nothing either"
    shared.run("schema", "check", code=1)
    assert (shared.folder / "ran").exists()


def test_what_was_allowed_is_a_private_file_bound_to_the_folder(shared: Shell) -> None:
    shared.run("trust", ".")
    (record,) = records(shared)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(record.parent.stat().st_mode) == 0o700
    assert json.loads(record.read_text())["folder"] == str(shared.folder)
    (told,) = shared.run("trust", "--list", "--json").json
    assert (told["folder"], told["state"]) == (str(shared.folder), "allowed")


@pytest.mark.parametrize("name", ["prefcore.toml", "steps/up.py", "steps/new.py"])
def test_a_change_of_what_was_allowed_takes_it_back(shared: Shell, name: str) -> None:
    shared.run("trust")
    file = shared.folder / name
    text = file.read_text() if file.exists() else STEP.replace('"2.0.0"', '"3.0.0"')
    file.write_text(text + "\n# changed\n")
    told = shared.fails(17, "schema", "check")
    assert "it is not what it was when you allowed it" in told
    assert not (shared.folder / "ran").exists()
    assert shared.run("trust", "--list", "--json").json[0]["state"] == "changed"
    shared.run("trust", str(shared.folder))
    assert "is not safe" not in shared.run("trust", "--list").out


def test_a_copy_elsewhere_is_not_allowed(shared: Shell, tmp_path: Path) -> None:
    shared.run("trust")
    moved = tmp_path / "elsewhere"
    shared.folder.rename(moved)
    shared.folder.mkdir()
    assert "not safe to run" in shared.fails(
        17, "schema", "check", "--config", str(moved / "prefcore.toml")
    )


def test_a_configuration_of_another_name_is_allowed_by_its_name(shared: Shell) -> None:
    other = shared.folder / "other.toml"
    (shared.folder / "prefcore.toml").rename(other)
    told = shared.fails(17, "schema", "check", "--config", str(other))
    assert told.endswith(f"allow it: prefcore trust --config {other}")
    shared.run("trust", "--config", str(other))
    assert shared.run("trust", "--list", "--json").json[0]["state"] == "allowed"
    shared.run("schema", "check", "--config", str(other), code=1)


def test_revoked_is_refused_again(shared: Shell) -> None:
    shared.run("trust")
    shared.run("trust", "--revoke", "--dry-run")
    shared.run("schema", "check", code=1)
    assert "allowed" in shared.run("trust", "--revoke").err
    assert records(shared) == []
    shared.fails(17, "schema", "check")
    assert "was not allowed" in shared.fails(10, "trust", "--revoke", ".")
    assert "no folder of others" in shared.run("trust", "--list").err


def test_one_s_own_folder_needs_no_allowing(shell: Shell) -> None:
    shell.write("steps/up.py", _RUNS + STEP)
    assert "is your own" in shell.run("trust").err
    assert records(shell) == []
    shell.run("migrate", "status")


@pytest.mark.parametrize("what", ["schemas", "migrations"])
def test_python_that_a_folder_of_others_names_is_not_imported(
    shell: Shell, tmp_path: Path, what: str
) -> None:
    """An installed module too: its functions are called as the file says."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "installed_one.py").write_text(_RUNS + "Settings = steps = None\n")
    shell.write("beside.py", _RUNS + "Settings = steps = None\n")
    config = shell.folder / "prefcore.toml"
    before = config.read_text()
    for module in ("installed_one", "beside"):
        text = before.replace('schemas = "schemas"', f'schemas = "{module}:Settings"')
        if what == "migrations":
            text = before.replace('migrations = "steps"', f'migrations = "{module}:steps"')
        config.write_text(text)
        config.chmod(0o666)
        verb, code = (("get", "name"), 2) if what == "schemas" else (("doctor",), 1)
        env = {"PYTHONPATH": str(site)}
        ran = shell.process(*verb, env=env, code=17 if what == "schemas" else 0)
        assert "allow it: prefcore trust" in ran.out + ran.err
        assert not (shell.folder / "ran").exists()
        shell.process("trust")
        shell.process(*verb, env=env, code=code)
        assert (shell.folder / "ran").exists()
        (shell.folder / "ran").unlink()


def test_what_lies_compiled_beside_allowed_code_is_not_run(shell: Shell) -> None:
    """A cache with the source's time and size would else be taken for it."""
    import importlib.util
    import py_compile

    module = shell.write("beside.py", "Settings = None  # plain, and as long as the other\n")
    stamp = module.stat()
    evil = shell.write("evil.py", _RUNS + "Settings = None")
    cached = Path(importlib.util.cache_from_source(str(module)))
    cached.parent.mkdir()
    py_compile.compile(str(evil), str(cached), doraise=True)
    data = bytearray(cached.read_bytes())
    data[8:16] = int(stamp.st_mtime).to_bytes(4, "little") + stamp.st_size.to_bytes(4, "little")
    cached.write_bytes(data)
    evil.unlink()
    config = shell.folder / "prefcore.toml"
    config.write_text(config.read_text().replace('"schemas"', '"beside:Settings"'))
    shell.folder.chmod(0o777)
    shell.process("trust")
    shell.process("get", "name", code=2)
    assert not (shell.folder / "ran").exists()


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ("{", 13, "is damaged; remove it, and allow the folder again"),
        ("[]", 13, "is damaged"),
        ("[" * 100_000, 13, "is damaged"),
        (
            '{"folder": "/", "config": "x", "digest": "x", "allowed_at": "2026-01-01"}',
            13,
            "of another folder",
        ),
    ],
)
def test_a_record_that_is_damaged_allows_nothing(
    shared: Shell, content: str, code: int, told: str
) -> None:
    shared.run("trust")
    (record,) = records(shared)
    record.write_text(content)
    assert told in shared.fails(code, "schema", "check")
    assert not (shared.folder / "ran").exists()


def test_a_record_that_others_could_have_written_allows_nothing(shared: Shell) -> None:
    shared.run("trust")
    (record,) = records(shared)
    record.chmod(0o666)
    assert "could be anybody's" in shared.fails(17, "schema", "check")
    assert not (shared.folder / "ran").exists()


def test_where_nothing_can_be_kept_nothing_is_allowed(shared: Shell) -> None:
    (shared.home / "data" / "prefcore").mkdir(parents=True, exist_ok=True)
    (shared.home / "data" / "prefcore" / "trusted").write_text("a file in its place")
    assert "trusted cannot be made: File exists" in shared.fails(4, "trust")
    assert "cannot be" in shared.run("schema", "check", code=4).err
    assert not (shared.folder / "ran").exists()


def test_what_nobody_can_have_read_is_not_allowed(shared: Shell) -> None:
    with (shared.folder / "steps" / "large.py").open("wb") as file:
        file.truncate(65 << 20)
    assert "nobody can have read" in shared.fails(17, "trust")
    assert records(shared) == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("trust", "steps"), 10, "holds no prefcore.toml"),
        (("trust", "gone"), 10, "holds no prefcore.toml"),
        (("trust", "--list", "--revoke"), 2, "--list stands alone"),
    ],
)
def test_what_cannot_be_trusted_is_told(
    shell: Shell, words: tuple[str, ...], code: int, told: str
) -> None:
    assert told in shell.fails(code, *words)


def test_a_dry_run_says_what_would_be_allowed(shared: Shell) -> None:
    out = shared.run("trust", "--dry-run").err
    assert "would allow the code and schemas of" in out
    data = shared.run("trust", "--dry-run", "--json").json
    assert data["allowed"] is False
    assert str(shared.folder / "steps" / "up.py") in data["files"]
    assert records(shared) == []


def test_a_folder_of_another_user_is_not_one_s_own(shared: Shell) -> None:
    """As root by its owner; as anybody else by the mode that lets others write."""
    shared.folder.chmod(0o755 if os.getuid() == 0 else 0o777)
    if os.getuid() == 0:
        os.chown(shared.folder / "steps" / "up.py", 65534, 65534)
    told = shared.fails(17, "schema", "check")
    assert "belongs to another user" in told or "everybody may write" in told
    shared.run("trust")
    shared.run("schema", "check", code=1)
    assert (shared.folder / "ran").exists()


@pytest.fixture
def python(tmp_path: Path) -> Shell:
    """A folder whose schema class is in a package beside prefcore.toml."""
    shell = acme(tmp_path / "work")
    config = shell.folder / "prefcore.toml"
    text = config.read_text().replace('"schemas"', '"pack.settings:Settings"')
    config.write_text(text.replace('migrations = "steps"\n', ""))
    shell.write("pack/__init__.py", "")
    shell.write(
        "pack/settings.py",
        "from prefcore import Schema\n\n\n"
        "class Settings(Schema, app='acme', version='1.0.0'):\n    size: int = 12\n",
    )
    return shell


def test_a_link_to_a_folder_is_not_vouched_for(python: Shell, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (python.folder / "pack" / "sub").symlink_to(tmp_path / "elsewhere")
    python.folder.chmod(0o777)
    told = python.fails(17, "trust")
    assert f"{python.folder / 'pack' / 'sub'} is a symbolic link to a folder" in told
    assert records(python) == []


def test_a_link_that_comes_later_takes_it_back(python: Shell, tmp_path: Path) -> None:
    python.folder.chmod(0o777)
    python.process("trust")
    assert python.process("get", "size").out == "12\n"
    (python.folder / "sub").symlink_to(tmp_path)
    assert "symbolic link" in python.process("get", "size", code=17).err


def test_a_pipe_is_refused_and_not_waited_for(shared: Shell) -> None:
    os.mkfifo(shared.folder / "steps" / "pipe.py")
    assert "pipe.py is no plain file" in shared.fails(17, "trust")


@pytest.mark.parametrize("name", ["evil.py", "evil.pyc", "sub/evil.py", "evil.abi3.so"])
def test_what_can_be_imported_from_a_cache_is_code_too(python: Shell, name: str) -> None:
    python.folder.chmod(0o777)
    python.run("trust")
    file = python.write(f"pack/__pycache__/{name}", _RUNS)
    assert "it is not what it was" in python.fails(17, "get", "size")
    assert str(file) in python.run("trust", "--dry-run", "--json").json["files"]


def test_what_is_imported_later_is_not_taken_from_a_cache(python: Shell) -> None:
    """An unchecked one would be run whatever the source says."""
    import importlib.util
    import py_compile

    lazy = python.write("pack/lazy.py", "")
    settings = python.folder / "pack" / "settings.py"
    settings.write_text(
        settings.read_text()
        + "\n    @classmethod\n    def document(cls):\n"
        + "        from pack import lazy\n        return super().document()\n"
    )
    evil = python.write("evil.py", _RUNS)
    cached = importlib.util.cache_from_source(str(lazy))
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(evil), cached, doraise=True, invalidation_mode=mode)
    evil.unlink()
    python.process("get", "size")
    assert (python.folder / "ran").exists(), "one's own cache is used"
    (python.folder / "ran").unlink()
    python.folder.chmod(0o777)
    python.process("trust")
    assert python.process("get", "size").out == "12\n"
    assert not (python.folder / "ran").exists()


def test_one_s_own_does_not_depend_on_the_working_folder(
    python: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    config = str(python.folder / "prefcore.toml")
    monkeypatch.chdir(shared)
    ran = CliRunner().invoke(cli, ["get", "size", "--config", config], env=python.environ)
    assert (ran.exit_code, ran.stdout) == (0, "12\n")


@pytest.mark.parametrize("name", ["helper.py", "lib/helper.py", "lib"])
def test_what_stands_beside_a_module_has_to_be_one_s_own_too(python: Shell, name: str) -> None:
    python.write("helper.py", "")
    python.write("lib/helper.py", "")
    assert python.run("get", "size").out == "12\n"
    (python.folder / name).chmod(0o777)
    told = python.fails(17, "get", "size")
    assert f"everybody may write {python.folder / name}; chmod o-w it" in told


def test_folders_that_hold_no_code_do_not_matter(python: Shell) -> None:
    python.write("data/values.txt", "")
    (python.folder / "data").chmod(0o777)
    assert python.run("get", "size").out == "12\n"


# -------------------------------------------------------------------------------------- schemas


@pytest.fixture
def strange(tmp_path: Path) -> Shell:
    """A folder of one's own in use, whose schemas everybody may write; a newer one lies there."""
    shell = acme(tmp_path / "work")
    shell.run("set", "size", "14")
    write_schema(shell, "1.1.0")
    (shell.folder / "schemas").chmod(0o777)
    return shell


def registered(shell: Shell) -> list[str]:
    listed = shell.run("schema", "list", "--json").json
    return [one["version"] for one in listed if one.get("registered_at")]


@pytest.mark.parametrize(
    "words",
    [
        ("migrate", "up"),
        ("schema", "register", "1.1.0"),
        ("schema", "note", "1.1.0", "--name", "x"),
        ("schema", "deprecate", "1.1.0"),
    ],
    ids=" ".join,
)
def test_schemas_of_others_come_into_no_store_until_they_are_allowed(
    strange: Shell, words: tuple[str, ...]
) -> None:
    told = strange.fails(17, *words)
    assert "its schemas are not safe to take into a store" in told
    assert f"everybody may write {strange.folder}/schemas" in told
    assert told.endswith(f"allow it: prefcore trust {strange.folder}")
    assert registered(strange) == ["1.0.0"]
    assert f"{strange.folder}/schemas/1.1.0.json" in strange.run("trust").err
    strange.run(*words)
    assert registered(strange) == ["1.0.0", "1.1.0"]


def test_a_change_of_an_allowed_schema_takes_it_back(strange: Shell) -> None:
    strange.run("trust")
    file = strange.folder / "schemas" / "1.1.0.json"
    file.write_text(file.read_text("utf-8") + " ", encoding="utf-8")
    told = strange.fails(17, "schema", "register", "1.1.0")
    assert "it is not what it was when you allowed it" in told


def test_a_store_in_use_goes_on_by_the_schemas_that_it_holds(strange: Shell) -> None:
    strange.run("set", "size", "15")
    assert strange.run("get", "size").out == "15\n"


def test_a_fresh_store_does_not_begin_at_a_stranger_s_schema(strange: Shell) -> None:
    strange.write("plain.json", '{"size": 16}')
    for words in (("set", "size", "15"), ("import", "plain.json")):
        strange.run("--store", "fresh.db", "init", "--app", "acme")
        told = strange.fails(17, "--store", "fresh.db", *words)
        assert "its schemas are not safe to take into a store" in told


def test_what_a_stranger_s_schema_would_do_can_be_planned(strange: Shell) -> None:
    ran = strange.run("migrate", "plan", "--json", code=17)
    (refused,) = ran.json["refused"]
    assert refused["key"] == "1.1.0"
    assert "not safe to take into a store" in refused["reason"]


def test_a_store_that_can_only_be_read_is_not_read_by_them_either(strange: Shell) -> None:
    ran = strange.run("--read-only", "get", "size")
    assert ran.out == "14\n"
    assert "is read at 1.0.0, as it is stored: " in ran.err


def test_what_is_made_for_a_user_is_the_user_s_alone_whatever_the_umask(tmp_path: Path) -> None:
    """Else a record of what was allowed would be one that a group could have written."""
    shell = acme(tmp_path / "work")
    shell.folder.chmod(0o777)
    home = tmp_path / "fresh"
    home.mkdir()
    env = {"HOME": str(home), "XDG_DATA_HOME": ""}
    before = os.umask(0)
    try:
        shell.run("trust", env=env)
        shell.run("keys", "init", env=env)
        shell.run("--store", f"{home}/more/deep/prefs.db", "init", env=env)
    finally:
        os.umask(before)
    made = [one for one in home.rglob("*") if one.is_dir()]
    assert len(made) > 5
    assert {str(one): stat.S_IMODE(one.stat().st_mode) for one in made} == {
        str(one): 0o700 for one in made
    }
    assert shell.run("trust", "--list", "--json", env=env).json[0]["state"] == "allowed"
