"""The wheels as users get them: what is in them, and that core alone asks for its first format."""

from __future__ import annotations

import json
import re
import subprocess
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from tests.installing import ROOT, Environment, build_wheels, needs, wheel_of


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the wheels of core and of prefcore-json, built from a copy."""
    return build_wheels(tmp_path_factory.mktemp("wheels"), "prefcore-json")


def _metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def _entry_points(wheel: Path) -> dict[str, dict[str, str]]:
    parser = ConfigParser()
    with ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith("/entry_points.txt"))
        parser.read_string(archive.read(name).decode())
    return {section: dict(parser[section]) for section in parser.sections()}


# ------------------------------------------------------------------------------ what is in them


@pytest.mark.parametrize(
    ("name", "packages"),
    [("prefcore", {"prefcore", "prefcore_testing"}), ("prefcore_json", {"prefcore_json"})],
)
def test_a_wheel_holds_its_packages_typed_and_nothing_else(
    name: str, packages: set[str], wheels: Path
) -> None:
    with ZipFile(wheel_of(wheels, name)) as archive:
        held = {Path(one) for one in archive.namelist()}
    tops = {one.parts[0] for one in held}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages
    source = wheels / "source" / ("" if name == "prefcore" else "plugins/prefcore-json")
    for package in packages:
        assert Path(package, "py.typed") in held
        written = {file.relative_to(source) for file in (source / package).rglob("*.py")}
        assert {one for one in held if one.parts[0] == package and one.suffix == ".py"} == written
    odd = [one for one in held if one.parts[0] in packages and one.suffix not in (".py", ".typed")]
    assert odd == []


def test_the_metadata_of_core_is_what_its_project_promises(wheels: Path) -> None:
    wheel = wheel_of(wheels, "prefcore")
    metadata = _metadata(wheel)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert set(metadata.get_all("Provides-Extra", [])) >= {"testing", "json", "all"}
    needed = [one for one in metadata.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert {one.split(">")[0].split("<")[0] for one in needed} == {
        "attrs",
        "backports-zstd",
        "cattrs",
        "click",
        "cryptography",
        "google-re2",
        "pluggy",
    }
    assert _entry_points(wheel) == {"console_scripts": {"prefcore": "prefcore.cli:main"}}


def test_the_metadata_of_prefcore_json_is_what_its_project_promises(wheels: Path) -> None:
    wheel = wheel_of(wheels, "prefcore_json")
    metadata = _metadata(wheel)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    needed = metadata.get_all("Requires-Dist", [])
    assert {one.split(">")[0] for one in needed} == {"msgspec", "prefcore"}
    points = {"json": "prefcore_json", "jsonc": "prefcore_json:jsonc"}
    assert _entry_points(wheel) == {"prefcore.formats": points}


def test_the_extra_all_brings_every_plugin_package_of_this_repository(wheels: Path) -> None:
    metadata = _metadata(wheel_of(wheels, "prefcore"))
    brought = {
        one.split(">")[0]
        for one in metadata.get_all("Requires-Dist", [])
        if one.endswith("extra == 'all'")
    }
    assert brought == {
        file.parent.name for file in (wheels / "source").glob("plugins/*/pyproject.toml")
    }


# ------------------------------------------------------------------------ in a fresh environment


@pytest.fixture(scope="module")
def alone(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Give an environment with core alone, and a project of which one value is set."""
    environment = Environment.made(tmp_path_factory.mktemp("alone") / "environment")
    environment.install(wheel_of(wheels, "prefcore"))
    project = environment.folder / "project"
    schemas = project / "schemas"
    schemas.mkdir(parents=True)
    (schemas / "1.0.0.json").write_text(
        json.dumps({"type": "object", "properties": {"size": {"type": "integer", "default": 12}}})
    )
    for arguments in (
        ("--app", "acme", "--store", "prefs.db", "init", "--schemas", "schemas"),
        ("set", "size", "14", "--user", "alice"),
    ):
        ended = environment.run(project, "prefcore", *arguments)
        assert ended.returncode == 0, ended.stderr
    return environment


def test_core_alone_says_what_to_install_and_works_once_it_is(
    alone: Environment, wheels: Path
) -> None:
    project = alone.folder / "project"
    listed = alone.run(project, "prefcore", "plugins", "list")
    assert listed.returncode == 0, listed.stderr
    assert "no format is installed" in (listed.stdout + listed.stderr).lower()
    exported = alone.run(project, "prefcore", "export", "all.json")
    assert exported.returncode == 18
    assert "pip install prefcore-json" in exported.stderr
    assert "Traceback" not in exported.stderr
    assert not (alone.folder / "project/all.json").exists()

    alone.install(wheel_of(wheels, "prefcore_json"))

    listed = alone.run(project, "prefcore", "plugins", "list")
    assert listed.returncode == 0, listed.stderr
    assert "prefcore-json" in listed.stdout
    assert "no format is installed" not in (listed.stdout + listed.stderr).lower()
    exported = alone.run(project, "prefcore", "export", "all.json")
    assert exported.returncode == 0, exported.stderr
    assert "14" in (alone.folder / "project/all.json").read_text()


def test_the_installed_packages_can_be_imported_without_the_test_libraries(
    alone: Environment,
) -> None:
    script = (
        "import pkgutil, importlib, prefcore\n"
        "for module in pkgutil.walk_packages(prefcore.__path__, 'prefcore.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(prefcore.__file__, *(getattr(prefcore, name) for name in prefcore.__all__))"
    )
    ended = subprocess.run(
        [alone.python, "-I", "-c", script], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(str(alone.folder))


# -------------------------------------------------------------------------- a third party's plugin


def _console() -> Any:
    spec = spec_from_file_location("console", ROOT / "docs/examples/console.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tutorial_of_a_first_plugin_holds_in_an_environment_of_its_own(
    wheels: Path, tmp_path: Path
) -> None:
    """From the wheels alone: a package is made, installed, red, written as the page says, green."""
    environment = Environment.made(tmp_path / "environment")
    environment.install(wheel_of(wheels, "prefcore"), extras=["testing"])
    environment.link(["pip", "hatchling", *needs("hatchling")])
    console = _console()
    (tmp_path / "home").mkdir()
    shell = console.Console(tmp_path / "home", str(environment.folder / "bin"))
    page = (ROOT / "docs/tutorial/first-plugin.md").read_text("utf-8")
    for kind, text in re.findall(r"^```(console|python)\n(.*?)^```$", page, re.M | re.S):
        if kind == "python":
            name = text.partition("\n")[0].removeprefix("# ")
            (shell.folder / name).write_text(text, "utf-8")
            continue
        for command, promised in console.commands(f"```console\n{text}```"):
            printed = shell.run(command)
            assert console.normalised(printed) == console.normalised(promised), command
