"""Small files are whole or as they were, and what is in the way is told as what it is."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from prefcore.errors import NoSpace, NotPermitted, PrefcoreError, ReadOnly
from prefcore.whole_files import locked, put_whole, unwritable, written_whole


def test_a_file_is_put_replaced_and_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "ring"
    for data in (b"one", b"two"):
        put_whole(file, data)
        assert file.read_bytes() == data
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_mode_is_less_what_the_umask_takes(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        put_whole(tmp_path / "1.0.0.json", b"{}", mode=0o666)
    finally:
        os.umask(before)
    assert (tmp_path / "1.0.0.json").stat().st_mode & 0o777 == 0o640


def test_what_cannot_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ring").mkdir()
    with pytest.raises(NotPermitted, match="ring cannot be written: Is a directory"):
        put_whole(tmp_path / "ring", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["ring"]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "ring").write_bytes(b"old")
    code = """
        import resource, sys
        from prefcore.errors import NoSpace
        from prefcore.whole_files import put_whole

        resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
        try:
            put_whole(sys.argv[1], b"longer than that")
        except NoSpace as error:
            print(error.exit_code)
    """
    command = [sys.executable, "-c", dedent(code), str(tmp_path / "ring")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    assert ended.stdout == "14\n"
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("ring", b"old")]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, NoSpace),
        (errno.EDQUOT, NoSpace),
        (errno.EFBIG, NoSpace),
        (errno.EIO, NoSpace),
        (errno.EROFS, ReadOnly),
        (errno.EACCES, NotPermitted),
        (errno.ENOENT, NotPermitted),
    ],
)
def test_the_error_is_that_of_the_reason(number: int, kind: type[PrefcoreError]) -> None:
    told = unwritable("a/ring", OSError(number, os.strerror(number)))
    assert type(told) is kind
    assert told.message == f"a/ring cannot be written: {os.strerror(number)}"


# -------------------------------------------------------------------------------- drafts


def test_the_draft_of_a_killed_process_goes_with_the_next_file(tmp_path: Path) -> None:
    (tmp_path / "ring").write_bytes(b"old")
    code = """
        import os, signal, sys
        from prefcore.whole_files import put_whole

        os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
        put_whole(sys.argv[1], b"new")
    """
    command = [sys.executable, "-c", dedent(code), str(tmp_path / "ring")]
    ended = subprocess.run(command, check=False, timeout=300)
    assert ended.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 2
    assert (tmp_path / "ring").read_bytes() == b"old"
    put_whole(tmp_path / "ring", b"newer")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("ring", b"newer")]


def test_a_streamed_file_is_whole_or_as_it_was_and_a_dead_draft_goes(tmp_path: Path) -> None:
    file = tmp_path / ("ü" * 125 + ".json")  # its name leaves no room for more
    code = """
        import os, signal, sys
        from prefcore.whole_files import written_whole

        with written_whole(sys.argv[1]) as file:
            for _ in range(100):
                file.write(b"x" * 100_000)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    command = [sys.executable, "-c", dedent(code), str(file)]
    assert subprocess.run(command, check=False, timeout=300).returncode == -signal.SIGKILL
    (dead,) = tmp_path.iterdir()
    assert dead.stat().st_size > 9_000_000
    with pytest.raises(ZeroDivisionError):
        _write_half(file)
    assert list(tmp_path.iterdir()) == []
    with written_whole(file, kept=0o664, mode=0o600) as out:
        out.write(b"all")
        assert not file.exists()
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(file.name, b"all")]
    assert file.stat().st_mode & 0o777 == 0o664
    with pytest.raises(FileExistsError), written_whole(file, replacing=False) as out:
        out.write(b"more")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [(file.name, b"all")]


def _write_half(file: Path) -> None:
    with written_whole(file) as out:
        out.write(b"half")
        raise ZeroDivisionError


def test_drafts_of_the_living_and_files_of_others_stay(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"kept")
    (tmp_path / f"ring.{'1' * 8}.new").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / f"ring.{'2' * 8}.new")
    (tmp_path / f"ring.{'3' * 8}.new").mkdir()
    for name in ("ring.1234567.new", f"ring.{'G' * 8}.new", f"rings.{'4' * 8}.new", "ring.new"):
        (tmp_path / name).touch()
    living = tmp_path / f"ring.{'5' * 8}.new"
    with living.open("wb") as file:
        assert locked(file.fileno())
        before = {path.name for path in tmp_path.iterdir()}
        put_whole(tmp_path / "ring", b"new")
        assert {path.name for path in tmp_path.iterdir()} == before | {"ring"}
    put_whole(tmp_path / "ring", b"newer")
    assert not living.exists()
    assert (tmp_path / "elsewhere").read_bytes() == b"kept"


def test_many_who_write_one_file_leave_it_whole_and_alone(tmp_path: Path) -> None:
    code = """
        import sys
        from prefcore.whole_files import put_whole

        for _ in range(30):
            put_whole(sys.argv[1], sys.argv[2].encode() * 1000)
    """
    file = tmp_path / "ring"
    children = [
        subprocess.Popen([sys.executable, "-c", dedent(code), str(file), text]) for text in "abc"
    ]
    assert [child.wait(300) for child in children] == [0, 0, 0]
    assert file.read_bytes() in (b"a" * 1000, b"b" * 1000, b"c" * 1000)
    assert list(tmp_path.iterdir()) == [file]
