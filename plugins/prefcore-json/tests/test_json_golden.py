"""Golden file of layout 1: what it says is what is read, and what is written, for ever."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from prefcore_json import prefcore_formats

from prefcore.interfaces import Limits
from prefcore.model import AppHeader, Document, Header, PreferenceSet, Record, Row, Selection
from prefcore.values import Sealed, canonical_text
from prefcore_testing.documents import STATE_RECORDS, Contents

FORMAT = prefcore_formats()[0].factory()
FILE = Path(__file__).parent / "data" / "v1.json"

VALUES: dict[str, object] = {
    "array": [1, 1.0, True, "1", None, [], {}],
    "boolean": False,
    "bytes": b"\x00\xff text",
    "date": date(2024, 2, 29),
    "datetime": datetime(2026, 1, 31, 12, 0, 0, 123_456, tzinfo=UTC),
    "datetime.zone": datetime(
        1969, 7, 20, 20, 17, tzinfo=timezone(-timedelta(hours=9, minutes=30))
    ),
    "float": 0.1 + 0.2,
    "float.exponent": 1e22,
    "float.minus_zero": -0.0,
    "float.subnormal": 5e-324,
    "integer.largest": 2**63 - 1,
    "integer.smallest": -(2**63),
    'key "quoted" \\ and\ttab': 1,
    "like a tag": {"$bytes": "AA=="},
    "like an escaped tag": [{"$$date": {"$date": date(2026, 1, 31)}}],
    "null": None,
    "object": {"b": {"": []}, "a b": 2, "\U0001f600": 3, "\uffff": 4},
    "sealed": Sealed("key-1", b"\x01cipher", b"tag"),
    "text": 'quotes " and \\, NUL \0, line end \n, DEL \x7f, separator \u2028',
    "text.empty": "",
    "text.unicode": "é e\u0301 🎛️ שלום \u202etxt\u202c \ufeff",
    "time": time(23, 59, 59, 999_999),
    "@scope/größe": "key with @, / and ö",
}


def _rows(values: dict[str, object], micros: int, source: str, actor: str) -> list[Row]:
    return [(key, canonical_text(values[key]), micros, source, actor) for key in sorted(values)]


CONTENTS = Contents(
    Header(
        app="org.example.editor",
        schema="2.1.0-rc.1+build.5",
        created_at=datetime(2026, 11, 23, 6, 41, tzinfo=UTC),
        generator="prefcore 0.1.0",
        changeset="6f9619ff-8b86-4011-b42d-00c04fc964ff",
        merged=(
            ("00000000-0000-4000-8000-000000000001", Selection()),
            ("00000000-0000-4000-8000-000000000002", Selection(("user",), ("alice",), ("a.*",))),
        ),
        selection=Selection(scopes=("system", "user")),
        full_state=True,
    ),
    (
        PreferenceSet("project", "p1"),
        PreferenceSet("system", "", _rows({"locked": True}, 0, "api", "")),
        PreferenceSet("template", "default", _rows({"a": 1}, -1, "template", "root")),
        PreferenceSet("user", "alice", _rows(VALUES, 1_769_860_800_123_456, "manual", "alice")),
        PreferenceSet("user", 'zoë "z"', _rows({"a": 2}, 253_402_300_799_999_999, "import", "é")),
    ),
    (
        Record("changeset", {"id": "x", "values": [b"\0", {"$date": 1}], "at": VALUES["datetime"]}),
        Record("empty", {}),
        Record("like a tag", {"$date": "2026-01-31"}),
    ),
)

#: A whole store: several applications, and the records of docs/reference/full-state.md.
STATE = Contents(
    Header(
        app="",
        schema=None,
        created_at=datetime(2026, 11, 26, 10, 30, tzinfo=UTC),
        generator="prefcore 0.1.0",
        full_state=True,
        apps=(
            AppHeader("app", "1.0.0", "6f9619ff-8b86-4011-b42d-00c04fc964ff"),
            AppHeader('app "zwei"'),
        ),
    ),
    (
        PreferenceSet("system", "", _rows({"locked": True}, 0, "api", ""), "app"),
        PreferenceSet("user", "alice", _rows({"date": VALUES["date"]}, 1, "api", "alice"), "app"),
        PreferenceSet("user", "alice", _rows({"a": 1}, -1, "api", "root"), 'app "zwei"'),
    ),
    tuple(Record(kind, data) for kind, data in STATE_RECORDS),
)
FILES = {"v1.json": CONTENTS, "v1-state.json": STATE}


@pytest.mark.parametrize("name", FILES)
def test_golden_file_is_read(name: str) -> None:
    with FILE.with_name(name).open("rb") as source:
        document = FORMAT.read(source, Limits())
        assert isinstance(document, Document)
        contents, trailer = Contents.drawn_from(document)
    assert contents.texts() == FILES[name].texts()
    assert contents == FILES[name]
    assert trailer == FILES[name].trailer()


@pytest.mark.parametrize("name", FILES)
def test_golden_file_is_written(name: str) -> None:
    out = io.BytesIO()
    FORMAT.write(FILES[name].document(), out)
    assert out.getvalue().decode() == FILE.with_name(name).read_text("utf-8")


def test_golden_plain_file_is_read_and_written() -> None:
    file = FILE.with_name("plain.json")
    values = {key: value for key, value in VALUES.items() if key != "sealed"}
    out = io.BytesIO()
    FORMAT.write_plain(values, out)
    assert out.getvalue().decode() == file.read_text("utf-8")
    with file.open("rb") as source:
        read = FORMAT.read(source, Limits())
    assert not isinstance(read, Document)
    assert canonical_text(read.values) == canonical_text(values)
