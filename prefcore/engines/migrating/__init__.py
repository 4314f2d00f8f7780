"""Migrating: steps walk up over the store in one transaction; the log takes them back down.

Down is not the inverse of up: it is the log read backwards. An entry that nobody edited since the
migrations being undone gets back exactly what stood before them, with its metadata. An edit made
since is carried down through the steps; where the older schema refuses it, it is a conflict.
"""

from prefcore.engines.migrating.applied import ChangedStep, changed_steps
from prefcore.engines.migrating.back import migrate_back
from prefcore.engines.migrating.given import (
    audited_in_sets,
    audited_on,
    audited_stored,
    with_renames,
)
from prefcore.engines.migrating.in_memory import Ascent
from prefcore.engines.migrating.passage import Passage
from prefcore.engines.migrating.undoing import Undoing, in_force, undoing, undoing_last
from prefcore.engines.migrating.up import migrate_up
from prefcore.engines.migrating.work import Migration

__all__ = [
    "Ascent",
    "ChangedStep",
    "Migration",
    "Passage",
    "Undoing",
    "audited_in_sets",
    "audited_on",
    "audited_stored",
    "changed_steps",
    "in_force",
    "migrate_back",
    "migrate_up",
    "undoing",
    "undoing_last",
    "with_renames",
]
