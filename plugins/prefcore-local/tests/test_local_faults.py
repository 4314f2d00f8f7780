"""The local target on full disks, for other users and under kill -9: old or new, and whole."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from textwrap import dedent

import pytest
from prefcore_local import prefcore_backup_targets

from prefcore.interfaces import Target
from prefcore_testing.targets.sources import Source

(INFO,) = prefcore_backup_targets()
NOBODY = 65534
IS_ROOT = os.geteuid() == 0

# Imports once, then forks a child for each line, so that each starts in a millisecond; it has no
# threads, which the process that runs pytest may have.
_SERVER = """
    import io, os, resource, signal, sys
    from prefcore.errors import PrefcoreError
    from prefcore_local import prefcore_backup_targets
    import prefcore_local._target

    def say(text):
        os.write(1, (text + "\\n").encode())

    def put(target, number, size):
        target.put("f/a", io.BytesIO(number.to_bytes(8, "big") * (size // 8)))

    def puts(target, size):
        for number in range(1, 1_000_000):
            put(target, number, size)
            say(f"put {number}")

    def limited(target, size, limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        put(target, 2, size)

    def starved(target, files):
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        put(target, 2, 8)

    def stopped(target):
        class Stopping(io.BytesIO):
            def read(self, size=-1):
                os.kill(os.getpid(), signal.SIGSTOP)
                return super().read(size)
        target.put("slow", Stopping(b"slow"))

    def guest(target, verb, *name):
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        if verb == "put":
            target.put(name[0], io.BytesIO(b"guest"))
        elif verb == "get":
            say("read " + target.get(name[0]).read().decode())
        elif verb == "list":
            say("listed " + ",".join(one.name for one in target.list(*name)))
        else:
            target.delete(name[0])

    for line in sys.stdin:
        act, url, *options = line.split()
        child = os.fork()
        if child == 0:
            (info,) = prefcore_backup_targets()
            say(f"begin {os.getpid()}")
            try:
                options = [int(o) if o.isdigit() else o for o in options]
                globals()[act](info.factory(url), *options)
                say("done")
            except PrefcoreError as error:
                say(f"{type(error).__name__} {error.exit_code}")
            os._exit(0)
        os.waitpid(child, 0)
        say("end")
"""


class Server:
    """Children that act on a target."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._lines = process.stdin, process.stdout

    def begin(self, act: str, root: Path, *options: object) -> int:
        """Start a child, and give its process id."""
        self._orders.write(" ".join([act, f"file://{root}", *map(str, options)]) + "\n")
        self._orders.flush()
        return int(self._lines.readline().removeprefix("begin "))

    def end(self) -> list[str]:
        """Wait until the child ended, and give what it said."""
        said = []
        while (line := self._lines.readline()) != "end\n":
            assert line, "the server of the children is gone"
            said.append(line.strip())
        return said

    def run(self, act: str, root: Path, *options: object) -> list[str]:
        self.begin(act, root, *options)
        return self.end()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, "-c", dedent(_SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Server(process)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.fixture
def root() -> Iterator[Path]:
    """Give a folder that other users may enter, which pytest's own are not."""
    above = Path(tempfile.mkdtemp(prefix="prefcore-local-"))
    above.chmod(0o755)
    root = above / "root"
    root.mkdir()
    yield root
    for folder in (root, *root.rglob("*/")):
        folder.chmod(0o700)
    shutil.rmtree(above)


def target_at(path: Path) -> Target:
    return INFO.factory(f"file://{path.as_posix()}")


def put(target: Target, name: str, data: bytes = b"bytes") -> None:
    assert target.put(name, io.BytesIO(data)).size == len(data)


def read(target: Target, name: str) -> bytes:
    with target.get(name) as source:
        return source.read()


def listed(target: Target) -> list[str]:
    return [one.name for one in target.list()]


def temporaries(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob(".prefcore-put-*"))


# --------------------------------------------------------------------------------- full disks


@pytest.mark.parametrize("limit", [0, 1, 4096, 1 << 20, (3 << 20) - 1])
def test_full_disk_leaves_the_old_object(limit: int, server: Server, root: Path) -> None:
    target, size = target_at(root), 3 << 20
    assert server.run("limited", root, size, limit) == ["NoSpace 14"]
    assert list(root.iterdir()) == []
    put(target, "f/a", b"old")
    assert server.run("limited", root, size, limit) == ["NoSpace 14"]
    assert (listed(target), read(target, "f/a")) == (["f/a"], b"old")
    assert temporaries(root) == []
    assert server.run("limited", root, size, size) == ["done"]
    assert len(read(target, "f/a")) == size


def test_put_that_runs_out_of_file_descriptors_leaves_old_or_new(
    server: Server, root: Path
) -> None:
    """Wherever it stops, even while it looks at what it has done, nothing is lost."""
    target, old, new = target_at(root), bytes(8), (2).to_bytes(8, "big")
    found: list[tuple[str, bytes]] = []
    for files in range(3, 100):
        put(target, "f/a", old)
        (said,) = server.run("starved", root, files)
        found.append((said, read(target, "f/a")))
        assert listed(target) == ["f/a"]
        if said == "done":
            break
    assert found[-1] == ("done", new)
    assert {said for said, _ in found[:-1]} == {"TargetUnreachable 15"}
    assert {data for _, data in found} == {old, new}
    put(target, "f/a", old)
    assert temporaries(root) == []


# -------------------------------------------------------------------------------- other users


def test_closed_root_is_not_permitted(server: Server, root: Path) -> None:
    put(target_at(root), "a")
    with _modes({root: 0o000}):
        for verb in ("put", "get", "delete"):
            assert server.run("guest", root, verb, "a") == ["NotPermitted 4"]
        assert server.run("guest", root, "list") == ["NotPermitted 4"]
        assert server.run("guest", root / "below", "list") == ["NotPermitted 4"]
    assert read(target_at(root), "a") == b"bytes"


def test_root_that_is_only_read_can_be_read(server: Server, root: Path) -> None:
    put(target_at(root), "f/a")
    with _modes({root: 0o555, root / "f": 0o555, root / "f" / "a": 0o444}):
        assert server.run("guest", root, "list") == ["listed f/a", "done"]
        assert server.run("guest", root, "get", "f/a") == ["read bytes", "done"]
        for name in ("f/a", "f/b", "new"):
            assert server.run("guest", root, "put", name) == ["NotPermitted 4"]
        assert server.run("guest", root, "delete", "f/a") == ["NotPermitted 4"]
    assert listed(target_at(root)) == ["f/a"]
    assert temporaries(root) == []


def test_closed_folder_is_told_and_not_left_out_of_a_listing(server: Server, root: Path) -> None:
    for name in ("a", "f/a", "g"):
        put(target_at(root), name)
    with _modes({root: 0o555, root / "f": 0o000}):
        assert server.run("guest", root, "list") == ["NotPermitted 4"]
        assert server.run("guest", root, "list", "g") == ["listed g", "done"]


def test_temporary_of_another_user_is_left_alone(root: Path) -> None:
    name = f".prefcore-put-{'0' * 32}.tmp"
    (root / name).write_bytes(b"of another user")
    if IS_ROOT:  # nobody else can give a file away
        os.chown(root / name, NOBODY, NOBODY)
    put(target_at(root), "a")
    assert temporaries(root) == ([name] if IS_ROOT else [])


@contextmanager
def _modes(modes: dict[Path, int]) -> Iterator[None]:
    """Set modes, the deepest first, and open everything again for its owner."""
    for path in sorted(modes, reverse=True):
        path.chmod(modes[path])
    yield
    for path in sorted(modes):
        path.chmod(0o700 if path.is_dir() else 0o600)


# -------------------------------------------------------------------------------------- kills


def test_killed_puts_leave_old_or_new_and_the_next_put_sweeps(server: Server, root: Path) -> None:
    random, target = Random(3), target_at(root)
    size, left = 2 << 20, 0
    put(target, "f/a", bytes(size))
    for kill in range(50):
        before = int.from_bytes(read(target, "f/a")[:8], "big")
        process = server.begin("puts", root, size)
        time.sleep(random.uniform(0, 0.03))
        os.kill(process, signal.SIGKILL)
        said = server.end()
        found = read(target, "f/a")
        number = int.from_bytes(found[:8], "big")
        assert found == found[:8] * (size // 8), f"kill {kill} left a mixture"
        returned = len(said)
        assert number in ((returned or before), returned + 1), f"kill {kill} lost a put"
        assert listed(target) == ["f/a"]
        dead = temporaries(root)
        assert len(dead) <= 1
        left += len(dead)
        put(target, f"other/{kill}", b"next")
        assert temporaries(root) == []
        target.delete(f"other/{kill}")
    assert left >= 10, "the kills met no put in the making"


def test_temporary_of_a_living_process_is_left_alone(server: Server, root: Path) -> None:
    target = target_at(root)
    process = server.begin("stopped", root)
    deadline = time.monotonic() + 30
    while not temporaries(root):
        assert time.monotonic() < deadline
    for _ in range(2):  # it stops at each read
        living = temporaries(root)
        os.utime(root / living[0], (0, 0))  # however old
        put(target, "a")
        assert temporaries(root) == living
        _continue_when_stopped(process)
    assert server.end() == ["done"]
    assert (read(target, "slow"), temporaries(root)) == (b"slow", [])


def _continue_when_stopped(process: int) -> None:
    deadline = time.monotonic() + 30
    while "State:\tT" not in Path(f"/proc/{process}/status").read_text():
        assert time.monotonic() < deadline
    os.kill(process, signal.SIGCONT)


def test_temporary_of_another_thread_is_left_alone(root: Path) -> None:
    target = target_at(root)
    source = Source([b"one", b"two"], between=lambda: put(target_at(root), "other"))
    target.put("a", source.as_binary())
    assert read(target, "a") == b"onetwo"
    assert temporaries(root) == []


def test_what_only_looks_like_a_temporary_is_left_alone(root: Path) -> None:
    target = target_at(root)
    for name in ("0" * 31 + ".tmp", "0" * 32 + ".tmp2", "G" * 32 + ".tmp", "0" * 32):
        (root / f".prefcore-put-{name}").write_bytes(b"a file of another program")
    (root / f".prefcore-put-{'1' * 32}.tmp").mkdir()
    (root / f".prefcore-put-{'2' * 32}.tmp").symlink_to("elsewhere")
    os.mkfifo(root / f".prefcore-put-{'3' * 32}.tmp")
    before = {path.name for path in root.iterdir()}
    put(target, "a")
    assert {path.name for path in root.iterdir()} == before | {"a"}
