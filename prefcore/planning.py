"""Building a plan while an act is carried out: what it did, what stands in its way, its digest.

The same code fills the builder in a dry run and in the act itself, so a plan cannot promise what
the act would not do; the digest over all of it is how applying notices that the state moved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import islice

import attrs

from prefcore.audit import first_lines
from prefcore.errors import ConflictError, PrefcoreError
from prefcore.model import Conflict, Plan, PlanItem, Progress, Row
from prefcore.model.sets import place
from prefcore.values import UNSET, canonical_text, from_text

__all__ = ["CONFLICTS", "SHOWN", "PlanBuilder"]

#: So many items and refusals a plan shows one by one; the counts are of all.
SHOWN = 1000
#: So many conflicts: each is to be decided, so more of them are at hand.
CONFLICTS = 10_000


class PlanBuilder:
    """Takes in what an act does, one thing at a time, in memory that does not grow with it.

    ``hides`` says which keys are sensitive, so that their items say so too. ``printed`` gives what
    stands in the digest for a value's text. ``progress`` is told of how far the act has come.
    """

    def __init__(
        self,
        hides: Callable[[str], bool] = lambda key: False,
        printed: Callable[[str], str] = str,
        progress: Progress = lambda entries, part: None,
    ) -> None:
        self._hides = hides
        self._printed = printed
        self.progress = progress
        self.counts: Counter[str] = Counter()
        self.items: list[PlanItem] = []
        self.conflicts: list[Conflict] = []
        self.refused: list[PlanItem] = []
        self._error: PrefcoreError | None = None
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.details: dict[str, object] = {}
        self._hash = sha256()

    def add(self, item: PlanItem) -> None:
        """Take in one thing the act does."""
        self._take(item)
        if len(self.items) < SHOWN:
            self.items.append(self._marked(item))

    def add_rows(
        self, act: str, scope: str, owner: str, rows: Sequence[tuple[str, str | None, str | None]]
    ) -> None:
        """Take in what the act does to many entries of one set: key, text before, text after."""
        self.counts[act] += len(rows)
        head = f"{act}\0{scope}\0{owner}\0"
        lines = [f"{head}{key}\0{before or '-'}\0{after or '-'}\n" for key, before, after in rows]
        told = "".join(lines)
        if '{"$sealed":' in told:  # looked for at once: hardly any rows hold a secret
            shown = ((key, self._print(before), self._print(after)) for key, before, after in rows)
            told = "".join(f"{head}{key}\0{before}\0{after}\n" for key, before, after in shown)
        self._hash.update(told.encode())
        for key, before, after in rows[: max(SHOWN - len(self.items), 0)]:
            item = PlanItem(act, key, scope, owner, _value(before), _value(after))
            self.items.append(self._marked(item))

    def add_first_rows(self, scope: str, owner: str, rows: Sequence[Row]) -> None:
        """Take in the first entries of a set, sorted by key: that they are added.

        Of what is not sealed the digest takes in the lines that the store hashes, too.
        """
        told = first_lines(scope, owner, rows)
        if b'{"$sealed":' in told:
            self.add_rows("add", scope, owner, [(row[0], None, row[1]) for row in rows])
            return
        self.counts["add"] += len(rows)
        self._hash.update(b"add\0first\0")
        self._hash.update(told)
        for row in rows[: max(SHOWN - len(self.items), 0)]:
            item = PlanItem("add", row[0], scope, owner, after=from_text(row[1]))
            self.items.append(self._marked(item))

    def add_summary(
        self, counts: Mapping[str, int], digest: str, items: Iterable[PlanItem]
    ) -> None:
        """Take in very much that the act does at once: how much of each, a digest over all of it.

        Of the items only the first are drawn, to be shown.
        """
        self.counts.update(counts)
        self._line("all", digest)
        self.items += map(self._marked, islice(items, max(SHOWN - len(self.items), 0)))

    def refuse(self, item: PlanItem, error: PrefcoreError) -> None:
        """Take in one thing the act must not do; ``error`` is what applying would raise."""
        self._take(item)
        self._error = self._error or error
        if len(self.refused) < SHOWN:
            self.refused.append(self._marked(item))

    def conflict(self, conflict: Conflict) -> None:
        """Take in one thing nobody decided."""
        self.counts["conflict"] += 1
        self._line("conflict", conflict.scope, conflict.owner, conflict.key)
        if len(self.conflicts) < CONFLICTS:
            self.conflicts.append(conflict)

    def _marked(self, item: PlanItem) -> PlanItem:
        return attrs.evolve(item, sensitive=True) if self._hides(item.key) else item

    def leave_out(self, text: str) -> None:
        """Take in one thing that the act leaves out although it was asked for, and why."""
        self.counts["left out"] += 1
        self.warn(text)

    def note(self, text: str) -> None:
        """Take in a remark for the reader, once."""
        if text not in self.notes:
            self.notes.append(text)

    def warn(self, text: str) -> None:
        """Take in a remark that the reader must not miss, once."""
        self.note(text)
        if text not in self.warnings:
            self.warnings.append(text)

    def build(
        self, *, app: str, kind: str, summary: str, base: str | None, request: object
    ) -> Plan:
        """Give the plan; ``base`` is the UUID of the changeset it was made on."""
        self._line(app, kind, canonical_text(self.details))
        return Plan(
            app=app,
            kind=kind,
            summary=summary,
            digest="sha256:" + self._hash.hexdigest(),
            base_changeset=base,
            counts=dict(self.counts),
            items=tuple(self.items),
            conflicts=tuple(self.conflicts),
            refused=tuple(self.refused),
            notes=tuple(self.notes),
            warnings=tuple(self.warnings),
            details=dict(self.details),
            request=request,
            blocker=self._blocker(),
        )

    def _blocker(self) -> PrefcoreError | None:
        if self._error is not None:
            others = self.counts["refuse"] - 1
            more = f" (and {others} more)" if others else ""
            return type(self._error)(self._error.message + more, **self._error.facts)
        if self.conflicts:
            first, count = self.conflicts[0], self.counts["conflict"]
            more = f" and {count - 1} more" if count > 1 else ""
            return ConflictError(
                f"{place(first.scope, first.owner)} {first.key}{more}: {first.reason}; "
                "nothing was changed",
                conflicts=tuple(self.conflicts),
            )
        return None

    def _take(self, item: PlanItem) -> None:
        self.counts[item.act] += 1
        self._line(
            item.act,
            item.scope,
            item.owner,
            item.key,
            self._print(_text(item.before)),
            self._print(_text(item.after)),
        )

    def _print(self, text: str | None) -> str:
        return "-" if text is None else self._printed(text)

    def _line(self, *parts: str) -> None:
        self._hash.update("\0".join(parts).encode())
        self._hash.update(b"\n")


def _text(value: object) -> str | None:
    return None if value is UNSET else canonical_text(value)


def _value(text: str | None) -> object:
    return UNSET if text is None else from_text(text)
