"""The same document in other shapes: what people, formatters and editors make of our files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefcore_json import prefcore_formats

from prefcore.errors import PrefcoreError
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, PlainDocument, Record
from prefcore.values import canonical_text
from prefcore_testing.documents import AT, Contents, documents, many_sets, set_of
from prefcore_testing.formats.pipes import Source
from prefcore_testing.values import VALUES

FORMAT = prefcore_formats()[0].factory()
CONTENTS = Contents(
    Header("app", "1.0.0", created_at=AT, full_state=True),
    (set_of({}, owner="aa"), *many_sets(4, keys=3), set_of(dict(VALUES), owner="zoë")),
    (
        Record("one", {"n": [1, 2.5, {"b": 1, "a": 2}]}),
        Record("two", {}),
        Record("three", {"$date": 1}),
    ),
)


def written(contents: Contents = CONTENTS) -> bytes:
    out = io.BytesIO()
    FORMAT.write(contents.document(), out)
    return out.getvalue()


def read(data: bytes, limits: Limits | None = None) -> Contents:
    document = FORMAT.read(Source(data), limits or Limits())
    assert isinstance(document, Document)
    contents, trailer = Contents.drawn_from(document)
    assert trailer == contents.trailer()
    return contents


def _ascii(data: bytes) -> bytes:
    return json.dumps(json.loads(data)).encode()


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "as written": lambda data: data,
    "minified": lambda data: json.dumps(json.loads(data), separators=(",", ":")).encode(),
    "indented": lambda data: json.dumps(json.loads(data), indent=2).encode(),
    "indented by tabs": lambda data: json.dumps(json.loads(data), indent="\t").encode(),
    "keys sorted everywhere": lambda data: json.dumps(json.loads(data), sort_keys=True).encode(),
    "keys in reverse": lambda data: json.dumps(_reversed(json.loads(data)), indent=1).encode(),
    "all but ASCII escaped": _ascii,
    "lines ended as on Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "empty lines between": lambda data: data.replace(b"\n", b"\n\n"),
    "no line end at the end": lambda data: data.rstrip(b"\n"),
    "spaces at the end": lambda data: data + b" \n\t\r\n",
    "spaces at the start": lambda data: b" \n" + data,
    "commas before lines": lambda data: data.replace(b",\n", b"\n,"),
    "lines indented": lambda data: data.replace(b'\n"', b'\n    "'),
}


def _reversed(data: object) -> object:
    if isinstance(data, dict):
        return {key: _reversed(data[key]) for key in reversed(data)}
    return [_reversed(item) for item in data] if isinstance(data, list) else data


@pytest.mark.parametrize("shape", SHAPES)
def test_document_of_another_shape_reads_alike(shape: str) -> None:
    assert read(SHAPES[shape](written())).texts() == CONTENTS.texts()


@pytest.mark.parametrize("shape", ["minified", "indented", "indented by tabs"])
def test_reader_goes_on_where_the_shape_changes_in_the_middle(shape: str) -> None:
    own = written()
    starts = [at for at in range(len(own)) if own.startswith((b'\n{"scope"', b'\n{"kind"'), at)]
    assert len(starts) == len(CONTENTS.sets) + len(CONTENTS.records)
    head = b'{"prefcore": {}, "sets": ['
    for at in starts:
        in_records = own.startswith(b'\n{"kind"', at)
        opened = head + (b'], "records": [' if in_records else b"") + own[at:]
        other = SHAPES[shape](opened)
        rest = other[other.index(b"[", other.index(b'"records"') if in_records else 0) + 1 :]
        assert read(own[: at + 1] + rest).texts() == CONTENTS.texts(), at


def test_every_line_can_be_written_otherwise() -> None:
    short = {key: value for key, value in VALUES.items() if len(canonical_text(value)) < 1000}
    contents = Contents(
        CONTENTS.header, (*CONTENTS.sets[:-1], set_of(short, owner="zoë")), CONTENTS.records
    )
    lines = written(contents).decode().split("\n")
    for i, line in enumerate(lines):
        for other in (line.replace(": ", " :"), f" {line}", f"{line} "):
            if '" :' in other and ("text" in line or "array" in line or "object" in line):
                continue  # it would change the value
            changed = "\n".join([*lines[:i], other, *lines[i + 1 :]])
            assert read(changed.encode()).texts() == contents.texts(), other


def test_entries_edited_by_hand_are_read() -> None:
    own = written(Contents(Header("app", None), (set_of({"a": 1, "b": 2, "c": 3}),)))
    lines = own.split(b"\n")
    a, b, c = (lines[i].rstrip(b",") for i in (3, 4, 5))
    c = c.replace(b'"value": 3', b'"value": [ 1e2, {"z": 1, "a": 1.0} ]')
    edited = b"\n".join([*lines[:3], c + b",", a + b",", b, *lines[6:]])
    document = FORMAT.read(Source(edited), Limits())
    assert isinstance(document, Document)
    contents, trailer = Contents.drawn_from(document)
    assert [row[:2] for row in contents.sets[0].rows] == [
        ("a", "1"),
        ("b", "2"),
        ("c", '[100.0,{"a":1.0,"z":1}]'),
    ]
    assert trailer != contents.trailer(), "the digest shows the edit"


@settings(max_examples=30, deadline=None)
@given(documents(full_state=True), st.sampled_from(list(SHAPES)))
def test_any_document_of_any_shape_reads_alike(contents: Contents, shape: str) -> None:
    shaped = SHAPES[shape](written(contents))
    assert read(shaped).texts() == contents.texts()


def test_noncanonical_values_are_read_in_canonical_text() -> None:
    texts = {
        "-0": "0",
        "1.50": "1.5",
        "1E2": "100.0",
        "1e16": "1e+16",
        "[0.00001]": "[1e-05]",
        "[1e16]": "[1e+16]",
        "1e-400": "0.0",
        "9223372036854775807": "9223372036854775807",
        "-9223372036854775808": "-9223372036854775808",
        "[9223372036854775807]": "[9223372036854775807]",
        '"\\u0041\\/\\ud83d\\ude00"': '"A/\U0001f600"',
        '{"b": 1, "a": 2}': '{"a":2,"b":1}',
        '{"$datetime": "2026-01-31T12:00:00Z"}': '{"$datetime":"2026-01-31T12:00:00.000000+00:00"}',
        '{"$time": "12:00"}': '{"$time":"12:00:00.000000"}',
    }
    own = written(Contents(Header("app", None), (set_of({"a": "VALUE"}),)))
    for text, canonical in texts.items():
        document = FORMAT.read(Source(own.replace(b'"VALUE"', text.encode())), Limits())
        assert isinstance(document, Document)
        assert Contents.drawn_from(document)[0].sets[0].rows[0][1] == canonical, text


def test_files_written_by_hand_are_plain() -> None:
    data = b"""
    {
      "editor.font_size": 14,
      "editor": {"theme": "dark", "rulers": [80, 100]},
      "since": {"$date": "2026-01-31"},
      "prefcore": 5
    }
    """
    assert FORMAT.read(Source(data), Limits()) == PlainDocument(
        {
            "editor.font_size": 14,
            "editor": {"theme": "dark", "rulers": [80, 100]},
            "since": VALUES["date"],
            "prefcore": 5,
        }
    )


def test_plain_files_have_a_key_a_line() -> None:
    out = io.BytesIO()
    FORMAT.write_plain({"b": [1, {"z": None}], "a": VALUES["date"], "é": "ü"}, out)
    assert out.getvalue().decode() == (
        '{\n  "a": {"$date": "2026-01-31"},\n  "b": [1, {"z": null}],\n  "é": "ü"\n}\n'
    )
    out = io.BytesIO()
    FORMAT.write_plain({}, out)
    assert out.getvalue() == b"{}\n"


def test_document_is_json_with_an_entry_a_line() -> None:
    own = written().decode()
    data = json.loads(own)
    assert list(data) == ["prefcore", "sets", "records", "trailer"]
    assert data["trailer"]["entries"] == sum(len(one["entries"]) for one in data["sets"])
    value = canonical_text(VALUES["text with quotes"])
    assert f'\n"text with quotes": {{"value": {value}, "updated_at": "' in own


def _outcome(data: bytes) -> object:
    try:
        document = FORMAT.read(Source(data), Limits())
        return Contents.drawn_from(document) if isinstance(document, Document) else document
    except PrefcoreError:
        return "refused"


def test_reading_by_lines_and_as_a_whole_agree_on_damage() -> None:
    """A space at the start makes the reader decode the whole, so it judges its other half."""
    random = Random(20261123)
    pieces = rb'''" \ , : { } [ ] 0 - e . null "$date" "a" ": {"value": \ud800 \u0061 1e5 Z +00:00
        99999999999999999999 "updated_at"'''.split()
    pieces += [b"\n", b" ", b"\x01", b"\xc3", b"}},\n"]
    own = written(
        Contents(CONTENTS.header, (set_of({"a": 1, "b": [1, {"c": "d"}], "e": b"\0", "f": 1.5}),))
    )
    seen = {"refused": 0, "read": 0}
    for _ in range(4_000):
        at = random.randrange(len(own))
        end = min(len(own), at + random.choice([0, 0, 1, 1, 2, 5, 20]))
        damaged = own[:at] + random.choice(pieces) * random.choice([0, 1, 1]) + own[end:]
        by_lines, whole = _outcome(damaged), _outcome(b" " + damaged)
        assert by_lines == whole, damaged
        seen["refused" if whole == "refused" else "read"] += 1
    assert min(seen.values()) > 100, "the damage is all of one kind"


@pytest.mark.parametrize(
    ("there", "canonical"),
    [
        ("1e1", "10.0"),
        ("[1, 2]", "[1,2]"),
        (r'"\u0041"', '"A"'),
        ('{"b":1,"a":2}', '{"a":2,"b":1}'),
    ],
)
def test_a_line_with_a_value_written_otherwise_is_read_and_not_passed_on(
    there: str, canonical: str
) -> None:
    data = written(Contents(Header("app", "1.0.0"), (set_of({"a": "there", "b": 1}),)))
    with_lines = FORMAT.read(Source(data), Limits())
    assert isinstance(with_lines, Document)
    assert next(iter(with_lines.sets)).lines is not None
    document = FORMAT.read(Source(data.replace(b'"there"', there.encode())), Limits())
    assert isinstance(document, Document)
    (one,) = document.sets
    assert [row[1] for row in one.rows] == [canonical, "1"]
    assert one.lines is None


def test_a_set_that_stands_as_expected_is_not_decoded_but_given_back() -> None:
    expected = {(one.scope, one.owner): one for one in CONTENTS.sets}
    document = FORMAT.read(Source(written()), Limits())
    assert isinstance(document, Document)
    document.expected = lambda scope, owner: expected.get((scope, owner))
    for one in document.sets:
        if one.rows:
            assert one.rows is expected[one.scope, one.owner].rows


def test_a_set_that_somebody_laid_out_otherwise_is_decoded_whatever_is_expected() -> None:
    expected = {(one.scope, one.owner): one for one in CONTENTS.sets}
    document = FORMAT.read(Source(written().replace(b'"value": ', b'"value":')), Limits())
    assert isinstance(document, Document)
    document.expected = lambda scope, owner: expected.get((scope, owner))
    for one in document.sets:
        assert one == expected[one.scope, one.owner]
        assert not one.rows or one.rows is not expected[one.scope, one.owner].rows
