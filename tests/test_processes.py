"""Threads, forked children and change() blocks: nobody's write is lost, nobody reads wrong data."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import overload

import pytest

from prefcore import ConflictError, Preferences, Schema, Secret, preference


class Editor(Schema, app="acme-editor", version="1.0.0"):
    font_size: int = preference(12, ge=6, le=72)
    theme: str = "light"
    api_token: Secret[str] | None = None


@pytest.fixture(params=["sqlite", "memory"])
def prefs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Preferences[Editor]]:
    url = "memory:" if request.param == "memory" else f"sqlite:{tmp_path / 'prefs.db'}"
    with Preferences.open(Editor, store=url) as opened:
        opened.set_many("user", "alice", {"font_size": 14})
        yield opened


# ----------------------------------------------------------------------------- change blocks


def test_a_block_that_would_overwrite_somebody_elses_change_changes_nothing(
    prefs: Preferences[Editor],
) -> None:
    block = prefs.change(user="alice")
    mine = block.__enter__()
    mine.font_size = mine.font_size + 1
    mine.theme = "dark"
    prefs.set("font_size", 20, user="alice")
    with pytest.raises(ConflictError) as raised:
        block.__exit__(None, None, None)
    assert raised.value.message.startswith(
        "user/alice font_size: it holds 20 by now, changed by somebody else since this change() "
        "block began, which would make it 15; nothing was changed"
    )
    facts = (raised.value.key, raised.value.place, raised.value.theirs, raised.value.ours)
    assert facts == ("font_size", "user/alice", "20", "15")
    assert prefs.effective(user="alice") == [("font_size", 20, "user/alice")]


@pytest.mark.parametrize(
    ("before", "theirs", "ours", "said"),
    [
        ({}, {"theme": "blue"}, "dark", 'holds "blue" by now.* make it "dark"'),
        ({"theme": "red"}, {}, "dark", 'holds nothing by now.* make it "dark"'),
        ({"theme": "red"}, {"theme": "blue"}, None, 'holds "blue" by now.* make it nothing'),
    ],
    ids=["set where nothing was", "unset", "unset here"],
)
def test_setting_and_unsetting_conflict_too(
    prefs: Preferences[Editor],
    before: dict[str, object],
    theirs: dict[str, object],
    ours: str | None,
    said: str,
) -> None:
    prefs.set_many("user", "alice", before)
    block = prefs.change(user="alice")
    mine = block.__enter__()
    if ours is None:
        del mine.theme
    else:
        mine.theme = ours
    prefs.set_many("user", "alice", theirs, unset=[] if theirs else ["theme"])
    with pytest.raises(ConflictError, match=said):
        block.__exit__(None, None, None)


@pytest.mark.parametrize("before", [{"theme": "red"}, {}], ids=["a value", "nothing"])
def test_what_was_changed_there_and_back_meanwhile_conflicts_too(
    prefs: Preferences[Editor], before: dict[str, object]
) -> None:
    prefs.set_many("user", "alice", before)
    block = prefs.change(user="alice")
    mine = block.__enter__()
    mine.theme = "dark"
    prefs.set("theme", "blue", user="alice")
    prefs.set_many("user", "alice", before, unset=[] if before else ["theme"])
    with pytest.raises(ConflictError, match=r"holds (\"red\"|nothing) by now, changed by somebody"):
        block.__exit__(None, None, None)


def test_a_block_ends_well_where_somebody_else_only_set_what_was_there(
    prefs: Preferences[Editor],
) -> None:
    with prefs.change(user="alice") as mine:
        mine.font_size = 20
        prefs.set("font_size", 14, user="alice")
    assert prefs.user("alice").font_size == 20


def test_a_block_ends_well_beside_changes_of_other_keys_and_sets(
    prefs: Preferences[Editor],
) -> None:
    with prefs.change(user="alice") as mine:
        mine.font_size = 20
        prefs.set("theme", "blue", user="alice")
        prefs.set("font_size", 40, user="bob")
    assert (prefs.user("alice").font_size, prefs.user("alice").theme) == (20, "blue")


def test_a_block_within_a_block_is_somebody_else(prefs: Preferences[Editor]) -> None:
    with prefs.change(user="alice") as outer:
        outer.theme = "dark"
        with prefs.change(user="alice") as inner:
            inner.font_size = 30
    assert (prefs.user("alice").font_size, prefs.user("alice").theme) == (30, "dark")
    with pytest.raises(ConflictError, match="it holds 32 by now"):
        _nested(prefs)
    assert prefs.user("alice").font_size == 32


def _nested(prefs: Preferences[Editor]) -> None:
    with prefs.change(user="alice") as outer:
        outer.font_size = 31
        with prefs.change(user="alice") as inner:
            inner.font_size = 32


def test_counting_in_blocks_loses_nothing_where_conflicts_are_tried_again(
    prefs: Preferences[Editor],
) -> None:
    prefs.set("font_size", 10, user="alice")

    def count() -> int:
        tries = 0
        for _ in range(15):
            while True:
                tries += 1
                try:
                    with prefs.change(user="alice") as mine:
                        mine.font_size = mine.font_size + 1
                except ConflictError:
                    continue
                break
        return tries

    with ThreadPoolExecutor(3) as pool:
        tries = sum(one.result(60) for one in [pool.submit(count) for _ in range(3)])
    assert prefs.user("alice").font_size == 10 + 3 * 15
    assert tries >= 45
    assert sum(1 for one in prefs.log() if one.changes) == 45 + 2


# ----------------------------------------------------------------------------------- threads


class _Interrupted(Sequence[tuple[str, str]]):
    """The sets of a point read, with something that happens when the first was looked up."""

    def __init__(self, sets: list[tuple[str, str]], happens: list[object]) -> None:
        self._sets = sets
        self._happens = happens

    def __len__(self) -> int:
        return len(self._sets)

    @overload
    def __getitem__(self, index: int) -> tuple[str, str]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[str, str]]: ...
    def __getitem__(self, index: int | slice) -> tuple[str, str] | list[tuple[str, str]]:
        return self._sets[index]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for one in self._sets:
            yield one
            while self._happens:
                self._happens.pop()()  # type: ignore[operator]  # the test's own functions


def test_a_read_does_not_take_ids_that_another_thread_found_to_be_old(tmp_path: Path) -> None:
    """Between looking an owner up and reading it, its set is made and another thread reads on."""
    with Preferences.open(Editor, store=tmp_path / "prefs.db") as prefs:
        prefs.set("font_size", 14, user="alice")
        store, app = prefs.store, prefs.app
        assert store.layers(app, "1.0.0", "font_size", [("user", "bob")]) == []

        def others() -> None:
            with Preferences.open(Editor, store=tmp_path / "prefs.db") as other:
                other.set("font_size", 20, user="bob")
            with ThreadPoolExecutor(1) as pool:
                read = (app, "1.0.0", "font_size", [("user", "alice")])
                assert pool.submit(store.layers, *read).result(30)[0][2] == "14"

        sets = _Interrupted([("user", "bob")], [others])
        assert [one[2] for one in store.layers(app, "1.0.0", "font_size", sets)] == ["20"]


# ------------------------------------------------------------------------------------- forks

_BEGIN = """
import os, sys
from prefcore import Preferences, Schema, Secret, preference

