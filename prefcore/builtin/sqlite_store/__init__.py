"""The store on SQLite: one file, several applications, several processes, full history."""

from prefcore.builtin.sqlite_store.store import SqliteStore

__all__ = ["SqliteStore"]
