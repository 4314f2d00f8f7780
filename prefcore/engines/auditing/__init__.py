"""Auditing: signed checkpoints of a store's log, and seeing whether the log is what it was."""

from prefcore.engines.auditing.checkpointing import CHECKPOINT, KIND, Sign, as_it_stands, record
from prefcore.engines.auditing.comparing import Anchor
from prefcore.engines.auditing.verifying import Trust, Verified, verify

__all__ = [
    "CHECKPOINT",
    "KIND",
    "Anchor",
    "Sign",
    "Trust",
    "Verified",
    "as_it_stands",
    "record",
    "verify",
]
