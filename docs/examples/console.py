"""Runs the console blocks of a page: what the docs show is what the commands print.

A block is fenced as ``console``; a line that begins with ``$ `` is a command, the lines below it
are what it prints. A page whose first command is ``. .venv/bin/activate`` begins in a clone, any
other in an empty folder. ``python docs/examples/console.py --write PAGE…`` puts the real output in.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent
EXAMPLE = DOCS / "examples" / "first-upgrade"

#: What a page begins with where its commands need the files of a clone.
_ACTIVATE = ". .venv/bin/activate"
_FENCE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A block that begins with its name is a file, which the commands find.
_FILE = re.compile(r"^```(?:python|toml)\n# ([\w./-]+\.(?:py|toml))\n(.*?)^```$", re.M | re.S)
# What differs from run to run: short and whole ids and digests, times.
_VARIES = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "‹id›"),
    (re.compile(r"sha256:[0-9a-f]{12,64}"), "‹digest›"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?"), "‹time›"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}\b"), "‹id›"),
    (re.compile(r"\b[0-9a-f]{8}\b"), "‹id›"),
    (re.compile(r"\b[\d,]+ bytes\b"), "‹size›"),
)


class Console:
    """A shell in an empty folder of its own, ``~/desk``; beside it is a clone, ``~/prefcore``."""

    def __init__(self, folder: Path, path: str | None = None) -> None:
        self.folder = folder / "desk"
        self._root = folder
        self.folder.mkdir()
        self._clone = folder / "prefcore"
        self._clone.mkdir()
        (self._clone / "docs").symlink_to(DOCS)
        (self._clone / ".venv").symlink_to(sys.prefix)
        kept = {"PATH", "LANG", "LC_ALL", "PYTHONPATH"}
        self._environ: Mapping[str, str] = {
            **{name: value for name, value in os.environ.items() if name in kept},
            "PATH": f"{path or Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "PREFCORE_ACTOR": "kim",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._last_id = ""

    def begin(self, page: str) -> None:
        """Go where the commands of a page begin, and save the files that it shows."""
        for name, content in _FILE.findall(page):
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"# {name}\n{content}", encoding="utf-8")
        first, _ = next(commands(page), ("", ""))
        if first == _ACTIVATE:
            self.folder = self._clone

    def run(self, command: str) -> str:
        """Run one command and give what it prints; a ``cd`` holds for those that follow.

        The text ``CHANGESET`` in a command stands for the last changeset that was printed.
        """
        command = command.replace("CHANGESET", self._last_id)
        script = f'{command}\nstatus=$?\npwd > "{self._root}/.pwd"\nexit $status'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
        )
        self.folder = Path((self._root / ".pwd").read_text(encoding="utf-8").strip())
        for found in re.finditer(r"\(changeset ([0-9a-f]{8})\)", done.stdout):
            self._last_id = found[1]
        return done.stdout.replace(str(self._root), "/home/kim")


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Give every command of a page's console blocks, with what the page says it prints."""
    for block in _FENCE.findall(text):
        parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
        for part in parts[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def normalised(text: str) -> str:
    """Give a text with what varies from run to run replaced."""
    for pattern, name in _VARIES:
        text = pattern.sub(name, text)
    return "\n".join(line.rstrip() for line in text.rstrip().splitlines())


def rewritten(text: str, folder: Path) -> str:
    """Give a page with its commands' real output put in."""
    console = Console(folder)
    console.begin(text)

    def block(found: re.Match[str]) -> str:
        printed = [f"$ {command}\n{console.run(command)}" for command, _ in commands(found[0])]
        return "```console\n" + "".join(printed) + "```"

    return _FENCE.sub(block, text)


def main(arguments: list[str]) -> int:
    """Rewrite the named pages."""
    if arguments[:1] != ["--write"]:
        print(__doc__)
        return 2
    for name in arguments[1:]:
        page = Path(name)
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(
                rewritten(page.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
