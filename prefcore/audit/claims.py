"""Claims: what a changeset says of others before it that their digests do not show any more.

A program that makes one signs a checkpoint right after it, where it has a key ring. Of what was
signed before, nobody should believe one that no checkpoint vouches for: by it a forger could have
the history rewritten, or forgotten.
"""

from __future__ import annotations

from prefcore.audit.pruned import Pruning
from prefcore.audit.sealings import sealed_by, states_sealed_by
from prefcore.model import Changeset

__all__ = ["claim", "is_claim"]


def is_claim(changeset: Changeset) -> bool:
    """Say whether a changeset says of others that values of theirs were sealed, or pruned."""
    return bool(claim(changeset, changeset.revision))


def claim(changeset: Changeset, signed: int) -> str:
    """Give what a changeset says of revisions up to one that was signed; empty where nothing."""
    if not changeset.details:  # most have none, and each durable set asks
        return ""
    pruning = Pruning.told_by(changeset)
    if pruning is not None and signed > 0:
        return f"the changes of signed revisions (up to {min(pruning.through, signed)}) were pruned"
    sealed = sorted({*sealed_by(changeset), *states_sealed_by(changeset)})
    rewritten = [revision for revision in sealed if revision <= signed]
    if not rewritten:
        return ""
    listed = ", ".join(map(str, rewritten[:5])) + (", …" if len(rewritten) > 5 else "")
    return f"values of signed revisions ({listed}) were sealed later"
