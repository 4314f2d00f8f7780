"""Auditing: signed checkpoints of a store's log, and seeing whether the log is what it was."""

from prefcore.engines.auditing.checkpointing import CHECKPOINT, KIND, Sign, as_it_stands, record
from prefcore.engines.auditing.comparing import Anchor
from prefcore.engines.auditing.glancing import Glance, glance
from prefcore.engines.auditing.listing import (
    Told,
    Wanted,
    exported,
    facts_of,
    listed,
    pruned_apps,
    shown,
)
from prefcore.engines.auditing.resealed import keys_in_use
from prefcore.engines.auditing.verifying import Trust, Verified, verify

__all__ = [
    "CHECKPOINT",
    "KIND",
    "Anchor",
    "Glance",
    "Sign",
    "Told",
    "Trust",
    "Verified",
    "Wanted",
    "as_it_stands",
    "exported",
    "facts_of",
    "glance",
    "keys_in_use",
    "listed",
    "pruned_apps",
    "record",
    "shown",
    "verify",
]
