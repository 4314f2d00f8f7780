"""What an application's type checker sees: examples pass ``mypy --strict``, values have types."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.test_docs import _FILE, ROOT, _write, blocks

#: Pages from which authors of applications copy, and what mypy rightly says of them.
PAGES = {
    "README.md": [],
    "docs/reference/python.md": [],
    "docs/reference/schema.md": [],
    # The page shows that this is refused when it is run; a type checker refuses it before.
    "docs/how-to/declare-preferences.md": [
        (
            "Incompatible types in assignment (expression has type \"Literal['pink']\", "
            "variable has type \"Literal['light', 'dark', 'system']\")"
        )
    ],
}

SEEN = """
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Literal

from prefcore import Preferences, Schema, Secret, Section, preference


class Wrap(Enum):
    OFF = "off"


class Ui(Section):
    zoom: float = preference(1.0, gt=0)


class Editor(Schema, app="acme", version="1.0.0"):
    size: int = preference(12, ge=6)
    theme: Literal["light", "dark"] = "light"
    wrap: Wrap = Wrap.OFF
    rulers: list[int] = preference([80])
    folder: Path = preference(Path("."))
    opened: datetime | None = None
    token: Secret[str] | None = None
    needed: str = preference()
    ui: Ui


def look(prefs: Preferences[Editor]) -> None:
    me = prefs.user("kim")
    reveal_type(me)
    reveal_type(me.size)
    reveal_type(me.theme)
    reveal_type(me.wrap)
    reveal_type(me.rulers)
    reveal_type(me.folder)
    reveal_type(me.opened)
    reveal_type(me.token)
    reveal_type(me.needed)
    reveal_type(me.ui.zoom)
    with prefs.change(user="kim") as several:
        reveal_type(several.size)
    reveal_type(prefs.at(user="kim", project="p").theme)
    me.size = "12"
    me.colour = "red"
    me.ui.zoom = None


reveal_type(Preferences.open(Editor))
"""

#: Every revealed type and every error, in order.
EXPECTED = [
    "note: Editor",
    "note: int",
    "note: Literal['light'] | Literal['dark']",
    "note: Wrap",
    "note: list[int]",
    "note: Path",
    "note: datetime | None",
    "note: Secret[str] | None",
    "note: str",
    "note: float",
    "note: int",
    "note: Literal['light'] | Literal['dark']",
    'error: Incompatible types in assignment (expression has type "str", variable has type "int")',
    'error: "Editor" has no attribute "colour"',
    (
        'error: Incompatible types in assignment (expression has type "None", variable has type '
        '"float")'
    ),
    "note: Preferences[Editor]",
]

_LINE = re.compile(r"^(\w+)\.py:\d+: (\w+: .*?)(?:  \[[\w-]+\])?$", re.MULTILINE)
_REVEALED = re.compile(r'Revealed type is "(.*)"')
_MODULES = re.compile(r"\b(?:\w+\.)+(\w+)")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What mypy says of each page, and of SEEN, checked as files of an application."""
    folder = tmp_path_factory.mktemp("application")
    modules = {page: f"page{number}" for number, page in enumerate(PAGES)}
    for page, module in modules.items():
        rest = []
        for _, text in blocks(ROOT / page, "python"):
            if file := _FILE.match(text):
                _write(folder / file[1], text)
            else:
                rest.append(text)
        _write(folder / f"{module}.py", "\n".join(rest))
    _write(folder / "seen.py", SEEN)
    files = [f"{module}.py" for module in (*modules.values(), "seen")]
    cache = ROOT / ".mypy_cache" / "of-applications"
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            f"--cache-dir={cache}",
            *files,
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.stderr == ""
    found: dict[str, list[str]] = {module: [] for module in (*modules.values(), "seen")}
    for module, line in _LINE.findall(ran.stdout):
        found[module].append(line)
    return {"seen": found["seen"], **{page: found[module] for page, module in modules.items()}}


@pytest.mark.parametrize("page", PAGES)
def test_examples_pass_a_strict_type_checker(page: str, said: dict[str, list[str]]) -> None:
    assert said[page] == [f"error: {one}" for one in PAGES[page]]


def test_values_have_their_declared_types(said: dict[str, list[str]]) -> None:
    found = [_MODULES.sub(r"\1", _REVEALED.sub(r"\1", line)) for line in said["seen"]]
    assert found == EXPECTED
