"""The YAML format passes the suite of all formats."""

from __future__ import annotations

from prefcore_yaml import prefcore_formats

from prefcore_testing.formats import FormatSuite


class TestYaml(FormatSuite):
    (info,) = prefcore_formats()
