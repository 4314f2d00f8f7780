"""Findings as people and programs see them: rows of a table, annotations of GitHub, masked data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefcore.cli.locating import Source
from prefcore.cli.output import MASK, escaped
from prefcore.schema.compatibility import Finding, Judged, Verdict

if TYPE_CHECKING:
    from prefcore.schema import SchemaDocument

__all__ = [
    "GITHUB_LEVELS",
    "annotation",
    "breaks_shown",
    "bump_shown",
    "escaped_data",
    "escaped_property",
    "masked",
    "row_of",
]

_SIDES = (("backward", "data"), ("forward", "old code"), ("callers", "callers"))
GITHUB_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def row_of(one: Judged) -> tuple[str, str, str, str, str]:
    """Give the row of a finding as it counts: level, rule, bump, what it breaks, in words."""
    message = one.finding.message
    if one.override is not None:
        until = one.override.expires.isoformat()
        state = f"until {until}" if not one.is_expired else f"no longer: it expired on {until}"
        message += f" (overridden {state}: {one.override.reason})"
    elif one.remedied:
        message += " (a step takes care of it)"
    return (
        one.level,
        one.finding.rule,
        bump_shown(one.bump),
        breaks_shown(one.finding),
        escaped(message),
    )


def bump_shown(bump: str) -> str:
    """Give a bump as tables show it: nothing for a patch."""
    return "" if bump == "patch" else bump


def breaks_shown(finding: Finding) -> str:
    """Give in words what a finding breaks; a question mark where that is undecided."""
    said = []
    for side, word in _SIDES:
        verdict = getattr(finding, side)
        if verdict is not Verdict.COMPATIBLE:
            said.append(word + ("?" if verdict is Verdict.UNDECIDED else ""))
    return ", ".join(said)


def annotation(finding: Finding, level: str, source: Source | None) -> str:
    """Give a command of GitHub's workflows that shows a finding at its line.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
    """
    where = ""
    if source is not None:
        where = f"file={escaped_property(source.path)},line={source.line(finding.place)},"
    title = escaped_property(f"{finding.rule} {finding.declared.change}")
    return (
        f"::{GITHUB_LEVELS[level]} {where}title={title}::{escaped_data(escaped(finding.message))}"
    )


def escaped_data(text: str) -> str:
    """Give a text as the message of an annotation."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """Give a text as a property of an annotation."""
    return escaped_data(text).replace(":", "%3A").replace(",", "%2C")


def masked(data: dict[str, object], *documents: SchemaDocument) -> dict[str, object]:
    """Give a finding as data without values that a schema calls sensitive."""
    declared = (one.preferences.get(str(data["key"])) for one in documents)
    if any(one is not None and one.sensitive for one in declared):
        return data | {name: MASK for name in ("refused", "unknown") if name in data}
    return data