class Editor(Schema, app="acme-editor", version="1.0.0"):
    font_size: int = preference(12, ge=6, le=72)
    theme: str = "light"
    api_token: Secret[str] | None = None

def fork(child):
    pid = os.fork()
    if pid == 0:
        try:
            child()
        except SystemExit:
            raise
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", flush=True)
            sys.exit(3)
        sys.exit(0)  # with all that ends a Python process
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

prefs = Preferences.open(Editor, store=sys.argv[1])
prefs.set("font_size", 14, user="alice")
"""


def _run(script: str, store: str) -> str:
    """Run a script in a process of its own, which may fork: it has no other threads."""
    done = subprocess.run(
        [sys.executable, "-c", _BEGIN + textwrap.dedent(script), store],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _checked(path: Path) -> Preferences[Editor]:
    prefs = Preferences.open(Editor, store=path)
    assert list(prefs.store.check()) == []
    return prefs


def test_a_forked_child_reads_and_writes_as_its_parent_does(tmp_path: Path) -> None:
    out = _run(
        """
        def child():
            for n in range(10, 30):
                assert prefs.get("font_size", user="alice") in range(14, 30)
                prefs.set("font_size", n, user="bob")
            plan = prefs.plan_set("user", "carol", {"font_size": 9})
            prefs.apply(plan)
            prefs.close()

        code = fork(child)
        for n in range(10, 30):
            prefs.set("font_size", n, user="alice")
        print(code, prefs.user("bob").font_size, prefs.user("carol").font_size)
        """,
        str(tmp_path / "prefs.db"),
    )
    assert out == "0 29 9\n"
    with _checked(tmp_path / "prefs.db") as prefs:
        assert sum(1 for _ in prefs.log()) == 1 + 20 + 1 + 20


_REFUSED = (
    "UsageError: STORE: this changeset was begun in the parent process, and only that can end it; "
    "a forked child begins its own"
)


def test_a_child_cannot_end_its_parents_changeset(tmp_path: Path) -> None:
    """Nor does leaving the block by an error, or the end of the child's process, take it back."""
    out = _run(
        """
        draft = prefs._workplace.draft("set", "")
        pid = -1
        try:
            with prefs.store.changeset(draft, version="1.0.0") as transaction:
                for n in range(400):
                    rows = [("font_size", "20", 1, "api", "x")]
                    transaction.write("user", f"u{n:03}", rows)
                print("ended by", fork(lambda: sys.exit(5)), flush=True)
                pid = os.fork()
                if pid:
                    print("child", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
                    transaction.write("user", "zoe", rows)
        except Exception as error:
            print(f"{type(error).__name__}: {error}".replace(sys.argv[1], "STORE"), flush=True)
            sys.exit(9)
        print(transaction.result().changes)
        """,
        str(tmp_path / "prefs.db"),
    )
    assert out.splitlines() == [
        "ended by 5",
        _REFUSED,
        "child 9",
        "401",
    ]
    with _checked(tmp_path / "prefs.db") as prefs:
        assert prefs.user("zoe").font_size == 20


