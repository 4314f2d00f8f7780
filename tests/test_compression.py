"""Compressed streams are undone whole, within limits, or refused with the place of the damage."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from collections import deque
from random import Random

import hypothesis.strategies as st
import pytest
from backports import zstd
from hypothesis import given, settings

from prefcore.compression import METHODS, compressing, decompressed, method_of, split_suffix
from prefcore.errors import DamagedDocument, TruncatedDocument, UsageError
from prefcore_testing.formats.pipes import Source

BOTH = [pytest.param(method, id=method) for method in METHODS if method != "none"]
CONTENT = b'{"prefcore": ...}\n' * 500 + Random(7).randbytes(5_000)


def packed(content: bytes, method: str) -> bytes:
    out = io.BytesIO()
    with compressing(out, method) as file:
        for at in range(0, len(content), 1_000):
            file.write(content[at : at + 1_000])
    return out.getvalue()


def opened(data: bytes, **limits: int) -> io.BufferedReader:
    given = {"max_bytes": 1 << 30, "max_ratio": 5_000, "max_window_bytes": 8 << 20, **limits}
    return decompressed(
        Source(data),
        method_of(data),
        max_bytes=given["max_bytes"],
        max_ratio=given["max_ratio"],
        max_window_bytes=given["max_window_bytes"],
    )


def refusal(data: bytes, **limits: int) -> DamagedDocument:
    stream = opened(data, **limits)
    with pytest.raises(DamagedDocument) as caught:
        deque(iter(lambda: stream.read(1 << 20), b""), maxlen=0)
    return caught.value


@pytest.mark.parametrize("method", BOTH)
def test_what_is_compressed_is_undone_by_us_and_by_others(method: str) -> None:
    data = packed(CONTENT, method)
    assert method_of(data) == method
    assert len(data) < len(CONTENT)
    assert opened(data).read() == CONTENT
    assert (gzip if method == "gzip" else zstd).decompress(data) == CONTENT
    assert packed(CONTENT, method) == data, "the same bytes again: no time, no name in them"


def test_without_compression_the_bytes_pass_as_they_are() -> None:
    assert packed(CONTENT, "none") == CONTENT
    assert method_of(CONTENT) == "none"
    assert method_of(b"") == "none"


def test_an_unknown_method_is_refused() -> None:
    with (
        pytest.raises(UsageError, match="known are none, zstd, gzip"),
        compressing(io.BytesIO(), "bzip2"),
    ):
        pass


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=200) | st.integers(1, 40).map(lambda n: b"ab" * n**3), max_size=5),
    st.sampled_from(["zstd", "gzip"]),
    st.lists(st.integers(1, 70_000), min_size=1, max_size=4),
)
def test_any_frames_read_in_any_pieces_give_their_content(
    contents: list[bytes], method: str, sizes: list[int]
) -> None:
    stream = opened(
        b"".join(packed(content, method) for content in contents) or packed(b"", method)
    )
    read = b""
    while piece := stream.read(sizes[len(read) % len(sizes)]):
        read += piece
    assert read == b"".join(contents)


def test_zstd_frames_that_only_carry_notes_are_skipped() -> None:
    note = b"\x5a\x2a\x4d\x18\x04\0\0\0note"
    assert method_of(note) == "zstd"
    assert opened(note + packed(b"a", "zstd") + note + packed(b"b", "zstd") + note).read() == b"ab"


@pytest.mark.parametrize("method", BOTH)
def test_a_cut_anywhere_is_noticed_with_the_frame(method: str) -> None:
    first = packed(b"first", method)
    data = first + packed(CONTENT[:400], method)
    for end in range(4, len(data)):
        if end == len(first):
            continue  # a whole file too
        error = refusal(data[:end])
        if 0 < end - len(first) < 4:
            assert error.facts["byte"] == len(first), "too little to tell what it is"
        else:
            assert isinstance(error, TruncatedDocument)
            assert error.facts["byte"] == (len(first) if end > len(first) else 0)
            assert "cut off" in error.message


@pytest.mark.parametrize("method", BOTH)
def test_a_flipped_bit_is_noticed_or_changes_nothing(method: str) -> None:
    content = CONTENT[:600]
    data = packed(content, method)
    places: set[object] = set()
    unnoticed = 0
    for at in range(4, len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            try:
                assert opened(bytes(damaged)).read() == content
                unnoticed += 1
            except DamagedDocument as error:
                places.add(error.facts["byte"])
    assert places >= {0}
    assert all(isinstance(place, int) and 0 <= place <= len(data) for place in places)
    # A time, a system and padding say nothing of the content.
    assert unnoticed < (80 if method == "gzip" else 8)


@pytest.mark.parametrize("method", BOTH)
@pytest.mark.parametrize("tail", [b"x", b"\0" * 512, b"{}\n", b"\x1f", b"\x28\xb5\x2f"])
def test_what_follows_the_end_is_refused_with_its_place(method: str, tail: bytes) -> None:
    data = packed(b"content", method)
    error = refusal(data + tail)
    assert error.facts["byte"] == len(data)
    assert "follows the end" in error.message or isinstance(error, TruncatedDocument)


def test_the_other_method_may_not_follow() -> None:
    assert "not gzip follows" in refusal(packed(b"a", "gzip") + packed(b"b", "zstd")).message


@pytest.mark.parametrize("method", BOTH)
def test_size_after_decompression_has_a_limit(method: str) -> None:
    data = packed(bytes(3 << 20), method)
    assert len(opened(data, max_bytes=3 << 20).read()) == 3 << 20
    error = refusal(data, max_bytes=(3 << 20) - 1)
    assert error.facts["limit"] == "max_bytes"


def test_ratio_has_a_limit_where_the_content_is_not_small() -> None:
    data = packed(bytes(18 << 20), "zstd")
    assert refusal(data).facts["limit"] == "max_ratio"
    assert len(opened(data, max_ratio=40_000).read()) == 18 << 20
    assert len(opened(packed(bytes(15 << 20), "zstd")).read()) == 15 << 20


def test_window_has_a_limit() -> None:
    parameter = zstd.CompressionParameter
    options: dict[int, int] = {parameter.window_log: 24, parameter.content_size_flag: 0}
    encoder = zstd.ZstdCompressor(options=options)
    data = encoder.compress(bytes(100)) + encoder.flush()
    error = refusal(data)
    assert error.facts["limit"] == "max_window_bytes"
    assert "level 19" in error.message
    assert opened(data, max_window_bytes=16 << 20).read() == bytes(100)


@pytest.mark.parametrize("method", BOTH)
def test_files_of_endless_empty_frames_are_refused(method: str) -> None:
    assert "almost nothing" in refusal(packed(b"", method) * 3_000).message
    blocks = [CONTENT[at : at + 1_000] for at in range(0, len(CONTENT), 1_000)] * 100
    data = b"".join(packed(block, method) for block in blocks)
    assert len(opened(data).read()) == sum(map(len, blocks)), "many frames that hold something"


def test_a_bomb_takes_neither_time_nor_memory() -> None:
    code = (
        "import io\n"
        "from pathlib import Path\n"
        "from prefcore.compression import compressing, decompressed\n"
        "from prefcore.errors import DamagedDocument\n"
        "bomb = io.BytesIO()\n"
        "with compressing(bomb, 'zstd') as file:\n"
        "    for _ in range(2_000):\n"
        "        file.write(bytes(1 << 20))\n"
        "bomb.seek(0)\n"
        "stream = decompressed(bomb, 'zstd', max_bytes=1 << 40, max_ratio=5_000,\n"
        "                      max_window_bytes=8 << 20)\n"
        "try:\n"
        "    while stream.read(1 << 20):\n"
        "        pass\n"
        "except DamagedDocument as error:\n"
        # Not ru_maxrss, which remembers the process that started this one.
        "    (peak,) = (l for l in Path('/proc/self/status').open() if l.startswith('VmHWM'))\n"
        "    print(int(peak.split()[1]) < 80_000, error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.stdout[:5], run.stderr) == ("True ", "")


def test_an_error_while_writing_leaves_a_file_that_shows_it() -> None:
    out = io.BytesIO()

    def write() -> None:
        with compressing(out, "gzip") as file:
            file.write(CONTENT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    assert isinstance(refusal(out.getvalue()), TruncatedDocument)


@pytest.mark.parametrize(
    ("name", "plain", "method"),
    [
        ("a.json.zst", "a.json", "zstd"),
        ("x/a.JSON.GZ", "x/a.JSON", "gzip"),
        ("a.json", "a.json", "none"),
        (".gz", ".gz", "none"),
        ("-", "-", "none"),
    ],
)
def test_a_suffix_tells_the_method(name: str, plain: str, method: str) -> None:
    assert split_suffix(name) == (plain, method)
