"""Findings: what a comparison of two schemas found, each as one value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import attrs

from prefcore.schema.compatibility.rules import BUMPS, RULES, Rule
from prefcore.values import UNSET

__all__ = ["Finding", "Verdict", "highest"]


class Verdict(StrEnum):
    """Whether one side goes on as before; undecided is never taken for compatible."""

    COMPATIBLE = "compatible"
    INCOMPATIBLE = "incompatible"
    UNDECIDED = "undecided"


def highest(*bumps: str) -> str:
    """Give the largest of some bumps; none asks for ``patch``."""
    return max(bumps, key=BUMPS.index, default="patch")


@attrs.frozen(kw_only=True)
class Finding:
    """One change between two versions, and whom it breaks.

    ``key`` is the newer name where there is one; ``path`` where inside the value (``[]`` an item,
    ``*`` a member of any name; empty: the value itself). ``backward`` is new code with old data,
    ``forward`` old code with new data, ``callers`` programs that use the key. ``refused`` is a
    value that only the older version allows, ``unknown`` one that only the newer does: the
    witnesses of the two, UNSET where there is none. Of T07 both are a value that now means another.
    ``place`` points (RFC 6901) to what changed in the newer schema's document, or in the older's
    where it is gone. ``older`` is the version compared with,
    ``least`` the bump where nothing breaks.
    """

    rule: str
    key: str
    message: str
    path: str = ""
    backward: Verdict = Verdict.COMPATIBLE
    forward: Verdict = Verdict.COMPATIBLE
    callers: Verdict = Verdict.COMPATIBLE
    refused: object = UNSET
    unknown: object = UNSET
    place: str = ""
    level: str = attrs.field()
    older: str = ""
    least: str = attrs.field()

    @least.default
    def _least_of_rule(self) -> str:
        return self.declared.least

    @level.default
    def _level_of_rule(self) -> str:
        undecided = Verdict.UNDECIDED in (self.backward, self.forward)
        level = self.declared.level
        return "warning" if undecided and level == "note" else level

    @property
    def declared(self) -> Rule:
        """The rule that found it."""
        return RULES[self.rule]

    def bump(self, *, backward: bool = True, forward: bool = False) -> str:
        """Give the version bump it asks for, where these sides must stay compatible."""
        asked = [self.least]
        if self.backward is not Verdict.COMPATIBLE:
            asked.append("major" if backward else "minor")
        if self.forward is not Verdict.COMPATIBLE:
            asked.append("major" if forward else "minor")
        if self.callers is not Verdict.COMPATIBLE:
            asked.append(self.declared.callers)
        return highest(*asked)

    @property
    def at(self) -> tuple[str, str, str]:
        """What tells it apart from other findings on the same two versions."""
        return self.rule, self.key, self.path

    def as_document(self) -> dict[str, object]:
        """Give the finding as a portable object, for programs."""
        document: dict[str, object] = {
            "rule": self.rule,
            "change": self.declared.change,
            "key": self.key,
            "path": self.path,
            "level": self.level,
            "backward": str(self.backward),
            "forward": str(self.forward),
            "callers": str(self.callers),
            "place": self.place,
            "older": self.older,
            "message": self.message,
        }
        witnesses: Mapping[str, object] = {"refused": self.refused, "unknown": self.unknown}
        return document | {name: one for name, one in witnesses.items() if one is not UNSET}
