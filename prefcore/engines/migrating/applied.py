"""Applied steps: those of the migrations in force, held against the steps there are now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import attrs

from prefcore.engines.migrating.work import is_lower
from prefcore.interfaces import Snapshot
from prefcore.migration import Step
from prefcore.model import Changeset

__all__ = ["ChangedStep", "changed_steps"]


@attrs.frozen
class ChangedStep:
    """A step that is not what it was when it was applied.

    ``severity`` is ``error`` where its operations differ, and ``warning`` where only functions do,
    whose source says little of what they do, or where it is not there any more.
    """

    step: str
    severity: str
    message: str
    changeset: str


def changed_steps(view: Snapshot, app: str, steps: Iterable[Step]) -> Iterator[ChangedStep]:
    """Give the applied steps of migrations in force that differ by now, lowest first (rule M06).

    What was migrated back may change: nothing that is stored came from it.
    """
    there = {step.id: step for step in steps}
    for id, (facts, changeset) in _in_force(view, app).items():
        step, by = there.get(id), changeset.id
        applied = f"the step {id} was applied by changeset {by[:8]}"
        if step is None:
            said = f"{applied} and is not there any more: edits cannot be taken back through it"
            yield ChangedStep(id, "warning", f"M06: {said}; put it back", by)
        elif facts.get("outline") != step.outline:
            said = f"{applied} with other operations than it has now"
            at = f" ({step.origin})" if step.origin else ""
            advice = "put it back as it was, and write a step to a newer version for what changes"
            yield ChangedStep(id, "error", f"M06: {said}{at}; {advice}", by)
        elif facts.get("checksum") != step.checksum:
            said = f"{applied}, and the source of its functions changed since"
            yield ChangedStep(id, "warning", f"M06: {said}; see that it does the same", by)


def _in_force(view: Snapshot, app: str) -> dict[str, tuple[Mapping[str, object], Changeset]]:
    """Give what the log holds of each step of the migrations in force, by its id."""
    found: dict[str, tuple[Mapping[str, object], Changeset]] = {}
    for one in reversed(list(view.changesets(app))):
        before, after = one.schema_before, one.schema_after
        if before is None or after is None or before == after:
            continue
        found = {id: fact for id, fact in found.items() if not is_lower(after, _goal(id))}
        steps = one.details.get("steps")
        if is_lower(before, after) and isinstance(steps, list):
            found |= {str(facts["step"]): (facts, one) for facts in steps}
    return found


def _goal(id: str) -> str:
    return id.rpartition(" → ")[2]
