"""A state whose history was pruned, always the same: its changesets tell what a true store's do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import attrs

from prefcore.audit import FIRST, PRUNING, ChangesetDigest, chain, pruning_through
from prefcore.full_state import (
    AppPart,
    ChangesetPart,
    KeyPart,
    Part,
    PrunedPart,
)
from prefcore.model import AppHeader, Changeset, Header, PreferenceSet, Record
from prefcore.values import canonical_text
from prefcore_testing.documents import Contents

__all__ = ["pruned_state"]

_APP = "org.example.editor"
_AT = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
#: Key, text before and text after.
_Told = tuple[str, str | None, str | None]


def pruned_state() -> Contents:
    """Give a store of four changesets: two that were pruned, the pruning, and one since."""
    log = [_changeset(1, "set", 2), _changeset(2, "set", 1), _changeset(3, PRUNING, 0)]
    stood = PreferenceSet("user", "alice", [_row("a", "2", 2), _row("b", '"x"', 1)], _APP)
    pruning = pruning_through(2, ((one, ()) for one in log[:2]), [stood], before=0)
    assert pruning is not None
    log[2] = attrs.evolve(log[2], details=pruning.as_details())
    log.append(_changeset(4, "set", 1))
    changed: Sequence[Sequence[_Told]] = (
        (("a", None, "1"), ("b", None, '"x"')),
        (("a", "1", "2"),),
        (),
        (("a", "2", "3"),),
    )
    parts: list[Part] = [
        AppPart(_APP, None),
        PrunedPart(_APP, 2),
        KeyPart(_APP, 0, "0b0f7d9e-6f0a-4a0e-8f6e-2f4f2d6a9c11", ((1, "a"),)),
        KeyPart(_APP, 1, "7c9e6679-7425-40de-944b-e07fc1f90ae7", ((1, "b"),)),
        *_chained(zip(log, changed, strict=True)),
    ]
    change = {
        "revision": 4,
        "scope": "user",
        "owner": "alice",
        "added": [],
        "before": [[0, *_row("a", "2", 2)[1:]]],
    }
    records = [*(part.record() for part in parts), Record("changes", change)]
    header = Header(
        app="",
        schema=None,
        created_at=_AT,
        generator="prefcore 0.1.0",
        full_state=True,
        apps=(AppHeader(_APP, None, log[-1].id),),
    )
    held = PreferenceSet("user", "alice", [_row("a", "3", 4), stood.rows[1]], _APP)
    return Contents(header, (held,), tuple(records))


def _changeset(revision: int, kind: str, changes: int) -> Changeset:
    return Changeset(
        id=f"00000000-0000-4000-8000-{revision:012}",
        revision=revision,
        app=_APP,
        actor="alice",
        kind=kind,
        at=_AT + timedelta(days=revision),
        reason="",
        changes=changes,
        schema_before=None,
        schema_after=None,
    )


def _row(key: str, text: str, day: int) -> tuple[str, str, int, str, str]:
    return (key, text, day, "manual", "alice")


def _chained(log: Iterable[tuple[Changeset, Sequence[_Told]]]) -> list[ChangesetPart]:
    parts, previous = [], FIRST
    for one, told in log:
        digest = ChangesetDigest()
        digest.of_set("user", "alice", told)
        digest.facts(one)
        made = digest.hexdigest()
        previous = chain(previous, one.revision, made)
        parts.append(
            ChangesetPart(
                changeset=one,
                details=canonical_text(dict(one.details)),
                renames=(),
                algorithm="sha256",
                digest=made,
                chain=previous,
            )
        )
    return parts
