"""What the golden files of layout 1 hold: written once, they are read and written so for ever.

A format keeps them in a folder beside its tests: ``v1``, ``v1-state``, ``v1-pruned`` and ``plain``,
with its suffix::

    from prefcore_testing.formats.golden import GoldenSuite

    class TestMyGoldenFiles(GoldenSuite):
        (info,) = prefcore_formats()
        folder = Path(__file__).parent / "data"

``TestMyGoldenFiles.write_files()`` writes those that are not there yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import ClassVar

import pytest

from prefcore.interfaces import Limits
from prefcore.model import (
    AppHeader,
    Document,
    Header,
    PlainDocument,
    PreferenceSet,
    Record,
    Row,
    Selection,
)
from prefcore.values import Sealed, canonical_text
from prefcore_testing.comparing import check_same
from prefcore_testing.documents import STATE_RECORDS, Contents
from prefcore_testing.formats.base import FormatChecks
from prefcore_testing.formats.pipes import Sink, Source
from prefcore_testing.formats.pruned_state import pruned_state

__all__ = ["GoldenSuite"]

#: Values of every type, by key; a plain file holds all but the sealed one.
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


#: A document of one application.
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

#: One whose history was pruned.
PRUNED = pruned_state()

_DOCUMENTS = {"v1": CONTENTS, "v1-state": STATE, "v1-pruned": PRUNED}
_PLAIN: Mapping[str, object] = {key: one for key, one in VALUES.items() if key != "sealed"}


class GoldenSuite(FormatChecks, kit=True):
    """Checks that a format which carries full state and plain files keeps its layout."""

    required = ("info", "folder")
    #: Where the files are.
    folder: ClassVar[Path]

    @classmethod
    def write_files(cls) -> None:
        """Write the files that are not there."""
        for name, data in cls()._all_written().items():
            if not cls._file(name).exists():
                cls._file(name).write_bytes(data)

    @pytest.mark.parametrize("name", _DOCUMENTS)
    def test_reads_golden_document(self, name: str) -> None:
        with self._file(name).open("rb") as source:
            document = self.format().read(source, Limits())
            assert isinstance(document, Document)
            contents, trailer = Contents.drawn_from(document)
        check_same(contents.texts(), _DOCUMENTS[name].texts())
        check_same(contents, _DOCUMENTS[name])
        assert trailer == _DOCUMENTS[name].trailer()

    def test_reads_golden_plain_file(self) -> None:
        read = self.format().read(Source(self._file("plain").read_bytes()), Limits())
        assert isinstance(read, PlainDocument)
        check_same(canonical_text(read.values), canonical_text(_PLAIN))

    @pytest.mark.parametrize("name", [*_DOCUMENTS, "plain"])
    def test_writes_golden_file(self, name: str) -> None:
        written = self._all_written()[name]
        golden = self._file(name).read_bytes()
        check_same(written, golden, "a layout that is released must stay")

    def _all_written(self) -> dict[str, bytes]:
        sink = Sink()
        self.format().write_plain(_PLAIN, sink)
        documents = {name: self.written(one) for name, one in _DOCUMENTS.items()}
        return {**documents, "plain": sink.taken()}

    @classmethod
    def _file(cls, name: str) -> Path:
        return (cls.folder / name).with_suffix(cls.info.suffixes[0])
