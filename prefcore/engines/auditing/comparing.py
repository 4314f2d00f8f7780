"""Comparing a log with checkpoints: those in it, and those that are kept elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

import attrs

from prefcore.canonical import iso_time
from prefcore.facade.heads import Head
from prefcore.interfaces import Snapshot, StoreProblem
from prefcore.model import to_micros
from prefcore.security.checkpoints import Checkpoint

__all__ = ["Anchor", "Compared", "Trust", "compared"]

_BACK = "keep the file, look at it beside a backup from before, and restore that"


@attrs.frozen(kw_only=True)
class Anchor:
    """Where a log stood once, as something outside of the store tells it; ``name`` says what.

    ``checkpoint`` is None where nobody signed it.
    """

    name: str
    lineage: str
    revision: int
    chain: str
    at: datetime
    checkpoint: Checkpoint | None = None

    @classmethod
    def of(cls, name: str, checkpoint: Checkpoint) -> Anchor:
        """Give the anchor that a checkpoint is."""
        return cls(
            name=name,
            lineage=checkpoint.lineage,
            revision=checkpoint.revision,
            chain=checkpoint.chain,
            at=checkpoint.at,
            checkpoint=checkpoint,
        )


@attrs.frozen
class Trust:
    """Whose signatures count: the public keys, in hexadecimal, and what checks a signature."""

    signers: Collection[str]
    is_genuine: Callable[[Checkpoint], bool]

    def doubt(self, checkpoint: Checkpoint) -> str:
        """Say why a checkpoint does not count; empty where it does."""
        if not self.is_genuine(checkpoint):
            return "its signature is not genuine: it was edited or forged"
        if checkpoint.signer not in self.signers:
            return (
                f"it is signed by {checkpoint.signer[:16]}…, which is not the key of your ring; if "
                "you know whose it is, name it with --signer"
            )
        return ""


@attrs.frozen(kw_only=True)
class Compared:
    """What checkpoints say of a log: what is wrong, the newest that agrees, and how many do.

    ``disputed`` are genuine ones that the log does not agree with: so it is too where an older
    state was put back on purpose.
    """

    problems: tuple[StoreProblem, ...]
    disputed: tuple[StoreProblem, ...]
    last: Anchor | None
    agreeing: int


def compared(
    view: Snapshot, head: Head, held: Iterable[Anchor], kept: Iterable[Anchor], trust: Trust | None
) -> Compared:
    """Compare the log with checkpoints ``held`` in it, and others ``kept`` elsewhere.

    Without ``trust`` no signature counts, and only anchors without one are compared.
    """
    problems: list[StoreProblem] = []
    counted: list[Anchor] = []
    branches: list[Checkpoint] = []
    for one in held:
        doubt = _doubt(one, head, trust)
        if doubt:
            problems.append(_problem(one, doubt))
        elif trust is not None:
            counted.append(one)
            if one.checkpoint and one.checkpoint.branch is not None:
                branches.append(one.checkpoint)
    for one in kept:
        if one.checkpoint is not None and trust is None:
            continue
        doubt = "" if one.lineage == head.lineage else "skip"
        if not doubt and one.checkpoint is not None:
            doubt = _doubt(one, head, trust)
            if doubt:
                problems.append(_problem(one, doubt))
        if not doubt and not _is_given_up(one, branches):
            counted.append(one)
    links = {one.revision: "" for one in counted}
    _look_up(view, links)
    agreeing = [one for one in counted if links[one.revision] == one.chain]
    wrong = [one for one in counted if links[one.revision] != one.chain]
    disputed = _disagreements(wrong, agreeing, head)
    last = max(agreeing, key=lambda one: one.revision, default=None)
    return Compared(
        problems=tuple(problems), disputed=tuple(disputed), last=last, agreeing=len(agreeing)
    )


def _doubt(one: Anchor, head: Head, trust: Trust | None) -> str:
    if one.lineage != head.lineage:
        return "it is of another store's log"
    if trust is None or one.checkpoint is None:
        return ""
    return trust.doubt(one.checkpoint)


def _is_given_up(one: Anchor, branches: Iterable[Checkpoint]) -> bool:
    return any((each.branch or 0) < one.revision and one.at < each.at for each in branches)


def _look_up(view: Snapshot, links: dict[int, str]) -> None:
    """Fill in the link that the log has at each revision."""
    for revision in links:
        found = next(iter(view.audit(since=revision)), None)
        if found is not None and found.revision == revision:
            links[revision] = found.chain


def _disagreements(
    wrong: Iterable[Anchor], agreeing: Iterable[Anchor], head: Head
) -> Iterator[StoreProblem]:
    """Give the first disagreement with the log, and a log that ends too early."""
    ordered = sorted(wrong, key=lambda one: one.revision)
    cut = [one for one in ordered if one.revision > head.revision]
    other = [one for one in ordered if one.revision <= head.revision]
    if other:
        first = other[0]
        before = max((o.revision for o in agreeing if o.revision < first.revision), default=0)
        since = f"after revision {before}, where the last one agrees, and " if before else ""
        yield _problem(
            first,
            f"the log has another link there: it was made anew {since}at or before revision "
            f"{first.revision}" + _more(len(other) - 1),
        )
    if cut:
        yield _problem(
            cut[-1],
            f"the log ends at revision {head.revision} already: its end was cut off, or an older "
            "state was put back (if on purpose: prefcore audit checkpoint --accept)",
        )


def _more(count: int) -> str:
    return f"; {count} later checkpoints do not agree either" if count > 0 else ""


def _problem(one: Anchor, what: str) -> StoreProblem:
    kind = "head of the log" if one.checkpoint is None else "checkpoint"
    when = iso_time(to_micros(one.at))[:19].replace("T", " ")
    told = f"the {kind} of revision {one.revision}, made {when} UTC: {what}"
    return StoreProblem(told, one.name, _BACK, revision=one.revision)
