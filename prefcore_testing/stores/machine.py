"""The comparison: random stories told to the author's store and to the memory store alike.

A story is a list of acts: changesets with random steps, which end well, are abandoned, raise or
are rehearsals, pruning, reopening, moving to a fresh store, safety copies and their return. After
each, all that the two stores show is compared (``readout``); within a changeset, what the two
transactions show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from prefcore.audit import PRUNING
from prefcore.builtin.memory_store import MemoryStore
from prefcore.errors import PrefcoreError
from prefcore.interfaces import Store, Transaction
from prefcore.model import Draft, Row, Selection
from prefcore.values import canonical_text
from prefcore_testing.comparing import check_same
from prefcore_testing.stores.base import StoreChecks
from prefcore_testing.stores.making import APP, Deliberate, draft, held, row, texts
from prefcore_testing.stores.readout import Readout, comparable
from prefcore_testing.stores.whole_state import state_of

__all__ = ["ComparisonChecks"]

# Few of each, so that acts meet on the same entries.
_APPS = st.sampled_from([APP, APP, APP, "other"])
_PLACES = st.sampled_from(
    [("user", "alice"), ("user", "bob"), ("system", ""), ("project", "p"), ("template", "t")]
)
_KEYS = st.sampled_from(["a", "b", "c", "é", "editor.size"])
_VALUES = st.sampled_from([None, True, 1, 1.0, "1", [1], {"$date": "x"}, b"\x00"])
_ROWS = st.lists(
    st.builds(
        row,
        _KEYS,
        _VALUES,
        at=st.integers(0, 3),
        source=st.sampled_from(["manual", "import"]),
        actor=st.sampled_from(["alice", "bob"]),
    ),
    min_size=1,
    max_size=6,
)
_VERSIONS = st.sampled_from(["1.0.0", "2.0.0", "2.1.0"])

#: One step of a changeset: done to a transaction, it gives an answer or raises a PrefcoreError.
_Step = Callable[[Transaction], object]


@attrs.frozen
class _Write:
    place: tuple[str, str]
    rows: list[Row]

    def __call__(self, transaction: Transaction) -> object:
        return transaction.write(*self.place, self.rows)


@attrs.frozen
class _Remove:
    place: tuple[str, str]
    keys: list[str]

    def __call__(self, transaction: Transaction) -> object:
        return transaction.remove(*self.place, self.keys)


@attrs.frozen
class _Transform:
    """Maps canonical texts; None removes, what is not in the table stays, ``fails`` raises."""

    key: str
    table: dict[str, str | None]
    fails: str | None

    def __call__(self, transaction: Transaction) -> object:
        try:
            return transaction.transform(self.key, self._text)
        except Deliberate:
            return "raised"

    def _text(self, text: str) -> str | None:
        if text == self.fails:
            raise Deliberate
        return self.table.get(text, text)


@attrs.frozen
class _ThereAndBack:
    """Changes a key's entries everywhere and changes them back, as of another time."""

    key: str

    def __call__(self, transaction: Transaction) -> object:
        there = transaction.transform(self.key, lambda text: f"[{text}]")
        return there, transaction.transform(self.key, lambda text: text[1:-1], source="api")


@attrs.frozen
class _Displace:
    """Removes a key everywhere and gives its name to another one."""

    key: str
    to: str

    def __call__(self, transaction: Transaction) -> object:
        removed = transaction.transform(self.to, lambda text: None)
        transaction.rename(self.key, self.to)
        return removed


@attrs.frozen
class _Rename:
    key: str
    to: str

    def __call__(self, transaction: Transaction) -> object:
        transaction.rename(self.key, self.to)
        return None


@attrs.frozen
class _Register:
    version: str
    text: str
    apply: bool

    def __call__(self, transaction: Transaction) -> object:
        transaction.register(self.version, self.text, declarations={"a": self.text})
        if self.apply:
            transaction.apply_version(self.version)
        return None


