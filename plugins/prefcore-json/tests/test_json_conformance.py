"""The JSON format passes the suite of all formats."""

from __future__ import annotations

from prefcore_json import prefcore_formats

from prefcore_testing.formats import FormatSuite


class TestJson(FormatSuite):
    (info,) = prefcore_formats()
