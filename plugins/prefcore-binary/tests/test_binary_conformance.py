"""The binary format passes the suite of all formats."""

from __future__ import annotations

from prefcore_binary import prefcore_formats

from prefcore_testing.formats import FormatSuite


class TestBinary(FormatSuite):
    (info,) = prefcore_formats()
