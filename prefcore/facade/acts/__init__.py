"""Acts: what a user may ask for that becomes one changeset."""

from prefcore.facade.acts.importing import import_act
from prefcore.facade.acts.migrating import migration_act, undo_migration_act
from prefcore.facade.acts.pruning import prune_act
from prefcore.facade.acts.registering import baseline_act, register_act
from prefcore.facade.acts.restoring import restore_act
from prefcore.facade.acts.setting import set_act, write_set
from prefcore.facade.acts.undoing import undo_act

__all__ = [
    "baseline_act",
    "import_act",
    "migration_act",
    "prune_act",
    "register_act",
    "restore_act",
    "set_act",
    "undo_act",
    "undo_migration_act",
    "write_set",
]
