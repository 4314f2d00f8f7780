"""Damaged TOML documents: each error says what is wrong, where, and what to do."""

from __future__ import annotations

import io

import pytest
from prefcore_toml import prefcore_formats

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


OWN = written().decode()

# What is replaced in our own document, by what; the error, the line of what is at fault counted
# from that of the replacement, a word of the message.
DOCUMENTS: dict[str, tuple[str, str, type[PrefcoreError], int, str]] = {
    "newer layout": ("layout = 1", "layout = 2\nx = 1", NewerFormat, 0, "upgrade"),
    "layout of another kind": ("layout = 1", 'layout = "1"', DamagedDocument, 0, "integer"),
    "layout 0": ("layout = 1", "layout = 0", DamagedDocument, 0, "no layout 0"),
    "unknown field in the header": ("app = ", "x = 1\napp = ", DamagedDocument, 0, "'x'"),
    "no app": ('app = "app"\n', "", DamagedDocument, -2, "'app'"),
    "app twice": ("app = ", "app = 'b'\napp = ", DamagedDocument, 1, "overwrite"),
    "bad creation time": ("created_at = 2", "created_at = 'x' # 2", DamagedDocument, 0, "created"),
    "unknown table": ("[[sets]]", "[x]\n[[sets]]", DamagedDocument, 0, "no table 'x'"),
    "header twice": ("[[sets]]", "[prefcore.x]\n[[sets]]", DamagedDocument, 0, "no field 'x'"),
    "header at the end": ("[trailer]", "[prefcore]\n[trailer]", DamagedDocument, 0, "order"),
    "sets after records": ("[trailer]", "[[sets]]\n[trailer]", DamagedDocument, 0, "order"),
    "set that is none": ("[[sets]]", "[sets]", DamagedDocument, 0, "begins with [[sets]]"),
    "unknown scope": ('scope = "user"', 'scope = "usr"', DamagedDocument, 0, "usr"),
    "unknown field in a set": ('scope = "user"', 'x = 1\nscope = "a"', DamagedDocument, 0, "'x'"),
    "no owner": ('owner = "bob"\n', "", DamagedDocument, -2, "'owner'"),
    "owner that is no text": ('owner = "bob"', "owner = 5", DamagedDocument, 0, "not integer"),
    "owner twice": ('owner = "bob"', 'owner = "alice"', DamagedDocument, -2, "two sets are of"),
    "owners unsorted": ('owner = "bob"', 'owner = "Bob"', DamagedDocument, -2, "sort the sets"),
    "entries that are none": ('owner = "bob"', 'entries = 1', DamagedDocument, 0, "integer"),
    "entry that is none": ("[sets.entries.b]", "[sets.entries]\nx = 5\n[sets.entries.b]",
                           DamagedDocument, 1, "not integer"),
    "key twice": ("[sets.entries.b]", "[sets.entries.a]", DamagedDocument, 0, "twice"),
    "unknown field in an entry": ("value = 1.5", "value = 1.5\nx = 1", DamagedDocument, 1, "'x'"),
    "no value": ("value = 1.5\n", "", DamagedDocument, -1, "'value'"),
    "bad time": ("2026-01-31T12:00:00.123457Z", "'soon'", DamagedDocument, 0, "2026-01-31"),
    "time without a zone": (":00.123457Z", ":00.123457", DamagedDocument, 0, "zone"),
    "impossible time": ("2026-01-31T12:00:00.123457Z", "2026-02-30T12:00:00Z", DamagedDocument, 0,
                        "Invalid date"),
    "malformed bytes": ('"$bytes" = "AA=="', '"$bytes" = "AA"', InvalidValue, 0, "$bytes"),
    "malformed tag inside": ('x = "y"', '"$date" = "soon"', InvalidValue, 0, "[1]"),
    "malformed null": ("value = 1.5", 'value = { "$null" = 1 }', InvalidValue, 0, "$$null"),
    "NaN": ("value = 1.5", "value = nan", InvalidValue, 0, "finite"),
    "integer of 65 bits": ("[1, ", "[18446744073709551615, ", InvalidValue, 0, "[0]"),
    "deep value": ("value = 1.5", "value = " + "[" * 5_000, InvalidValue, 0, "too deep"),
    "record that is none": ("[[records]]", "[records]", DamagedDocument, 0, "[[records]]"),
    "record without data": ("data = { n = 1 }\n", "", DamagedDocument, -2, "'data'"),
    "record whose data is a date": ("data = { n = 1 }", "data = 2026-01-31", DamagedDocument, 0,
                                    "date"),
    "wrong number of sets": ("sets = 2", "sets = 3", DamagedDocument, 0, "holds 2"),
    "wrong number of entries": ("entries = 5", "entries = 4", DamagedDocument, 0, "holds 5"),
    "wrong number of records": ("records = 2", "records = 1", DamagedDocument, 0, "holds 2"),
    "digest of another kind": ("sha256:", "md5:", DamagedDocument, 0, "sha256"),
    "unknown field in the trailer": ("digest", "x = 1\ndigest", DamagedDocument, 0, "'x'"),
    "no equals sign": ("value = 1.5", "value 1.5", DamagedDocument, 0, "mend the syntax"),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_is_refused_with_its_place(name: str) -> None:
    old, new, kind, offset, word = DOCUMENTS[name]
    assert old in OWN, "the test replaces nothing"
    with pytest.raises(kind) as caught:
        read(OWN.replace(old, new, 1).encode())
    assert type(caught.value) is kind
    assert word in caught.value.message
    assert caught.value.facts["line"] == OWN.count("\n", 0, OWN.index(old)) + 1 + offset
    assert caught.value.message.isprintable()


CUT = {
    "before the trailer": "\n[trailer]",
    "before the records": "\n[[records]]",
    "after a set": '\n[[sets]]\nscope = "user"\nowner = "bob"',
    "in a header": "trailer]",
    "in a value": "1.5",
    "in a text": 'ob"',
    "in the trailer": "digest",
    "in the digest": "6:",
}


@pytest.mark.parametrize("name", CUT)
def test_document_that_was_cut_is_refused(name: str) -> None:
    with pytest.raises(DamagedDocument) as caught:
        read(OWN[: OWN.index(CUT[name], OWN.index("[[sets]]"))].encode())
    words = ("missing", "Expected", "Invalid")
    assert isinstance(caught.value, TruncatedDocument) or any(w in str(caught.value) for w in words)
    assert caught.value.facts["line"]


def test_error_of_a_late_set_names_line_and_place() -> None:
    data = written(Contents(Header("app", None), tuple(many_sets(300, keys=3))))
    lines = data.split(b"\n")
    at = next(i for i in range(3_000, 4_000) if lines[i].startswith(b"value"))
    lines[at] = b"value = inf"
    with pytest.raises(InvalidValue, match=rf"^line {at + 1}, sets\[\d+\]\.entries\['section\.key"):
        read(b"\n".join(lines))


def test_limits_count_what_is_held_and_only_that() -> None:
    long = Contents(Header("app", None), tuple(many_sets(100)))
    data = written(long)
    limits = Limits(max_whole_bytes=10_000, max_values=500, max_line_bytes=10_000)
    assert read(data, limits) == long
    plain = io.BytesIO()
    FORMAT.write_plain({f"key{i}": "x" * 1_000 for i in range(200)}, plain)
    for limits, word in (
        (Limits(max_whole_bytes=10_000), "max_whole_bytes"),
        (Limits(max_values=300), "max_values"),
        (Limits(max_bytes=10_000), "max_bytes"),
        (Limits(max_keys_per_set=199), "more than 199 keys"),
    ):
        with pytest.raises(DamagedDocument, match=word):
            FORMAT.read(io.BytesIO(plain.getvalue()), limits)


def test_long_line_is_refused_while_it_is_read() -> None:
    long = written(Contents(Header("app", None), (set_of({"a": "x" * 500_000}),)))
    with pytest.raises(DamagedDocument, match="max_line_bytes"):
        read(long, Limits(max_line_bytes=100_000))


def test_parts_are_drawn_in_order() -> None:
    document = FORMAT.read(io.BytesIO(OWN.encode()), Limits())
    assert isinstance(document, Document)
    with pytest.raises(UsageError, match="draw all sets"):
        next(iter(document.records))
    with pytest.raises(UsageError, match="draw all records"):
        document.trailer()


def test_document_without_a_trailer_is_not_written() -> None:
    with pytest.raises(UsageError, match="Tally"):
        FORMAT.write(Document(Header("app", None), ()), io.BytesIO())
