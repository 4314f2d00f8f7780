"""Checks of names: those that every target takes, and those that none may take."""

from __future__ import annotations

import pytest

from prefcore.errors import UsageError
from prefcore.interfaces import Target
from prefcore_testing.targets.base import TargetChecks, listed, put, read
from prefcore_testing.targets.sources import Source

__all__ = ["NameChecks"]

_TAKEN = {
    "of a backup": "backups/01933d5c-7c7e-7cc3-a2c4-000000000001.json",
    "spaces": " a  name /with spaces ",
    "accents": "é/ü",
    "scripts": "日本語/バックアップ",
    "beyond the BMP": "𝒳/🗂",
    "of a shell": "$(touch x)`'\";&|<>*?[]{}!#~",
    "percents": "%2e%2e/%2f%00",
    "plus and equals": "a+b=c&d",
    "an option": "-rf",
    "colons": "C:/x:y",
    "dots inside": "a..b/c.",
    "255 bytes": "x" * 255,
    "255 bytes of accents": "é" * 127 + "x",
    "1,024 bytes": "/".join(["d" * 199] * 5 + ["e" * 24]),
    "32 parts": "/".join("d" * 32),
}
_REFUSED = {
    "empty": "",
    "root": "/",
    "absolute": "/etc/passwd",
    "two slashes first": "//a",
    "empty part": "a//b",
    "a folder": "a/",
    "dot": ".",
    "dot part": "a/./b",
    "parent": "..",
    "of the parent": "../a",
    "out and in": "a/../../b",
    "in and out": "a/..",
    "hidden": ".hidden",
    "hidden folder": "a/.hidden/b",
    "backslash": "a\\b",
    "backslash parent": "..\\a",
    "NUL": "a\0b",
    "NUL at the end": "a\0",
    "newline": "a\nb",
    "delete": "a\x7f",
    "C1": "a\x9bb",
    "turned round": "a\u202eb",
    "no width": "a\u200bb",
    "line separator": "a\u2028b",
    "lone surrogate": "a\ud800b",
    "256 bytes": "x" * 256,
    "256 bytes of accents": "é" * 128,
    "1,025 bytes": "/".join(["d" * 199] * 5 + ["e" * 25]),
    "33 parts": "/".join("d" * 33),
}


class NameChecks(TargetChecks, kit=True):
    """What objects may be called."""

    @pytest.mark.parametrize("case", _TAKEN)
    def test_name_is_taken_as_it_is(self, target: Target, case: str) -> None:
        name = _TAKEN[case]
        assert put(target, name, b"bytes").name == name
        assert self.raw(target) == {name: b"bytes"}
        assert listed(target) == listed(target, name) == [name]
        assert read(target, name) == b"bytes"
        target.delete(name)
        assert self.raw(target) == {}

    @pytest.mark.parametrize("case", _REFUSED)
    def test_name_is_refused_before_anything_is_done(self, target: Target, case: str) -> None:
        name = _REFUSED[case]
        put(target, "a", b"bytes")
        source = Source([b"bytes"])
        with pytest.raises(UsageError) as caught:
            target.put(name, source.as_binary())
        assert source.asked == [], "the source was drawn from"
        caught.value.message.encode()  # can be printed
        assert caught.value.message.isprintable()
        for act in (target.get, target.delete):
            with pytest.raises(UsageError):
                act(name)
        assert self.raw(target) == {"a": b"bytes"}

    @pytest.mark.parametrize(
        ("name", "twin"),
        [
            ("f/name", "f/Name"),
            ("f/name", "F/name"),
            ("f/name", "F/other"),
            ("straße", "STRASSE"),
            ("caf\u00e9", "cafe\u0301"),
            ("f/CAF\u00c9", "f/cafe\u0301"),
        ],
        ids=ascii,
    )
    def test_name_equal_but_for_case_or_composition_is_refused(
        self, target: Target, name: str, twin: str
    ) -> None:
        put(target, name, b"bytes")
        source = Source([b"other"])
        with pytest.raises(UsageError) as caught:
            target.put(twin, source.as_binary())
        assert source.asked == [], "the source was drawn from"
        assert set(twin.split("/")) & set(caught.value.message.replace("'", "/").split("/"))
        assert self.raw(target) == {name: b"bytes"}
        target.delete(name)
        put(target, twin, b"other")
        assert self.raw(target) == {twin: b"other"}
