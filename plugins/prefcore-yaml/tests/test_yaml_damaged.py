"""Damaged YAML documents: each error says what is wrong, where, and what to do."""

from __future__ import annotations

import io

import pytest
from prefcore_yaml import prefcore_formats

from prefcore.errors import (
    DamagedDocument,
    InvalidValue,
    NewerFormat,
    PrefcoreError,
    TruncatedDocument,
    UsageError,
)
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, Record
from prefcore_testing.documents import AT, Contents, many_sets, set_of

FORMAT = prefcore_formats()[0].factory()
CONTENTS = Contents(
    Header("app", "1.0.0", created_at=AT, full_state=True),
    (
        set_of({"a": 1, "b": [1, {"x": "y"}], "c": "text"}),
        set_of({"a": 1.5, "b": b"\0"}, owner="bob"),
    ),
    (Record("one", {"n": 1}), Record("two", {})),
)


def read(data: bytes, limits: Limits | None = None) -> Contents:
    document = FORMAT.read(io.BytesIO(data), limits or Limits())
    assert isinstance(document, Document)
    return Contents.drawn_from(document)[0]


def written(contents: Contents = CONTENTS) -> bytes:
    out = io.BytesIO()
    FORMAT.write(contents.document(), out)
    return out.getvalue()


OWN = written()

