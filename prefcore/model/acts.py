"""Who acts, what their changeset says and did, its link of the audit chain, and its progress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import attrs

from prefcore.errors import UsageError
from prefcore.model.sets import Entry

__all__ = ["AuditRecord", "Change", "Changeset", "Draft", "Progress", "Rename", "Stages"]


def _line_of_text(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value.isprintable():
        raise UsageError(f"{attribute.name} is one line of printable text, not {value!r:.60}")


def _text(instance: object, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str):
        raise UsageError(f"{attribute.name} is text, not {value!r:.60}")


#: Is told how many entries more are done, and which part of the whole that makes (0 to 1), where
#: that is known.
Progress = Callable[[int, float | None], object]

#: Gives what is told of one stage of an act, by what the stage is called.
Stages = Callable[[str], Progress]


@attrs.frozen
class Change:
    """What a changeset did to one key of one set; None stands for "no entry"."""

    scope: str
    owner: str
    key: str
    before: Entry | None
    after: Entry | None


@attrs.frozen
class Rename:
    """A key's new name, for all owners at once."""

    before: str
    after: str


@attrs.frozen
class Draft:
    """What a changeset says of itself before it is written: who, what kind of act, and why."""

    app: str
    actor: str = attrs.field(validator=_line_of_text)
    kind: str
    at: datetime
    reason: str = attrs.field(default="", validator=_text)
    details: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class Changeset:
    """One user-visible act as the store's log holds it.

    ``id`` is a random UUID, ``revision`` its place in this store's log, ``changes`` how many
    entries it touched. ``details`` holds what is particular to its kind (versions of a migration,
    the file of an import), as portable values.
    """

    id: str
    revision: int
    app: str
    actor: str
    kind: str
    at: datetime
    reason: str
    changes: int
    schema_before: str | None
    schema_after: str | None
    details: Mapping[str, object] = attrs.field(factory=dict)


@attrs.frozen
class AuditRecord:
    """One link of the audit chain: a changeset's facts and digest, chained to the one before.

    ``algorithm`` says how ``digest`` was made: ``sha256`` is unkeyed, so it shows accidents and
    careless edits, not a forger who recomputes the chain.
    """

    revision: int
    changeset: str
    at: datetime
    actor: str
    kind: str
    reason: str
    changes: int
    algorithm: str
    digest: str
    chain: str
