"""The rules: what each kind of change is called, and the version bump that it asks for."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

__all__ = ["BUMPS", "RULES", "Rule"]

#: From the least to the most.
BUMPS = ("patch", "minor", "major")


@attrs.frozen
class Rule:
    """One rule: its id, the change it names, and how much it asks for.

    ``least`` is the bump where nothing breaks, ``callers`` the one where programs that use the key
    break. ``level`` is ``note``, ``warning`` or ``error``; an error stands whatever the version.
    """

    id: str
    change: str
    least: str = "minor"
    callers: str = "major"
    level: str = "note"


def _table(*rules: Rule) -> Mapping[str, Rule]:
    return {rule.id: rule for rule in rules}


RULES = _table(
    Rule("K01", "key added, optional or with default"),
    Rule("K02", "key added, required, without default"),
    Rule("K03", "key removed after it was deprecated"),
    Rule("K04", "key removed that was never deprecated", level="error"),
    Rule("K05", "removed name not reserved", least="patch", level="error"),
    Rule("K06", "reserved name used again", level="error"),
    Rule("K07", "key renamed, its old name kept as an alias"),
    Rule("K08", "key renamed without alias, or alias dropped"),
    Rule("K10", "names equal but for case or in the environment", "patch", "patch", "error"),
    Rule("K11", "deprecated, or no longer deprecated", least="patch"),
    Rule("T01", "type widened"),
    Rule("T02", "type narrowed"),
    Rule("T03", "type changed to another"),
    Rule("T04", "single value and list exchanged"),
    Rule("T05", "null no longer or newly allowed"),
    Rule("T06", "format changed"),
    Rule("T07", "unit changed", level="error"),
    Rule("N01", "bound tightened"),
    Rule("N02", "bound loosened"),
    Rule("N03", "pattern added, removed or changed"),
    Rule("N05", "constraints that no value satisfies", least="patch", level="error"),
    Rule("E01", "allowed value added", callers="minor"),
    Rule("E02", "allowed value removed"),
    Rule("E04", "order of the allowed values changed", callers="minor", level="warning"),
    Rule("D01", "default changed", callers="minor", level="warning"),
    Rule("D02", "default of a required key added or removed"),
    Rule("D03", "default breaks its own constraints", least="patch", level="error"),
    Rule("D04", "optional key or member became required"),
    Rule("D05", "required key or member became optional", callers="minor", level="warning"),
    Rule("O01", "object closed or opened"),
    Rule("O02", "item or member changed"),
    Rule("O04", "alternative added or removed"),
    Rule("P01", "scope removed or added"),
    Rule("P02", "locked, or no longer locked"),
    Rule("P03", "made sensitive, or no longer sensitive", least="major"),
    Rule("P04", "role needed for a change raised or lowered"),
    Rule("P05", "merge strategy changed", level="warning"),
    Rule("P06", "environment variable removed or changed"),
    Rule("P07", "readings recorded, or no longer recorded"),
    Rule("P08", "title, help, order or examples changed", least="patch"),
    Rule("M01", "breaking change without a step", least="patch", level="error"),
    Rule("M02", "step does not go with the schemas", least="patch", level="error"),
    Rule("M04", "declared version too small", least="patch", level="error"),
    Rule("M06", "step changed after it was applied", least="patch", level="error"),
)
