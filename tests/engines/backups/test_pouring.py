"""Pouring: one side writes what the other reads, and each learns how the other fared."""

from __future__ import annotations

import io
import threading
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefcore.engines.backups.pouring import poured
from prefcore.errors import NoSpace, PluginError


class Deliberate(Exception):
    """What one of the two sides raises."""


def _read_all(source: BinaryIO) -> bytes:
    return source.read()


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.binary(max_size=400_000), max_size=8),
    st.sampled_from([1, 7, 4096, 1 << 18, 1 << 20, -1]),
)
def test_what_is_written_is_read(pieces: list[bytes], size: int) -> None:
    if size < 4096 and sum(map(len, pieces)) > 50_000:
        size = 4096

    def write(out: BinaryIO) -> None:
        for piece in pieces:
            assert out.write(piece) == len(piece)

    def take(source: BinaryIO) -> bytes:
        found = b""
        while piece := source.read(size):
            found += piece
        assert source.read(size) == b""
        return found

    assert poured(write, take) == b"".join(pieces)


def test_little_is_held_between_the_two() -> None:
    written = 0
    most = 0

    def write(out: BinaryIO) -> None:
        nonlocal written
        for _ in range(200):
            written += out.write(bytes(1 << 18))

    def take(source: BinaryIO) -> int:
        nonlocal most
        read = 0
        while piece := source.read(1 << 18):
            read += len(piece)
            most = max(most, written - read)
        return read

    assert poured(write, take) == 200 << 18
    assert most <= 12 << 18


def test_error_of_the_writer_ends_the_reader_and_is_raised() -> None:
    seen: list[BaseException] = []

    def write(out: BinaryIO) -> None:
        out.write(bytes(1 << 20))
        raise Deliberate

    def take(source: BinaryIO) -> bytes:
        try:
            return source.read()
        except Deliberate as error:
            seen.append(error)
            raise

    with pytest.raises(Deliberate):
        poured(write, take)
    assert len(seen) == 1


def test_error_of_the_reader_ends_the_writer_and_is_raised() -> None:
    def write(out: BinaryIO) -> None:
        while True:
            out.write(bytes(1 << 20))

    def take(source: BinaryIO) -> bytes:
        source.read(10)
        raise NoSpace("the disk is full")

    with pytest.raises(NoSpace):
        poured(write, take)


def test_reader_that_takes_a_part_only_is_told_of() -> None:
    def write(out: BinaryIO) -> None:
        for _ in range(100):
            out.write(bytes(1 << 20))

    with pytest.raises(PluginError, match="only part"):
        poured(write, lambda source: source.read(10))


def test_interrupt_of_the_writer_leaves_no_thread() -> None:
    before = threading.active_count()

    def write(out: BinaryIO) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        poured(write, _read_all)
    assert threading.active_count() == before
    assert poured(lambda out: None, _read_all) == b""
    assert io.BytesIO(poured(lambda out: None, _read_all)).read() == b""
