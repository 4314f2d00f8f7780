"""Checks of the format suite fail on a TOML format that breaks what the check is about.

The broken formats are this package with one place of its source replaced.
"""

from __future__ import annotations

import prefcore_toml
import pytest
from _pytest.outcomes import Failed

from prefcore.interfaces import FormatInfo
from prefcore_testing.formats import FormatSuite
from prefcore_testing.mutants import Fault, mutant, quick, run_check

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


def _suite_on(declared: FormatInfo) -> type[FormatSuite]:
    class TestBroken(FormatSuite):
        info = declared
        module = "prefcore_toml"

    return quick(TestBroken)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_is_found(fault: Fault) -> None:
    with mutant(prefcore_toml, _MODULES, fault) as package:
        suite = _suite_on(package.prefcore_formats()[0])
        for name in fault.checks:
            with pytest.raises((Exception, Failed)):
                run_check(suite(), f"test_{name}")


def test_copy_without_a_fault_passes() -> None:
    with mutant(prefcore_toml, _MODULES, None) as package:
        suite = _suite_on(package.prefcore_formats()[0])
        suite.examples = 5  # whether it is the copying that breaks it, a few documents tell
        for name in sorted({name for fault in FAULTS for name in fault.checks}):
            run_check(suite(), f"test_{name}")
