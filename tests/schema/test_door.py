"""The door of prefcore.schema: every name is there, and nothing is imported before it is asked."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import prefcore.schema

# What a user writes, with the types that mypy must see.
EXAMPLE = """
    from enum import Enum
    from pathlib import Path
    from typing import Literal

    from prefcore.schema import Binding, Schema, Secret, Section, deprecated, preference

    class Colour(Enum):
        RED = "red"

    class Panel(Section):
        width: float = preference(80, gt=0)

    class Editor(Schema, app="acme-editor", version="2.1.0"):
        font_size: int = preference(12, ge=6, le=72, help="Points")
        theme: Literal["light", "dark", "system"] = "system"
        accent: Literal["red", "blue"] = preference("red")
        token: Secret[str] | None = preference(None)
        colour: Colour | None = preference(None, deprecated=deprecated(since="2.0.0"))
        tags: list[str] = preference([])
        home: Path = preference(Path("/"))
        name: str = preference(min_length=1)
        panel: Panel

    def use(binding: Binding) -> None:
        me = Editor.bound(binding)
        reveal_type(me)
        reveal_type(me.font_size)
        reveal_type(me.theme)
        reveal_type(me.token)
        reveal_type(me.colour)
        reveal_type(me.panel.width)
        reveal_type(Editor.document().preferences)
        me.font_size = 14
        me.theme = "dark"
        del me.font_size
        if me.token is not None:
            reveal_type(me.token.reveal())
"""
REVEALED = [
    "Editor",
    "int",
    "Literal['light'] | Literal['dark'] | Literal['system']",
    "Secret[str] | None",
    "Colour | None",
    "float",
    "Mapping[str, Preference]",
    "str",
]
MISTAKES = """
    me.font_size = "large"
    me.font_sice = 5
    me.theme = "blue"
    me.panel.height
    x: int = preference("text")
"""


def mypy(folder: Path, source: str) -> list[str]:
    path = folder / "example.py"
    path.write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--no-pretty", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=300,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_users_class_type_checks_and_its_mistakes_do_not(tmp_path: Path) -> None:
    clean = dedent(EXAMPLE)
    told = [line.split("Revealed type is ")[1].strip('"') for line in mypy(tmp_path, clean)]
    homes = re.compile(r"\b(builtins|typing|example|prefcore\.schema\.(secret|declared))\.")
    assert [homes.sub("", line) for line in told] == REVEALED
    broken = clean + "".join(f"\n    {line.strip()}" for line in MISTAKES.strip().splitlines())
    errors = [line for line in mypy(tmp_path, broken) if " error: " in line]
    assert len(errors) == 5, errors


def test_the_door_gives_every_name_it_announces() -> None:
    for name in prefcore.schema.__all__:
        assert getattr(prefcore.schema, name) is not None
        assert name in dir(prefcore.schema)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = prefcore.schema.nothing  # type: ignore[attr-defined]  # the point of this test


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        pytest.param("import prefcore.schema", "attrs cattrs json", id="the door"),
        pytest.param(
            "from prefcore.schema import SchemaDocument",
            "cattrs difflib decimal urllib pathlib prefcore.schema.typed prefcore.schema.vscode",
            id="documents",
        ),
        pytest.param("from prefcore.schema import Snapshots", "cattrs tempfile", id="snapshots"),
    ],
)
def test_a_name_imports_no_more_than_it_needs(statement: str, absent: str) -> None:
    code = f"import sys; before = set(sys.modules); {statement}; print(*set(sys.modules) - before)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    ).stdout.split()
    assert not set(absent.split()) & set(found)
