"""The TOML format passes the suite of all formats."""

from __future__ import annotations

from prefcore_toml import prefcore_formats

from prefcore_testing.formats import FormatSuite


class TestToml(FormatSuite):
    (info,) = prefcore_formats()
    examples = 20  # tomllib is slow
