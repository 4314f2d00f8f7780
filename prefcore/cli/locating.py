"""Locating: the file and line of a declaration, so that a finding leads to where it is mended."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = ["Source", "source_of_class", "source_of_file"]


class Source(NamedTuple):
    """Where a schema is declared: a file, its text, and whether it is Python."""

    path: str
    text: str
    is_python: bool = False

    def line(self, pointer: str) -> int:
        """Give the line of what a JSON pointer into the schema's document names, or the nearest.

        The names of the pointer are looked for one after the other, as far as they are there; in
        Python, those of the key.
        """
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
        if self.is_python:
            key = steps[1] if len(steps) > 1 else ""
            if not key:
                return len(self.text) - len(self.text.lstrip("\n")) + 1
            return self._after([rf"^\s*(?:class\s+)?{re.escape(n)}\b" for n in key.split(".") if n])
        place = self._after([rf'"{re.escape(step)}"\s*:' for step in steps])
        if place == 1 and len(steps) > 1:  # foreign schemas nest, or have no preferences
            place = self._after([rf'"{re.escape(steps[1])}"\s*:'])
        if place == 1 and len(steps) > 1:
            place = self._after([rf'"{re.escape(name)}"\s*:' for name in steps[1].split(".")])
        return place

    def _after(self, patterns: Sequence[str]) -> int:
        at = 0
        for pattern in patterns:
            found = re.compile(pattern, re.MULTILINE | re.IGNORECASE).search(self.text, at)
            if found is None:
                break
            at = found.end()
        return self.text.count("\n", 0, at) + 1


def source_of_file(path: Path) -> Source:
    """Give a schema file as a source; one that can't be read has no text."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""
    return Source(_relative(path), text)


def source_of_class(found: object) -> Source | None:
    """Give the file of a schema class as a source, or None where it has none."""
    import inspect

    if not isinstance(found, type):
        return None
    try:
        path = Path(inspect.getfile(found))
        text = path.read_text(encoding="utf-8")
    except (OSError, TypeError, UnicodeDecodeError):
        return None
    # What stands before the class is blanked, so that lines stay those of the file.
    _, first = inspect.getsourcelines(found)
    lines = text.split("\n")
    return Source(
        _relative(path), "\n".join(["" for _ in lines[: first - 1]] + lines[first - 1 :]), True
    )


def _relative(path: Path) -> str:
    """Give a path as it stands in the repository: from the working folder, where it is inside."""
    here = Path.cwd()
    whole = path.absolute()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
