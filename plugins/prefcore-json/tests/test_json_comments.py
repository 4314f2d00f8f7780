"""JSONC: comments and trailing commas anywhere, and all that JSON refuses refused in its place."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from time import process_time

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from prefcore_json import jsonc, prefcore_formats
from prefcore_json._comments import without_additions

from prefcore.detection import pick_format
from prefcore.errors import DamagedDocument, InvalidValue, PrefcoreError, TruncatedDocument
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, PlainDocument
from prefcore_testing.documents import Contents, many_sets, set_of
from prefcore_testing.formats.pipes import Source

JSON, JSONC = prefcore_formats()[0], jsonc.prefcore_formats()[0]
SETTINGS = Path(__file__).parent / "data" / "settings.json"


def plain(data: bytes) -> object:
    found = JSONC.factory().read(Source(data), Limits())
    assert isinstance(found, PlainDocument)
    return found.values


def written(contents: Contents, info: object = JSON) -> str:
    out = io.BytesIO()
    info.factory().write(contents.document(), out)  # type: ignore[attr-defined]  # a FormatInfo
    return out.getvalue().decode()


PLAIN = {
    "line comment": b'// one\n{"a": 1} // two',
    "block comment": b'/* one\n * two */ {"a": /* three */ 1}',
    "comma after the last member": b'{"a": 1,}',
    "comma, line end and comment": b'{"a": 1, // why\n\n}',
    "comment before the comma": b'{"a": 1 /* x, } */ , /* ] */ }',
    "block comment with stars": b'{/***/"a"/** / **/:1/****/}',
    "comment with a quote": b'{ // it"s\n"a": 1 /* " */}',
    "comment with a backslash before a quote": b'{ // \\"\n"a": 1}',
    "comment of other letters": '{"a": /* größer 😀 */ 1}'.encode(),
    "carriage returns": b'{ // one\r\n"a": 1,\r\n}',
    "comment at the end without a line end": b'{"a": 1}//',
}


@pytest.mark.parametrize("name", PLAIN)
def test_comments_and_commas_are_read_over(name: str) -> None:
    assert plain(PLAIN[name]) == {"a": 1}


TEXTS = ["// no comment", "/* none */", ",]", ",}", '\\"//', "\\\\", "a\\\\//b", '\\",}']


@pytest.mark.parametrize("text", TEXTS)
def test_what_stands_in_texts_stays(text: str) -> None:
    data = f'{{"{text}": ["{text}", ], // "{text}"\n }}'
    assert plain(data.encode()) == {json.loads(f'"{text}"'): [json.loads(f'"{text}"')]}


REFUSED: dict[str, tuple[bytes, type[PrefcoreError], int, int, str]] = {
    "only a comma": (b"{,}", DamagedDocument, 1, 2, "expected a key"),
    "only a comma in an array": (b'{"a": [,]}', DamagedDocument, 1, 8, "expected a value"),
    "two commas": (b'{"a": [1,,]}', DamagedDocument, 1, 11, "nothing after it"),
    "comma after a colon": (b'{"a":,}', DamagedDocument, 1, 6, "expected a value"),
    "comma after the end": (b'{"a": 1},', DamagedDocument, 1, 9, "after the end"),
    "open comment": (b'{"a": 1,\n /* open }', TruncatedDocument, 2, 2, "no end"),
    "open comment that looks closed": (b'{"a": 1\n/*/}', TruncatedDocument, 2, 1, "no end"),
    "slash alone": (b'{"a": 1 / 2}', DamagedDocument, 1, 9, "expected a comma"),
    "hash": (b'{"a": 1 # why\n}', DamagedDocument, 1, 9, "begin with #"),
    "comment in a text that is cut": (b'{"a": "// x', TruncatedDocument, 1, 12, "cut off"),
    "key twice": (b'{"a": 1, // x\n/* \n */ "a": 2}', DamagedDocument, 3, 5, "twice"),
    "NaN": ('{"a": /* ä */ NaN,}'.encode(), DamagedDocument, 1, 15, "NaN"),
    "integer of 65 bits": (b'{"a": 9223372036854775808,}', InvalidValue, 1, 7, "64 bits"),
    "lone surrogate": (b'{/**/"a": "\\ud800"}', InvalidValue, 1, 11, "surrogate"),
    "deep": (b'{"a": /* */' + b"[" * 70 + b"]" * 70 + b",}", InvalidValue, 1, 81, "too deep"),
    "key too long": (b'{ //\n"' + b"k" * 501 + b'": 1,}', DamagedDocument, 2, 506, "limit"),
    "malformed tag": (b'{"a": {"$date": "x",},}', InvalidValue, 1, 7, "$date"),
    "byte order mark": (b"\xef\xbb\xbf// x\n{}", DamagedDocument, 1, 0, "byte order mark"),
    "only a comment": (b"// nothing else", TruncatedDocument, 1, 16, "ends where a value"),
}


@pytest.mark.parametrize("sign", ["1,]", '"",'], ids=["commas", "texts"])
def test_a_long_text_with_additions_is_refused(sign: str) -> None:
    with pytest.raises(DamagedDocument, match="8 million signs"):
        plain(b"[ // one\n" + sign.encode() * (4 << 20) + b"]")


@pytest.mark.parametrize("name", REFUSED)
def test_all_else_is_refused_in_its_place(name: str) -> None:
    data, kind, line, column, word = REFUSED[name]
    with pytest.raises(kind) as caught:
        plain(data)
    assert type(caught.value) is kind
    assert caught.value.facts["line"] == line
    assert caught.value.facts.get("column", 0) == column
    assert word in caught.value.message


@given(st.lists(st.sampled_from(["/", "*", '"', "\\", ",", "]", "[", " ", "\n", "ä", "1"])))
def test_places_stay_and_nothing_is_added(signs: list[str]) -> None:
    text = "".join(signs)
    mended = without_additions(text)
    assert len(mended) == len(text)
    for before, after in zip(text, mended, strict=True):
        assert after == before or (after == " " and before != "\n")


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.recursive(
        st.none() | st.integers(-9, 9) | st.text(alphabet='a/*",]\\ \n'),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='a/*",'), inner),
    ),
    st.randoms(use_true_random=False),
)
def test_json_with_comments_between_its_tokens_is_the_same_data(data, chance) -> None:  # type: ignore[no-untyped-def]  # drawn
    comments = ["", " ", "// x\n", "/* , ] */", '/*"*/', "\n", "//\n//\n"]
    text = last = ""
    for token in re.findall(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\[\]{}:,"\s]+', json.dumps(data)):
        if token in "]}" and last not in "[{" and chance.random() < 0.5:
            text += "," + chance.choice(comments)
        text += token + chance.choice(comments)
        last = token
    assert json.loads(without_additions(text)) == data


def test_documents_with_comments_are_read_whole() -> None:
    contents = Contents(Header("app", "1.0.0"), (set_of({"a": "// x", "b": [1]}), *many_sets(2)))
    lines = written(contents).splitlines(keepends=True)
    for at in range(1, len(lines)):
        for comment in ("// note\n", "/* a\n}},\n{ */\n"):
            edited = "".join((*lines[:at], comment, *lines[at:]))
            document = JSONC.factory().read(Source(edited.encode()), Limits())
            assert isinstance(document, Document)
            held, trailer = Contents.drawn_from(document)
            assert held == contents
            assert trailer == contents.trailer()
            with pytest.raises(DamagedDocument, match="read the file as jsonc"):
                Contents.drawn_from(JSON.factory().read(Source(edited.encode()), Limits()))  # type: ignore[arg-type]  # a document


def test_documents_stream_up_to_the_first_comment() -> None:
    contents = Contents(Header("app", "1.0.0"), tuple(many_sets(400)))
    text = written(contents, JSONC)
    assert text.startswith("// ")
    edited = text.replace('"records": [', '"records": [ // none\n')
    document = JSONC.factory().read(Source(edited.encode()), Limits(max_whole_bytes=1 << 16))
    assert isinstance(document, Document)
    assert Contents.drawn_from(document)[0] == contents


HEADS = {
    "object": (b'{"a": 1}', "json"),
    "empty object": (b"{}", "json"),
    "object with a comment": (b'{"a": 1} // x', "jsonc"),
    "comment first": (b'\n  /* x */ {"a": 1}', "jsonc"),
    "open comment first": (b"/* " + b"x" * 5000, "jsonc"),
    "trailing comma": (b'{"a": [1, ]}', "jsonc"),
    "comment only in a text": (b'{"a": "// x"}', "json"),
    "long object": (b'{"a": "' + b"x" * 5000 + b'"}', "jsonc"),
    "long object with a comment at its end": (b'{"a": "' + b"x" * 5000 + b'"} // x', "jsonc"),
    "cut within a letter": (b'{"a": "' + "ä".encode() * 4000 + b'"}', "jsonc"),
    "document in another layout": (b'{\n "prefcore" : {"app": "' + b"x" * 5000, "json"),
    "text": (b"hello", None),
    "array": (b"[1] // x", None),
}


@pytest.mark.parametrize("file", ["x", "x.json"])
@pytest.mark.parametrize("name", HEADS)
def test_a_file_is_told_from_its_first_bytes(name: str, file: str) -> None:
    data, id = HEADS[name]
    head = data[:4096]
    if id is None:
        assert not any(one.detect(head) for one in (JSON, JSONC))
    else:
        assert pick_format(file, head, [JSON, JSONC]).id == id


def test_documents_of_both_are_told_apart_whatever_their_name() -> None:
    contents = Contents(Header("app", "1.0.0"), tuple(many_sets(5)))
    for info in (JSON, JSONC):
        head = written(contents, info).encode()[:4096]
        for name in ("x", "x.json", "x.jsonc", "x.yaml"):
            assert pick_format(name, head, [JSON, JSONC]).id == info.id


def test_settings_of_an_editor_simply_read() -> None:
    data = SETTINGS.read_bytes()
    assert pick_format("settings.json", data[:4096], [JSON, JSONC]) is JSONC
    values = plain(data)
    assert isinstance(values, dict)
    assert len(values) == 87
    assert values["editor.lineNumbers"] == "interval"


def hostile(before: bytes, repeated: bytes, after: bytes, times: int) -> bytes:
    return before + repeated * times + after


HOSTILE = {
    "open comments": (b"", b"/*", b"", 1 << 21),
    "comments": (b"", b"//\n", b"", 1 << 20),
    "comments and values": (b'{"a": [', b"1,//x\n", b"1 1]}", 1 << 19),
    "commas": (b'{"a": [', b"[,],", b"]}", 1 << 18),
    "escapes": (b'{"a": "', b"\\", b"", 1 << 22),
}


@pytest.mark.parametrize(("before", "repeated", "after", "times"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_refused_and_costs_no_more_than_it_is_longer(
    before: bytes, repeated: bytes, after: bytes, times: int
) -> None:
    def cost(text: bytes) -> float:
        began = process_time()  # of this process alone: others may keep the machine busy
        with pytest.raises(PrefcoreError):
            plain(text)
        return process_time() - began

    short, long = (hostile(before, repeated, after, count) for count in (times // 32, times))
    # Where each part were looked at for each other part, it would be 1024 times.
    assert cost(long) < 200 * max(cost(short) for _ in range(3))
