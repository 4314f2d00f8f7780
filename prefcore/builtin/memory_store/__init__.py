"""The store in memory: every promise of ``Store`` kept the simplest way, for tests and trials.

It is what other stores are compared with, so it is written to be read, not to be fast. A state is
never changed once it is committed: a transaction works on a copy and puts it in place at the end,
so that a snapshot is one reference, and what fails leaves nothing behind.
"""

from prefcore.builtin.memory_store.store import INFO, MemoryStore

__all__ = ["INFO", "MemoryStore"]
