"""Backups: a whole store as one document and a manifest in a target, and the way back.

A backup is there from the moment its manifest is: that is put last, when the document was read back
from the target and found to hold what was written.
"""

from prefcore.engines.backups.begun import BegunBackups
from prefcore.engines.backups.catalogue import LATEST, Catalogue, Listed, catalogue
from prefcore.engines.backups.creating import Encryption, create, unchanged
from prefcore.engines.backups.ids import SHORT, new_id
from prefcore.engines.backups.manifests import Manifest
from prefcore.engines.backups.reading import OpenedBackup, opened_backup
from prefcore.engines.backups.restoring import restore_sets
from prefcore.engines.backups.verifying import LEVELS, verify

__all__ = [
    "LATEST",
    "LEVELS",
    "SHORT",
    "BegunBackups",
    "Catalogue",
    "Encryption",
    "Listed",
    "Manifest",
    "OpenedBackup",
    "catalogue",
    "create",
    "new_id",
    "opened_backup",
    "restore_sets",
    "unchanged",
    "verify",
]
