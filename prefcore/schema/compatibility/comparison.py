"""Comparing two schemas of one application: every change, and whom it breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from prefcore.errors import AppMismatch
from prefcore.schema.compatibility.declarations import declaration_findings, document_findings
from prefcore.schema.compatibility.findings import Finding, highest
from prefcore.schema.compatibility.keys import key_findings, name_findings, paired_keys
from prefcore.schema.compatibility.shapes import ShapeComparison
from prefcore.schema.declaration import SchemaDocument
from prefcore.schema.layout import OWN

__all__ = ["Comparison", "compare"]


@attrs.frozen
class Comparison:
    """What changed between two versions; ``pairs`` are the older keys with their newer names."""

    older: SchemaDocument
    newer: SchemaDocument
    findings: tuple[Finding, ...]
    pairs: Mapping[str, str]

    def bump(self, *, backward: bool = True, forward: bool = False) -> str:
        """Give the version bump that the change asks for; see ``Finding.bump``."""
        return highest(*(one.bump(backward=backward, forward=forward) for one in self.findings))


def compare(
    older: SchemaDocument,
    newer: SchemaDocument,
    *,
    renames: Mapping[str, str] | None = None,
    earlier: Mapping[str, str] | None = None,
) -> Comparison:
    """Compare two schemas of one application.

    ``renames`` gives the newer names of keys that steps rename; aliases tell others, and none is
    guessed. ``earlier`` gives, for keys of still older versions, the last that had them. Where both
    documents came from another form, the rules K05, K06 and K10 are left out: their authors never
    promised them. Raises AppMismatch when the two are of different applications.
    """
    if older.app != newer.app:
        raise AppMismatch(
            f"the schemas are of two applications, {older.app} and {newer.app}", app=newer.app
        )
    pairs = paired_keys(older, newer, renames or {})
    found = [
        *key_findings(older, newer, pairs, earlier=earlier or {}),
        *_of_pairs(older, newer, pairs),
        *document_findings(older, newer),
    ]
    if OWN in (older.dialect, newer.dialect):
        found += name_findings(older, newer, pairs)
    found = [attrs.evolve(one, older=older.version) for one in found]
    found.sort(key=lambda one: (one.key, one.path, one.rule))
    return Comparison(older, newer, tuple(found), pairs)


def _of_pairs(
    older: SchemaDocument, newer: SchemaDocument, pairs: Mapping[str, str]
) -> Iterator[Finding]:
    shapes = ShapeComparison(older, newer)
    for key, to in pairs.items():
        before, after = older.preferences[key], newer.preferences[to]
        if before is not after and before != after:
            yield from declaration_findings(before, after, older, newer)
        if not shapes.same(key, to):
            yield from shapes.findings(key, to)
