"""TOML as people and other programs write it, and as other readers read ours."""

from __future__ import annotations

import io
import tomllib
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from prefcore_toml import _detection, prefcore_formats

from prefcore.interfaces import Likeness, Limits
from prefcore.model import Document, Header, PlainDocument, Record
from prefcore.values import canonical_text
from prefcore_testing.documents import AT, Contents, documents, many_sets, set_of
from prefcore_testing.formats.pipes import Source
from prefcore_testing.values import VALUES, portable_values

FORMAT = prefcore_formats()[0].factory()
CONTENTS = Contents(
    Header("app", "1.0.0", created_at=AT, full_state=True),
    (set_of({}, owner="aa"), *many_sets(4, keys=3), set_of(dict(VALUES), owner="zoë")),
    (
        Record("one", {"n": [1, 2.5, {"b": 1, "a": 2}]}),
        Record("two", {}),
        Record("y", {"$date": 1}),
    ),
)


def written(contents: Contents = CONTENTS) -> bytes:
    out = io.BytesIO()
    FORMAT.write(contents.document(), out)
    return out.getvalue()


def read(data: bytes) -> Contents:
    document = FORMAT.read(Source(data), Limits())
    assert isinstance(document, Document)
    contents, trailer = Contents.drawn_from(document)
    assert trailer == contents.trailer()
    return contents


def plain(text: str) -> object:
    found = FORMAT.read(io.BytesIO(text.encode()), Limits())
    assert isinstance(found, PlainDocument)
    return found.values


def loaded(data: bytes) -> dict[str, Any]:
    return tomllib.loads(data.decode())


# ------------------------------------------------------------------------------- ours, by others


def _of_toml(data: Any) -> Any:
    """The page's rules, by themselves: what TOML's data means."""
    if isinstance(data, dict):
        if len(data) == 1:
            ((key, item),) = data.items()
            if key == "$null":
                return None
            if key == "$bytes":
                return b64decode(item)
            if key.startswith("$$"):
                return {key[1:] if key.lstrip("$") in _RESERVED else key: _of_toml(item)}
        return {key: _of_toml(item) for key, item in data.items()}
    return [_of_toml(item) for item in data] if isinstance(data, list) else data


_RESERVED = ["bytes", "date", "datetime", "time", "null", "int", "float", "list", "map", "sealed"]


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=12), portable_values(), max_size=5))
def test_another_reader_finds_any_plain_values(values: dict[str, object]) -> None:
    values.pop("prefcore", None)
    out = io.BytesIO()
    FORMAT.write_plain(values, out)
    found = {key: _of_toml(item) for key, item in loaded(out.getvalue()).items()}
    assert canonical_text(found) == canonical_text(values)
    if values:
        again = FORMAT.read(io.BytesIO(out.getvalue()), Limits())
        assert isinstance(again, PlainDocument)
        assert canonical_text(again.values) == canonical_text(values)


def test_another_reader_finds_the_data_of_the_layout() -> None:
    data = loaded(written())
    assert list(data) == ["prefcore", "sets", "records", "trailer"]
    for found, one in zip(data["sets"], CONTENTS.sets, strict=True):
        assert (found["scope"], found["owner"]) == (one.scope, one.owner)
        for key, text, *_ in one.rows:
            assert canonical_text(_of_toml(found["entries"][key]["value"])) == text


