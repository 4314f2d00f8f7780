"""What strace's log tells of writes is read as it is meant."""

from __future__ import annotations

from pathlib import Path

from tests.canary import STEM
from tests.faults.traced import Write, leaks, writes_of


def _hexadecimal(data: bytes) -> str:
    return "".join(f"\\x{one:02x}" for one in data)


def test_every_write_is_read_with_its_file_and_bytes(tmp_path: Path) -> None:
    held, path = _hexadecimal(STEM.encode()), _hexadecimal(b"/tmp/a b")
    log = tmp_path / "trace"
    log.write_text(
        f'77 write(3<{path}>, "\\x61\\x62", 2) = 2\n'
        f'78 pwrite64(4<{path}>, "\\x00{held}\\x01", 12, 4096) = 12\n'
        f'77 writev(1<{path}>, [{{iov_base="\\x61", iov_len=1}}, {{iov_base="{held}"}}], 2) = 11\n'
        f'77 execve("{path}", ["{path}", "{held}"], 0x55 /* 20 vars */) = 0\n'
        f'77 read(3<{path}>, "{held}", 10) = 10\n'
        "+++ exited with 0 +++\n",
        "ascii",
    )
    first, *_ = found = list(writes_of(log))
    assert first == Write("write", "/tmp/a b", b"ab")
    assert [one.call for one in found] == ["write", "pwrite64", "writev", "execve"]
    count, told = leaks(log)
    assert count == 4
    assert told == [
        "pwrite64 to /tmp/a b holds it as text",
        "writev to /tmp/a b holds it as text",
        "execve to a new process holds it as text",
    ]