@attrs.frozen
class _Apply:
    version: str

    def __call__(self, transaction: Transaction) -> object:
        transaction.apply_version(self.version)
        return None


@attrs.frozen
class _Prune:
    """Prunes all but the newest revisions; ``facts`` of it are over what each store draws."""

    kept: int

    def __call__(self, transaction: Transaction) -> object:
        pruning = transaction.prune(transaction.revision - 1 - self.kept)
        return pruning and attrs.evolve(pruning, facts="")


_TEXTS = _VALUES.map(canonical_text)
_STEPS: st.SearchStrategy[list[_Step]] = st.lists(
    st.one_of(
        st.builds(_Write, _PLACES, _ROWS),
        st.builds(_Write, _PLACES, _ROWS),
        st.builds(_Remove, _PLACES, st.lists(_KEYS, min_size=1, max_size=4)),
        st.builds(
            _Transform,
            _KEYS,
            st.dictionaries(_TEXTS, st.none() | _TEXTS, max_size=6),
            st.none() | _TEXTS,
        ),
        st.builds(_ThereAndBack, _KEYS),
        st.builds(_Displace, _KEYS, _KEYS),
        st.builds(_Rename, _KEYS, _KEYS),
        st.builds(_Register, _VERSIONS, st.sampled_from(["{}", '{"a":1}']), st.booleans()),
        st.builds(_Apply, _VERSIONS),
    ),
    min_size=1,
    max_size=8,
)


def _outcome(step: Callable[[], object]) -> object:
    """Give a step's answer, or the type of the error it raised."""
    try:
        return step()
    except PrefcoreError as error:
        return type(error)


