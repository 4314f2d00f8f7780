"""The JSON formats pass the suite of all formats."""

from __future__ import annotations

from prefcore_json import jsonc, prefcore_formats

from prefcore_testing.formats import FormatSuite


class TestJson(FormatSuite):
    (info,) = prefcore_formats()


class TestJsonc(FormatSuite):
    (info,) = jsonc.prefcore_formats()
