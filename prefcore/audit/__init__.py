"""Audit: how a log becomes digests that are chained, and where it is not what they say.

Every store makes the same digests of the same changesets, so that a log can be checked wherever it
was carried; docs/reference/interfaces.md tells them line by line.
"""

from prefcore.audit.claims import claim, is_claim
from prefcore.audit.details import REGISTERED, registered_by, with_details
from prefcore.audit.digests import (
    ALGORITHM,
    FIRST,
    ChangedText,
    ChangesetDigest,
    chain,
    digest_of,
    first_lines,
)
from prefcore.audit.log_faults import LoggedFault, faults, state_faults
from prefcore.audit.logged import Logged
from prefcore.audit.pruned import (
    PRUNED,
    PRUNING,
    Pruning,
    is_pruned,
    pruned_refusal,
    pruning_through,
    prunings,
    refuse_older,
    state_digest,
    through_of,
)
from prefcore.audit.sealings import (
    SEALED_DIGESTS,
    SEALED_STATES,
    SEALING,
    expected_digests,
    sealed_by,
    states_sealed_by,
)

__all__ = [
    "ALGORITHM",
    "FIRST",
    "PRUNED",
    "PRUNING",
    "REGISTERED",
    "SEALED_DIGESTS",
    "SEALED_STATES",
    "SEALING",
    "ChangedText",
    "ChangesetDigest",
    "Logged",
    "LoggedFault",
    "Pruning",
    "chain",
    "claim",
    "digest_of",
    "expected_digests",
    "faults",
    "first_lines",
    "is_claim",
    "is_pruned",
    "pruned_refusal",
    "pruning_through",
    "prunings",
    "refuse_older",
    "registered_by",
    "sealed_by",
    "state_digest",
    "state_faults",
    "states_sealed_by",
    "through_of",
    "with_details",
]
