"""The files of a new store."""

from __future__ import annotations

__all__ = ["FILES"]

FILES = {
    "<PACKAGE>/__init__.py": '''
"""The plugin <DISTRIBUTION>: declares the store <NAME>; what it does is in _store.py."""

from prefcore.hookspecs import hookimpl
from prefcore.interfaces import Store, StoreInfo

#: The versions of the hooks that this plugin is written for.
prefcore_hook_api = ">=1,<2"


@hookimpl
def prefcore_stores() -> list[StoreInfo]:
    return [
        StoreInfo(
            id="<NAME>",
            summary="where <NAME>: keeps preferences, in a line",
            open=_open,
            # A URL at which `prefcore plugins check <NAME>` may work; {folder} is an empty folder.
            trial="<NAME>:{folder}/store",
        )
    ]


def _open(url: str, *, create: bool = False, read_only: bool = False) -> Store:
    # Imported late: a plugin is imported to be listed too, and that has to be quick.
    from <PACKAGE>._store import <CLASS>Store

    return <CLASS>Store.open(url, create=create, read_only=read_only)
''',
    "<PACKAGE>/_store.py": '''
"""The store <NAME>: holds the preferences of several applications, with their history, durably.

What it promises stands in docs/reference/interfaces.md of prefcore, call by call. It is much: a
snapshot answers some thirty questions, a transaction takes some fifteen kinds of change.
`prefcore.builtin.memory_store` is a whole one, without files, to read beside this.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from prefcore.interfaces import Layer, SafetyCopy, Snapshot, StoreProblem, Transaction
from prefcore.model import Draft, PreferenceSet, Record


class <CLASS>Store:
    """A store at a URL (``prefcore.interfaces.Store``)."""

    def __init__(self, url: str, *, read_only: bool) -> None:
        self.url = url
        self.read_only = read_only

    @classmethod
    def open(cls, url: str, *, create: bool, read_only: bool) -> "<CLASS>Store":
        raise NotImplementedError("open what is there, or make it where create says so")

    def layers(
        self, app: str, version: str | None, key: str, sets: Sequence[tuple[str, str]]
    ) -> list[Layer]:
        raise NotImplementedError("give what each set holds for one key: every get asks this")

    def declaration(self, app: str, key: str) -> tuple[str | None, str | None]:
        raise NotImplementedError("give the version in force, and its declaration of a key")

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        raise NotImplementedError("open one consistent view (prefcore.interfaces.Snapshot)")

    def changeset(
        self, draft: Draft, *, version: str | None
    ) -> AbstractContextManager[Transaction]:
        raise NotImplementedError("begin a changeset (prefcore.interfaces.Transaction)")

    def rehearse(self, draft: Draft, *, version: str | None) -> AbstractContextManager[Transaction]:
        raise NotImplementedError("begin one that is never kept, on a private view")

    def save_copy(self, reason: str) -> SafetyCopy:
        raise NotImplementedError("keep a copy of the whole state, and the last three of them")

    def copies(self) -> list[SafetyCopy]:
        raise NotImplementedError("give the safety copies, newest first")

    def restore_copy(self, id: str) -> None:
        raise NotImplementedError("put the whole state back to a safety copy")

    def load(self, sets: Iterable[PreferenceSet], records: Iterable[Record]) -> None:
        raise NotImplementedError("put in a whole state, into a store that holds nothing")

    def scrub(self) -> None:
        raise NotImplementedError("leave nothing in the files that is not held any more")

    def check(self) -> Iterator[StoreProblem]:
        raise NotImplementedError("look for damage, and for parts that disagree")

    def close(self) -> None:
        """Give up connections and files of every thread."""
''',
    "tests/test_<MODULE>_store.py": '''
"""The store <NAME> passes the suite that all stores pass."""

from pathlib import Path

from <PACKAGE> import prefcore_stores
from prefcore.interfaces import Store
from prefcore_testing.stores import StoreSuite

(INFO,) = prefcore_stores()


class Test<CLASS>(StoreSuite):
    persistent = True  # where it is not, this and reopen go, and the declaration says so

    def make(self, tmp_path: Path) -> Store:
        return INFO.open(f"<NAME>:{tmp_path.as_posix()}/store", create=True)

    def reopen(self, store: Store, *, read_only: bool = False) -> Store:
        store.close()
        return INFO.open(store.url, read_only=read_only)
''',
}
