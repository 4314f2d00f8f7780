"""Full state: what a store holds besides its sets, as the records of a document.

docs/reference/full-state.md tells what stands in the records. Stores make them here and read them
here, so that all of them write the same and refuse the same.
"""

from prefcore.full_state.parts import (
    AppPart,
    Before,
    ChangedKey,
    ChangesetPart,
    ChangesPart,
    KeyPart,
    Part,
    PrunedPart,
    SchemaPart,
    changes_parts,
    names_told,
)
from prefcore.full_state.reading import read_parts

__all__ = [
    "AppPart",
    "Before",
    "ChangedKey",
    "ChangesPart",
    "ChangesetPart",
    "KeyPart",
    "Part",
    "PrunedPart",
    "SchemaPart",
    "changes_parts",
    "names_told",
    "read_parts",
]
