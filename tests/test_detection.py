"""Which of the installed formats a file is taken for, whatever it is called."""

from __future__ import annotations

import io
from itertools import product

import pytest

from prefcore.detection import formats_for, pick_format
from prefcore.errors import ForeignFile, PluginError
from prefcore.interfaces import Capability, FormatInfo
from prefcore.model import Header
from prefcore.plugins.manager import Plugins
from prefcore_testing.documents import Contents, set_of
from prefcore_testing.values import VALUES

_PLUGINS = Plugins.from_environment()
FORMATS = {id: _PLUGINS.formats.get(id) for id in ("binary", "json", "jsonc", "toml", "yaml")}
SUFFIXES = {id: info.suffixes[0] for id, info in FORMATS.items()}
PLAIN = {id for id, info in FORMATS.items() if Capability.PLAIN in info.capabilities}
DOCUMENT = Contents(Header("app", "1.0.0"), (set_of(dict(VALUES)),))


def picked(name: str, data: bytes) -> str:
    """The format of a file, or what the error says it may be."""
    try:
        return pick_format(name, data[:4096], FORMATS.values()).id
    except ForeignFile as error:
        return error.message


def written(id: str, values: dict[str, object] | None = None) -> bytes:
    out = io.BytesIO()
    format = FORMATS[id].factory()
    if values is None:
        format.write(DOCUMENT.document(), out)
    else:
        format.write_plain(values, out)
    return out.getvalue()


@pytest.mark.parametrize(("id", "other"), list(product(FORMATS, [*FORMATS, "none"])))
def test_a_document_is_told_by_its_content_whatever_its_name(id: str, other: str) -> None:
    name = "settings" + SUFFIXES.get(other, "")
    found = picked(name, written(id))
    # A document in JSONC is one in JSON: nothing shows that it is more.
    assert found in ({id} if id != "jsonc" else {"json", "jsonc"})


VALUES_OF_PEOPLE: dict[str, object] = {
    "editor.font_size": 14,
    "theme": "dark",
    "rulers": [80, 120],
    "nested": {"a": "x: y = z"},
}


@pytest.mark.parametrize("id", sorted(PLAIN))
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "with a mark"])
def test_a_plain_file_is_told_by_its_content_and_own_name(id: str, mark: bytes) -> None:
    data = mark + written(id, VALUES_OF_PEOPLE)
    assert picked(f"settings{SUFFIXES[id]}", data) == id
    assert picked(f"SETTINGS{SUFFIXES[id].upper()}", data) == id
    if id != "jsonc":
        assert picked("settings", data) == id


@pytest.mark.parametrize(
    ("name", "data", "id"),
    [
        ("a.yaml", b'{"a": 1} # JSON that is YAML', "yaml"),
        ("a.json", b'{"a": 1}', "json"),
        ("a.toml", b'{"a": 1}', "json"),
        ("a", b'{"a": 1}', "json"),
        ("a.yaml", b"{a: yes}", "yaml"),
        ("a.json", b"{a: yes}", "json"),
        ("a.toml", b"a: 1", "yaml"),
        ("a.json", b"a: 1", "yaml"),
        ("a.yaml", b'a = "b: c"', "toml"),
        ("a.yml", b"[a]\nb = 1", "toml"),
        ("a.json", b"# x\n\na = 1", "toml"),
        ("a.yaml", b"# x\n\na: b = 1", "yaml"),
        ("a.yaml", b"- 1", "yaml"),
        ("a.json", b"[NaN]", "json"),
        ("a.yaml", b"", "yaml"),
        ("a.toml", b"", "toml"),
        ("a.json", b"", "json"),
        ("a.yaml", b"\xef\xbb\xbf", "yaml"),
        ("a.toml", b"\0\1\2\3", "toml"),
        ("a.yaml", "a: 1".encode("utf-16"), "yaml"),
        ("a.jsonc", b"// why\n{}", "jsonc"),
        ("a.json", b"// why\n{}", "jsonc"),
    ],
)
def test_what_could_be_several_goes_by_name_and_else_by_the_surest(
    name: str, data: bytes, id: str
) -> None:
    assert picked(name, data) == id


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "settings is empty"),
        (b"\0\1\2\3", "known: binary, json, jsonc, toml, yaml"),
        (b"Dear user, this is prose.", "known: binary, json, jsonc, toml, yaml"),
        ("a: 1".encode("utf-16"), "known: "),
        (b"\x1f\x8b", "known: "),
    ],
)
def test_what_is_none_is_refused_with_the_formats_that_are_known(data: bytes, words: str) -> None:
    assert words in picked("settings", data)


class _Drawn:
    """The installed formats, and which of them were asked for."""

    def __init__(self, *, broken: str = "") -> None:
        self.asked: list[str] = []
        self._broken = broken

    def ids(self) -> tuple[str, ...]:
        return tuple(FORMATS)

    def get(self, id: str) -> FormatInfo:
        self.asked.append(id)
        if id == self._broken:
            raise PluginError(f"{id} is broken")
        return FORMATS[id]

    def all(self) -> tuple[FormatInfo, ...]:
        self.asked.append("all")
        return tuple(info for id, info in FORMATS.items() if id != self._broken)


@pytest.mark.parametrize(("id", "called"), list(product(FORMATS, FORMATS)))
def test_others_are_asked_only_where_the_suffix_and_the_content_do_not_agree(
    id: str, called: str
) -> None:
    name, data = f"x{SUFFIXES[called]}.zst", written(id)
    drawn = _Drawn()
    found = pick_format(name, data[:4096], formats_for(name, drawn)).id
    assert found == pick_format(name, data[:4096], FORMATS.values()).id
    assert drawn.asked == ([called] if id == called else [called, "all"])


def test_a_broken_format_of_the_suffix_leaves_the_file_to_the_others() -> None:
    drawn = _Drawn(broken="toml")
    assert pick_format("a.toml", written("json")[:4096], formats_for("a.toml", drawn)).id == "json"
    assert drawn.asked == ["toml", "all"]
    drawn = _Drawn()
    assert [one.id for one in formats_for("a.unknown", drawn)] == list(FORMATS)
    assert drawn.asked == ["all"]
