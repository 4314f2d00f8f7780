"""The local target's URLs, and roots that are missing, unreachable or no folder."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from prefcore_local import prefcore_backup_targets
from prefcore_local._failures import told

from prefcore.errors import (
    ForeignFile,
    NoSpace,
    NotFound,
    NotPermitted,
    PrefcoreError,
    ReadOnly,
    TargetUnreachable,
    UsageError,
)
from prefcore.interfaces import Target

(INFO,) = prefcore_backup_targets()


def target_at(path: Path) -> Target:
    return INFO.factory(f"file://{path.as_posix()}")


def put(target: Target, name: str, data: bytes = b"bytes") -> None:
    assert target.put(name, io.BytesIO(data)).size == len(data)


def listed(target: Target) -> list[str]:
    return [one.name for one in target.list()]


# --------------------------------------------------------------------------------------- URLs

BAD_URLS = {
    "relative": ("file:backups", "file:///path"),
    "no slashes": ("file:/backups", "file:///path"),
    "host": ("file://server/backups", "'server'"),
    "localhost": ("file://localhost/backups", "'localhost'"),
    "relative with slashes": ("file://backups", "file:///path"),
    "dot segments": ("file:///a/../b", ".."),
    "encoded dot segments": ("file:///a/%2e%2E/b", ".."),
    "encoded slash": ("file:///a/..%2f..%2fb", "%2F"),
    "NUL": ("file:///a%00b", "%00"),
    "bare percent": ("file:///100%", "%25"),
    "half a percent": ("file:///100%2", "%25"),
    "no UTF-8": ("file:///caf%e9", "UTF-8"),
    "query": ("file:///a?b", "%3F"),
    "fragment": ("file:///a#b", "%23"),
    "whole system": ("file:///", "folder of its own"),
    "whole system by slashes": ("file:////", "folder of its own"),
    "another scheme": ("s3:///a", "file:///path"),
    "surrogate": ("file:///\ud800?", "%3F"),
}


@pytest.mark.parametrize("case", BAD_URLS)
def test_url_is_refused_with_what_to_write(case: str) -> None:
    url, hint = BAD_URLS[case]
    with pytest.raises(UsageError) as caught:
        INFO.factory(url)
    assert hint in caught.value.message
    assert caught.value.message.encode()


@pytest.mark.parametrize("part", ["a b", "50%", "é", "a?b#c", "日本"])
def test_url_is_percent_decoded(part: str, tmp_path: Path) -> None:
    quoted = part.replace("%", "%25").replace(" ", "%20").replace("?", "%3f").replace("#", "%23")
    put(INFO.factory(f"FILE://{tmp_path.as_posix()}/{quoted}/"), "a")
    assert (tmp_path / part / "a").read_bytes() == b"bytes"


# -------------------------------------------------------------------------- what does not answer


def test_missing_root_is_an_empty_target_until_something_is_put(tmp_path: Path) -> None:
    target = target_at(tmp_path / "root")
    assert listed(target) == []
    target.delete("a")
    with pytest.raises(NotFound):
        target.get("a")
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_above_the_root_is_unreachable(tmp_path: Path) -> None:
    target = target_at(tmp_path / "unmounted" / "root")
    acts: list[Callable[[], object]] = [
        lambda: put(target, "b"),
        lambda: target.get("a"),
        lambda: listed(target),
        lambda: target.delete("a"),
    ]
    for act in acts:
        with pytest.raises(TargetUnreachable, match="mounted") as caught:
            act()
        assert caught.value.exit_code == 15
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_root_that_is_a_file_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"bytes")
    with pytest.raises((UsageError, TargetUnreachable)):
        put(target_at(tmp_path / name), "a")
    assert (tmp_path / "file").read_bytes() == b"bytes"


def test_disk_that_fails_while_reading_is_unreachable() -> None:
    target = target_at(Path(f"/proc/{os.getpid()}"))
    with target.get("mem") as source, pytest.raises(TargetUnreachable):
        source.read(10)  # nothing is mapped at address 0: EIO
    with target.get("mem") as source, pytest.raises(TargetUnreachable):
        source.read()


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [
        (errno.ENOSPC, NoSpace, 14),
        (errno.EDQUOT, NoSpace, 14),
        (errno.EFBIG, NoSpace, 14),
        (errno.EACCES, NotPermitted, 4),
        (errno.EPERM, NotPermitted, 4),
        (errno.EROFS, ReadOnly, 19),
        (errno.ENAMETOOLONG, UsageError, 2),
        (errno.EXDEV, UsageError, 2),
        (errno.ENOTDIR, ForeignFile, 13),
        (errno.ELOOP, ForeignFile, 13),
        (errno.EIO, TargetUnreachable, 15),
        (errno.ESTALE, TargetUnreachable, 15),
        (errno.ENOTCONN, TargetUnreachable, 15),
        (errno.ETIMEDOUT, TargetUnreachable, 15),
        (errno.EMFILE, TargetUnreachable, 15),
    ],
)
def test_every_error_of_the_system_has_its_own_of_ours(
    number: int, kind: type[PrefcoreError], code: int
) -> None:
    with pytest.raises(kind) as caught, told("/backups/a"):
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind
    assert caught.value.exit_code == code
    assert caught.value.message.startswith("/backups/a")
    assert "\n" not in caught.value.message
