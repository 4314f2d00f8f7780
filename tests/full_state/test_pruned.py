"""The records of a pruned state: what must go with them, and stores that take them or do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from prefcore.builtin.memory_store import MemoryStore
from prefcore.builtin.sqlite_store import SqliteStore
from prefcore.errors import DamagedDocument, HistoryPruned, PluginError
from prefcore.full_state import read_parts
from prefcore.interfaces import Limits, Store
from prefcore.model import Document, Record
from prefcore.plugins.manager import Plugins
from prefcore.values import canonical_text
from prefcore_testing.formats.pruned_state import pruned_state
from prefcore_testing.stores.whole_state import state_of

GOLDEN = sorted(Path(__file__).parents[2].glob("plugins/*/tests/data/v1-pruned.*"))
RECORDS = list(pruned_state().records)
(APP,) = (one.app for one in pruned_state().header.apps)


def _changed(kind: str, **fields: object) -> Callable[[list[Record]], list[Record]]:
    """Give what changes fields of the first record of a kind."""

    def change(records: list[Record]) -> list[Record]:
        at = next(i for i, one in enumerate(records) if one.kind == kind)
        return [*records[:at], Record(kind, {**records[at].data, **fields}), *records[at + 1 :]]

    return change


def _without(kind: str) -> Callable[[list[Record]], list[Record]]:
    return lambda records: [one for one in records if one.kind != kind]


def _late(records: list[Record]) -> list[Record]:
    return [*records[:1], records[2], records[1], *records[3:]]


def _twice(records: list[Record]) -> list[Record]:
    return [*records[:2], *records[1:]]


def _with_changes(records: list[Record]) -> list[Record]:
    at = next(i for i, one in enumerate(records) if one.kind == "changeset")
    data = {"revision": 1, "scope": "user", "owner": "alice", "added": [0, 1], "before": []}
    return [*records[: at + 1], Record("changes", data), *records[at + 1 :]]


BROKEN: dict[str, tuple[Callable[[list[Record]], list[Record]], str]] = {
    "not said": (_without("pruned"), "counts 2 changes more"),
    "said of another application": (_changed("pruned", app="x"), "no application"),
    "said of a later revision": (_changed("pruned", revision=4), "counts 1 changes less"),
    "said of a revision of no changes": (_changed("pruned", revision=3), "not pruned as it says"),
    "said of an earlier revision": (_changed("pruned", revision=1), "counts 1 changes more"),
    "said of none": (_changed("pruned", revision=0), "of nothing"),
    "said twice": (_twice, "twice"),
    "said too late": (_late, "too late"),
    "and changes are there": (_with_changes, "changes less than there are"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_go_together_is_refused(name: str) -> None:
    change, word = BROKEN[name]
    with pytest.raises(DamagedDocument, match=word):
        list(read_parts(change(RECORDS), takes_pruned=True))


def test_pruned_state_is_read_and_refused_by_a_store_that_does_not_take_it() -> None:
    assert [part.record() for part in read_parts(RECORDS, takes_pruned=True)] == RECORDS
    with pytest.raises(PluginError, match=f"the history of {APP} was pruned up to revision 2"):
        list(read_parts(RECORDS))


def test_every_format_that_carries_a_state_has_a_golden_file_of_one() -> None:
    assert [path.suffix for path in GOLDEN] == [".msgpack", ".json", ".toml", ".yaml"]


def _sqlite(folder: Path) -> Store:
    return SqliteStore.open(f"sqlite:{folder}/p.db", create=True)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.name))
@pytest.mark.parametrize("make", [lambda folder: MemoryStore(), _sqlite], ids=["memory", "sqlite"])
def test_golden_file_becomes_a_store_that_agrees_with_itself(
    path: Path, make: Callable[[Path], Store], tmp_path: Path
) -> None:
    (info,) = (
        one for one in Plugins.from_environment().formats.all() if path.suffix == one.suffixes[0]
    )
    store = make(tmp_path)
    with path.open("rb") as source:
        document = info.factory().read(source, Limits())
        assert isinstance(document, Document)
        store.load(document.sets, document.records)
    assert list(store.check()) == []
    sets, records = state_of(store)
    assert tuple(sets) == tuple(attrs.evolve(one, lines=None) for one in pruned_state().sets)
    assert [(one.kind, canonical_text(one.data)) for one in records] == [
        (one.kind, canonical_text(one.data)) for one in RECORDS
    ]
    with store.snapshot() as view:
        assert view.pruned(APP) == 2
        with pytest.raises(HistoryPruned):
            list(view.changes(1))
    store.close()