# What is replaced in our own document, by what; the error, the line of what is at fault counted
# from that of the replacement, a word of the message.
DOCUMENTS: dict[str, tuple[str, str, type[PrefcoreError], int, str]] = {
    "newer layout": ("layout: 1", "layout: 2\n  x: 1", NewerFormat, 0, "upgrade"),
    "layout of another kind": ("layout: 1", 'layout: "1"', DamagedDocument, 0, "integer"),
    "layout 0": ("layout: 1", "layout: 0", DamagedDocument, 0, "no layout 0"),
    "unknown field in the header": ("  app:", "  x: 1\n  app:", DamagedDocument, 0, "'x'"),
    "no app": ("  app: app\n", "", DamagedDocument, -2, "'app'"),
    "app twice": ("  app:", "  app: b\n  app:", DamagedDocument, 1, "stands twice"),
    "bad creation time": ('created_at: "', 'created_at: "x', DamagedDocument, 0, "created_at"),
    "unknown member": ("sets:", "x: 1\nsets:", DamagedDocument, 0, "no member 'x'"),
    "member twice": ("records:", "sets: []\nrecords:", DamagedDocument, 0, "stands twice"),
    "sets that are none": ("sets:\n", "sets: 1\nx:\n", DamagedDocument, 0, "not integer"),
    "set that is none": ("sets:\n", "sets:\n- 1\n", DamagedDocument, 1, "not integer"),
    "unknown scope": ("scope: user", "scope: usr", DamagedDocument, 0, "usr"),
    "unknown field in a set": ("- scope", "- x: 1\n  scope", DamagedDocument, 0, "'x'"),
    "no owner": ("  owner: bob\n", "", DamagedDocument, -1, "'owner'"),
    "owner that is no text": ("owner: bob", "owner: 5", DamagedDocument, 0, "not integer"),
    "owner twice": ("owner: bob", "owner: alice", DamagedDocument, -1, "two sets are of"),
    "owners unsorted": ("owner: bob", "owner: Bob", DamagedDocument, -1, "sort the sets"),
    "entries that are none": ("entries:\n", "entries: 1\n  x:\n", DamagedDocument, 0, "integer"),
    "entry that is none": ("    b:\n", "    b0: 5\n    b:\n", DamagedDocument, 0, "integer"),
    "key twice": ("    b:\n", "    a:\n", DamagedDocument, 0, "stands twice"),
    "key that is a number": ("    b:\n", "    5:\n", DamagedDocument, 0, "quote it"),
    "unknown field in an entry": (" 1.5\n", " 1.5\n      x: 1\n", DamagedDocument, 1, "'x'"),
    "no value": ("      value: 1.5\n", "", DamagedDocument, -1, "'value'"),
    "bad time": ("2026-01-31T12:00:00.123457Z", "soon", DamagedDocument, 0, "2026-01-31"),
    "time without a zone": (":00.123457Z", ":00.123457", DamagedDocument, 0, "zone"),
    "time before year 1": (
        '"2026-01-31T12:00:00.123457Z"',
        '"0001-01-01T00:00:00+23:00"',
        DamagedDocument,
        0,
        "range",
    ),
    "malformed bytes": ('$bytes: "AA=="', '$bytes: "AA"', InvalidValue, 0, "$bytes"),
    "malformed tag inside": ('x: "y"', "$date: soon", InvalidValue, -2, "[1]"),
    "NaN": ("value: 1.5", "value: .nan", InvalidValue, 0, "NaN"),
    "integer of 65 bits": ("- 1\n", "- 18446744073709551615\n", InvalidValue, 0, "value[0]"),
    "leading zero": ("value: 1.5", "value: 0755", InvalidValue, 0, "octal"),
    "anchor": ("value: 1.5", "value: &a 1.5", DamagedDocument, 0, "anchors"),
    "alias": ("value: 1.5", "value: *a", DamagedDocument, 0, "aliases"),
    "tag": ("value: 1.5", "value: !!python/name:os.system x", InvalidValue, 0, "python/name"),
    "deep value": ("value: 1.5", "value: " + "[" * 5_000, InvalidValue, 0, "too deep"),
    "record that is none": ("- kind: one\n", "- 7\n- kind: one\n", DamagedDocument, 0, "object"),
    "record without data": ('  data:\n    "n": 1\n', "", DamagedDocument, -1, "'data'"),
    "record whose data is a date": (
        '    "n": 1\n',
        "    $date: 2026-01-31\n",
        DamagedDocument,
        -1,
        "date",
    ),
    "wrong number of sets": ("sets: 2", "sets: 3", DamagedDocument, 0, "holds 2"),
    "wrong number of entries": ("entries: 5", "entries: 4", DamagedDocument, 0, "holds 5"),
    "wrong number of records": ("records: 2", "records: 1", DamagedDocument, 0, "holds 2"),
    "digest of another kind": ("sha256:", "md5:", DamagedDocument, 0, "sha256"),
    "unknown field in the trailer": ("  digest", "  x: 1\n  digest", DamagedDocument, 0, "'x'"),
    "tab for indent": ("  owner: bob", "\towner: bob", DamagedDocument, 0, "tab"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_refused_with_its_place(name: str) -> None:
    old, new, kind, offset, word = DOCUMENTS[name]
    text = OWN.decode()
    assert old in text, "the test replaces nothing"
    with pytest.raises(kind) as caught:
        read(text.replace(old, new, 1).encode())
    assert type(caught.value) is kind
    assert word in caught.value.message
    assert caught.value.facts["line"] == text.count("\n", 0, text.index(old)) + 1 + offset
    assert caught.value.message.isprintable()


CUT = {
    "before the trailer": "trailer:",
    "before the records": "records:",
    "after a set": "- scope: user\n  owner: bob",
    "in a value": "1.5",
    "in a text": "123456Z",
    "in the trailer": "  digest",
    "in the digest": "6:",
}


@pytest.mark.parametrize("name", CUT)
def test_document_that_was_cut_is_refused(name: str) -> None:
    text = OWN.decode()
    with pytest.raises(DamagedDocument) as caught:
        read(text[: text.index(CUT[name], text.index("sets:"))].encode())
    assert isinstance(caught.value, TruncatedDocument) or "missing" in caught.value.message
    assert caught.value.facts["line"]


def test_error_of_a_late_set_names_line_and_place() -> None:
    data = written(Contents(Header("app", None), tuple(many_sets(300, keys=3))))
    lines = data.split(b"\n")
    at = next(i for i in range(3_000, 4_000) if b"value:" in lines[i])
    lines[at] = b"      value: .inf"
    with pytest.raises(InvalidValue, match=rf"^line {at + 1}, sets\[\d+\]\.entries\['section\.key"):
        read(b"\n".join(lines))


def test_limit_of_what_is_held_counts_only_that() -> None:
    long = Contents(Header("app", None), tuple(many_sets(100)))
    data = written(long)
    assert read(data, Limits(max_whole_bytes=100_000)) == long
    plain = io.BytesIO()
    FORMAT.write_plain({f"key{i}": "x" * 1_000 for i in range(200)}, plain)
    with pytest.raises(DamagedDocument, match="max_whole_bytes"):
        FORMAT.read(io.BytesIO(plain.getvalue()), Limits(max_whole_bytes=100_000))


def test_long_text_is_refused_while_it_is_read() -> None:
    long = written(Contents(Header("app", None), (set_of({"a": "x" * 500_000}),)))
    with pytest.raises(DamagedDocument, match="max_line_bytes"):
        read(long, Limits(max_line_bytes=100_000))


def test_parts_are_drawn_in_order() -> None:
    document = FORMAT.read(io.BytesIO(OWN), Limits())
    assert isinstance(document, Document)
    with pytest.raises(UsageError, match="draw all sets"):
        next(iter(document.records))
    with pytest.raises(UsageError, match="draw all records"):
        document.trailer()


def test_document_without_a_trailer_is_not_written() -> None:
    with pytest.raises(UsageError, match="Tally"):
        FORMAT.write(Document(Header("app", None), ()), io.BytesIO())
