"""The suite that every store passes: its contract as checks, and random stories against an oracle.

::

    from prefcore_testing.stores import StoreSuite

    class TestMyStore(StoreSuite):
        persistent = True

        def make(self, tmp_path):
            return MyStore.open(f"mine:{tmp_path / 'store'}", create=True)

        def reopen(self, store, *, read_only=False):
            store.close()
            return MyStore.open(store.url, read_only=read_only)
"""

from __future__ import annotations

from prefcore_testing.stores.entries import EntryChecks
from prefcore_testing.stores.log import LogChecks
from prefcore_testing.stores.machine import ComparisonChecks
from prefcore_testing.stores.pruning import PruningChecks
from prefcore_testing.stores.renames import RenameChecks
from prefcore_testing.stores.schemas import SchemaChecks
from prefcore_testing.stores.sealed import SealedChecks
from prefcore_testing.stores.taking_back import TakingBackChecks
from prefcore_testing.stores.threads import ThreadChecks
from prefcore_testing.stores.transactions import TransactionChecks
from prefcore_testing.stores.whole_sets import WholeSetChecks
from prefcore_testing.stores.whole_state import WholeStateChecks

__all__ = ["StoreSuite"]


class StoreSuite(
    EntryChecks,
    RenameChecks,
    LogChecks,
    PruningChecks,
    SchemaChecks,
    SealedChecks,
    TakingBackChecks,
    TransactionChecks,
    ThreadChecks,
    WholeSetChecks,
    WholeStateChecks,
    ComparisonChecks,
    kit=True,
):
    """Checks of ``prefcore.interfaces.Store``: subclass it and define ``make``.

    A store that persists says ``persistent = True`` and defines ``reopen``. ``make`` should give
    a store that waits a second or less for another changeset (at most ``longest_wait``), for one
    check waits that long.
    """
