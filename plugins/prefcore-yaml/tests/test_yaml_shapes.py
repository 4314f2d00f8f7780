"""YAML as people, formatters and other programs write it, and as other readers read ours."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from prefcore_yaml import _detection, _texts, prefcore_formats

from prefcore.interfaces import Likeness, Limits
from prefcore.model import Document, Header, PlainDocument, Record
from prefcore.values import canonical_text, to_tagged
from prefcore_testing.documents import AT, Contents, documents, many_sets, set_of
from prefcore_testing.formats.pipes import Source
from prefcore_testing.values import VALUES, portable_values

FORMAT = prefcore_formats()[0].factory()
# What is text to YAML 1.1 and a number to 1.2, a program of the one age writes without quotes.
_OF_ANY_AGE = {name: value for name, value in VALUES.items() if value != "1e3"}
CONTENTS = Contents(
    Header("app", "1.0.0", created_at=AT, full_state=True),
    (set_of({}, owner="aa"), *many_sets(4, keys=3), set_of(_OF_ANY_AGE, owner="zoë")),
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


def read(data: bytes, limits: Limits | None = None) -> Contents:
    document = FORMAT.read(Source(data), limits or Limits())
    assert isinstance(document, Document)
    contents, trailer = Contents.drawn_from(document)
    assert trailer == contents.trailer()
    return contents


def plain(text: str) -> object:
    found = FORMAT.read(io.BytesIO(text.encode()), Limits())
    assert isinstance(found, PlainDocument)
    return found.values


def loaded(data: bytes) -> object:
    """What a reader of YAML 1.1, which knows nothing of ours, makes of a file."""
    return yaml.load(data, Loader=yaml.CSafeLoader)


# ------------------------------------------------------------------------------- ours, by others


def test_another_reader_finds_the_data_of_the_layout() -> None:
    data = loaded(written())
    assert isinstance(data, dict)
    assert list(data) == ["prefcore", "sets", "records", "trailer"]
    for found, one in zip(data["sets"], CONTENTS.sets, strict=True):
        assert (found["scope"], found["owner"]) == (one.scope, one.owner)
        for key, text, *_ in one.rows:
            assert json.dumps(found["entries"][key]["value"], sort_keys=True) == json.dumps(
                json.loads(text), sort_keys=True
            )


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=12), portable_values(), max_size=5))
def test_another_reader_finds_any_plain_values(values: dict[str, object]) -> None:
    values.pop("prefcore", None)
    out = io.BytesIO()
    FORMAT.write_plain(values, out)
    found = loaded(out.getvalue())
    assert json.dumps(found, sort_keys=True) == json.dumps(to_tagged(values), sort_keys=True) or (
        len(values) == 1  # the file as a whole is no value, so its one key is no tag
    )
    again = FORMAT.read(io.BytesIO(out.getvalue()), Limits())
    assert isinstance(again, PlainDocument)
    assert canonical_text(again.values) == canonical_text(values)


@settings(max_examples=100, deadline=None)
@given(
    st.text(
        st.sampled_from("aZ \n\t\r:#-?|>'\"\\[]{}&*!%@`,=~0.é\u0301\x85\u2028\ufeff"), max_size=12
    )
)
def test_any_text_stands_so_that_every_reader_finds_it(text: str) -> None:
    for data in ({"a": text}, {"a": [text, [text]]}, {"a": {text: text}}, {"a": [{text: [text]}]}):
        source = "".join(["a:", *_texts.block(data["a"])])
        assert loaded(source.encode()) == data
        assert canonical_text(plain(source)) == canonical_text(data)


# ------------------------------------------------------------------------------- others', by ours


def _dumped(**options: Any) -> Callable[[bytes], bytes]:
    def shape(data: bytes) -> bytes:
        # The dumper in Python: libyaml's writes numbers in quotes with a tag that makes them text.
        made = yaml.dump(loaded(data), Dumper=yaml.SafeDumper, **options)
        assert isinstance(made, str)
        return made.encode()

    return shape


SHAPES: dict[str, Callable[[bytes], bytes]] = {
    "as written": lambda data: data,
    "dumped by another program": _dumped(),
    "members in their order": _dumped(sort_keys=False),
    "in flow style": _dumped(default_flow_style=True, sort_keys=False),
    "in flow style on long lines": _dumped(default_flow_style=True, width=10_000),
    "indented by four": _dumped(indent=4, sort_keys=False),
    "all in quotes": _dumped(default_style='"', sort_keys=False),
    "all but ASCII as it is": _dumped(allow_unicode=True, sort_keys=False),
    "in JSON": lambda data: _json(loaded(data)),
    "lines ended as on Windows": lambda data: data.replace(b"\n", b"\r\n"),
    "with a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "with markers": lambda data: b"%YAML 1.2\n---\n" + data + b"...\n",
    "with comments": lambda data: (
        b"# ours\n\n" + data.replace(b"sets:\n", b"# all\nsets: # sets\n")
    ),
    "trailer first": lambda data: _moved(data, b"trailer:"),
    "records first": lambda data: _moved(data, b"records:"),
}


def _json(data: object) -> bytes:
    # Of what JSON leaves bare, YAML has some characters escaped.
    text = json.dumps(data, ensure_ascii=False)
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", _escape, text).encode()


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _moved(data: bytes, member: bytes) -> bytes:
    start = data.index(b"\n" + member) + 1
    end = data.index(b"\ntrailer:") + 1 if member != b"trailer:" else len(data)
    return data[start:end] + data[:start] + data[end:]


@pytest.mark.parametrize("shape", SHAPES)
def test_document_of_another_shape_reads_alike(shape: str) -> None:
    assert read(SHAPES[shape](written())).texts() == CONTENTS.texts()


@settings(max_examples=10, deadline=None)
@given(documents(full_state=True), st.sampled_from(["as written", "members in their order"]))
def test_any_document_of_any_shape_reads_alike(contents: Contents, shape: str) -> None:
    assert read(SHAPES[shape](written(contents))).texts() == contents.texts()


def test_document_in_another_order_is_read_within_the_limit_of_what_is_held() -> None:
    contents = Contents(Header("app", None), tuple(many_sets(100)))
    moved = _moved(written(contents), b"trailer:")
    assert read(moved, Limits(max_whole_bytes=100_000)) == contents


# ----------------------------------------------------------------------------- what people write

MEANINGS: dict[str, object] = {
    "null": None, "~": None, "": None, "Null": None, "NULL": None, "nuLL": "nuLL",
    "true": True, "True": True, "TRUE": True, "false": False, "tRUE": "tRUE",
    "yes": "yes", "no": "no", "on": "on", "off": "off", "y": "y", "NO": "NO",
    "0": 0, "-1": -1, "+12": 12, "9223372036854775807": 2**63 - 1,
    "0o17": 15, "0x1F": 31, "0b11": "0b11", "1_000": "1_000", "12:30:45": "12:30:45",
    "1.5": 1.5, "1.": 1.0, ".5": 0.5, "-0.0": -0.0, "1e3": 1000.0, "+1.5E-3": 0.0015, "0.": 0.0,
    "1.2.3": "1.2.3", "1e": "1e", "-": "-x", "=": "=", "2026-01-31": "2026-01-31",
    "2026-01-31T12:00:00Z": "2026-01-31T12:00:00Z", "nan": "nan", "inf": "inf",
    "'true'": "true", '"1"': "1", "! 12": "12", "!!str 12": "12", "!!int 0x1F": 31,
    "!!float 1": 1.0, "!!null ''": None, "!!bool true": True, "!!binary aGk=": b"hi",
    "!!timestamp 2026-01-31": date(2026, 1, 31),
    "!!timestamp 2026-01-31T12:00:00.5Z": datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC),
    "!!timestamp 2001-12-14 21:59:43.10 -5": datetime(
        2001, 12, 14, 21, 59, 43, 100_000, tzinfo=timezone(timedelta(hours=-5))
    ),
    "!!seq [1, 2]": [1, 2], "!!map {a: 1}": {"a": 1},
    "{$date: 2026-01-31}": date(2026, 1, 31), '{$bytes: "aGk="}': b"hi",
    "{$$date: x}": {"$date": "x"}, '{"<<": 1}': {"<<": 1}, "http://x/#y": "http://x/#y",
}  # fmt: skip


@pytest.mark.parametrize("text", MEANINGS)
def test_what_a_value_means(text: str) -> None:
    source = "a: -x" if text == "-" else f"a: {text}"
    assert canonical_text(plain(source)) == canonical_text({"a": MEANINGS[text]})


def test_a_hand_written_file_reads_naturally() -> None:
    text = """
