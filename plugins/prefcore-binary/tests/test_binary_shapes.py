"""How documents lie in frames: long sets split, columns shared, memory flat, smaller than JSON."""

from __future__ import annotations

import io
import subprocess
import sys

import msgpack  # type: ignore[import-untyped]  # it has no stubs
import pytest
from prefcore_binary import prefcore_formats

from prefcore.canonical import entry_lines
from prefcore.errors import InvalidValue, UsageError
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, PreferenceSet, Record, Row
from prefcore_testing.documents import Contents, many_sets, set_of

FORMAT = prefcore_formats()[0].factory()


def written(contents: Contents) -> bytes:
    out = io.BytesIO()
    FORMAT.write(contents.document(), out)
    return out.getvalue()


def payloads(data: bytes) -> list[bytes]:
    objects = list(msgpack.Unpacker(io.BytesIO(data)))
    return objects[2::2]


def read(data: bytes) -> Contents:
    document = FORMAT.read(io.BytesIO(data), Limits())
    assert isinstance(document, Document)
    return Contents.drawn_from(document)[0]


@pytest.mark.parametrize(
    ("values", "frames"),
    [
        pytest.param({}, 1, id="an empty set"),
        pytest.param({f"k{i:05}": i for i in range(4_096)}, 1, id="as many entries as a frame has"),
        pytest.param({f"k{i:05}": i for i in range(4_097)}, 2, id="one more"),
        pytest.param({f"k{i}": "é" * 100_000 for i in range(9)}, 5, id="long values"),
        pytest.param({"a": 1, "b": "x" * 3_000_000, "c": 2}, 3, id="a value longer than a frame"),
    ],
)
def test_a_long_set_is_split_and_is_one_set_again(values: dict[str, object], frames: int) -> None:
    contents = Contents(Header("app", None), (set_of(values), set_of({"z": 1}, owner="bob")))
    data = written(contents)
    inner = payloads(data)
    assert len(inner) == 1 + frames + 1 + 1
    assert all(len(one) <= 1_100_000 or b"x" * 3_000_000 in one for one in inner)
    assert read(data) == contents


def test_a_column_of_one_value_is_that_value() -> None:
    same: list[Row] = [("a", "1", 5, "api", "al"), ("b", "2", 5, "api", "al")]
    other: list[Row] = [("a", "1", 5, "api", "al"), ("b", "2", 6, "import", "bo")]
    sets = (PreferenceSet("user", "a", same), PreferenceSet("user", "b", other))
    _, one, two, _ = map(msgpack.unpackb, payloads(written(Contents(Header("app", None), sets))))
    assert one[6:] == [5, "api", "al"]
    assert two[6:] == [[5, 6], ["api", "import"], ["al", "bo"]]


def test_a_document_is_less_than_half_of_the_json_one() -> None:
    sets = many_sets(50)
    json = sum(len(line) + 2 for one in sets for line in entry_lines(one.rows))
    assert len(written(Contents(Header("app", None), tuple(sets)))) < json / 2


def test_names_that_are_not_unicode_are_refused() -> None:
    with pytest.raises(InvalidValue, match=r"U\+DC80"):
        FORMAT.write(Document(Header("app", None, generator="\udc80"), ()), io.BytesIO())


def test_a_document_without_a_trailer_is_refused() -> None:
    with pytest.raises(UsageError, match="no trailer"):
        FORMAT.write(Document(Header("app", None), ()), io.BytesIO())


def test_what_is_drawn_too_early_is_refused() -> None:
    header = Header("app", None, full_state=True)
    data = written(Contents(header, (set_of({"a": 1}),), (Record("kind", {}),)))
    document = FORMAT.read(io.BytesIO(data), Limits())
    assert isinstance(document, Document)
    with pytest.raises(UsageError, match="draw all sets"):
        next(iter(document.records))
    assert len(list(document.sets)) == 1
    with pytest.raises(UsageError, match="draw all records"):
        document.trailer()


_IN_A_CHILD = """
import sys
from pathlib import Path
from prefcore.canonical import Tally
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, PreferenceSet
from prefcore_binary import prefcore_formats

def sets():
    for i in range(int(sys.argv[1])):
        rows = [(f"key{k:03}", '"value"', i, "manual", "alice") for k in range(40)]
        yield PreferenceSet("user", f"user{i:06}", rows)

format, path = prefcore_formats()[0].factory(), Path(sys.argv[2])
tally = Tally(Header("app", None))
with path.open("wb") as out:
    format.write(Document(Header("app", None), tally.sets(sets()), (), tally.trailer), out)
with path.open("rb") as source:
    document = format.read(source, Limits())
    count = sum(1 for one in document.sets)
# Not ru_maxrss, which remembers the process that started this one.
(peak,) = (l for l in Path("/proc/self/status").open() if l.startswith("VmHWM"))
print(count, peak.split()[1])
"""


def test_memory_does_not_grow_with_the_number_of_sets(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("stream")
    peaks = []
    for count in (100, 5_000):
        run = subprocess.run(
            [sys.executable, "-c", _IN_A_CHILD, str(count), str(folder / "x.msgpack")],
            capture_output=True,
            text=True,
            check=True,
        )
        drawn, peak = map(int, run.stdout.split())
        assert drawn == count
        peaks.append(peak)
    assert peaks[1] < peaks[0] + 4_000, (
        "5,000 sets take 9 MB in the file, and 100 times that in memory"
    )
