"""Comparing with all earlier versions: what they would lose although the last one would not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import attrs

from prefcore.schema.compatibility.comparison import Comparison, compare
from prefcore.schema.compatibility.findings import Finding, Verdict
from prefcore.schema.declaration import SchemaDocument

__all__ = ["breaks_of_earlier", "earlier_owners", "in_order"]


def in_order(documents: Sequence[SchemaDocument]) -> Iterator[Comparison]:
    """Compare each version of a history with the one before it; lowest first."""
    earlier: dict[str, str] = {}
    for older, newer in pairwise(documents):
        yield compare(older, newer, earlier=earlier)
        earlier |= dict.fromkeys(older.preferences, older.version)


def earlier_owners(documents: Sequence[SchemaDocument]) -> dict[str, str]:
    """Give, for each key of some versions (lowest first), the last that had it."""
    found: dict[str, str] = {}
    for document in documents:
        found |= dict.fromkeys(document.preferences, document.version)
    return found


def breaks_of_earlier(
    earlier: Sequence[SchemaDocument], comparison: Comparison
) -> tuple[Finding, ...]:
    """Give what breaks data of earlier versions and is not told against the last one.

    ``earlier`` are the versions before the last, lowest first. What the last version broke of them
    already is left out: it was told, and perhaps remedied, then. Each break is told once, of the
    newest version that it breaks.
    """
    last, newer = comparison.older, comparison.newer
    keys = {
        to for key, to in comparison.pairs.items() if last.preferences[key] != newer.preferences[to]
    }
    keys |= newer.preferences.keys() - set(comparison.pairs.values())
    told = {one.at for one in comparison.findings}
    found: list[Finding] = []
    for older in reversed(earlier):
        shared = [key for key in keys if key in older.preferences]
        found += _reserved_again(older, newer, keys, told)
        if not shared:
            continue
        known = told | {
            one.at for one in compare(_part(older, shared), _part(last, shared)).findings
        }
        for one in compare(_part(older, shared), _part(newer, shared)).findings:
            breaks = (one.backward, one.forward) != (Verdict.COMPATIBLE,) * 2
            if breaks and one.at not in known:
                told.add(one.at)
                found.append(_of_earlier(one, older.version))
    return tuple(found)


def _part(document: SchemaDocument, keys: Sequence[str]) -> SchemaDocument:
    return document.only(*(key for key in keys if key in document.preferences))


def _of_earlier(finding: Finding, version: str) -> Finding:
    return attrs.evolve(finding, message=f"{finding.message} (of {version})")


def _reserved_again(
    older: SchemaDocument, newer: SchemaDocument, keys: set[str], told: set[tuple[str, str, str]]
) -> Iterator[Finding]:
    part = attrs.evolve(older.only(), reserved=older.reserved)
    news = _part(newer, sorted(key for key in keys if key in older.reserved))
    if news.preferences:
        for one in compare(part, news).findings:
            if one.rule == "K06" and one.at not in told:
                told.add(one.at)
                yield _of_earlier(one, older.version)
