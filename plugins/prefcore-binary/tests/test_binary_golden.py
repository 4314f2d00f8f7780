"""Golden files of layout 1: what they say is what is read, and what is written, for ever.

They are read by a second reader too, which was written from docs/reference/binary-layout.md alone,
with another MessagePack library.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

import msgpack  # type: ignore[import-untyped]  # it has no stubs
import pytest
from hypothesis import given, settings
from prefcore_binary import prefcore_formats

from prefcore.interfaces import Limits
from prefcore.model import (
    AppHeader,
    Document,
    Header,
    PreferenceSet,
    Record,
    Row,
    Selection,
    to_micros,
)
from prefcore.values import Sealed, canonical_text
from prefcore_testing.documents import Contents, documents
from prefcore_testing.formats.pruned_state import pruned_state
from prefcore_testing.values import VALUES

FORMAT = prefcore_formats()[0].factory()
DATA = Path(__file__).parent / "data"
AT = datetime(2026, 11, 23, 6, 41, tzinfo=UTC)

_VALUES: dict[str, object] = {
    "array": [1, 1.0, True, "1", None, [], {}],
    "boolean": False,
    "bytes": b"\x00\xff text",
    "date": date(2024, 2, 29),
    "datetime": datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC),
    "datetime.zone": datetime(1969, 7, 20, 20, 17, tzinfo=timezone(-timedelta(hours=9.5))),
    "float": 0.1 + 0.2,
    "float.minus_zero": -0.0,
    "integer.largest": 2**63 - 1,
    "integer.smallest": -(2**63),
    'key "quoted" \\ and\ttab': 1,
    "like a tag": {"$bytes": "AA=="},
    "null": None,
    "object": {"b": {"": []}, "a b": 2, "\U0001f600": 3, "\uffff": 4},
    "sealed": Sealed("key-1", b"\x01cipher", b"tag"),
    "text": 'quotes " and \\, NUL \0, line end \n, DEL \x7f, separator \u2028',
    "time": time(23, 59, 59, 999_999),
    "@scope/größe": "key with @, / and ö",
}
_EDITED = [
    ("a", "1", -1, "manual", "alice"),
    ("b", '"two"', 253_402_300_799_999_999, "import", ""),
    ("c", "null", 0, "migration", "é"),
]


def _rows(values: dict[str, object], micros: int) -> list[Row]:
    return [(k, canonical_text(values[k]), micros, "manual", "alice") for k in sorted(values)]


#: Each file, and what it holds.
GOLDEN: dict[str, Contents] = {
    "v1.msgpack": Contents(
        Header(
            app="org.example.editor",
            schema="2.1.0-rc.1+build.5",
            created_at=AT,
            generator="prefcore 0.1.0",
            changeset="6f9619ff-8b86-4011-b42d-00c04fc964ff",
            merged=(
                ("00000000-0000-4000-8000-000000000001", Selection()),
                ("00000000-0000-4000-8000-000000000002", Selection(["user"], ["é"], ["a.*"])),
            ),
            selection=Selection(scopes=("system", "user")),
        ),
        (
            PreferenceSet("project", "p1"),
            PreferenceSet("system", "", [("locked", "true", 0, "api", "")]),
            PreferenceSet("template", "default", _EDITED),
            PreferenceSet("user", "alice", _rows(_VALUES, to_micros(AT))),
            # More than fits into one frame.
            PreferenceSet("user", "long", _rows({f"k{i:04}": i for i in range(5_000)}, 1)),
        ),
    ),
    "v1-full-state.msgpack": Contents(
        Header(
            app="",
            schema=None,
            created_at=AT,
            full_state=True,
            apps=(
                AppHeader("org.example.editor", "2.1.0", "6f9619ff-8b86-4011-b42d-00c04fc964ff"),
                AppHeader("org.example.other", None, None),
            ),
        ),
        (
            PreferenceSet("user", "alice", _EDITED, "org.example.editor"),
            PreferenceSet("system", "", _EDITED[:1], "org.example.other"),
        ),
        (
            Record("changeset", {"id": "x", "values": [b"\0", {"$date": 1}], "at": AT}),
            Record("empty", {}),
            Record("like a tag", {"$date": "2026-01-31"}),
        ),
    ),
    "v1-pruned.msgpack": pruned_state(),
}


def written(contents: Contents) -> bytes:
    out = io.BytesIO()
    FORMAT.write(contents.document(), out)
    return out.getvalue()


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_file_is_read(name: str) -> None:
    with (DATA / name).open("rb") as source:
        document = FORMAT.read(source, Limits())
        assert isinstance(document, Document)
        contents, trailer = Contents.drawn_from(document)
    assert contents.texts() == GOLDEN[name].texts()
    assert contents == GOLDEN[name]
    assert trailer == GOLDEN[name].trailer()


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_file_is_written(name: str) -> None:
    assert written(GOLDEN[name]) == (DATA / name).read_bytes()


# ---------------------------------------------------------------------- the second reader


def frames(data: bytes) -> Iterator[list[Any]]:
    """Give the frames of a file; a generic MessagePack reader walks it from end to end."""
    unpacker = msgpack.Unpacker(io.BytesIO(data), raw=False)
    assert next(unpacker) == "prefcore"
    assert next(unpacker) == 1
    checksum = crc32(data[:10])
    for payload in unpacker:
        checksum = crc32(b"\xc6" + len(payload).to_bytes(4, "big") + payload, checksum)
        assert next(unpacker) == checksum
        yield msgpack.unpackb(payload)


def column(cells: object, count: int) -> list[Any]:
    return cells if isinstance(cells, list) else [cells] * count


def quoted(text: object) -> str:
    return json.dumps(text, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def iso(micros: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}".rjust(26, "0") + "Z"


def lines(data: bytes) -> Iterator[str]:
    """Give the canonical content that the digest is over; the last line is the trailer's digest."""
    header, *others = frames(data)
    apps = [app[:2] for app in header[9]]
    yield quoted({"app": header[1], "schema": header[2], **({"apps": apps} if apps else {})})
    for kind, *fields in others:
        if kind == 1:
            app, scope, owner, *fields = fields
            yield quoted({"owner": owner, "scope": scope, **({"app": app} if app else {})})
        if kind in (1, 2):
            keys, values, *rest = fields
            rest = [column(one, len(keys)) for one in rest]
            for key, value, micros, source, actor in zip(keys, values, *rest, strict=True):
                yield (
                    f'{quoted(key)}: {{"value": {value}, "updated_at": "{iso(micros)}", '
                    f'"source": {quoted(source)}, "actor": {quoted(actor)}}}'
                )
        if kind == 3:
            yield f'{{"data":{fields[1]},"kind":{quoted(fields[0])}}}'
    assert kind == 4
    yield fields[3]


def agrees(data: bytes) -> bool:
    *content, digest = lines(data)
    hashed = sha256("".join(f"{line}\n" for line in content).encode()).hexdigest()
    return digest == f"sha256:{hashed}"


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_file_is_read_by_the_second_reader(name: str) -> None:
    assert agrees((DATA / name).read_bytes())


def test_every_value_of_the_catalogue_stands_in_its_canonical_text() -> None:
    rows = _rows({f"k {name}": value for name, value in VALUES.items()}, 0)
    data = written(Contents(Header("app", None), (PreferenceSet("user", "a", rows),)))
    assert agrees(data)
    found = {
        k: v for kind, *f in frames(data) if kind == 1 for k, v in zip(f[3], f[4], strict=True)
    }
    assert found == {key: text for key, text, *_ in rows}


@settings(max_examples=50, deadline=None)
@given(documents(full_state=True))
def test_the_second_reader_agrees_on_any_document(contents: Contents) -> None:
    assert agrees(written(contents))
