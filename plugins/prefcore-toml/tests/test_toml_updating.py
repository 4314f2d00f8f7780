"""Updating in place: values change, and what a person wrote around them stays."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pytest
from prefcore_toml._format import TomlFormat

from prefcore.errors import DamagedDocument, UsageError
from prefcore.interfaces import Limits
from prefcore.model import Document, Header, PlainDocument
from prefcore.values import canonical_text
from prefcore_testing.documents import Contents, set_of

FORMAT = TomlFormat()
TEXT = """\
# mine
theme = "dark"   # at night
size = 12
"with.dots" = [1, 2] # two

# of the editor
[editor.font]   # fonts
size = 14 # pt
name = 'Fira'

[[servers]]
host = "a"

[empty]
# the end
"""


def update(text: str, values: Mapping[str, object]) -> str:
    """Update a text, see that it reads as the values, and give it."""
    out = io.BytesIO()
    FORMAT.update(text.encode(), values, out)
    read = FORMAT.read(io.BytesIO(out.getvalue()), Limits())
    assert isinstance(read, PlainDocument)
    assert canonical_text(read.values) == canonical_text(dict(values))
    return out.getvalue().decode()


def held() -> dict[str, object]:
    read = FORMAT.read(io.BytesIO(TEXT.encode()), Limits())
    assert isinstance(read, PlainDocument)
    return dict(read.values)


CASES: dict[str, tuple[dict[str, object], tuple[str, str]]] = {
    "a value": ({"size": 14}, ("size = 12", "size = 14")),
    "a value with a comment": ({"theme": "light"}, ('"dark"', '"light"')),
    "another type": ({"size": None}, ("size = 12", 'size = { "$null" = true }')),
    "a value in a table": (
        {"editor": {"font": {"size": 15, "name": "Fira"}}},
        ("size = 14", "size = 15"),
    ),
    "an array": ({"with.dots": [1]}, ("[1, 2]", "[1]")),
}


@pytest.mark.parametrize("name", CASES)
def test_what_changes_is_changed_and_the_rest_stays_to_the_byte(name: str) -> None:
    change, (old, new) = CASES[name]
    assert update(TEXT, {**held(), **change}) == TEXT.replace(old, new, 1)


def test_what_holds_already_stays_as_it_is() -> None:
    odd = "a   =  0x10\r\n\r\nb=\t'x'  # y"
    assert update(odd, {"a": 16, "b": "x"}) == odd


def test_what_is_removed_goes_and_comments_on_other_lines_stay() -> None:
    values = {key: value for key, value in held().items() if key != "size"}
    assert update(TEXT, values) == TEXT.replace("size = 12\n", "", 1)


def test_what_is_new_stands_among_the_values() -> None:
    updated = update(TEXT, {**held(), "new": {"a": b"\0"}, "other": True})
    assert [line for line in TEXT.splitlines() if line not in updated.splitlines()] == []


def test_all_can_be_removed() -> None:
    assert update("a = 1\n", {}) == "# no preferences\n"
    assert update("# mine\na = 1\n", {}) == "# mine\n"


def test_a_document_is_not_updated() -> None:
    out = io.BytesIO()
    contents = Contents(Header("app", None), (set_of({"a": 1}),))
    FORMAT.write(contents.document(), out)
    assert isinstance(FORMAT.read(io.BytesIO(out.getvalue()), Limits()), Document)
    with pytest.raises(UsageError, match="export it anew"):
        FORMAT.update(out.getvalue(), {"a": 1}, io.BytesIO())


def test_what_cannot_be_read_is_not_updated() -> None:
    out = io.BytesIO()
    with pytest.raises(DamagedDocument, match="line 2"):
        FORMAT.update(b"a = 1\nb = \n", {"a": 2}, out)
    assert out.getvalue() == b""
