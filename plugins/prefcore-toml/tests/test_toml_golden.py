"""The golden files of layout 1: what they say is what is read, and what is written, for ever."""

from __future__ import annotations

from pathlib import Path

from prefcore_toml import prefcore_formats

from prefcore_testing.formats.golden import GoldenSuite


class TestTomlGolden(GoldenSuite):
    (info,) = prefcore_formats()
    folder = Path(__file__).parent / "data"
