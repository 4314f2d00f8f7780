"""Sealings: what a changeset says that digests of earlier ones are since it sealed their values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prefcore.model import Changeset

__all__ = [
    "SEALED_DIGESTS",
    "SEALED_STATES",
    "SEALING",
    "expected_digests",
    "sealed_by",
    "states_sealed_by",
]

#: Where a changeset's details hold digests that earlier ones have since it sealed their values.
SEALED_DIGESTS = "sealed_digests"
#: Where they hold digests of what stood after the parts of the log that earlier ones pruned.
SEALED_STATES = "sealed_states"
#: The kind of changesets whose word on that is taken.
SEALING = "migrate"


def expected_digests(changesets: Iterable[Changeset]) -> dict[int, str]:
    """Give, by revision, the digests of changesets whose values were sealed later.

    The changeset that sealed them tells it, and is in the chain with all it tells. Only one of the
    kind that seals is believed, and only of earlier ones of its own application.
    """
    found: dict[int, str] = {}
    apps: dict[int, str] = {}
    for changeset in sorted(changesets, key=lambda one: one.revision):
        told = sealed_by(changeset).items()
        found.update((one, digest) for one, digest in told if apps.get(one) == changeset.app)
        apps[changeset.revision] = changeset.app
    return found


def sealed_by(changeset: Changeset) -> dict[int, str]:
    """Give, by revision, the digests that a changeset says others have since it sealed values."""
    return _told(changeset, SEALED_DIGESTS)


def states_sealed_by(changeset: Changeset) -> dict[int, str]:
    """Give, by the revision of what pruned, the digests of states whose values it sealed."""
    return _told(changeset, SEALED_STATES)


def _told(changeset: Changeset, name: str) -> dict[int, str]:
    told = changeset.details.get(name)
    if changeset.kind != SEALING or not isinstance(told, Mapping):
        return {}
    return {int(one): str(digest) for one, digest in told.items() if str(one).isdecimal()}
