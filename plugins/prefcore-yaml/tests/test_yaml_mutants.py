"""Checks of the format suite fail on a YAML format that breaks what the check is about.

The broken formats are this package with one place of its source replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from types import ModuleType
from typing import NamedTuple

import prefcore_yaml
import pytest
from _pytest.outcomes import Failed
from hypothesis import Phase, settings

from prefcore_testing.formats import FormatSuite

#: Each imports from those before it.
_MODULES = (
    "_source",
    "_events",
    "_scalars",
    "_nodes",
    "_reading",
    "_texts",
    "_writing",
    "_format",
    "_detection",
    "__init__",
)


class Fault(NamedTuple):
    """One place of the source, what stands there instead, and a check that finds it."""

    name: str
    module: str
    old: str
    new: str
    check: str


FAULTS = [
    Fault(
        "words taken for others",
        "_texts",
        " and text.lower() not in _AMBIGUOUS",
        "",
        "carries_value",
    ),
    Fault(
        "characters that YAML refuses",
        "_texts",
        'return _ESCAPED.sub(lambda found: f"\\\\u{ord(found[0]):04x}", _quoted(text))',
        "return _quoted(text)",
        "carries_value",
    ),
    Fault(
        "no bound of depth",
        "_events",
        "if self._depth > self._deepest:",
        "if False:",
        "refuses_foreign_bytes",
    ),
    Fault(
        "keys given twice",
        "_nodes",
        "if key in seen:",
        "if False:",
        "refuses_key_that_stands_twice",
    ),
    Fault(
        "errors of the decoder pass",
        "_source",
        "except UnicodeDecodeError",
        "except KeyError",
        "refuses_any_bytes",
    ),
    Fault(
        "any size",
        "_source",
        "if taken > limits.max_bytes:",
        "if False:",
        "keeps_limit_in_documents",
    ),
    Fault(
        "any number of keys",
        "_reading",
        "if len(rows) >= (most := self._limits.max_keys_per_set):",
        "if False:",
        "keeps_limit_in_documents",
    ),
    Fault(
        "all held",
        "_reading",
        "self._events.source.let_go()",
        "pass",
        "reads_as_sets_are_drawn_or_refuses_what_is_large",
    ),
    Fault(
        "any order",
        "_reading",
        'self._order.check(one, ("sets", self._sets))',
        "pass",
        "refuses_sets_out_of_order",
    ),
    Fault(
        "written at the end",
        "_writing",
        "_BATCH = 1 << 16",
        "_BATCH = 1 << 40",
        "writes_as_sets_are_drawn_or_holds_them",
    ),
    Fault(
        "applications left out",
        "_writing",
        '{"app": one.app, **head} if one.app else head',
        "head",
        "carries_several_applications_or_refuses_them",
    ),
    Fault(
        "detection of something else",
        "_detection",
        "return Likeness.CERTAIN",
        "return Likeness.NO",
        "detects_its_own_documents",
    ),
]


@pytest.fixture
def broken(fault: Fault) -> Iterator[FormatSuite]:
    """The suite on a YAML format with the fault."""
    name = "broken_yaml"
    made = {f"{name}.{module}".removesuffix(".__init__"): module for module in _MODULES}
    for full, module in made.items():
        text = (files(prefcore_yaml) / f"{module}.py").read_text("utf-8")
        if module == fault.module:
            assert fault.old in text, f"the YAML format no longer has: {fault.old}"
            text = text.replace(fault.old, fault.new, 1)
        sys.modules[full] = ModuleType(full)
        code = compile(text.replace("prefcore_yaml", name), f"broken {module}.py", "exec")
        exec(code, vars(sys.modules[full]))  # noqa: S102  # our own source
    (declared,) = sys.modules[name].prefcore_formats()

    class TestBroken(FormatSuite):
        info = declared
        module = "prefcore_yaml"

        def trials(self) -> settings:
            given = super().trials()
            return settings(given, database=None, derandomize=True, phases=[Phase.generate])

    yield TestBroken()
    for full in made:
        del sys.modules[full]


def _run(suite: FormatSuite, name: str) -> None:
    """Run all cases of a check."""
    check: Callable[..., None] = getattr(suite, f"test_{name}")
    marks = [mark for mark in getattr(check, "pytestmark", []) if mark.name == "parametrize"]
    for case in marks[0].args[1] if marks else [None]:
        check(*([] if case is None else [case]))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_found(fault: Fault, broken: FormatSuite) -> None:
    with pytest.raises((Exception, Failed)):
        _run(broken, fault.check)


@pytest.mark.parametrize("fault", [Fault("none", "__init__", "id=", "id=", "")], ids=["none"])
def test_copy_without_a_fault_passes(fault: Fault, broken: FormatSuite) -> None:
    for check in sorted({one.check for one in FAULTS}):
        _run(broken, check)
