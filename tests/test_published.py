"""Every wheel as the usual judges see it, and the kit's suites run from wheels alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.installing import ROOT, Environment, build_wheels, wheel_of

PLUGINS = sorted(file.parent.name for file in ROOT.glob("plugins/*/pyproject.toml"))
#: Core and kit are one wheel on purpose, so there are two packages at its top.
_JUDGES = (
    ("twine", "check", "--strict"),
    ("check-wheel-contents", "--ignore", "W009"),
)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the wheels of core and of every plugin package."""
    return build_wheels(tmp_path_factory.mktemp("wheels"), *PLUGINS)


@pytest.mark.parametrize("judge", _JUDGES, ids=lambda judge: judge[0])
def test_the_usual_judges_of_wheels_find_nothing_wrong(
    judge: tuple[str, ...], wheels: Path
) -> None:
    built = sorted(map(str, wheels.glob("*.whl")))
    assert len(built) == 1 + len(PLUGINS)
    command = [str(Path(sys.executable).with_name(judge[0])), *judge[1:], *built]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("name", PLUGINS)
def test_the_wheel_of_a_plugin_package_is_typed_licensed_and_alone(name: str, wheels: Path) -> None:
    package = name.replace("-", "_")
    with ZipFile(wheel_of(wheels, name)) as archive:
        held = {Path(one) for one in archive.namelist()}
        (described,) = (one for one in held if one.parts[-1] == "METADATA")
        metadata = Parser().parsestr(archive.read(str(described)).decode())
        points = archive.read(str(described.with_name("entry_points.txt"))).decode()
    assert {one.parts[0] for one in held} == {package, described.parts[0]}
    assert Path(package, "py.typed") in held
    assert metadata["Name"] == name
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert any(one.startswith("prefcore") for one in metadata.get_all("Requires-Dist", []))
    assert set(re.findall(r"^\[([\w.]+)\.\w+\]$", points, re.MULTILINE)) == {"prefcore"}
    assert set(re.findall(r"= *(\w+)", points)) == {package}


# -------------------------------------------------------------- the kit, outside the repository

_SUITES = """
from pathlib import Path

from hypothesis import settings
from prefcore_json import prefcore_formats
from prefcore_local import prefcore_backup_targets

from prefcore.builtin.memory_store import MemoryStore
from prefcore_testing.formats import FormatSuite
from prefcore_testing.migrations import MigrationSuite
from prefcore_testing.stores import StoreSuite
from prefcore_testing.targets import TargetSuite

(TARGET,) = prefcore_backup_targets()


class TestStore(StoreSuite):
    def make(self, tmp_path):
        return MemoryStore()


class TestTarget(TargetSuite):
    persistent = True

    def make(self, tmp_path):
        return TARGET.factory(f"file://{tmp_path}/target")

    def raw(self, target):
        root = Path(vars(target)["path"])
        files = (path for path in root.rglob("*") if not path.is_dir())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    def reopen(self, target):
        target.close()
        return TARGET.factory(vars(target)["url"])


class TestFormat(FormatSuite):
    (info,) = prefcore_formats()
    examples = 2


class TestSteps(MigrationSuite):
    app = "golang.go"
    steps = Path("first-upgrade/migrations")
    schemas = Path("first-upgrade/schemas")
    stories = settings(MigrationSuite.stories, max_examples=2)
"""
# Here they have to run; how thoroughly they judge is shown where each suite is tested.
_SLOW = "any_ or story or stories or damage or notices or foreign or large or threads or bytes"


def test_the_suites_of_the_kit_run_from_the_wheels_outside_the_repository(
    wheels: Path, tmp_path: Path
) -> None:
    environment = Environment.made(tmp_path / "environment")
    names = ("prefcore", "prefcore-json", "prefcore-local")
    environment.install(*(wheel_of(wheels, name) for name in names), extras=["testing"])
    outside = tmp_path / "outside"
    shutil.copytree(ROOT / "docs/examples/first-upgrade", outside / "first-upgrade")
    (outside / "test_suites.py").write_text(_SUITES)
    words = ("-v", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-k", f"not ({_SLOW})")
    ended = environment.run(outside, "python", "-m", "pytest", *words)
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr
    for suite in ("TestStore", "TestTarget", "TestFormat", "TestSteps"):
        assert len(re.findall(rf"::{suite}::.* PASSED", ended.stdout)) >= 5, suite
