"""The local target among links, swaps and strangers' files: nothing outside is touched."""

from __future__ import annotations

import io
import os
import shutil
import stat
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from prefcore_local import prefcore_backup_targets

from prefcore.errors import (
    ForeignFile,
    IntegrityError,
    NotFound,
    PrefcoreError,
    UsageError,
)
from prefcore.interfaces import Target
from prefcore_testing.targets.sources import Source

(INFO,) = prefcore_backup_targets()


def target_at(path: Path) -> Target:
    return INFO.factory(f"file://{path.as_posix()}")


def put(target: Target, name: str, data: bytes = b"bytes") -> None:
    assert target.put(name, io.BytesIO(data)).size == len(data)


def read(target: Target, name: str) -> bytes:
    with target.get(name) as source:
        return source.read()


def listed(target: Target, prefix: str = "") -> list[str]:
    return [one.name for one in target.list(prefix)]


def temporaries(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob(".prefcore-put-*"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Give a folder outside, with one file, that nothing may touch."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a").write_bytes(b"precious")
    return outside


def untouched(outside: Path) -> bool:
    files = {path.name: path.read_bytes() for path in outside.iterdir()}
    return files == {"a": b"precious"}


# -------------------------------------------------------------------------------- permissions


def test_only_the_user_may_read_what_is_made(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        put(target_at(tmp_path / "root"), "f/g/a")
    finally:
        os.umask(old)
    modes = {
        path.relative_to(tmp_path).as_posix(): stat.S_IMODE(path.stat().st_mode)
        for path in tmp_path.rglob("*")
    }
    assert modes == {"root": 0o700, "root/f": 0o700, "root/f/g": 0o700, "root/f/g/a": 0o600}


# ------------------------------------------------------------------------- links and strangers


def test_root_that_is_a_link_is_refused(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "root").symlink_to(outside)
    target = target_at(tmp_path / "root")
    acts: list[Callable[[], object]] = [
        lambda: put(target, "b"),
        lambda: target.get("a"),
        lambda: listed(target),
        lambda: target.delete("a"),
    ]
    for act in acts:
        with pytest.raises(UsageError, match=f"file://{outside}"):
            act()
    assert untouched(outside)


def test_folder_above_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    put(target_at(tmp_path / "link" / "root"), "a")
    assert (tmp_path / "real" / "root" / "a").read_bytes() == b"bytes"


@pytest.mark.parametrize("name", ["f/b", "f/a", "f/g/b"])
def test_link_in_place_of_a_folder_leads_nowhere(name: str, root: Path, outside: Path) -> None:
    (outside.parent / "root" / "f").symlink_to(outside)
    target = target_at(root)
    with pytest.raises(ForeignFile, match="'f' is a symbolic link"):
        put(target, name)
    with pytest.raises(NotFound):
        target.get(name)
    target.delete(name)
    assert listed(target) == listed(target, "f/") == []
    assert untouched(outside)


@pytest.mark.parametrize("to", ["a", "nothing"])
def test_link_in_place_of_an_object_is_left_alone(to: str, root: Path, outside: Path) -> None:
    link = root / "a"
    link.symlink_to(outside / to)
    target = target_at(root)
    with pytest.raises(ForeignFile, match="symbolic link"):
        put(target, "a")
    with pytest.raises(NotFound):
        target.get("a")
    target.delete("a")
    assert listed(target) == []
    assert link.is_symlink()
    assert untouched(outside)


def test_strangers_files_are_neither_objects_nor_touched(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / ".DS_Store").write_bytes(b"of macOS")
    (root / ".Trash-1000").mkdir()
    (root / ".Trash-1000" / "a").write_bytes(b"thrown away")
    (root / "lost+found").mkdir()
    (root / "lost+found" / "#123").write_bytes(b"found")
    (root / "a\nb").write_bytes(b"two lines")
    (root / "back\\slash").write_bytes(b"Windows")
    (root / ".prefcore-put-notes.tmp").write_bytes(b"of the same beginning")
    with open(os.fsencode(root) + b"/\xff\xfe", "wb"):  # noqa: PTH123  # a name that is no text
        pass
    before = sorted(os.fsencode(path) for path in root.rglob("*"))
    target = target_at(root)
    put(target, "own")
    assert listed(target) == ["own"]
    with pytest.raises(NotFound):
        target.get("pipe")  # and does not wait for a writer
    with pytest.raises(ForeignFile, match="special file"):
        put(target, "pipe")
    target.delete("pipe")
    target.delete("own")
    assert sorted(os.fsencode(path) for path in root.rglob("*")) == before


def test_object_and_folder_cannot_have_one_name(root: Path) -> None:
    target = target_at(root)
    put(target, "f/a", b"old")
    with pytest.raises(UsageError, match="is a folder of objects"):
        put(target, "f")
    with pytest.raises(UsageError, match="'a' is an object"):
        put(target, "f/a/b")
    assert read(target, "f/a") == b"old"
    assert temporaries(root) == []


def test_device_is_not_opened() -> None:
    with pytest.raises(NotFound):
        target_at(Path("/dev")).get("null")


def test_delete_removes_the_folders_it_empties_but_never_the_root(root: Path) -> None:
    target = target_at(root)
    for name in ("f/g/h/a", "f/b"):
        put(target, name)
    target.delete("f/g/h/a")
    assert sorted(path.name for path in root.rglob("*")) == ["b", "f"]
    target.delete("f/b")
    assert list(root.iterdir()) == []


# -------------------------------------------------------------------------------------- swaps


def test_folder_swapped_for_a_link_while_putting_leads_nowhere(root: Path, outside: Path) -> None:
    """A put may come to its end in a folder that is elsewhere by then: it says so."""
    target = target_at(root)
    folder, moved = root / "f", outside.parent / "moved"
    put(target, "f/old")
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            with suppress(OSError):
                folder.rename(moved)
                folder.symlink_to(outside)
                folder.unlink()
            shutil.rmtree(folder if moved.exists() else moved, ignore_errors=True)
            with suppress(OSError):
                moved.rename(folder)

    swapping = threading.Thread(target=swap)
    swapping.start()
    outcomes: Counter[str] = Counter()
    deadline = time.monotonic() + 60
    try:
        while outcomes.total() < 200 or not {"done", "ForeignFile"} <= set(outcomes):
            assert time.monotonic() < deadline, outcomes
            try:
                put(target, f"f/{outcomes.total()}", b"new")
                outcomes["done"] += 1
            except PrefcoreError as error:
                outcomes[type(error).__name__] += 1
    finally:
        stop.set()
        swapping.join()
    assert untouched(outside)
    # Between two renames there is no folder at all, which is told as a target that is gone.
    known = {"done", "ForeignFile", "IntegrityError", "TargetUnreachable", "NotFound"}
    assert set(outcomes) <= known, outcomes
    assert temporaries(root) == []


@pytest.mark.parametrize("old", [None, b"old"], ids=["new", "over another"])
def test_folder_moved_away_while_putting_is_told(old: bytes | None, root: Path) -> None:
    """What is new is taken back; what replaced an object stays, or there would be neither."""
    target = target_at(root)
    folder, moved = root / "f", root / "moved"
    message = ""
    deadline = time.monotonic() + 60
    while not message:
        assert time.monotonic() < deadline
        put(target, "f/other")
        if old is not None:
            put(target, "f/a", old)
        stop = threading.Event()

        def move(stop: threading.Event = stop) -> None:
            while not stop.is_set():  # as soon as the object has its name
                with suppress(OSError):
                    if (folder / "a").read_bytes() == b"new":
                        folder.rename(moved)
                        return

        moving = threading.Thread(target=move)
        moving.start()
        try:
            put(target, "f/a", b"new")
        except IntegrityError as error:
            message = error.message
            left = {path.name: path.read_bytes() for path in moved.iterdir()}
        finally:
            stop.set()
            moving.join()
        for place in (folder, moved):
            shutil.rmtree(place, ignore_errors=True)
    assert "moved or replaced" in message
    assert left == {"other": b"bytes"} | ({} if old is None else {"a": b"new"})


def test_root_replaced_while_putting_is_told(root: Path, outside: Path) -> None:
    def swap() -> None:
        root.rename(root.with_name("moved"))
        root.symlink_to(outside)

    target = target_at(root)
    with pytest.raises(IntegrityError, match="moved or replaced"):
        target.put("a", Source([b"bytes"], between=_once(swap)).as_binary())
    assert untouched(outside)
    assert list(root.with_name("moved").iterdir()) == []


def test_temporary_replaced_by_a_link_is_refused(root: Path, outside: Path) -> None:
    def swap() -> None:
        (name,) = temporaries(root)
        (root / name).unlink()
        (root / name).symlink_to(outside / "a")

    target = target_at(root)
    with pytest.raises(PrefcoreError):
        target.put("a", Source([b"bytes"], between=_once(swap)).as_binary())
    assert untouched(outside)
    assert listed(target) == []


def test_temporary_replaced_by_a_file_is_refused(root: Path) -> None:
    def swap() -> None:
        (name,) = temporaries(root)
        (root / name).unlink()
        (root / name).write_bytes(b"bytes")

    target = target_at(root)
    put(target, "a", b"old")
    with pytest.raises(IntegrityError, match="replaced"):
        target.put("a", Source([b"bytes"], between=_once(swap)).as_binary())
    assert read(target, "a") == b"old"


def test_temporary_removed_by_another_program_is_told(root: Path) -> None:
    def remove() -> None:
        (name,) = temporaries(root)
        (root / name).unlink()

    with pytest.raises(PrefcoreError):
        target_at(root).put("a", Source([b"bytes"], between=_once(remove)).as_binary())
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("damage", ["changed", "longer", "shorter"])
def test_bytes_that_are_not_read_back_as_written_are_refused(damage: str, root: Path) -> None:
    target = target_at(root)
    put(target, "a", b"old")

    def spoil() -> Iterator[bytes]:
        yield b"0123456789"
        (name,) = temporaries(root)
        with (root / name).open("r+b") as file:
            if damage == "changed":
                file.seek(5)
                file.write(b"X")
            if damage == "longer":
                file.seek(0, 2)
                file.write(b"X")
            if damage == "shorter":
                file.truncate(9)

    with pytest.raises(IntegrityError, match="does not hold what was written"):
        target.put("a", Source(spoil()).as_binary())
    assert read(target, "a") == b"old"
    assert temporaries(root) == []


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """Give a callable that acts when it is called the second time: in the middle of a put."""
    calls = iter((False, True))

    def step() -> None:
        if next(calls, False):
            act()

    return step
