"""Damaged and hostile binary documents: each error names its byte and what is wrong."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from zlib import crc32

import msgpack  # type: ignore[import-untyped]  # it has no stubs
import pytest
from prefcore_binary import prefcore_formats

from prefcore.errors import (
    DamagedDocument,
    InvalidValue,
    NewerFormat,
    PrefcoreError,
    TruncatedDocument,
)
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, PreferenceSet, Record
from prefcore_testing.documents import Contents, many_sets, set_of
from prefcore_testing.formats.pipes import Source

FORMAT = prefcore_formats()[0].factory()
MAGIC = b"\xa8prefcore\x01"
_NOTHING: list[list[str]] = [[], [], []]
HEADER = [0, "app", "1.0.0", None, "", None, [], _NOTHING, False, []]
SET = [1, "", "user", "alice", ["a", "b"], ["1", "2"], 0, "manual", "alice"]
TRAILER = [4, 1, 2, 0, "sha256:" + "0" * 64]


def file_of(payloads: Iterable[bytes]) -> bytes:
    """Give a file of these frames, its checksums right: what a hostile writer would make."""
    data, checksum = MAGIC, crc32(MAGIC)
    for payload in payloads:
        framed = b"\xc6" + len(payload).to_bytes(4, "big") + payload
        checksum = crc32(framed, checksum)
        data += framed + b"\xce" + checksum.to_bytes(4, "big")
    return data


def packed(*frames: object) -> bytes:
    return file_of(msgpack.packb(frame) for frame in frames)


def drawn(data: bytes, limits: Limits | None = None) -> Contents:
    document = FORMAT.read(Source(data), limits or Limits())
    assert isinstance(document, Document)
    return Contents.drawn_from(document)[0]


def own() -> bytes:
    header = Header("app", "1.0.0", full_state=True)
    sets = (set_of({"a": 1, "b": [b"\0", {"c": None}]}), set_of({"d": 2.5}, owner="bob"))
    out = io.BytesIO()
    FORMAT.write(Contents(header, sets, (Record("kind", {"x": 1}),)).document(), out)
    return out.getvalue()


def frames_at(data: bytes) -> list[int]:
    """Give where the frames of a good file begin."""
    at, found = len(MAGIC), []
    while at < len(data):
        found.append(at)
        at += 10 + int.from_bytes(data[at + 1 : at + 5], "big")
    return found


def test_the_frames_made_here_are_good_ones() -> None:
    assert drawn(packed(HEADER, SET, TRAILER)).sets[0].rows == (
        ("a", "1", 0, "manual", "alice"),
        ("b", "2", 0, "manual", "alice"),
    )


def test_every_flipped_bit_is_found_in_the_frame_where_it_is() -> None:
    data = own()
    starts = [0, *frames_at(data)]
    for at in range(len(data)):
        here = max(start for start in starts if start <= at)
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            with pytest.raises((DamagedDocument, NewerFormat)) as caught:
                drawn(bytes(damaged))
            # The byte of the layout stands alone; all others in a frame, or the magic.
            assert caught.value.facts["byte"] == (9 if at == 9 else here), (at, bit)


def test_every_cut_is_found_in_the_frame_where_it_is() -> None:
    data = own()
    starts = [0, *frames_at(data)]
    for end in range(len(data)):
        with pytest.raises(TruncatedDocument) as caught:
            drawn(data[:end])
        here = max(start for start in starts if start <= end)
        assert caught.value.facts["byte"] == here
        assert "cut off" in caught.value.message


def test_frames_that_are_missing_moved_or_repeated_are_found() -> None:
    data = own()
    starts = [*frames_at(data), len(data)]
    frames = [data[a:b] for a, b in pairwise(starts)]
    for i in range(len(frames)):
        for j in range(len(frames)):
            changed = list(frames)
            changed[i], changed[j] = changed[j], changed[i]
            if i == j:
                changed.insert(i, frames[i])
            with pytest.raises(DamagedDocument):
                drawn(data[:10] + b"".join(changed))
        with pytest.raises(DamagedDocument):
            drawn(data[:10] + b"".join(frames[:i] + frames[i + 1 :]))


def with_set(**changes: object) -> bytes:
    names = ("kind", "app", "scope", "owner", "keys", "values", "times", "sources", "actors")
    return packed(HEADER, [changes.get(n, old) for n, old in zip(names, SET, strict=True)], TRAILER)


def value(text: str) -> bytes:
    return with_set(values=["1", text])


_AT_SET = 10 + 10 + len(msgpack.packb(HEADER))
_AT_TRAILER = _AT_SET + 10 + len(msgpack.packb(SET))

#: What is wrong with files whose checksums are right: the file, error, byte, and a word of it.
HOSTILE: dict[str, tuple[bytes, type[PrefcoreError], int, str]] = {
    "no header": (packed(SET, TRAILER), DamagedDocument, 10, "first is the header"),
    "two headers": (packed(HEADER, HEADER, TRAILER), DamagedDocument, _AT_SET, "was due"),
    "an unknown kind": (packed(HEADER, [9, 1], TRAILER), DamagedDocument, _AT_SET, "layout 1"),
    "no array": (packed(HEADER, {"a": 1}, TRAILER), DamagedDocument, _AT_SET, "layout 1"),
    "an empty frame": (file_of([b""]), DamagedDocument, 10, "layout 1"),
    "a field more": (packed(HEADER, [*SET, 1], TRAILER), DamagedDocument, _AT_SET, "length"),
    "a field less": (packed(HEADER, SET[:-1], TRAILER), DamagedDocument, _AT_SET, "length"),
    "two objects in a frame": (
        file_of([msgpack.packb(HEADER) * 2]),
        DamagedDocument,
        10,
        "trailing",
    ),
    "an extension type": (
        with_set(keys=["a", msgpack.ExtType(5, b"x")]),
        DamagedDocument,
        _AT_SET,
        "ext",
    ),
    "a timestamp": (
        with_set(times=msgpack.Timestamp(0, 0)),
        DamagedDocument,
        _AT_SET,
        "ext",
    ),
    "bytes for text": (with_set(owner=b"alice"), DamagedDocument, _AT_SET, "bytes"),
    "a float for a time": (with_set(times=1.0), DamagedDocument, _AT_SET, "float"),
    "a boolean for a time": (with_set(times=[True, 1]), DamagedDocument, _AT_SET, "bool"),
    "a time beyond 64 bits, signed": (
        with_set(times=2**64 - 1),
        DamagedDocument,
        _AT_SET,
        "no calendar",
    ),
    "a time after the year 9999": (
        with_set(times=[0, 253_402_300_800_000_000]),
        DamagedDocument,
        _AT_SET,
        "no calendar",
    ),
    "a time before the year 1": (
        with_set(times=[-62_135_596_800_000_001, 0]),
        DamagedDocument,
        _AT_SET,
        "no calendar",
    ),
    "invalid UTF-8": (
        file_of([msgpack.packb(HEADER).replace(b"\xa3app", b"\xa3a\xffp")]),
        DamagedDocument,
        10,
        "not UTF-8",
    ),
    "UTF-8 of a surrogate": (
        file_of([msgpack.packb(HEADER).replace(b"\xa3app", b"\xa3\xed\xa0\x80")]),
        DamagedDocument,
        10,
        "not UTF-8",
    ),
    "a huge array": (
        file_of([b"\x9a\x00" + b"\xdd\xff\xff\xff\xff"]),
        DamagedDocument,
        10,
        "layout 1",
    ),
    "a huge text": (
        file_of([b"\x9a\x00" + b"\xdb\xff\xff\xff\xff"]),
        DamagedDocument,
        10,
        "truncated",
    ),
    "deep arrays": (file_of([b"\x91" * 100_000]), DamagedDocument, 10, "layout 1"),
    "an opcode that is none": (file_of([b"\xc1"]), DamagedDocument, 10, "layout 1"),
    "a selection of an unknown scope": (
        packed([*HEADER[:7], [["planet"], [], []], *HEADER[8:]], SET, TRAILER),
        DamagedDocument,
        10,
        "no scope 'planet'",
    ),
    "an unknown scope": (with_set(scope="planet"), DamagedDocument, _AT_SET, "no scope"),
    "an application nobody named": (with_set(app="x"), DamagedDocument, _AT_SET, "header"),
    "a key twice": (with_set(keys=["a", "a"]), DamagedDocument, _AT_SET, "each key once"),
    "keys out of order": (with_set(keys=["b", "a"]), DamagedDocument, _AT_SET, "sorted"),
    "fewer values than keys": (with_set(values=["1"]), DamagedDocument, _AT_SET, "2 keys"),
    "more times than keys": (with_set(times=[1, 2, 3]), DamagedDocument, _AT_SET, "column of 3"),
    "fewer actors than keys": (with_set(actors=[]), DamagedDocument, _AT_SET, "column of 0"),
    "a set twice": (packed(HEADER, SET, SET, TRAILER), DamagedDocument, _AT_TRAILER, "two sets"),
    "more of no set": (
        packed(HEADER, [2, ["a"], ["1"], 0, "", ""], TRAILER),
        DamagedDocument,
        _AT_SET,
        "was due",
    ),
    "more of the same keys": (
        packed(HEADER, SET, [2, ["b"], ["1"], 0, "", ""], TRAILER),
        DamagedDocument,
        _AT_TRAILER,
        "each key once",
    ),
    "a set after a record": (
        packed(HEADER, [3, "k", "{}"], SET, TRAILER),
        DamagedDocument,
        _AT_SET + 10 + len(msgpack.packb([3, "k", "{}"])),
        "was due",
    ),
    "a record of no object": (
        packed(HEADER, [3, "k", "[1]"], TRAILER),
        DamagedDocument,
        _AT_SET,
        "object",
    ),
    "a key twice in a record": (
        packed(HEADER, [3, "k", '{"a":1,"a":2}'], TRAILER),
        DamagedDocument,
        _AT_SET,
        "canonical",
    ),
    "a value of no JSON": (value("dark"), DamagedDocument, _AT_SET, "no JSON"),
    "an empty value": (value(""), DamagedDocument, _AT_SET, "no JSON"),
    "a value with a space": (value("[1, 2]"), DamagedDocument, _AT_SET, "canonical"),
    "keys of a value out of order": (value('{"b":1,"a":2}'), DamagedDocument, _AT_SET, "canonical"),
    "a key of a value twice": (value('{"a":1,"a":1}'), DamagedDocument, _AT_SET, "canonical"),
    "a float written otherwise": (value("1e2"), DamagedDocument, _AT_SET, "canonical"),
    "a leading zero": (value("01"), DamagedDocument, _AT_SET, "no JSON"),
    "minus zero as an integer": (value("-0"), DamagedDocument, _AT_SET, "canonical"),
    "an escape for nothing": (value('"\\u0061"'), DamagedDocument, _AT_SET, "canonical"),
    "NaN": (value("NaN"), InvalidValue, _AT_SET, "finite"),
    "Infinity": (value("[-Infinity]"), InvalidValue, _AT_SET, "finite"),
    "1e400": (value("1e400"), InvalidValue, _AT_SET, "finite"),
    "an integer of 65 bits": (value(str(2**63)), InvalidValue, _AT_SET, "64"),
    "an integer of 5000 digits": (value("9" * 5_000), DamagedDocument, _AT_SET, "no JSON"),
    "a lone surrogate": (value('"\\ud800"'), InvalidValue, _AT_SET, "surrogate"),
    "a malformed tag": (value('{"$date":"31.1."}'), InvalidValue, _AT_SET, "$date"),
    "a tag of a later version": (value('{"$map":""}'), InvalidValue, _AT_SET, "no such tag"),
    "a sealed value inside": (value('[{"$sealed":["k","",""]}]'), InvalidValue, _AT_SET, "whole"),
    "65 levels": (value("[" * 65 + "]" * 65), InvalidValue, _AT_SET, "64 levels"),
    "100000 levels": (value("[" * 100_000 + "]" * 100_000), InvalidValue, _AT_SET, "too deep"),
    "very many values": (
        value("[" + "[]," * 1_000_000 + "0]"),
        DamagedDocument,
        _AT_SET,
        "made of",
    ),
    "wrong counts": (packed(HEADER, TRAILER), DamagedDocument, _AT_SET, "the trailer says"),
    "no digest": (
        packed(HEADER, SET, [*TRAILER[:4], "md5:0"]),
        DamagedDocument,
        _AT_TRAILER,
        "digest",
    ),
    "a negative count": (packed(HEADER, [4, -1, 0, 0, ""]), DamagedDocument, _AT_SET, "digest"),
    "a second trailer": (
        packed(HEADER, SET, TRAILER, TRAILER),
        DamagedDocument,
        _AT_TRAILER + 10 + len(msgpack.packb(TRAILER)),
        "after the end",
    ),
    "nothing": (b"", TruncatedDocument, 0, "cut off"),
    "another file": (b"PK\x03\x04 and so on", DamagedDocument, 0, "no document"),
    "a frame of no frame": (MAGIC + b"\xc5abcd", DamagedDocument, 10, "no frame"),
    "a huge frame": (MAGIC + b"\xc6\xff\xff\xff\xff", DamagedDocument, 10, "max_line_bytes"),
    "a newer layout": (MAGIC[:-1] + b"\x02", NewerFormat, 9, "newer prefcore-binary"),
    "no layout": (MAGIC[:-1] + b"\xff", DamagedDocument, 9, "no number"),
    "applications out of order": (
        packed([*HEADER[:1], "", None, *HEADER[3:9], [["b", None, None], ["a", None, None]]]),
        DamagedDocument,
        10,
        "sorted by name",
    ),
    "made at no time": (
        packed([*HEADER[:3], 2**62, *HEADER[4:]]),
        DamagedDocument,
        10,
        "no calendar",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_with_its_byte(name: str) -> None:
    data, kind, byte, word = HOSTILE[name]
    with pytest.raises(PrefcoreError) as caught:
        drawn(data)
    assert type(caught.value) is kind
    assert caught.value.facts["byte"] == byte
    assert word in caught.value.message
    assert f"byte {byte}: " in caught.value.message
    assert caught.value.message.isprintable()


_BEYOND: dict[str, tuple[Sequence[PreferenceSet], Limits]] = {
    "max_key_length": ([set_of({"k" * 30: 1})], Limits(max_key_length=29)),
    "max_keys_per_set": (many_sets(1, keys=10), Limits(max_keys_per_set=9)),
    "max_line_bytes": ([set_of({"a": "x" * 900})], Limits(max_line_bytes=900)),
    "max_bytes": (many_sets(9), Limits(max_bytes=9_000)),
    "max_whole_bytes": (
        [set_of({f"k{i:05}": i for i in range(9_000)})],
        Limits(max_whole_bytes=9_000, max_keys_per_set=100),
    ),
}


@pytest.mark.parametrize("limit", _BEYOND)
def test_limits_are_told_by_name(limit: str) -> None:
    contents, limits = _BEYOND[limit]
    out = io.BytesIO()
    FORMAT.write(Contents(Header("app", None), tuple(contents)).document(), out)
    assert drawn(out.getvalue()).sets == tuple(contents)
    with pytest.raises(DamagedDocument) as caught:
        drawn(out.getvalue(), limits)
    assert caught.value.facts["limit"] == limit
    assert limit in caught.value.message


def test_other_ways_to_write_the_same_messagepack_are_read() -> None:
    """Other writers may take a longer form of a number or a length: it means the same."""
    longer = msgpack.packb(HEADER).replace(b"\xa3app", b"\xdb\0\0\0\x03app")
    longer = b"\xdd\0\0\0\x0a\xd3" + bytes(8) + longer[2:]
    data = file_of([longer, msgpack.packb(SET), msgpack.packb(TRAILER)])
    assert drawn(data) == drawn(packed(HEADER, SET, TRAILER))


_IN_A_CHILD = """
import io, sys
from pathlib import Path
from prefcore.errors import PrefcoreError
from prefcore.interfaces import Limits
from prefcore_binary import prefcore_formats
try:
    document = prefcore_formats()[0].factory().read(sys.stdin.buffer, Limits())
    for _ in document.sets: pass
except PrefcoreError as error:
    # Not ru_maxrss, which remembers the process that started this one.
    (peak,) = (l for l in Path("/proc/self/status").open() if l.startswith("VmHWM"))
    print(int(peak.split()[1]) // 1000, error)
"""

LARGE: dict[str, Callable[[], bytes]] = {
    "a column of empty texts": lambda: file_of(
        [
            msgpack.packb(HEADER),
            b"\x99\x01\xa0\xa4user\xa1a\xdd" + (15 << 20).to_bytes(4, "big") + b"\xa0" * (15 << 20),
        ]
    ),
    "a value of empty arrays": lambda: value("[" + "[]," * 5_000_000 + "0]"),
    "a value of brackets": lambda: value("[" * 15_000_000),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_hostile_files_take_little_memory(name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _IN_A_CHILD], input=LARGE[name](), capture_output=True, check=False
    )
    assert run.stderr == b""
    assert int(run.stdout.split()[0]) < 230, run.stdout