# ------------------------------------------------------------------------------- others', by ours


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "as written": lambda data: data,
    "dumped by another program": lambda data: tomli_w.dumps(loaded(data)).encode(),
    "over many lines": lambda data: tomli_w.dumps(loaded(data), multiline_strings=True).encode(),
    "lines ended as on Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "with a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "with comments": lambda data: b"# ours\n\n" + data.replace(b"\n[", b" # one\n\n# all\n ["),
    "without the header first": lambda data: (
        data[data.index(b"[[sets]]") :] + data[: data.index(b"[[sets]]")]
    ),
    "the trailer first": lambda data: (
        data[data.index(b"[trailer]") :] + data[: data.index(b"[trailer]")]
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_document_of_another_shape_reads_alike(shape: str) -> None:
    # tomllib takes the line ends of Windows inside a text for those of the file, as TOML says.
    values = {k: v for k, v in VALUES.items() if "line ends" not in k and k != "long text"}
    sets = (*CONTENTS.sets[:5], set_of(values, owner="zoë"))
    contents = Contents(CONTENTS.header, sets, CONTENTS.records)
    assert read(SHAPES[shape](written(contents))).texts() == contents.texts()


@settings(max_examples=10, deadline=None)
@given(documents(full_state=True), st.sampled_from(["as written", "dumped by another program"]))
def test_any_document_of_any_shape_reads_alike(contents: Contents, shape: str) -> None:
    assert read(SHAPES[shape](written(contents))).texts() == contents.texts()


def test_entries_in_one_table_are_read() -> None:
    own = written(Contents(Header("app", None), (set_of({"a": 1, "b": {"x": [1]}}),))).decode()
    start, end = own.index("\n[sets.entries.a]"), own.index("\n[trailer]")
    table = """
[sets.entries]
b.value.x = [1]
b.updated_at = 2026-01-31T12:00:00.123457Z
b.source = "manual"
b.actor = "alice"
a = { value = 1, updated_at = 2026-01-31T13:00:00.123456+01:00, source = "manual", actor = "alice" }
"""
    assert read((own[:start] + table + own[end:]).encode()).texts() == read(own.encode()).texts()


# ----------------------------------------------------------------------------- what people write

MEANINGS: dict[str, object] = {
    "1": 1, "-0": 0, "+7": 7, "0x1F": 31, "0o17": 15, "0b11": 3, "1_000": 1000,
    "1.5": 1.5, "1e3": 1000.0, "-0.0": -0.0, "true": True, "'no'": "no", '"\\u00e9"': "é",
    '"""\nKim\n  Sent\n"""': "Kim\n  Sent\n", "'''a\"b'''": 'a"b', "[]": [], "{}": {},
    "[1, 'a', [2.0], {b = 1}]": [1, "a", [2.0], {"b": 1}],
    "2026-01-31": date(2026, 1, 31), "12:00:00": time(12), "07:32:00.5": time(7, 32, 0, 500_000),
    "2026-01-31T12:00:00Z": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "2026-01-31 12:00:00.123456-09:30": datetime(
        2026, 1, 31, 12, 0, 0, 123_456, tzinfo=timezone(-timedelta(hours=9, minutes=30))
    ),
    '{ "$null" = true }': None, '[{ "$null" = true }]': [None],
    '{ "$$null" = true }': {"$null": True},
    '{ "$bytes" = "aGk=" }': b"hi", '{ "$date" = "2026-01-31" }': date(2026, 1, 31),
    '{ "$date" = 1, x = 2 }': {"$date": 1, "x": 2}, '{ "" = 1, "a.b" = 2 }': {"": 1, "a.b": 2},
}  # fmt: skip


@pytest.mark.parametrize("text", MEANINGS)
def test_what_a_value_means(text: str) -> None:
    assert canonical_text(plain(f"a = {text}")) == canonical_text({"a": MEANINGS[text]})


def test_a_hand_written_file_reads_naturally() -> None:
    text = """
# My settings
theme = "dark"          # at night
editor.since = 2026-01-31

[editor.font]
size = 14
"name" = 'Fira "Code"'

[[servers]]
host = "a"
[[servers]]
host = "b"
"""
    assert plain(text) == {
        "theme": "dark",
        "editor": {"since": date(2026, 1, 31), "font": {"size": 14, "name": 'Fira "Code"'}},
        "servers": [{"host": "a"}, {"host": "b"}],
    }


# ----------------------------------------------------------------------------------- detection

LIKE: dict[str, tuple[bytes, Likeness]] = {
    "document": (b"[prefcore]\nlayout = 1", Likeness.CERTAIN),
    "document after comments": (b"\xef\xbb\xbf# ours\r\n\r\n [ prefcore ]", Likeness.CERTAIN),
    "pair": (b"a = 1", Likeness.LIKELY),
    "dotted, quoted key": (b"# x\n'a b'.\"c\" = 1", Likeness.LIKELY),
    "table": (b"[a.b]\n\n# x\nc = 1", Likeness.LIKELY),
    "table with nothing in it": (b"[a.b]\n", Likeness.NO),
    "array of tables": (b"[[a]] # x\n[b]", Likeness.LIKELY),
    "JSON array": (b"[1, 2]", Likeness.NO),
    "JSON array of an array": (b"[[1]]", Likeness.NO),
    "JSON": (b'{"a": 1}', Likeness.NO),
    "YAML": (b"a: b = 1", Likeness.NO),
    "prose": (b"Dear user = you", Likeness.NO),
    "NUL": (b"a = \0", Likeness.NO),
    "nothing": (b"", Likeness.NO),
}


@pytest.mark.parametrize("name", LIKE)
def test_how_sure_it_is_of_a_file(name: str) -> None:
    data, sure = LIKE[name]
    assert _detection.likeness(data) is sure
