"""Compatibility: what a change of a schema breaks, for whom, and the version that it needs.

This door imports nothing until a name is asked for: most commands compare no schemas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefcore.schema.compatibility.bridge import NO_BRIDGE, Bridge, StepFault
    from prefcore.schema.compatibility.bumps import bump_between, is_enough, smallest_version
    from prefcore.schema.compatibility.comparison import Comparison, compare
    from prefcore.schema.compatibility.findings import Finding, Verdict
    from prefcore.schema.compatibility.history import breaks_of_earlier, earlier_owners, in_order
    from prefcore.schema.compatibility.judging import Judged, Judgement, judge
    from prefcore.schema.compatibility.policy import MODES, REMEDIES, Override, Policy
    from prefcore.schema.compatibility.rules import BUMPS, RULES, Rule

__all__ = [
    "BUMPS",
    "MODES",
    "NO_BRIDGE",
    "REMEDIES",
    "RULES",
    "Bridge",
    "Comparison",
    "Finding",
    "Judged",
    "Judgement",
    "Override",
    "Policy",
    "Rule",
    "StepFault",
    "Verdict",
    "breaks_of_earlier",
    "bump_between",
    "compare",
    "earlier_owners",
    "in_order",
    "is_enough",
    "judge",
    "smallest_version",
]

_HOMES = {
    "bridge": ("NO_BRIDGE", "Bridge", "StepFault"),
    "bumps": ("bump_between", "is_enough", "smallest_version"),
    "comparison": ("Comparison", "compare"),
    "findings": ("Finding", "Verdict"),
    "history": ("breaks_of_earlier", "earlier_owners", "in_order"),
    "judging": ("Judged", "Judgement", "judge"),
    "policy": ("MODES", "REMEDIES", "Override", "Policy"),
    "rules": ("BUMPS", "RULES", "Rule"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # hidden from type checkers, which would accept any name

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value
