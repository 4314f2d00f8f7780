"""Checks of the format suite fail on a TOML format that breaks what the check is about.

The broken formats are this package with one place of its source replaced.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.resources import files
from types import ModuleType
from typing import NamedTuple

import prefcore_toml
import pytest
from _pytest.outcomes import Failed
from hypothesis import Phase, settings

from prefcore_testing.formats import FormatSuite

#: Each imports from those before it.
_MODULES = (
    "_statements",
    "_pieces",
    "_tables",
    "_types",
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
        "null lost",
        "_texts",
        "return '{ \"$null\" = true }'",
        "return '\"\"'",
        "carries_value",
    ),
    Fault(
        "characters that TOML refuses",
        "_texts",
        "return _DELETE.sub(",
        "return _quoted(text) or (",
        "carries_value",
    ),
    Fault(
        "zones lost",
        "_texts",
        '.replace("+00:00", "Z")',
        '[:19] + "Z"',
        "carries_value",
    ),
    Fault(
        "nulls not known",
        "_types",
        'if len(data) == 1 and data.get("$null") is True:',
        "if False:",
        "carries_value",
    ),
    Fault(
        "errors of the decoder pass",
        "_statements",
        "except UnicodeDecodeError",
        "except KeyError",
        "refuses_any_bytes",
    ),
    Fault(
        "any size",
        "_statements",
        "if self._taken > self._limits.max_bytes:",
        "if False:",
        "keeps_limit_in_documents",
    ),
    Fault(
        "any number of keys",
        "_reading",
        "if len(self._rows) >= (most := self._limits.max_keys_per_set):",
        "if False:",
        "keeps_limit_in_documents",
    ),
    Fault(
        "all held",
        "_tables",
        "self._statements.begin()",
        "pass",
        "reads_as_sets_are_drawn_or_refuses_what_is_large",
    ),
    Fault(
        "any order",
        "_reading",
        '_located(piece, self._order.check, one, ("sets", self._counts["sets"]))',
        "pass",
        "refuses_sets_out_of_order",
    ),
    Fault(
        "end taken for granted",
        "_reading",
        'self._check_table("")',
        "pass",
        "refuses_what_follows_the_end",
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
    """The suite on a TOML format with the fault."""
    name = "broken_toml"
    made = {f"{name}.{module}".removesuffix(".__init__"): module for module in _MODULES}
    for full, module in made.items():
        text = (files(prefcore_toml) / f"{module}.py").read_text("utf-8")
        if module == fault.module:
            assert fault.old in text, f"the TOML format no longer has: {fault.old}"
            text = text.replace(fault.old, fault.new, 1)
        sys.modules[full] = ModuleType(full)
        code = compile(text.replace("prefcore_toml", name), f"broken {module}.py", "exec")
        exec(code, vars(sys.modules[full]))  # noqa: S102  # our own source
    (declared,) = sys.modules[name].prefcore_formats()

    class TestBroken(FormatSuite):
        info = declared
        module = "prefcore_toml"

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
