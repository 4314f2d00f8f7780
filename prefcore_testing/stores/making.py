"""Making: short ways to say what a check writes into a store."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from prefcore.interfaces import Snapshot, Store, Transaction
from prefcore.model import Changeset, Draft, Row, Selection, to_micros
from prefcore.values import canonical_text

__all__ = [
    "APP",
    "AT",
    "MICROS",
    "Deliberate",
    "begin",
    "draft",
    "held",
    "put",
    "row",
    "rows",
    "texts",
]

APP = "org.example.editor"
#: When changesets of checks are made, and in µs.
AT = datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC)
MICROS = to_micros(AT)


class Deliberate(Exception):
    """What a check raises inside a changeset."""


def draft(kind: str = "set", *, app: str = APP, actor: str = "alice", minutes: int = 0) -> Draft:
    """Give a draft, made so many minutes after ``AT``."""
    return Draft(app, actor, kind, AT + timedelta(minutes=minutes), f"because of {kind}")


def begin(
    store: Store, kind: str = "set", *, app: str = APP, version: str | None = None
) -> AbstractContextManager[Transaction]:
    """Begin a changeset."""
    return store.changeset(draft(kind, app=app), version=version)


def row(
    key: str, value: object, *, at: int = 1, source: str = "manual", actor: str = "alice"
) -> Row:
    """Give the row of an entry."""
    return (key, canonical_text(value), at, source, actor)


def rows(values: Mapping[str, object]) -> list[Row]:
    """Give the rows of values by key."""
    return [row(key, value) for key, value in values.items()]


def put(
    store: Store,
    values: Mapping[str, object],
    *,
    scope: str = "user",
    owner: str = "alice",
    kind: str = "set",
    app: str = APP,
) -> Changeset:
    """Write values into one set, in a changeset of their own, which changes something."""
    with begin(store, kind, app=app) as transaction:
        transaction.write(scope, owner, rows(values))
    changeset = transaction.result()
    assert changeset is not None, "a changeset that changed something gave no result"
    return changeset


def held(
    store: Store, app: str = APP, selection: Selection = Selection()
) -> dict[tuple[str, str], dict[str, str]]:
    """Give the canonical texts a store holds, by set and key."""
    with store.snapshot() as view:
        return texts(view, app, selection)


def texts(
    view: Snapshot, app: str, selection: Selection = Selection()
) -> dict[tuple[str, str], dict[str, str]]:
    """Give the canonical texts a view shows, by set and key."""
    return {
        (one.scope, one.owner): {key: text for key, text, *_ in one.rows}
        for one in view.sets(app, selection)
    }
