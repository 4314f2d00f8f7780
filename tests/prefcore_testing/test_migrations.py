"""Every check of the migration suite fails some steps, or some engine, that break what it is about.

The steps are two files that pass; each fault replaces a place of one of them, or a function of the
engine, and names exactly the checks that find it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import Phase, settings

from prefcore.engines import migrating
from prefcore.migration import Step, convert
from prefcore.schema import Preference, SchemaDocument, Shape
from prefcore_testing.migrations import MigrationSuite, world

_TEXT = Shape(kinds=("string",))
_BOOLEAN = Shape(kinds=("boolean",))
# Listed where no fault needs a pattern: texts that match one take long to draw.
_WORD = Shape(enum=tuple("abcd"))
_FIRST = {
    "tool": Shape(enum=("ruff", "black", "yapf")),
    "size": Shape(kinds=("string",), pattern="^[1-9][0-9]?$"),
    "name": Shape(enum=tuple(f"{first} {last}" for first in "abcd" for last in "abcd")),
    "wait": Shape(kinds=("integer",), minimum=0, maximum=60),
    "legacy": _BOOLEAN,
    "theme": _TEXT,
}
_SECOND = {
    "tool": Shape(enum=("ruff", "black")),
    "font_size": Shape(kinds=("integer",), minimum=1, maximum=99),
    "first": _WORD,
    "last": _WORD,
    "wait": _FIRST["wait"],
    "legacy": _BOOLEAN,
    "theme": _TEXT,
}
_THIRD = {
    **{key: shape for key, shape in _SECOND.items() if key != "legacy"},
    "wait": Shape(kinds=("integer",), minimum=0, maximum=60_000),
    "fresh": _BOOLEAN,
}
_SHAPES = {"1.0.0": _FIRST, "1.1.0": _SECOND, "2.0.0": _THIRD}


def _documents() -> dict[str, SchemaDocument]:
    return {
        version: SchemaDocument("acme", version, [Preference(k, one) for k, one in shapes.items()])
        for version, shapes in _SHAPES.items()
    }


_STEPS = {
    "first.py": """
import datetime, locale, os, time
from prefcore.migration import MapValues, Step, convert, map_values, python, rename

calls = []

class Hasty(MapValues):
    def down(self, rows):
        if self.key in rows:
            raise ZeroDivisionError

def fact():
    return 0

def turned(word, by):
    return "".join("abcd"[("abcd".index(letter) + by) % 4] for letter in word)

def split(values):
    first, last = values["name"].split()
    return {"first": first, "last": turned(last, fact())}

def join(values):
    names = {key: values[key] for key in ("first", "last") if key in values}
    if "last" in names:
        names["last"] = turned(names["last"], -fact())
    return {"name": " ".join(names.values())}

step = Step(
    "1.0.0",
    "1.1.0",
    map_values("tool", {"yapf": "black"}),
    convert("size", up=lambda text: int(text), down=lambda number: str(number)),
    rename("size", "font_size"),
    python(split, join, reads=["name"], writes=["name", "first", "last"]),
)
""",
    "second.py": """
from prefcore.migration import Step, add, convert, remove

