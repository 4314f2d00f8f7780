"""The wheels as users get them: what is in them, and that core alone asks for its first format.

Nothing is downloaded: wheels are built with the build backend of the test environment, and the
libraries that they need are linked from it, one by one, into a fresh virtual environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from configparser import ConfigParser
from email.message import Message
from email.parser import Parser
from importlib.metadata import distribution
from pathlib import Path
from zipfile import ZipFile

import attrs
import pytest

ROOT = Path(__file__).parent.parent
CORE_NEEDS = ("attrs", "cattrs", "click", "pluggy", "typing_extensions")
JSON_NEEDS = ("msgspec",)


def _pip(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def _files() -> list[str]:
    """Give the files of this repository, new ones included and ignored ones not."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name]


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the wheels of core and of prefcore-json, built from a copy."""
    folder = tmp_path_factory.mktemp("wheels")
    source = folder / "source"
    for name in _files():
        if (ROOT / name).is_file() and not name.startswith("docs/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    _pip(
        "wheel",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        source,
        source / "plugins/prefcore-json",
    )
    return folder


def _wheel(wheels: Path, name: str) -> Path:
    (found,) = wheels.glob(f"{name}-*.whl")
    return found


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
    with ZipFile(_wheel(wheels, name)) as archive:
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
    wheel = _wheel(wheels, "prefcore")
    metadata = _metadata(wheel)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert set(metadata.get_all("Provides-Extra", [])) >= {"testing", "json", "all"}
    needed = [one for one in metadata.get_all("Requires-Dist", []) if "extra ==" not in one]
    assert {one.split(">")[0].split("<")[0] for one in needed} == {
        "attrs",
        "cattrs",
        "click",
        "pluggy",
    }
    assert _entry_points(wheel) == {"console_scripts": {"prefcore": "prefcore.cli:main"}}


def test_the_metadata_of_prefcore_json_is_what_its_project_promises(wheels: Path) -> None:
    wheel = _wheel(wheels, "prefcore_json")
    metadata = _metadata(wheel)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    needed = metadata.get_all("Requires-Dist", [])
    assert {one.split(">")[0] for one in needed} == {"msgspec", "prefcore"}
    assert _entry_points(wheel) == {"prefcore.formats": {"json": "prefcore_json"}}


def test_the_extra_all_brings_every_plugin_package_of_this_repository(wheels: Path) -> None:
    metadata = _metadata(_wheel(wheels, "prefcore"))
    brought = {
        one.split(">")[0]
        for one in metadata.get_all("Requires-Dist", [])
        if one.endswith("extra == 'all'")
    }
    assert brought == {
        file.parent.name for file in (wheels / "source").glob("plugins/*/pyproject.toml")
    }


# ------------------------------------------------------------------------ in a fresh environment


@attrs.frozen
class Environment:
    """A virtual environment, with a project to work in."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    def install(self, wheel: Path, needs: tuple[str, ...]) -> None:
        """Install a wheel, with what it needs linked from the test environment."""
        site = Path(sysconfig.get_path("purelib", "venv", {"base": str(self.folder)}))
        for name in needs:
            found = distribution(name)
            tops = {file.parts[0] for file in found.files or () if file.parts[0] != ".."}
            for top in tops - {"__pycache__"}:
                (site / top).symlink_to(str(found.locate_file(top)))
        _pip("--python", self.python, "install", "--quiet", "--no-index", "--no-deps", wheel)
        _pip("--python", self.python, "check")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``prefcore`` there, seeing nothing of this process's environment."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        command = [str(self.folder / "bin/prefcore"), *arguments]
        return subprocess.run(
            command,
            cwd=self.folder / "project",
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def alone(wheels: Path, tmp_path: Path) -> Environment:
    """Give an environment with core alone, and a project of which one value is set."""
    environment = Environment(tmp_path / "environment")
    venv.create(environment.folder, symlinks=True, with_pip=False)
    environment.install(_wheel(wheels, "prefcore"), CORE_NEEDS)
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
        ended = environment.run(*arguments)
        assert ended.returncode == 0, ended.stderr
    return environment


def test_core_alone_says_what_to_install_and_works_once_it_is(
    alone: Environment, wheels: Path
) -> None:
    listed = alone.run("plugins", "list")
    assert listed.returncode == 0, listed.stderr
    assert "no format is installed" in (listed.stdout + listed.stderr).lower()
    exported = alone.run("export", "all.json")
    assert exported.returncode == 18
    assert "pip install prefcore-json" in exported.stderr
    assert "Traceback" not in exported.stderr
    assert not (alone.folder / "project/all.json").exists()

    alone.install(_wheel(wheels, "prefcore_json"), JSON_NEEDS)

    listed = alone.run("plugins", "list")
    assert listed.returncode == 0, listed.stderr
    assert "prefcore-json" in listed.stdout
    assert "no format is installed" not in (listed.stdout + listed.stderr).lower()
    exported = alone.run("export", "all.json")
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
