"""Opening a store file: what it is, whether it may be written, and what SQLite's errors mean.

Nothing here changes a file that is not ours: a stranger's or newer file is recognised through an
immutable connection, which leaves no trace (a normal one would, on a write-ahead-log database).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from stat import S_ISREG

from prefcore.builtin.sqlite_store import layout
from prefcore.errors import (
    DamagedStore,
    ForeignFile,
    LockedError,
    NewerFormat,
    NoSpace,
    NotFound,
    NotPermitted,
    PrefcoreError,
    ReadOnly,
    StoreMoved,
    UsageError,
)

__all__ = ["WAIT_SECONDS", "connect", "identify", "moved", "prepare", "translated", "write_ahead"]

#: What an error was about whose name has this part; the first that fits.
_REFUSED = {
    "SHM": "let processes share the file's -shm beside it",
    "LOCK": "lock it",
    "READ": "read it",
    "NOMEM": "give memory for it",
    "WRITE": "write it",
    "FSYNC": "write it through",
    "TRUNCATE": "write it",
    "DELETE": "delete a file beside it",
}
#: What a rollback journal begins with.
_JOURNAL = bytes.fromhex("d9d505f920a163d7")
#: How long a writer waits for another before it gives up (exit 11).
WAIT_SECONDS = 5.0


def prepare(path: str, *, create: bool, read_only: bool) -> bool:
    """Make sure a store of ours stands at ``path``; gives whether it can only be read.

    Raises NotFound, ForeignFile, DamagedStore, NewerFormat, NotPermitted or NoSpace.
    """
    try:
        found_file = os.stat(path)
        size = found_file.st_size
        if not S_ISREG(found_file.st_mode):
            raise ForeignFile(f"{path} is no file; name the store's file, such as prefs.db in it")
    except FileNotFoundError:
        size = -1
    except OSError as error:
        raise NotPermitted(f"{path}: {_reason(error)}; check the folders above it") from error
    if size > 0 and not _was_never_made(path):
        found = identify(path)
        only_readable = read_only or not _is_writable(path)
        if _has_log(path):
            found = _identify_with_log(path)
        if found < layout.LAYOUT and not only_readable:
            _upgrade(path)
        return only_readable
    if not create or read_only:
        raise NotFound(f"there is no store at {path}; `prefcore init` makes one", path=path)
    _create(path)
    return False


def _was_never_made(path: str) -> bool:
    """Say whether who made a database here was killed, or is at it just now.

    What stands beside it then is a rollback journal of a transaction that began with no page at all
    (https://www.sqlite.org/fileformat.html#the_rollback_journal). SQLite empties such a file before
    it does anything else, so it holds nothing, whosesoever it is.
    """
    try:
        with open(f"{path}-journal", "rb") as journal:  # as above
            head = journal.read(20)
    except OSError:
        return False
    return head[:8] == _JOURNAL and head[16:20] == bytes(4)


def identify(path: str) -> int:
    """Give the layout number of a store file, without leaving a trace.

    Raises ForeignFile, DamagedStore or NewerFormat when it is no store that we can use.
    """
    try:
        application, found = _peek(path, "mode=ro&immutable=1")
    except sqlite3.Error:
        # While another process moves its log into the file, the file alone looks damaged. Read
        # the two together; reading writes no page of either.
        try:
            application, found = _peek(path, "mode=ro")
        except sqlite3.Error as error:
            raise translated(error, path) from error
    if application != layout.APPLICATION_ID:
        raise ForeignFile(
            f"{path} is a SQLite database of another program; give another --store", path=path
        )
    return _known(found, path)


def _peek(path: str, query: str) -> tuple[int, int]:
    """Give what the header says of the program that made a database, and its layout."""
    peek = sqlite3.connect(_uri(path, query), uri=True, timeout=WAIT_SECONDS)
    try:
        application = peek.execute("PRAGMA application_id").fetchone()[0]
        return int(application), int(peek.execute("PRAGMA user_version").fetchone()[0])
    finally:
        peek.close()


def _identify_with_log(path: str) -> int:
    """Give the layout that the log may have changed; raises NewerFormat.

    A newer prefcore that upgraded the store, and runs or was killed, leaves the file's own header
    old. Reading through the log may leave a -shm file, as any reader does.
    """
    connection = connect(path, read_only=True)
    try:
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise translated(error, path) from error
    finally:
        connection.close()
    return _known(found, path)


def _known(found: int, path: str) -> int:
    if found > layout.PRUNED:
        raise NewerFormat(
            f"{path} was written by a newer prefcore (store layout {found}, this one knows "
            f"{layout.PRUNED}); upgrade prefcore",
            path=path,
            layout=found,
        )
    return found


def connect(path: str, *, read_only: bool) -> sqlite3.Connection:
    """Open a connection to a store file that ``prepare`` has looked at.

    Transactions are begun by hand. A read-only store in a folder we cannot write opens as
    immutable, but only where no write-ahead log could hold newer content.
    """
    if not read_only:
        query = "mode=rw"
    elif _may_share_memory(path) or _has_log(path):
        query = "mode=ro"
    else:
        query = "mode=ro&immutable=1"
    connection = None
    try:
        connection = sqlite3.connect(
            _uri(path, query),
            uri=True,
            timeout=WAIT_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA synchronous = FULL")
        return connection
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise translated(error, path) from error


def write_ahead(connection: sqlite3.Connection) -> None:
    """See that a store has its write-ahead log: a kill may have ended its making just before."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete":
        with suppress(sqlite3.OperationalError):  # somebody else has it open: the next time, then
            connection.execute("PRAGMA journal_mode = WAL")


def moved(path: str, app: str, expected: str | None, found: str | None) -> StoreMoved:
    """Give the error for a store that is at another version than its user thinks."""
    return StoreMoved(
        f"{path}: {app} is at schema version {found}, not {expected} as when it was opened; "
        "it was migrated meanwhile, open it again",
        expected=expected,
        found=found,
    )


def _make_folder(folder: str) -> None:
    """Make a folder, and those above it that are missing, each for its owner alone."""
    if not os.path.isdir(folder):
        _make_folder(os.path.dirname(folder))
        with suppress(FileExistsError):  # another one just made it, or a file stands there
            os.mkdir(folder, 0o700)


def _create(path: str) -> None:
    folder = os.path.dirname(path)
    try:
        _make_folder(folder)
        with suppress(FileExistsError):  # empty, or being made by another: SQLite's lock decides
            # Preferences are private; SQLite itself would leave this to the umask.
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        kind = ReadOnly if isinstance(error, PermissionError) else NoSpace
        raise kind(f"cannot make a store at {path}: {_reason(error)}", path=path) from error
    connection = connect(path, read_only=False)
    try:
        layout.create(connection)
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.Error as error:
        raise translated(error, path) from error
    finally:
        connection.close()


def _upgrade(path: str) -> None:
    connection = connect(path, read_only=False)
    try:
        layout.upgrade(connection)
    except sqlite3.Error as error:
        raise translated(error, path) from error
    finally:
        connection.close()


def translated(error: sqlite3.Error, path: str) -> PrefcoreError:
    """Give our error for one of SQLite's, naming the store and what to do."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if isinstance(error, sqlite3.ProgrammingError) and "closed" in str(error):
        return UsageError(f"the store {path} was closed while it was used; open it again")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return LockedError(
            f"{path} is in use by {_lock_holder(path)}; waited {WAIT_SECONDS:g} s, try again",
            path=path,
        )
    if name == "SQLITE_NOTADB":
        return ForeignFile(f"{path} is not a prefcore store; give another --store", path=path)
    if name.startswith("SQLITE_READONLY"):
        return ReadOnly(
            f"{path} can only be read; to change it, let this user write it and its folder",
            path=path,
        )
    if name == "SQLITE_FULL":
        return NoSpace(f"{path}: no space left; nothing was changed, free some and try again")
    if name.startswith("SQLITE_IOERR"):
        return NoSpace(
            f"{path}: the disk refused to {_refused(name)}; nothing was changed; look at the disk, "
            "and whether it has room",
            path=path,
        )
    if name.startswith("SQLITE_CANTOPEN"):
        return NotPermitted(
            f"{path} cannot be opened; look whether this user may enter its folder and write there",
            path=path,
        )
    return DamagedStore(
        f"{path} is damaged ({error}); keep it, and restore a backup or a safety copy", path=path
    )


def _refused(name: str) -> str:
    """Say in words what an SQLITE_IOERR of that name is about."""
    return next((words for part, words in _REFUSED.items() if part in name), "read or write it")


def _lock_holder(path: str) -> str:
    """Name the process that holds the write lock: byte 120 of the -shm file, on Linux.

    See "WAL-index locks" in https://www.sqlite.org/walformat.html.
    """
    try:
        inode = os.stat(path + "-shm").st_ino
        with open("/proc/locks", encoding="ascii") as locks:
            for line in locks:
                fields = line.split()
                pid, file, first, last = fields[-4:]
                if "WRITE" in fields and file.endswith(f":{inode}") and first <= "120" <= last:
                    return f"process {pid}"
    except (OSError, ValueError):
        pass  # not Linux, or the lock is gone: the general words still hold
    return "another process"


def _may_share_memory(path: str) -> bool:
    """Say whether the -shm file, which readers of a write-ahead log need, is there or can be."""
    return os.access(path + "-shm", os.W_OK) or os.access(os.path.dirname(path), os.W_OK)


def _has_log(path: str) -> bool:
    return os.path.exists(path + "-wal") and os.path.getsize(path + "-wal") > 0


def _is_writable(path: str) -> bool:
    return os.access(path, os.W_OK) and os.access(os.path.dirname(path) or ".", os.W_OK)


def _uri(path: str, query: str) -> str:
    # What SQLite's URI syntax gives a meaning; urllib would cost the start-up path 3 ms.
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return f"file:{quoted}?{query}"


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