# My settings
editor:
  font_size: 14        # points
  rulers: [80, 120]
  theme: dark
defaults: &defaults
  wrap: true
markdown: *defaults
signature: |
  Kim
  Sent from my desk
country: no
empty:
"""
    assert plain(text) == {
        "editor": {"font_size": 14, "rulers": [80, 120], "theme": "dark"},
        "defaults": {"wrap": True},
        "markdown": {"wrap": True},
        "signature": "Kim\nSent from my desk\n",
        "country": "no",
        "empty": None,
    }


# ----------------------------------------------------------------------------------- detection

LIKE: dict[str, tuple[bytes, Likeness]] = {
    "document": (b"prefcore:\n  layout: 1", Likeness.CERTAIN),
    "document in flow style": (b"prefcore: {layout: 1", Likeness.CERTAIN),
    "document after markers": (b"# ours\n%YAML 1.2\n---\nprefcore:\n  layout", Likeness.CERTAIN),
    "document with a mark, on Windows": (
        b"\xef\xbb\xbfprefcore:\r\n  layout: 1",
        Likeness.CERTAIN,
    ),
    "a key of that name": (b"prefcore: 1", Likeness.LIKELY),
    "key and value": (b"a: 1", Likeness.LIKELY),
    "key and block": (b"\n# x\n\neditor:\n  a: 1", Likeness.LIKELY),
    "quoted key": (b'"a = b": 1', Likeness.LIKELY),
    "key with spaces": (b"font size : 1", Likeness.LIKELY),
    "braces": (b'{"a": 1}', Likeness.POSSIBLE),
    "sequence": (b"- a", Likeness.POSSIBLE),
    "TOML": (b'a = "x: y"', Likeness.NO),
    "TOML header": (b"[a]\nb = 1", Likeness.NO),
    "TOML dotted key": (b'"a: b" = 1', Likeness.NO),
    "web address": (b"http://example.org", Likeness.NO),
    "NUL": (b"a: \0", Likeness.NO),
    "nothing": (b"", Likeness.NO),
}


@pytest.mark.parametrize("name", LIKE)
def test_how_sure_it_is_of_a_file(name: str) -> None:
    data, sure = LIKE[name]
    assert _detection.likeness(data) is sure
