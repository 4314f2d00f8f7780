"""Importing: a file becomes sets, sets are checked and merged into the store."""

from prefcore.engines.importing.plain import plain_set
from prefcore.engines.importing.request import Base, ImportRequest, common_changeset
from prefcore.engines.importing.resolving import missing_strategies
from prefcore.engines.importing.taking import import_sets

__all__ = [
    "Base",
    "ImportRequest",
    "common_changeset",
    "import_sets",
    "missing_strategies",
    "plain_set",
]
