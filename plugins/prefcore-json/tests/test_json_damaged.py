"""Damaged documents: each error says what is wrong, where, and what to do."""

from __future__ import annotations

import io

import attrs
import pytest
from prefcore_json import prefcore_formats

from prefcore.errors import (
    DamagedDocument,
    InvalidValue,
    NewerFormat,
    PrefcoreError,
    TruncatedDocument,
    UsageError,
)
from prefcore.interfaces import Limits
from prefcore.model import AppHeader, Document, Header, Record
from prefcore_testing.documents import AT, Contents, many_sets, set_of

FORMAT = prefcore_formats()[0].factory()
CONTENTS = Contents(
    Header("app", "1.0.0", created_at=AT, full_state=True),
    (
        set_of({"a": 1, "b": [1, 2], "c": {"x": "y"}}),
        set_of({"a": 1.5, "b": b"\0", "c": "text"}, owner="bob"),
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

# What is replaced in our own document, by what; the error, its line, a word of it.
DOCUMENTS: dict[str, tuple[bytes, bytes, type[PrefcoreError], int, str]] = {
    "newer layout": (b'"layout": 1', b'"layout": 2, "x": 1', NewerFormat, 1, "upgrade"),
    "layout of another kind": (b'"layout": 1', b'"layout": "1"', DamagedDocument, 1, "integer"),
    "layout 0": (b'"layout": 1', b'"layout": 0', DamagedDocument, 1, "no layout 0"),
    "layout true": (b'"layout": 1', b'"layout": true', DamagedDocument, 1, "boolean"),
    "unknown field in the header": (b'"app":', b'"x": 1, "app":', DamagedDocument, 1, "'x'"),
    "no app": (b'"app": "app", ', b"", DamagedDocument, 1, "'app'"),
    "app twice": (b'"app":', b'"app": "b", "app":', DamagedDocument, 1, "twice"),
    "bad creation time": (
        b'"created_at": "',
        b'"created_at": "x',
        DamagedDocument,
        1,
        "created_at",
    ),
    "selection of an unknown scope": (
        b'"scopes": []',
        b'"scopes": ["usr"]',
        DamagedDocument,
        1,
        "no scope 'usr'",
    ),
    "unknown scope": (
        b'"user", "owner": "bob"',
        b'"usr", "owner": "bob"',
        DamagedDocument,
        8,
        "usr",
    ),
    "unknown field in a set": (
        b'{"scope": "user"',
        b'{"x": 1, "scope": "user"',
        DamagedDocument,
        3,
        "'x'",
    ),
    "no owner": (b'"owner": "alice", ', b"", DamagedDocument, 3, "'owner'"),
    "unknown field in an entry": (
        b'{"value": 1.5,',
        b'{"x": 1, "value": 1.5,',
        DamagedDocument,
        9,
        "'x'",
    ),
    "no value": (b'"value": 1.5, ', b"", DamagedDocument, 9, "'value'"),
    "value twice": (b'"value": 1.5,', b'"value": 1, "value": 1.5,', DamagedDocument, 9, "twice"),
    "entry that is no object": (
        b'"b": {"value": [1,2]',
        b'"b0": 5, "b": {"value": [1,2]',
        DamagedDocument,
        5,
        "integer",
    ),
    "key twice": (
        b'"b": {"value": [1,2]',
        b'"a": {"value": [1,2]',
        DamagedDocument,
        5,
        "'a' stands twice",
    ),
    "bad time": (b"2026-01-31T12:00:00.123457Z", b"yesterday", DamagedDocument, 5, "2026-01-31"),
    "time without a zone": (b"12:00:00.123457Z", b"12:00:00.123457", DamagedDocument, 5, "zone"),
    "impossible time": (b"T12:00:00.123457Z", b"T99:00:00.123457Z", DamagedDocument, 5, "hour"),
    "year 0": (
        b'"2026-01-31T12:00:00.123457Z"',
        b'"0000-01-31T12:00:00.123457Z"',
        DamagedDocument,
        5,
        "year",
    ),
    "time before year 1": (
        b'"2026-01-31T12:00:00.123457Z"',
        b'"0001-01-01T00:00:00+23:00"',
        DamagedDocument,
        5,
        "range",
    ),
    "owner twice": (b'"bob"', b'"alice"', DamagedDocument, 8, "two sets are of user/alice"),
    "owners unsorted": (
        b'"bob"',
        b'"Bob"',
        DamagedDocument,
        8,
        "user/Bob stands after that of user/alice",
    ),
    "NaN": (b'"value": 1.5', b'"value": NaN', DamagedDocument, 9, "NaN"),
    "integer of 65 bits": (
        b'"value": 1.5',
        b'"value": 18446744073709551615',
        InvalidValue,
        9,
        "64",
    ),
    "integer of 65 bits inside": (
        b"[1,2]",
        b"[1,18446744073709551615]",
        InvalidValue,
        5,
        "value[1]",
    ),
    "malformed bytes": (b'{"$bytes":"AA=="}', b'{"$bytes":"AA"}', InvalidValue, 10, "$bytes"),
    "lone surrogate": (b'"value": "text"', b'"value": "\\ud800"', InvalidValue, 11, "surrogate"),
    "lone surrogate inside": (b'{"x":"y"}', b'{"x":"\\udfff"}', InvalidValue, 6, "surrogate"),
    "control character": (b'"value": "text"', b'"value": "te\x02t"', DamagedDocument, 11, "U+0002"),
    "deep value": (b"[1,2]", b"[" * 100_000 + b"]" * 100_000, InvalidValue, 5, "too deep"),
    "two values": (b'"value": 1.5', b'"value": 1.5, 6', DamagedDocument, 9, "expected a key"),
    "value that closes its entry": (
        b'"value": 1.5',
        b'"value": 1}, "a1": {"value": 1.5',
        DamagedDocument,
        9,
        "missing",
    ),
    "no comma between entries": (
        b'"alice"},\n"b"',
        b'"alice"}\n"b"',
        DamagedDocument,
        5,
        "expected a comma",
    ),
    "comma after the last entry": (
        b'"alice"}\n}},',
        b'"alice"},\n}},',
        DamagedDocument,
        7,
        "comma",
    ),
    "no comma between sets": (b"\n}},\n", b"\n}}\n", DamagedDocument, 8, "expected a comma"),
    "comma after the last set": (
        b'}}\n],\n"records"',
        b'}},\n],\n"records"',
        DamagedDocument,
        13,
        "comma",
    ),
    "record that is no object": (
        b'{"kind": "one", "data": {"n":1}}',
        b"7",
        DamagedDocument,
        15,
        "object",
    ),
    "record without data": (b', "data": {"n":1}', b"", DamagedDocument, 15, "'data'"),
    "record with NaN": (b'{"n":1}', b'{"n":NaN}', DamagedDocument, 15, "NaN"),
    "record with a key twice": (b'{"n":1}', b'{"n":1,"n":2}', DamagedDocument, 15, "twice"),
    "record whose data is a date": (
        b'{"n":1}',
        b'{"$date":"2026-01-31"}',
        DamagedDocument,
        15,
        "date",
    ),
    "comma after the last record": (
        b'{}}\n],\n"trailer"',
        b'{}},\n],\n"trailer"',
        DamagedDocument,
        17,
        "comma",
    ),
    "wrong number of sets": (b'{"sets": 2', b'{"sets": 3', DamagedDocument, 18, "holds 2"),
    "wrong number of entries": (b'"entries": 6', b'"entries": 5', DamagedDocument, 18, "holds 6"),
    "wrong number of records": (b'"records": 2', b'"records": 1', DamagedDocument, 18, "holds 2"),
    "negative number": (b'{"sets": 2', b'{"sets": -2', DamagedDocument, 18, "holds 2"),
    "digest of another kind": (b"sha256:", b"md5:", DamagedDocument, 18, "sha256"),
    "unknown field in the trailer": (b'"digest"', b'"x": 1, "digest"', DamagedDocument, 18, "'x'"),
    "unknown member": (b'"trailer"', b'"x": 1,\n"trailer"', DamagedDocument, 18, "'x'"),
    "something after the end": (b'"}}\n', b'"}}\nx', DamagedDocument, 19, "after the end"),
    "no trailer": (OWN[OWN.index(b',\n"trailer"') :], b"}", TruncatedDocument, 17, "no trailer"),
    "no records and no trailer": (
        OWN[OWN.index(b',\n"records"') :],
        b"}",
        TruncatedDocument,
        13,
        "no trailer",
    ),
    "cut after a set": (
        OWN[OWN.index(b'\n{"scope": "user", "owner": "bob"') :],
        b"",
        TruncatedDocument,
        7,
        "cut",
    ),
    "cut in the header": (OWN[40:], b"", TruncatedDocument, 1, "cut"),
    "cut in the trailer": (OWN[-20:], b"", TruncatedDocument, 18, "cut"),
}


STATE = written(
    Contents(
        Header("", None, full_state=True, apps=[AppHeader("a", "1.0.0"), AppHeader("b")]),
        tuple(attrs.evolve(set_of({"key": 1}), app=app) for app in "ab"),
    )
)
# The same of a document of several applications: its header is line 1, its sets are 3 and 6.
STATES: dict[str, tuple[bytes, bytes, int, str]] = {
    "applications out of order": (b'{"app": "b"', b'{"app": "A"', 1, "sorted by name"),
    "application twice": (b'{"app": "b"', b'{"app": "a"', 1, "each once"),
    "application without a name": (b'{"app": "a"', b'{"app": ""', 1, "sorted by name"),
    "field of an application missing": (b', "changeset": null}', b"}", 1, "'changeset'"),
    "unknown field of an application": (b'{"app": "a"', b'{"x": 1, "app": "a"', 1, "'x'"),
    "applications that are no list": (b'"apps": [', b'"apps": 5, "x": [', 1, "array"),
    "two tell the application": (b'"app": "",', b'"app": "a",', 1, "prefcore.app"),
    "two tell the schema": (b'"schema": null', b'"schema": "1.0.0"', 1, "prefcore.schema"),
    "set of an unknown application": (
        b'{"app": "b", "scope"',
        b'{"app": "c", "scope"',
        6,
        "c user",
    ),
    "set of no application": (b'{"app": "b", "scope"', b'{"scope"', 6, "does not say"),
    "applications of sets out of order": (b'"a", "scope"', b'"b", "scope"', 6, "two sets"),
}


@pytest.mark.parametrize("name", STATES)
def test_state_is_refused_with_its_place(name: str) -> None:
    old, new, line, word = STATES[name]
    assert old in STATE, "the test replaces nothing"
    with pytest.raises(DamagedDocument) as caught:
        read(STATE.replace(old, new, 1))
    assert word in caught.value.message
    assert caught.value.facts["line"] == line


def test_set_of_an_application_is_refused_where_the_header_names_none() -> None:
    with pytest.raises(DamagedDocument, match="header does not name"):
        read(OWN.replace(b'{"scope"', b'{"app": "app", "scope"', 1))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_refused_with_its_place(name: str) -> None:
    old, new, kind, line, word = DOCUMENTS[name]
    assert old in OWN, "the test replaces nothing"
    with pytest.raises(kind) as caught:
        read(OWN.replace(old, new, 1))
    assert type(caught.value) is kind
    assert word in caught.value.message
    assert caught.value.facts["line"] == line
    assert caught.value.message.isprintable()


def test_error_of_a_late_set_names_line_and_place() -> None:
    data = written(Contents(Header("app", None), tuple(many_sets(300, keys=3))))
    lines = data.split(b"\n")
    lines[1000] = lines[1000].replace(b'"value": "value', b'"value": "\\ud800')
    with pytest.raises(InvalidValue, match=r"^line 1001, column \d+, sets\[199\]\.entries"):
        read(b"\n".join(lines))


def test_what_cannot_be_streamed_is_refused_above_a_size() -> None:
    one_line = OWN.replace(b"\n", b" ")
    assert read(one_line) == CONTENTS
    with pytest.raises(DamagedDocument, match="max_whole_bytes"):
        read(one_line, Limits(max_whole_bytes=500))
    assert read(OWN, Limits(max_whole_bytes=500)) == CONTENTS


def test_long_line_is_not_streamed() -> None:
    long = written(Contents(Header("app", None), (set_of({"a": "x" * 5_000}),)))
    with pytest.raises(DamagedDocument, match="max_whole_bytes"):
        read(long, Limits(max_line_bytes=1_000, max_whole_bytes=2_000))


def test_error_in_a_large_file_is_that_of_the_set_though_the_rest_cannot_be_held() -> None:
    data = written(Contents(Header("app", None), tuple(many_sets(300, keys=3))))
    with pytest.raises(DamagedDocument, match="NaN"):
        read(data.replace(b'"value 1"', b"NaN", 1), Limits(max_whole_bytes=10_000))


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