step = Step("1.1.0", "2.0.0", convert("wait", scale="1000"), remove("legacy"), add("fresh", True))
""",
}

FIT = "steps_fit_their_schemas"
UP = "up_gives_what_the_newer_schema_allows"
RESTORES = "down_restores_exactly_what_was_there"
DOWN = "down_of_new_values_gives_what_the_older_schema_allows_or_says_so"
EDITS = "edits_survive_the_way_down_or_are_reported"
AGAIN = "up_again_is_up_once"
MIDDLE = "a_rollback_to_the_middle_ends_where_going_up_there_did"
APART = "sets_do_not_influence_one_another"
RUN = "one_run_ends_as_step_by_step"
EVERYWHERE = "steps_give_the_same_in_every_process"
LOOKS = "steps_look_at_nothing_but_the_values"


@attrs.frozen
class Fault:
    """One place of the steps, what stands there instead, and exactly the checks that find it."""

    name: str
    old: str
    new: str
    checks: tuple[str, ...]
    #: What is drawn goes by chance, also by which modules were imported.
    examples: int = 25


#: Where the laws see steps without a fault: what only other processes show is drawn for them apart.
_FEW = 5
_FACT = "return 0"
FAULTS = [
    Fault("none", _FACT, _FACT, ()),
    Fault("misspelt value", '"yapf": "black"', '"yapf": "black", "blakc": "black"', (FIT,), _FEW),
    Fault("result refused", "int(text)", "int(text) if int(text) % 2 else 500", (UP,)),
    Fault(
        "lossy way down",
        'scale="1000"',
        "up=lambda value: value * 1000, down=lambda value: value // 1000",
        (EDITS,),
    ),
    Fault("way down that forgets", "names.values()", '{**names, "last": "a"}.values()', (EDITS,)),
    Fault(
        "way down that fails unseen",
        '    map_values("tool", {"yapf": "black"}),\n',
        '    Hasty("tool", {\'"yapf"\': \'"black"\'}),\n',
        (EDITS, DOWN),
    ),
    Fault("by the hash seed", _FACT, 'return hash("salt") % 4', (EVERYWHERE,), _FEW),
    Fault("by the date", _FACT, "return datetime.date.today().month % 4", (EVERYWHERE,), _FEW),
    Fault("by the moment", _FACT, "return int(time.time() // 10**8) % 4", (EVERYWHERE,), _FEW),
    Fault("by local time", _FACT, "return time.localtime().tm_mon % 4", (EVERYWHERE,), _FEW),
    Fault("by a datetime", _FACT, "return datetime.datetime.now().month % 4", (EVERYWHERE,), _FEW),
    Fault("by the zone", _FACT, "return -time.timezone // 900 % 4", (EVERYWHERE,), _FEW),
    Fault(
        "by the user", _FACT, 'return ord(os.environ.get("USER", "x")[0]) % 4', (EVERYWHERE,), _FEW
    ),
    Fault(
        "by the locale",
        _FACT,
        "return len(locale.setlocale(locale.LC_CTYPE)) % 4",
        (EVERYWHERE,),
        _FEW,
    ),
    Fault(
        "by chance",
        _FACT,
        "return os.urandom(1)[0] % 4",
        (EDITS, AGAIN, MIDDLE, APART, RUN, EVERYWHERE),
    ),
    Fault(
        "by what it remembers",
        _FACT,
        "calls.append(1); return len(calls) % 4",
        (EDITS, AGAIN, MIDDLE, APART, RUN),
    ),
    Fault("reads a file", _FACT, 'open("/dev/null").close(); return 0', (LOOKS,), _FEW),
    Fault(
        "tries the network",
        _FACT,
        "import socket; socket.socket().close(); return 0",
        (LOOKS,),
        _FEW,
    ),
]


def _suite(folder: Path, fault: Fault | None = None) -> type[MigrationSuite]:
    folder.mkdir(exist_ok=True)
    for name, text in _STEPS.items():
        if fault is not None:
            text = text.replace(fault.old, fault.new)
        (folder / name).write_text(text, "utf-8")

    class TestBroken(MigrationSuite):
        steps = folder
        schemas: ClassVar = _documents()
        stories = settings(
            MigrationSuite.stories,
            max_examples=25 if fault is None else fault.examples,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
        )

    return TestBroken


def _failing(suite: type[MigrationSuite]) -> set[str]:
    failing = set()
    for name in suite.checks():
        try:
            getattr(suite(), name)()
        except (Exception, pytest.fail.Exception):  # noqa: BLE001  # of any kind
            failing.add(name.removeprefix("test_"))
    return failing


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_of_the_steps_is_found_by_exactly_its_checks(fault: Fault, tmp_path: Path) -> None:
    assert fault.old in "".join(_STEPS.values())
    assert _failing(_suite(tmp_path / "steps", fault)) == {*fault.checks}


# ------------------------------------------------------------------------------- the engine


def _stamped_anew(migrate: Callable[..., None]) -> Callable[..., None]:
    """A way down that restores values and not when they were written."""

    def down(transaction: Any, *arguments: Any, **options: Any) -> None:
        migrate(transaction, *arguments, **options)
        for one in list(transaction.sets("acme")):
            transaction.remove(one.scope, one.owner, [row[0] for row in one.rows])
            transaction.write(one.scope, one.owner, [(*row[:2], 5, *row[3:]) for row in one.rows])

    return down


def _first_edge_only(migrate: Callable[..., None]) -> Callable[..., None]:
    """A way up that takes only the first step of several."""

    def up(transaction: Any, builder: Any, migration: Any, path: Any) -> None:
        migrate(transaction, builder, migration, path[:1])

    return up


ENGINES: dict[str, tuple[str, Callable[..., Any], tuple[str, ...]]] = {
    "metadata lost": ("migrate_back", _stamped_anew, (RESTORES, RUN)),
    "steps left out": ("migrate_up", _first_edge_only, (RUN,)),
}


@pytest.mark.parametrize("name", ENGINES)
def test_a_fault_of_the_engine_is_found_by_exactly_its_checks(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, change, checks = ENGINES[name]
    monkeypatch.setattr(world, function, change(getattr(migrating, function)))
    assert _failing(_suite(tmp_path / "steps")) == {*checks}


def test_every_check_finds_a_fault() -> None:
    found = {f"test_{check}" for fault in FAULTS for check in fault.checks}
    found |= {f"test_{check}" for _, _, checks in ENGINES.values() for check in checks}
    assert found == set(MigrationSuite.checks())


# -------------------------------------------------------------------------- what authors give


def double(value: int) -> int:
    """Give twice as much."""
    return value * 2


def half(value: int) -> int | float:
    """Give half as much."""
    return value / 2 if value % 2 else value // 2


class TestStepsGivenInCode(MigrationSuite):
    steps = (Step("1.0.0", "2.0.0", convert("wait", up=double, down=half)),)
    schemas: ClassVar = {
        version: SchemaDocument("acme", version, [Preference("wait", shape)])
        for version, shape in (
            ("1.0.0", Shape(kinds=("integer",), minimum=0, maximum=60)),
            ("2.0.0", Shape(kinds=("integer",), minimum=0, maximum=120)),
        )
    }
    examples: ClassVar = {"1.0.0": [{"wait": 17}]}


def _told_of(suite: type[MigrationSuite], check: str) -> str:
    with pytest.raises((AssertionError, pytest.fail.Exception)) as raised:
        getattr(suite(), check)()
    return str(raised.value)


def test_a_failure_tells_the_step_and_the_values(tmp_path: Path) -> None:
    (fault,) = (one for one in FAULTS if one.name == "result refused")
    told = _told_of(_suite(tmp_path / "steps", fault), f"test_{UP}")
    assert 'size = "' in told
    assert "1.0.0 → 1.1.0: user/alice font_size: 500 is above the maximum 99" in told


def test_no_steps_prove_nothing(tmp_path: Path) -> None:
    suite = _suite(tmp_path / "steps")
    for file in (tmp_path / "steps").glob("*.py"):
        file.unlink()
    for check in suite.checks():
        assert "there are no steps" in _told_of(suite, check)


def test_a_step_at_a_version_without_a_schema_is_named(tmp_path: Path) -> None:
    suite = _suite(tmp_path / "steps")
    suite.schemas = {version: one for version, one in _documents().items() if version < "2"}
    assert "a step stands at 2.0.0, of which there is no schema" in _told_of(suite, f"test_{FIT}")


def test_steps_in_code_that_another_process_cannot_find_are_refused() -> None:
    class TestHidden(TestStepsGivenInCode):
        pass

    assert "stands inside a function" in _told_of(TestHidden, f"test_{EVERYWHERE}")


def test_examples_are_checked_too(tmp_path: Path) -> None:
    class TestExamples(_suite(tmp_path / "steps")):  # type: ignore[misc]  # made for each test
        examples: ClassVar = {"1.0.0": [{"size": "0", "theme": "dark"}]}

    assert 'size = "0"' in _told_of(TestExamples, f"test_{UP}")
