"""Small files are whole or as they were, and what is in the way is told as what it is."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from prefcore.errors import NoSpace, NotPermitted, PrefcoreError, ReadOnly
from prefcore.whole_files import put_whole, unwritable


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
