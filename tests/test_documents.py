"""Which format a file is in: by its content, then by its name, then not at all."""

from __future__ import annotations

import attrs
import pytest

from prefcore.detection import pick_format
from prefcore.errors import ForeignFile, PluginError, PluginMissing
from prefcore.interfaces import Format, FormatInfo, Likeness


def _no_format() -> Format:
    raise AssertionError("detection makes no format")


def declared(id: str, *marks: tuple[bytes, int], suffix: str | None = None) -> FormatInfo:
    """Give a format that is as sure of a file as the first mark found in it says."""

    def detect(head: bytes) -> int:
        return next((sure for mark, sure in marks if mark in head), Likeness.NO)

    return FormatInfo(
        id=id,
        summary=id,
        suffixes=(suffix or f".{id}",),
        media_type=f"text/{id}",
        capabilities=frozenset(),
        detect=detect,
        factory=_no_format,
    )


FORMATS = [
    declared("narrow", (b"MAGIC", Likeness.CERTAIN), (b"{", Likeness.LIKELY)),
    declared("wide", (b"{", Likeness.POSSIBLE), (b":", Likeness.LIKELY)),
    declared("twin", (b"pair", Likeness.LIKELY)),
    declared("other", (b"pair", Likeness.LIKELY), (b"MAGIC TOO", Likeness.CERTAIN)),
    declared("old", (b"old", True)),
]

PICKED = {
    "certain, and the name says so": ("a.narrow", b"MAGIC", "narrow"),
    "certain, whatever the name": ("a.wide", b"MAGIC {", "narrow"),
    "likely, and no name": ("-", b"{", "narrow"),
    "only possible, but the name says so": ("a.wide", b"{", "wide"),
    "likely, and a name of what it cannot be": ("a.twin", b"{", "narrow"),
    "one of two alike, by name": ("a.twin", b"pair", "twin"),
    "a name in capitals": ("A.TWIN", b"pair", "twin"),
    "one of two that are certain, by name": ("a.other", b"MAGIC TOO", "other"),
    "true": ("-", b"old", "old"),
    "looks like nothing: by name": ("a.wide", b"?", "wide"),
    "empty: by name": ("a.wide", b"", "wide"),
}


@pytest.mark.parametrize("name", PICKED)
def test_format_is_picked_by_content_then_by_name(name: str) -> None:
    file, head, id = PICKED[name]
    assert pick_format(file, head, FORMATS).id == id
    assert pick_format(file, head, reversed(FORMATS)).id == id


REFUSED = {
    "two alike": ("notes", b"pair", "notes may be other, twin; say which with --format"),
    "two alike, a name of neither": ("a.wide", b"pair", "a.wide may be other, twin;"),
    "two that are certain": ("a.wide", b"MAGIC TOO", "a.wide may be narrow, other;"),
    "nothing known": ("notes", b"?", "known: narrow, old, other, twin, wide"),
    "nothing at all": ("notes", b"", "notes is empty"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_told_is_refused_with_the_candidates(name: str) -> None:
    file, head, words = REFUSED[name]
    with pytest.raises(ForeignFile) as caught:
        pick_format(file, head, FORMATS)
    assert words in caught.value.message
    assert caught.value.facts["file"] == file


def test_of_two_formats_with_the_suffix_the_surest_is_picked_then_the_one_that_prefers_it() -> None:
    one = declared("one", (b"!", Likeness.POSSIBLE), suffix=".x")
    other = attrs.evolve(
        declared("other", (b"!!", Likeness.LIKELY), (b"!", Likeness.POSSIBLE)),
        suffixes=(".y", ".x"),
    )
    assert pick_format("a.x", b"!", [one, other]) is one
    assert pick_format("a.y", b"!", [one, other]) is other
    assert pick_format("a.x", b"!!", [one, other]) is other
    assert pick_format("a.x", b"", [one, other]) is one


def test_two_formats_of_one_suffix_are_told_apart_or_refused() -> None:
    one, other = declared("one", suffix=".x"), declared("other", (b"!", True), suffix=".x")
    assert pick_format("a.x", b"!", [one, other]) is other
    with pytest.raises(ForeignFile, match=r"a\.x may be one, other"):
        pick_format("a.x", b"", [one, other])


def test_without_formats_the_error_says_what_to_install() -> None:
    with pytest.raises(PluginMissing, match="pip install prefcore-json"):
        pick_format("a.json", b"{}", [])


def test_detection_that_raises_names_its_format() -> None:
    broken = declared("broken", (None, 1))  # type: ignore[arg-type]  # on purpose
    with pytest.raises(PluginError, match="'broken' failed with TypeError"):
        pick_format("a.x", b"", [broken])
