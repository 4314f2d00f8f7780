"""Checks that steps follow from the values alone: the same in processes that differ in all else."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import attrs
import pytest
from hypothesis import Phase, given, settings

from prefcore.values import canonical_text
from prefcore_testing.migrations.base import MigrationChecks
from prefcore_testing.migrations.drawing import keys_in_play, sets_of
from prefcore_testing.migrations.world import Sets

__all__ = ["PurityChecks"]

_CHILD = Path(__file__).with_name("child.py")
#: So many sets each way are taken through each step.
_SAMPLES = 25


@attrs.frozen
class _Place:
    """What a process is given beside the values: clock, zone, locale, hash seed, home."""

    time: float
    zone: str
    locales: tuple[str, ...]
    seed: int
    user: str


_HERE = _Place(981173106.25, "UTC0", ("C",), 1, "ann")
_THERE = _Place(
    2016913678.75, "XXX-5:45", ("tr_TR.UTF-8", "de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"), 4242, "bob"
)


#: A step's number, the way, and a set's texts by key.
_Case = tuple[int, str, Mapping[str, str]]


@attrs.frozen
class _Run:
    """What a process answered to each case, and what the steps looked at beside the values."""

    cases: list[_Case]
    answers: list[Mapping[str, str]]
    seen: list[str]


class PurityChecks(MigrationChecks, kit=True):
    """Two clocks, two locales, two hash seeds, and nothing looked at."""

    _run: ClassVar[_Run | None] = None  # made once for both checks

    def test_steps_give_the_same_in_every_process(self) -> None:
        run = self._here()
        there = self._answered(_THERE, run.cases)["answers"]
        steps = self.all_steps()
        for (number, way, texts), one, other in zip(run.cases, run.answers, there, strict=True):
            assert one == other, (
                f"{steps[number].id} {way} gives another result under another clock, locale or "
                f"hash seed, of {texts}"
            )

    def test_steps_look_at_nothing_but_the_values(self) -> None:
        seen = self._here().seen
        assert seen == [], f"a step's function {', '.join(seen)}"

    def _here(self) -> _Run:
        """Give what came of the cases in the first process, which both checks look at."""
        found = vars(type(self)).get("_run")
        if not isinstance(found, _Run):
            cases = self._cases()
            answered = self._answered(_HERE, cases)
            found = _Run(cases, answered["answers"], answered["seen"])
            type(self)._run = found
        return found

    def _cases(self) -> list[_Case]:
        """Give texts of sets to take up, and of sets to take down, by the step's number."""
        cases: list[_Case] = []
        for number, hop in enumerate(self.hops()):
            before, after = keys_in_play(hop.steps, hop.older, hop.newer)
            for way, schema, keys in (("up", hop.older, before), ("down", hop.newer, after)):
                drawn: list[Sets] = []
                draw = settings(
                    self.stories, max_examples=_SAMPLES, phases=[Phase.generate], database=None
                )
                draw(given(sets_of(schema, keys))(_into(drawn)))()
                for sets in (*drawn, *self.example_sets(schema)):
                    for values in sets.values():
                        texts = {key: canonical_text(value) for key, value in values.items()}
                        cases.append((number, way, texts))
        return cases

    def _answered(self, place: _Place, cases: list[_Case]) -> Any:
        """Take the cases through the steps in a process that is elsewhere."""
        path = [entry or str(Path.cwd()) for entry in sys.path]
        request = {
            "path": path,
            "time": place.time,
            "locales": place.locales,
            "cases": cases,
            **self._where_steps_are(),
        }
        with TemporaryDirectory() as home:
            done = subprocess.run(
                [sys.executable, "-P", str(_CHILD)],
                input=json.dumps(request),
                capture_output=True,
                encoding="utf-8",
                check=False,
                cwd=home,
                env={
                    "PYTHONHASHSEED": str(place.seed),
                    "PYTHONUTF8": "1",
                    "PYTHONPATH": os.pathsep.join(path),  # prefcore may stand there
                    "TZ": place.zone,
                    "LANG": place.locales[0],
                    "HOME": home,
                    "USER": place.user,
                    "LOGNAME": place.user,
                },
            )
        if done.returncode:
            pytest.fail(f"the steps cannot be run in a process of their own:\n{done.stderr}")
        return json.loads(done.stdout)

    def _where_steps_are(self) -> dict[str, str]:
        if isinstance(self.steps, Path):
            return {"folder": str(self.steps.absolute())}
        suite = type(self)
        if "<" in suite.__qualname__:
            pytest.fail(
                f"{suite.__qualname__} stands inside a function, where another process does not "
                "find its steps; define it at the top of its module, or give a folder of steps"
            )
        return {"file": str(Path(inspect.getfile(suite)).absolute()), "suite": suite.__qualname__}


def _into(drawn: list[Sets]) -> Callable[[Sets], None]:
    def keep(sets: Sets) -> None:
        drawn.append(sets)

    return keep
