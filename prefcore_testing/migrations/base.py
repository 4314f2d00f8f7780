"""What every part of the migration suite stands on: the author's steps, schemas and examples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefcore.errors import PrefcoreError
from prefcore.migration import Step, in_order, read_steps
from prefcore.schema import SchemaDocument, Snapshots
from prefcore.schema.versions import sorted_versions
from prefcore_testing.guard import Suite
from prefcore_testing.migrations.drawing import edits_of, keys_in_play, placed, sets_of
from prefcore_testing.migrations.world import Sets, World

__all__ = ["Hop", "MigrationChecks"]


@attrs.frozen
class Hop:
    """One step, or several on the way of one another, with the schemas at both ends.

    ``schemas`` are those of all versions in between too.
    """

    steps: tuple[Step, ...]
    older: SchemaDocument
    newer: SchemaDocument
    schemas: Mapping[str, SchemaDocument]

    def only(self, keys: Iterable[str]) -> Hop:
        """Give the same hop between schemas that declare nothing else: what is held is quicker."""
        wanted = {*keys}
        schemas = {
            version: one.only(*(key for key in one.preferences if key in wanted))
            for version, one in self.schemas.items()
        }
        older, newer = schemas[self.older.version], schemas[self.newer.version]
        return Hop(self.steps, older, newer, schemas)

    def world(self, *, at_newer: bool = False) -> World:
        """Give a fresh world at one of the ends, the older unless said otherwise."""
        start = self.newer if at_newer else self.older
        return World(self.schemas, self.steps, start.version)

    def taken_up(self, sets: Sets) -> World | None:
        """Give a world in which sets were taken up; None where the steps refuse them."""
        world = self.world()
        world.write(sets)
        try:
            world.migrate(self.newer.version)
        except PrefcoreError:
            return None  # the check of what up gives tells of it
        return world

    def __str__(self) -> str:
        return f"{self.older.version} → {self.newer.version}"


#: What must hold of a hop and sets at its older version; of those and edits at the newer.
Law = Callable[[Hop, Sets], None]
EditLaw = Callable[[Hop, Sets, Sets], None]


class MigrationChecks(Suite, kit=True):
    """The author's side of the suite; see ``MigrationSuite``."""

    required = ("steps", "schemas")
    #: The steps, or the folder of their files.
    steps: ClassVar[Path | Sequence[Step]]
    #: The schema documents by version, or the folder of their snapshots.
    schemas: ClassVar[Path | Mapping[str, SchemaDocument]]
    #: The application's name, where the snapshots' files do not tell it.
    app: ClassVar[str] = ""
    #: Values by key, as some users hold them, by the version at which they do.
    examples: ClassVar[Mapping[str, Sequence[Mapping[str, object]]]] = {}
    _read: ClassVar[Snapshots | None] = None  # read once for all checks
    #: How many random sets each check takes through each step.
    stories: ClassVar[settings] = settings(
        max_examples=30, deadline=None, suppress_health_check=list(HealthCheck)
    )

    def all_steps(self) -> tuple[Step, ...]:
        """Give the steps in order; a suite without any proves nothing, and fails."""
        given = self.steps
        steps = read_steps(given) if isinstance(given, Path) else in_order(given)
        assert steps, "there are no steps to check"
        return steps

    def versions(self) -> tuple[str, ...]:
        """Give the versions of which there is a schema, oldest first."""
        if isinstance(self.schemas, Path):
            return self._snapshots().versions
        return tuple(sorted_versions(self.schemas))

    def schema(self, version: str) -> SchemaDocument:
        """Give a version's schema; the check fails where there is none."""
        if version not in self.versions():
            pytest.fail(f"a step stands at {version}, of which there is no schema")
        if isinstance(self.schemas, Path):
            return self._snapshots().load(version)
        return self.schemas[version]

    def _snapshots(self) -> Snapshots:
        assert isinstance(self.schemas, Path)
        found = vars(type(self)).get("_read")
        if not isinstance(found, Snapshots):
            found = Snapshots(self.schemas, self.app)
            type(self)._read = found
        return found

    def hops(self) -> Iterator[Hop]:
        """Give each step between its two schemas."""
        for step in self.all_steps():
            older, newer = self.schema(step.from_version), self.schema(step.to_version)
            yield Hop((step,), older, newer, {one.version: one for one in (older, newer)})

    def whole_way(self) -> Hop:
        """Give all steps, from where the first begins to where the last ends."""
        steps = self.all_steps()
        ends = sorted_versions(
            {version for step in steps for version in (step.from_version, step.to_version)}
        )
        all_versions = list(self.versions())
        older, newer = self.schema(ends[0]), self.schema(ends[-1])
        between = all_versions[all_versions.index(ends[0]) : all_versions.index(ends[-1]) + 1]
        return Hop(steps, older, newer, {version: self.schema(version) for version in between})

    def for_sets(self, hop: Hop, law: Law) -> None:
        """Check a law on the examples, and on sets that the older schema allows."""
        for sets in self.example_sets(hop.older):
            law(hop, sets)
        before, after = keys_in_play(hop.steps, hop.older, hop.newer)
        small = hop.only({*before, *after})

        def told(sets: Sets) -> None:
            law(small, sets)

        self.stories(given(sets_of(hop.older, before))(told))()

    def for_sets_and_edits(self, hop: Hop, law: EditLaw) -> None:
        """Check a law on sets, and on edits that the newer schema allows after the upgrade."""
        before, after = keys_in_play(hop.steps, hop.older, hop.newer)
        edits = edits_of(hop.newer, after, hop.older, hop.steps)
        known = [*self.example_sets(hop.older)]
        held = {key for sets in known for values in sets.values() for key in values}
        small = hop.only({*before, *after, *held})

        def told(sets: Sets, edits: Sets) -> None:
            law(small, sets, edits)

        sets = sets_of(hop.older, before)
        self.stories(given(sets | st.sampled_from(known) if known else sets, edits)(told))()

    def example_sets(self, schema: SchemaDocument) -> Iterable[Sets]:
        """Give the author's examples at a version."""
        for values in self.examples.get(schema.version, ()):
            yield placed(schema, values)
