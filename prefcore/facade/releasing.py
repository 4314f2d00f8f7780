"""Releasing: an application's declaration of today against the versions that it released before.

Works on the declaration, the folder of snapshots and the steps alone; no store is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

from prefcore.errors import MissingStep, NotFound, UsageError
from prefcore.migration import Edge, Step, find_path, in_order
from prefcore.migration.bridging import bridge_of
from prefcore.schema import SchemaDocument, Snapshots, Version, read_schema, sorted_versions
from prefcore.schema.compatibility import (
    NO_BRIDGE,
    Bridge,
    Comparison,
    Finding,
    Judgement,
    Policy,
    StepFault,
    breaks_of_earlier,
    compare,
    earlier_owners,
    judge,
)

__all__ = ["Releases"]


class Releases:
    """An application's schemas over its versions: what it declares today, and its snapshots.

    ``declared`` is today's declaration; without one it is the newest snapshot. ``snapshots`` may be
    of a folder that is not there yet.
    """

    def __init__(
        self,
        snapshots: Snapshots,
        *,
        declared: SchemaDocument | None = None,
        steps: Iterable[Step] = (),
    ) -> None:
        self._snapshots = snapshots
        self._declared = declared
        self._steps = steps

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions that have a snapshot, lowest first."""
        return self._snapshots.versions if self._snapshots.folder.is_dir() else ()

    @property
    def declared(self) -> SchemaDocument:
        """Today's declaration; raises NotFound where there is none."""
        if self._declared is not None:
            return self._declared
        if not self.versions:
            raise NotFound(
                f"no schema of {self._snapshots.app} is declared, and {self._snapshots.folder} "
                "holds no snapshot; name a schema file, or set `schemas` in prefcore.toml"
            )
        return self._snapshots.load(self.versions[-1])

    def write_snapshot(self) -> tuple[Path, bool]:
        """Write the snapshot of today's declaration; gives its file, and whether it is new.

        Raises InvalidSchema where the version has a snapshot that says something else.
        """
        was_there = self.declared.version in self.versions
        return self._snapshots.write(self.declared), not was_there

    def document(self, name: str) -> SchemaDocument:
        """Give the schema of a version, or of a file; raises NotFound."""
        declared = self._declared
        if declared is not None and name == declared.version and name not in self.versions:
            return declared
        if name in self.versions:
            return self._snapshots.load(name)
        if Path(name).is_file():
            return read_schema(name, app=self._snapshots.app)
        known = f"{self.versions[0]} to {self.versions[-1]}" if self.versions else "none"
        raise NotFound(
            f"{name} is neither a version with a snapshot (there are: {known}) nor a file"
        )

    def compare(self, older: SchemaDocument, newer: SchemaDocument) -> Comparison:
        """Compare two versions; renames are those of the steps between them and of aliases."""
        if Version.parse(newer.version) < Version.parse(older.version):
            raise UsageError(
                f"{older.version} is newer than {newer.version}; name the older one first"
            )
        bridge = self.bridge(older, newer)
        return compare(older, newer, renames=bridge.renames, earlier=self._owners(older))

    def check(self, policy: Policy, *, today: date) -> Judgement | None:
        """Judge today's declaration by a policy; None where no earlier version has a snapshot.

        It is compared with the newest snapshot: of an earlier version, or of the same one where
        that says something else.
        """
        declared = self.declared
        last = self._last(declared)
        if last is None:
            return None
        bridge = self.bridge(last, declared)
        comparison = compare(last, declared, renames=bridge.renames, earlier=self._owners(last))
        earlier: Sequence[Finding] = ()
        if policy.is_transitive:
            earlier = breaks_of_earlier(self._before(last), comparison)
        return judge(comparison, policy, today=today, bridge=bridge, earlier=earlier)

    def bridge(self, older: SchemaDocument, newer: SchemaDocument) -> Bridge:
        """Give what the steps between two versions do.

        A step that begins at the older one and ends at a version without a schema is taken to lead
        to the newer one, which may not have its final number yet. Other steps that stand at a
        version without a schema are faults.
        """
        documents = {older.version: older, newer.version: newer}
        known = sorted_versions({*self.versions, *documents})
        placed, lost = _placed(in_order(self._steps), known)
        edges = [
            Edge(s.from_version, s.to_version, s) for s in lost if s.from_version == older.version
        ]
        documents |= {edge.newer: newer for edge in edges}
        lost = [step for step in lost if step.from_version != older.version]
        if older.version != newer.version and not edges:
            try:
                edges = list(find_path(known, placed, older.version, newer.version))
            except MissingStep:  # nothing connects them; what breaks is told as M01
                return NO_BRIDGE
        made = bridge_of(edges, lambda version: self._load(version, documents))
        faults = [StepFault("", _no_schema(step, known)) for step in lost]
        return Bridge(made.steps, made.renames, made.touched, made.one_way, (*made.faults, *faults))

    def _load(self, version: str, documents: Mapping[str, SchemaDocument]) -> SchemaDocument:
        return documents.get(version) or self._snapshots.load(version)

    def _last(self, declared: SchemaDocument) -> SchemaDocument | None:
        """Give what the declaration is compared with."""
        if declared.version in self.versions:
            held = self._snapshots.load(declared.version)
            if held.digest != declared.digest:
                return held
        here = Version.parse(declared.version)
        below = [one for one in self.versions if Version.parse(one) < here]
        if not below and declared.version not in self.versions:
            below = list(self.versions)  # it is called lower than all there are
        return self._snapshots.load(below[-1]) if below else None

    def _before(self, last: SchemaDocument) -> list[SchemaDocument]:
        here = Version.parse(last.version)
        return [self._snapshots.load(one) for one in self.versions if Version.parse(one) < here]

    def _owners(self, older: SchemaDocument) -> dict[str, str]:
        return earlier_owners(self._before(older))


def _placed(steps: Iterable[Step], known: Sequence[str]) -> tuple[list[Step], list[Step]]:
    """Give the steps between known versions, and the others."""
    placed: list[Step] = []
    lost: list[Step] = []
    for step in steps:
        is_known = step.from_version in known and step.to_version in known
        (placed if is_known else lost).append(step)
    return placed, lost


def _no_schema(step: Step, known: Sequence[str]) -> str:
    version = next(v for v in (step.from_version, step.to_version) if v not in known)
    where = f" ({step.origin})" if step.origin else ""
    return f"step {step.id}{where} stands at {version}, which has no schema"
