"""Wheels of this repository, and fresh environments that they are installed into.

Nothing is downloaded: wheels are built with the build backend of the test environment, and the
libraries that they need are linked from it, one by one, into a fresh virtual environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path

import attrs
from packaging.requirements import Requirement

__all__ = ["ROOT", "Environment", "build_wheels", "needs", "wheel_of"]

ROOT = Path(__file__).parent.parent


def pip(*arguments: str | Path) -> str:
    """Run pip of the test environment; gives what it prints."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def build_wheels(folder: Path, *projects: str) -> Path:
    """Build core's wheel and those of plugin packages, from a copy of the tree as it stands."""
    source = folder / "source"
    for name in _files():
        if (ROOT / name).is_file() and not name.startswith("docs/"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    places = [source, *(source / "plugins" / project for project in projects)]
    build(folder, *places)
    return folder


def build(folder: Path, *places: Path) -> None:
    """Build the wheels of these projects into a folder."""
    alone = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation")
    pip("wheel", *alone, "--wheel-dir", folder, *places)


def wheel_of(folder: Path, name: str) -> Path:
    """Give the one wheel of a distribution in a folder."""
    (found,) = folder.glob(f"{name.replace('-', '_')}-*.whl")
    return found


def _files() -> list[str]:
    """Give the files of this repository, new ones included and ignored ones not."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name]


@attrs.frozen
class Environment:
    """A virtual environment of its own."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> Environment:
        """Make an empty one."""
        venv.create(folder, symlinks=True, with_pip=False)
        return cls(folder)

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin/python"

    def install(self, *wheels: Path, extras: Iterable[str] = ()) -> None:
        """Install wheels of this repository, with what they need linked from here.

        ``extras`` are the first one's.
        """
        for number, wheel in enumerate(wheels):
            name = wheel.name.partition("-")[0].replace("_", "-")
            self.link(needs(name, () if number else extras))
        pip("--python", self.python, "install", "--quiet", "--no-index", "--no-deps", *wheels)
        pip("--python", self.python, "check")

    def link(self, names: Iterable[str]) -> None:
        """Link distributions of the test environment."""
        site = Path(sysconfig.get_path("purelib", "venv", {"base": str(self.folder)}))
        for name in names:
            found = distribution(name)
            tops = {file.parts[0] for file in found.files or () if file.parts[0] != ".."}
            for top in tops - {"__pycache__"}:
                if not (site / top).exists():
                    (site / top).symlink_to(str(found.locate_file(top)))

    def run(self, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """Run one of its programs there, seeing nothing of this process's environment."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        program = str(self.folder / "bin" / command[0])
        return subprocess.run(
            [program, *command[1:]],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )


def needs(name: str, extras: Iterable[str] = ()) -> Iterator[str]:
    """Give all that a distribution needs, directly or not, save what is of this repository."""
    seen: set[str] = set()
    waiting = [(name, tuple(extras))]
    while waiting:
        asking, wanted = waiting.pop()
        for text in distribution(asking).requires or ():
            need = Requirement(text)
            applies = any(
                need.marker is None or need.marker.evaluate({"extra": extra})
                for extra in (*wanted, "")
            )
            if applies and need.name not in seen and not need.name.startswith("prefcore"):
                seen.add(need.name)
                yield need.name
                waiting.append((need.name, tuple(need.extras)))