def test_a_child_that_was_forked_while_something_was_read_leaves_it_to_its_parent(
    tmp_path: Path,
) -> None:
    out = _run(
        """
        for n in range(30):
            prefs.set("font_size", 20, user=f"u{n:03}")
        sets = prefs.sets()
        first = next(sets)
        with prefs.begin_undo(rehearsed=True) as begun:
            def child():
                prefs.set("font_size", 50, user="carol")
                sets.close()
            print(fork(child), 1 + sum(1 for _ in sets), begun.plan.counts)
        print(prefs.user("carol").font_size)
        """,
        str(tmp_path / "prefs.db"),
    )
    assert out == "0 31 {'remove': 1}\n50\n"
    _checked(tmp_path / "prefs.db").close()


def test_a_child_is_not_held_up_by_a_thread_of_its_parents_memory_store() -> None:
    out = _run(
        """
        import threading
        began, ends = threading.Event(), threading.Event()

        def hold():
            draft = prefs._workplace.draft("set", "")
            with prefs.store.changeset(draft, version="1.0.0"):
                began.set()
                ends.wait(60)

        prefs.store.wait = 0.5
        thread = threading.Thread(target=hold)
        thread.start()
        began.wait(60)

        def child():
            prefs.set("font_size", 50, user="alice")
            assert prefs.user("alice").font_size == 50

        print(fork(child), prefs.user("alice").font_size)
        ends.set()
        thread.join()
        """,
        "memory:",
    )
    assert out == "0 14\n"
