"""Checks of what a format declares, and of what it costs to be listed."""

from __future__ import annotations

import re

import hypothesis.strategies as st
from hypothesis import given

from prefcore.interfaces import Capability, Format, FormatInfo, Likeness
from prefcore.model import Header
from prefcore_testing.documents import Contents, set_of
from prefcore_testing.formats.base import FormatChecks
from prefcore_testing.formats.pipes import Sink
from prefcore_testing.imports import assert_light, package_of

__all__ = ["DeclarationChecks"]


class DeclarationChecks(FormatChecks, kit=True):
    """The declaration is sane, detection is safe, and importing the plugin is cheap."""

    def test_declaration_is_complete(self) -> None:
        info = self.info
        assert isinstance(info, FormatInfo)
        assert re.fullmatch(r"[a-z][a-z0-9_-]*", info.id), "the id is typed by people"
        assert info.summary.strip(), "the summary is empty"
        assert "\n" not in info.summary, "the summary is one line"
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", info.media_type)
        known = {Capability.STREAMS, Capability.FULL_STATE, Capability.PLAIN, Capability.UPDATES}
        assert info.capabilities <= known, "a capability that nobody knows"

    def test_suffixes_can_be_told_apart(self) -> None:
        suffixes = self.info.suffixes
        assert suffixes, "no suffix"
        assert len(set(suffixes)) == len(suffixes), "a suffix stands twice"
        for suffix in suffixes:
            assert re.fullmatch(r"(\.[a-z0-9]+)+", suffix), f"not a suffix with its dot: {suffix!r}"

    def test_factory_gives_formats(self) -> None:
        assert isinstance(self.format(), Format)

    def test_detects_its_own_documents(self) -> None:
        empty = Contents(Header("app", None))
        full = Contents(Header("app", "1.0.0"), (set_of({"a": "x" * 10_000}),))
        for contents in (empty, full):
            assert self.info.detect(self.written(contents)[:4096]) > Likeness.NO

    def test_detects_its_own_plain_files(self) -> None:
        if self.can(Capability.PLAIN):
            sink = Sink()
            self.format().write_plain({"editor.font_size": 14, "theme": "dark"}, sink)
            assert self.info.detect(sink.taken()[:4096]) > Likeness.NO

    def test_detection_never_raises(self) -> None:
        own = self.written(Contents(Header("app", "1.0.0"), (set_of({"a": 1}),)))

        @self.trials()
        @given(st.binary(max_size=64) | st.integers(0, len(own)).map(lambda end: own[:end]))
        def detect(head: bytes) -> None:
            assert self.info.detect(head) in set(Likeness)

        detect()

    def test_importing_the_plugin_is_light(self) -> None:
        assert_light(self.module or package_of(self.info.factory), self.import_budget)