class _Comparison(RuleBasedStateMachine):
    """The author's store (``theirs``) and the memory store (``oracle``) side by side."""

    suite: StoreChecks
    folders: Iterator[Path]

    @initialize()
    def begin(self) -> None:
        folder = next(self.folders)
        folder.mkdir()
        self.theirs: Store = self.suite.make(folder)
        self.oracle: Store = MemoryStore()
        self._readouts = (Readout(), Readout())
        self._minutes = count()

    def teardown(self) -> None:
        if hasattr(self, "theirs"):
            self.theirs.close()

    @contextmanager
    def _both(
        self, draft: Draft, version: str | None, end: str
    ) -> Iterator[tuple[Transaction, Transaction]]:
        theirs_begin, oracle_begin = (
            store.rehearse if end == "rehearsed" else store.changeset
            for store in (self.theirs, self.oracle)
        )
        with (
            theirs_begin(draft, version=version) as theirs,
            oracle_begin(draft, version=version) as oracle,
        ):
            yield theirs, oracle

    def _present(self, app: str) -> str | None:
        with self.oracle.snapshot() as view:
            return view.version(app)

    # Rules are drawn alike, so what changes the stores has several.
    @rule(place=_PLACES, rows=_ROWS)
    def write(self, place: tuple[str, str], rows: list[Row]) -> None:
        self._changeset(APP, "set", [_Write(place, rows)])

    @rule(app=_APPS, steps=_STEPS)
    def change(self, app: str, steps: list[_Step]) -> None:
        self._changeset(app, "set", steps)

    @rule(steps=_STEPS)
    def migrate(self, steps: list[_Step]) -> None:
        self._changeset(APP, "migrate", steps)

    @rule(app=_APPS, kept=st.integers(0, 5), steps=st.just([]) | _STEPS)
    def prune(self, app: str, kept: int, steps: list[_Step]) -> None:
        self._changeset(app, PRUNING, [_Prune(kept), *steps])

    @rule(app=_APPS, steps=_STEPS, end=st.sampled_from(["abandoned", "rehearsed", "failed"]))
    def change_in_vain(self, app: str, steps: list[_Step], end: str) -> None:
        self._changeset(app, "migrate", steps, end)

    def _changeset(self, app: str, kind: str, steps: Sequence[_Step], end: str = "well") -> None:
        told = draft(kind, app=app, minutes=next(self._minutes))
        try:
            with self._both(told, self._present(app), end) as (theirs, oracle):
                for step in steps:
                    self._perform(step, app, theirs, oracle)
                if end == "abandoned":
                    theirs.abandon()
                    oracle.abandon()
                if end == "failed":
                    raise Deliberate
        except Deliberate:
            assert end == "failed"
        found, expected = theirs.result(), oracle.result()
        assert (found is None) == (expected is None)
        if found is not None and expected is not None:
            assert comparable(found) == comparable(expected)

    def _perform(self, step: _Step, app: str, theirs: Transaction, oracle: Transaction) -> None:
        found, expected = (_outcome(partial(step, one)) for one in (theirs, oracle))
        assert found == expected
        seen, wanted = (
            # Texts alone: metadata of an entry that is as it was before may settle at the end.
            (texts(one, app), readout.names(one, app))
            for readout, one in zip(self._readouts, (theirs, oracle), strict=True)
        )
        assert seen == wanted

    @rule(app=_APPS, version=_VERSIONS)
    def stale_changeset(self, app: str, version: str) -> None:
        outcomes: list[object] = []
        for store in (self.theirs, self.oracle):
            try:
                with store.changeset(draft(app=app), version=version) as transaction:
                    transaction.abandon()
                outcomes.append(None)
            except PrefcoreError as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1]

    @rule(
        selection=st.builds(
            Selection,
            st.lists(st.sampled_from(["user", "system", "project"]), max_size=2),
            st.lists(st.sampled_from(["alice", "", "p"]), max_size=2),
            st.lists(st.sampled_from(["a", "[!a]", "?", "e*", "*.*"]), max_size=2),
        ),
        app=_APPS,
        key=_KEYS,
        places=st.lists(_PLACES, max_size=4),
    )
    def read(self, selection: Selection, app: str, key: str, places: list[tuple[str, str]]) -> None:
        assert held(self.theirs, APP, selection) == held(self.oracle, APP, selection)
        version = self._present(app)
        assert self.theirs.layers(app, version, key, places) == self.oracle.layers(
            app, version, key, places
        )
        assert self.theirs.declaration(app, key) == self.oracle.declaration(app, key)

    @precondition(lambda self: self.suite.persistent)
    @rule()
    def reopen(self) -> None:
        self.theirs = self.suite.reopen(self.theirs)

    @rule()
    def move(self) -> None:
        """Go on in fresh stores that were loaded with all the two hold."""
        folder = next(self.folders)
        folder.mkdir()
        theirs, oracle = self.suite.make(folder), MemoryStore()
        for old, new in ((self.theirs, theirs), (self.oracle, oracle)):
            new.load(*state_of(old))
            check_same(state_of(new), state_of(old))
        self.theirs.close()
        self.theirs, self.oracle = theirs, oracle

    @rule()
    def save_copy(self) -> None:
        assert self.theirs.save_copy("story").reason == self.oracle.save_copy("story").reason

    @precondition(lambda self: self.oracle.copies())
    @rule(which=st.integers(0, 2))
    def restore_copy(self, which: int) -> None:
        for store in (self.theirs, self.oracle):
            copies = store.copies()
            store.restore_copy(copies[which % len(copies)].id)

    @invariant()
    def both_show_the_same(self) -> None:
        shown = []
        for store, readout in zip((self.theirs, self.oracle), self._readouts, strict=True):
            with store.snapshot() as view:
                shown.append(readout.everything(view))
            assert list(store.check()) == []
        check_same(shown[0], shown[1])
        assert shown[0]["audit faults"] == []
        assert len(self.theirs.copies()) == len(self.oracle.copies())


class ComparisonChecks(StoreChecks, kit=True):
    """Random stories."""

    def test_random_stories_leave_what_they_leave_in_memory(self, tmp_path: Path) -> None:
        class Story(_Comparison):
            suite = self
            folders = (tmp_path / f"story {n}" for n in count(1))

        run_state_machine_as_test(Story, settings=self.stories)
