"""Updating in place: values change, and what a person wrote around them stays."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from prefcore_json import jsonc, prefcore_formats
from prefcore_json._format import JsoncFormat, JsonFormat

from prefcore.errors import DamagedDocument, UsageError
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, PlainDocument
from prefcore.values import canonical_text
from prefcore_testing.documents import Contents, set_of

SETTINGS = Path(__file__).parent / "data" / "settings.json"


def values_of(text: str, format: JsonFormat | JsoncFormat) -> dict[str, object]:
    document = format.read(io.BytesIO(text.encode()), Limits())
    assert isinstance(document, PlainDocument)
    return dict(document.values)


def update(
    text: str, values: Mapping[str, object], format: JsonFormat | JsoncFormat | None = None
) -> str:
    """Update a text, see that it reads as the values, and give it."""
    format = format or JsoncFormat()
    out = io.BytesIO()
    format.update(text.encode(), values, out)
    updated = out.getvalue().decode()
    assert canonical_text(values_of(updated, format)) == canonical_text(values)
    return updated


TEXT = """\
// mine
{
  "font": "serif", // as in books
  /* of the editor */
  "size": 12,

  "nested": {
    "deep": [1, 2], // two
    "other": true
  },
  "last": null // no comma
}
// the end
"""
HELD = {"font": "serif", "size": 12, "nested": {"deep": [1, 2], "other": True}, "last": None}


def without(*names: str) -> dict[str, object]:
    return {name: value for name, value in HELD.items() if name not in names}


CASES: dict[str, tuple[dict[str, object], tuple[str, str]]] = {
    "a value": ({**HELD, "size": 14}, ('"size": 12', '"size": 14')),
    "another type": ({**HELD, "last": [1, {}]}, ('"last": null', '"last": [1, {}]')),
    "a value inside": (
        {**HELD, "nested": {"deep": [1], "other": True}},
        ('"deep": [1, 2]', '"deep": [1]'),
    ),
    "an object replaced": (
        {**HELD, "nested": 5},
        (TEXT[TEXT.index("{\n    ") : TEXT.index("},\n") + 1], "5"),
    ),
    "removed, with the comment on its line": (
        without("font"),
        ('  "font": "serif", // as in books\n', ""),
    ),
    "removed, the comment above stays": (without("size"), ('  "size": 12,\n', "")),
    "the last removed": (
        without("last"),
        ('  },\n  "last": null // no comma\n', "  }\n"),
    ),
    "removed inside": (
        {**HELD, "nested": {"deep": [1, 2]}},
        ('"deep": [1, 2], // two\n    "other": true\n', '"deep": [1, 2] // two\n'),
    ),
    "added": (
        {**HELD, "new": "a", "also": 1},
        ("null // no comma\n", 'null, // no comma\n  "also": 1,\n  "new": "a"\n'),
    ),
    "added inside": (
        {**HELD, "nested": {"deep": [1, 2], "other": True, "x": {"y": 1}}},
        ('"other": true\n', '"other": true,\n    "x": {"y": 1}\n'),
    ),
    "the last removed and one added": (
        {**without("last"), "new": 1},
        ('  "last": null // no comma\n', '  "new": 1\n'),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_only_what_changes_is_changed(name: str) -> None:
    values, (before, after) = CASES[name]
    assert TEXT.count(before) == 1
    assert update(TEXT, values) == TEXT.replace(before, after)


@pytest.mark.parametrize(
    ("text", "values", "updated"),
    [
        ("{}", {"a": 1}, '{\n  "a": 1\n}'),
        ("{\n}\n", {"a": 1, "b": 2}, '{\n  "a": 1,\n  "b": 2\n}\n'),
        ('{"a": 1, "b": 2}', {"b": 2}, '{"b": 2}'),
        ('{"a": 1, "b": 2}', {"a": 1}, '{"a": 1}'),
        ('{"a": 1, "b": 2}', {}, "{}"),
        ('{"a": 1}', {"a": 1, "b": 2}, '{"a": 1, "b": 2}'),
        ('{"a": 1,}', {"a": 1, "b": 2}, '{"a": 1, "b": 2,}'),
        ('{\n\t"a": 1,\n}', {"a": 1, "b": 2}, '{\n\t"a": 1,\n\t"b": 2,\n}'),
        ('{\r\n  "a": 1\r\n}\r\n', {"a": 1, "b": 2}, '{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n'),
        ('{\n  "a": 1, /* x\n  y */ "b": 2\n}', {"a": 1}, '{\n  "a": 1 /* x\n  y */ \n}'),
        ('{\n  "a": 1, // ,\n  "b": 2, // }\n}', {"a": 1}, '{\n  "a": 1, // ,\n}'),
    ],
)
def test_layouts_of_all_kinds(text: str, values: dict[str, object], updated: str) -> None:
    assert update(text, values) == updated


def test_a_file_that_holds_the_values_stays_to_the_byte() -> None:
    text = SETTINGS.read_text(encoding="utf-8")
    assert update(text, values_of(text, JsoncFormat())) == text


def test_an_editors_settings_lose_no_line_but_those_of_what_is_removed() -> None:
    text = SETTINGS.read_text(encoding="utf-8")
    values = values_of(text, JsoncFormat())
    assert text.count("//") > 5
    for key in values:
        removed = update(text, {name: value for name, value in values.items() if name != key})
        lines = iter(line.rstrip(",") for line in text.splitlines())
        for line in removed.splitlines():
            assert line.rstrip(",") in lines, f"without {key}, there is a line that was not"
        assert f'\n  "{key}"' not in removed
    before = text.splitlines()
    added = update(text, {**values, "zz.new": [1, 2]}).splitlines()
    assert [line for line in added if '"zz.new": [1, 2]' in line] == added[-2:-1]
    assert [line.rstrip(",") for line in added[:-2]] == [line.rstrip(",") for line in before[:-1]]


def test_documents_and_damaged_files_are_not_updated() -> None:
    out = io.BytesIO()
    document = io.BytesIO()
    contents = Contents(Header("app", None), (set_of({"a": 1}),))
    found: Document = contents.document()
    JsonFormat().write(found, document)
    with pytest.raises(UsageError, match="export it anew"):
        JsonFormat().update(document.getvalue(), {}, out)
    with pytest.raises(DamagedDocument):
        JsonFormat().update(b'{"a": 1,, }', {}, out)
    with pytest.raises(UsageError, match="would be read as a document"):
        JsonFormat().update(b"{}", {"prefcore": {}}, out)
    assert out.getvalue() == b""


_SPACES = st.sampled_from(["", " ", "\n", "\n  ", " // c ,}\n", "/* c { */", "\r\n", "/* \n */ "])
_NAMES = st.sampled_from(["a", "b", "c.d", 'q"', "/*"])
_ANY = st.recursive(
    st.sampled_from([1, "x", "//", None, True, 'a",}']),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)
_CLOSED = st.sampled_from(["", "closed"])
_OBJECTS = st.dictionaries(_NAMES, _ANY, max_size=4)


#: What hypothesis gives to draw with; here texts alone.
Draw = Callable[[st.SearchStrategy[str]], str]


def spelled(value: object, draw: Draw) -> str:
    """Give a value as JSONC with comments, line ends and trailing commas drawn."""

    def space() -> str:
        return draw(_SPACES)

    if isinstance(value, dict):
        parts = [
            f"{space()}{canonical_text(key)}{space()}:{space()}{spelled(item, draw)}{space()}"
            for key, item in value.items()
        ]
    elif isinstance(value, list):
        parts = [f"{space()}{spelled(item, draw)}{space()}" for item in value]
    else:
        return canonical_text(value)
    tail = "," + space() if parts and draw(_CLOSED) else "" if parts else space()
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + ",".join(parts) + tail + closing


@st.composite
def texts(draw: st.DrawFn) -> str:
    return draw(_SPACES) + spelled(draw(_OBJECTS), draw) + draw(_SPACES)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts(), _OBJECTS)
def test_whatever_the_layout_it_reads_as_what_was_wanted(
    text: str, values: dict[str, object]
) -> None:
    update(text, values)
    held = values_of(text, JsoncFormat())
    assert update(text, held) == text
    update(text, {**held, **values})


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_OBJECTS, _OBJECTS)
def test_json_stays_json(held: dict[str, object], values: dict[str, object]) -> None:
    for info in (prefcore_formats()[0], jsonc.prefcore_formats()[0]):
        out = io.BytesIO()
        info.factory().write_plain(held, out)
        update(out.getvalue().decode(), values, JsonFormat() if info.id == "json" else None)
